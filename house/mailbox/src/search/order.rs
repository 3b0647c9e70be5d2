//! The orders of a list of letters, and the values that are compared.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use mail::header::Mention;
use roaring::RoaringTreemap;
use store::{View, params};

use super::InThread;
use crate::fetch::Row;
use crate::parse::decode::{fold, words};
use crate::{Access, Error, FlagSet, KeywordId, Keywords, Piece, Summary, System};

/// The value by which letters are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// When it was received.
    Received,
    /// The time in its Date field; without one, the time at which it was received.
    Sent,
    /// Its size.
    Size,
    /// The name, or else the address, of its first author.
    From,
    /// The same of its first recipient.
    To,
    /// The subject without what replies put before it (RFC 5256 §2.1).
    Subject,
    /// True if it has the flags or, with none given, the keyword.
    Keyword(System, String),
    /// True if so many letters of its conversation have them.
    Thread(InThread, System, String),
}

/// A comparison, and its direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The value that is compared.
    pub key: Key,
    /// True for the lowest first.
    pub ascending: bool,
}

/// The longest text compared, in octets.
const LONGEST: usize = 80;

/// The value of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    Number(i64),
    Text(Box<str>),
}

/// A key ready to be asked.
pub(super) enum Scale {
    Received,
    Sent,
    Size,
    From,
    To,
    Subject,
    Wanted(Wanted),
    Threads(RoaringTreemap),
}

impl Scale {
    pub fn new(view: &View, access: Access, key: &Key) -> Result<Self, Error> {
        Ok(match key {
            Key::Received => Self::Received,
            Key::Sent => Self::Sent,
            Key::Size => Self::Size,
            Key::From => Self::From,
            Key::To => Self::To,
            Key::Subject => Self::Subject,
            Key::Keyword(flags, keyword) => Self::Wanted(Wanted::new(*flags, keyword, &Keywords::load(view, access)?)),
            Key::Thread(how, flags, keyword) => {
                let wanted = Wanted::new(*flags, keyword, &Keywords::load(view, access)?);
                Self::Threads(threads_with(view, access, *how, &wanted)?)
            }
        })
    }

    /// Returns true if the letter's summary must be read.
    pub fn needs_summary(&self) -> bool {
        matches!(self, Self::Sent | Self::From | Self::To | Self::Subject)
    }

    pub fn weigh(&self, row: &Row) -> Worth {
        let summary = row.card.as_ref().and_then(|card| card.summary.as_ref());
        match self {
            Self::Received => Worth::Number(row.received.0),
            Self::Sent => {
                let sent = summary.and_then(|summary| summary.sent).map(|sent| sent.seconds.saturating_mul(1000));
                Worth::Number(sent.unwrap_or(row.received.0))
            }
            Self::Size => Worth::Number(i64::try_from(row.size).unwrap_or(i64::MAX)),
            Self::From => Worth::Text(first_name(summary, Piece::From)),
            Self::To => Worth::Text(first_name(summary, Piece::To)),
            Self::Subject => {
                Worth::Text(clip(base_subject(&summary.and_then(Summary::subject).map(words).unwrap_or_default())))
            }
            Self::Wanted(wanted) => Worth::Number(wanted.is_in(&row.flags).into()),
            Self::Threads(threads) => {
                Worth::Number(u64::try_from(row.thread.0).is_ok_and(|thread| threads.contains(thread)).into())
            }
        }
    }
}

