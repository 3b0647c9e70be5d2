//! The sources, and how they fare.

use mail::Timestamp;
use mra::FaultKind;
use mra::ledger::{self, Left, Source};
use mra::progress::Why;
use serde::Serialize;

use crate::command_line::Form;
use crate::commands::{Trouble, size};
use crate::context::Context;
use crate::failure::Failure;
use crate::language::{self, say};
use crate::table::{self, Table};
use crate::{clock, terminal};

/// The state of a source of which not everything came, for scripts.
pub const PARTLY: &str = "partly";
/// Letters and folders left there that are listed of one source.
const MOST_LEFT: usize = 100;

/// A source, with the letters that were left there.
type Kept = (Source, Vec<Left>);

pub fn run(form: Form, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    let sources = store.read_blocking(|view| {
        let with_left = |source: Source| Ok((ledger::left_of(view, source.id, MOST_LEFT)?, source));
        let all = ledger::list(view)?.into_iter().map(with_left).collect::<Result<Vec<_>, store::Error>>()?;
        Ok::<_, store::Error>(all.into_iter().map(|(left, source)| (source, left)).collect::<Vec<Kept>>())
    });
    let sources = sources.map_err(Trouble::from)?;
    terminal::print(&if form.json { as_json(&sources) } else { as_table(&sources) + &as_lines(&sources) });
    Ok(())
}

/// Says in words how many letters were left there.
pub fn left_there(count: u64) -> String {
    if count == 1 {
        return say!(
            "1 letter or folder could not be fetched and was left there; it will be tried again",
            "une lettre ou un dossier n'a pu être relevé et est resté là-bas ; il sera essayé de nouveau"
        );
    }
    say!(
        "{count} letters or folders could not be fetched and were left there; they will be tried again",
        "{count} lettres ou dossiers n'ont pu être relevés et sont restés là-bas ; ils seront essayés de nouveau"
    )
}

/// A source as scripts see it. Sizes in octets.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    url: String,
    to: &'a str,
    /// `new`, `well`, `partly` (some was left there that could not be had), or what ails it.
    state: String,
    said: &'a str,
    since: Option<String>,
    next_try: Option<String>,
    last_success: Option<String>,
    letters: u64,
    octets: u64,
    left_there: u64,
    left: Vec<ListedLeft<'a>>,
    cleartext: bool,
}

/// A letter or a folder that was left there.
#[derive(Serialize)]
struct ListedLeft<'a> {
    folder: String,
    /// Empty: the folder as a whole.
    letter: String,
    why: &'static str,
    said: &'a str,
    since: String,
    tries: u32,
    next_try: Option<String>,
}

fn listed_left(left: &[Left]) -> Vec<ListedLeft<'_>> {
    let listed = |left: &'_ Left| {
        let next_try = (left.next_try > Timestamp(0)).then(|| left.next_try.rfc3339());
        let (folder, letter) = (left.folder_shown(), left.letter_shown());
        (folder, letter, left.since.rfc3339(), next_try)
    };
    let told = left.iter().filter(|left| left.tries > 0);
    told.map(|left| {
        let (folder, letter, since, next_try) = listed(left);
        ListedLeft { folder, letter, why: left.why.code(), said: &left.said, since, tries: left.tries, next_try }
    })
    .collect()
}

