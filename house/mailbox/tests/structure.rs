//! Tests of the facts that are read from letters when they are filed.

#[path = "common/kept.rs"]
mod kept;

use std::ops::Range;

use facteur_mailbox as mailbox;
use kept::letter;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Content, Encoding, Limits, Part, scan, text};
use mailbox::{Section, SectionText, Structure, Summary};
use proptest::prelude::*;

/// `"2.1.MIME"` in words.
fn section(written: &str) -> Section {
    let mut section = Section::default();
    for piece in written.split('.').filter(|piece| !piece.is_empty()) {
        match piece {
            "HEADER" => section.text = Some(SectionText::Header),
            "TEXT" => section.text = Some(SectionText::Text),
            "MIME" => section.text = Some(SectionText::Mime),
            number => section.part.push(number.parse().unwrap()),
        }
    }
    section
}

fn read(letter: &[u8], written: &str) -> Option<String> {
    let path = scan(letter, Limits::default()).locate(&section(written))?;
    let octets = &letter[path[0].start as usize..path[0].end as usize];
    Some(String::from_utf8_lossy(&unpacked(&path, octets)).into_owned())
}

fn type_of(part: &Part) -> String {
    format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype))
}

/// The tree as text: `multipart/mixed(text/plain application/pdf)`.
fn tree(part: &Part) -> String {
    match part.children() {
        [] => type_of(part),
        children => format!("{}({})", type_of(part), children.iter().map(tree).collect::<Vec<_>>().join(" ")),
    }
}

fn tree_of(name: &str) -> String {
    tree(&scan(&letter(name), Limits::default()).root)
}

#[test]
fn a_letter_with_an_attachment_is_taken_apart() {
    let bytes = letter("attachment");
    assert_eq!(tree_of("attachment"), "multipart/mixed(text/plain application/pdf)");
    assert_eq!(read(&bytes, "1").unwrap(), "Hello Bob,\r\n\r\nthe report is attached.");
    assert_eq!(
        read(&bytes, "1.MIME").unwrap(),
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    );
    assert_eq!(read(&bytes, "2").unwrap(), "JVBERi0xLjQK\r\nAAAA");
    assert!(read(&bytes, "HEADER").unwrap().ends_with("boundary=\"=_next part 42\"\r\n\r\n"));
    assert!(read(&bytes, "TEXT").unwrap().starts_with("This is a multi-part"));
    assert_eq!(read(&bytes, "").unwrap().len(), bytes.len());
    for nowhere in ["3", "1.1", "2.1", "0", "1.HEADER", "MIME"] {
        assert_eq!(read(&bytes, nowhere), None, "{nowhere}");
    }
}

#[test]
fn all_that_bodystructure_tells_is_kept() {
    let structure = scan(&letter("attachment"), Limits::default());
    let pdf = structure.part(&[2]).unwrap();
    assert_eq!(pdf.param("NAME"), Some(&b"report.pdf"[..]));
    assert_eq!(pdf.transfer_encoding(), Encoding::Base64);
    let disposition = pdf.disposition.as_ref().unwrap();
    assert_eq!(disposition.kind, b"attachment");
    assert_eq!(disposition.params.len(), 2);
    assert_eq!(pdf.file_name().as_deref(), Some("report 2026.pdf"));
    assert_eq!(pdf.id.as_deref(), Some(&b"<report@alpha.test>"[..]));
    assert_eq!(pdf.description.as_deref(), Some(&b"The report"[..]));
    assert_eq!(pdf.language, [b"fr".to_vec(), b"en".to_vec()]);
    assert_eq!(pdf.location.as_deref(), Some(&b"https://alpha.test/report.pdf"[..]));
    assert_eq!(pdf.md5.as_deref(), Some(&b"Q2hlY2sgSW50ZWdyaXR5IQ=="[..]));
    assert_eq!((pdf.size(), pdf.lines), (18, 0));
    assert_eq!(structure.part(&[1]).unwrap().lines, 2);
}

