//! The cards and entries of a letter, as the pages are told them.

use serde::Serialize;

use super::calendar::Entry;
use super::person::Person;

/// Entries of calendars, and cards, that are told of one letter.
pub const MOST: usize = 100;
/// Characters of one text.
pub const LONGEST: usize = 2000;

/// The cards of one letter, as the pages are told them.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cards {
    /// Events and tasks.
    pub entries: Vec<Entry>,
    /// Visiting cards.
    pub people: Vec<Person>,
    /// Is there more than that, or something that could not be read?
    pub has_more: bool,
}

/// The first characters of a text without blanks around it; none where there are none.
pub fn short(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(LONGEST).collect();
    (!text.is_empty()).then_some(text)
}
