//! The news that a fetch tells while it runs.

use std::time::Duration;

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Connected and logged in.
    Connected,
    /// So many letters more are to come in a folder.
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
        /// The reason.
        why: Why,
        /// The words of the server, if it said some.
        said: String,
    },
    /// A folder was left as it is: it cannot be opened, or not be read to its end.
    FolderLeft {
        /// The folder, in our words.
        folder: String,
        /// The words that say why not.
        said: String,
    },
    /// The server wants people to see this (RFC 9051 §7.1); heard once, however often it is said.
    Alert(String),
    /// So many letters were taken away at the other end.
    Parted(u64),
    /// It waits before it goes on.
    Waits {
        /// The time that it waits.
        pause: Duration,
        /// The reason.
        why: String,
    },
    /// Letters could not be taken away at the other end without taking others with them.
    CannotPart {
        /// The folder, in our words.
        folder: String,
    },
    /// So many letters are kept at the other end although they should go: nothing proves that the letter there is the
    /// one here.
    Unproven {
        /// The folder, in our words.
        folder: String,
        /// Letters.
        letters: u64,
    },
}

/// The reason why a letter was left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is larger than the source takes, and has so many octets.
    TooLarge(u64),
    /// The server does not give it.
    NotGiven,
    /// The connection breaks when it is asked for.
    Breaks,
    /// The place where letters go does not take it.
    NotTaken,
    /// It is a folder, which cannot be opened or not be read to its end.
    NotOpened,
}

impl Why {
    /// The word for scripts, which also stands in the database.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::NotGiven => "not_given",
            Self::Breaks => "breaks",
            Self::NotTaken => "not_taken",
            Self::NotOpened => "not_opened",
        }
    }

    /// Reads the reason from its word.
    pub(crate) fn read(code: &str, size: u64) -> Self {
        let all = [Self::TooLarge(size), Self::Breaks, Self::NotTaken, Self::NotOpened];
        all.into_iter().find(|why| why.code() == code).unwrap_or(Self::NotGiven)
    }
}

/// The result of a round that came to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Letters and folders that could not be had and are left there; those that are only too large do not count.
    pub vain: u64,
    /// The number of those that failed once and were not tried again.
    pub fresh: u64,
}

/// A listener hears the news. It is called from the middle of the work and must not wait.
pub trait Listener: Send + Sync {
    /// Hears one thing.
    fn hear(&self, news: &News);
}

/// Nobody listens.
pub struct Nobody;

impl Listener for Nobody {
    fn hear(&self, _: &News) {}
}
