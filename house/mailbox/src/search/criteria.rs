//! The criteria of a search.

use std::collections::BTreeSet;

use store::Field;

use super::sought::{ANYWHERE, BODY, Sought};
use crate::{Change, FolderId, System, Uids};

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// A day of the calendar; `None` if there is none.
    pub fn of(year: i16, month: i8, day: i8) -> Option<Self> {
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        let since = date.since(jiff::civil::Date::constant(1970, 1, 1)).ok()?;
        Some(Self(i64::from(since.get_days())))
    }
}

/// The number of letters of a conversation that have a keyword.
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
    /// So many letters of the conversation have the flags or, with none given, the keyword.
    Thread(InThread, System, String),
    /// The letter is in this folder.
    In(FolderId),
    /// The letter is in a folder that is none of these.
    InOtherThan(Vec<FolderId>),
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
    /// BODY: a piece of text in the body.
    Body(String),
    /// TEXT: a piece of text in the header or the body.
    Text(String),
    /// Words as a person looks for them.
    Words(Words),
}

/// A word that a person looks for, or several in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The field that is searched.
    pub place: SearchField,
    /// The text as a person typed it, without the quotes.
    pub text: String,
    /// True if it was in quotes.
    pub quoted: bool,
    /// Tells whether it is found only as it was typed, not within a longer word or without its accents.
    pub as_typed: bool,
}

/// A field in which a person looks for words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SearchField {
    /// People, subject, body, and names of attachments.
    Anywhere,
    /// The sender.
    From,
    /// The recipients.
    To,
    /// The recipients of a copy.
    Cc,
    /// The recipients of a copy that the others do not know of.
    Bcc,
    /// The subject.
    Subject,
    /// The body.
    Body,
    /// The names of attachments.
    Name,
}

impl SearchField {
    fn fields(self) -> &'static [Field] {
        match self {
            Self::Anywhere => &ANYWHERE,
            Self::From => &[Field::From],
            Self::To => &[Field::To],
            Self::Cc => &[Field::Cc],
            Self::Bcc => &[Field::Bcc],
            Self::Subject => &[Field::Subject],
            Self::Body => &BODY,
            Self::Name => &[Field::Name],
        }
    }
}

impl Words {
    /// Returns the text to look for. `None`: nothing was typed.
    pub fn sought(&self) -> Option<Sought> {
        let sought = Sought::words(self.place.fields(), &self.text, self.quoted)?;
        Some(if self.as_typed { sought.as_typed(&self.text) } else { sought })
    }
}

impl Criteria {
    /// The deepest nesting, and the most texts and header fields that the index is asked for.
    const DEEPEST: usize = 64;
    const MOST_TEXTS: usize = 400;
    const MOST_FIELDS: usize = 1_000;

    /// The same for letters of one folder: that they lie in it is no question any more, and what follows from that falls away.
    /// `only`: they lie in no other folder.
    pub(super) fn within(&self, folder: FolderId, only: bool) -> Self {
        let all = |parts: &[Self]| -> Vec<Self> { parts.iter().map(|part| part.within(folder, only)).collect() };
        match self {
            Self::In(wanted) if *wanted == folder => Self::All,
            Self::InOtherThan(others) if !others.contains(&folder) => Self::All,
            Self::In(_) | Self::InOtherThan(_) if only => Self::none(),
            Self::Not(part) => match part.within(folder, only) {
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

    /// Folders of `all` such that each letter that fits lies in one of them; `None`: it may lie anywhere.
    pub(super) fn folders(&self, all: &[FolderId]) -> Option<BTreeSet<FolderId>> {
        match self {
            Self::In(folder) => Some(BTreeSet::from([*folder])),
            Self::InOtherThan(others) => Some(all.iter().copied().filter(|folder| !others.contains(folder)).collect()),
            Self::And(parts) => parts.iter().filter_map(|part| part.folders(all)).min_by_key(BTreeSet::len),
            Self::Or(parts) => {
                let each: Option<Vec<_>> = parts.iter().map(|part| part.folders(all)).collect();
                Some(each?.into_iter().flatten().collect())
            }
            _ => None,
        }
    }

    /// The criteria that say in which folders a letter lies.
    pub(super) fn of_folders<'c>(&'c self, found: &mut Vec<&'c Self>) {
        match self {
            Self::In(_) | Self::InOtherThan(_) if !found.contains(&self) => found.push(self),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.of_folders(found)),
            Self::Not(part) => part.of_folders(found),
            _ => {}
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

    /// The text that is looked for in the texts of letters; the inner `None`: an empty one, which is in each letter.
    pub(super) fn sought(&self) -> Option<Option<Sought>> {
        let piece = |fields: &[Field], text: &str| (!text.is_empty()).then(|| Sought::piece(fields, text));
        match self {
            Self::Body(text) => Some(piece(&BODY, text)),
            Self::Text(text) => Some(piece(&Field::ALL, text)),
            Self::Words(words) => Some(words.sought()),
            _ => None,
        }
    }

    /// The same, if what a person typed is found only as it was typed; `None` if no words are looked for.
    pub(super) fn as_typed(&self) -> Option<Self> {
        let mut typed = self.clone();
        typed.only_as_typed().then_some(typed)
    }

    fn only_as_typed(&mut self) -> bool {
        match self {
            Self::Words(words) => {
                words.as_typed = true;
                true
            }
            // Each of them, and not only up to the first that has words.
            Self::And(parts) | Self::Or(parts) => {
                parts.iter_mut().map(Self::only_as_typed).filter(|is| *is).count() > 0
            }
            // A word that must not be there ranks nothing.
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

    /// Returns true if this can be answered in bounded room and time.
    pub fn is_bounded(&self) -> bool {
        let (mut texts, mut fields) = (0, 0);
        self.count(Self::DEEPEST, &mut texts, &mut fields) && texts <= Self::MOST_TEXTS && fields <= Self::MOST_FIELDS
    }

    /// Counts the questions to the index; `false` if the nesting is too deep.
    fn count(&self, depth: usize, texts: &mut usize, fields: &mut usize) -> bool {
        match self {
            _ if depth == 0 => return false,
            Self::And(parts) | Self::Or(parts) => return parts.iter().all(|part| part.count(depth - 1, texts, fields)),
            Self::Not(part) => return part.count(depth - 1, texts, fields),
            Self::Body(_) | Self::Text(_) | Self::Words(_) | Self::Thread(..) => *texts += 1,
            other if other.header().is_some() => *fields += 1,
            _ => {}
        }
        true
    }
}
