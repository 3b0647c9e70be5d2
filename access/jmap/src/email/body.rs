//! The parts of a letter and the text in them (RFC 8621 §4.1.4).

use std::borrow::Cow;

use mailbox::Error;
use mailbox::parse::decode::{self, Decoder};
use mailbox::parse::{Content, Encoding, Part, Structure};
use serde_json::{Value, json};

use super::header;
use super::letter::Letter;
use super::property::Property;
use crate::api::Object;
use crate::limits;

/// Octets read at once.
const PIECE: u64 = 256 * 1024;

/// The EmailBodyPart object, with those inside it where they are wanted.
pub fn part(letter: &Letter<'_>, part_: &Part, properties: &[Property], inside: bool) -> Result<Value, Error> {
    let is_multipart = part_.is("multipart", "");
    let mut object = Object::new();
    for property in properties {
        let value = match property {
            Property::Header(wanted) => header::property(&letter.header(part_)?, wanted),
            Property::Named("headers") => header::all(&letter.header(part_)?),
            Property::Named("blobId") if !is_multipart => letter.place.part(part_).id().into(),
            Property::Named("size") => size(letter, part_)?.into(),
            Property::Named("type") => kind(letter, part_)?.into(),
            Property::Named("subParts") => continue,
            Property::Named(name) => named(letter, part_, name, is_multipart),
        };
        object.insert(property.written().to_owned(), value);
    }
    // What is inside comes with the structure, whatever else was asked for.
    let wants_inside = inside || properties.contains(&Property::Named("subParts"));
    if let Content::Multipart(parts) = &part_.content
        && wants_inside
    {
        let parts: Value = parts.iter().map(|inner| part(letter, inner, properties, true)).collect::<Result<_, _>>()?;
        object.insert("subParts".into(), parts);
    } else if properties.contains(&Property::Named("subParts")) {
        object.insert("subParts".into(), Value::Null);
    }
    Ok(object.into())
}

fn named(letter: &Letter<'_>, part: &Part, name: &str, is_multipart: bool) -> Value {
    let text = |octets: &[u8]| Value::from(String::from_utf8_lossy(octets).replace('\0', ""));
    match name {
        "partId" if !is_multipart => part_id(&letter.structure, part).map_or(Value::Null, Value::from),
        "name" => part.file_name().map_or(Value::Null, Value::from),
        "charset" => match part.param("charset") {
            Some(charset) => text(charset),
            None if part.is("text", "") => "us-ascii".into(),
            None => Value::Null,
        },
        "disposition" => match &part.disposition {
            Some(disposition) => text(&disposition.kind.to_ascii_lowercase()),
            None => Value::Null,
        },
        "cid" => part.id.as_deref().map_or(Value::Null, |id| {
            text(id.trim_ascii().strip_prefix(b"<").unwrap_or(id).strip_suffix(b">").unwrap_or(id))
        }),
        "language" if !part.language.is_empty() => part.language.iter().map(|tag| text(tag)).collect(),
        "location" => part.location.as_deref().map_or(Value::Null, text),
        _ => Value::Null,
    }
}

/// The type as the part says it. A letter that came encoded, against MIME (RFC 2046 §5.2.1), is one all the same: to the
/// mailbox it is some octets, since it cannot be looked into in place.
fn kind(letter: &Letter<'_>, part: &Part) -> Result<String, Error> {
    let is_encoded = !matches!(part.transfer_encoding(), Encoding::Identity | Encoding::Unknown);
    if is_encoded && part.is("application", "octet-stream") {
        let header = letter.header(part)?;
        let said = mail::header::find(&header, "Content-Type").map(|field| field.value().to_ascii_lowercase());
        if said.is_some_and(|said| said.trim_ascii_start().starts_with(b"message/rfc822")) {
            return Ok("message/rfc822".to_owned());
        }
    }
    Ok(format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype)))
}

/// All parts that are no multipart, letters inside not looked into.
pub fn leaves<'a>(part: &'a Part, out: &mut Vec<&'a Part>) {
    match &part.content {
        Content::Multipart(parts) => parts.iter().for_each(|part| leaves(part, out)),
        _ => out.push(part),
    }
}

/// Its number among the parts, as IMAP counts them.
pub fn part_id(structure: &Structure, wanted: &Part) -> Option<String> {
    fn find(part: &Part, wanted: &Part, number: &str) -> Option<String> {
        if std::ptr::eq(part, wanted) {
            return Some(if number.is_empty() { "1".into() } else { number.into() });
        }
        let Content::Multipart(parts) = &part.content else { return None };
        let dot = if number.is_empty() { "" } else { "." };
        parts.iter().enumerate().find_map(|(index, part)| find(part, wanted, &format!("{number}{dot}{}", index + 1)))
    }
    find(&structure.root, wanted, "")
}

/// Octets after decoding.
fn size(letter: &Letter<'_>, part: &Part) -> Result<u64, Error> {
    if matches!(part.transfer_encoding(), Encoding::Identity | Encoding::Unknown) || part.is("multipart", "") {
        return Ok(part.size().into());
    }
    let mut total = 0;
    decode_pieces(letter, part, |piece| {
        total += piece.len() as u64;
        true
    })?;
    Ok(total)
}

