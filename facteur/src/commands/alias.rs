//! `facteur alias`: other addresses for the people here.

use directory::alias::Alias;
use serde::Serialize;

use super::Trouble;
use crate::command_line::AliasCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(command: AliasCommand, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    match command {
        AliasCommand::Add { alias, targets } => {
            let now = clock::now();
            store.write_blocking(store::Key::Directory, move |tx| {
                Ok::<_, Trouble>(directory::alias::add(tx, &alias, &targets, now)?)
            })?;
        }
        AliasCommand::List { domain, form } => {
            let aliases =
                store.read_blocking(move |view| Ok::<_, Trouble>(directory::alias::list(view, domain.as_ref())?))?;
            terminal::print(&if form.json { as_json(&aliases) } else { as_table(&aliases) });
        }
        AliasCommand::Remove { alias, targets } => {
            store.write_blocking(store::Key::Directory, move |tx| {
                Ok::<_, Trouble>(directory::alias::remove(tx, &alias, &targets)?)
            })?;
        }
    }
    Ok(())
}

/// An alias as scripts see it.
#[derive(Serialize)]
struct Listed {
    alias: String,
    targets: Vec<String>,
    since: String,
}

fn as_json(aliases: &[Alias]) -> String {
    let listed = aliases.iter().map(|alias| Listed {
        alias: alias.address.to_string(),
        targets: alias.targets.iter().map(ToString::to_string).collect(),
        since: alias.created.rfc3339(),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(aliases: &[Alias]) -> String {
    if aliases.is_empty() {
        return say!(
            "no aliases yet: facteur alias add info@alpha.test alice@alpha.test\n",
            "pas encore d'alias : facteur alias add info@alpha.test alice@alpha.test\n"
        );
    }
    let mut table = Table::new([say!("alias", "alias"), say!("leads to", "mène à"), say!("since", "depuis")]);
    for alias in aliases {
        for (i, target) in alias.targets.iter().enumerate() {
            let first = |text: String| if i == 0 { text } else { String::new() };
            table.row([first(alias.address.to_string()), target.to_string(), first(clock::day(alias.created))]);
        }
    }
    table.show()
}
