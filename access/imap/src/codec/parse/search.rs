//! SEARCH (RFC 9051 §6.4.4) with MODSEQ (RFC 7162 §3.1.5), OLDER, YOUNGER (RFC 5032),
//! EMAILID and THREADID (RFC 8474).

use mailbox::parse::charset;

use super::append::keyword;
use super::set::{civil_date, sequence_set};
use crate::codec::command::{Flag, Numbering, Search, SearchKey, SearchReturn};
use crate::codec::cursor::{Cursor, Parsed};

/// The deepest nesting of keys: real clients chain some dozens of ORs.
const DEPTH_MAX: usize = 200;
/// The most keys in all.
const KEYS_MAX: usize = 4096;

/// The context that the keys of one command share.
struct Keys {
    /// The number of keys that may still come.
    left: usize,
    /// The charset of the command's texts, if it is neither US-ASCII nor UTF-8.
    charset: Option<String>,
}

impl Keys {
    fn new(charset: Option<&str>) -> Self {
        let charset = charset.filter(|charset| !["US-ASCII", "UTF-8"].contains(charset));
        Self { left: KEYS_MAX, charset: charset.map(str::to_owned) }
    }

    fn count(&mut self) -> Parsed<()> {
        self.left = self.left.checked_sub(1).ok_or("There are too many search keys")?;
        Ok(())
    }

    /// Reads a text to search for. Octets that mean nothing in the charset cannot be found; the caller refuses unknown
    /// charsets.
    fn text(&self, cursor: &mut Cursor<'_>) -> Parsed<String> {
        let octets = cursor.astring()?;
        Ok(match &self.charset {
            Some(charset) => charset::read(Some(charset.as_bytes()), &octets, true).text.into_owned(),
            None => String::from_utf8_lossy(&octets).into_owned(),
        })
    }
}

pub(super) fn search(cursor: &mut Cursor<'_>, numbering: Numbering) -> Parsed<Search> {
    let mut returns = None;
    if cursor.eat_word(" RETURN ") {
        returns = Some(return_options(cursor)?);
    }
    let mut charset = None;
    if cursor.eat_word(" CHARSET ") {
        charset = Some(cursor.utf8()?.to_ascii_uppercase());
    }
    cursor.space()?;
    let mut shared = Keys::new(charset.as_deref());
    let mut keys = vec![key(cursor, DEPTH_MAX, &mut shared)?];
    while cursor.eat(b' ') {
        // Blanks at the end are forgiven.
        if cursor.peek().is_none() {
            break;
        }
        keys.push(key(cursor, DEPTH_MAX, &mut shared)?);
    }
    Ok(Search { numbering, returns, charset, keys })
}

fn return_options(cursor: &mut Cursor<'_>) -> Parsed<SearchReturn> {
    let mut returns = SearchReturn::default();
    let named = cursor.list(16, true, |cursor| {
        match cursor.word()?.as_str() {
            "MIN" => returns.min = true,
            "MAX" => returns.max = true,
            "ALL" => returns.all = true,
            "COUNT" => returns.count = true,
            "SAVE" => returns.save = true,
            _ => return Err("This return option of SEARCH is not known here".into()),
        }
        Ok(())
    })?;
    // RFC 4731 §3.1: an empty list means ALL.
    returns.all |= named.is_empty();
    Ok(returns)
}

fn key(cursor: &mut Cursor<'_>, depth: usize, shared: &mut Keys) -> Parsed<SearchKey> {
    let depth = depth.checked_sub(1).ok_or("Search keys are nested too deep")?;
    shared.count()?;
    match cursor.peek() {
        Some(b'(') => return Ok(SearchKey::And(cursor.list(KEYS_MAX, false, |cursor| key(cursor, depth, shared))?)),
        Some(b'0'..=b'9' | b'*' | b'$') => return Ok(SearchKey::Sequence(sequence_set(cursor)?)),
        _ => {}
    }
    let word = cursor.word()?;
    match word.as_str() {
        "NOT" => {
            cursor.space()?;
            Ok(SearchKey::Not(Box::new(key(cursor, depth, shared)?)))
        }
        "OR" => {
            cursor.space()?;
            either(cursor, depth, shared)
        }
        word => match without_argument(word) {
            Some(key) => Ok(key),
            None => with_argument(word, cursor, shared),
        },
    }
}

/// Reads the two keys behind `OR `. Either key may be such a pair again. All chained keys make one list, however deep
/// they are nested: some clients chain hundreds.
fn either(cursor: &mut Cursor<'_>, depth: usize, shared: &mut Keys) -> Parsed<SearchKey> {
    let (mut keys, mut wanted) = (Vec::new(), 2);
    loop {
        if cursor.eat_word("OR ") {
            shared.count()?;
            wanted += 1;
            continue;
        }
        keys.push(key(cursor, depth, shared)?);
        if keys.len() == wanted {
            return Ok(SearchKey::Or(keys));
        }
        cursor.space()?;
    }
}

