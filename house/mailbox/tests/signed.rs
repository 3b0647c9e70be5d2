//! Letters that a signature is wrapped around (S/MIME, `application/pkcs7-mime`): a person meets what is inside, IMAP and the
//! structure of RFC 8621 go on to tell what came. `signed-der.eml` and `signed-streamed.eml` were made by `openssl cms -sign
//! -nodetach`, the second with `-stream`.

#[path = "common/cms.rs"]
mod cms;
#[path = "common/kept.rs"]
mod kept;
#[path = "common/mutations.rs"]
mod mutations;

use std::ops::Range;
use std::time::{Duration, Instant};

use cms::Form;
use facteur_mailbox as mailbox;
use kept::{letter, structure};
use mailbox::parse::steps::unpacked;
use mailbox::parse::{By, Content, Contents, Item, Part, Protection, Role, What, decode, protection, text};
use proptest::prelude::*;

fn along(path: &[mailbox::parse::Step], letter: &[u8]) -> Vec<u8> {
    unpacked(path, &letter[path[0].start as usize..path[0].end as usize])
}

fn octets(letter: &[u8], part: &Part) -> Vec<u8> {
    along(&part.steps(), letter)
}

fn read(letter: &[u8]) -> impl Fn(Range<u64>) -> Result<bytes::Bytes, ()> {
    let bytes = bytes::Bytes::copy_from_slice(letter);
    move |range| {
        let at = |place: u64| (place as usize).min(bytes.len());
        Ok(bytes.slice(at(range.start)..at(range.end)))
    }
}

fn told(letter: &[u8]) -> text::Told {
    text::told(&structure(letter), 1 << 20, read(letter)).unwrap()
}

fn roles(contents: &Contents<'_>) -> Vec<Role> {
    contents.items.iter().map(|item| item.role).collect()
}

fn found<'a>(contents: &Contents<'a>, letter: &[u8]) -> Option<Protection<'a>> {
    protection(contents, read(letter)).unwrap()
}

/// A letter of Odile's with a part.
fn with(part: &str) -> Vec<u8> {
    format!("From: odile@mill.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n{part}").into_bytes()
}

const WRAPPED: [Role; 6] = [Role::OtherForm, Role::Html, Role::Named, Role::File, Role::Letter, Role::Signature];

#[test]
fn what_openssl_wraps_up_is_met_as_the_letter_that_it_is() {
    for name in ["signed-der", "signed-streamed"] {
        let bytes = letter(name);
        // With a line before it all stands where it stood.
        for bytes in [bytes.clone(), [b"Delivered-To: ann\r\n".as_slice(), &bytes].concat()] {
            let structure = structure(&bytes);
            let contents = Contents::of_octets(&structure, &bytes);
            assert_eq!(roles(&contents), WRAPPED, "{name}");
            assert!(contents.has_attachment());
            let items = &contents.items;
            let said =
                |item: &Item<'_>| decode::part_text(item.part, &octets(&bytes, item.part), true).text.into_owned();
            assert!(said(&items[0]).contains("flour at €12, béton extra.\r\n\r\nYours, Odile"));
            assert!(said(&items[1]).contains("<b>miller</b> has signed the tariff: flour at €12, béton"));
            assert!(octets(&bytes, items[2].part).starts_with(b"\x89PNG"));
            let pdf = octets(&bytes, items[3].part);
            assert!(pdf.starts_with(b"%PDF-1.4 the tariff") && pdf.ends_with(b"\n%%EOF\n") && pdf.len() == 2639);
            assert_eq!(items[3].part.file_name().as_deref(), Some("tariff.pdf"));
            let header = String::from_utf8(along(&items[3].part.header_steps(), &bytes)).unwrap();
            assert!(
                header.starts_with("Content-Type: application/pdf") && header.ends_with("base64\r\n\r\n"),
                "{header}"
            );
            let inner = String::from_utf8(octets(&bytes, items[4].part)).unwrap();
            assert!(inner.starts_with("From: Emil") && inner.ends_with("says the lockkeeper."), "{inner}");
            let protection = found(&contents, &bytes).unwrap();
            assert_eq!((protection.what, protection.by), (What::Signed, By::Smime));
            assert!(std::ptr::eq(protection.part, &structure.root));
        }
    }
}

