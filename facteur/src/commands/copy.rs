//! `facteur copy`: who gets copies of which letters.

use policy::copy::{self, Entry};
use serde::Serialize;

use super::{Trouble, in_force};
use crate::command_line::copy::CopyCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::{de, say};
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(command: CopyCommand, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    match command {
        CopyCommand::Add { letters, target } => {
            let entry = Entry { which: letters.which(), target, created: clock::now() };
            store.write_blocking(store::Key::Directory, move |tx| Ok::<_, Trouble>(copy::add(tx, &entry)?))?;
            in_force::put(context)
        }
        CopyCommand::List { form } => {
            let copies = store.read_blocking(|view| Ok::<_, Trouble>(copy::list(view)?))?;
            terminal::print(&if form.json { as_json(&copies) } else { as_table(&copies) });
            Ok(())
        }
        CopyCommand::Remove { letters, target } => {
            let which = letters.which();
            store.write_blocking(store::Key::Directory, move |tx| {
                Ok::<_, Trouble>(copy::remove(tx, &which, &target)?)
            })?;
            in_force::put(context)
        }
    }
}

/// A copy as scripts see it.
#[derive(Serialize)]
struct Listed {
    /// `from`, `to`, `in`, `out` or `all`.
    letters: &'static str,
    who: String,
    copied_to: String,
    since: String,
}

fn as_json(copies: &[Entry]) -> String {
    let listed = copies.iter().map(|Entry { which, target, created }| {
        let (letters, who) = which.columns();
        Listed { letters, who, copied_to: target.to_string(), since: created.rfc3339() }
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(copies: &[Entry]) -> String {
    if copies.is_empty() {
        return say!(
            "no letters are copied: facteur copy add --outgoing archive@alpha.test\n",
            "aucune lettre n'est copiée : facteur copy add --outgoing archive@alpha.test\n"
        );
    }
    let mut table = Table::new([say!("letters", "lettres"), say!("copied to", "copiées à"), say!("since", "depuis")]);
    for Entry { which, target, created } in copies {
        let (side, who) = which.columns();
        let of_whom = de(&who);
        let letters = match side {
            "from" => say!("from {who}", "{of_whom}"),
            "to" => say!("to {who}", "à {who}"),
            "in" => say!("from elsewhere", "d'ailleurs"),
            "out" => say!("for elsewhere", "pour ailleurs"),
            _ => say!("all", "toutes"),
        };
        table.row([letters, target.to_string(), clock::day(*created)]);
    }
    table.show()
}
