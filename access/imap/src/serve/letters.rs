//! The letters of APPEND on their way in: each has its place in the memory all connections share, before its first
//! octet is read.

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::answer::Answer;
use super::conversation::{Conversation, End, Who};
use super::house::BUDGET_UNIT;
use crate::commands::append;

/// The memory taken by the letters of one APPEND.
#[derive(Default)]
pub(super) struct Letters(Option<OwnedSemaphorePermit>);

impl Letters {
    /// The letters are filed, or nobody wants them any more.
    pub(super) fn give_back(&mut self) {
        self.0 = None;
    }

    fn add(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.0 {
            Some(held) => held.merge(permit),
            None => self.0 = Some(permit),
        }
    }
}

impl Conversation {
    /// A letter is announced: takes it, or says why not.
    pub(super) async fn letter(&mut self, size: u64, waits: bool) -> Result<(), End> {
        if waits && let Err(answer) = self.admit(size).await {
            return self.refuse_letter(&answer).await;
        }
        if !self.take_memory(size).await {
            if waits {
                return self.refuse_letter(&Answer::no("Too many letters are coming in, try again later")).await;
            }
            // The letter comes whatever we say, and there is no room for it.
            return Err(End::Bye("Too many letters are coming in, try again later"));
        }
        self.decoder.accept_letter();
        if waits { self.go_on().await } else { Ok(()) }
    }

    /// What can be known before the letter is sent: whether its folder is there, whether it fits.
    async fn admit(&self, size: u64) -> Result<(), Answer> {
        match (&self.who, self.decoder.append_folder()) {
            (Who::Person(session), Some(folder)) => append::admit(session, folder, size).await,
            _ => Ok(()),
        }
    }

    async fn refuse_letter(&mut self, answer: &Answer) -> Result<(), End> {
        self.letters.give_back();
        let tag = self.decoder.refuse_letter();
        self.answer(tag.as_ref().map_or("*", |tag| &tag.0), answer).await
    }

    async fn take_memory(&mut self, size: u64) -> bool {
        let Ok(units) = u32::try_from(size / BUDGET_UNIT + 1) else { return false };
        let place = self.house.budget.clone().acquire_many_owned(units);
        match timeout(self.house.timeouts.memory, place).await {
            Ok(Ok(permit)) => {
                self.letters.add(permit);
                true
            }
            _ => false,
        }
    }
}
