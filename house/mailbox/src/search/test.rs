//! One letter against the criteria: first by its row alone, and only where that does not tell, by opening it.

use std::sync::Arc;

use roaring::RoaringTreemap;

use super::Criteria;
use super::forms::exact;
use super::known::{Known, Told};
use super::letter::Candidate;
use super::sought::Sought;
use crate::fetch::Row;
use crate::parse::decode::words as decoded;
use crate::{Change, Error, KeywordId, Piece, Summary, System, Uids};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Criteria ready to be asked: texts in their exact form, names looked up, the index's answers at hand.
pub enum Test {
    Always(bool),
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Flags(System),
    Keyword(KeywordId),
    Uids(Uids),
    /// The letter was received from the first moment to before the second, in milliseconds.
    Received(i64, i64),
    /// The letter was sent from the first day to before the second.
    Sent(i64, i64),
    Larger(u64),
    Smaller(u64),
    ChangedSince(Change),
    /// The field has the text in it.
    Field(Field, String, Option<Told>),
    Says(Box<Sought>, Told),
    Threads(Arc<RoaringTreemap>),
    Letters(Arc<RoaringTreemap>),
    Attached,
}

/// A field of the header: kept with the letter's row, or to be read from the letter.
pub enum Field {
    Kept(Piece),
    Other(String),
}

impl Test {
    /// Makes the tests of criteria, with the knowledge about them.
    pub fn new(criteria: Criteria, known: &Known) -> Self {
        match criteria.sought() {
            Some(Some(sought)) => {
                let told = known.said(&sought);
                return Self::Says(Box::new(sought), told);
            }
            // The empty text is in every letter.
            Some(None) => return Self::Always(true),
            None => {}
        }
        if let Some((name, text)) = criteria.header() {
            return Self::field(name, exact(text), known);
        }
        let all = |parts: Vec<Criteria>| parts.into_iter().map(|part| Self::new(part, known)).collect();
        match criteria {
            Criteria::All => Self::Always(true),
            Criteria::And(parts) => Self::and(all(parts)),
            Criteria::Or(parts) => Self::Or(all(parts)),
            Criteria::Not(part) => Self::Not(Box::new(Self::new(*part, known))),
            Criteria::Flags(flags) => Self::Flags(flags),
            Criteria::Keyword(name) => known.keywords.id(&name).map_or(Self::Always(false), Self::Keyword),
            Criteria::Thread(how, flags, keyword) => {
                known.threads(how, flags, keyword).map_or(Self::Always(false), Self::Threads)
            }
            // Letters of one folder that lie in others as well (see `Criteria::within`).
            Criteria::In(_) | Criteria::InOtherThan(_) => {
                known.lying(&criteria).map_or(Self::Always(false), Self::Letters)
            }
            Criteria::Attached => Self::Attached,
            Criteria::Uids(uids) => Self::Uids(uids),
            Criteria::Larger(size) => Self::Larger(size),
            Criteria::Smaller(size) => Self::Smaller(size),
            Criteria::ChangedSince(change) => Self::ChangedSince(change),
            other => Self::date(&other, known.now.0).unwrap_or(Self::Always(false)),
        }
    }

    fn field(name: &str, text: String, known: &Known) -> Self {
        let told = known.held(name, &text);
        let field = Piece::of(name.as_bytes()).map_or_else(|| Field::Other(name.to_owned()), Field::Kept);
        Self::Field(field, text, told)
    }