fn as_json(sources: &[Kept]) -> String {
    let moment = |at: Timestamp| (at > Timestamp(0)).then(|| at.rfc3339());
    let listed = sources.iter().map(|(source, left)| {
        let standing = &source.standing;
        Listed {
            name: &source.name,
            url: source.settings.mailbox.to_string(),
            to: &source.settings.target,
            state: state_code(source),
            said: &standing.said,
            since: moment(standing.since),
            next_try: moment(standing.next_try),
            last_success: standing.success.map(Timestamp::rfc3339),
            letters: standing.letters,
            octets: standing.octets,
            left_there: standing.left_there,
            left: listed_left(left),
            cleartext: source.settings.cleartext,
        }
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn state_code(source: &Source) -> String {
    match (source.standing.fault, source.standing.success) {
        (Some(fault), _) => {
            serde_json::to_value(fault).ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
        }
        (None, Some(_)) if source.standing.vain > 0 => PARTLY.to_owned(),
        (None, Some(_)) => "well".to_owned(),
        (None, None) => "new".to_owned(),
    }
}

/// Each letter and folder that was left there, on a line of its own.
fn as_lines(sources: &[Kept]) -> String {
    let mut lines = String::new();
    for (source, left) in sources {
        for left in left.iter().filter(|left| left.tries > 0) {
            let (name, folder, letter) = (&source.name, left.folder_shown(), left.letter_shown());
            let (said, tries, next) = (language::fault(&left.said), left.tries, clock::minute(left.next_try));
            let what = match left.why {
                _ if left.is_folder() => say!("the folder {folder}", "le dossier {folder}"),
                _ => say!("letter {letter} of {folder}", "la lettre {letter} de {folder}"),
            };
            lines.push_str(&match left.why {
                Why::TooLarge(octets) => {
                    let size = size::show(octets);
                    say!(
                        "{name}: {what} was left there: it has {size}; --largest takes larger ones\n",
                        "{name} : {what} est restée là-bas : elle fait {size} ; --largest en prend de plus grandes\n"
                    )
                }
                _ => say!(
                    "{name}: {what} was left there: {said} (tried {tries} times, next try {next})\n",
                    "{name} : {what} : resté là-bas : {said} (essais : {tries}, prochain {next})\n"
                ),
            });
        }
    }
    lines
}

fn as_table(sources: &[Kept]) -> String {
    if sources.is_empty() {
        return say!(
            "nothing is fetched yet: facteur fetch add imaps://alice@imap.example.org --to alice@alpha.test\n",
            "rien n'est relevé pour l'instant : facteur fetch add imaps://alice@imap.example.org --to alice@alpha.test\n"
        );
    }
    let mut table = Table::new([
        say!("name", "nom"),
        say!("from", "depuis"),
        say!("to", "vers"),
        say!("letters", "lettres"),
        say!("size", "taille"),
        say!("last fetched", "dernière relève"),
        say!("state", "état"),
    ]);
    for (source, _) in sources {
        let standing = &source.standing;
        table.row([
            source.name.clone(),
            source.settings.mailbox.to_string(),
            source.settings.target.clone(),
            standing.letters.to_string(),
            size::show(standing.octets),
            standing.success.map(clock::minute).unwrap_or_default(),
            state(source),
        ]);
    }
    table.show()
}

/// Says how a source fares, and who must do what about it.
fn state(source: &Source) -> String {
    let standing = &source.standing;
    let (said, left) = (language::fault(&standing.said), standing.left_there);
    let mut state = match standing.fault {
        None if standing.success.is_none() => say!("not fetched yet", "pas encore relevée"),
        None if standing.vain > 0 => say!("not everything came", "tout n'est pas venu"),
        None => say!("well", "va bien"),
        Some(fault) => {
            let (fault, since, next) =
                (ailment(fault), clock::minute(standing.since), clock::minute(standing.next_try));
            say!(
                "{fault} ({said}), since {since}, next try {next}",
                "{fault} ({said}), depuis {since}, prochain essai {next}"
            )
        }
    };
    if left > 0 {
        state.push_str(&say!("; {left} left there", " ; {left} restées là-bas"));
    }
    if source.settings.cleartext {
        state.push_str(&say!("; not encrypted", " ; non chiffrée"));
    }
    state
}

/// Says in a few words what ails a source.
pub fn ailment(fault: FaultKind) -> String {
    match fault {
        FaultKind::Unreachable => say!("its server cannot be reached", "son serveur est injoignable"),
        FaultKind::Untrusted => say!("its server could not prove who it is", "son serveur n'a pu prouver qui il est"),
        FaultKind::Refused => say!("the log-in is refused", "la connexion est refusée"),
        FaultKind::Throttled => say!("its server asks to wait", "son serveur demande d'attendre"),
        FaultKind::Cut => say!("the connection broke", "la connexion s'est coupée"),
        FaultKind::Server => say!("its server has trouble", "son serveur a un problème"),
        FaultKind::Destination => {
            say!("the letters cannot be put away here", "les lettres ne peuvent être rangées ici")
        }
    }
}
