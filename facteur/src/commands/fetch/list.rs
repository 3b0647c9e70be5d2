//! The sources, and how they fare.

use mail::Timestamp;
use mra::FaultKind;
use mra::ledger::{self, Source};
use serde::Serialize;

use crate::command_line::Form;
use crate::commands::{Trouble, size};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(form: Form, desk: &Desk<'_>) -> Result<(), Failure> {
    let store = desk.store()?;
    let sources = store.read_blocking(ledger::list).map_err(Trouble::from)?;
    terminal::print(&if form.json { as_json(&sources) } else { as_table(&sources) });
    Ok(())
}

/// A source as scripts see it. Sizes in octets.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    url: String,
    to: &'a str,
    /// `new`, `well`, or what ails it.
    state: String,
    said: &'a str,
    since: Option<String>,
    next_try: Option<String>,
    last_success: Option<String>,
    letters: u64,
    octets: u64,
    left_there: u64,
    cleartext: bool,
}

fn as_json(sources: &[Source]) -> String {
    let moment = |at: Timestamp| (at > Timestamp(0)).then(|| at.rfc3339());
    let listed = sources.iter().map(|source| {
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
        (None, Some(_)) => "well".to_owned(),
        (None, None) => "new".to_owned(),
    }
}

fn as_table(sources: &[Source]) -> String {
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
    for source in sources {
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

/// How a source fares, and who must do what about it.
fn state(source: &Source) -> String {
    let standing = &source.standing;
    let (said, left) = (&standing.said, standing.left_there);
    let mut state = match standing.fault {
        None if standing.success.is_none() => say!("not fetched yet", "pas encore relevée"),
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
        state.push_str(&say!("; {left} letters were left there", " ; {left} lettres sont restées là-bas"));
    }
    if source.settings.cleartext {
        state.push_str(&say!("; not encrypted", " ; non chiffrée"));
    }
    state
}

/// What ails a source, in a few words.
pub fn ailment(fault: FaultKind) -> String {
    match fault {
        FaultKind::Unreachable => say!("its server cannot be reached", "son serveur est injoignable"),
        FaultKind::Untrusted => say!("its server could not prove who it is", "son serveur n'a pu prouver qui il est"),
        FaultKind::Refused => say!("the log-in is refused", "la connexion est refusée"),
        FaultKind::Throttled => say!("its server asks to wait", "son serveur demande d'attendre"),
        FaultKind::Cut => say!("the connection broke", "la connexion s'est coupée"),
        FaultKind::Server => say!("its server has trouble", "son serveur a un problème"),
        FaultKind::Home => say!("the letters cannot be put away here", "les lettres ne peuvent être rangées ici"),
    }
}