#[test]
fn searches_and_previews_see_what_is_inside() {
    for name in ["signed-der", "signed-streamed"] {
        let bytes = letter(name);
        let told = told(&bytes);
        let body = told.body.join("\n");
        for words in ["the miller has signed", "béton extra", "Subject: The weir", "says the lockkeeper"] {
            assert!(body.contains(words), "{name}: {words}: {body}");
        }
        assert_eq!(told.names, ["smime.p7m", "seal.png", "tariff.pdf"]);
        assert!(told.heads.iter().any(|head| head == "Content-Description: the tariff of the mill"));
        let structure = structure(&bytes);
        let (plain, _) = Contents::words(&structure);
        assert!(text::said(&plain, 4096, read(&bytes)).unwrap().starts_with("Dear Ann,\r\n\r\nthe miller"));
    }
}

#[test]
fn the_structure_is_that_of_the_octets() {
    for name in ["signed-der", "signed-streamed"] {
        let bytes = letter(name);
        let structure = structure(&bytes);
        assert!(structure.root.is("application", "pkcs7-mime") && structure.root.sub_parts().is_none());
        assert!(structure.root.children().is_empty() && structure.part(&[1, 1]).is_none());
        let bodies = structure.bodies();
        assert!(bodies.text.is_empty() && bodies.html.is_empty() && bodies.attachments.len() == 1);
        assert!(std::ptr::eq(bodies.attachments[0], &structure.root));
        assert!(octets(&bytes, &structure.root).starts_with(b"\x30"));
    }
}

#[test]
fn a_list_that_adds_its_lines_beside_hides_nothing() {
    let inner = "Content-Type: text/plain\r\n\r\nThe words of the author.\r\n";
    let wrapped = cms::part(inner.as_bytes(), Form::Pieces(1000));
    let bytes = with(&format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{wrapped}\r\n--b\r\n\r\nThe lines of the list.\r\n--b--\r\n"
    ));
    let structure = structure(&bytes);
    let contents = Contents::of_octets(&structure, &bytes);
    assert_eq!(roles(&contents), [Role::Text, Role::Signature, Role::Text]);
    assert!(!contents.has_attachment());
    assert_eq!(octets(&bytes, contents.items[0].part), b"The words of the author.\r\n");
}

#[test]
fn a_part_that_does_not_say_that_it_is_signed_is_opened_all_the_same() {
    let wrapped = |head: &str, inner: &[u8]| {
        let part = cms::part(inner, Form::Whole);
        with(&format!("{head}\r\n{}", &part[part.find("Content-Transfer").unwrap()..]))
    };
    let told = |bytes: &[u8]| roles(&Contents::of_octets(&structure(bytes), bytes));
    let inner = b"Content-Type: text/plain\r\n\r\nhello";
    for head in [
        "Content-Type: application/pkcs7-mime",
        "Content-Type: application/x-pkcs7-mime; smime-type=Signed-Data",
        "Content-Type: application/octet-stream; name=SMIME.P7M",
    ] {
        assert_eq!(told(&wrapped(head, inner)), [Role::Text, Role::Signature], "{head}");
    }
    // `openssl cms -sign` without `-text` signs words that say nothing of themselves.
    assert_eq!(told(&wrapped("Content-Type: application/pkcs7-mime", b"hello\r\n")), [Role::Text, Role::Signature]);
    // A file that was signed is no letter, and what is encrypted or only holds certificates is not opened.
    for (head, inner) in [
        ("Content-Type: application/pkcs7-mime; name=invoice.xml.p7m", &b"<invoice/>"[..]),
        ("Content-Type: application/octet-stream; name=plan.p7m", b"\x89PNG\0\0"),
        ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data", inner),
        ("Content-Type: application/pkcs7-mime; smime-type=certs-only", inner),
        ("Content-Type: application/octet-stream; name=smime.bin", inner),
        ("Content-Type: application/pkcs7-mime", b""),
    ] {
        let bytes = wrapped(head, inner);
        let role = told(&bytes);
        assert!(role == [Role::Sealed] || role == [Role::File], "{head}: {role:?}");
    }
}

