//! The domains and people of this house, their addresses and passwords, and their rights.
//!
//! Invariants of this room:
//! * An address of one of our domains belongs to one account or one alias; the case of its local part does not matter.
//! * The number of an account is never given to another.
//! * No password is kept: only Argon2id and SCRAM keys made from it. None is taken that is among the first to be guessed.
//! * Whether a name exists cannot be learnt by logging in: not from the answer, not from its time, not from the keys.
//! * Passwords are worked on in a few slots only, most of them kept for familiar places: a flood of strangers keeps nobody
//!   out who has been there before, and takes no memory.
//! * Whoever guesses at a name is punished by their place; its owner is slowed at most, and not where they are at home.
//! * A credential and the connections that it let in end together, within a second.
//! * Nothing is remembered of the tables between two questions: another process may have changed them. Only the keys that
//!   sign letters are, since signing must not ask; they are read again behind each change.
//! * A return path that we have made for a forwarded letter stands for one sender, for 30 days; nobody else can make one, and
//!   one that is forged and one that is too old are answered alike, as somebody whom nobody knows.
//! * A domain has one active key of each algorithm, from the commit that made it, whatever ends the process. A private key
//!   leaves this room for signatures and for `facteur domain key export` alone; nothing prints it.
//!
//! It must not know what a letter or a folder is.

pub mod account;
pub mod alias;
pub mod domain;
pub mod domain_key;
pub mod forward;
pub mod group;
pub mod returns;
pub mod session;

mod directory;
mod error;
pub mod familiar;
mod fold;
mod guessable;
mod keyring;
mod lines;
mod login;
mod memory;
mod peer_network;
mod person;
mod resolve;
mod schema;
mod scram;
mod secret;
mod slots;
mod stays;
mod throttle;
mod workspace;

pub use auth::dkim::KeyFault;
pub use directory::{Clock, Directory, NoLimit, Space, Ticks};
pub use error::Error;
pub use keyring::Keyring;
pub use mail::{Destination, Resolution};
pub use resolve::resolve;
pub use returns::ReturnPaths;
pub use schema::MIGRATIONS;
pub use secret::{Secret, Strength, strength};
pub use stays::Open;

/// The notice that goes out when people, domains or aliases change.
pub const TOPIC: store::Topic = store::Topic { kind: "directory", id: 0 };

/// The notice that goes out when a proof is no longer good: another password, a session that ended, an account that is
/// gone.
pub(crate) const CREDENTIALS: store::Topic = store::Topic { kind: "credentials", id: 0 };

/// The notice that goes out when a key of a domain comes, goes or changes its state.
pub const KEYS: store::Topic = store::Topic { kind: "domain-keys", id: 0 };

/// The language somebody reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// en
    #[default]
    English,
    /// fr
    French,
}

impl Language {
    /// `en` or `fr`.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// Reads `en` or `fr`.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::English),
            "fr" => Some(Self::French),
            _ => None,
        }
    }
}
