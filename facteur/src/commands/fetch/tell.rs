//! Telling how a fetch goes: a line that changes on a terminal, one object a line for scripts.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mra::progress::{Listener, News, Why};
use serde_json::{Value, json};

use crate::commands::size;
use crate::language::{fault, foreign, say};
use crate::terminal;

/// A line is not changed more often than this.
const PACE: Duration = Duration::from_millis(200);

/// Letters left there that are told once each; of more nobody remembers whether they were told.
const MOST_LEFT: usize = 10_000;

/// Tells of one source.
pub struct Teller {
    source: String,
    form: Form,
    so_far: Mutex<SoFar>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    /// A line that changes.
    Terminal,
    /// The important events, a line each.
    Plain,
}

/// The progress so far.
struct SoFar {
    begun: Instant,
    told: Option<Instant>,
    counts: Counts,
    /// Letters and folders that were left there, by folder and letter: several rounds of one command may meet them.
    left: HashSet<(String, String)>,
}

/// Letters and octets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub letters: u64,
    pub octets: u64,
    pub known: u64,
    pub to_come: u64,
    pub left_there: u64,
    pub parted: u64,
}

impl Teller {
    /// Makes the teller of the source of this name.
    pub fn new(source: &str, json: bool) -> Self {
        let form = match (json, terminal::notes_are_on_terminal()) {
            (true, _) => Form::Json,
            (false, true) => Form::Terminal,
            (false, false) => Form::Plain,
        };
        let so_far = SoFar { begun: Instant::now(), told: None, counts: Counts::default(), left: HashSet::new() };
        Self { source: source.to_owned(), form, so_far: Mutex::new(so_far) }
    }

    /// Returns the counts so far.
    pub fn counts(&self) -> Counts {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    /// Tells the end; `fault` is the fault that it ended with, in words.
    pub fn end(&self, fault: Option<(&str, &str)>) {
        let (seconds, counts) = {
            let so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            (so_far.begun.elapsed().as_secs_f64(), so_far.counts)
        };
        let Counts { letters, octets, known, left_there, parted, .. } = counts;
        let source = &self.source;
        if self.form == Form::Json {
            let mut end = json!({
                "event": "end", "letters": letters, "octets": octets, "known": known, "left_there": left_there,
                "deleted_there": parted, "seconds": (seconds * 1000.0).round() / 1000.0, "ok": fault.is_none(),
            });
            if let (Some((state, said)), Some(object)) = (fault, end.as_object_mut()) {
                object.insert("state".to_owned(), state.into());
                object.insert("said".to_owned(), said.into());
            }
            return self.object(end);
        }
        let size = size::show(octets);
        let mut line = match letters {
            1 => say!("{source}: 1 letter fetched ({size})", "{source} : 1 lettre relevée ({size})"),
            _ => say!("{source}: {letters} letters fetched ({size})", "{source} : {letters} lettres relevées ({size})"),
        };
        if known > 0 {
            line.push_str(&say!(", here already: {known}", ", déjà là : {known}"));
        }
        if parted > 0 {
            line.push_str(&say!(", {parted} deleted there", ", {parted} effacées là-bas"));
        }
        if left_there > 0 {
            line.push_str(&say!(", {left_there} left there", ", {left_there} laissées là-bas"));
        }
        self.line(&line);
    }

    fn object(&self, mut object: Value) {
        if let Some(fields) = object.as_object_mut() {
            fields.insert("source".to_owned(), self.source.clone().into());
        }
        terminal::print(&format!("{object}\n"));
    }

    /// A line that stays.
    fn line(&self, text: &str) {
        let clear = if self.form == Form::Terminal { "\r\x1b[K" } else { "" };
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        terminal::note(&format!("{clear}{text}\n"));
    }

    /// A line that the next one replaces.
    fn passing(&self, counts: Counts, elapsed: Duration) {
        let Counts { letters, octets, known, to_come, .. } = counts;
        let (done, source, size) = (letters + known, &self.source, size::show(octets));
        let left = seconds_left(counts, elapsed).map(|seconds| {
            let (minutes, seconds) = (seconds / 60, seconds % 60);
            say!(", {minutes}:{seconds:02} left", ", encore {minutes}:{seconds:02}")
        });
        let left = left.unwrap_or_default();
        let line = say!(
            "{source}: {done} of {to_come} letters, {size}{left}",
            "{source} : {done} lettres sur {to_come}, {size}{left}"
        );
        terminal::note(&format!("\r\x1b[K{line}"));
    }
}

/// Estimates the time that is left from the time that the fetch took so far.
fn seconds_left(counts: Counts, elapsed: Duration) -> Option<u64> {
    let done = counts.letters + counts.known;
    let left = counts.to_come.checked_sub(done)?;
    (done > 0).then(|| (elapsed.as_secs_f64() * left as f64 / done as f64).round() as u64)
}

impl Listener for Teller {
    fn hear(&self, news: &News) {
        let (counts, elapsed, due) = {
            let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            if !so_far.is_new(news) {
                return;
            }
            so_far.counts.hear(news);
            let due = so_far.told.is_none_or(|told| told.elapsed() >= PACE);
            if due && matches!(news, News::Came { .. } | News::ToCome { .. }) {
                so_far.told = Some(Instant::now());
            }
            (so_far.counts, so_far.begun.elapsed(), due)
        };
        match self.form {
            Form::Json => self.hear_as_json(news, counts, elapsed, due),
            Form::Terminal if matches!(news, News::Came { .. } | News::ToCome { .. }) => {
                if due {
                    self.passing(counts, elapsed);
                }
            }
            Form::Terminal | Form::Plain => self.hear_as_text(news),
        }
    }
}

impl SoFar {
    fn is_new(&mut self, news: &News) -> bool {
        let left = match news {
            News::LeftThere { folder, name, .. } => (folder.clone(), name.clone()),
            News::FolderLeft { folder, .. } => (folder.clone(), String::new()),
            _ => return true,
        };
        // This many names are enough to remember.
        self.left.len() >= MOST_LEFT || self.left.insert(left)
    }
}

impl Counts {
    /// Returns how many letters have been dealt with, in whichever way.
    pub fn dealt_with(&self) -> u64 {
        self.letters + self.known + self.left_there
    }

