//! The cards and entries of a letter, in the form that the pages get.

use serde::Serialize;

use super::calendar::Entry;
use super::person::Person;

/// The most entries of calendars, and the most cards, of one letter that are shown.
pub const MOST: usize = 100;
/// The most characters of one text.
pub const LONGEST: usize = 2000;

/// The cards of one letter, in the form that the pages get.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cards {
    /// Events and tasks.
    pub entries: Vec<Entry>,
    /// Visiting cards.
    pub people: Vec<Person>,
    /// True if there is more than that, or a part that could not be read.
    pub has_more: bool,
}

/// Returns the first characters of a text without blanks around it; `None` if nothing is left.
pub fn short(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(LONGEST).collect();
    (!text.is_empty()).then_some(text)
}
