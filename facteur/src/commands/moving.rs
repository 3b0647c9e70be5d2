//! The code that import and export share: whose mailbox it is, how far the work is, and what went wrong.

mod faults;

use std::time::{Duration, Instant};

use import_export::{Error, Progress};
use mail::Address;
use mail::seam::AccountId;
use serde::Serialize;
use store::Store;

use super::trouble::mailbox_trouble;
use super::{Trouble, size};
use crate::failure::Failure;
use crate::language::{database, say, system};
use crate::terminal;

pub use faults::{beside, fault};

/// The number of a person's mailbox.
pub fn mailbox_of(store: &Store, address: &Address) -> Result<AccountId, Trouble> {
    let address = address.clone();
    store.read_blocking(move |view| Ok(directory::account::find(view, &address)?.id))
}

/// One line of JSON.
pub fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// Tells how far it is: on a terminal in one line that is written anew, for scripts in lines of JSON.
pub struct Ticker {
    json: bool,
    terminal: bool,
    began: Instant,
    last: Option<Instant>,
    /// True while there is a line on the terminal that has to be wiped.
    shown: bool,
}

/// Between two times that it is told.
const PAUSE: Duration = Duration::from_millis(200);

impl Ticker {
    pub fn new(json: bool) -> Self {
        let terminal = !json && terminal::notes_are_on_terminal();
        Self { json, terminal, began: Instant::now(), last: None, shown: false }
    }

    pub fn tick(&mut self, progress: &Progress) {
        if !(self.json || self.terminal) || self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        self.last = Some(Instant::now());
        if self.json {
            terminal::print(&line(&ProgressLine::of(progress)));
        } else {
            terminal::note(&format!("\r\x1b[K{}", self.text(progress)));
            self.shown = true;
        }
    }

    /// Something that is to stay on the terminal.
    pub fn note(&mut self, text: &str) {
        self.end();
        terminal::note(text);
    }

    /// Wipes the line.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            terminal::note("\r\x1b[K");
        }
    }

    fn text(&self, progress: &Progress) -> String {
        let Progress { letters, known, read, total, .. } = *progress;
        let letters = letters + known;
        let (read_size, total_size) = (size::show(read), size::show(total));
        let Some(left) = left(self.began.elapsed(), read, total) else {
            return say!("letters: {letters}   {read_size}", "lettres : {letters}   {read_size}");
        };
        let bar = bar(read, total);
        let left = clock(left);
        say!(
            "{bar} letters: {letters}   {read_size} of {total_size}   {left} left",
            "{bar} lettres : {letters}   {read_size} sur {total_size}   encore {left}"
        )
    }
}

#[derive(Serialize)]
struct ProgressLine {
    event: &'static str,
    letters: u64,
    known: u64,
    skipped: u64,
    bytes: u64,
    total: u64,
}

impl ProgressLine {
    fn of(progress: &Progress) -> Self {
        let Progress { letters, known, skipped, read, total, .. } = *progress;
        Self { event: "progress", letters, known, skipped, bytes: read, total }
    }
}

/// Returns how long it still takes at this pace; `None` if nobody can say yet.
fn left(so_far: Duration, read: u64, total: u64) -> Option<Duration> {
    if read == 0 || total == 0 {
        return None;
    }
    let rest = total.saturating_sub(read) as f64 / read as f64;
    Duration::try_from_secs_f64(so_far.as_secs_f64() * rest).ok()
}

