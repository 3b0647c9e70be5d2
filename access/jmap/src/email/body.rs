//! The parts of a letter and the text in them (RFC 8621 §4.1.4).

use mailbox::parse::charset::Read;
use mailbox::parse::decode;
use mailbox::parse::{Encoding, Part, Step, Unpacker};
use serde_json::{Value, json};

use super::header::Header;
use super::letter::EmailView;
use super::property::Property;
use super::room::Room;
use crate::api::{MethodError, Object};
use crate::limits;

/// Octets that one read returns.
const PIECE: u64 = 256 * 1024;

/// Returns the EmailBodyPart object, with the parts inside it if the client wants them. Its size is taken from `room`.
pub fn part(
    letter: &EmailView<'_>,
    part_: &Part,
    properties: &[Property],
    inside: bool,
    room: &mut Room,
) -> Result<Value, MethodError> {
    let (object, wants_list) = alone(letter, part_, properties, room)?;
    let mut object = object;
    // The parts inside always come with the structure, even if the client did not ask for them.
    if let Some(parts) = part_.sub_parts()
        && (inside || wants_list)
    {
        let parts: Value =
            parts.iter().map(|inner| part(letter, inner, properties, true, room)).collect::<Result<_, _>>()?;
        object.insert("subParts".into(), parts);
    } else if wants_list {
        object.insert("subParts".into(), Value::Null);
    }
    Ok(object.into())
}

/// Describes the part itself, and says whether the client asked for the parts inside it.
fn alone(
    letter: &EmailView<'_>,
    part: &Part,
    properties: &[Property],
    room: &mut Room,
) -> Result<(Object, bool), MethodError> {
    let is_multipart = is_multipart(part);
    let mut header = None;
    let (mut object, mut wants_list) = (Object::new(), false);
    letter.check()?;
    for property in properties {
        let value = match property {
            Property::Header(wanted) => header_of(letter, part, &mut header)?.property(wanted),
            Property::Named("headers") => header_of(letter, part, &mut header)?.all(),
            Property::Named("blobId") if !is_multipart => letter.place.part(part).id().into(),
            Property::Named("size") => size(letter, part)?.into(),
            Property::Named("type") => kind(part).into(),
            Property::Named("subParts") => {
                wants_list = true;
                continue;
            }
            Property::Named(name) => named(letter, part, name, is_multipart),
        };
        room.take(&value)?;
        object.insert(property.written().to_owned(), value);
    }
    room.take(&Value::Object(Object::new()))?;
    Ok((object, wants_list))
}

/// Returns the part's header, which is read once.
fn header_of<'h>(
    letter: &EmailView<'_>,
    part: &Part,
    header: &'h mut Option<Header>,
) -> Result<&'h Header, MethodError> {
    match header {
        Some(header) => Ok(header),
        none => Ok(none.insert(letter.header(part)?)),
    }
}

