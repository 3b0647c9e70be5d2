//! `facteur session` tells who is logged in, and what they have open.

use std::collections::HashMap;
use std::net::IpAddr;

use directory::Open;
use directory::session::{self, Session};
use mail::seam::AccountId;
use mail::stay::{Doing, Proof};
use mail::{Address, Timestamp};
use serde::Serialize;
use store::{Key, Store};

use super::Trouble;
use crate::command_line::Form;
use crate::command_line::session::{SessionCommand, WhichSessions};
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(command: SessionCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        SessionCommand::List { address, form } => list(context, address, form),
        SessionCommand::End { address, which } => end(context, &address, &which),
    }
}

/// The name of one, as the list shows it and `end` takes it: a browser's session stays over a restart, and a conversation is
/// one of the post office that runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Name {
    Browser(i64),
    Conversation(u64),
}

impl Name {
    fn read(text: &str) -> Option<Self> {
        let name = match text.split_at_checked(1)? {
            ("s", number) => Self::Browser(number.parse().ok()?),
            ("c", number) => Self::Conversation(number.parse().ok()?),
            _ => return None,
        };
        let counts = match name {
            Self::Browser(number) => number > 0,
            Self::Conversation(number) => number > 0,
        };
        (counts && name.shown() == text).then_some(name)
    }

    fn shown(self) -> String {
        match self {
            Self::Browser(number) => format!("s{number}"),
            Self::Conversation(number) => format!("c{number}"),
        }
    }
}

/// The line of the table about one session.
struct Line {
    name: Name,
    owner: String,
    /// None: a browser that is logged in.
    doing: Option<Doing>,
    since: Timestamp,
    seen: Option<Timestamp>,
    from: Option<IpAddr>,
    browser: String,
    /// The session of a browser's conversation.
    session: Option<Name>,
}

fn list(context: &Context<'_>, address: Option<Address>, form: Form) -> Result<(), Failure> {
    let (store, now) = (context.store()?, clock::now());
    let account = address.map(|address| account_of(&store, &address)).transpose()?;
    let read = move |view: &store::View| {
        let people = directory::account::list(view, None)?;
        let owners = people.into_iter().map(|person| (person.id, person.address.to_string()));
        Ok::<_, Trouble>((session::list(view, account, now)?, owners.collect::<HashMap<AccountId, String>>()))
    };
    let (sessions, owners) = store.read_blocking(read)?;
    let open = context.running().map(|running| running.intake.directory().open_conversations(account));
    let mut lines: Vec<Line> = sessions.into_iter().map(|session| of_browser(session, &owners)).collect();
    lines.extend(open.into_iter().flatten().map(|open| of_conversation(&open, &owners)));
    lines.sort_by(|one, other| (&one.owner, one.since).cmp(&(&other.owner, other.since)));
    terminal::print(&if form.json { as_json(&lines) } else { as_table(&lines) });
    Ok(())
}

fn of_browser(session: Session, owners: &HashMap<AccountId, String>) -> Line {
    Line {
        name: Name::Browser(session.number),
        owner: owners.get(&session.account).cloned().unwrap_or_default(),
        doing: None,
        since: session.begun,
        seen: Some(session.seen),
        from: session.place.network,
        browser: session.place.browser,
        session: None,
    }
}

fn of_conversation(open: &Open, owners: &HashMap<AccountId, String>) -> Line {
    let session = match open.proof {
        Proof::Session(number) => Some(Name::Browser(number)),
        Proof::Password(_) | Proof::Unknown => None,
    };
    Line {
        name: Name::Conversation(open.number),
        owner: owners.get(&open.account).cloned().unwrap_or_default(),
        doing: Some(open.doing),
        since: open.since,
        seen: None,
        from: Some(open.from),
        browser: String::new(),
        session,
    }
}