#[test]
fn letters_inside_letters_have_their_own_numbers() {
    let bytes = letter("forwarded");
    assert_eq!(
        tree_of("forwarded"),
        "multipart/mixed(text/plain message/rfc822(multipart/alternative(text/plain text/html)) \
         message/rfc822(text/plain))"
    );
    assert_eq!(read(&bytes, "1").unwrap(), "See below.");
    assert_eq!(read(&bytes, "1.MIME").unwrap(), "\r\n");
    assert!(read(&bytes, "2").unwrap().starts_with("From: Alice"));
    assert!(read(&bytes, "2.HEADER").unwrap().ends_with("boundary=inner\r\n\r\n"));
    assert!(read(&bytes, "2.TEXT").unwrap().starts_with("--inner\r\n"));
    assert!(read(&bytes, "2.MIME").unwrap().ends_with("filename=lunch.eml\r\n\r\n"));
    assert_eq!(read(&bytes, "2.1").unwrap(), "At noon?");
    assert_eq!(read(&bytes, "2.2.MIME").unwrap(), "Content-Type: text/html\r\n\r\n");
    assert_eq!(read(&bytes, "3.1").unwrap(), "just text");
    assert_eq!(read(&bytes, "3.HEADER").unwrap(), "Subject: plain inside\r\n\r\n");
    assert_eq!(read(&bytes, "2.3"), None);
    assert_eq!(read(&bytes, "3.1.1"), None);
    let structure = scan(&bytes, Limits::default());
    let Content::Message(lunch) = &structure.part(&[2]).unwrap().content else { panic!("a letter") };
    assert_eq!(lunch.summary.subject(), Some(&b"lunch"[..]));
    assert_eq!(lunch.summary.message_id(), Some(&b"<lunch@alpha.test>"[..]));
}

#[test]
fn alternatives_with_pictures_are_taken_apart() {
    let bytes = letter("newsletter");
    assert_eq!(tree_of("newsletter"), "multipart/alternative(text/plain multipart/related(text/html image/png))");
    let structure = scan(&bytes, Limits::default());
    assert_eq!(structure.part(&[2, 2]).unwrap().file_name().as_deref(), Some("l'école.png"));
    assert_eq!(structure.part(&[1]).unwrap().param("format"), Some(&b"flowed"[..]));
    assert_eq!(read(&bytes, "2.2").unwrap(), "iVBORw0KGgo=");
}

#[test]
fn a_letter_without_a_type_is_text() {
    let bytes = letter("no-type");
    let structure = scan(&bytes, Limits::default());
    assert_eq!(tree(&structure.root), "text/plain");
    assert_eq!(structure.root.param("charset"), Some(&b"us-ascii"[..]));
    assert_eq!(structure.root.lines, 2);
    assert_eq!(read(&bytes, "1").unwrap(), "Simple text.\r\nTwo lines.\r\n");
    assert_eq!(read(&bytes, "1").unwrap(), read(&bytes, "TEXT").unwrap());
    assert_eq!(read(&bytes, "2"), None);
    assert_eq!(read(&bytes, "1.1"), None);
}

#[test]
fn types_are_read_whatever_their_case_and_comments() {
    let structure = scan(&letter("flowed"), Limits::default());
    assert!(structure.root.is("text", "plain"));
    assert_eq!(structure.root.param("charset"), Some(&b"US-ASCII"[..]));
    assert_eq!(structure.root.param("format"), Some(&b"Flowed"[..]));
}

#[test]
fn in_a_digest_parts_are_letters_unless_they_say_otherwise() {
    assert_eq!(tree_of("digest"), "multipart/digest(message/rfc822(text/plain) text/plain)");
}

