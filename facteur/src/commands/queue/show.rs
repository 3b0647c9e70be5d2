//! The queue on a terminal, and as JSON.

use mta::queue::{Attempt, Listed, ListedRecipient, Shown, State};
use serde::Serialize;

use crate::clock;
use crate::commands::size;
use crate::language::{foreign, say};
use crate::table::{self, Table};

/// A letter as scripts see it.
#[derive(Serialize)]
struct LetterJson<'a> {
    letter: String,
    from: String,
    size: u64,
    arrived: String,
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deliver_by: Option<String>,
    recipients: Vec<RecipientJson<'a>>,
    recipients_in_all: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptJson<'a>>>,
}

#[derive(Serialize)]
struct RecipientJson<'a> {
    address: String,
    state: &'static str,
    attempts: u32,
    next_try: String,
    tried: Option<String>,
    said: &'a str,
    said_by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<String>,
}

#[derive(Serialize)]
struct AttemptJson<'a> {
    at: String,
    address: String,
    said: &'a str,
    said_by: &'a str,
}

fn letter_json<'a>(letter: &'a Listed, attempts: Option<&'a [Attempt]>) -> LetterJson<'a> {
    let recipient = |one: &'a ListedRecipient| RecipientJson {
        address: one.address.to_string(),
        state: one.state.as_str(),
        attempts: one.attempts,
        next_try: one.next_try.rfc3339(),
        tried: one.tried.map(|at| at.rfc3339()),
        said: &one.said,
        said_by: &one.said_by,
        notify: one.wishes.notify.map(|notify| notify.to_string()),
        original: one.wishes.original.as_ref().map(|original| format!("{};{}", original.kind, original.address)),
    };
    let attempt = |one: &'a Attempt| AttemptJson {
        at: one.at.rfc3339(),
        address: one.address.to_string(),
        said: &one.said,
        said_by: &one.said_by,
    };
    LetterJson {
        letter: letter.id.to_string(),
        from: letter.return_path.to_string(),
        size: letter.size,
        arrived: letter.arrived.rfc3339(),
        expires: letter.expires.rfc3339(),
        returned: letter.wishes.returned.map(|returned| returned.to_string()),
        envelope_id: letter.wishes.envelope_id.as_deref(),
        deliver_by: letter.wishes.by.map(|by| by.to_string()),
        recipients: letter.recipients.iter().map(recipient).collect(),
        recipients_in_all: letter.recipients_in_all,
        attempts: attempts.map(|all| all.iter().map(attempt).collect()),
    }
}

pub fn list_as_json(letters: &[Listed]) -> String {
    table::json(&letters.iter().map(|letter| letter_json(letter, None)).collect::<Vec<_>>())
}

pub fn letter_as_json(shown: &[Shown]) -> String {
    let letter = |one: &Shown| serde_json::to_value(letter_json(&one.letter, Some(&one.attempts))).unwrap_or_default();
    table::json(&shown.iter().map(letter).collect::<Vec<_>>())
}

/// Prints a line for each recipient; the columns of the letter stand in its first.
pub fn list_as_table(letters: &[Listed]) -> String {
    if letters.is_empty() {
        return say!("no letters wait\n", "aucune lettre n'attend\n");
    }
    let mut table = Table::new([
        say!("letter", "lettre"),
        say!("size", "taille"),
        say!("from", "de"),
        say!("to", "pour"),
        say!("state", "état"),
        say!("tries", "essais"),
        say!("next try", "prochain essai"),
        say!("last answer", "dernière réponse"),
    ]);
    for letter in letters {
        for (i, to) in letter.recipients.iter().enumerate() {
            let first = |text: String| if i == 0 { text } else { String::new() };
            table.row([
                first(letter.id.to_string()),
                first(size::show(letter.size)),
                first(format!("<{}>", letter.return_path)),
                to.address.to_string(),
                state(to.state),
                to.attempts.to_string(),
                next_try(to),
                shortened(&to.said),
            ]);
        }
        let more = letter.recipients_in_all.saturating_sub(letter.recipients.len() as u64);
        if more > 0 {
            let more = say!("and {more} more", "et {more} de plus");
            let blank = String::new;
            table.row([blank(), blank(), blank(), more, blank(), blank(), blank(), blank()]);
        }
    }
    table.show()
}

pub fn letter_as_text(shown: &[Shown]) -> String {
    let one = |one: &Shown| {
        let letter = &one.letter;
        let (arrived, expires) = (clock::minute(letter.arrived), clock::minute(letter.expires));
        let mut text = list_as_table(std::slice::from_ref(letter));
        text += &say!(
            "\nCame {arrived}; goes back to its sender on {expires} if it cannot be delivered.\n",
            "\nArrivée le {arrived} ; revient à l'expéditeur le {expires} si elle ne peut être remise.\n"
        );
        for attempt in &one.attempts {
            let by = if attempt.said_by.is_empty() { String::new() } else { format!(" ({})", attempt.said_by) };
            text += &format!("{}  {}  {}{by}\n", clock::minute(attempt.at), attempt.address, foreign(&attempt.said));
        }
        text
    };
    shown.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn state(state: State) -> String {
    match state {
        State::Waiting => say!("waiting", "attend"),
        State::Held => say!("held", "retenue"),
        State::Failed => say!("failed", "échouée"),
        State::Arrived => say!("arrived", "arrivée"),
        State::Postponed => say!("postponed", "différée"),
    }
}

/// A held letter waits for somebody, not for a time.
fn next_try(recipient: &ListedRecipient) -> String {
    match recipient.state {
        State::Waiting | State::Postponed => clock::minute(recipient.next_try),
        State::Held | State::Failed | State::Arrived => String::new(),
    }
}

/// `facteur queue show` has the whole answer.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST - 1).chain(['…']).collect() }
}
