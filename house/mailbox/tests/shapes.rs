//! Tests of letters as people's mailers shape them: each part is in their structure, with its name, and is found.

use std::ops::Range;

use facteur_mailbox as mailbox;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Content, Limits, Part, decode, scan, text};
use mailbox::{Section, SectionText, Structure, Summary};

const HEAD: &str = "From: Ann <ann@one.test>\r\nTo: bob@two.test\r\nSubject: shapes\r\nMIME-Version: 1.0\r\n";

fn letter(rest: &str) -> Vec<u8> {
    format!("{HEAD}{rest}").into_bytes()
}

fn parts(content_type: &str, parts: &[&str]) -> Vec<u8> {
    let body: String = parts.iter().map(|part| format!("--B\r\n{part}\r\n")).collect();
    letter(&format!("Content-Type: {content_type}\r\n\r\n{body}--B--\r\n"))
}

fn structure(letter: &[u8]) -> Structure {
    scan(letter, Limits::default())
}

/// The tree as text: `multipart/mixed(text/plain application/pdf)`.
fn tree(part: &Part) -> String {
    let kind = format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype));
    match part.children() {
        [] => kind,
        children => format!("{kind}({})", children.iter().map(tree).collect::<Vec<_>>().join(" ")),
    }
}

fn tree_of(letter: &[u8]) -> String {
    tree(&structure(letter).root)
}

/// The decoded octets of a part.
fn body_of(letter: &[u8], number: &[u32]) -> String {
    let structure = structure(letter);
    let part = structure.part(number).unwrap();
    let octets = &letter[part.body.start as usize..part.body.end as usize];
    let decoded = decode::body(part.transfer_encoding(), octets);
    decode::part_text(part, &decoded, true).text.into_owned()
}

/// Returns the octets of a section.
fn section(letter: &[u8], section: &Section) -> Option<String> {
    let path = structure(letter).locate(section)?;
    let octets = &letter[path[0].start as usize..path[0].end as usize];
    Some(String::from_utf8(unpacked(&path, octets)).unwrap())
}

/// The text of a letter and the names of its attachments, each part and each name on a line of its own.
struct Said {
    body: String,
    attachments: String,
}

fn told(letter: &[u8]) -> Said {
    let bytes = bytes::Bytes::copy_from_slice(letter);
    let read = |range: Range<u64>| Ok::<_, ()>(bytes.slice(range.start as usize..range.end as usize));
    let told = text::told(&structure(letter), 1 << 20, read).unwrap();
    let lines = |texts: &[String]| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
    Said { body: lines(&told.body), attachments: lines(&told.names) }
}

const PDF: &str =
    "Content-Type: application/pdf; name=bill.pdf\r\nContent-Disposition: attachment; filename=bill.pdf\r\n\r\nPDF";
const PLAIN: &str = "Content-Type: text/plain\r\n\r\nplain words";
const HTML: &str = "Content-Type: text/html\r\n\r\n<b>rich words</b>";

#[test]
fn a_boundary_that_is_used_twice_loses_no_part() {
    let inner = format!(
        "Content-Type: multipart/alternative; boundary=\"B\"\r\n\r\n--B\r\n{PLAIN}\r\n--B\r\n{HTML}\r\n--B--\r\n"
    );
    let bytes = parts("multipart/mixed; boundary=B", &[&inner, PDF]);
    assert_eq!(tree_of(&bytes), "multipart/mixed(multipart/alternative(text/plain text/html) application/pdf)");
    assert_eq!(body_of(&bytes, &[1, 1]), "plain words");
    assert_eq!(body_of(&bytes, &[2]), "PDF");
    // A part before it, and one more level.
    let bytes = parts("multipart/mixed; boundary=B", &[PLAIN, &inner, PDF]);
    assert_eq!(
        tree_of(&bytes),
        "multipart/mixed(text/plain multipart/alternative(text/plain text/html) application/pdf)"
    );
    let outer = format!("Content-Type: multipart/related; boundary=B\r\n\r\n--B\r\n{inner}--B\r\n{PLAIN}\r\n--B--\r\n");
    let bytes = parts("multipart/mixed; boundary=B", &[&outer, PDF]);
    assert_eq!(
        tree_of(&bytes),
        "multipart/mixed(multipart/related(multipart/alternative(text/plain text/html) text/plain) application/pdf)"
    );
    // A writer that closes once.
    let bytes = letter(&format!("Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n{inner}"));
    assert_eq!(tree_of(&bytes), "multipart/mixed(multipart/alternative(text/plain text/html))");
}

