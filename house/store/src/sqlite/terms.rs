//! The list of all words of each account, so that a piece of a word is answered without a look at letters: the list
//! names the words that have the piece, and the index of words the letters.
//!
//! Words are found by the runs of three characters in them. Those that no letter has any more are swept out now and
//! then.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pieces::{asked, runs_of};
use super::words;
use crate::error::Result;
use crate::params;
use crate::search::{Document, Fit, Form, Run};
use crate::tx::Tx;
use crate::view::View;

pub(crate) const SCHEMA: &str = "
    CREATE TABLE term (term {id}, account BIGINT NOT NULL, plain TEXT NOT NULL, exact TEXT);
    CREATE INDEX term_plain ON term (account, plain, exact);
    CREATE VIRTUAL TABLE term_run USING fts5(
        run, content='', contentless_delete=1, detail=none,
        tokenize = \"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\"
    );
    CREATE TABLE tidiness (removed BIGINT NOT NULL, at BIGINT NOT NULL);
    INSERT INTO tidiness (removed, at) VALUES (0, 0);";

const IS_KNOWN: &str = "SELECT 1 FROM term WHERE account = $1 AND plain = $2 AND exact IS $3";
const BY_RUNS: &str = "SELECT t.plain, t.exact FROM term_run r JOIN term t ON t.term = r.rowid
    WHERE r.term_run MATCH $1 AND instr(t.plain, $2) > 0";
const BY_BEGINNING: &str =
    "SELECT plain, exact FROM term WHERE account = $1 AND plain >= $2 AND plain < $3 ORDER BY plain";
const BY_WORD: &str = "SELECT plain, exact FROM term WHERE account = $1 AND plain = $2";
/// The statement for a piece too short to have a run: all words of the account are looked at.
const BY_LOOKING: &str = "SELECT plain, exact FROM term WHERE account = $1 AND instr(plain, $2) > 0";

/// Characters of a run.
const RUN: usize = 3;
/// The most words that a piece may be in. A piece of more is looked for in the letters.
const MOST_TERMS: usize = 20_000;
/// Words that are remembered to be on the list, so that most are not looked up. Eight octets each, and as much again.
const REMEMBERED: usize = 1 << 19;
/// The number of letters that may have gone before the list is looked through for words that nobody has any more.
const MOST_REMOVED: i64 = 20_000;

/// Words that are on the list, as far as is remembered.
#[derive(Default)]
pub(crate) struct Known(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    words: HashSet<u64>,
    /// Counts how often words were taken from the list: words that were learned before are not to be believed.
    sweeps: u64,
    hashes: RandomState,
}

/// Words that will be on the list once what found them out is committed.
#[derive(Default)]
pub(crate) struct Learned {
    words: HashSet<u64>,
    sweeps: u64,
}

impl Known {
    /// Begins the learning of a write, on the thread that writes.
    pub(crate) fn learned(&self) -> Learned {
        Learned { words: HashSet::new(), sweeps: self.memory().sweeps }
    }

    /// Remembers what a write found out that is committed.
    pub(crate) fn learn(&self, learned: Learned) {
        let mut memory = self.memory();
        if memory.sweeps != learned.sweeps {
            return;
        }
        if memory.words.len() + learned.words.len() > REMEMBERED {
            memory.words.clear();
        }
        memory.words.extend(learned.words);
    }

    /// Forgets all of them: some may not be on the list any more.
    pub(crate) fn forget(&self) {
        let mut memory = self.memory();
        memory.words.clear();
        memory.sweeps += 1;
    }

