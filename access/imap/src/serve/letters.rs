//! The letters of APPEND on their way in: kept apart from the command until it is whole, the large ones on the disk.

use net::{Inbound, NoRoom, Owner, Share};

use super::conversation::{Conversation, End, Who};
use crate::codec::command::Append;
use crate::commands::append;
use crate::session::Answer;

/// The letters of one APPEND.
#[derive(Default)]
pub(super) struct Letters {
    coming: Vec<Inbound>,
    /// The reason why one of them had no room: the rest is skipped, and the command is refused.
    no_room: Option<NoRoom>,
    /// The memory of the complete letters.
    held: Option<Share>,
}

impl Letters {
    /// Releases the letters: they are filed, or nobody wants them any more.
    pub(super) fn give_back(&mut self) {
        *self = Self::default();
    }

    /// Takes octets of the letter that was announced last.
    pub(super) async fn add(&mut self, octets: &[u8]) {
        let Some(letter) = self.coming.last_mut().filter(|_| self.no_room.is_none()) else { return };
        if let Err(no_room) = letter.add(octets).await {
            self.no_room = Some(no_room);
            self.coming.clear();
        }
    }

    /// Puts the letters into their command.
    pub(super) async fn complete(&mut self, command: &mut Append) -> Result<(), NoRoom> {
        if let Some(no_room) = self.no_room.take() {
            return Err(no_room);
        }
        for (letter, inbound) in command.letters.iter_mut().zip(std::mem::take(&mut self.coming)) {
            let (body, held) = match self.held.take() {
                Some(held) => inbound.finish_beside(held, b"").await?,
                None => inbound.finish(b"").await?,
            };
            letter.body = body;
            self.held = Some(held);
        }
        Ok(())
    }
}

/// Returns the answer to a client whose letter has no room.
pub(super) fn refusal(no_room: &NoRoom) -> Answer {
    if let NoRoom::Disk(error) = no_room {
        tracing::error!(%error, "a letter on its way in cannot be kept");
    }
    Answer::no("Too many letters are coming in, try again later")
}

impl Conversation {
    /// Takes an announced letter, or refuses it with a reason.
    pub(super) async fn letter(&mut self, size: u64, waits: bool) -> Result<(), End> {
        if waits && let Err(answer) = self.admit(size).await {
            return self.refuse_letter(&answer).await;
        }
        let owner = match &self.who {
            Who::Person(session) => Owner::Person(session.login.account.0),
            Who::Stranger(_) => Owner::at(self.connection.peer().ip()),
        };
        self.letters.coming.push(self.server.intake.open(Some(owner)));
        self.decoder.accept_letter_elsewhere();
        if waits { self.go_on().await } else { Ok(()) }
    }

    /// Checks a letter before it is sent: its folder must exist, and the letter must fit.
    async fn admit(&self, size: u64) -> Result<(), Answer> {
        if let Some(no_room) = &self.letters.no_room {
            return Err(refusal(no_room));
        }
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
}
