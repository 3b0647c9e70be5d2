//! Tells a person or a script how an import goes.

use std::collections::BTreeMap;

use import_export::{Beside, Observer, Progress, RunId, Skipped};
use serde::Serialize;

use super::super::moving::{self, Ticker};
use crate::language::say;
use crate::terminal;

pub struct Watcher {
    ticker: Ticker,
    json: bool,
    run: Option<RunId>,
    letters: u64,
    /// The number of files of each kind that is no letter.
    beside: BTreeMap<Beside, u64>,
}

/// Something that was passed over, as scripts see it.
#[derive(Serialize)]
struct SkippedLine<'a> {
    event: &'static str,
    file: &'a str,
    at: Option<u64>,
    why: &'a str,
}

/// Something that is no letter.
#[derive(Serialize)]
struct BesideLine<'a> {
    event: &'static str,
    file: &'a str,
    kind: &'a str,
}

#[derive(Serialize)]
struct Begun {
    event: &'static str,
    run: i64,
}

impl Watcher {
    pub fn new(json: bool) -> Self {
        Self { ticker: Ticker::new(json), json, run: None, letters: 0, beside: BTreeMap::new() }
    }

    /// The number of the run.
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Returns true once a letter has come.
    pub fn has_brought(&self) -> bool {
        self.letters > 0
    }

    /// Ends the import: tells in one line of the files beside the letters.
    pub fn end(&mut self) {
        self.ticker.end();
        if self.json || self.beside.is_empty() {
            return;
        }
        let count = |(kind, count): (&Beside, &u64)| {
            let kind = moving::beside(*kind);
            say!("{kind}: {count}", "{kind} : {count}")
        };
        let counts: Vec<String> = self.beside.iter().map(count).collect();
        let separator = say!("; ", " ; ");
        let counts = counts.join(&separator);
        terminal::print(&say!("not letters: {counts}\n", "pas des lettres : {counts}\n"));
    }
}

impl Observer for Watcher {
    fn progress(&mut self, progress: &Progress) {
        self.letters = progress.letters;
        self.ticker.tick(progress);
    }

    fn is_there(&self) -> bool {
        terminal::caller().is_ok_and(|caller| !caller.is_gone())
    }

    fn begun(&mut self, run: RunId) {
        self.run = Some(run);
        if self.json {
            terminal::print(&moving::line(&Begun { event: "begun", run: run.0 }));
        }
    }

    fn beside(&mut self, kind: Beside, file: &str) {
        if self.json {
            let kind = moving::beside(kind);
            terminal::print(&moving::line(&BesideLine { event: "beside", file, kind: &kind }));
            return;
        }
        *self.beside.entry(kind).or_insert(0) += 1;
    }

    fn skipped(&mut self, skipped: &Skipped) {
        let why = moving::fault(&skipped.fault);
        if self.json {
            let Skipped { file, at, .. } = skipped;
            terminal::print(&moving::line(&SkippedLine { event: "skipped", file, at: *at, why: &why }));
            return;
        }
        let file: String = skipped.file.chars().filter(|c| !c.is_control()).collect();
        self.ticker.note(&match skipped.at {
            Some(at) => say!("{file}, octet {at}: {why}\n", "{file}, octet {at} : {why}\n"),
            None => say!("{file}: {why}\n", "{file} : {why}\n"),
        });
    }
}
