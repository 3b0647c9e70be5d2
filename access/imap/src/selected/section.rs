//! The names of `BODY[…]` and `BINARY[…]`: their label in the answer, the way to their octets, and the fields that a
//! `HEADER.FIELDS` picks (RFC 9051 §6.4.5.1, RFC 3516).

use mailbox::Structure;
use mailbox::parse::{Encoding, Step};

use crate::codec::command::{Partial, Section, SectionText};
use crate::codec::write::{astring, number};

/// Writes `BODY[1.HEADER.FIELDS (From To)]<0>`: the answer repeats the client's item, and the origin without the count.
pub fn label(out: &mut Vec<u8>, section: &Section, partial: Option<Partial>) {
    out.extend_from_slice(b"BODY[");
    part_numbers(out, &section.part);
    let dot: &[u8] = if section.part.is_empty() { b"" } else { b"." };
    let (word, names): (&[u8], &[String]) = match &section.text {
        SectionText::Whole => (b"", &[]),
        SectionText::Header => (b"HEADER", &[]),
        SectionText::Text => (b"TEXT", &[]),
        SectionText::Mime => (b"MIME", &[]),
        SectionText::HeaderFields(names) => (b"HEADER.FIELDS", names),
        SectionText::HeaderFieldsNot(names) => (b"HEADER.FIELDS.NOT", names),
    };
    if !word.is_empty() {
        out.extend_from_slice(dot);
        out.extend_from_slice(word);
    }
    if !names.is_empty() {
        out.extend_from_slice(b" (");
        for (i, name) in names.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            astring(out, name.as_bytes());
        }
        out.push(b')');
    }
    out.push(b']');
    origin(out, partial);
}

/// Writes `<0>` behind the brackets.
pub fn origin(out: &mut Vec<u8>, partial: Option<Partial>) {
    if let Some(partial) = partial {
        out.push(b'<');
        number(out, partial.first);
        out.push(b'>');
    }
}

/// Writes `1.2.3`.
pub fn part_numbers(out: &mut Vec<u8>, part: &[std::num::NonZeroU32]) {
    for (i, n) in part.iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        number(out, u64::from(n.get()));
    }
}

/// Returns the way to a section, from the octets of a letter of `size` octets; none if the letter has no such section.
pub fn located(size: u64, tree: Option<&Structure>, section: &mailbox::Section) -> Option<Vec<Step>> {
    if section.part.is_empty() && section.text.is_none() {
        return Some(vec![Step { start: 0, end: size, encoding: Encoding::Identity }]);
    }
    tree?.locate(section)
}

/// A part has an encoding that this server cannot undo.
pub struct Undecodable;

/// Returns the way to a part with its encoding taken off (RFC 3516 §4.3). The whole letter has no encoding to take off,
/// and a multipart has no octets of its own to decode.
pub fn decoded(
    size: u64,
    tree: Option<&Structure>,
    section: &mailbox::Section,
) -> Result<Option<Vec<Step>>, Undecodable> {
    let Some(mut path) = located(size, tree, section) else { return Ok(None) };
    if section.part.is_empty() {
        return Ok(Some(path));
    }
    let Some(part) = tree.and_then(|tree| tree.part(&section.part)).filter(|part| !part.is("multipart", "")) else {
        return Ok(None);
    };
    let encoding = part.transfer_encoding();
    if encoding == Encoding::Unknown {
        return Err(Undecodable);
    }
    Step { start: 0, end: part.size().into(), encoding }.join(&mut path);
    Ok(Some(path))
}

/// Returns the named fields of a header, or with `except` all others, and the empty line, which is always there (RFC
/// 9051 §6.4.5.1).
pub fn picked_fields(header: &[u8], names: &[String], except: bool) -> Vec<u8> {
    let mut picked = Vec::new();
    for field in mail::header::fields(header) {
        if names.iter().any(|name| field.is(name)) != except {
            picked.extend_from_slice(field.whole);
            // A letter can end in the middle of its header; the empty line must stand alone all the same.
            if !field.whole.ends_with(b"\n") {
                picked.extend_from_slice(b"\r\n");
            }
        }
    }
    picked.extend_from_slice(b"\r\n");
    picked
}

/// Returns the slice of `length` octets that `<first.count>` names; nothing beyond the end (RFC 9051 §6.4.5).
pub fn slice(length: u64, partial: Option<Partial>) -> std::ops::Range<u64> {
    let Some(Partial { first, count }) = partial else { return 0..length };
    let start = first.min(length);
    start..first.saturating_add(count).clamp(start, length)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn labelled(part: &[u32], text: SectionText, partial: Option<Partial>) -> String {
        let part = part.iter().filter_map(|n| NonZeroU32::new(*n)).collect();
        let mut out = Vec::new();
        label(&mut out, &Section { part, text }, partial);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_label_repeats_the_question() {
        assert_eq!(labelled(&[], SectionText::Whole, None), "BODY[]");
        assert_eq!(labelled(&[1, 2], SectionText::Whole, Some(Partial { first: 7, count: 9 })), "BODY[1.2]<7>");
        assert_eq!(labelled(&[4], SectionText::Mime, None), "BODY[4.MIME]");
        let names = vec!["From".to_owned(), "X \"Odd\"".to_owned()];
        assert_eq!(
            labelled(&[], SectionText::HeaderFields(names.clone()), None),
            r#"BODY[HEADER.FIELDS (From "X \"Odd\"")]"#
        );
        assert_eq!(
            labelled(&[1], SectionText::HeaderFieldsNot(names[..1].to_vec()), None),
            "BODY[1.HEADER.FIELDS.NOT (From)]"
        );
    }

    #[test]
    fn fields_are_picked_in_the_order_of_the_letter_with_their_folds() {
        let header = b"From: a\r\nSubject: long\r\n one\r\nTo: b\r\nfrom: c\r\n\r\n";
        let names = ["to".to_owned(), "FROM".to_owned()];
        assert_eq!(picked_fields(header, &names, false), b"From: a\r\nTo: b\r\nfrom: c\r\n\r\n");
        assert_eq!(picked_fields(header, &names, true), b"Subject: long\r\n one\r\n\r\n");
        assert_eq!(picked_fields(b"", &names, false), b"\r\n");
        assert_eq!(picked_fields(b"To: x", &names, false), b"To: x\r\n\r\n");
    }

    #[test]
    fn a_slice_ends_where_the_section_ends() {
        let part = |first, count| slice(10, Some(Partial { first, count }));
        assert_eq!(slice(10, None), 0..10);
        assert_eq!(part(0, 4), 0..4);
        assert_eq!(part(8, 100), 8..10);
        assert_eq!(part(10, 1), 10..10);
        assert_eq!(part(u64::MAX, u64::MAX), 10..10);
    }
}
