//! No part of a letter that nobody shows or lists, whatever the shape of the letter.

#[path = "common/cms.rs"]
mod cms;

use cms::Form;
use facteur_mailbox as mailbox;
use mailbox::Structure;
use mailbox::parse::{Content, Contents, Limits, Part, Role, scan};
use proptest::prelude::*;

/// All leaves, letters inside not looked into, and each wrapping behind what is in it.
fn leaves<'a>(part: &'a Part, out: &mut Vec<&'a Part>) {
    part.shown_parts().into_iter().flatten().for_each(|part| leaves(part, out));
    if part.sub_parts().is_none() {
        out.push(part);
    }
}

/// Leaves as the structure tells them.
fn told_leaves<'a>(part: &'a Part, out: &mut Vec<&'a Part>) {
    match part.sub_parts() {
        Some(parts) => parts.iter().for_each(|part| told_leaves(part, out)),
        None => out.push(part),
    }
}

/// Leaves that stand in none of the three lists of JMAP.
fn hidden(structure: &Structure) -> Vec<String> {
    let bodies = structure.bodies();
    let mut all = Vec::new();
    told_leaves(&structure.root, &mut all);
    let lists = || bodies.text.iter().chain(&bodies.html).chain(&bodies.attachments);
    let is_hidden = |part: &&&Part| !lists().any(|listed| std::ptr::eq(*listed, **part));
    let told =
        |part: &&Part| format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype));
    all.iter().filter(is_hidden).map(told).collect()
}

/// Checks that the contents name each part of the letter once, in order, and that each is shown, listed, told of, or
/// another form of HTML that is shown; and that all that JMAP gives as text and HTML has its place.
fn is_told_whole(letter: &[u8], structure: &Structure) -> Result<(), String> {
    let contents = Contents::of_octets(structure, letter);
    let mut all = Vec::new();
    leaves(&structure.root, &mut all);
    let same = all.len() == contents.items.len()
        && all.iter().zip(&contents.items).all(|(leaf, item)| std::ptr::eq(*leaf, item.part));
    let told = format!("{:?}", contents.items.iter().map(|item| item.role).collect::<Vec<_>>());
    let shows_page = contents.items.iter().any(|item| item.role == Role::Html);
    let bodies = structure.shown_bodies();
    let is_in = |list: &[&Part], part: &Part| list.iter().any(|other| std::ptr::eq(*other, part));
    let is_met = contents.items.iter().all(|item| match item.role {
        Role::OtherForm => shows_page && !is_in(&bodies.html, item.part) && item.part.is("text", ""),
        Role::Signature | Role::Envelope => true,
        Role::Named => item.picture().is_some() && contents.names.shows(item),
        role => role.is_shown() || item.is_listed(),
    });
    // A part in the RFC's list of HTML is never only another form.
    let has_places = contents.items.iter().all(|item| !is_in(&bodies.html, item.part) || item.role != Role::OtherForm);
    if same && is_met && has_places { Ok(()) } else { Err(told) }
}

/// Pieces of a tree of parts.
#[derive(Clone, Debug)]
enum Shape {
    Leaf {
        kind: &'static str,
        disposition: &'static str,
        body: &'static str,
    },
    Parts {
        subtype: &'static str,
        parts: Vec<Shape>,
        preamble: &'static str,
        closes: bool,
    },
    /// A signature around it.
    Signed {
        inside: Box<Shape>,
        form: Form,
    },
}

impl Shape {
    fn write(&self, out: &mut String, count: &mut usize) {
        match self {
            Self::Leaf { kind, disposition, body } => out.push_str(&format!("{kind}{disposition}\r\n{body}")),
            Self::Parts { subtype, parts, preamble, closes } => {
                *count += 1;
                let boundary = format!("b{count}-");
                out.push_str(&format!("Content-Type: multipart/{subtype}; boundary={boundary}\r\n\r\n{preamble}"));
                for part in parts {
                    out.push_str(&format!("\r\n--{boundary}\r\n"));
                    part.write(out, count);
                }
                if *closes {
                    out.push_str(&format!("\r\n--{boundary}--\r\n"));
                }
            }
            Self::Signed { inside, form } => {
                let mut octets = String::new();
                inside.write(&mut octets, count);
                out.push_str(&cms::part(octets.as_bytes(), *form));
            }
        }
    }

    fn letter(&self) -> String {
        let mut out = String::from("From: ann@one.test\r\nSubject: shapes\r\nMIME-Version: 1.0\r\n");
        self.write(&mut out, &mut 0);
        out
    }
}

const KINDS: [&str; 22] = [
    "",
    "Content-Type: text/plain; charset=utf-8\r\n",
    "Content-Type: text/html\r\n",
    "Content-Type: text/plain; name=notes.txt\r\n",
    "Content-Type: text/calendar\r\n",
    "Content-Type: image/png\r\nContent-ID: <a@b>\r\n",
    "Content-Type: image/png\r\n",
    "Content-Type: application/pdf; name=a.pdf\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n",
    "Content-Type: message/delivery-status\r\n",
    "Content-Type: text/rfc822-headers\r\n",
    "Content-Type: application/ms-tnef; name=winmail.dat\r\n",
    "Content-Type: strange\r\n",
    "Content-Type: image/jpeg; name=IMG_1.jpeg\r\nContent-ID: <c@d>\r\n",
    "Content-Type: image/png\r\nContent-Location: image001.png\r\n",
    "Content-Type: audio/amr\r\n",
    "Content-Type: text/x-amp-html\r\n",
    "Content-Type: text/vcard; name=ann.vcf\r\n",
    "Content-Type: application/pkcs7-mime; name=smime.p7m\r\n",
    "Content-Type: application/pgp-signature\r\n",
    "Content-Type: application/pgp-encrypted\r\n",
];
const DISPOSITIONS: [&str; 4] =
    ["", "Content-Disposition: inline\r\n", "Content-Disposition: attachment\r\n", "Content-Disposition: odd; x=y\r\n"];
