//! `facteur import`: letters from files into a mailbox, and back out of it.

mod past;
mod watcher;

use std::path::PathBuf;

use import_export::mbox::Dialect;
use import_export::{Coming, Files, Format, Imported, Rehearsal, Request, RunId};
use mail::{Address, LetterId};
use serde::Serialize;

use super::moving;
use crate::command_line::{Import, NewImport};
use crate::context::Context;
use crate::control::Incoming;
use crate::failure::Failure;
use crate::language::say;
use crate::table::Table;
use crate::{clock, terminal};
use watcher::Watcher;

/// Opens the files that the caller reads. The command line gives the folder and the form.
pub fn files(import: &Import) -> Result<Files, Failure> {
    let import = &import.new;
    let below = import.folder.as_deref().map(folder).transpose()?;
    let format = import.format.as_deref().map_or(Format::Recognised, format);
    let path = import.path.clone().unwrap_or_default();
    Files::open(&path, format, below.as_deref(), clock::now()).map_err(|why| moving::trouble(&why))
}

pub fn run(import: Import, context: &Context<'_>) -> Result<(), Failure> {
    if let Some(past) = import.past {
        return past::run(past, context);
    }
    let NewImport { address, path, again, dry_run, form, .. } = import.new;
    let (Some(address), Some(path)) = (address, path) else { return Err(nothing_named()) };
    bring(&Bringing { address, path, again, json: form.json, dry_run }, context)
}

/// Clap asks for both; this is for the compiler.
fn nothing_named() -> Failure {
    Failure::new(say!("say whose mailbox, and which files", "dites la boîte de qui, et quels fichiers"))
}

/// The import that a command runs.
struct Bringing {
    address: Address,
    path: PathBuf,
    again: bool,
    json: bool,
    dry_run: bool,
}

fn bring(bringing: &Bringing, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    let account = moving::mailbox_of(&store, &bringing.address)?;
    let (address, what) = (bringing.address.to_string(), bringing.path.display().to_string());
    let mut letters = Incoming::ask(terminal::caller()?)?;
    let request = Request {
        account,
        address: &address,
        what: &what,
        again: bringing.again,
        beside: context.running().is_some(),
        clock: clock::now,
        name: || LetterId::from_random(rand::random()),
    };
    let mut watcher = Watcher::new(bringing.json);
    if bringing.dry_run {
        let rehearsed = import_export::rehearse(&store, &request, &mut letters, &mut watcher);
        watcher.end();
        return tell_rehearsal(&rehearsed.map_err(|why| moving::trouble(&why))?, bringing);
    }
    let imported = import_export::import(&store, &request, &mut letters, &mut watcher);
    let run = watcher.run();
    watcher.end();
    match imported {
        Ok(imported) => tell(&imported, run, bringing),
        Err(why) => {
            // The letters that came before it stopped can be taken back as well.
            tell_run(run.filter(|_| watcher.has_brought()), bringing.json);
            Err(moving::trouble(&why))
        }
    }
}

fn folder(name: &str) -> Result<String, Failure> {
    mailbox::folder::name::canonical(name).map_err(|why| super::Trouble::from(why).into())
}

fn format(word: &str) -> Format {
    match word {
        "mbox" => Format::Mbox(Dialect::Quoted),
        "mboxo" => Format::Mbox(Dialect::QuotedOnce),
        "mboxcl2" => Format::Mbox(Dialect::Counted),
        "maildir" => Format::Maildir,
        "eml" => Format::Eml,
        _ => Format::Recognised,
    }
}

/// The last lines. That some were passed over is told by the exit status too.
fn tell(imported: &Imported, run: Option<RunId>, bringing: &Bringing) -> Result<(), Failure> {
    let Imported { letters, known, skipped, beside, .. } = *imported;
    let run = run.filter(|_| letters > 0);
    if bringing.json {
        let run = run.map(|run| run.0);
        terminal::print(&moving::line(&Done { event: "done", letters, known, skipped, beside, run, dry_run: false }));
    } else {
        tell_run(run, false);
        terminal::print(&say!(
            "letters imported: {letters}; here already: {known}; passed over: {skipped}\n",
            "lettres importées : {letters} ; déjà là : {known} ; laissées de côté : {skipped}\n"
        ));
    }
    let path = bringing.path.display();
    all_taken(
        skipped,
        say!(
            "not all of {path} could be taken; what was passed over is told above, and the rest is there",
            "tout n'a pu être pris de {path} ; ce qui a été laissé de côté est dit plus haut, et le reste est là"
        ),
    )
}

/// Tells the person how a run is taken back.
fn tell_run(run: Option<RunId>, json: bool) {
    let Some(RunId(run)) = run else { return };
    if json {
        return;
    }
    terminal::print(&say!(
        "this was import {run}; to take it back: facteur import undo {run}\n",
        "c'était l'importation {run} ; pour l'annuler : facteur import undo {run}\n"
    ));
}

fn tell_rehearsal(rehearsal: &Rehearsal, bringing: &Bringing) -> Result<(), Failure> {
    let Imported { letters, known, skipped, beside, .. } = rehearsal.progress;
    if bringing.json {
        for Coming { name, letters, is_new } in &rehearsal.folders {
            terminal::print(&moving::line(&Folder { event: "folder", name, letters: *letters, new: *is_new }));
        }
        let done = Done { event: "done", letters, known, skipped, beside, run: None, dry_run: true };
        terminal::print(&moving::line(&done));
    } else {
        terminal::print(&coming(&rehearsal.folders));
        terminal::print(&say!(
            "nothing was changed; letters that would come: {letters}; here already: {known}; passed over: {skipped}\n",
            "rien n'a été changé ; lettres qui viendraient : {letters} ; déjà là : {known} ; laissées de côté : {skipped}\n"
        ));
    }
    let path = bringing.path.display();
    all_taken(
        skipped,
        say!(
            "not all of {path} could be taken; what would be passed over is told above",
            "tout ne pourrait être pris de {path} ; ce qui serait laissé de côté est dit plus haut"
        ),
    )
}

fn coming(folders: &[Coming]) -> String {
    if folders.is_empty() {
        return String::new();
    }
    let mut table = Table::new([say!("folder", "dossier"), say!("letters", "lettres"), String::new()]);
    for Coming { name, letters, is_new } in folders {
        let new = if *is_new { say!("new folder", "nouveau dossier") } else { String::new() };
        table.row([name.clone(), letters.to_string(), new]);
    }
    table.show()
}

fn all_taken(skipped: u64, otherwise: String) -> Result<(), Failure> {
    if skipped == 0 { Ok(()) } else { Err(Failure::new(otherwise)) }
}

#[derive(Serialize)]
struct Done {
    event: &'static str,
    letters: u64,
    known: u64,
    skipped: u64,
    beside: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// A folder that letters would come to, as scripts see it.
#[derive(Serialize)]
struct Folder<'a> {
    event: &'static str,
    name: &'a str,
    letters: u64,
    new: bool,
}