fn end(context: &Context<'_>, address: &Address, which: &WhichSessions) -> Result<(), Failure> {
    let store = context.store()?;
    let account = account_of(&store, address)?;
    let name = match which.id.as_deref() {
        None => None,
        Some(text) => Some(Name::read(text).ok_or_else(|| not_there(address, text))?),
    };
    let ended = match name {
        Some(Name::Browser(number)) => end_browsers(&store, account, Some(number))?,
        Some(Name::Conversation(number)) => end_conversations(context, account, Some(number)),
        None => end_browsers(&store, account, None)? + end_conversations(context, account, None),
    };
    if let (Some(name), 0) = (name, ended) {
        return Err(not_there(address, &name.shown()));
    }
    terminal::print(&match ended {
        1 => say!("1 ended\n", "1 fermée\n"),
        _ => say!("{ended} ended\n", "{ended} fermées\n"),
    });
    Ok(())
}

fn end_browsers(store: &Store, account: AccountId, number: Option<i64>) -> Result<u64, Failure> {
    Ok(store.write_blocking(Key::Directory, move |tx| Ok::<_, Trouble>(session::end(tx, account, number)?))?)
}

/// Ends the conversations that mail clients have open. Only a running post office has any.
fn end_conversations(context: &Context<'_>, account: AccountId, number: Option<u64>) -> u64 {
    let directory = context.running().map(|running| running.intake.directory());
    directory.map_or(0, |directory| directory.end_conversations(account, number) as u64)
}

fn account_of(store: &Store, address: &Address) -> Result<AccountId, Trouble> {
    let address = address.clone();
    store.read_blocking(move |view| Ok(directory::account::find(view, &address)?.id))
}

fn not_there(address: &Address, name: &str) -> Failure {
    Failure::new(say!(
        "{address} has nothing open that is called {name}; facteur session list {address} shows what there is",
        "{address} n'a rien d'ouvert qui s'appelle {name} ; facteur session list {address} montre ce qu'il y a"
    ))
}

/// One as scripts see it.
#[derive(Serialize)]
struct Listed<'a> {
    id: String,
    address: &'a str,
    what: &'static str,
    since: String,
    seen: Option<String>,
    from: Option<String>,
    browser: Option<&'a str>,
    session: Option<String>,
}

fn as_json(lines: &[Line]) -> String {
    let listed = lines.iter().map(|line| Listed {
        id: line.name.shown(),
        address: &line.owner,
        what: line.doing.map_or("browser", Doing::name),
        since: clock::utc(line.since),
        seen: line.seen.map(clock::utc),
        from: line.from.map(|from| from.to_string()),
        browser: Some(line.browser.as_str()).filter(|browser| !browser.is_empty()),
        session: line.session.map(Name::shown),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(lines: &[Line]) -> String {
    if lines.is_empty() {
        return say!("nobody is logged in\n", "personne n'est connecté\n");
    }
    let mut table = Table::new([
        say!("id", "nom"),
        say!("address", "adresse"),
        say!("what", "quoi"),
        say!("since", "depuis"),
        say!("last seen", "vu"),
        say!("from", "d'où"),
    ]);
    for line in lines {
        table.row([
            line.name.shown(),
            line.owner.clone(),
            what(line),
            clock::minute(line.since),
            line.seen.map(clock::minute).unwrap_or_default(),
            line.from.map(|from| from.to_string()).unwrap_or_default(),
        ]);
    }
    table.show()
}

/// Says in words what the session is and, for a browser's conversation, which session it belongs to.
fn what(line: &Line) -> String {
    let doing = match line.doing {
        None if line.browser.is_empty() => say!("browser", "navigateur"),
        None => line.browser.clone(),
        Some(Doing::Imap) => "IMAP".to_owned(),
        Some(Doing::Pop3) => "POP3".to_owned(),
        Some(Doing::Submission) => say!("submission", "envoi"),
        Some(Doing::Events) => say!("event source", "flux d'événements"),
        Some(Doing::Request) => say!("request", "requête"),
        Some(Doing::Download) => say!("download", "téléchargement"),
        Some(Doing::Upload) => say!("upload", "envoi de fichier"),
    };
    match line.session {
        Some(session) => format!("{doing} ({})", session.shown()),
        None => doing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_shown_and_in_no_other_way() {
        for name in [Name::Browser(12), Name::Conversation(7)] {
            assert_eq!(Name::read(&name.shown()), Some(name));
        }
        for odd in ["", "s", "s0", "s01", "s-1", "x3", "c+3", "12", "é1", "s99999999999999999999"] {
            assert_eq!(Name::read(odd), None, "{odd}");
        }
    }
}
