//! Texts and files that stand in a letter beside MIME: uuencode and yEnc in plain bodies, and TNEF. A person sees the files with
//! their names, types and sizes, and the text without them; IMAP goes on to tell what came.

#[path = "common/kept.rs"]
mod kept;

use std::ops::Range;
use std::time::{Duration, Instant};

use facteur_mailbox as mailbox;
use kept::{letter, structure};
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Bodies, Content, Encoding, Part, decode, text};
use proptest::prelude::*;

/// The decoded octets of a part.
fn octets(letter: &[u8], part: &Part) -> Vec<u8> {
    let path = part.steps();
    unpacked(&path, &letter[path[0].start as usize..path[0].end as usize])
}

fn kind(part: &Part) -> String {
    format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype))
}

/// `name type size` of each attachment.
fn files(letter: &[u8], bodies: &Bodies<'_>) -> Vec<String> {
    let told = |part: &&Part| {
        format!("{} {} {}", part.file_name().unwrap_or_default(), kind(part), octets(letter, part).len())
    };
    bodies.attachments.iter().map(told).collect()
}

/// Returns the texts of the text parts, one after the other.
fn said(letter: &[u8], parts: &[&Part]) -> String {
    parts.iter().map(|part| decode::part_text(part, &octets(letter, part), true).text.into_owned()).collect()
}

/// The text of a letter and the names of its attachments, each on a line of its own.
#[derive(Debug, PartialEq)]
struct Said {
    body: String,
    attachments: String,
}

fn told(letter: &[u8]) -> Said {
    let bytes = bytes::Bytes::copy_from_slice(letter);
    let read = |range: Range<u64>| {
        let at = |place: u64| (place as usize).min(bytes.len());
        Ok::<_, ()>(bytes.slice(at(range.start)..at(range.end)))
    };
    let told = text::told(&structure(letter), 1 << 20, read).unwrap();
    let lines = |texts: &[String]| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
    Said { body: lines(&told.body), attachments: lines(&told.names) }
}

#[test]
fn uuencoded_files_are_attachments_and_the_text_goes_on_around_them() {
    let bytes = letter("uuencoded");
    let structure = structure(&bytes);
    let bodies = structure.bodies();
    assert_eq!(files(&bytes, &bodies), ["wren.gif image/gif 206", "about the wren.txt text/plain 175"]);
    assert!(octets(&bytes, bodies.attachments[0]).starts_with(b"GIF89a\0\x01"));
    assert_eq!(said(&bytes, &bodies.attachments[1..]), "The wren sings before the others.\r\n".repeat(5));
    for text in [said(&bytes, &bodies.text), said(&bytes, &bodies.html)] {
        assert!(text.contains("picture of the wren:") && text.contains("We begin 2027 with a smile."));
        assert!(text.contains("Yours, Carl") && !text.contains("begin 644") && !text.contains("\nend"));
    }
    assert!(mailbox::parse::Contents::of_octets(&structure, &bytes).has_attachment());
    let told = told(&bytes);
    assert_eq!(told.attachments, "wren.gif\nabout the wren.txt\n");
    assert!(
        told.body.contains("Yours, Carl") && told.body.contains("sings before") && !told.body.contains("begin 644")
    );
    // IMAP: one text, with all its octets.
    assert!(structure.root.children().is_empty() && structure.root.is("text", "plain"));
    assert_eq!(structure.part(&[1]).map(Part::size), Some(structure.root.size()));
}

#[test]
fn yenc_is_undone() {
    let bytes = letter("yenc");
    let structure = structure(&bytes);
    let bodies = structure.bodies();
    assert_eq!(files(&bytes, &bodies), ["stork.jpg image/jpeg 772"]);
    let expected = [b"\xff\xd8\xff\xe0".to_vec(), (0..=255).collect::<Vec<u8>>().repeat(3)].concat();
    assert_eq!(octets(&bytes, bodies.attachments[0]), expected);
    assert_eq!(said(&bytes, &bodies.text), "The stork, as promised.\r\n-- \r\nDora\r\n");
}

