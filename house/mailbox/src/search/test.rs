//! One letter against the criteria: first by its row alone, and only where that does not tell, by opening it.

use mail::{Timestamp, header};
use roaring::RoaringTreemap;
use store::{Document, View};

use super::plan::{ThreadSets, Words, document};
use super::{Criteria, words};
use crate::fetch::Row;
use crate::parse::decode::{fold, words as decoded};
use crate::{Change, Error, KeywordId, Keywords, Piece, Summary, System, Uids, body};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Criteria ready to be asked: texts folded, names looked up, the index's answers at hand.
pub enum Test {
    Always(bool),
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    Flags(System),
    Keyword(KeywordId),
    Uids(Uids),
    /// From the first to before the second, in milliseconds.
    Received(i64, i64),
    /// From the first day to before the second.
    Sent(i64, i64),
    Larger(u64),
    Smaller(u64),
    ChangedSince(Change),
    Piece(Piece, String),
    Header(String, String),
    Words(Box<Words>),
    Threads(RoaringTreemap),
    Attached,
}

impl Test {
    /// `answers` are the index's, in the order the questions stand in the tree; `None` for a question without words.
    pub fn new(
        criteria: Criteria,
        keywords: &Keywords,
        now: Timestamp,
        threads: &ThreadSets,
        answers: &mut impl Iterator<Item = Option<Words>>,
    ) -> Self {
        let ago = |seconds: u32| now.0.saturating_sub(i64::from(seconds) * 1000);
        let midnight = |day: super::Day| day.0.saturating_mul(DAY);
        match criteria {
            Criteria::All => Self::Always(true),
            Criteria::And(all) => {
                Self::and(all.into_iter().map(|one| Self::new(one, keywords, now, threads, answers)).collect())
            }
            Criteria::Or(any) => {
                Self::Or(any.into_iter().map(|one| Self::new(one, keywords, now, threads, answers)).collect())
            }
            Criteria::Not(one) => Self::Not(Box::new(Self::new(*one, keywords, now, threads, answers))),
            Criteria::Flags(flags) => Self::Flags(flags),
            Criteria::Keyword(name) => keywords.id(&name).map_or(Self::Always(false), Self::Keyword),
            Criteria::Thread(how, flags, keyword) => {
                threads.get(&(how, flags.bits(), keyword)).map_or(Self::Always(false), |set| Self::Threads(set.clone()))
            }
            // Told apart folder by folder before (see `Criteria::within`).
            Criteria::In(_) => Self::Always(false),
            Criteria::ReceivedFrom(time) => Self::Received(time, i64::MAX),
            Criteria::ReceivedUntil(time) => Self::Received(i64::MIN, time),
            Criteria::Attached => Self::Attached,
            Criteria::Uids(uids) => Self::Uids(uids),
            Criteria::ReceivedBefore(day) => Self::Received(i64::MIN, midnight(day)),
            Criteria::ReceivedOn(day) => Self::Received(midnight(day), midnight(day).saturating_add(DAY)),
            Criteria::ReceivedSince(day) => Self::Received(midnight(day), i64::MAX),
            Criteria::SentBefore(day) => Self::Sent(i64::MIN, day.0),
            Criteria::SentOn(day) => Self::Sent(day.0, day.0.saturating_add(1)),
            Criteria::SentSince(day) => Self::Sent(day.0, i64::MAX),
            Criteria::Older(seconds) => Self::Received(i64::MIN, ago(seconds).saturating_add(1)),
            Criteria::Younger(seconds) => Self::Received(ago(seconds), i64::MAX),
            Criteria::Larger(size) => Self::Larger(size),
            Criteria::Smaller(size) => Self::Smaller(size),
            Criteria::ChangedSince(change) => Self::ChangedSince(change),
            Criteria::Header(name, text) => match Piece::of(name.as_bytes()) {
                Some(piece) => Self::Piece(piece, fold(&text)),
                None => Self::Header(name, fold(&text)),
            },
            Criteria::From(text) => Self::Piece(Piece::From, fold(&text)),
            Criteria::To(text) => Self::Piece(Piece::To, fold(&text)),
            Criteria::Cc(text) => Self::Piece(Piece::Cc, fold(&text)),
            Criteria::Bcc(text) => Self::Piece(Piece::Bcc, fold(&text)),
            Criteria::Subject(text) => Self::Piece(Piece::Subject, fold(&text)),
            // A text without a word in it is in every letter, as the empty text is.
            Criteria::Body(_) | Criteria::Text(_) => {
                answers.next().flatten().map_or(Self::Always(true), |words| Self::Words(Box::new(words)))
            }
        }
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

    /// Is a kept field or the date asked for?
    pub fn needs_summary(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::needs_summary),
            Self::Not(part) => part.needs_summary(),
            Self::Piece(..) | Self::Sent(..) => true,
            _ => false,
        }
    }

    /// May a letter have to be opened?
    pub fn needs_letter(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::needs_letter),
            Self::Not(part) => part.needs_letter(),
            Self::Header(..) | Self::Words(_) | Self::Attached => true,
            _ => false,
        }
    }

    /// What the row alone tells; `None`: the letter must be opened.
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
            Self::Piece(piece, text) => Some(summary(row).and_then(|s| s.piece(*piece)).is_some_and(|v| has(v, text))),
            Self::Header(..) => None,
            Self::Attached => row.attached,
            Self::Threads(threads) => Some(u64::try_from(row.thread.0).is_ok_and(|thread| threads.contains(thread))),
            Self::Words(words) => words.of_row(row),
        }
    }

    /// What the opened letter tells.
    pub fn of_letter(&self, row: &Row, letter: &mut Letter<'_>) -> Result<bool, Error> {
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
            Self::Header(name, text) => letter.header_has(name, text),
            Self::Words(words) => Ok(words::answers(letter.document()?, &words.query)),
            // Filed before it was looked for.
            Self::Attached => Ok(row
                .card
                .as_ref()
                .and_then(|card| card.structure.as_ref())
                .is_some_and(|structure| structure.bodies().has_attachment())),
            _ => Ok(false),
        }
    }
}

