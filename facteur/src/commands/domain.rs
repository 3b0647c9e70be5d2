//! `facteur domain`: the domains this post office takes letters for.

mod check;
mod dns;
mod fit;
mod key;
mod needs;
mod record;

use directory::domain_key::{self, Algorithm, State};
use mail::Domain;
use serde::Serialize;
use store::Store;

use super::{Trouble, removal};
use crate::command_line::DomainCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(command: DomainCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        DomainCommand::Add { domain, alias_of, yes } => {
            fit::check(&domain, yes)?;
            let store = context.make_store()?;
            add(&store, &domain, alias_of)?;
            terminal::print(&dns::told_at_first(&store, &domain, context)?);
        }
        DomainCommand::List { form } => {
            let store = context.store()?;
            let domains = store.read_blocking(|view| Ok::<_, Trouble>(directory::domain::list(view)?))?;
            terminal::print(&if form.json { as_json(&domains) } else { as_table(&domains) });
        }
        DomainCommand::Remove { domain, force } => {
            let store = context.store()?;
            removal::domain(&store, domain, force)?;
        }
        DomainCommand::Set { domain, refuse_forged } => set(&context.store()?, &domain, refuse_forged == "yes")?,
        DomainCommand::Dns { domain, check, form } => dns::run(&domain, check, form.json, context)?,
        DomainCommand::Key(command) => key::run(command, context)?,
    }
    Ok(())
}

/// Adds a domain, or another name of one, with the keys that sign its letters, in one commit.
fn add(store: &Store, domain: &Domain, alias_of: Option<Domain>) -> Result<(), Failure> {
    let keys = [key::make(Algorithm::Rsa)?, key::make(Algorithm::Ed25519)?];
    let (now, added) = (clock::now(), domain.clone());
    store.write_blocking(store::Key::Directory, move |tx| {
        match &alias_of {
            Some(of) => directory::domain::add_alias(tx, &added, of, now)?,
            None => directory::domain::add(tx, &added, now)?,
        }
        for key in &keys {
            domain_key::add(tx, &added, key, State::Active, now)?;
        }
        Ok::<_, Trouble>(())
    })?;
    Ok(())
}

/// Says whether forged letters to people of a domain may be refused.
fn set(store: &Store, domain: &Domain, refuses: bool) -> Result<(), Failure> {
    let named = domain.clone();
    store.write_blocking(store::Key::Directory, move |tx| {
        Ok::<_, Trouble>(directory::domain::set_refuses_forged(tx, &named, refuses)?)
    })?;
    terminal::note(&if refuses {
        say!(
            "letters to {domain} that are surely forged are refused while their sender is connected\n",
            "les lettres à {domain} qui sont sûrement imitées sont refusées pendant que leur expéditeur est connecté\n"
        )
    } else {
        say!(
            "letters to {domain} that are surely forged are filed as junk, and never refused\n",
            "les lettres à {domain} qui sont sûrement imitées vont aux indésirables, et ne sont jamais refusées\n"
        )
    });
    Ok(())
}

/// Refuses a name that has no keys here: it is neither a domain of ours nor the name that our reports are from.
fn must_sign(store: &Store, domain: &Domain, context: &Context<'_>) -> Result<(), Failure> {
    let (wanted, hostname) = (domain.clone(), context.config().hostname.clone());
    let owners = store.read_blocking(move |view| Ok::<_, Trouble>(domain_key::owners(view, &hostname)?))?;
    if owners.contains(&wanted) {
        return Ok(());
    }
    Err(Trouble::Directory(directory::Error::UnknownDomain(wanted)).into())
}

/// A domain as scripts see it.
#[derive(Serialize)]
struct Listed {
    domain: String,
    alias_of: Option<String>,
    accounts: u64,
    aliases: u64,
    since: String,
    /// Letters that are surely forged are refused.
    refuses_forged: bool,
}

fn as_json(domains: &[directory::domain::Entry]) -> String {
    let listed = domains.iter().map(|entry| Listed {
        domain: entry.name.to_string(),
        alias_of: entry.alias_of.as_ref().map(ToString::to_string),
        accounts: entry.accounts,
        aliases: entry.aliases,
        since: entry.created.rfc3339(),
        refuses_forged: entry.refuses_forged,
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(domains: &[directory::domain::Entry]) -> String {
    if domains.is_empty() {
        return say!(
            "no domains yet: facteur domain add alpha.test\n",
            "pas encore de domaine : facteur domain add alpha.test\n"
        );
    }
    let mut table = Table::new([
        say!("domain", "domaine"),
        say!("people", "personnes"),
        say!("aliases", "alias"),
        say!("since", "depuis"),
        say!("other name of", "autre nom de"),
    ]);
    for entry in domains {
        let counts = (entry.accounts.to_string(), entry.aliases.to_string());
        let alias_of = entry.alias_of.as_ref().map(Domain::to_unicode).unwrap_or_default();
        table.row([entry.name.to_unicode(), counts.0, counts.1, clock::day(entry.created), alias_of]);
    }
    table.show()
}
