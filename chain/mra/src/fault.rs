//! The faults that stop a fetch; each says who must act.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The reason why a fetch stopped before its end. Letters that were taken until then stay taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No connection came about.
    #[error("{0}")]
    Unreachable(String),
    /// The other end could not prove who it is, or offers no encryption.
    #[error("{0}")]
    Untrusted(String),
    /// Name and password (or token) are not accepted: the person must act.
    #[error("{0}")]
    Refused(String),
    /// The server wants to be asked less, or later.
    #[error("{said}")]
    Throttled {
        /// The words of the server.
        said: String,
        /// The time that the server wants to be left alone, if it said so.
        pause: Option<Duration>,
    },
    /// The connection broke.
    #[error("{0}")]
    Cut(String),
    /// The server does not speak as it should, or does not offer a command that the fetch needs.
    #[error("{0}")]
    Server(String),
    /// The letters could not be put where they go: the mailbox is full, the disk fails, the folder cannot be written.
    #[error("{0}")]
    Destination(String),
    /// We were asked to end.
    #[error("it was asked to end")]
    Ended,
}

/// The kinds of faults, as they are written down and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum FaultKind {
    Unreachable,
    Untrusted,
    Refused,
    Throttled,
    Cut,
    Server,
    Destination,
}

impl Fault {
    /// Returns the kind of the fault; `None` if it is no fault at all.
    pub fn kind(&self) -> Option<FaultKind> {
        Some(match self {
            Self::Unreachable(_) => FaultKind::Unreachable,
            Self::Untrusted(_) => FaultKind::Untrusted,
            Self::Refused(_) => FaultKind::Refused,
            Self::Throttled { .. } => FaultKind::Throttled,
            Self::Cut(_) => FaultKind::Cut,
            Self::Server(_) => FaultKind::Server,
            Self::Destination(_) => FaultKind::Destination,
            Self::Ended => return None,
        })
    }

    /// Returns true for a fault of the whole mailbox, so that nothing else of it can be fetched now. A connection that
    /// breaks and a server that fails may be faults of the one folder or letter that was asked for.
    pub fn is_of_site(&self) -> bool {
        !matches!(self, Self::Cut(_) | Self::Server(_))
    }

    /// No source is left alone for longer at a time, whatever its server says.
    pub const LONGEST_PAUSE: Duration = Duration::from_secs(48 * 3600);

    /// Returns how long the source is left alone after so many failures in a row (1 for the first).
    pub fn pause(&self, failures: u32) -> Duration {
        let minutes = |first: u64, most: u64| {
            let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(16));
            Duration::from_secs(60 * doubled.min(most))
        };
        match self {
            // A wrong password that is tried again and again locks an account.
            Self::Refused(_) => minutes(60, 24 * 60),
            Self::Untrusted(_) => minutes(15, 6 * 60),
            Self::Throttled { pause, .. } => minutes(5, 4 * 60).max(pause.unwrap_or_default().min(Self::LONGEST_PAUSE)),
            Self::Unreachable(_) | Self::Server(_) | Self::Destination(_) => minutes(1, 60),
            Self::Cut(_) => minutes(1, 30) / 6,
            Self::Ended => Duration::ZERO,
        }
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Self {
        Self::Destination(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_stays_ill_is_asked_less_and_less() {
        let refused = Fault::Refused(String::new());
        assert_eq!(refused.pause(1), Duration::from_secs(3600));
        assert_eq!(refused.pause(99), Duration::from_secs(24 * 3600));
        let throttled = Fault::Throttled { said: String::new(), pause: Some(Duration::from_secs(99_999)) };
        assert_eq!(throttled.pause(1), Duration::from_secs(99_999));
        let absurd = Fault::Throttled { said: String::new(), pause: Some(Duration::from_secs(99_999_999)) };
        assert_eq!(absurd.pause(1), Fault::LONGEST_PAUSE);
        assert!(Fault::Cut(String::new()).pause(1) < Duration::from_secs(60));
    }
}
