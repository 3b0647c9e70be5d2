//! `facteur import`: letters from files into a mailbox.

use std::path::Path;

use mail::LetterId;
use removal::mbox::Dialect;
use removal::{Files, Format, Imported, Observer, Progress, Request, Skipped};
use serde::Serialize;

use super::moving::{self, Ticker};
use crate::command_line::Import;
use crate::counter::Incoming;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::language::say;
use crate::{clock, terminal};

/// What the caller reads out of its files. The folder and the form are those that the command line says.
pub fn files(import: &Import) -> Result<Files, Failure> {
    let below = import.folder.as_deref().map(folder).transpose()?;
    let format = import.format.as_deref().map_or(Format::Recognised, format);
    Files::open(&import.path, format, below.as_deref(), clock::now()).map_err(|why| moving::trouble(&why))
}

pub fn run(import: Import, desk: &Desk<'_>) -> Result<(), Failure> {
    let store = desk.store()?;
    let account = moving::mailbox_of(&store, &import.address)?;
    let address = import.address.to_string();
    let mut letters = Incoming::ask(terminal::caller()?)?;
    let request = Request {
        account,
        address: &address,
        again: import.again,
        beside: desk.running().is_some(),
        clock: clock::now,
        name: || LetterId::from_random(rand::random()),
    };
    let mut watcher = Watcher { ticker: Ticker::new(import.form.json), json: import.form.json };
    let imported = removal::import(&store, &request, &mut letters, &mut watcher);
    watcher.ticker.end();
    let imported = imported.map_err(|why| moving::trouble(&why))?;
    tell(&imported, &import.path, import.form.json)
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

/// The last line. That some were passed over is told by the exit status too.
fn tell(imported: &Imported, path: &Path, json: bool) -> Result<(), Failure> {
    let Imported { letters, known, skipped, .. } = *imported;
    if json {
        terminal::print(&moving::line(&Done { event: "done", letters, known, skipped }));
    } else {
        terminal::print(&say!(
            "letters imported: {letters}; here already: {known}; passed over: {skipped}\n",
            "lettres importées : {letters} ; déjà là : {known} ; laissées de côté : {skipped}\n"
        ));
    }
    if skipped == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::new(say!(
        "not all of {path} could be taken; what was passed over is told above, and the rest is there",
        "tout n'a pu être pris de {path} ; ce qui a été laissé de côté est dit plus haut, et le reste est là"
    )))
}

#[derive(Serialize)]
struct Done {
    event: &'static str,
    letters: u64,
    known: u64,
    skipped: u64,
}

struct Watcher {
    ticker: Ticker,
    json: bool,
}

/// Something that was passed over, as scripts see it.
#[derive(Serialize)]
struct SkippedLine<'a> {
    event: &'static str,
    file: &'a str,
    at: Option<u64>,
    why: &'a str,
}

impl Observer for Watcher {
    fn progress(&mut self, progress: &Progress) {
        self.ticker.tick(progress);
    }

    fn is_there(&self) -> bool {
        terminal::caller().is_ok_and(|caller| !caller.is_gone())
    }

    fn skipped(&mut self, skipped: &Skipped) {
        let why = moving::fault(&skipped.fault);
        if self.json {
            let Skipped { file, at, .. } = skipped;
            terminal::print(&moving::line(&SkippedLine { event: "skipped", file, at: *at, why: &why }));
            return;
        }
        let file: String = skipped.file.chars().filter(|c| !c.is_control()).collect();
        self.ticker.note(&match skipped.at {
            Some(at) => say!("{file}, octet {at}: {why}\n", "{file}, octet {at} : {why}\n"),
            None => say!("{file}: {why}\n", "{file} : {why}\n"),
        });
    }
}
