//! Answers FETCH and SEARCH about one letter.

use super::labels::{label, quoted};
use super::mailbox::GmailLetter;
use super::words::{day, holds};

/// Returns true if this item of FETCH asks for the whole letter.
pub(super) fn is_whole(item: &str) -> bool {
    matches!(item, "BODY[]" | "BODY.PEEK[]" | "RFC822")
        || item.starts_with("BODY.PEEK[]<0.")
        || item.starts_with("BODY[]<0.")
}

/// Says whether a letter fits the keys of SEARCH; `None` if a key is not known.
pub(super) fn fits(keys: &[String], letter: &GmailLetter, uid: u32, number: u32) -> Option<bool> {
    let mut keys = keys.iter();
    let mut fits = true;
    while let Some(key) = keys.next() {
        let seen = letter.flags.contains("\\Seen");
        fits &= match key.to_ascii_uppercase().as_str() {
            "ALL" | "UNDELETED" => true,
            "SEEN" => seen,
            "UNSEEN" => !seen,
            "DELETED" => letter.flags.contains("\\Deleted"),
            "SINCE" => day(&letter.date) >= day(keys.next()?),
            "BEFORE" => day(&letter.date) < day(keys.next()?),
            "UID" => holds(keys.next()?, uid, u32::MAX),
            set if set.starts_with(|c: char| c.is_ascii_digit() || c == '*') => holds(set, number, u32::MAX),
            _ => return None,
        };
    }
    Some(fits)
}

/// Returns the answer of FETCH to one item.
pub(super) fn answer(item: &str, letter: &GmailLetter, uid: u32, own: &str) -> Vec<u8> {
    let upper = item.to_ascii_uppercase();
    let text = match upper.as_str() {
        "UID" => format!("UID {uid}"),
        "FLAGS" => {
            let flags: Vec<&str> = letter.flags.iter().map(String::as_str).collect();
            format!("FLAGS ({})", flags.join(" "))
        }
        "INTERNALDATE" => format!("INTERNALDATE {}", quoted(&letter.date)),
        "RFC822.SIZE" => format!("RFC822.SIZE {}", letter.bytes.len()),
        "X-GM-MSGID" => format!("X-GM-MSGID {}", letter.id),
        "X-GM-THRID" => format!("X-GM-THRID {}", letter.thread),
        // A folder's own label is not told in it.
        "X-GM-LABELS" => {
            let labels: Vec<String> =
                letter.labels.iter().filter(|name| *name != own).map(|name| label(name)).collect();
            format!("X-GM-LABELS ({})", labels.join(" "))
        }
        _ => return section(&upper, letter),
    };
    text.into_bytes()
}

/// `BODY[…]` and the like, as a literal.
fn section(item: &str, letter: &GmailLetter) -> Vec<u8> {
    let name = item.replace(".PEEK", "");
    let (name, range) = match name.split_once("]<") {
        Some((name, range)) => (format!("{name}]"), Some(range.trim_end_matches('>').to_owned())),
        None => (name, None),
    };
    let header_end = letter.bytes.windows(4).position(|end| end == b"\r\n\r\n").map_or(letter.bytes.len(), |at| at + 4);
    let mut part: Vec<u8> = match name.as_str() {
        "BODY[]" | "RFC822" => letter.bytes.clone(),
        "BODY[HEADER]" | "RFC822.HEADER" => letter.bytes[..header_end].to_vec(),
        "BODY[TEXT]" => letter.bytes[header_end..].to_vec(),
        fields => fields_of(fields, &letter.bytes[..header_end]),
    };
    let mut shown = name;
    if let Some(range) = range {
        let (from, count) = range.split_once('.').unwrap_or((&range, "0"));
        let (from, count) = (from.parse::<usize>().unwrap_or(0), count.parse::<usize>().unwrap_or(0));
        let from_here = from.min(part.len());
        part = part[from_here..from_here.saturating_add(count).min(part.len())].to_vec();
        shown = format!("{shown}<{from}>");
    }
    let mut bytes = format!("{shown} {{{}}}\r\n", part.len()).into_bytes();
    bytes.extend(part);
    bytes
}

/// `BODY[HEADER.FIELDS (FROM TO)]`
fn fields_of(section: &str, header: &[u8]) -> Vec<u8> {
    let wanted = section.split(['(', ')']).nth(1).unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(' ').collect();
    let header = String::from_utf8_lossy(header);
    let mut out = String::new();
    let mut taking = false;
    for line in header.split_inclusive("\r\n") {
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default();
            taking = wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        }
        if taking {
            out.push_str(line);
        }
    }
    out.push_str("\r\n");
    out.into_bytes()
}
