//! `facteur fetch`: letters from mailboxes elsewhere.

mod add;
mod consent;
mod find;
mod list;
mod run;
mod tell;
mod trial;

use mra::ledger::{self, SourceError, SourceId};
use mra::{Mailbox, Secret, Vault};
use store::{Key, Store};

use super::account::ask;
use crate::command_line::fetch::{FetchCommand, FetchLogin};
use crate::config::Config;
use crate::context::Context;
use crate::control::Named;
use crate::failure::Failure;
use crate::language::say;

pub fn run(command: FetchCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        FetchCommand::Add(new) => add::run(*new, context),
        FetchCommand::List { form } => list::run(form, context),
        FetchCommand::Run(run) => run::run(*run, context),
        FetchCommand::Remove { source, forget } => remove(source, forget, context),
        FetchCommand::Password { source, login } => change_password(&source, &login, context),
    }
}

fn remove(name: String, forget: bool, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    if forget {
        let id = store.write_blocking(Key::Fetching, move |tx| ledger::forget(tx, &name)).map_err(trouble)?;
        clear(&store, id)?;
    } else {
        store.write_blocking(Key::Fetching, move |tx| ledger::remove(tx, &name)).map_err(trouble)?;
    }
    Ok(())
}

fn change_password(name: &str, login: &FetchLogin, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    let wanted = name.to_owned();
    let found = store.read_blocking(move |view| ledger::by_name(view, &wanted));
    let found = found.map_err(|why| trouble(SourceError::Store(why)))?;
    let source = found.ok_or_else(|| trouble(SourceError::Unknown(name.to_owned())))?;
    let secret = secret(login, &source.settings.mailbox, context.config())?;
    let sealed = vault(context.config())?.seal(name, &secret.write());
    let name = name.to_owned();
    store.write_blocking(Key::Fetching, move |tx| ledger::change_secret(tx, &name, &sealed)).map_err(trouble)?;
    Ok(())
}

/// Forgets the letters of a removed source, in slices, so that the post office is not held up.
fn clear(store: &Store, id: SourceId) -> Result<(), Failure> {
    loop {
        let more = store.write_blocking(Key::Fetching, move |tx| ledger::sweep_removed(tx, id));
        if !more.map_err(|why| trouble(why.into()))? {
            return Ok(());
        }
    }
}

/// Returns the credentials to log in with, as the person gives them.
fn secret(login: &FetchLogin, mailbox: &Mailbox, config: &Config) -> Result<Secret, Failure> {
    if let Some(client) = &login.oauth.oauth_client {
        return consent::get(login, &login.oauth, client, &mailbox.host, config);
    }
    if login.password_stdin {
        return ask::password_on_stdin().map(Secret::Password);
    }
    match &login.password_file {
        Some(path) => consent::first_line(path, Named::Password).map(Secret::Password),
        None => ask::password_elsewhere(&mailbox.to_string()).map(Secret::Password),
    }
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
