//! Somebody who is invited, and whether the reader can answer for them.

use mail::Address;
use serde::Serialize;

/// Can the reader answer?
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answering {
    /// As somebody who is invited. `number` counts the events that the letter invites to, from 1.
    As { email: String, number: usize },
    /// They cannot.
    Not(Why),
}

/// Why an invitation cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// None of the reader's addresses is invited.
    NotInvited,
    /// The reader is the one who invites.
    Organizer,
    /// It does not say, by a mail address, who invites.
    NoOrganizer,
    /// The one who invites wants no answer.
    NotAsked,
    /// It has no name by which an answer could be told to be to it.
    NoName,
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Where letters reach them.
    pub email: String,
    /// Does the one who invites want an answer of theirs?
    pub is_asked: bool,
}

/// Addresses that differ only in what does not matter are one.
pub fn folded(email: &str) -> Option<String> {
    Address::parse(email.trim()).ok().map(|address| address.to_string().to_lowercase())
}