fn named(letter: &EmailView<'_>, part: &Part, name: &str, is_multipart: bool) -> Value {
    let text = |octets: &[u8]| Value::from(String::from_utf8_lossy(octets).replace('\0', ""));
    match name {
        "partId" if !is_multipart => letter.known.number(&letter.structure, part).map_or(Value::Null, Value::from),
        // The parts found in winmail.dat have names of their own.
        "name" if is_multipart => Value::Null,
        "name" => part.file_name().map_or(Value::Null, Value::from),
        "charset" => match part.charset() {
            Some(charset) => text(charset.as_bytes()),
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

/// Returns true for a part that is shown as parts, and not as octets of its own.
fn is_multipart(part: &Part) -> bool {
    part.is("multipart", "") || part.sub_parts().is_some()
}

fn kind(part: &Part) -> String {
    // A leaf with texts and files in it is shown as the multipart that MIME would have made of them.
    if is_multipart(part) && !part.is("multipart", "") {
        return "multipart/mixed".to_owned();
    }
    format!("{}/{}", String::from_utf8_lossy(&part.kind), String::from_utf8_lossy(&part.subtype))
}

/// Collects all parts that are no multipart, without looking into letters inside, and those that a signature is wrapped
/// around.
pub fn leaves<'a>(part: &'a Part, out: &mut Vec<&'a Part>) {
    match part.shown_parts() {
        Some(parts) => parts.iter().for_each(|part| leaves(part, out)),
        None => out.push(part),
    }
}

/// Returns the number of octets after decoding.
fn size(letter: &EmailView<'_>, part: &Part) -> Result<u64, MethodError> {
    if matches!(part.transfer_encoding(), Encoding::Identity | Encoding::Unknown) || is_multipart(part) {
        return Ok(part.size().into());
    }
    letter.known.size(part, || {
        let mut total = 0;
        decode_pieces(letter, &part.steps(), |piece| {
            total += piece.len() as u64;
            true
        })?;
        Ok(total)
    })
}

/// Returns the octets that a path leads to, at most `most` of them.
pub fn octets(letter: &EmailView<'_>, path: &[Step], most: usize) -> Result<Vec<u8>, MethodError> {
    let mut octets = Vec::new();
    decode_pieces(letter, path, |piece| {
        octets.extend_from_slice(piece);
        octets.len() < most
    })?;
    octets.truncate(most);
    Ok(octets)
}

/// Passes the octets at the end of a path to `take` piece by piece until it has enough; returns false if it had enough.
fn decode_pieces(
    letter: &EmailView<'_>,
    path: &[Step],
    mut take: impl FnMut(&[u8]) -> bool,
) -> Result<bool, MethodError> {
    let mut unpacker = Unpacker::new(path);
    let (mut at, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    let mut out = Vec::new();
    while at < end && !unpacker.has_all() {
        let octets = letter.read(at..end.min(at + PIECE))?;
        if octets.is_empty() {
            break;
        }
        at += octets.len() as u64;
        out.clear();
        unpacker.push(&octets, &mut out);
        if !take(&out) {
            return Ok(false);
        }
    }
    out.clear();
    unpacker.finish(&mut out);
    take(&out);
    Ok(true)
}

/// Makes EmailBodyValue objects.
pub struct Values {
    /// The most octets of each value; 0: as many as we return at all.
    pub limit: usize,
}

impl Values {
    /// Returns the text of a part. `room` is the number of octets that all values may still have, and is used up.
    pub fn of(&self, letter: &EmailView<'_>, part: &Part, room: &mut usize) -> Result<Value, MethodError> {
        let limit = if self.limit == 0 { limits::BODY_VALUE } else { self.limit.min(limits::BODY_VALUE) };
        let limit = limit.min(*room);
        // Few charsets turn two octets into more than one character; for those that do, the text is shorter and marked
        // as cut.
        let enough = limit.saturating_mul(2).saturating_add(16);
        let mut octets = Vec::new();
        let whole = decode_pieces(letter, &part.steps(), |piece| {
            octets.extend_from_slice(piece);
            octets.len() <= enough
        })?;
        if !whole {
            octets.truncate(enough);
        }
        let Read { text, sound } = decode::part_text(part, &octets, whole);
        let mut text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace('\0', "");
        let truncated = text.len() > limit || !whole;
        if truncated {
            cut(&mut text, limit, part.is("text", "html"));
        }
        *room = room.saturating_sub(text.len());
        let problem = !sound || part.transfer_encoding() == Encoding::Unknown;
        Ok(json!({"value": text, "isEncodingProblem": problem, "isTruncated": truncated}))
    }
}

/// Cuts at the end of a character, and outside of a tag.
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
    // A `<` that begins no tag in the cut text may have begun one in the whole text.
    if let Some(open) = text.rfind('<')
        && text.rfind('>').is_none_or(|close| close < open)
    {
        text.truncate(open);
    }
}

/// Returns the offset of a tag or comment that is still open at the end of the text. A quoted value may contain any
/// character.
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

/// Returns the offset behind the `>` that ends a tag.
fn tag_end(rest: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, b' ');
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return Some(at + 1),
            // Elsewhere a quotation mark stands for itself.
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