#[test]
fn what_is_encrypted_inside_is_said_to_be_encrypted() {
    let inner = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nx";
    let bytes = with(&cms::part(inner, Form::Whole));
    let structure = structure(&bytes);
    let contents = Contents::of_octets(&structure, &bytes);
    assert_eq!(roles(&contents), [Role::Sealed, Role::Signature]);
    assert_eq!(found(&contents, &bytes).map(|found| found.what), Some(What::Encrypted));
}

#[test]
fn signatures_around_signatures_are_opened_and_too_many_are_not() {
    let mut inner = "Content-Type: text/plain\r\n\r\nthe core\r\n".to_owned();
    for (depth, form) in [Form::Whole, Form::Pieces(7), Form::Nested(30)].into_iter().enumerate() {
        inner = cms::part(inner.as_bytes(), form);
        let bytes = with(&inner);
        let structure = structure(&bytes);
        let contents = Contents::of_octets(&structure, &bytes);
        let signatures = contents.items.iter().filter(|item| item.role == Role::Signature).count();
        assert_eq!(signatures, (depth + 1).min(2));
        let first = contents.items[0];
        if depth < 2 {
            assert_eq!((first.role, octets(&bytes, first.part)), (Role::Text, b"the core\r\n".to_vec()));
        } else {
            assert_eq!(first.role, Role::Sealed);
        }
        assert!(first.part.steps().len() <= 8);
    }
}

#[test]
fn a_letter_that_is_cut_off_shows_what_has_come() {
    for name in ["signed-der", "signed-streamed"] {
        let whole = letter(name);
        for end in (700..whole.len()).step_by(101) {
            let bytes = &whole[..end];
            let structure = structure(bytes);
            let contents = Contents::of_octets(&structure, bytes);
            let first = octets(bytes, contents.items[0].part);
            assert!(!first.is_empty(), "{name}, {end}");
            told(bytes);
        }
    }
}

/// Wrappings that cost a careless reader much.
fn hostile(octets: usize) -> Vec<(&'static str, Vec<u8>)> {
    let raw = |body: &[u8]| {
        [b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n".as_slice(), body].concat()
    };
    let start = |rest: &[u8]| {
        let whole = cms::signed(b"", Form::Pieces(1));
        // Behind the head of the string.
        let at = memchr::memmem::find(&whole, b"\x24\x80").unwrap() + 2;
        raw(&[&whole[..at], rest].concat())
    };
    let parts = |size: usize| {
        let part = "--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n";
        let inner = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
            part.repeat(900) + &"a line of the last part\r\n".repeat(octets / 25)
        );
        with(&cms::part(inner.as_bytes(), if size == 0 { Form::Whole } else { Form::Pieces(size) }))
    };
    vec![
        ("strings in strings", start(&b"\x24\x80".repeat(octets / 2))),
        ("empty strings", start(&b"\x04\x00".repeat(octets / 2))),
        ("strings of one octet", start(&b"\x04\x01a".repeat(octets / 3))),
        ("ends", start(&b"\x00\x00".repeat(octets / 2))),
        (
            "an element without end",
            raw(&[
                &b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80"[..],
                &b"\x30\x80".repeat(octets / 2),
            ]
            .concat()),
        ),
        (
            "a length that nobody has",
            start(&[&b"\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff"[..], &vec![b'a'; octets]].concat()),
        ),
        ("many parts in one piece", parts(0)),
        ("many parts in large pieces", parts(octets / 3)),
        ("many parts in small pieces", parts(3)),
        (
            "many wrappings",
            with(&format!(
                "Content-Type: multipart/mixed; boundary=c\r\n\r\n{}",
                format!("--c\r\n{}\r\n", cms::part(b"\r\nhello", Form::Pieces(2))).repeat(octets / 300)
            )),
        ),
    ]
}

