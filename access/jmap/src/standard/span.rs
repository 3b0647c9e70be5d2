//! The states that the changes of one call lie between, and the state that its client expects (RFC 8620 §5.3).

use mailbox::account_changes::Cursor;
use mailbox::{Access, Change, Error};
use store::{Key, Store, Tx, View};

use crate::api::MethodError;
use crate::state;

/// The state of a kind of objects in an account.
pub type StateOf = fn(&View, Access) -> Result<Change, Error>;

/// The two states between which one call changes an account.
///
/// Between the two states in the answer lies nothing but the call's own changes, so that a client at the old state may
/// go on at the new one. If somebody else changed something in the middle of the call, the answer names an old state
/// that the client is not at: the client asks for the changes, and misses none.
pub struct Span {
    access: Access,
    state: StateOf,
    /// The state that a write requires.
    expected: Option<String>,
    old: Change,
    new: Change,
    wrote: bool,
}

/// The reason for which a write was stopped.
enum Stopped {
    OtherState,
    Failed(Error),
}

impl From<store::Error> for Stopped {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Span {
    /// Begins at the present state. If that is not `if_in_state`, the call ends.
    pub async fn open(
        store: &Store,
        access: Access,
        state: StateOf,
        if_in_state: Option<String>,
    ) -> Result<Self, MethodError> {
        let now = store.read_for(access.asker(), move |view| state(view, access)).await?;
        let span = Self { access, state, expected: if_in_state, old: now, new: now, wrote: false };
        if span.is_other(now) {
            return Err(MethodError::state_mismatch());
        }
        Ok(span)
    }

    /// Returns true if the client expects a certain state: then all changes are made in one write.
    pub fn is_conditional(&self) -> bool {
        self.expected.is_some()
    }

    fn is_other(&self, now: Change) -> bool {
        self.expected.as_ref().is_some_and(|expected| *expected != written(now))
    }

    /// Makes changes to the account in one write, which fails if the state is no longer the one that the client
    /// expects.
    pub async fn write<T: Send + 'static>(
        &mut self,
        store: &Store,
        work: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, MethodError> {
        self.write_for(store, self.access.key(), work).await
    }

    /// The same for changes that go beyond the account: `key` says which they are.
    pub async fn write_for<T: Send + 'static>(
        &mut self,
        store: &Store,
        key: Key,
        mut work: impl FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, MethodError> {
        let (access, state, expected) = (self.access, self.state, self.expected.clone());
        let done = store
            .write(key, move |tx| {
                let before = state(tx, access).map_err(Stopped::Failed)?;
                if expected.as_ref().is_some_and(|expected| *expected != written(before)) {
                    return Err(Stopped::OtherState);
                }
                let done = work(tx).map_err(Stopped::Failed)?;
                Ok((before, done, state(tx, access).map_err(Stopped::Failed)?))
            })
            .await;
        match done {
            Ok((before, done, after)) => {
                self.note(before, after);
                Ok(done)
            }
            Err(Stopped::OtherState) => Err(self.mismatch()),
            Err(Stopped::Failed(error)) => Err(error.into()),
        }
    }

    /// Returns the state that a write requires.
    pub fn expected(&self) -> Option<String> {
        self.expected.clone()
    }

    /// Returns the error for a state that has changed: before the call, or before the rest of it.
    pub fn mismatch(&self) -> MethodError {
        if self.wrote { MethodError::server_partial_fail() } else { MethodError::state_mismatch() }
    }

    /// Notes that the call has brought the account from one state to another.
    pub fn note(&mut self, before: Change, after: Change) {
        if before != self.new {
            self.old = before;
        }
        self.new = after;
        self.wrote = true;
        if let Some(expected) = &mut self.expected {
            *expected = written(after);
        }
    }

    /// Returns the states for the answer: before, and after.
    pub fn ends(&self) -> (String, String) {
        (written(self.old), written(self.new))
    }
}

/// Returns a state as clients see it.
pub fn written(change: Change) -> String {
    state::write(Cursor::at(change))
}
