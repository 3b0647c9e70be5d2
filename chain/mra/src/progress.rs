//! What a fetch tells while it runs.

use std::time::Duration;

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Connected and logged in.
    Connected,
    /// So many letters more are to come, in a folder.
    ToCome {
        /// The folder, in our words.
        folder: String,
        /// Letters.
        letters: u64,
    },
    /// So many letters have been dealt with since the last time.
    Came {
        /// Letters taken.
        letters: u64,
        /// Their octets.
        octets: u64,
        /// Letters that were here already.
        known: u64,
    },
    /// A letter was left where it is.
    LeftThere {
        /// The folder, in our words.
        folder: String,
        /// Its name there.
        name: String,
        /// Why.
        why: Why,
    },
    /// So many letters were taken away at the other end.
    Parted(u64),
    /// It waits before it goes on.
    Waits {
        /// For how long.
        pause: Duration,
        /// Why.
        why: String,
    },
    /// Letters could not be taken away at the other end without taking others with them.
    CannotPart {
        /// The folder, in our words.
        folder: String,
    },
}

/// Why a letter was left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is larger than what is taken, and has so many octets.
    TooLarge(u64),
    /// The server does not give it.
    NotGiven,
}

/// Who hears the news. Called from the middle of the work: must not wait.
pub trait Listener: Send + Sync {
    /// Hears one thing.
    fn hear(&self, news: &News);
}

/// Nobody listens.
pub struct Nobody;

impl Listener for Nobody {
    fn hear(&self, _: &News) {}
}