#[test]
fn a_boundary_may_be_told_in_pieces() {
    for boundary in [
        "boundary*0*=us-ascii''%3D_ab;\r\n boundary*1*=cd",
        "boundary*0=\"=_a\"; boundary*1=bcd",
        "boundary*=utf-8''%3D_abcd",
        "boundary=\"=_abcd\"",
    ] {
        let body = "--=_abcd\r\n\r\ntext\r\n--=_abcd\r\nContent-Type: application/pdf\r\n\r\nx\r\n--=_abcd--\r\n";
        let bytes = letter(&format!("Content-Type: multipart/mixed;\r\n {boundary}\r\n\r\n{body}"));
        assert_eq!(tree_of(&bytes), "multipart/mixed(text/plain application/pdf)", "{boundary}");
    }
}

#[test]
fn a_part_without_an_empty_line_has_its_text() {
    let bytes =
        parts("multipart/mixed; boundary=B", &["Content-Type: text/plain\r\nThe words are here.", "Bare words."]);
    assert_eq!(body_of(&bytes, &[1]), "The words are here.");
    assert_eq!(body_of(&bytes, &[2]), "Bare words.");
    assert!(told(&bytes).body.contains("The words are here."));
}

#[test]
fn a_letter_that_came_encoded_is_a_letter() {
    let inner = "RnJvbTogY2FybEB0aHJlZS50ZXN0DQpTdWJqZWN0OiBpbm5lciBwZWxpY2FuDQoNCmlubmVyIHRleHQNCg==";
    let encoded = format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{inner}");
    let bytes = parts("multipart/mixed; boundary=B", &[PLAIN, &encoded]);
    assert_eq!(tree_of(&bytes), "multipart/mixed(text/plain message/rfc822)");
    let structure = structure(&bytes);
    let Content::Message(message) = &structure.part(&[2]).unwrap().content else { panic!("a letter") };
    assert_eq!(message.summary.subject(), Some(&b"inner pelican"[..]));
    assert!(message.root.is("text", "plain"));
    // The content of the inner letter stands nowhere in the octets of the letter, and is found all the same.
    for (part, text, expected) in [
        (vec![2], Some(SectionText::Header), "From: carl@three.test\r\nSubject: inner pelican\r\n\r\n"),
        (vec![2], Some(SectionText::Text), "inner text\r\n"),
        (vec![2, 1], None, "inner text\r\n"),
        (vec![2], None, inner),
    ] {
        assert_eq!(section(&bytes, &Section { part, text }).as_deref(), Some(expected));
    }
    assert_eq!(section(&bytes, &Section { part: vec![2, 2], text: None }), None);
    assert!(told(&bytes).body.contains("inner pelican") && told(&bytes).body.contains("inner text"));
    let printable = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSubject: =3D=3D\r\n\r\ncaf=C3=A9";
    let bytes = parts("multipart/mixed; boundary=B", &[printable]);
    assert!(told(&bytes).body.contains("==") && told(&bytes).body.contains("café"));
    // One that has been moved keeps what is inside where it is.
    let head = "Delivered-To: bob\r\n";
    let moved = [head.as_bytes(), &bytes].concat();
    assert!(told(&moved).body.contains("café"));
}

#[test]
fn uuencode_is_undone() {
    let part = "Content-Type: text/plain; name=hello.txt\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n\
        begin 644 hello.txt\r\n,:&5L;&\\@=V]R;&0*\r\n`\r\nend";
    let bytes = parts("multipart/mixed; boundary=B", &[part]);
    assert_eq!(body_of(&bytes, &[1]), "hello world\n");
    assert!(told(&bytes).body.contains("hello world"));
}

