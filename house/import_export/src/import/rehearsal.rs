//! Rehearses an import: tells what it would bring, without bringing it.

use mailbox::Access;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use store::Store;

use super::{Given, Observer, Progress, Request, Source, file};
use crate::Error;
use crate::goal::Goal;
use crate::memory::{Memory, Missing};
use crate::tree::Flow;

/// The counts of a rehearsed import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Letters that would come, are here already, or are passed over.
    pub progress: Progress,
    /// The folders they would come to, by name.
    pub folders: Vec<Coming>,
}

/// A folder that letters would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    /// Its name in the mailbox.
    pub name: String,
    /// Letters that would come to it.
    pub letters: u64,
    /// True if the import would make it.
    pub is_new: bool,
}

/// Reads all that an import would read, tells the same faults, and writes nothing.
pub fn rehearse(
    store: &Store,
    request: &Request<'_>,
    source: &mut dyn Source,
    observer: &mut dyn Observer,
) -> Result<Rehearsal, Error> {
    let memory = Memory::load(store, request.account, request.again)?;
    let goals = source.folders().into_iter().map(|goal| (goal, 0)).collect();
    let progress = Progress { total: source.total(), ..Progress::default() };
    let mut stage = Stage { memory, goals, progress, observer };
    source.give(&mut |given, position| stage.see(given, position))?;
    let Stage { goals, progress, observer, .. } = stage;
    if !observer.is_there() {
        return Err(Error::Gone);
    }
    let access = Access::house(request.account);
    let folders = store.read_blocking(move |view| {
        let mut folders: BTreeMap<String, (u64, bool)> = BTreeMap::new();
        for (goal, letters) in &goals {
            let there = file::folder_of(view, access, goal)?;
            let is_new = there.is_none();
            let name = there.map_or_else(|| goal.name.clone(), |(_, name)| name);
            folders.entry(name).or_insert((0, is_new)).0 += letters;
        }
        Ok::<_, mailbox::Error>(folders)
    })?;
    let coming = |(name, (letters, is_new))| Coming { name, letters, is_new };
    Ok(Rehearsal { progress, folders: folders.into_iter().map(coming).collect() })
}

struct Stage<'a> {
    memory: Memory,
    goals: HashMap<Arc<Goal>, u64>,
    progress: Progress,
    observer: &'a mut dyn Observer,
}

impl Stage<'_> {
    fn see(&mut self, given: Given, position: u64) -> Flow {
        self.progress.read = position;
        match given {
            Given::Letter { letter, .. } => {
                let Missing { folders, joins } = self.memory.missing(&letter);
                if folders.is_empty() || joins.is_some() {
                    self.progress.known += 1;
                } else {
                    self.progress.letters += 1;
                }
                folders.into_iter().for_each(|(goal, _)| *self.goals.entry(goal).or_insert(0) += 1);
            }
            Given::Skipped(skipped) => {
                self.progress.skipped += 1;
                self.observer.skipped(&skipped);
            }
            Given::Beside { kind, file } => {
                self.progress.beside += 1;
                self.observer.beside(kind, &file);
            }
            Given::FileEnd => {}
        }
        self.observer.progress(&self.progress);
        if self.observer.is_there() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}
