//! The behaviour of the server.

use std::time::Duration;

/// The reaction of the server when a client takes too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// `NO [THROTTLED]`, and goes on serving.
    No,
    /// `* BYE`, and closes.
    Bye,
}

/// The behaviour of the server; by default it behaves well.
#[derive(Clone, Debug, Default)]
pub struct Mood {
    /// After so many bodies it throttles; so many times.
    pub throttle: Option<(Throttle, usize, usize)>,
    /// The time that each answer takes.
    pub pause: Duration,
    /// Sends so many octets at most in a second.
    pub rate: Option<usize>,
    /// Instead of the first FETCH's answer.
    pub hostile: Option<Hostile>,
    /// Has no X-GM-EXT-1: any IMAP server with labels as folders.
    pub plain: bool,
    /// Has no CONDSTORE: it cannot tell which labels have changed.
    pub without_changes: bool,
    /// Lets no more than so many sessions in at once.
    pub sessions: Option<usize>,
    pub(super) since_throttle: usize,
}

/// A violation that no server may commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostile {
    /// Announces a literal of nearly 2^63 octets and sends some.
    HugeLiteral,
    /// Sends octets that are no IMAP.
    Garbage,
    /// A line that never ends.
    EndlessLine,
    /// Says nothing more and keeps the connection.
    Silence,
    /// Parentheses within parentheses without end.
    Nested,
    /// Untagged responses nobody asked for, without end.
    Flood,
}

impl Mood {
    /// Decides, for each body that would be sent, whether it is one too many.
    pub(super) fn too_much(&mut self) -> Option<Throttle> {
        let (how, after, times) = self.throttle.as_mut()?;
        if self.since_throttle < *after {
            self.since_throttle += 1;
            return None;
        }
        self.since_throttle = 0;
        let how = *how;
        *times = times.saturating_sub(1);
        if *times == 0 {
            self.throttle = None;
        }
        Some(how)
    }
}
