//! What is searched for.

use crate::{Change, FolderId, System, Uids};

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// A day of the calendar; `None` where there is none.
    pub fn of(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        let since = date.since(jiff::civil::Date::constant(1970, 1, 1)).ok()?;
        Some(Self(i64::from(since.get_days())))
    }
}

/// How many letters of a conversation have a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InThread {
    /// Every one.
    All,
    /// One at least.
    Some,
}

/// A tree of criteria. Sequence numbers are turned into UIDs by the session that knows them.
#[derive(Clone, Debug, PartialEq)]
pub enum Criteria {
    /// ALL
    All,
    /// All of these.
    And(Vec<Criteria>),
    /// Any of these.
    Or(Vec<Criteria>),
    /// NOT
    Not(Box<Criteria>),
    /// These system flags are all set.
    Flags(System),
    /// KEYWORD, by name.
    Keyword(String),
    /// In the conversation of the letter so many have the flags or, with none given, the keyword.
    Thread(InThread, System, String),
    /// In this folder.
    In(FolderId),
    /// Received at this time (in milliseconds since 1970) or later.
    ReceivedFrom(i64),
    /// Received before this time.
    ReceivedUntil(i64),
    /// There is something in it that a person would save.
    Attached,
    /// UID, and sequence sets once resolved.
    Uids(Uids),
    /// BEFORE: received on an earlier day (UTC).
    ReceivedBefore(Day),
    /// ON
    ReceivedOn(Day),
    /// SINCE: on that day or later.
    ReceivedSince(Day),
    /// SENTBEFORE, by the Date field as written.
    SentBefore(Day),
    /// SENTON
    SentOn(Day),
    /// SENTSINCE
    SentSince(Day),
    /// OLDER (RFC 5032): received at least so many seconds ago.
    Older(u32),
    /// YOUNGER (RFC 5032): received at most so many seconds ago.
    Younger(u32),
    /// LARGER than so many octets.
    Larger(u64),
    /// SMALLER than so many octets.
    Smaller(u64),
    /// MODSEQ (RFC 7162 §3.1.5): changed at this change or later.
    ChangedSince(Change),
    /// HEADER: the field is there and has this text in it; an empty text: it is there.
    Header(String, String),
    /// FROM
    From(String),
    /// TO
    To(String),
    /// CC
    Cc(String),
    /// BCC
    Bcc(String),
    /// SUBJECT
    Subject(String),
    /// BODY: words in the body.
    Body(String),
    /// TEXT: words in the header or the body.
    Text(String),
}

impl Criteria {
    /// The deepest nesting, and the most texts and header fields that the index is asked for.
    const DEEPEST: usize = 64;
    const MOST_TEXTS: usize = 64;
    const MOST_FIELDS: usize = 1_000;

    /// The same for letters of one folder: which folder they lie in is no question any more, and what follows from
    /// that falls away.
    pub(super) fn within(&self, folder: FolderId) -> Self {
        let all = |parts: &[Self]| -> Vec<Self> { parts.iter().map(|part| part.within(folder)).collect() };
        match self {
            Self::In(wanted) if *wanted == folder => Self::All,
            Self::In(_) => Self::none(),
            Self::Not(part) => match part.within(folder) {
                Self::All => Self::none(),
                part if part.is_none() => Self::All,
                part => Self::Not(Box::new(part)),
            },
            Self::And(parts) => {
                let mut parts = all(parts);
                if parts.iter().any(Self::is_none) {
                    return Self::none();
                }
                parts.retain(|part| *part != Self::All);
                match parts.len() {
                    0 => Self::All,
                    1 => parts.remove(0),
                    _ => Self::And(parts),
                }
            }
            Self::Or(parts) => {
                let mut parts = all(parts);
                if parts.contains(&Self::All) {
                    return Self::All;
                }
                parts.retain(|part| !part.is_none());
                match parts.len() {
                    1 => parts.remove(0),
                    _ => Self::Or(parts),
                }
            }
            other => other.clone(),
        }
    }

    /// The header field that is looked into, and for which text.
    pub(super) fn header(&self) -> Option<(&str, &str)> {
        Some(match self {
            Self::Header(name, text) => (name, text),
            Self::From(text) => ("From", text),
            Self::To(text) => ("To", text),
            Self::Cc(text) => ("Cc", text),
            Self::Bcc(text) => ("Bcc", text),
            Self::Subject(text) => ("Subject", text),
            _ => return None,
        })
    }

    /// The same with the texts among the parts put together, so that the index is asked for them at once.
    pub(super) fn grouped(self) -> Self {
        match self {
            Self::And(parts) => Self::And(group(parts, Self::And)),
            Self::Or(parts) => Self::Or(group(parts, Self::Or)),
            Self::Not(part) => Self::Not(Box::new(part.grouped())),
            other => other,
        }
    }

    /// Are texts all that is asked for? Not of what is nested deeper than the index takes apart.
    pub(super) fn is_text(&self) -> bool {
        self.is_text_within(TEXTS_DEEPEST)
    }

    fn is_text_within(&self, depth: usize) -> bool {
        match self {
            Self::Body(_) | Self::Text(_) => true,
            Self::And(parts) | Self::Or(parts) => {
                depth > 0 && !parts.is_empty() && parts.iter().all(|part| part.is_text_within(depth - 1))
            }
            _ => false,
        }
    }

    /// Fits no letter.
    pub(super) fn none() -> Self {
        Self::Or(Vec::new())
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::Or(parts) if parts.is_empty())
    }

    /// Can this be answered in bounded room and time?
    pub fn is_bounded(&self) -> bool {
        let (mut texts, mut fields) = (0, 0);
        self.count(Self::DEEPEST, &mut texts, &mut fields) && texts <= Self::MOST_TEXTS && fields <= Self::MOST_FIELDS
    }

    /// Counts what the index is asked for; false where the nesting is too deep.
    fn count(&self, depth: usize, texts: &mut usize, fields: &mut usize) -> bool {
        match self {
            _ if depth == 0 => return false,
            Self::And(parts) | Self::Or(parts) => return parts.iter().all(|part| part.count(depth - 1, texts, fields)),
            Self::Not(part) => return part.count(depth - 1, texts, fields),
            Self::Body(_) | Self::Text(_) | Self::Thread(..) => *texts += 1,
            other if other.header().is_some() => *fields += 1,
            _ => {}
        }
        true
    }
}

/// How deep texts may be nested in one question to the index.
const TEXTS_DEEPEST: usize = 4;

fn group(parts: Vec<Criteria>, join: fn(Vec<Criteria>) -> Criteria) -> Vec<Criteria> {
    let parts = parts.into_iter().map(Criteria::grouped);
    let (mut texts, mut others): (Vec<_>, Vec<_>) = parts.partition(Criteria::is_text);
    match texts.len() {
        0 | 1 => others.append(&mut texts),
        _ if others.is_empty() => return texts,
        _ => others.push(join(texts)),
    }
    others
}
