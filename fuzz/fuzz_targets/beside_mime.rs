//! Files that stand in a leaf beside MIME (uuencode, yEnc, TNEF with packed RTF), and letters that a signature is wrapped around: any octets are read, each part lies in the letter and
//! decodes in bounds, none is hidden, and what is told of the letter is no more than is asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Encoding, Limits, Part, scan, text};

fn leaves<'a>(part: &'a Part, out: &mut Vec<&'a Part>) {
    match part.shown_parts() {
        Some(parts) => parts.iter().for_each(|part| leaves(part, out)),
        None => out.push(part),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let kinds = [
        "text/plain",
        "application/ms-tnef",
        "message/rfc822",
        "multipart/mixed; boundary=b",
        "application/pkcs7-mime",
    ];
    let kind = usize::from(choice & 15) % kinds.len();
    let encoding = ["8bit", "quoted-printable", "x-yenc", "x-uuencode"][usize::from(choice >> 4 & 3)];
    let head = format!("Content-Type: {}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n", kinds[kind]);
    // TNEF and CMS have beginnings that chance does not find.
    let signature: &[u8] = match kind {
        1 => b"\x78\x9f\x3e\x22\x01\x00",
        4 => {
            b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00\
            \x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x24\x80"
        }
        _ => b"",
    };
    let letter = [head.as_bytes(), signature, body].concat();
    let structure = scan(&letter, Limits::default());
    let bodies = structure.shown_bodies();
    let mut all = Vec::new();
    leaves(&structure.root, &mut all);
    for part in all {
        let lists = bodies.text.iter().chain(&bodies.html).chain(&bodies.attachments);
        assert!(lists.into_iter().any(|listed| std::ptr::eq(*listed, part)));
        let path = part.steps();
        let clear = unpacked(&path, &letter[path[0].start as usize..path[0].end as usize]);
        assert!(clear.len() <= letter.len() || path.iter().any(|step| step.encoding == Encoding::RtfText));
    }
    let bytes = bytes::Bytes::from(letter);
    let read = |range: std::ops::Range<u64>| Ok::<_, ()>(bytes.slice(range.start as usize..range.end as usize));
    let told = text::told(&structure, 65_536, read);
    let length = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
    assert!(told.is_ok_and(|told| length(&told.body) + length(&told.names) <= 65_536));
});
