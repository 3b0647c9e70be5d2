//! FETCH (RFC 9051 §6.4.5) with BINARY (RFC 3516), EMAILID and THREADID (RFC 8474), and the modifiers of RFC 7162.

use std::num::NonZeroU32;

use super::set::sequence_set;
use crate::codec::command::{Fetch, FetchItem, Numbering, Partial, Section, SectionText};
use crate::codec::cursor::{Cursor, Parsed, into_utf8};

/// Each item can cost a whole letter.
const ITEMS_MAX: usize = 256;
const FIELDS_MAX: usize = 256;
/// No stored letter has more deeply nested parts.
const PART_DEPTH_MAX: usize = 128;

pub(super) fn fetch(cursor: &mut Cursor<'_>, numbering: Numbering) -> Parsed<Fetch> {
    cursor.space()?;
    let set = sequence_set(cursor)?;
    cursor.space()?;
    let items = match cursor.peek() {
        Some(b'(') => cursor.list(ITEMS_MAX, false, item)?,
        _ => macro_or_item(cursor)?,
    };
    let mut fetch = Fetch { numbering, set, items, changed_since: None, vanished: false };
    if cursor.peek() == Some(b' ') {
        cursor.space()?;
        cursor.list(4, false, |cursor| modifier(cursor, &mut fetch))?;
    }
    Ok(fetch)
}

fn modifier(cursor: &mut Cursor<'_>, fetch: &mut Fetch) -> Parsed<()> {
    match cursor.word()?.as_str() {
        "CHANGEDSINCE" => {
            cursor.space()?;
            fetch.changed_since = Some(cursor.number64()?);
        }
        "VANISHED" => fetch.vanished = true,
        _ => return Err("This modifier of FETCH is not known here".into()),
    }
    Ok(())
}

fn macro_or_item(cursor: &mut Cursor<'_>) -> Parsed<Vec<FetchItem>> {
    let fast = || vec![FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size];
    let word = cursor.word()?;
    Ok(match word.as_str() {
        "FAST" => fast(),
        "ALL" => [fast(), vec![FetchItem::Envelope]].concat(),
        "FULL" => [fast(), vec![FetchItem::Envelope, FetchItem::Body]].concat(),
        _ => vec![named_item(&word, cursor)?],
    })
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let word = cursor.word()?;
    named_item(&word, cursor)
}

fn named_item(word: &str, cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    if cursor.peek() == Some(b'[') {
        return bracketed(word, cursor);
    }
    Ok(match word {
        "FLAGS" => FetchItem::Flags,
        "UID" => FetchItem::Uid,
        "INTERNALDATE" => FetchItem::InternalDate,
        "RFC822.SIZE" => FetchItem::Size,
        "ENVELOPE" => FetchItem::Envelope,
        "BODY" => FetchItem::Body,
        "BODYSTRUCTURE" => FetchItem::BodyStructure,
        "MODSEQ" => FetchItem::ModSeq,
        "EMAILID" => FetchItem::EmailId,
        "THREADID" => FetchItem::ThreadId,
        "RFC822" => FetchItem::Rfc822,
        "RFC822.HEADER" => FetchItem::Rfc822Header,
        "RFC822.TEXT" => FetchItem::Rfc822Text,
        _ => return Err("This item of FETCH is not known here".into()),
    })
}

fn bracketed(word: &str, cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let peek = word.ends_with(".PEEK");
    match word {
        "BODY" | "BODY.PEEK" => {
            let section = section(cursor)?;
            Ok(FetchItem::Section { section, peek, partial: partial(cursor)? })
        }
        "BINARY" | "BINARY.PEEK" => {
            let part = binary_part(cursor)?;
            Ok(FetchItem::Binary { part, peek, partial: partial(cursor)? })
        }
        "BINARY.SIZE" => Ok(FetchItem::BinarySize { part: binary_part(cursor)? }),
        _ => Err("This item of FETCH does not take a section".into()),
    }
}

fn binary_part(cursor: &mut Cursor<'_>) -> Parsed<Vec<NonZeroU32>> {
    cursor.expect(b'[', "A section is missing")?;
    let part = if cursor.peek() == Some(b']') { Vec::new() } else { part(cursor)?.0 };
    cursor.expect(b']', "A section does not end with ]")?;
    Ok(part)
}

fn section(cursor: &mut Cursor<'_>) -> Parsed<Section> {
    cursor.expect(b'[', "A section is missing")?;
    if cursor.eat(b']') {
        return Ok(Section { part: Vec::new(), text: SectionText::Whole });
    }
    let (part, more) = match cursor.peek() {
        Some(b'0'..=b'9') => part(cursor)?,
        _ => (Vec::new(), true),
    };
    let text = if more { section_text(cursor, part.is_empty())? } else { SectionText::Whole };
    cursor.expect(b']', "A section does not end with ]")?;
    Ok(Section { part, text })
}

/// Reads `1.2.3`, and returns true if a `.` and a word come after it.
fn part(cursor: &mut Cursor<'_>) -> Parsed<(Vec<NonZeroU32>, bool)> {
    let mut part = vec![cursor.nz_number()?];
    while cursor.eat(b'.') {
        if !matches!(cursor.peek(), Some(b'0'..=b'9')) {
            return Ok((part, true));
        }
        if part.len() == PART_DEPTH_MAX {
            return Err("A section goes too deep".into());
        }
        part.push(cursor.nz_number()?);
    }
    Ok((part, false))
}

fn section_text(cursor: &mut Cursor<'_>, whole_letter: bool) -> Parsed<SectionText> {
    Ok(match cursor.word()?.as_str() {
        "HEADER" => SectionText::Header,
        "HEADER.FIELDS" => SectionText::HeaderFields(field_names(cursor)?),
        "HEADER.FIELDS.NOT" => SectionText::HeaderFieldsNot(field_names(cursor)?),
        "TEXT" => SectionText::Text,
        "MIME" if whole_letter => return Err("MIME needs the number of a part before it".into()),
        "MIME" => SectionText::Mime,
        _ => return Err("This section is not known here".into()),
    })
}

fn field_names(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    cursor.space()?;
    cursor.list(FIELDS_MAX, false, |cursor| into_utf8(cursor.astring()?))
}

/// Reads `<first.count>`, or `<first>` for all from there on, which other servers accept as well.
fn partial(cursor: &mut Cursor<'_>) -> Parsed<Option<Partial>> {
    if !cursor.eat(b'<') {
        return Ok(None);
    }
    let first = cursor.number64()?;
    if cursor.eat(b'>') {
        return Ok(Some(Partial { first, count: i64::MAX as u64 }));
    }
    cursor.expect(b'.', "A partial fetch is written <first.count>")?;
    let count = cursor.number64()?;
    cursor.expect(b'>', "A partial fetch is written <first.count>")?;
    if count == 0 { Err("A partial fetch of nothing".into()) } else { Ok(Some(Partial { first, count })) }
}
