//! `facteur import undo` and `facteur import list`: imports that have been.

use import_export::{Run, RunId, Undone};
use mail::Address;
use serde::Serialize;
use store::Store;

use super::super::{Trouble, moving};
use crate::command_line::PastImport;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::terminal;

pub fn run(past: PastImport, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    match past {
        PastImport::Undo { run, form } => undo(&store, RunId(run), context.running().is_some(), form.json),
        PastImport::List { address, form } => list(&store, &address, form.json),
    }
}

fn undo(store: &Store, id: RunId, beside: bool, json: bool) -> Result<(), Failure> {
    let found = store.read_blocking(move |view| import_export::runs::get(view, id)).map_err(Trouble::from)?;
    let Some(run) = found else {
        let RunId(id) = id;
        return Err(Failure::new(say!(
            "there is no import {id}, or it was taken back already; facteur import list ADDRESS lists them",
            "il n'y a pas d'importation {id}, ou elle a déjà été annulée ; facteur import list ADRESSE les donne"
        )));
    };
    let caller = terminal::caller()?;
    let undone = import_export::undo(store, &run, beside, &mut |_| !caller.is_gone());
    let Undone { letters, kept, gone, folders } = undone.map_err(|why| moving::trouble(&why))?;
    terminal::print(&if json {
        moving::line(&Done { event: "done", letters, kept, gone, folders })
    } else {
        say!(
            "letters taken away: {letters}; left, since somebody has touched them or fetched them too: {kept}; moved or deleted before: {gone}; empty folders taken away: {folders}\n",
            "lettres retirées : {letters} ; laissées, quelqu'un les ayant touchées ou relevées aussi : {kept} ; déplacées ou supprimées avant : {gone} ; dossiers vides retirés : {folders}\n"
        )
    });
    Ok(())
}

#[derive(Serialize)]
struct Done {
    event: &'static str,
    letters: u64,
    kept: u64,
    gone: u64,
    folders: u64,
}

/// A run as scripts see it.
#[derive(Serialize)]
struct Listed<'a> {
    run: i64,
    began: String,
    path: &'a str,
    letters: u64,
}

fn list(store: &Store, address: &Address, json: bool) -> Result<(), Failure> {
    let account = moving::mailbox_of(store, address)?;
    let runs = store.read_blocking(move |view| import_export::runs::list(view, account)).map_err(Trouble::from)?;
    terminal::print(&if json { as_json(&runs) } else { as_table(&runs) });
    Ok(())
}

fn as_json(runs: &[Run]) -> String {
    let listed = |run: &Run| (run.id.0, run.began.rfc3339(), run.letters);
    let all: Vec<_> = runs.iter().map(|run| (listed(run), &run.what)).collect();
    let listed = all.iter().map(|((run, began, letters), what)| Listed {
        run: *run,
        began: began.clone(),
        path: what,
        letters: *letters,
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(runs: &[Run]) -> String {
    if runs.is_empty() {
        return say!("no imports that could be taken back\n", "pas d'importation qui puisse être annulée\n");
    }
    let headings =
        [say!("import", "importation"), say!("began", "début"), say!("letters", "lettres"), say!("from", "depuis")];
    let mut table = Table::new(headings);
    for run in runs {
        table.row([run.id.0.to_string(), run.began.rfc3339(), run.letters.to_string(), run.what.clone()]);
    }
    table.show()
}
