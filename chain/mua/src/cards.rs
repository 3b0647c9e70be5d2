//! `/letter/{letter}/cards`: the invitations and visiting cards of a letter, read so that the pages can show them.
//!
//! A kept crate reads the files (calcard); nothing repeats, and no dates are counted out: what repeats is told as it is written.

mod calendar;
mod person;

use axum::extract::{Path, State};
use axum::response::Response;
use mail::seam::AccountId;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Contents, Part, Role, decode};
use serde::Serialize;
use store::{Asker, View};

use crate::inside::{Asked, Opened, Opening};
use crate::reader::Reader;
use crate::{Server, answer};

pub use calendar::Entry;
pub use person::Person;

/// Octets of one file, as it travels, that are read.
const LARGEST: u64 = 256 << 10;
/// Files of one letter that are looked at.
const FILES: usize = 16;
/// Entries of calendars, and cards, that are told of one letter.
const MOST: usize = 100;
/// Characters of one text.
const LONGEST: usize = 2000;

/// What the pages are told.
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

/// A file with such things in it.
enum File {
    Calendar(String),
    Card(String),
}

pub async fn show(State(server): State<Server>, Reader(login): Reader, Path(letter): Path<String>) -> Response {
    let Some(asked) = Asked::read(&letter) else { return answer::missing() };
    let account = login.account;
    let files = match server.store.read_for(Asker(account.0), move |view| files(view, account, &asked)).await {
        Ok(Some(files)) => files,
        Ok(None) => return answer::missing(),
        Err(error) => return answer::unreadable(&error),
    };
    match tokio::task::spawn_blocking(move || read(files)).await {
        Ok(cards) => match serde_json::to_value(cards) {
            Ok(cards) => answer::json(&cards),
            Err(error) => answer::fault(&error),
        },
        Err(error) => answer::fault(&error),
    }
}

/// The files, and whether one was left out; none where there is no such letter.
fn files(view: &View, account: AccountId, asked: &Asked) -> Result<Option<(Vec<File>, bool)>, mailbox::Error> {
    let Opening::Opened(letter) = asked.open(view, account)? else { return Ok(None) };
    // Names of pictures need not be looked for.
    let contents = Contents::of(&letter.structure, |_| Ok::<_, mailbox::Error>(bytes::Bytes::new()))?;
    let (mut files, mut left_out) = (Vec::new(), false);
    for item in &contents.items {
        let of = match item.role {
            Role::Calendar => File::Calendar,
            Role::Card => File::Card,
            _ => continue,
        };
        view.check()?;
        match text(view, &letter, item.part)? {
            Some(text) if files.len() < FILES => files.push(of(text)),
            _ => left_out = true,
        }
    }
    Ok(Some((files, left_out)))
}

/// The text of a file that is not too large.
fn text(view: &View, letter: &Opened, part: &Part) -> Result<Option<String>, mailbox::Error> {
    let path = part.steps();
    let (start, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    if end.saturating_sub(start) > LARGEST {
        return Ok(None);
    }
    let decoded = unpacked(&path, &letter.read(view, start..end)?);
    Ok(Some(decode::part_text(part, &decoded, true).text.replace('\0', "")))
}

fn read((files, left_out): (Vec<File>, bool)) -> Cards {
    let mut cards = Cards { has_more: left_out, ..Cards::default() };
    for file in files {
        match file {
            File::Calendar(text) => calendar::read(&text, &mut cards),
            File::Card(text) => person::read(&text, &mut cards),
        }
    }
    cards
}

/// The first characters of a text without blanks around it; none where there are none.
fn short(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(LONGEST).collect();
    (!text.is_empty()).then_some(text)
}

/// Reads a file, as the fuzz target does.
pub fn read_file(text: &str) -> Cards {
    let mut cards = Cards::default();
    calendar::read(text, &mut cards);
    person::read(text, &mut cards);
    cards
}

#[cfg(test)]
mod tests;
