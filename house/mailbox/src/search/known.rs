//! Gathers, once for a search and before any letter is looked at, keywords, conversations, letters of folders, and the
//! full-text index's answers for the whole account.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use mail::Timestamp;
use roaring::RoaringTreemap;
use store::{Answer, Question, Store, View, params};

use super::forms::exact;
use super::sought::{Sought, in_header, named};
use super::{Criteria, InThread, fields, order};
use crate::{Access, Error, Keywords, Piece, System, folder};

/// The conversations of which so many letters have flags or a keyword.
type ThreadSets = HashMap<(InThread, u8, String), Arc<RoaringTreemap>>;

/// The visible letters that lie where criteria say.
type FolderSets = Vec<(Criteria, Arc<RoaringTreemap>)>;

/// Questions that the index is asked at once.
const AT_ONCE: usize = 16;

/// The knowledge of a search.
pub struct Known {
    pub keywords: Keywords,
    pub now: Timestamp,
    threads: ThreadSets,
    folders: FolderSets,
    answers: HashMap<Question, Arc<Answer>>,
}

/// The answer of the index to a part of the search.
#[derive(Clone)]
pub struct Told {
    pub answer: Arc<Answer>,
    /// Tells whether the letters that it found are found for sure.
    pub exact: bool,
}

impl Told {
    /// Says whether the letter fits; `None` if only a look at it can tell.
    pub fn says(&self, letter: i64) -> Option<bool> {
        self.answer.says(letter).filter(|fits| self.exact || !fits)
    }

    /// The letters that may fit, of those that the index has reached.
    pub fn candidates(&self) -> RoaringTreemap {
        &self.answer.found | &self.answer.perhaps
    }
}

impl Known {
    /// Reads the rows that all the criteria need, and asks the index once.
    pub async fn gather(store: &Store, access: Access, criteria: &[&Criteria], now: Timestamp) -> Result<Self, Error> {
        let (mut asked, mut threads, mut named) = (HashMap::new(), ThreadSets::new(), Vec::new());
        for one in criteria {
            questions(one, &mut asked);
            of_threads(one, &mut threads);
            one.of_folders(&mut named);
        }
        let asker = access.asker();
        let keywords = store.read_for(asker, move |view| Keywords::load(view, access)).await?;
        if !threads.is_empty() {
            let keywords = keywords.clone();
            threads = store
                .scan_for(asker, move |view| {
                    for ((how, flags, keyword), set) in &mut threads {
                        let wanted = order::Wanted::new(System::from_bits(*flags), keyword, &keywords);
                        *set = Arc::new(order::threads_with(view, access, *how, &wanted)?);
                    }
                    Ok::<_, Error>(threads)
                })
                .await?;
        }
        let mut folders = FolderSets::new();
        for wanted in named {
            let asked = wanted.clone();
            let letters = store.scan_for(asker, move |view| lying(view, access, &asked)).await?;
            folders.push((wanted.clone(), Arc::new(letters)));
        }
        let asked: Vec<Question> = asked.into_keys().collect();
        let answers = match asked.is_empty() {
            true => Vec::new(),
            false => ask(store, access, &asked).await?,
        };
        let answers = asked.into_iter().zip(answers.into_iter().map(Arc::new)).collect();
        Ok(Self { keywords, now, threads, folders, answers })
    }

    /// Returns the answer of the index about a text.
    pub fn said(&self, sought: &Sought) -> Told {
        let answer = self.answers.get(&sought.question());
        Told { answer: answer.cloned().unwrap_or_else(unasked), exact: true }
    }

    /// Returns the answer of the index about a text, in its exact form, in a header field.
    pub fn held(&self, name: &str, text: &str) -> Option<Told> {
        if let Some(field) = fields::of_name(name) {
            let (question, exact) = fields::question(field, text);
            return Some(Told { answer: Arc::clone(self.answers.get(&question)?), exact });
        }
        let named = self.answers.get(&named(name))?;
        if text.is_empty() {
            return Some(Told { answer: Arc::clone(named), exact: true });
        }
        // The words may stand in another field.
        let words = self.answers.get(&in_header(text).question())?;
        let perhaps = (&named.found | &named.perhaps) & (&words.found | &words.perhaps);
        let reached = named.reached.min(words.reached);
        Some(Told { answer: Arc::new(Answer { found: RoaringTreemap::new(), perhaps, reached }), exact: true })
    }

    /// The visible letters that lie where the criteria say.
    pub fn lying(&self, wanted: &Criteria) -> Option<Arc<RoaringTreemap>> {
        self.folders.iter().find(|(known, _)| known == wanted).map(|(_, letters)| Arc::clone(letters))
    }

    /// The conversations of which so many letters have the flags or the keyword.
    pub fn threads(&self, how: InThread, flags: System, keyword: String) -> Option<Arc<RoaringTreemap>> {
        self.threads.get(&(how, flags.bits(), keyword)).cloned()
    }
}

/// Walks through the folders that the criteria name, by the index of their visible letters.
fn lying(view: &View, access: Access, wanted: &Criteria) -> Result<RoaringTreemap, Error> {
    let mut letters = RoaringTreemap::new();
    for folder in folder::list(view, access)? {
        if wanted.within(folder.id, true) != Criteria::All {
            continue;
        }
        view.check()?;
        let sql = "SELECT letter FROM entry WHERE folder = $1 AND (flags & 8) = 0";
        view.for_each(sql, params![folder.id.0], |row| {
            letters.insert(row.get(0)?);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(letters)
}

/// Returns the answer for a question that the index was not asked: each letter must be looked at.
fn unasked() -> Arc<Answer> {
    Arc::new(Answer { found: RoaringTreemap::new(), perhaps: RoaringTreemap::new(), reached: -1 })
}

/// Some questions at a time, so that the index is nobody's for long.
async fn ask(store: &Store, access: Access, questions: &[Question]) -> Result<Vec<Answer>, Error> {
    let mut answers = Vec::new();
    for some in questions.chunks(AT_ONCE) {
        let answer = match store.search().ask(access.owner().0, some.to_vec()).await {
            // A damaged index begins again, and knows nothing yet: the letters are looked at.
            Err(store::Error::Corrupt(_)) => store.search().ask(access.owner().0, some.to_vec()).await?,
            answer => answer?,
        };
        answers.extend(answer);
    }
    Ok(answers)
}

/// All that the index is to be asked, each question once.
fn questions(criteria: &Criteria, asked: &mut HashMap<Question, ()>) {
    if let Some(sought) = criteria.sought() {
        asked.extend(sought.map(|sought| (sought.question(), ())));
        return;
    }
    match criteria {
        Criteria::And(all) | Criteria::Or(all) => all.iter().for_each(|one| questions(one, asked)),
        Criteria::Not(one) => questions(one, asked),
        other => {
            let Some((name, text)) = other.header() else { return };
            let text = exact(text);
            match fields::of_name(name) {
                Some(field) => drop(asked.insert(fields::question(field, &text).0, ())),
                None if Piece::of(name.as_bytes()).is_some() => {}
                None => {
                    asked.insert(named(name), ());
                    if !text.is_empty() {
                        asked.insert(in_header(&text).question(), ());
                    }
                }
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
