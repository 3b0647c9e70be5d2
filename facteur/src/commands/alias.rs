//! `facteur alias`: other addresses for the people here.

use directory::alias::Alias;
use serde::Serialize;

use super::{Trouble, forward};
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
            let aliases = store.read_blocking(move |view| {
                let aliases = directory::alias::list(view, domain.as_ref())?.into_iter();
                let each = |alias: Alias| Ok((forward::targets(view, &alias.address, &alias.targets)?, alias));
                aliases.map(each).collect::<Result<Vec<Known>, Trouble>>()
            })?;
            terminal::print(&if form.json { as_json(&aliases) } else { as_table(&aliases) });
        }
        AliasCommand::Resume { alias, target } => {
            let known = alias.clone();
            let aliases = store
                .read_blocking(move |view| Ok::<_, Trouble>(directory::alias::list(view, Some(known.domain()))?))?;
            let folded = alias.to_string().to_lowercase();
            if !aliases.iter().any(|one| one.address.to_string().to_lowercase() == folded) {
                return Err(Trouble::from(directory::Error::UnknownAlias(alias)).into());
            }
            forward::resume(context, alias, target)?;
        }
        AliasCommand::Remove { alias, targets } => {
            store.write_blocking(store::Key::Directory, move |tx| {
                Ok::<_, Trouble>(directory::alias::remove(tx, &alias, &targets)?)
            })?;
        }
    }
    Ok(())
}

/// An alias, and how the letters fare that go on through it.
type Known = (Vec<forward::Target>, Alias);

/// An alias as scripts see it.
#[derive(Serialize)]
struct Listed {
    alias: String,
    targets: Vec<String>,
    forward: Vec<forward::Shown>,
    since: String,
}

fn as_json(aliases: &[Known]) -> String {
    let listed = aliases.iter().map(|(targets, alias)| Listed {
        alias: alias.address.to_string(),
        targets: alias.targets.iter().map(ToString::to_string).collect(),
        forward: targets.iter().map(forward::Target::shown).collect(),
        since: alias.created.rfc3339(),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(aliases: &[Known]) -> String {
    if aliases.is_empty() {
        return say!(
            "no aliases yet: facteur alias add info@alpha.test alice@alpha.test\n",
            "pas encore d'alias : facteur alias add info@alpha.test alice@alpha.test\n"
        );
    }
    let mut table = Table::new([say!("alias", "alias"), say!("leads to", "mène à"), say!("since", "depuis")]);
    for (targets, alias) in aliases {
        for (i, target) in targets.iter().enumerate() {
            let first = |text: String| if i == 0 { text } else { String::new() };
            table.row([first(alias.address.to_string()), target.text(), first(clock::day(alias.created))]);
        }
    }
    table.show()
}