/// `3:20`, or `1:03:20`.
fn clock(time: Duration) -> String {
    let (hours, minutes, seconds) = (time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

fn bar(read: u64, total: u64) -> String {
    const WIDTH: u64 = 20;
    let full = (read.min(total) * WIDTH / total.max(1)).min(WIDTH);
    let (full, empty) = (usize::try_from(full).unwrap_or(0), usize::try_from(WIDTH - full).unwrap_or(0));
    format!("[{}{}]", "#".repeat(full), "-".repeat(empty))
}

/// Says why a Maildir cannot be written.
fn not_written(why: &maildir::Error) -> String {
    let (path, why) = match why {
        maildir::Error::Full(path) => (path.display(), system(&std::io::ErrorKind::StorageFull.into())),
        maildir::Error::Refused { path, error } | maildir::Error::Io { path, error } => (path.display(), system(error)),
        why => return say!("the Maildir cannot be written: {why}", "écriture du Maildir impossible ({why})"),
    };
    say!("cannot write {path}: {why}", "écriture de {path} impossible : {why}")
}

/// Says why an import or an export stopped.
pub fn trouble(why: &Error) -> Failure {
    Failure::new(match why {
        Error::Unreadable { path, error } => {
            let (path, error) = (path.display(), system(error));
            say!("cannot read {path}: {error}", "lecture de {path} impossible : {error}")
        }
        Error::NoLetters(path) => {
            let path = path.display();
            say!(
                "there are no letters in {path}: neither mbox, Maildir, MH nor .eml files, nothing of another mail program, and no archive of them; --format says what it is",
                "il n'y a pas de lettres dans {path} : ni mbox, ni Maildir, ni MH, ni fichiers .eml, rien d'un autre programme, ni archive de ceux-ci ; --format dit ce que c'est"
            )
        }
        Error::Archive { path, why } => {
            let path = path.display();
            say!("the archive {path} cannot be opened: {why}", "l'archive {path} ne s'ouvre pas : {why}")
        }
        Error::TooManyFiles { path, most } => {
            let path = path.display();
            say!(
                "{path} has more than {most} files; import its parts one by one",
                "{path} contient plus de {most} fichiers ; importez-en les parties une à une"
            )
        }
        Error::Exists(path) => {
            let path = path.display();
            say!(
                "{path} is there already; name a new place, or move it away",
                "{path} existe déjà ; indiquez un autre endroit, ou déplacez-le"
            )
        }
        Error::NoParent(path) => {
            let path = path.display();
            say!(
                "there is no folder {path}; mount the disk it is on, or make the folder, then export again",
                "il n'y a pas de dossier {path} ; montez le disque où il se trouve, ou créez-le, puis exportez à nouveau"
            )
        }
        Error::Unwritable { path, error } => {
            let (path, error) = (path.display(), system(error));
            say!("cannot write {path}: {error}", "écriture de {path} impossible : {error}")
        }
        Error::Elsewhere(said) => said.clone(),
        Error::Gone => say!(
            "it was stopped; what is done stays, and the same command goes on from here",
            "la commande a été arrêtée ; ce qui est fait reste, et la même commande reprendra ici"
        ),
        Error::Maildir(why) => not_written(why),
        Error::Mailbox(mailbox::Error::OverQuota { used, quota, .. }) => {
            let (used, quota) = (size::show(*used), size::show(*quota));
            say!(
                "the mailbox is full: {used} of {quota}; make room in it, then the same command goes on from here",
                "la boîte est pleine : {used} sur {quota} ; faites-y de la place, et la même commande reprendra ici"
            )
        }
        Error::Mailbox(mailbox::Error::Store(why)) | Error::Store(why) => {
            let why = database(why);
            say!(
                "the data could not be read or written: {why}; the same command goes on from here",
                "les données n'ont pu être lues ou écrites : {why} ; la même commande reprendra ici"
            )
        }
        Error::Mailbox(why) => mailbox_trouble(why),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_what_it_took_so_far_for_the_rest() {
        assert_eq!(left(Duration::from_secs(10), 100, 400), Some(Duration::from_secs(30)));
        assert_eq!(left(Duration::from_secs(10), 0, 400), None);
        assert_eq!(left(Duration::from_secs(10), 500, 400), Some(Duration::ZERO));
        assert_eq!(clock(Duration::from_secs(3800)), "1:03:20");
        assert_eq!(clock(Duration::from_secs(59)), "0:59");
        assert_eq!(bar(1, 2), "[##########----------]");
        assert_eq!(bar(9, 3), "[####################]");
    }
}
