//! An invited person, and whether the reader can answer for them.

use mail::Address;
use serde::Serialize;

/// The answer to the question whether the reader can answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answering {
    /// The reader answers as this invited person. `number` counts the events that the letter invites to, from 1.
    As { email: String, number: usize },
    /// They cannot.
    Not(Why),
}

/// The reason why an invitation cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// None of the reader's addresses is invited.
    NotInvited,
    /// The reader is the organizer.
    Organizer,
    /// The invitation does not name, by a mail address, the person who invites.
    NoOrganizer,
    /// The organizer wants no answer.
    NotAsked,
    /// It has no name that an answer could refer to.
    NoName,
}

/// An invited person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The address at which letters reach them.
    pub email: String,
    /// True if the organizer wants their answer.
    pub is_asked: bool,
}

/// Returns one form for addresses that differ only in what does not matter.
pub fn folded(email: &str) -> Option<String> {
    Address::parse(email.trim()).ok().map(|address| address.to_string().to_lowercase())
}