impl Words {
    fn of_row(&self, row: &Row) -> Option<bool> {
        if u64::try_from(row.letter.0).is_ok_and(|letter| self.found.contains(letter)) {
            return Some(true);
        }
        (row.letter.0 <= self.reached).then_some(false)
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

/// Is the folded text in the header value?
fn has(value: &[u8], folded: &str) -> bool {
    folded.is_empty() || fold(&decoded(value)).contains(folded)
}

/// A letter that has to be opened, each part of it read once.
pub struct Letter<'a> {
    view: &'a View,
    row: &'a Row,
    header: Option<bytes::Bytes>,
    document: Option<Document>,
}

impl<'a> Letter<'a> {
    pub fn new(view: &'a View, row: &'a Row) -> Self {
        Self { view, row, header: None, document: None }
    }

    fn header_has(&mut self, name: &str, text: &str) -> Result<bool, Error> {
        if self.header.is_none() {
            self.header = Some(self.read_header()?);
        }
        let bytes = self.header.as_deref().unwrap_or_default();
        Ok(header::fields(bytes).any(|field| field.is(name) && has(&field.value(), text)))
    }

    fn read_header(&self) -> Result<bytes::Bytes, Error> {
        let Some(card) = &self.row.card else { return Ok(bytes::Bytes::new()) };
        let Some(structure) = &card.structure else { return Ok(bytes::Bytes::new()) };
        body::header(self.view, card.blob, structure)
    }

    fn document(&mut self) -> Result<&Document, Error> {
        let document = match self.document.take() {
            Some(document) => document,
            None => document(self.view, self.row)?,
        };
        Ok(self.document.insert(document))
    }
}