#[test]
fn what_a_stranger_writes_costs_in_proportion_to_its_size() {
    let took = |bytes: &[u8]| {
        let start = Instant::now();
        let structure = structure(bytes);
        told(bytes);
        let contents = Contents::of_octets(&structure, bytes);
        // Each part read by itself, as JMAP does.
        let parts: usize = contents.items.iter().map(|item| octets(bytes, item.part).len()).sum();
        assert!(contents.items.len() <= 1000 && parts <= 3 * bytes.len());
        start.elapsed()
    };
    for ((name, small), (_, large)) in hostile(100_000).iter().zip(hostile(1_600_000)) {
        let (small, large) = (took(small), took(&large));
        // Sixteen times as much; a square would be 256 times.
        let bound = small.max(Duration::from_millis(20)) * 120;
        assert!(large < bound, "{name}: {small:?}, then {large:?}");
    }
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(Form::Whole),
        (1..3000_usize).prop_map(Form::Pieces),
        (1..3000_usize).prop_map(Form::PiecesWithLength),
        (1..3000_usize).prop_map(Form::Nested),
    ]
}

/// Returns what a reader meets of a part: its role, its type, its name, its header and its octets.
fn met(letter: &[u8], item: &Item<'_>) -> (Role, String, Option<String>, Vec<u8>, Vec<u8>) {
    let Item { part, role, .. } = item;
    let kind = format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype));
    (*role, kind, part.file_name(), along(&part.header_steps(), letter), octets(letter, part))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Every letter of ours, changed in all ways that `mutations` knows, is met in a wrapping as it is without.
    #[test]
    fn whatever_is_wrapped_up_is_met_as_it_is_without(seed: u64, place: prop::sample::Index, form in form()) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/letters");
        let corpus = mutations::corpus(&[&folder]);
        let (name, inner) = &corpus[place.index(corpus.len())];
        let mut inner = mutations::mutated(inner, seed);
        // A boundary takes those before it, too.
        while inner.ends_with(b"\r") {
            inner.pop();
        }
        // Beside it, so that the letter's own header is not the part's.
        let beside = |part: &[u8]| {
            let head = with("Content-Type: multipart/mixed; boundary=the-outermost\r\n\r\n--the-outermost\r\n");
            [&head, part, b"\r\n--the-outermost--\r\n"].concat()
        };
        let (open, wrapped) = (beside(&inner), beside(cms::part(&inner, form).as_bytes()));
        let (plain, signed) = (structure(&open), structure(&wrapped));
        let (plain, signed) = (Contents::of_octets(&plain, &open), Contents::of_octets(&signed, &wrapped));
        prop_assume!(signed.items.last().is_some_and(|item| item.role == Role::Signature));
        let plain: Vec<_> = plain.items.iter().map(|item| met(&open, item)).collect();
        let inside = &signed.items[..signed.items.len() - 1];
        prop_assert_eq!(inside.iter().map(|item| met(&wrapped, item)).collect::<Vec<_>>(), plain, "{}", name);
    }

    /// Letters of openssl with octets changed, left out, or put twice: each part lies in the letter and decodes in bounds.
    #[test]
    fn spoilt_wrappings_are_read(
        streamed: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..12)
    ) {
        use base64::Engine;
        let engine = base64::engine::general_purpose::STANDARD;
        let bytes = letter(if streamed { "signed-streamed" } else { "signed-der" });
        let start = mail::header::body_start(&bytes);
        let text: Vec<u8> = bytes[start..].iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
        let mut wrapped = engine.decode(text).unwrap();
        for (place, octet, what) in changes {
            // Most of what can go wrong is in the first octets.
            let at = place.index(if octet % 2 == 0 { wrapped.len().min(80) } else { wrapped.len() });
            match what {
                0 => wrapped[at] = octet,
                1 => drop(wrapped.remove(at)),
                2 => wrapped.insert(at, octet),
                _ => wrapped.truncate(at.max(100)),
            }
        }
        let bytes = [&bytes[..start], engine.encode(wrapped).as_bytes()].concat();
        let structure = structure(&bytes);
        let contents = Contents::of_octets(&structure, &bytes);
        prop_assert!(!contents.items.is_empty());
        for item in &contents.items {
            prop_assert!(item.part.steps()[0].end <= bytes.len() as u64);
            prop_assert!(octets(&bytes, item.part).len() <= bytes.len());
        }
        if let Content::Signed(inside) = &structure.root.content {
            prop_assert!(matches!(inside.content, Content::Deep(_)));
        }
        told(&bytes);
    }
}
