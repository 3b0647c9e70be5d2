//! `facteur limit`: how much somebody may send.

use policy::limit::{self, Amounts, Entry};
use serde::Serialize;

use super::{Trouble, in_force, size};
use crate::command_line::limit::LimitCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(command: LimitCommand, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    match command {
        LimitCommand::Set { subject, amounts } => {
            let crate::command_line::limit::Amounts { letters, recipients, size } = amounts;
            let entry = Entry { subject, amounts: Amounts { letters, recipients, size }, created: clock::now() };
            store.write_blocking(store::Key::Directory, move |tx| Ok::<_, Trouble>(limit::set(tx, &entry)?))?;
            in_force::put(context)
        }
        LimitCommand::List { form } => {
            let limits = store.read_blocking(|view| Ok::<_, Trouble>(limit::list(view)?))?;
            terminal::print(&if form.json { as_json(&limits) } else { as_table(&limits) });
            Ok(())
        }
        LimitCommand::Remove { subject } => {
            store.write_blocking(store::Key::Directory, move |tx| Ok::<_, Trouble>(limit::remove(tx, &subject)?))?;
            in_force::put(context)
        }
    }
}

/// A limit as scripts see it.
#[derive(Serialize)]
struct Listed {
    who: String,
    kind: &'static str,
    letters_an_hour: Option<u32>,
    recipients_an_hour: Option<u32>,
    largest: Option<u64>,
    since: String,
}

fn as_json(limits: &[Entry]) -> String {
    let listed = limits.iter().map(|Entry { subject, amounts, created }| Listed {
        who: subject.to_string(),
        kind: subject.kind(),
        letters_an_hour: amounts.letters,
        recipients_an_hour: amounts.recipients,
        largest: amounts.size,
        since: created.rfc3339(),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(limits: &[Entry]) -> String {
    if limits.is_empty() {
        return say!(
            "no limits: facteur limit set alpha.test --recipients 500\n",
            "pas de limites : facteur limit set alpha.test --recipients 500\n"
        );
    }
    let mut table = Table::new([
        say!("who", "qui"),
        say!("letters an hour", "lettres par heure"),
        say!("recipients an hour", "destinataires par heure"),
        say!("largest letter", "plus grande lettre"),
        say!("since", "depuis"),
    ]);
    for Entry { subject, amounts, created } in limits {
        let rate = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let largest = amounts.size.map(size::show).unwrap_or_default();
        let (letters, recipients) = (rate(amounts.letters), rate(amounts.recipients));
        table.row([subject.to_string(), letters, recipients, largest, clock::day(*created)]);
    }
    table.show()
}
