//! Taking letters from their source: which are known already, and how much may be on the way at once.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;

use super::budget::Budget;
use super::{Event, Given, Numbered, Raw, Source};
use crate::Error;
use crate::goal::Goal;
use crate::letter::Arriving;
use crate::memory::Memory;
use crate::tree::Flow;

/// The channels that the intake thread sends to.
pub struct Sink<'a> {
    pub letters: SyncSender<Numbered<Raw>>,
    pub events: SyncSender<Event>,
    pub budget: &'a Budget,
    pub position: &'a AtomicU64,
}

/// Takes all letters of a source, until nobody takes them any more.
pub fn take_all(source: &mut dyn Source, memory: Memory, sink: Sink<'_>) -> Result<(), Error> {
    let mut intake = Intake { memory, sink, goals: HashSet::new(), number: 0 };
    source.give(&mut |given, position| {
        intake.sink.position.store(position, Ordering::Relaxed);
        match given {
            Given::Letter { letter, file, at } => intake.take(*letter, file, at),
            Given::Skipped(skipped) => intake.event(Event::Skipped(skipped)),
            Given::Beside { kind, file } => intake.event(Event::Beside(kind, file)),
            Given::FileEnd => GO_ON,
        }
    })
}

struct Intake<'a> {
    memory: Memory,
    sink: Sink<'a>,
    /// The folders of letters, each once, so that a commit looks each up once.
    goals: HashSet<Arc<Goal>>,
    number: u64,
}

const GO_ON: Flow = ControlFlow::Continue(());
const STOP: Flow = ControlFlow::Break(());

impl Intake<'_> {
    fn take(&mut self, letter: Arriving, file: Arc<str>, at: Option<u64>) -> Flow {
        let mut missing = self.memory.missing(&letter);
        if missing.folders.is_empty() {
            return self.event(Event::Known);
        }
        missing.folders.iter_mut().for_each(|(goal, _)| self.know(goal));
        if !self.sink.budget.take(letter.raw.len()) {
            return STOP;
        }
        let numbered = Numbered { number: self.number, item: Raw { letter, missing, file, at } };
        self.number += 1;
        if self.sink.letters.send(numbered).is_ok() { GO_ON } else { STOP }
    }

    fn know(&mut self, goal: &mut Arc<Goal>) {
        match self.goals.get(goal) {
            Some(known) => *goal = known.clone(),
            None => drop(self.goals.insert(goal.clone())),
        }
    }

    fn event(&mut self, event: Event) -> Flow {
        if self.sink.events.send(event).is_ok() { GO_ON } else { STOP }
    }
}