/// Compares by each key in turn.
pub(super) fn compare(one: &[Worth], other: &[Worth], orders: &[Order]) -> Ordering {
    for ((a, b), order) in one.iter().zip(other).zip(orders) {
        let ordering = if order.ascending { a.cmp(b) } else { b.cmp(a) };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

/// Flags that are asked for, or a keyword.
pub(super) struct Wanted {
    flags: System,
    keyword: Option<KeywordId>,
}

impl Wanted {
    pub fn new(flags: System, keyword: &str, keywords: &Keywords) -> Self {
        Self { flags, keyword: keywords.id(keyword) }
    }

    pub fn is_in(&self, flags: &FlagSet) -> bool {
        match self.flags.is_empty() {
            true => self.keyword.is_some_and(|keyword| flags.has(keyword)),
            false => flags.system.contains(self.flags),
        }
    }
}

/// The conversations of which so many visible letters are as wanted.
pub(super) fn threads_with(
    view: &View,
    access: Access,
    how: InThread,
    wanted: &Wanted,
) -> Result<RoaringTreemap, Error> {
    let (mut with, mut without) = (RoaringTreemap::new(), RoaringTreemap::new());
    for folder in crate::folder::list(view, access)? {
        view.check()?;
        view.for_each(
            "SELECT thread, flags, keywords FROM entry WHERE folder = $1 AND (flags & 8) = 0",
            params![folder.id.0],
            |row| {
                let thread = row.get::<u64>(0)?;
                match wanted.is_in(&crate::fetch::flags(row, 1, 2)?) {
                    true => with.insert(thread),
                    false => without.insert(thread),
                };
                Ok(ControlFlow::Continue(()))
            },
        )?;
    }
    Ok(match how {
        InThread::Some => with,
        InThread::All => with - without,
    })
}

fn first_name(summary: Option<&Summary>, piece: Piece) -> Box<str> {
    let value = summary.and_then(|summary| summary.piece(piece)).unwrap_or_default();
    let first = mail::header::mentions(value, 8).into_iter().find_map(|mention| match mention {
        Mention::Mailbox { name, local, domain, .. } => Some((name, local, domain)),
        _ => None,
    });
    let Some((name, local, domain)) = first else { return Box::default() };
    match name.map(|name| words(&name)).filter(|name| !name.trim().is_empty()) {
        Some(name) => clip(&name),
        None => clip(&format!("{}@{}", String::from_utf8_lossy(&local), String::from_utf8_lossy(&domain))),
    }
}

/// Folds a text, and cuts it to the part that is compared.
fn clip(text: &str) -> Box<str> {
    let mut folded = fold(text);
    let mut end = folded.len().min(LONGEST);
    while !folded.is_char_boundary(end) {
        end -= 1;
    }
    folded.truncate(end);
    folded.into()
}

/// The subject without `Re:`, `Fwd:`, `[list]` before it and `(fwd)` behind it (RFC 5256 §2.1).
pub fn base_subject(subject: &str) -> &str {
    let mut rest = subject.trim();
    loop {
        let before = rest;
        rest = without_end(rest, "(fwd)").trim_end();
        rest = without_blobs(without_reply(rest));
        if let Some(inside) = begins(rest, "[fwd:").and_then(|inside| inside.strip_suffix(']')) {
            rest = inside;
        }
        rest = rest.trim();
        if rest == before {
            return rest;
        }
    }
}

fn begins<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let head = text.get(..start.len())?;
    if head.eq_ignore_ascii_case(start) { text.get(start.len()..) } else { None }
}

fn without_end<'a>(text: &'a str, end: &str) -> &'a str {
    let cut = text.len().saturating_sub(end.len());
    match text.get(cut..) {
        Some(tail) if tail.eq_ignore_ascii_case(end) => text.get(..cut).unwrap_or(text),
        _ => text,
    }
}

/// `Re:`, `Fw:`, `Fwd:`, perhaps with blobs before the colon or before the word.
fn without_reply(text: &str) -> &str {
    let after_blobs = without_blobs(text);
    for word in ["re", "fwd", "fw"] {
        let Some(rest) = begins(after_blobs, word) else { continue };
        if let Some(rest) = without_blobs(rest.trim_start()).trim_start().strip_prefix(':') {
            return rest.trim_start();
        }
    }
    text
}

/// `[anything]` at the start, as long as something is left.
fn without_blobs(text: &str) -> &str {
    let mut rest = text;
    while let Some(inside) = rest.strip_prefix('[') {
        let Some(end) = inside.find([']', '[']).filter(|end| inside.as_bytes().get(*end) == Some(&b']')) else { break };
        let behind = inside.get(end + 1..).unwrap_or_default().trim_start();
        if behind.is_empty() {
            break;
        }
        rest = behind;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_compared_without_what_replies_put_before_it() {
        for (written, base) in [
            ("Re: Hello", "Hello"),
            ("re[2]: [list] Hello (fwd)", "Hello"),
            ("Fwd: RE: fw: Hello", "Hello"),
            ("[Fwd: Hello]", "Hello"),
            ("[all]", "[all]"),
            ("Regarding: x", "Regarding: x"),
            ("", ""),
            ("Re:", ""),
            ("[[a] b", "[[a] b"),
        ] {
            assert_eq!(base_subject(written), base, "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_subject_has_a_base(subject in "[\\[\\]:() \\PCrefwdREFWD]{0,40}") {
            base_subject(&subject);
        }
    }
}
