//! The state of a quota: the octets that the letters of an account take, and the octets that they may take.

use mailbox::Access;
use std::fmt::{self, Display, Formatter};

use mail::seam::AccountId;
use store::View;

use crate::id::number;

/// The largest UnsignedInt (RFC 8620 §1.3).
pub const LARGEST: u64 = (1 << 53) - 1;

/// The changing numbers of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Octets that the letters take.
    pub used: u64,
    /// The octets that they may take, if the administrator has set a limit.
    pub limit: Option<u64>,
}

impl State {
    /// Reads a state from its text; `None` for any other text.
    pub fn read(text: &str) -> Option<Self> {
        let octets = |digits: &str| number(digits).and_then(|number| u64::try_from(number).ok());
        match text.split_once('.') {
            None => Some(Self { used: octets(text)?, limit: None }),
            Some((used, limit)) => Some(Self { used: octets(used)?, limit: Some(octets(limit)?) }),
        }
    }
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.limit {
            None => write!(f, "{}", self.used),
            Some(limit) => write!(f, "{}.{limit}", self.used),
        }
    }
}

/// Returns the account's usage and limit.
pub fn state(view: &View, account: AccountId) -> Result<State, mailbox::Error> {
    let usage = mailbox::account::usage(view, Access::own(account))?;
    Ok(State { used: usage.used.min(LARGEST), limit: usage.quota.map(|quota| quota.min(LARGEST)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_goes_round() {
        for state in [State { used: 0, limit: None }, State { used: 7, limit: Some(0) }] {
            assert_eq!(State::read(&state.to_string()), Some(state));
        }
        for other in ["", ".", "1.", ".1", "1.2.3", "01", "-1", "x", "1-2"] {
            assert_eq!(State::read(other), None, "{other}");
        }
    }
}
