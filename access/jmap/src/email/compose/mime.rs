//! Writes the letter: fields, parts, and their encodings (RFC 2045, RFC 2046).

use std::fmt::Write as _;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

use super::fields::Fields;
use super::parts::{Content, Draft};

/// The longest line of a letter without its end (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;
/// The longest line that an encoding makes (RFC 2045 §6.7, §6.8).
const ENCODED_LINE: usize = 76;

/// Returns the octets of the letter.
pub fn write(fields: &Fields, draft: Draft) -> Bytes {
    let mut out = Vec::new();
    write_fields(fields, &mut out);
    write_part(draft, &mut out);
    out.into()
}

fn write_fields(fields: &Fields, out: &mut Vec<u8>) {
    for (name, value) in fields.iter() {
        out.extend_from_slice(format!("{name}:{value}\r\n").as_bytes());
    }
}

/// Writes its header, an empty line, its content.
fn write_part(draft: Draft, out: &mut Vec<u8>) {
    let mut head = String::new();
    describe(&draft, &mut head);
    let fields = draft.fields.clone();
    match draft.content {
        Content::Parts(parts) => {
            let boundary = format!("=_{:032x}", rand::random::<u128>());
            let _ = write!(head, "Content-Type: {};\r\n boundary=\"{boundary}\"\r\n", draft.kind);
            out.extend_from_slice(head.as_bytes());
            write_fields(&fields, out);
            out.extend_from_slice(b"\r\n");
            for part in parts {
                out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                write_part(part, out);
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        }
        content => {
            let (octets, encoding) = encoded(&draft.kind, content);
            if !fields.has("Content-Type") {
                let _ = write!(head, "Content-Type: {}", draft.kind);
                for (name, value) in &draft.parameters {
                    let _ = write!(head, ";\r\n {name}=\"{value}\"");
                }
                if let Some(charset) = draft.charset.as_deref().or(encoding.charset) {
                    let _ = write!(head, "; charset={charset}");
                }
                write_name(&mut head, "name", draft.name.as_deref());
                head.push_str("\r\n");
            }
            let _ = write!(head, "Content-Transfer-Encoding: {}\r\n", encoding.name);
            out.extend_from_slice(head.as_bytes());
            write_fields(&fields, out);
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&octets);
        }
    }
}

fn describe(draft: &Draft, head: &mut String) {
    if let Some(disposition) = draft.disposition.as_deref().or(draft.name.as_ref().map(|_| "attachment")) {
        let _ = write!(head, "Content-Disposition: {disposition}");
        write_name(head, "filename", draft.name.as_deref());
        head.push_str("\r\n");
    }
    if let Some(cid) = &draft.cid {
        let _ = write!(head, "Content-ID: <{cid}>\r\n");
    }
    if !draft.language.is_empty() {
        let _ = write!(head, "Content-Language: {}\r\n", draft.language.join(", "));
    }
    if let Some(location) = &draft.location {
        let _ = write!(head, "Content-Location: {location}\r\n");
    }
}

/// Writes `; filename="…"`, or the form of RFC 2231 if that is not possible, in pieces that fit on a line.
fn write_name(head: &mut String, param: &str, name: Option<&str>) {
    let Some(name) = name else { return };
    if name.len() <= 60 && name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(head, ";\r\n {param}=\"{quoted}\"");
        return;
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let encoded: Vec<String> =
        name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    for (number, piece) in encoded.chunks(18).enumerate() {
        let charset = if number == 0 { "utf-8''" } else { "" };
        let _ = write!(head, ";\r\n {param}*{number}*={charset}{}", piece.concat());
    }
}

/// The way that content is encoded.
struct Encoding {
    name: &'static str,
    charset: Option<&'static str>,
}

fn encoded(kind: &str, content: Content) -> (Vec<u8>, Encoding) {
    match content {
        Content::Text(text) => {
            let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
            let ascii = text.is_ascii() && !text.contains('\0');
            let charset = Some(if ascii { "us-ascii" } else { "utf-8" });
            let short = text.split("\r\n").all(|line| line.len() <= ENCODED_LINE + 2 && !line.ends_with(' '));
            match ascii && short {
                true => (text.into_bytes(), Encoding { name: "7bit", charset }),
                false => (quoted_printable(&text), Encoding { name: "quoted-printable", charset }),
            }
        }
        // RFC 2046 §5.2.1: a letter inside is written unchanged.
        Content::Octets(octets) if kind == "message/rfc822" && fits_in_lines(&octets) => {
            let name = if octets.is_ascii() { "7bit" } else { "8bit" };
            (octets.to_vec(), Encoding { name, charset: None })
        }
        Content::Octets(octets) => (base64(&octets), Encoding { name: "base64", charset: None }),
        Content::Blob(_) | Content::Parts(_) => (Vec::new(), Encoding { name: "7bit", charset: None }),
    }
}

fn fits_in_lines(octets: &[u8]) -> bool {
    !octets.contains(&0) && octets.split(|byte| *byte == b'\n').all(|line| line.len() <= LONGEST_LINE + 1)
}

fn base64(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() / 3 * 4 + octets.len() / 28 + 8);
    for piece in octets.chunks(ENCODED_LINE / 4 * 3) {
        out.extend_from_slice(BASE64_STANDARD.encode(piece).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Encodes, as RFC 2045 §6.7 says, a text whose lines end with CRLF.
fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    let lines: Vec<&str> = text.split("\r\n").collect();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        quote_line(line.as_bytes(), &mut out);
    }
    out
}

fn quote_line(line: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    for (at, &byte) in line.iter().enumerate() {
        let at_end = at + 1 == line.len();
        let blank = byte == b' ' || byte == b'\t';
        let plain = (byte.is_ascii_graphic() && byte != b'=') || (blank && !at_end);
        let width = if plain { 1 } else { 3 };
        // The line needs room for the soft line end.
        if column + width > ENCODED_LINE - 1 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        match plain {
            true => out.push(byte),
            false => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
        }
        column += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailbox::parse::{Encoding as Told, decode};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back(text in "[ -~\\té=\\n]{0,300}") {
            let octets = quoted_printable(&text.replace('\n', "\r\n"));
            prop_assert!(octets.split(|b| *b == b'\n').all(|line| line.len() <= ENCODED_LINE + 1));
            let back = decode::body(Told::QuotedPrintable, &octets);
            prop_assert_eq!(String::from_utf8(back).unwrap(), text.replace('\n', "\r\n"));
        }

        #[test]
        fn any_octets_come_back(octets in proptest::collection::vec(any::<u8>(), 0..500)) {
            prop_assert_eq!(decode::body(Told::Base64, &base64(&octets)), octets);
        }
    }

    #[test]
    fn names_of_files_are_written_so_that_they_can_be_read() {
        let mut head = String::new();
        write_name(&mut head, "filename", Some("a \"b\".txt"));
        assert_eq!(head, ";\r\n filename=\"a \\\"b\\\".txt\"");
        head.clear();
        write_name(&mut head, "filename", Some("été.pdf"));
        assert_eq!(head, ";\r\n filename*0*=utf-8''%C3%A9t%C3%A9.pdf");
    }
}