const BODIES: [&str; 6] = [
    "<p>See <img src=\"cid:a%40b\"><img src=image001.png>",
    "some words",
    "",
    "Subject: inner\r\nContent-Type: text/html\r\n\r\n<p>inner</p>",
    "before\r\nbegin 644 a.bin\r\n#86)C\r\n`\r\nend\r\nafter",
    "U3ViamVjdDogaW5uZXINCg0KdGV4dA==",
];
const SUBTYPES: [&str; 10] = [
    "mixed",
    "alternative",
    "related",
    "related; start=\"<a@b>\"",
    "digest",
    "signed",
    "encrypted",
    "report",
    "x-unknown",
    "appledouble",
];

fn shape() -> impl Strategy<Value = Shape> {
    use prop::sample::select;
    let leaf = (select(&KINDS[..]), select(&DISPOSITIONS[..]), select(&BODIES[..]))
        .prop_map(|(kind, disposition, body)| Shape::Leaf { kind, disposition, body });
    leaf.prop_recursive(5, 40, 6, |inner| {
        let forms = vec![Form::Whole, Form::Pieces(20), Form::PiecesWithLength(1500), Form::Nested(9)];
        let signed =
            (inner.clone(), select(forms)).prop_map(|(inside, form)| Shape::Signed { inside: Box::new(inside), form });
        let parts = (
            select(&SUBTYPES[..]),
            prop::collection::vec(inner, 0..6),
            select(&["", "words before\r\n"][..]),
            any::<bool>(),
        )
            .prop_map(|(subtype, parts, preamble, closes)| Shape::Parts { subtype, parts, preamble, closes });
        prop_oneof![1 => signed, 5 => parts]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_part_is_shown_or_listed(shape in shape()) {
        let letter = shape.letter();
        let limits = Limits { depth: 4, parts: 30, ..Limits::default() };
        for limits in [Limits::default(), limits] {
            let structure = scan(letter.as_bytes(), limits);
            prop_assert_eq!(hidden(&structure), Vec::<String>::new(), "{}", letter);
            prop_assert_eq!(is_told_whole(letter.as_bytes(), &structure), Ok(()), "{}", letter);
        }
    }
}

#[test]
fn shapes_that_hid_a_part_once() {
    let part = |kind: &str, body: &str| format!("Content-Type: {kind}\r\n\r\n{body}\r\n");
    let parts = |subtype: &str, boundary: &str, parts: &[String]| {
        let all: String = parts.iter().map(|part| format!("--{boundary}\r\n{part}")).collect();
        format!("Content-Type: multipart/{subtype}; boundary={boundary}\r\n\r\n{all}--{boundary}--\r\n")
    };
    let (plain, html) = (|| part("text/plain", "plain"), || part("text/html", "html"));
    for body in [
        // Two kinds of text side by side in an alternative.
        parts("alternative", "b", &[parts("mixed", "c", &[plain(), html()]), html()]),
        parts("alternative", "b", &[parts("mixed", "c", &[html(), plain(), plain()])]),
        // An alternative behind them.
        parts("alternative", "b", &[parts("mixed", "c", &[html(), parts("alternative", "d", &[plain(), html()])])]),
        parts("related", "b", &[html(), plain(), part("text/html", "more")]),
        parts("x-unknown", "b", &[plain(), part("message/rfc822", "Subject: x\r\n\r\ny")]),
        parts(
            "alternative",
            "b",
            &[plain(), part("message/rfc822", "Subject: x\r\n\r\ny"), part("text/calendar", "z")],
        ),
    ] {
        let letter = format!("Subject: x\r\n{body}");
        let structure = scan(letter.as_bytes(), Limits::default());
        assert_eq!(hidden(&structure), Vec::<String>::new(), "{letter}");
        assert_eq!(is_told_whole(letter.as_bytes(), &structure), Ok(()), "{letter}");
    }
}

#[test]
fn text_before_parts_that_hold_nothing_is_the_letter() {
    for (rest, shown) in [
        ("The only words.\r\n--b\r\n\r\n--b--\r\n", true),
        ("The only words.\r\n--b--\r\n", true),
        ("The only words.\r\n", true),
        ("This is a multi-part message in MIME format.\r\n--b\r\n\r\n--b--\r\n", false),
        ("Nobody shows what stands before parts.\r\n--b\r\n\r\nThe only words.\r\n--b--\r\n", false),
    ] {
        let letter = format!("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{rest}");
        let structure = scan(letter.as_bytes(), Limits::default());
        let bodies = structure.bodies();
        let body = &bodies.text[0].body;
        let text = &letter[body.start as usize..body.end as usize];
        assert_eq!(text.starts_with("The only words.") && text.contains(rest.trim_end()), shown, "{text}");
    }
    // Parts of a multipart that came encoded, against the rules, are text that can be read.
    let letter = "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\nd29yZHM=\r\n";
    let structure = scan(letter.as_bytes(), Limits::default());
    assert_eq!(structure.bodies().text[0].transfer_encoding(), mailbox::parse::Encoding::Base64);
    assert!(matches!(structure.root.content, Content::Multipart(_)));
}
