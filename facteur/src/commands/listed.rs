//! `facteur deny` and `facteur allow`: those from whom no letters are taken, and those whose letters always come in.

use policy::listed::{self, Entry};
use serde::Serialize;

use super::{Trouble, in_force};
use crate::command_line::listed::ListedCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, terminal};

/// The list that a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Deny,
    Allow,
}

pub fn run(command: ListedCommand, verdict: Verdict, context: &Context<'_>) -> Result<(), Failure> {
    let (store, is_allowed) = (context.store()?, verdict == Verdict::Allow);
    match command {
        ListedCommand::Add { subjects, reason } => {
            let now = clock::now();
            store.write_blocking(store::Key::Directory, move |tx| {
                subjects.iter().try_for_each(|subject| listed::add(tx, subject, is_allowed, &reason, now))?;
                Ok::<_, Trouble>(())
            })?;
            in_force::put(context)
        }
        ListedCommand::List { form } => {
            let mut entries = store.read_blocking(|view| Ok::<_, Trouble>(listed::list(view)?))?;
            entries.retain(|entry| entry.is_allowed == is_allowed);
            terminal::print(&if form.json { as_json(&entries) } else { as_table(&entries, verdict) });
            Ok(())
        }
        ListedCommand::Remove { subjects } => {
            store.write_blocking(store::Key::Directory, move |tx| {
                subjects.iter().try_for_each(|subject| listed::remove(tx, subject, is_allowed))?;
                Ok::<_, Trouble>(())
            })?;
            in_force::put(context)
        }
    }
}

/// An entry as scripts see it.
#[derive(Serialize)]
struct Listed {
    who: String,
    kind: &'static str,
    reason: String,
    since: String,
}

fn as_json(entries: &[Entry]) -> String {
    let listed = entries.iter().map(|entry| Listed {
        who: entry.subject.to_string(),
        kind: entry.subject.kind(),
        reason: entry.reason.clone(),
        since: entry.created.rfc3339(),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(entries: &[Entry], verdict: Verdict) -> String {
    match verdict {
        Verdict::Deny if entries.is_empty() => {
            return say!(
                "nobody is denied: facteur deny add evil.test --reason \"only spam\"\n",
                "personne n'est refusé : facteur deny add evil.test --reason \"que du spam\"\n"
            );
        }
        Verdict::Allow if entries.is_empty() => {
            return say!(
                "nobody is on the list: facteur allow add 192.0.2.7\n",
                "personne n'est sur la liste : facteur allow add 192.0.2.7\n"
            );
        }
        Verdict::Deny | Verdict::Allow => {}
    }
    let mut table = Table::new([say!("who", "qui"), say!("reason", "raison"), say!("since", "depuis")]);
    for entry in entries {
        table.row([entry.subject.to_string(), entry.reason.clone(), clock::day(entry.created)]);
    }
    table.show()
}