#[test]
fn broken_boundaries_lose_no_text() {
    let bytes = letter("broken-boundary");
    assert_eq!(
        tree_of("broken-boundary"),
        "multipart/mixed(text/plain multipart/alternative(text/plain) multipart/alternative(text/plain))"
    );
    assert_eq!(read(&bytes, "1").unwrap(), "first, never closed\r\n--AAA-not-a-boundary\r\nstill first");
    assert_eq!(read(&bytes, "2.1").unwrap(), "inner without an end");
    assert_eq!(read(&bytes, "3.1").unwrap(), "nothing to see\r\n");
}

#[test]
fn a_giant_header_is_cut_and_the_rest_is_read() {
    let mut bytes = b"From: a@alpha.test\r\nTo: ".to_vec();
    for n in 0..20_000 {
        bytes.extend_from_slice(format!("person{n}@beta.test,\r\n ").as_bytes());
    }
    bytes.extend_from_slice(b"z@beta.test\r\nSubject: here\r\nContent-Type: text/html\r\n\r\n<p>x</p>");
    let summary = Summary::parse(&bytes);
    assert!(summary.to().unwrap().len() <= 64 * 1024);
    assert_eq!(summary.subject(), Some(&b"here"[..]));
    assert_eq!(read(&bytes, "TEXT").unwrap(), "<p>x</p>");
}

#[test]
fn french_names_and_subjects_are_kept_as_written_and_read_as_meant() {
    use mailbox::Piece;
    use mailbox::parse::decode::words;
    let summary = Summary::parse(&letter("french"));
    assert_eq!(words(summary.subject().unwrap()), "Réunion d'équipe à Saint-Étienne");
    assert_eq!(words(summary.from().unwrap()), "François Léonard <francois@alpha.test>");
    assert_eq!(words(Summary::parse(&letter("eight-bit")).subject().unwrap()), "café et thé");
    assert_eq!(summary.mentions(Piece::Cc).len(), 4);
    assert_eq!(summary.references(), Some(&b"<start@alpha.test> <question@alpha.test>"[..]));
    assert!(Summary::parse(&letter("eight-bit")).sent.is_some());
}

/// The text of a letter and the names of its attachments, each part and each name on a line of its own.
struct Said {
    body: String,
    attachments: String,
}

fn told(name: &str) -> Said {
    let bytes = bytes::Bytes::from(letter(name));
    let structure = scan(&bytes, Limits::default());
    let read = |range: Range<u64>| Ok::<_, ()>(bytes.slice(range.start as usize..range.end as usize));
    let told = text::told(&structure, 1 << 20, read).unwrap();
    let lines = |texts: &[String]| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
    Said { body: lines(&told.body), attachments: lines(&told.names) }
}

#[test]
fn the_text_of_a_letter_is_what_a_person_reads() {
    assert!(told("newsletter").body.contains("Les élèves du village ont chanté dans la neige."));
    assert!(!told("newsletter").body.contains("<p>"));
    assert_eq!(told("newsletter").attachments, "l'école.png\n");
    assert_eq!(told("attachment").attachments, "report 2026.pdf\n");
    assert!(told("forwarded").body.contains("lunch") && told("forwarded").body.contains("just text"));
    assert!(told("eight-bit").body.contains("caractères"));
}

#[test]
fn letters_nested_without_end_are_cut() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
    let structure = scan(nested.as_bytes(), Limits::default());
    assert_eq!(tree(&structure.root).matches("message/rfc822").count(), 32);
    let mut multiparts = String::new();
    for n in 0..1000 {
        multiparts.push_str(&format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"));
    }
    scan(multiparts.as_bytes(), Limits::default());
    let many = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\nx\r\n".repeat(100_000));
    assert!(scan(many.as_bytes(), Limits::default()).root.children().len() <= 1000);
}

