//! `facteur group`: addresses that lead to several people, with a say in who may write to them.

use directory::group::{self, Group, Writers};
use serde::Serialize;

use super::Trouble;
use crate::command_line::group::GroupCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(command: GroupCommand, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    match command {
        GroupCommand::Add { group, members, settings } => {
            let (changes, now) = (settings.changes(), clock::now());
            store.write_blocking(store::Key::Directory, move |tx| {
                Ok::<_, Trouble>(group::add(tx, &group, &members, changes, now)?)
            })?;
        }
        GroupCommand::List { domain, form } => {
            let groups = store.read_blocking(move |view| Ok::<_, Trouble>(group::list(view, domain.as_ref())?))?;
            terminal::print(&if form.json { as_json(&groups) } else { as_table(&groups) });
        }
        GroupCommand::Set { group, settings } => {
            let changes = settings.changes();
            store.write_blocking(store::Key::Directory, move |tx| {
                group::must_be(tx, &group)?;
                Ok::<_, Trouble>(group::set(tx, &group, changes)?)
            })?;
        }
        GroupCommand::Remove { group, members } => {
            store.write_blocking(store::Key::Directory, move |tx| {
                Ok::<_, Trouble>(group::remove(tx, &group, &members)?)
            })?;
        }
    }
    Ok(())
}

/// A group as scripts see it.
#[derive(Serialize)]
struct Listed {
    group: String,
    members: Vec<String>,
    /// `everyone`, `ours` or `members`.
    writers: &'static str,
    members_write_as: bool,
    since: String,
}

fn as_json(groups: &[Group]) -> String {
    let listed = groups.iter().map(|group| Listed {
        group: group.alias.address.to_string(),
        members: group.alias.targets.iter().map(ToString::to_string).collect(),
        writers: group.settings.writers.name(),
        members_write_as: group.settings.members_write_as,
        since: group.alias.created.rfc3339(),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(groups: &[Group]) -> String {
    if groups.is_empty() {
        return say!(
            "no groups yet: facteur group add staff@alpha.test alice@alpha.test bob@beta.test\n",
            "pas encore de groupe : facteur group add staff@alpha.test alice@alpha.test bob@beta.test\n"
        );
    }
    let mut table = Table::new([
        say!("group", "groupe"),
        say!("member", "membre"),
        say!("who may write to it", "qui peut lui écrire"),
        say!("members write as it", "les membres écrivent en son nom"),
    ]);
    for Group { alias, settings } in groups {
        let writers = match settings.writers {
            Writers::Everyone => say!("everyone", "tous"),
            Writers::Ours => say!("our people and its members", "nos personnes et ses membres"),
            Writers::Members => say!("its members", "ses membres"),
        };
        let may = if settings.members_write_as { say!("yes", "oui") } else { say!("no", "non") };
        let mut about = [alias.address.to_string(), writers, may];
        for member in &alias.targets {
            let [group, writers, may] = std::mem::take(&mut about);
            table.row([group, member.to_string(), writers, may]);
        }
    }
    table.show()
}