    fn hear(&mut self, news: &News) {
        match news {
            News::ToCome { letters, .. } => self.to_come += letters,
            News::Came { letters, octets, known } => {
                self.letters += letters;
                self.octets += octets;
                self.known += known;
            }
            News::LeftThere { .. } | News::FolderLeft { .. } => self.left_there += 1,
            News::Parted(count) => self.parted += count,
            News::Connected | News::Waits { .. } | News::CannotPart { .. } | News::Unproven { .. } | News::Alert(_) => {
            }
        }
    }
}

impl Teller {
    fn hear_as_json(&self, news: &News, counts: Counts, elapsed: Duration, due: bool) {
        let object = match news {
            News::Connected => json!({ "event": "connected" }),
            News::ToCome { folder, letters } => json!({ "event": "folder", "folder": folder, "letters": letters }),
            News::Came { .. } if !due => return,
            News::Came { .. } => json!({
                "event": "progress", "letters": counts.letters, "known": counts.known, "total": counts.to_come,
                "octets": counts.octets, "seconds_left": seconds_left(counts, elapsed),
            }),
            News::LeftThere { folder, name, why, said } => {
                let octets = if let Why::TooLarge(octets) = why { Some(octets) } else { None };
                let why = why.code();
                json!({
                    "event": "left_there", "folder": folder, "letter": name, "why": why, "octets": octets, "said": said,
                })
            }
            News::FolderLeft { folder, said } => {
                json!({ "event": "folder_left", "folder": folder, "said": said })
            }
            News::Alert(text) => json!({ "event": "alert", "said": text }),
            News::Unproven { folder, letters } => {
                json!({ "event": "kept_there", "folder": folder, "letters": letters })
            }
            News::Parted(count) => json!({ "event": "deleted_there", "letters": count }),
            News::Waits { pause, why } => json!({ "event": "waits", "seconds": pause.as_secs(), "why": why }),
            News::CannotPart { folder } => json!({ "event": "cannot_delete", "folder": folder }),
        };
        self.object(object);
    }

    fn hear_as_text(&self, news: &News) {
        let source = &self.source;
        match news {
            News::LeftThere { folder, name, why, said } => {
                let reason = left(folder, name, *why, said);
                self.line(&say!("{source}: {reason}", "{source} : {reason}"));
            }
            News::FolderLeft { folder, said } => {
                let said = fault(said);
                self.line(&say!(
                    "{source}: the folder {folder} was left as it is: {said}",
                    "{source} : le dossier {folder} est resté tel quel : {said}"
                ));
            }
            News::Alert(text) => {
                let text = foreign(text);
                self.line(&say!("{source}: the server says: {text}", "{source} : le serveur dit : {text}"));
            }
            News::Waits { pause, why } => {
                let (seconds, why) = (pause.as_secs(), fault(why));
                self.line(&say!(
                    "{source}: waits {seconds} s: {why}",
                    "{source} : attend {seconds} s : {why}"
                ));
            }
            News::CannotPart { folder } => self.line(&say!(
                "{source}: letters in {folder} are only marked as deleted there: deleting them would take others with them",
                "{source} : les lettres de {folder} y sont seulement marquées effacées : les effacer en emporterait d'autres"
            )),
            News::Unproven { folder, letters } => self.line(&say!(
                "{source}: {letters} letters of {folder} are not deleted there: nothing proves that they are those that are here",
                "{source} : {letters} lettres de {folder} n'y sont pas effacées : rien ne prouve que ce sont celles d'ici"
            )),
            News::Connected | News::ToCome { .. } | News::Came { .. } | News::Parted(_) => {}
        }
    }
}

/// Says that a letter was left there, and why.
fn left(folder: &str, name: &str, why: Why, said: &str) -> String {
    let said = fault(said);
    match why {
        Why::TooLarge(octets) => {
            let size = size::show(octets);
            say!(
                "letter {name} of {folder} was left there: it has {size}; --largest takes larger ones",
                "la lettre {name} de {folder} est restée là-bas : elle fait {size} ; --largest en prend de plus grandes"
            )
        }
        Why::Breaks => say!(
            "letter {name} of {folder} was left there: the connection breaks at it: {said}",
            "la lettre {name} de {folder} est restée là-bas : la connexion s'y coupe : {said}"
        ),
        Why::NotTaken => say!(
            "letter {name} of {folder} was left there: it is not taken here: {said}",
            "la lettre {name} de {folder} est restée là-bas : elle n'est pas acceptée ici : {said}"
        ),
        Why::NotGiven | Why::NotOpened => say!(
            "letter {name} of {folder} was left there: the server does not give it: {said}",
            "la lettre {name} de {folder} est restée là-bas : le serveur ne la donne pas : {said}"
        ),
    }
}
