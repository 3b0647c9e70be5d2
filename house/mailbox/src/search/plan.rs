//! From criteria to work: what is asked of the index once, which letters are looked at, and how.

use std::collections::HashMap;
use std::ops::ControlFlow;

use mail::Timestamp;
use mail::seam::AccountId;
use roaring::RoaringTreemap;
use store::{Query, Store, View};

use super::narrow::{Narrowed, narrow};
use super::test::{Letter, Test};
use super::{Criteria, InThread, words};
use crate::fetch::{self, Row, Want};
use crate::{Error, FolderId, Keywords, System, UidRange, Uids, index, letter};

/// Rows looked at in one reading, by what is needed of them.
const ROWS: usize = 50_000;
const ROWS_WITH_SUMMARY: usize = 5_000;
/// Letters opened in one reading.
const OPENED: usize = 64;
/// Answers the index gives at once.
const ANSWERS: usize = 50_000;

/// The conversations of which so many letters have flags or a keyword.
pub type ThreadSets = HashMap<(InThread, u8, String), RoaringTreemap>;

/// A search ready to run.
pub struct Plan {
    test: Test,
    want: Want,
}

/// What one reading gave.
pub struct Batch {
    pub found: Uids,
    /// What is still to be looked at.
    pub rest: Vec<UidRange>,
}

/// What the index says to one question.
pub struct Words {
    pub query: Query,
    /// Letters that have the words.
    pub found: RoaringTreemap,
    /// Letters above this are not in the index for sure.
    pub reached: i64,
}

impl Words {
    async fn ask(store: &Store, account: AccountId, query: Query) -> Result<Self, Error> {
        let search = store.search();
        // Before the question, not after: what is above it is looked at directly.
        let reached = search.reached().await?;
        let mut found = RoaringTreemap::new();
        let mut before = None;
        loop {
            let answers = search.query(account.0, &query, before, ANSWERS).await?;
            found.extend(answers.iter().filter_map(|letter| u64::try_from(*letter).ok()));
            before = answers.last().copied();
            if answers.len() < ANSWERS {
                break;
            }
        }
        // Less than before: the index was lost in between and is being filled again.
        let reached = reached.min(search.reached().await?);
        Ok(Self { query, found, reached })
    }
}

impl Plan {
    /// Asks the index what is to be asked, and looks up the keywords.
    pub async fn make(store: &Store, account: AccountId, criteria: Criteria, now: Timestamp) -> Result<Self, Error> {
        let (mut asked, mut of_threads) = (Vec::new(), ThreadSets::new());
        questions(&criteria, &mut asked);
        thread_questions(&criteria, &mut of_threads);
        let (keywords, threads) = store
            .read(move |view| {
                let keywords = Keywords::load(view, account)?;
                for ((how, flags, keyword), threads) in &mut of_threads {
                    let wanted = super::order::Wanted::new(System::from_bits(*flags), keyword, &keywords);
                    *threads = super::order::threads_with(view, account, *how, &wanted)?;
                }
                Ok::<_, Error>((keywords, of_threads))
            })
            .await?;
        let mut answers = Vec::new();
        for query in asked {
            answers.push(match query {
                Some(query) => Some(Words::ask(store, account, query).await?),
                None => None,
            });
        }
        let test = Test::new(criteria, &keywords, now, &threads, &mut answers.into_iter());
        let summary = test.needs_summary();
        let card = summary || test.needs_letter();
        Ok(Self { want: Want { card, summary: card, structure: card && test.needs_letter() }, test })
    }

    /// What the indexes tell without a look at the letters.
    pub fn narrow(&self, view: &View, folder: FolderId) -> Result<Narrowed, Error> {
        narrow(view, folder, &self.test)
    }

    /// Looks at the next letters.
    pub fn batch(&self, view: &View, folder: FolderId, ranges: Vec<UidRange>) -> Result<Batch, Error> {
        let limit = if self.want.card { ROWS_WITH_SUMMARY } else { ROWS };
        let mut batch = Batch { found: Uids::new(), rest: Vec::new() };
        let (mut looked, mut next) = (0, None);
        let mut to_open: Vec<Row> = Vec::new();
        fetch::each(view, folder, &ranges, self.want, |row| {
            if looked >= limit || to_open.len() >= OPENED {
                next = Some(row.uid);
                return ControlFlow::Break(());
            }
            looked += 1;
            match self.test.of_row(&row) {
                Some(true) => {
                    batch.found.insert(row.uid);
                }
                Some(false) => {}
                None => to_open.push(row),
            }
            ControlFlow::Continue(())
        })?;
        for row in to_open {
            if self.test.of_letter(&row, &mut Letter::new(view, &row))? {
                batch.found.insert(row.uid);
            }
        }
        // The ranges ascend, so the rest of them begins with the row that found no room.
        batch.rest = next.map(|next| letter::rest(&ranges, next)).unwrap_or_default();
        Ok(batch)
    }
}

/// The questions to the index, in the order [`Test::new`] takes their answers.
fn questions(criteria: &Criteria, asked: &mut Vec<Option<Query>>) {
    match criteria {
        Criteria::And(all) | Criteria::Or(all) => all.iter().for_each(|one| questions(one, asked)),
        Criteria::Not(one) => questions(one, asked),
        Criteria::Body(text) => asked.push(body_question(text)),
        Criteria::Text(text) => asked.push(words::question(text, None)),
        _ => {}
    }
}

fn thread_questions(criteria: &Criteria, asked: &mut ThreadSets) {
    match criteria {
        Criteria::And(all) | Criteria::Or(all) => all.iter().for_each(|one| thread_questions(one, asked)),
        Criteria::Not(one) => thread_questions(one, asked),
        Criteria::Thread(how, flags, keyword) => {
            asked.insert((*how, flags.bits(), keyword.clone()), RoaringTreemap::new());
        }
        _ => {}
    }
}

/// The text of the body and the names of what is attached to it.
fn body_question(text: &str) -> Option<Query> {
    let fields = [store::Field::Body, store::Field::Attachment];
    let parts: Vec<Query> = fields.into_iter().filter_map(|field| words::question(text, Some(field))).collect();
    (!parts.is_empty()).then_some(Query::Or(parts))
}

/// The document of a letter that the index has not reached.
pub fn document(view: &View, row: &Row) -> Result<store::Document, Error> {
    let Some(card) = &row.card else { return Err(Error::Damaged("a letter")) };
    let summary = card.summary.clone().unwrap_or_default();
    let structure = card.structure.clone().unwrap_or_default();
    index::document(view, row.letter, AccountId(0), card.blob, &summary, &structure)
}
