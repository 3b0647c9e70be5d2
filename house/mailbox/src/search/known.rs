//! What is gathered once for a search before any letter is looked at: keywords, conversations, and what the full-text
//! index says for the whole account.

use std::collections::HashMap;
use std::sync::Arc;

use mail::Timestamp;
use mail::seam::AccountId;
use roaring::RoaringTreemap;
use store::{Answer, Asker, Query, Question, Store};

use super::{Criteria, InThread, fields, order, words};
use crate::parse::decode::fold;
use crate::{Error, Keywords, System};

/// The conversations of which so many letters have flags or a keyword.
type ThreadSets = HashMap<(InThread, u8, String), Arc<RoaringTreemap>>;

/// What a search knows.
pub struct Known {
    pub keywords: Keywords,
    pub now: Timestamp,
    threads: ThreadSets,
    answers: HashMap<Question, Arc<Answer>>,
}

/// What the index said about a part of the search.
#[derive(Clone)]
pub struct Told {
    pub answer: Arc<Answer>,
    /// Are the letters it found found for sure?
    pub exact: bool,
}

impl Told {
    /// Does the letter fit? `None`: only a look at it can tell.
    pub fn says(&self, letter: i64) -> Option<bool> {
        self.answer.says(letter).filter(|fits| self.exact || !fits)
    }

    /// The letters that may fit, of those that the index has reached.
    pub fn candidates(&self) -> RoaringTreemap {
        &self.answer.found | &self.answer.perhaps
    }
}

impl Known {
    /// Reads what all the criteria need, and asks the index once.
    pub async fn gather(
        store: &Store,
        account: AccountId,
        criteria: &[&Criteria],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let (mut asked, mut threads) = (HashMap::new(), ThreadSets::new());
        for one in criteria {
            questions(one, &mut asked);
            of_threads(one, &mut threads);
        }
        let asker = Asker(account.0);
        let keywords = store.read_for(asker, move |view| Keywords::load(view, account)).await?;
        if !threads.is_empty() {
            let keywords = keywords.clone();
            threads = store
                .scan_for(asker, move |view| {
                    for ((how, flags, keyword), set) in &mut threads {
                        let wanted = order::Wanted::new(System::from_bits(*flags), keyword, &keywords);
                        *set = Arc::new(order::threads_with(view, account, *how, &wanted)?);
                    }
                    Ok::<_, Error>(threads)
                })
                .await?;
        }
        let asked: Vec<Question> = asked.into_keys().collect();
        let answers = match asked.is_empty() {
            true => Vec::new(),
            false => ask(store, account, &asked).await?,
        };
        let answers = asked.into_iter().zip(answers.into_iter().map(Arc::new)).collect();
        Ok(Self { keywords, now, threads, answers })
    }

    /// What the index said about the words.
    pub fn words(&self, query: &Query) -> Told {
        let answer = self.answers.get(&Question::Words(query.clone()));
        Told { answer: answer.cloned().unwrap_or_else(unasked), exact: true }
    }

    /// What the index said about a folded text in a header field, where it keeps the field.
    pub fn held(&self, name: &str, folded: &str) -> Option<Told> {
        let (question, exact) = fields::question(fields::of_name(name)?, folded);
        Some(Told { answer: Arc::clone(self.answers.get(&question)?), exact })
    }

    /// The conversations of which so many letters have the flags or the keyword.
    pub fn threads(&self, how: InThread, flags: System, keyword: String) -> Option<Arc<RoaringTreemap>> {
        self.threads.get(&(how, flags.bits(), keyword)).cloned()
    }
}

/// Where the index was not asked, each letter must be looked at.
fn unasked() -> Arc<Answer> {
    Arc::new(Answer { found: RoaringTreemap::new(), perhaps: RoaringTreemap::new(), reached: -1 })
}

async fn ask(store: &Store, account: AccountId, questions: &[Question]) -> Result<Vec<Answer>, Error> {
    match store.search().ask(account.0, questions.to_vec()).await {
        // A damaged index begins again, and knows nothing yet: the letters are looked at.
        Err(store::Error::Corrupt(_)) => Ok(store.search().ask(account.0, questions.to_vec()).await?),
        answers => Ok(answers?),
    }
}

/// All that the index is to be asked, each question once.
fn questions(criteria: &Criteria, asked: &mut HashMap<Question, ()>) {
    if let Some(query) = words::of(criteria) {
        if let Some(query) = query {
            asked.insert(Question::Words(query), ());
        }
        return;
    }
    match criteria {
        Criteria::And(all) | Criteria::Or(all) => all.iter().for_each(|one| questions(one, asked)),
        Criteria::Not(one) => questions(one, asked),
        other => {
            if let Some((name, text)) = other.header()
                && let Some(field) = fields::of_name(name)
            {
                asked.insert(fields::question(field, &fold(text)).0, ());
            }
        }
    }
}

fn of_threads(criteria: &Criteria, asked: &mut ThreadSets) {
    match criteria {
        Criteria::And(all) | Criteria::Or(all) => all.iter().for_each(|one| of_threads(one, asked)),
        Criteria::Not(one) => of_threads(one, asked),
        Criteria::Thread(how, flags, keyword) => {
            asked.insert((*how, flags.bits(), keyword.clone()), Arc::default());
        }
        _ => {}
    }
}