fn without_argument(word: &str) -> Option<SearchKey> {
    Some(match word {
        "ALL" => SearchKey::All,
        "ANSWERED" => SearchKey::Flag(Flag::Answered),
        "DELETED" => SearchKey::Flag(Flag::Deleted),
        "DRAFT" => SearchKey::Flag(Flag::Draft),
        "FLAGGED" => SearchKey::Flag(Flag::Flagged),
        "SEEN" => SearchKey::Flag(Flag::Seen),
        "UNANSWERED" => SearchKey::NoFlag(Flag::Answered),
        "UNDELETED" => SearchKey::NoFlag(Flag::Deleted),
        "UNDRAFT" => SearchKey::NoFlag(Flag::Draft),
        "UNFLAGGED" => SearchKey::NoFlag(Flag::Flagged),
        "UNSEEN" => SearchKey::NoFlag(Flag::Seen),
        // RFC 3501 §6.4.4. Nothing is \Recent here, so nothing is NEW and everything is OLD.
        "NEW" | "RECENT" => SearchKey::Never,
        "OLD" => SearchKey::All,
        _ => return None,
    })
}

fn with_argument(word: &str, cursor: &mut Cursor<'_>, shared: &Keys) -> Parsed<SearchKey> {
    const UNKNOWN: &str = "This search key is not known here, or lacks its argument";
    cursor.space().map_err(|_| UNKNOWN)?;
    Ok(match word {
        "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => {
            SearchKey::Header { name: word.to_ascii_lowercase(), text: shared.text(cursor)? }
        }
        "HEADER" => {
            let name = cursor.utf8()?.to_ascii_lowercase();
            cursor.space()?;
            SearchKey::Header { name, text: shared.text(cursor)? }
        }
        "BODY" => SearchKey::Body(shared.text(cursor)?),
        "TEXT" => SearchKey::Text(shared.text(cursor)?),
        "KEYWORD" => SearchKey::Flag(keyword(cursor)?),
        "UNKEYWORD" => SearchKey::NoFlag(keyword(cursor)?),
        "BEFORE" => SearchKey::Before(date(cursor)?),
        "ON" => SearchKey::On(date(cursor)?),
        "SINCE" => SearchKey::Since(date(cursor)?),
        "SENTBEFORE" => SearchKey::SentBefore(date(cursor)?),
        "SENTON" => SearchKey::SentOn(date(cursor)?),
        "SENTSINCE" => SearchKey::SentSince(date(cursor)?),
        "LARGER" => SearchKey::Larger(cursor.number64()?),
        "SMALLER" => SearchKey::Smaller(cursor.number64()?),
        "OLDER" => SearchKey::Older(cursor.nz_number()?.get()),
        "YOUNGER" => SearchKey::Younger(cursor.nz_number()?.get()),
        "UID" => SearchKey::Uid(sequence_set(cursor)?),
        "MODSEQ" => SearchKey::ModSeq(mod_sequence(cursor)?),
        "EMAILID" => SearchKey::EmailId(object_id(cursor)?),
        "THREADID" => SearchKey::ThreadId(object_id(cursor)?),
        _ => return Err(UNKNOWN.into()),
    })
}

/// Reads `1-Feb-1994`, with or without quotes.
fn date(cursor: &mut Cursor<'_>) -> Parsed<jiff::civil::Date> {
    let text = cursor.astring()?;
    let date = std::str::from_utf8(&text).ok().and_then(civil_date);
    date.ok_or_else(|| "A date is written 1-Feb-1994".into())
}

/// Reads the id of an object: 1 to 255 letters, digits, `_` and `-` (RFC 8474 §7).
fn object_id(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let id = cursor.utf8()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match (1..=255).contains(&id.len()) && id.bytes().all(fits) {
        true => Ok(id),
        false => Err("An id has 1 to 255 letters, digits, _ and -".into()),
    }
}

/// RFC 7162 §3.1.5: an entry name and type may come before the number; only flags have entries, and all share one
/// number, so they are read and ignored.
fn mod_sequence(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    if cursor.peek() == Some(b'"') {
        cursor.string()?;
        cursor.space()?;
        if !matches!(cursor.word()?.as_str(), "ALL" | "PRIV" | "SHARED") {
            return Err("The type of an entry is all, priv or shared".into());
        }
        cursor.space()?;
    }
    cursor.number64()
}