#[test]
fn line_ends_of_a_windows_text_file_end_the_header() {
    let bytes = parts("multipart/mixed; boundary=B", &[PLAIN, PDF]);
    let twice = String::from_utf8(bytes).unwrap().replace("\r\n", "\r\r\n").into_bytes();
    assert_eq!(tree_of(&twice), "multipart/mixed(text/plain application/pdf)");
    assert_eq!(body_of(&twice, &[1]), "plain words");
    let marked = [b"\xef\xbb\xbf".as_slice(), &letter("\r\nbody\r\n")].concat();
    assert_eq!(Summary::parse(&marked).from(), Some(&b"Ann <ann@one.test>"[..]));
    assert_eq!(body_of(&marked, &[1]), "body\r\n");
}

#[test]
fn a_type_that_cannot_be_read_keeps_the_name() {
    for kind in ["PDF; name=bill.pdf", "application/vnd ms; NAME=\"bill.pdf\"", "; name*=utf-8''bill.pdf"] {
        let part = format!("Content-Type: {kind}\r\nContent-Disposition: attachment\r\n\r\nx");
        let structure = structure(&parts("multipart/mixed; boundary=B", &[PLAIN, &part]));
        assert_eq!(structure.part(&[2]).unwrap().file_name().as_deref(), Some("bill.pdf"), "{kind}");
    }
}

#[test]
fn names_of_attachments_are_read_as_they_were_meant() {
    for (written, name) in [
        ("filename=report (1).pdf", "report (1).pdf"),
        ("filename*=utf-8''=?utf-8?B?w6l0w6kucGRm?=", "été.pdf"),
        ("filename*0=\"=?utf-8?B?w6l0\"; filename*1=\"w6kucGRm?=\"", "été.pdf"),
        ("filename*0*=''%E9t%E9.pdf", "été.pdf"),
        ("filename==?iso-8859-1?Q?r=E9sum=E9?= (2).doc", "résumé (2).doc"),
        ("filename=\"../../etc/passwd\"", "passwd"),
        ("filename=\"invoice\u{202e}fdp.exe\"", "invoicefdp.exe"),
        ("filename*=utf-8''nul.txt", "_nul.txt"),
    ] {
        let part = format!("Content-Type: application/pdf\r\nContent-Disposition: attachment; {written}\r\n\r\nx");
        let bytes = parts("multipart/mixed; boundary=B", &[PLAIN, &part]);
        assert_eq!(structure(&bytes).part(&[2]).unwrap().file_name().as_deref(), Some(name), "{written}");
        assert_eq!(told(&bytes).attachments, format!("{name}\n"), "what is found is what is shown");
    }
}

#[test]
fn text_is_found_in_whatever_charset_and_alternative_it_stands() {
    let stub = "Content-Type: text/plain\r\n\r\n ";
    let sale = "Content-Type: text/html\r\n\r\n<p>The winter sale of zebrawood tables</p>";
    assert!(told(&parts("multipart/alternative; boundary=B", &[stub, sale])).body.contains("zebrawood"));
    let same = "Content-Type: text/html\r\n\r\n<p>Plain <i>words</i></p>";
    // A phrase that only one of the two forms has is found as well: each is told.
    let both = told(&parts("multipart/alternative; boundary=B", &[PLAIN, same])).body.to_lowercase();
    assert_eq!(both.matches("plain words").count(), 2);
    let report = "Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; lost@nowhere.test";
    assert!(told(&parts("multipart/report; boundary=B", &[PLAIN, report])).body.contains("lost@nowhere.test"));
    for head in ["\r\n", "Content-Type: text/plain; charset=ANSI_X3.4-1968\r\n\r\n", "Content-Type: text/plain\r\n\r\n"]
    {
        assert!(told(&letter(&format!("{head}L’été à la forêt"))).body.contains("L’été à la forêt"), "{head}");
    }
    let mut russian = letter("Content-Type: text/html\r\n\r\n<meta charset=windows-1251>");
    russian.extend_from_slice(&encoding_rs::WINDOWS_1251.encode("Привет, мир").0);
    assert!(told(&russian).body.contains("Привет, мир"));
}

