//! `/letter/{letter}/cards`: the invitations and visiting cards of a letter, read so that the pages can show them;
//! `/letter/{letter}/reply`: the answer to one of them, written as calendars read it. Nothing is sent here: the pages
//! send it as any letter.
//!
//! A kept crate reads the files (calcard). No code here computes repetitions or dates: the pages show a rule as it is
//! written.

mod answering;
mod calendar;
mod guest;
mod person;
mod reply;
mod told;
mod zone;

use mailbox::Access;
use std::collections::HashSet;

use axum::body::Body;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use mail::seam::Login;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Contents, Part, Role, decode};
use serde_json::Value;
use store::{Asker, View};

use crate::inside::{Asked, Opened, Opening};
use crate::reader::Reader;
use crate::{Server, answer};

use reply::Wish;
pub use told::Cards;

/// The most octets of one file, as it travels, that are read.
const LARGEST: u64 = 256 << 10;
/// The most files of one letter that are read.
const FILES: usize = 16;

/// A file with cards or entries.
enum File {
    Calendar(String),
    Card(String),
}

pub async fn show(State(server): State<Server>, Reader(login): Reader, Path(letter): Path<String>) -> Response {
    let files = match opened(&server, &login, &letter).await {
        Ok(files) => files,
        Err(answer) => return answer,
    };
    // A letter inside another is shown; its invitations are answered where it came.
    let reader = Asked::read(&letter).is_some_and(|asked| !asked.lies_inside()).then_some(login);
    match read_for(&server, reader, files).await {
        Ok(cards) => answer::json(&cards),
        Err(error) => answer::fault(&*error),
    }
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Returns the contents of the files, and says which of their invitations the reader, if there is one, can answer.
async fn read_for(server: &Server, reader: Option<Login>, files: Files) -> Result<Value, Fault> {
    let work = move || {
        let cards = read(files);
        let candidates = answering::candidates(&cards.entries);
        (cards, candidates)
    };
    let (mut cards, candidates) = tokio::task::spawn_blocking(work).await?;
    let own = match reader {
        Some(reader) if !candidates.is_empty() => {
            let asker = Asker(reader.account.0);
            let look = move |view: &View| answering::own(view, &reader, &candidates);
            Some(server.store.read_for(asker, look).await?)
        }
        Some(_) => Some(HashSet::new()),
        None => None,
    };
    let work = move || {
        if let Some(own) = own {
            answering::decide(&mut cards.entries, &own);
        }
        serde_json::to_value(cards)
    };
    Ok(tokio::task::spawn_blocking(work).await??)
}

/// Returns the answer that the reader wishes to give, as a file of a calendar.
pub async fn reply(
    State(server): State<Server>,
    Reader(login): Reader,
    Path(letter): Path<String>,
    Form(wish): Form<Wish>,
) -> Response {
    let files = match opened(&server, &login, &letter).await {
        Ok((files, _)) => files,
        Err(answer) => return answer,
    };
    let now = (server.clock)();
    let write = move || {
        files.iter().find_map(|file| match file {
            File::Calendar(text) => reply::reply(text, &wish, now),
            File::Card(_) => None,
        })
    };
    match tokio::task::spawn_blocking(write).await {
        Ok(Some(text)) => answer::with(StatusCode::OK, "text/calendar; charset=utf-8", Body::from(text)),
        Ok(None) => answer::plain(StatusCode::NOT_FOUND, "this letter does not invite this address to that"),
        Err(error) => answer::fault(&error),
    }
}

/// Returns the files of a letter of the reader's, or the answer for a letter without them.
async fn opened(server: &Server, login: &Login, letter: &str) -> Result<Files, Response> {
    let asked = Asked::read(letter).ok_or_else(answer::missing)?;
    let access = Access::own(login.account);
    match server.store.read_for(access.asker(), move |view| files(view, access, &asked)).await {
        Ok(files) => files.ok_or_else(answer::missing),
        Err(error) => Err(answer::unreadable(&error)),
    }
}

/// The files that the cards are read from, and whether some were left out.
type Files = (Vec<File>, bool);

/// Returns the files, and true if one was left out; `None` if there is no such letter.
fn files(view: &View, access: Access, asked: &Asked) -> Result<Option<Files>, mailbox::Error> {
    let Opening::Opened(letter) = asked.open(view, access)? else { return Ok(None) };
    // The names of pictures are not needed here.
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

/// Returns the text of a file that is not too large.
fn text(view: &View, letter: &Opened, part: &Part) -> Result<Option<String>, mailbox::Error> {
    let path = part.steps();
    let (start, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    if end.saturating_sub(start) > LARGEST {
        return Ok(None);
    }
    let decoded = unpacked(&path, &letter.read(view, start..end)?);
    Ok(Some(decode::part_text(part, &decoded, true).text.replace('\0', "")))
}

fn read((files, left_out): Files) -> Cards {
    let mut cards = Cards { has_more: left_out, ..Cards::default() };
    for file in files {
        match file {
            File::Calendar(text) => calendar::read(&text, &mut cards),
            File::Card(text) => person::read(&text, &mut cards),
        }
    }
    cards
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
