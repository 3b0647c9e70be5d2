//! `facteur fetch`: letters from mailboxes elsewhere.

mod add;
mod list;
mod run;
mod tell;

use mail::Password;
use mra::ledger::{self, SourceError, SourceId};
use mra::{Secret, Vault};
use store::Store;

use super::account::ask;
use crate::command_line::fetch::{FetchCommand, FetchLogin};
use crate::config::Config;
use crate::failure::Failure;
use crate::house;
use crate::language::say;

pub fn run(command: FetchCommand, config: &Config) -> Result<(), Failure> {
    match command {
        FetchCommand::Add(new) => add::run(*new, config),
        FetchCommand::List { form } => list::run(form, config),
        FetchCommand::Run(run) => run::run(*run, config),
        FetchCommand::Remove { source } => remove(source, config),
    }
}

fn remove(name: String, config: &Config) -> Result<(), Failure> {
    let store = house::open_for_command(config)?;
    let removing = name.clone();
    let id = store.write_blocking(move |tx| ledger::remove(tx, &removing)).map_err(trouble)?;
    clear(&store, id)?;
    store.close_blocking();
    Ok(())
}

/// What is known of a removed source's letters goes in slices, so that the post office is not held up.
fn clear(store: &Store, id: SourceId) -> Result<(), Failure> {
    loop {
        let more = store.write_blocking(move |tx| ledger::sweep_removed(tx, id));
        if !more.map_err(|why| trouble(why.into()))? {
            return Ok(());
        }
    }
}

/// What to log in with, as the person says.
fn secret(login: &FetchLogin, whose: &str) -> Result<Secret, Failure> {
    if login.password_stdin {
        return ask::password_on_stdin().map(Secret::Password);
    }
    if let Some(path) = &login.password_file {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|why| {
            let path = path.display();
            Failure::new(say!("{path} cannot be read: {why}", "impossible de lire {path} : {why}"))
        })?;
        let first = text.lines().next().unwrap_or_default();
        return Ok(Secret::Password(Password::new(first.to_owned())));
    }
    ask::password_elsewhere(whose).map(Secret::Password)
}

fn vault(config: &Config) -> Result<Vault, Failure> {
    Vault::open(&config.data).map_err(|why| {
        let folder = config.data.display();
        Failure::new(say!(
            "the key for stored passwords, fetch.key in {folder}, cannot be used: {why}",
            "la clé des mots de passe conservés, fetch.key dans {folder}, est inutilisable : {why}"
        ))
    })
}

fn trouble(error: SourceError) -> Failure {
    match error {
        SourceError::Store(why) => super::Trouble::from(why).into(),
        SourceError::Exists(name) => Failure::new(say!(
            "there is a source called {name} already; remove it first (facteur fetch remove {name}), or give this one another --name",
            "il y a déjà une source appelée {name} ; retirez-la d'abord (facteur fetch remove {name}), ou donnez un autre --name à celle-ci"
        )),
        SourceError::Unknown(name) => Failure::new(say!(
            "there is no source called {name}; facteur fetch list shows those there are",
            "il n'y a pas de source appelée {name} ; facteur fetch list montre celles qui existent"
        )),
        SourceError::Damaged(name) => Failure::new(say!(
            "the settings of {name} are damaged; remove it and add it again",
            "les réglages de {name} sont abîmés ; retirez-la et ajoutez-la de nouveau"
        )),
        SourceError::TooMany => Failure::new(say!("there are too many sources", "il y a trop de sources")),
    }
}