#[test]
fn raw_fields_are_in_the_charset_of_the_text() {
    let koi8 = |text: &str| encoding_rs::KOI8_R.encode(text).0.into_owned();
    let subject = koi8("Привет");
    for rest in [
        "Content-Type: text/plain; charset=koi8-r\r\n\r\nx",
        "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain;\r\n charset=KOI8-R\r\n\r\nx\r\n--B--\r\n",
    ] {
        let bytes = [
            b"Subject: ",
            &subject[..],
            b"\r\nFrom: ",
            &koi8("Иван, =?utf-8?q?=C3=A9?="),
            b" <ivan@one.test>\r\n",
            rest.as_bytes(),
        ]
        .concat();
        let summary = Summary::parse(&bytes);
        assert_eq!(summary.subject(), Some("Привет".as_bytes()), "{rest}");
        assert_eq!(summary.from(), Some("Иван, =?utf-8?q?=C3=A9?= <ivan@one.test>".as_bytes()));
        assert_eq!(Summary::decode(&summary.encode()), Some(summary));
    }
    // Raw octets in an encoded word are in the charset of the word.
    let summary = Summary::parse(b"Subject: Heinz =?iso-8859-1?Q?M\xfcller?=\r\n\r\n");
    assert_eq!(summary.subject(), Some(&b"Heinz =?iso-8859-1?Q?M=FCller?="[..]));
    // A value in UTF-8 stays as it is, whatever charset the text has.
    let summary = Summary::parse("Subject: forêt\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n".as_bytes());
    assert_eq!(summary.subject(), Some("forêt".as_bytes()));
}

#[test]
fn of_two_fields_the_last_counts_and_both_are_known_not_to_be_whole() {
    let summary = Summary::parse(b"Subject: first\r\nTo: a@b\r\nSubject: second\r\nTo: c@d\r\n\r\n");
    assert_eq!(summary.subject(), Some(&b"second"[..]));
    assert_eq!(summary.to(), Some(&b"a@b, c@d"[..]));
    assert!(!summary.is_whole(mailbox::Piece::Subject));
}

#[test]
fn no_shape_takes_time_beyond_proportion_to_the_letter() {
    let cost = |letter: &[u8]| {
        let begun = std::time::Instant::now();
        Summary::parse(letter);
        told(letter);
        begun.elapsed()
    };
    let size = 1 << 20;
    let repeated =
        |head: &str, item: &[u8]| [HEAD.as_bytes(), head.as_bytes(), &item.repeat(size / item.len())].concat();
    let nested = "--B\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n";
    for (shape, letter) in [
        ("one boundary in itself", repeated("Content-Type: multipart/mixed; boundary=B\r\n\r\n", nested.as_bytes())),
        (
            "lines that could be fields",
            repeated("Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n", b"a=b\r\n"),
        ),
        ("raw fields", repeated("", b"Subject: \xe9\r\n")),
        ("raw people", repeated("Cc: ", b"\xe9 <a@b>, ")),
        ("raw words", repeated("Subject: ", b"=?a?q?\xe9?= ")),
        ("open words of people", repeated("Cc: ", b"=?a?q?<")),
        ("open words with an end", repeated("Cc: ", b"=?a?q?<=?a?q?< ?=")),
        ("people without commas", repeated("Cc: ", b"a <b@c>")),
        (
            "many alternatives",
            repeated(
                "Content-Type: multipart/alternative; boundary=B\r\n\r\n",
                b"--B\r\n\r\nsome words are said here\r\n",
            ),
        ),
        ("uuencode", repeated("Content-Transfer-Encoding: x-uuencode\r\n\r\n", b"begin 644 x\r\nM\r\nend\r\n")),
    ] {
        assert!(cost(&letter).as_secs() < 5, "{shape}: {:?}", cost(&letter));
    }
}