    fn date(criteria: &Criteria, now: i64) -> Option<Self> {
        let ago = |seconds: &u32| now.saturating_sub(i64::from(*seconds) * 1000);
        let midnight = |day: &super::Day| day.0.saturating_mul(DAY);
        Some(match criteria {
            Criteria::ReceivedFrom(time) => Self::Received(*time, i64::MAX),
            Criteria::ReceivedUntil(time) => Self::Received(i64::MIN, *time),
            Criteria::ReceivedBefore(day) => Self::Received(i64::MIN, midnight(day)),
            Criteria::ReceivedOn(day) => Self::Received(midnight(day), midnight(day).saturating_add(DAY)),
            Criteria::ReceivedSince(day) => Self::Received(midnight(day), i64::MAX),
            Criteria::SentBefore(day) => Self::Sent(i64::MIN, day.0),
            Criteria::SentOn(day) => Self::Sent(day.0, day.0.saturating_add(1)),
            Criteria::SentSince(day) => Self::Sent(day.0, i64::MAX),
            Criteria::Older(seconds) => Self::Received(i64::MIN, ago(seconds).saturating_add(1)),
            Criteria::Younger(seconds) => Self::Received(ago(seconds), i64::MAX),
            _ => return None,
        })
    }

    /// Nested conjunctions are one, so that each part can narrow the search.
    fn and(parts: Vec<Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::And(inner) => all.extend(inner),
                other => all.push(other),
            }
        }
        Self::And(all)
    }

    /// Returns true if it is cheaper to read each letter's kept fields along with its row. Where the index told nearly
    /// all about a field, the few letters it left open are opened instead.
    pub fn needs_summary(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::needs_summary),
            Self::Not(part) => part.needs_summary(),
            Self::Field(Field::Kept(_), _, told) => told.is_none(),
            Self::Sent(..) => true,
            _ => false,
        }
    }

    /// Returns true if the head of each letter must be read.
    pub fn needs_head(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::needs_head),
            Self::Not(part) => part.needs_head(),
            Self::Field(Field::Other(_), _, told) => told.is_none(),
            _ => false,
        }
    }

    /// Returns true if the text of a letter may have to be read.
    pub fn needs_body(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::needs_body),
            Self::Not(part) => part.needs_body(),
            Self::Says(..) => true,
            _ => false,
        }
    }

    /// Returns the answer of the index to this very test.
    pub fn told(&self) -> Option<&Told> {
        match self {
            Self::Says(_, told) | Self::Field(_, _, Some(told)) => Some(told),
            _ => None,
        }
    }

    /// The last letter that the index has seen in all its answers.
    pub fn reached(&self) -> i64 {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::reached).min().unwrap_or(i64::MAX),
            Self::Not(part) => part.reached(),
            test => test.told().map_or(i64::MAX, |told| told.answer.reached),
        }
    }

    /// The letters that may fit, of those that the index has seen; `None`: it does not tell.
    pub fn candidates(&self) -> Option<RoaringTreemap> {
        match self {
            Self::And(parts) => parts.iter().filter_map(Self::candidates).reduce(|one, other| one & other),
            Self::Or(parts) => parts.iter().map(Self::candidates).collect::<Option<Vec<_>>>().map(union),
            test => test.told().map(Told::candidates),
        }
    }

    /// The letters that fit, and others that may, if the index was asked for all there is.
    pub fn answered(&self) -> Option<(RoaringTreemap, RoaringTreemap)> {
        let all = |parts: &[Self]| parts.iter().map(Self::answered).collect::<Option<Vec<_>>>();
        match self {
            Self::And(parts) if !parts.is_empty() => {
                let both = |(sure, may): (RoaringTreemap, RoaringTreemap), (more, others): (RoaringTreemap, _)| {
                    let may = (&sure | may) & (&more | others);
                    (sure & more, may)
                };
                let (sure, may) = all(parts)?.into_iter().reduce(both)?;
                Some((sure.clone(), may - sure))
            }
            Self::Or(parts) => {
                let (sure, may): (Vec<_>, Vec<_>) = all(parts)?.into_iter().unzip();
                let sure = union(sure);
                Some((sure.clone(), union(may) - sure))
            }
            test => {
                let Told { answer, exact } = test.told()?;
                match exact {
                    true => Some((answer.found.clone(), answer.perhaps.clone())),
                    false => Some((RoaringTreemap::new(), &answer.found | &answer.perhaps)),
                }
            }
        }
    }

    /// Returns the answer that the row alone gives; `None`: the letter must be opened.
    pub fn of_row(&self, row: &Row) -> Option<bool> {
        match self {
            Self::Always(answer) => Some(*answer),
            Self::And(all) => all_of(all.iter().map(|test| test.of_row(row))),
            Self::Or(any) => all_of(any.iter().map(|test| test.of_row(row).map(|fits| !fits))).map(|none| !none),
            Self::Not(test) => test.of_row(row).map(|fits| !fits),
            Self::Flags(flags) => Some(row.flags.system.contains(*flags)),
            Self::Keyword(keyword) => Some(row.flags.has(*keyword)),
            Self::Uids(uids) => Some(uids.contains(row.uid)),
            Self::Received(first, end) => Some((*first..*end).contains(&row.received.0)),
            Self::Sent(first, end) => Some(sent_day(row).is_some_and(|day| (*first..*end).contains(&day))),
            Self::Larger(size) => Some(row.size > *size),
            Self::Smaller(size) => Some(row.size < *size),
            Self::ChangedSince(change) => Some(row.change >= *change),
            Self::Field(field, text, told) => told
                .as_ref()
                .and_then(|told| told.says(row.letter.0))
                .or_else(|| field.piece().and_then(|piece| kept_has(row, piece, text))),
            Self::Attached => row.attached,
            Self::Threads(threads) => Some(u64::try_from(row.thread.0).is_ok_and(|thread| threads.contains(thread))),
            Self::Letters(letters) => Some(u64::try_from(row.letter.0).is_ok_and(|letter| letters.contains(letter))),
            Self::Says(_, told) => told.says(row.letter.0),
        }
    }

    /// Returns the answer that the opened letter gives.
    pub fn of_letter(&self, row: &Row, letter: &mut Candidate<'_>) -> Result<bool, Error> {
        if let Some(answer) = self.of_row(row) {
            return Ok(answer);
        }
        match self {
            Self::And(all) => {
                for test in all {
                    if !test.of_letter(row, letter)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(any) => {
                for test in any {
                    if test.of_letter(row, letter)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(test) => Ok(!test.of_letter(row, letter)?),
            Self::Field(Field::Kept(piece), text, _) => letter.piece_has(*piece, text),
            Self::Field(Field::Other(name), text, _) => letter.header_has(name, text),
            Self::Says(sought, _) => letter.says(sought),
            // Filed before it was looked for.
            Self::Attached => letter.has_attachment(),
            _ => Ok(false),
        }
    }
}

/// All true: true. One false: false. Else not known yet.
fn all_of(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

fn summary(row: &Row) -> Option<&Summary> {
    row.card.as_ref()?.summary.as_ref()
}

/// A letter without a readable date counts by the day it was received (as in JMAP's sentAt and Dovecot).
fn sent_day(row: &Row) -> Option<i64> {
    Some(summary(row)?.sent.map_or(row.received.0.div_euclid(DAY), |sent| sent.day))
}

/// `None` if the kept fields were not read.
fn kept_has(row: &Row, piece: Piece, text: &str) -> Option<bool> {
    let summary = summary(row)?;
    let found = summary.piece(piece).is_some_and(|value| has(value, text));
    // If several fields have the name, the summary keeps one; the others are in the letter.
    (found || !summary.is_partial(piece)).then_some(found)
}

fn union(sets: Vec<RoaringTreemap>) -> RoaringTreemap {
    sets.into_iter().reduce(|one, other| one | other).unwrap_or_default()
}

impl Field {
    fn piece(&self) -> Option<Piece> {
        match self {
            Self::Kept(piece) => Some(*piece),
            Self::Other(_) => None,
        }
    }
}

/// Returns true if the text, in its exact form, is in the header value.
pub(super) fn has(value: &[u8], text: &str) -> bool {
    text.is_empty() || exact(&decoded(value)).contains(text)
}