#[test]
fn a_text_that_came_encoded_holds_files_too() {
    use base64::Engine;
    let text = letter("uuencoded");
    let body = &text[mail::header::body_start(&text)..];
    let lines =
        |text: String| text.as_bytes().chunks(76).map(|line| [line, b"\r\n"].concat()).collect::<Vec<_>>().concat();
    let base64 = lines(base64::engine::general_purpose::STANDARD.encode(body));
    let printable = String::from_utf8(body.to_vec()).unwrap().replace('=', "=3D").into_bytes();
    for (encoding, octets_of_body) in [("base64", base64), ("quoted-printable", printable)] {
        let head = format!("Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
        let bytes = [head.as_bytes(), &octets_of_body].concat();
        let structure = structure(&bytes);
        let bodies = structure.bodies();
        assert_eq!(
            files(&bytes, &bodies),
            ["wren.gif image/gif 206", "about the wren.txt text/plain 175"],
            "{encoding}"
        );
        assert!(said(&bytes, &bodies.text).ends_with("Yours, Carl\r\n"));
        assert_eq!(told(&bytes).attachments, "wren.gif\nabout the wren.txt\n");
        // A field before the letter leaves all its parts as they were.
        let moved = [b"Delivered-To: ann\r\n".as_slice(), &bytes].concat();
        assert_eq!(told(&moved), told(&bytes));
    }
}

#[test]
fn winmail_gives_its_files_with_their_long_names_and_the_letter_in_it() {
    let bytes = letter("winmail");
    let structure = structure(&bytes);
    let bodies = structure.bodies();
    assert_eq!(
        files(&bytes, &bodies),
        [
            "plans of the tower (final).pdf application/pdf 760",
            "HERON.PNG image/png 264",
            "Re_ the egret.txt text/plain 46",
            "note of the egret.txt text/plain 32",
        ]
    );
    assert!(octets(&bytes, bodies.attachments[0]).starts_with(b"%PDF-1.4 the plans\n"));
    assert_eq!(bodies.attachments[1].id.as_deref(), Some(&b"<heron@alpha.test>"[..]));
    assert_eq!(said(&bytes, &bodies.attachments[2..3]), "The egret has answered.");
    // The text that Outlook wrote is longer than the stub beside it.
    let text = said(&bytes, &bodies.text);
    assert!(
        text.contains("Sent from a telephone.") && text.contains("the heron’s plans") && text.contains("€12."),
        "{text}"
    );
    assert!(!text.contains("Riched") && !text.contains("Arial"));
    let told = told(&bytes);
    assert!(told.body.contains("the heron’s plans") && told.body.contains("The egret has answered"));
    assert!(told.attachments.contains("plans of the tower") && told.attachments.contains("winmail.dat"));
    assert_eq!(structure.part(&[2]).map(kind).as_deref(), Some("application/ms-tnef"));
    assert!(structure.part(&[2, 1]).is_none());
}

#[test]
fn a_text_that_the_letter_says_itself_is_not_shown_twice() {
    let bytes = String::from_utf8(letter("winmail")).unwrap();
    let whole = "Dear Ann, the heron=E2=80=99s plans are enclosed: three storeys, =E2=82=AC12. Yours, Bob";
    let head = "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
    let bytes = bytes.replace("charset=utf-8\r\n\r\nSent from a telephone.", &format!("{head}{whole}")).into_bytes();
    let structure = structure(&bytes);
    assert_eq!((structure.bodies().text.len(), structure.bodies().attachments.len()), (1, 4));
}

#[test]
fn winmail_that_is_the_whole_letter_is_shown() {
    let bytes = letter("winmail-alone");
    let structure = structure(&bytes);
    let bodies = structure.bodies();
    assert_eq!(bodies.html.iter().map(|part| kind(part)).collect::<Vec<_>>(), ["text/html"]);
    assert!(said(&bytes, &bodies.html).contains("<b>back</b>: café, étang."));
    assert_eq!(files(&bytes, &bodies), ["résumé.txt text/plain 7"]);
    assert!(told(&bytes).body.contains("kingfisher is back"));
}

#[test]
fn what_is_no_tnef_or_is_cut_off_stays_what_it_is() {
    let whole = letter("winmail");
    let start = memchr::memmem::find(&whole, b"eJ8+").unwrap();
    for end in (start..whole.len()).step_by(37) {
        let structure = structure(&whole[..end]);
        let bodies = structure.bodies();
        // The file itself is listed where not all of it was read.
        let listed = bodies.attachments.iter().any(|part| part.file_name().as_deref() == Some("winmail.dat"));
        // One that ends behind an attribute looks whole.
        let is_clear =
            bodies.attachments.first().is_some_and(|part| part.file_name().is_some_and(|name| name.ends_with(".pdf")));
        assert!(listed || is_clear || !bodies.text[1..].is_empty(), "{end}");
    }
    let other = String::from_utf8(whole).unwrap().replace("eJ8+", "AAAA").into_bytes();
    assert_eq!(structure(&other).bodies().attachments.len(), 1);
}

#[test]
fn a_file_that_is_text_stays_one_file() {
    let body = "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=x.uue\r\n\r\n\
        begin 644 y\r\n#86)C\r\n`\r\nend\r\n";
    let bytes = format!("Subject: x\r\nMIME-Version: 1.0\r\n{body}").into_bytes();
    assert_eq!(structure(&bytes).root.content, Content::Leaf);
    // In an alternative the text stays the plain text, and the file is listed.
    let uu = "hello\r\nbegin 644 y.bin\r\n#86)C\r\n`\r\nend";
    let bytes = format!(
        "Subject: x\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n{uu}\r\n--b\r\n\
         Content-Type: text/html\r\n\r\n<p>hello</p>\r\n--b--\r\n"
    );
    let structure = structure(bytes.as_bytes());
    let bodies = structure.bodies();
    assert_eq!(said(bytes.as_bytes(), &bodies.text), "hello\r\n");
    assert_eq!(said(bytes.as_bytes(), &bodies.html), "<p>hello</p>");
    assert_eq!(files(bytes.as_bytes(), &bodies), ["y.bin application/octet-stream 3"]);
}

/// Letters that cost a careless reader much: each with how it grows.
fn hostile(octets: usize) -> Vec<(&'static str, Vec<u8>)> {
    let plain = |body: String| format!("Subject: x\r\n\r\n{body}").into_bytes();
    let tnef = |attributes: &[u8]| {
        let head = b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\x01\x00";
        [&head[..], &attributes.repeat(octets / attributes.len())].concat()
    };
    let rtf = {
        // One property of packed RTF, all references.
        let length = u32::try_from(octets).unwrap();
        let packed =
            [&length.to_le_bytes()[..], &u32::MAX.to_le_bytes(), b"LZFu\0\0\0\0", &vec![0xff; octets - 16]].concat();
        let prop = [&b"\x01\0\0\0\x02\x01\x09\x10\x01\0\0\0"[..], &length.to_le_bytes(), &packed].concat();
        let size = u32::try_from(prop.len()).unwrap();
        let head = b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\x01\x00\x01\x03\x90\x06\x00";
        [&head[..], &size.to_le_bytes(), &prop, &[0, 0]].concat()
    };
    let many = "begin 644 x\r\n#86)C\r\n`\r\nend\r\nword\r\n";
    vec![
        ("no end", plain(format!("begin 644 x\r\n{}", "M\r\n".repeat(octets / 3)))),
        ("only begins", plain("begin 644 x\r\n".repeat(octets / 13))),
        ("only =ybegin", plain("=ybegin line=1 size=1 name=x\r\n".repeat(octets / 31))),
        ("only =y", plain(format!("=ybegin line=1 size=1 name=x\r\n{}", "=y\r\n".repeat(octets / 4)))),
        ("many files", plain(many.repeat(octets / many.len()))),
        ("many files in base64", {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(many.repeat(octets / many.len()));
            format!("Content-Transfer-Encoding: base64\r\n\r\n{text}").into_bytes()
        }),
        ("many files in quoted-printable, without rest", {
            let text = many.repeat(octets / many.len()).replace("word", "=\t=\t");
            format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{text}").into_bytes()
        }),
        ("empty attributes", tnef(b"\x01\x04\x80\x01\x00\0\0\0\0\0\0")),
        ("empty files", tnef(b"\x02\x02\x90\x06\x00\0\0\0\0\0\0")),
        ("properties", tnef(b"\x01\x03\x90\x06\x00\x04\0\0\0\xff\xff\xff\xff\0\0")),
        ("a bomb of RTF", rtf),
    ]
}

#[test]
fn what_a_stranger_writes_costs_in_proportion_to_its_size() {
    let took = |bytes: &[u8]| {
        let start = Instant::now();
        let structure = structure(bytes);
        let bodies = structure.bodies();
        assert!(bodies.attachments.len() <= 1000);
        told(bytes);
        // Each part read by itself, as JMAP does.
        for part in bodies.attachments.iter().chain(&bodies.text) {
            octets(bytes, part);
        }
        start.elapsed()
    };
    for ((name, small), (_, large)) in hostile(100_000).iter().zip(hostile(1_600_000)) {
        let (small, large) = (took(small), took(&large));
        // Sixteen times as much; a square would be 256 times.
        let bound = small.max(Duration::from_millis(20)) * 120;
        assert!(large < bound, "{name}: {small:?}, then {large:?}");
    }
}

/// Octets like those of the fixtures with some of them changed, left out, or put twice.
fn spoilt() -> impl Strategy<Value = Vec<u8>> {
    let names = prop::sample::select(vec!["uuencoded", "yenc", "winmail", "winmail-alone"]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..12);
    (names, changes).prop_map(|(name, changes)| {
        let mut bytes = letter(name);
        for (place, octet, what) in changes {
            let at = place.index(bytes.len());
            match what {
                0 => bytes[at] = octet,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, octet),
                _ => bytes.truncate(at.max(200)),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_letters_are_read_and_every_part_of_them_lies_in_the_letter(bytes in spoilt()) {
        let structure = structure(&bytes);
        let bodies = structure.bodies();
        for part in bodies.attachments.iter().chain(&bodies.text).chain(&bodies.html) {
            prop_assert!(part.steps()[0].end <= bytes.len() as u64);
            let length = octets(&bytes, part).len();
            prop_assert!(length <= bytes.len() || part.transfer_encoding() == Encoding::RtfText);
        }
        told(&bytes);
    }

    #[test]
    fn any_files_between_any_texts_come_out_as_they_were_put_in(
        pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), "[a-z ,.]{0,60}"), 1..8)
    ) {
        let mut body = String::from("It starts here.\r\n");
        for (number, (file, text)) in pieces.iter().enumerate() {
            body.push_str(&format!("begin 644 file {number}.bin\r\n{}end\r\n.{text}\r\n", uuencode(file)));
        }
        let bytes = format!("Subject: x\r\n\r\n{body}").into_bytes();
        let structure = structure(&bytes);
        let bodies = structure.bodies();
        let expected: Vec<Vec<u8>> = pieces.iter().map(|(file, _)| file.clone()).collect();
        prop_assert_eq!(bodies.attachments.iter().map(|part| octets(&bytes, part)).collect::<Vec<_>>(), expected);
        let texts: String = pieces.iter().map(|(_, text)| format!(".{text}\r\n")).collect();
        prop_assert_eq!(said(&bytes, &bodies.text), format!("It starts here.\r\n{texts}"));
    }
}

fn uuencode(octets: &[u8]) -> String {
    let sign = |bits: u8| char::from(if bits == 0 { b'`' } else { bits + b' ' });
    let mut out = String::new();
    for line in octets.chunks(45) {
        out.push(sign(line.len() as u8));
        for three in line.chunks(3) {
            let at = |place: usize| three.get(place).copied().unwrap_or(0);
            let (a, b, c) = (at(0), at(1), at(2));
            out.extend([a >> 2, (a << 4 | b >> 4) & 63, (b << 2 | c >> 6) & 63, c & 63].map(sign));
        }
        out.push_str("\r\n");
    }
    out.push_str("`\r\n");
    out
}
