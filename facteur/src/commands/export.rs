//! `facteur export`: the letters of a mailbox into files.

use std::path::Path;

use import_export::{ExportFormat, Exported};
use serde::Serialize;

use super::moving::{self, Ticker};
use crate::command_line::Export;
use crate::context::Context;
use crate::control::Outgoing;
use crate::failure::Failure;
use crate::language::say;
use crate::terminal;

pub fn run(export: Export, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    let account = moving::mailbox_of(&store, &export.address)?;
    let mut outgoing = Outgoing::ask(terminal::caller()?)?;
    let mut ticker = Ticker::new(export.form.json);
    let exported = import_export::export(&store, account, &mut outgoing, &mut |progress| ticker.tick(progress));
    ticker.end();
    let Exported { folders, letters, damaged } = exported.map_err(|why| moving::trouble(&why))?;
    terminal::print(&if export.form.json {
        moving::line(&Done { event: "done", folders, letters, damaged })
    } else {
        let path = export.path.display();
        say!(
            "{path} holds the mailbox now; folders: {folders}, letters: {letters}\n",
            "{path} contient maintenant la boîte ; dossiers : {folders}, lettres : {letters}\n"
        )
    });
    if damaged > 0 && !export.form.json {
        terminal::print(&say!(
            "Not exported, since their text is damaged or lost: {damaged}; the log names them\n",
            "Non exportées, leur texte étant abîmé ou perdu : {damaged} ; le journal les nomme\n"
        ));
    }
    Ok(())
}

/// Returns the format that the caller writes.
pub fn format_of(export: &Export) -> ExportFormat {
    export.format.as_deref().map_or_else(|| by_ending(&export.path), format)
}

fn by_ending(path: &Path) -> ExportFormat {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if name.ends_with(".zip") {
        ExportFormat::Zip
    } else if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
        ExportFormat::TarGz
    } else {
        ExportFormat::Maildir
    }
}

fn format(word: &str) -> ExportFormat {
    match word {
        "mbox" => ExportFormat::Mbox,
        "eml" => ExportFormat::Eml,
        "zip" => ExportFormat::Zip,
        "tar.gz" => ExportFormat::TarGz,
        _ => ExportFormat::Maildir,
    }
}

#[derive(Serialize)]
struct Done {
    event: &'static str,
    folders: u64,
    letters: u64,
    damaged: u64,
}