/// Ranges lie in the letter, parts inside their parents, each after the one before.
fn check(part: &Part, outer: &Range<u32>) {
    assert!(part.header.start <= part.header.end && part.header.end == part.body.start);
    assert!(part.body.start <= part.body.end);
    assert!(outer.start <= part.header.start && part.body.end <= outer.end);
    let mut before = part.body.start;
    for child in part.children() {
        assert!(before <= child.header.start);
        check(child, &part.body);
        before = child.body.end;
    }
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&b"Content-Type: multipart/mixed; boundary=b\r\n"[..]),
        Just(&b"Content-Type: multipart/alternative; boundary=\"b c\"\r\n"[..]),
        Just(&b"Content-Type: multipart/digest; boundary=d\r\n"[..]),
        Just(&b"Content-Type: message/rfc822\r\n"[..]),
        Just(&b"Content-Type: text/html; charset*0*=utf-8''x\r\n"[..]),
        Just(&b"Content-Transfer-Encoding: base64\r\n"[..]),
        Just(&b"Content-Disposition: attachment; filename*=utf-8''%C3\r\n"[..]),
        Just(&b"Subject: =?utf-8?q?=C3?=\r\n =?x?\r\n"[..]),
        Just(&b"Date: Tue, 99 Nov 99999 25:61:00 +9999\r\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"\n"[..]),
        Just(&b"--b\r\n"[..]),
        Just(&b"--b--\r\n"[..]),
        Just(&b"\n--b c"[..]),
        Just(&b"--d\n"[..]),
        Just(&b"text <a href='&amp;&#99999999;'>\xff\0 =E9=\r\n"[..]),
        Just(&b"From: \"a\" <"[..]),
        Just(&b"References: <a> <b>>>\r\n"[..]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn takes_apart(bytes: &[u8]) {
    let structure: Structure = scan(bytes, Limits::default());
    let whole = u32::try_from(bytes.len()).unwrap();
    check(&structure.root, &(0..whole));
    assert_eq!(structure.root.body.end, whole);
    let summary = Summary::parse(bytes);
    for piece in mailbox::Piece::ALL {
        summary.mentions(piece);
        summary.piece(piece).map(mailbox::parse::decode::words);
    }
    let shared = bytes::Bytes::copy_from_slice(bytes);
    let read = |range: Range<u64>| Ok::<_, ()>(shared.slice(range.start as usize..range.end as usize));
    text::told(&structure, 1 << 16, read).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_taken_apart(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        takes_apart(&bytes);
    }

    #[test]
    fn any_pieces_of_mime_are_taken_apart(bytes in pieces()) {
        takes_apart(&bytes);
    }
}

/// The contents of all leaves, decoded, as we read them.
fn ours(letter: &[u8], part: &Part, out: &mut Vec<String>) {
    use mailbox::parse::decode;
    if !part.children().is_empty() {
        return part.children().iter().for_each(|child| ours(letter, child, out));
    }
    let bytes = decode::body(part.transfer_encoding(), &letter[part.body.start as usize..part.body.end as usize]);
    out.push(match part.is("text", "") {
        true => decode::text(part.param("charset"), &bytes).into_owned(),
        false => bytes.escape_ascii().to_string(),
    });
}

/// The same, as mail-parser reads them.
fn theirs(message: &mail_parser::Message<'_>, out: &mut Vec<String>) {
    use mail_parser::PartType;
    for part in &message.parts {
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => out.push(text.to_string()),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => out.push(bytes.escape_ascii().to_string()),
            PartType::Message(message) => theirs(message, out),
            PartType::Multipart(_) => {}
        }
    }
}

#[test]
fn an_independent_parser_reads_the_same_parts() {
    for name in ["attachment", "forwarded", "newsletter", "french", "flowed", "digest", "no-type"] {
        let bytes = letter(name);
        let (mut our, mut their) = (Vec::new(), Vec::new());
        ours(&bytes, &scan(&bytes, Limits::default()).root, &mut our);
        theirs(&mail_parser::MessageParser::default().parse(&bytes).unwrap(), &mut their);
        assert_eq!(our, their, "{name}");
    }
}
