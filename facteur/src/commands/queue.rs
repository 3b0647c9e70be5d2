//! `facteur queue`: the letters on their way to other servers.

mod show;

use mail::{LetterId, Timestamp};
use mta::queue::{self, Filter, Listed, Page, Touched, Which};
use store::Store;

use super::Trouble;
use crate::command_line::{QueueCommand, Which as Chosen};
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::{clock, terminal};

/// Letters read at a time.
const PAGE: usize = 500;

pub fn run(command: QueueCommand, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    let now = clock::now();
    match command {
        QueueCommand::List { form } => {
            let letters = all(&store)?;
            terminal::print(&if form.json { show::list_as_json(&letters) } else { show::list_as_table(&letters) });
        }
        QueueCommand::Show { letter, form } => {
            let id = name(&letter)?;
            let shown = store.read_blocking(move |view| queue::show(view, id)).map_err(Trouble::from)?;
            if shown.is_empty() {
                return Err(not_there(&letter));
            }
            terminal::print(&if form.json { show::letter_as_json(&shown) } else { show::letter_as_text(&shown) });
        }
        QueueCommand::Retry(chosen) => touch(&store, chosen, now, queue::retry)?,
        QueueCommand::Hold(chosen) => touch(&store, chosen, now, queue::hold)?,
        QueueCommand::Release(chosen) => {
            touch(&store, chosen, now, queue::release)?;
        }
        QueueCommand::Drop(chosen) => touch(&store, chosen, now, queue::drop_letters)?,
    }
    Ok(())
}

fn all(store: &Store) -> Result<Vec<Listed>, Trouble> {
    let mut letters: Vec<Listed> = Vec::new();
    loop {
        let page = Page { after: letters.last().map_or(0, |letter| letter.row), most: PAGE };
        let more = store.read_blocking(move |view| queue::list(view, &Filter::default(), page))?;
        if more.is_empty() {
            return Ok(letters);
        }
        letters.extend(more);
    }
}

type Act = fn(&Store, &Which, Timestamp) -> Result<Vec<Touched>, store::Error>;

/// Does something to letters, and tells to which. That nothing could be done to a named letter is a failure; that all
/// of nothing were touched is not.
fn touch(store: &Store, chosen: Chosen, now: Timestamp, act: Act) -> Result<(), Failure> {
    let named = chosen.letters.first().cloned();
    let touched = act(store, &which(chosen)?, now).map_err(Trouble::from)?;
    if let (Some(named), true) = (named, touched.is_empty()) {
        return Err(untouched(store, &named));
    }
    terminal::print(&touched.iter().map(|Touched { id, address }| format!("{id}  {address}\n")).collect::<String>());
    Ok(())
}

fn which(chosen: Chosen) -> Result<Which, Failure> {
    if let Some(domain) = chosen.to {
        return Ok(Which::Domain(domain));
    }
    if chosen.all {
        return Ok(Which::All);
    }
    Ok(Which::Letters(chosen.letters.iter().map(|letter| name(letter)).collect::<Result<_, _>>()?))
}

fn name(text: &str) -> Result<LetterId, Failure> {
    text.parse().map_err(|()| not_there(text))
}

/// A letter is not there, or what was asked for makes no sense for it now.
fn untouched(store: &Store, letter: &str) -> Failure {
    let there = name(letter)
        .is_ok_and(|id| store.read_blocking(move |view| queue::show(view, id)).is_ok_and(|shown| !shown.is_empty()));
    if !there {
        return not_there(letter);
    }
    Failure::new(say!(
        "nothing to do for letter {letter}: facteur queue show {letter} tells its state",
        "rien à faire pour la lettre {letter} : facteur queue show {letter} dit son état"
    ))
}

fn not_there(letter: &str) -> Failure {
    Failure::new(say!(
        "there is no letter {letter} in the queue; facteur queue list shows those there are",
        "il n'y a pas de lettre {letter} dans la file ; facteur queue list montre celles qui y sont"
    ))
}