    fn hash(&self, account: i64, term: &Form) -> (u64, bool) {
        let memory = self.memory();
        let hash = memory.hashes.hash_one((account, term));
        (hash, memory.words.contains(&hash))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the words of a letter on the list that are not there.
pub(crate) fn add(tx: &mut Tx, known: &Known, document: &Document, learned: &mut Learned) -> Result<()> {
    for term in &document.terms {
        let (hash, is_known) = known.hash(document.account, term);
        if is_known || learned.words.contains(&hash) {
            continue;
        }
        let exact = term.exact.as_deref();
        if tx.query_opt(IS_KNOWN, params![document.account, term.plain, exact], |_| Ok(()))?.is_none() {
            let sql = "INSERT INTO term (account, plain, exact) VALUES ($1, $2, $3) RETURNING term";
            let number = tx.query_one(sql, params![document.account, term.plain, exact], |row| row.get::<i64>(0))?;
            let runs = runs_of(&document.account.to_string(), &term.plain);
            if !runs.is_empty() {
                tx.execute("INSERT INTO term_run (rowid, run) VALUES ($1, $2)", params![number, runs.join(" ")])?;
            }
        }
        // Words beyond the size of the memory would be forgotten at once.
        if learned.words.len() < REMEMBERED / 2 {
            learned.words.insert(hash);
        }
    }
    Ok(())
}

/// The words that have a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// The plain forms of the words.
    pub(super) plain: Vec<String>,
    /// Exact forms, of words of which others do not have it.
    pub(super) marked: Vec<String>,
    /// Words without accents that have it, with those of their other forms that do not.
    pub(super) open: Vec<(String, Vec<String>)>,
}

/// Returns true if the run is too short for the list to be asked for it.
pub(super) fn is_short(run: &Run) -> bool {
    run.form.plain.chars().nth(RUN - 1).is_none()
}

/// The words of an account that have the run; `None`: they are too many.
pub(super) fn having(view: &View, account: i64, run: &Run) -> Result<Option<Terms>> {
    let plain = &run.form.plain;
    // Each plain form with its exact forms, and whether they have the run.
    let mut forms: BTreeMap<String, Vec<(Option<String>, bool)>> = BTreeMap::new();
    let mut count = 0;
    let mut take = |row: &crate::value::Row<'_>| {
        let (word, exact) = (row.text(0)?, row.get::<Option<String>>(1)?);
        if !run.fit.has(word, plain) {
            return Ok(ControlFlow::Continue(()));
        }
        count += 1;
        let has = |wanted: &String| run.fit.has(exact.as_deref().unwrap_or(word), wanted);
        let has = run.form.exact.as_ref().is_none_or(has);
        forms.entry(word.to_owned()).or_default().push((exact, has));
        Ok(if count > MOST_TERMS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    match run.fit {
        Fit::Whole => view.for_each(BY_WORD, params![account, plain], &mut take)?,
        Fit::Begins => view.for_each(BY_BEGINNING, params![account, plain, format!("{plain}\u{10ffff}")], &mut take)?,
        Fit::Ends | Fit::Within if is_short(run) => {
            view.for_each(BY_LOOKING, params![account, plain], &mut take)?;
        }
        Fit::Ends | Fit::Within => {
            let runs = runs_of(&account.to_string(), plain);
            view.for_each(BY_RUNS, params![asked(&runs), plain], &mut take)?;
        }
    }
    Ok((count <= MOST_TERMS).then(|| sorted(forms)))
}

fn sorted(forms: BTreeMap<String, Vec<(Option<String>, bool)>>) -> Terms {
    let mut terms = Terms::default();
    for (plain, forms) in forms {
        if forms.iter().all(|(_, has)| *has) {
            terms.plain.push(plain);
            continue;
        }
        let bare = forms.iter().any(|(exact, has)| exact.is_none() && *has);
        let mut others = Vec::new();
        for (exact, has) in forms {
            match (exact, has) {
                (Some(exact), true) => terms.marked.push(exact),
                (Some(exact), false) => others.push(exact),
                (None, _) => {}
            }
        }
        if bare {
            terms.open.push((plain, others));
        }
    }
    terms
}

/// Notes that letters have gone, whose words may be nobody's now.
pub(crate) fn count_removed(tx: &mut Tx, letters: usize) -> Result<()> {
    let letters = i64::try_from(letters).unwrap_or(i64::MAX);
    tx.execute("UPDATE tidiness SET removed = removed + $1", params![letters]).map(|_| ())
}

/// Returns true if there is something to sweep out.
pub(crate) fn is_untidy(view: &View) -> Result<bool> {
    let (removed, at) = tidiness(view)?;
    Ok(removed > MOST_REMOVED || at > 0)
}

fn tidiness(view: &View) -> Result<(i64, i64)> {
    view.query_one("SELECT removed, at FROM tidiness", params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Looks at some words, and takes those from the list that no letter has. True: there are more to look at.
pub(crate) fn tidy(tx: &mut Tx, known: &Known, most: usize) -> Result<bool> {
    known.forget();
    let (_, at) = tidiness(tx)?;
    let sql = "SELECT term, account, plain, exact FROM term WHERE term > $1 ORDER BY term LIMIT $2";
    let some: Vec<(i64, i64, String, Option<String>)> =
        tx.query(sql, params![at, most], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    for (term, account, plain, exact) in &some {
        if !words::is_anywhere(tx, *account, plain, exact.as_deref())? {
            tx.execute("DELETE FROM term WHERE term = $1", params![term])?;
            tx.execute("DELETE FROM term_run WHERE rowid = $1", params![term])?;
        }
    }
    let more = some.len() == most;
    match some.last().filter(|_| more) {
        Some((last, ..)) => tx.execute("UPDATE tidiness SET at = $1", params![last])?,
        None => tx.execute("UPDATE tidiness SET at = 0, removed = 0", params![])?,
    };
    Ok(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(plain: &str, exact: Option<&str>, fit: Fit) -> Run {
        Run { form: Form { plain: plain.into(), exact: exact.map(str::to_owned) }, fit, sealed: false }
    }

    #[test]
    fn what_is_learned_before_a_sweep_is_not_believed_after_it() {
        let known = Known::default();
        let term = Form { plain: "ann".into(), exact: None };
        let mut learned = known.learned();
        learned.words.insert(known.hash(1, &term).0);
        known.forget();
        known.learn(learned);
        assert!(!known.hash(1, &term).1);
        let mut learned = known.learned();
        learned.words.insert(known.hash(1, &term).0);
        known.learn(learned);
        assert!(known.hash(1, &term).1 && !known.hash(2, &term).1);
    }

    #[test]
    fn forms_that_do_not_have_the_run_are_told_apart() {
        let forms = BTreeMap::from([
            ("ete".to_owned(), vec![(None, true), (Some("éte".to_owned()), false), (Some("eté".to_owned()), true)]),
            ("fete".to_owned(), vec![(Some("fête".to_owned()), true)]),
            ("tete".to_owned(), vec![(None, false), (Some("tête".to_owned()), true)]),
        ]);
        let terms = sorted(forms);
        assert_eq!(terms.plain, ["fete"]);
        assert_eq!(terms.marked, ["eté", "tête"]);
        assert_eq!(terms.open, [("ete".to_owned(), vec!["éte".to_owned()])]);
        assert!(is_short(&run("ab", None, Fit::Within)) && !is_short(&run("abc", Some("äbc"), Fit::Within)));
    }
}