/// Shows the decoded octets piece by piece until `take` has enough; false where it had.
fn decode_pieces(letter: &Letter<'_>, part: &Part, mut take: impl FnMut(&[u8]) -> bool) -> Result<bool, Error> {
    let mut decoder = Decoder::new(part.transfer_encoding());
    let (mut at, end) = (u64::from(part.body.start), u64::from(part.body.end));
    let mut out = Vec::new();
    while at < end {
        let octets = letter.read(at..end.min(at + PIECE))?;
        if octets.is_empty() {
            break;
        }
        at += octets.len() as u64;
        out.clear();
        decoder.push(&octets, &mut out);
        if !take(&out) {
            return Ok(false);
        }
    }
    out.clear();
    decoder.finish(&mut out);
    take(&out);
    Ok(true)
}

/// Makes EmailBodyValue objects.
pub struct Values {
    /// Octets of each at most; 0: as many as we give at all.
    pub limit: usize,
}

impl Values {
    /// The text of a part. `room` is what may still be given of all values, and is used up.
    pub fn of(&self, letter: &Letter<'_>, part: &Part, room: &mut usize) -> Result<Value, Error> {
        let limit = if self.limit == 0 { limits::BODY_VALUE } else { self.limit.min(limits::BODY_VALUE) };
        let limit = limit.min(*room);
        // No charset makes more than four octets into one.
        let enough = limit.saturating_mul(4).saturating_add(16);
        let mut octets = Vec::new();
        let whole = decode_pieces(letter, part, |piece| {
            octets.extend_from_slice(piece);
            octets.len() <= enough
        })?;
        if !whole {
            octets.truncate(enough);
            without_torn_character(&mut octets);
        }
        let (text, problem) = in_charset(part, &octets, whole);
        let mut text = text.replace("\r\n", "\n").replace('\0', "");
        let truncated = text.len() > limit || !whole;
        if truncated {
            cut(&mut text, limit, part.is("text", "html"));
        }
        *room = room.saturating_sub(text.len());
        let problem = problem || part.transfer_encoding() == Encoding::Unknown;
        Ok(json!({"value": text, "isEncodingProblem": problem, "isTruncated": truncated}))
    }
}

/// The text, and whether something was wrong with it. Of one that is not `whole` the last character may be torn.
fn in_charset<'a>(part: &Part, octets: &'a [u8], whole: bool) -> (Cow<'a, str>, bool) {
    let label = part.param("charset").filter(|label| !label.eq_ignore_ascii_case(b"us-ascii"));
    let Some(label) = label else {
        return (decode::text(None, octets), std::str::from_utf8(octets).is_err());
    };
    match encoding_rs::Encoding::for_label(label) {
        Some(encoding) if whole => encoding.decode_with_bom_removal(octets),
        Some(encoding) => beginning(encoding, octets),
        None => (decode::text(Some(label), octets), !label.eq_ignore_ascii_case(b"utf-7")),
    }
}

/// As much as the octets say, and whether something was wrong with that: what may still be a character is neither.
fn beginning(encoding: &'static encoding_rs::Encoding, octets: &[u8]) -> (Cow<'static, str>, bool) {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(octets.len()).unwrap_or_default());
    let (_, _, problem) = decoder.decode_to_string(octets, &mut text, false);
    (text.into(), problem)
}

fn without_torn_character(octets: &mut Vec<u8>) {
    if let Err(error) = std::str::from_utf8(octets)
        && error.error_len().is_none()
    {
        octets.truncate(error.valid_up_to());
    }
}

/// At the end of a character, and outside of a tag.
fn cut(text: &mut String, limit: usize, is_html: bool) {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    if !is_html {
        return;
    }
    if let Some(open) = open_tag(text) {
        text.truncate(open);
    }
    // What is no tag yet may have become one.
    if let Some(open) = text.rfind('<')
        && text.rfind('>').is_none_or(|close| close < open)
    {
        text.truncate(open);
    }
}

/// Where the tag or the comment begins that has not ended at the end of the text. A value in quotes may have anything in
/// it.
fn open_tag(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(open) = text.get(at..)?.find('<').map(|found| at + found) {
        let rest = text.get(open + 1..)?;
        let length = match rest.bytes().next() {
            _ if rest.starts_with("!--") => rest.find("-->").map(|end| end + 3),
            Some(b'/' | b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z') => tag_end(rest),
            _ => Some(0),
        };
        let Some(length) = length else { return Some(open) };
        at = open + 1 + length;
    }
    None
}

/// Behind the `>` that ends a tag.
fn tag_end(rest: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, b' ');
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return Some(at + 1),
            // Elsewhere it stands for itself.
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (None, _) => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_tags() {
        for (text, limit, html, kept) in [
            ("été", 2, false, "é".to_owned()),
            ("été", 1, false, String::new()),
            ("a <b>c</b> <a href=\"x\">", 15, true, "a <b>c</b> ".to_owned()),
            ("1 < 2", 5, true, "1 ".to_owned()),
            ("a <b> > c", 8, true, "a <b> > ".to_owned()),
            ("a <img alt=\"2 > 1\" src=x> b", 20, true, "a ".to_owned()),
            ("a <img alt='it > \"' src=x> b", 26, true, "a <img alt='it > \"' src=x>".to_owned()),
            ("a <!-- <b> \" --> <i>", 14, true, "a ".to_owned()),
            ("a <!-- <b> \" --> <i>", 16, true, "a <!-- <b> \" -->".to_owned()),
            ("<a href=x", 9, true, String::new()),
            ("a</b", 4, true, "a".to_owned()),
            ("a<", 2, true, "a".to_owned()),
        ] {
            let mut cut_text = text.to_owned();
            cut(&mut cut_text, limit, html);
            assert_eq!(cut_text, kept);
        }
    }
}
