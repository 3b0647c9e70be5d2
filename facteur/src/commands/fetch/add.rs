//! Setting a source up.

use intake::fetched::Target;
use mail::Address;
use mra::ledger;
use mra::{Folders, Keep, Mailbox, Settings};
use store::{Key, Store};

use super::{Failure, find, secret, trial, trouble, vault};
use crate::command_line::fetch::{Elsewhere, FetchLogin, FetchOptions, NewSource};
use crate::commands::Trouble;
use crate::context::Context;
use crate::control::Named;
use crate::language::say;
use crate::{clock, terminal};

pub fn run(new: NewSource, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    let target = match new.to {
        Some(target) => whole(target),
        None => only_person(&store)?,
    };
    must_be_a_place(&store, &target)?;
    let (mailbox, other_names) = match new.url {
        Elsewhere::Mailbox(mailbox) => (mailbox, Vec::new()),
        Elsewhere::Address(address) => found(&address, new.ask_thunderbird, &new.options, &new.login, context)?,
    };
    let settings = settings(mailbox, target, &new.options)?;
    let name = new.name.unwrap_or_else(|| settings.mailbox.short_name());
    must_be_a_name(&store, &name)?;
    let secret = secret(&new.login, &settings.mailbox, context.config())?;
    let (settings, secret) =
        if new.untried { (settings, secret) } else { trial::run(settings, secret, other_names, context)? };
    let sealed = vault(context.config())?.seal(&name, &secret.write());
    let now = clock::now();
    let added = name.clone();
    store
        .write_blocking(Key::Fetching, move |tx| ledger::add(tx, &added, &settings, Some(&sealed), true, now))
        .map_err(trouble)?;
    terminal::note(&say!(
        "{name} is fetched while facteur serve runs, or now with: facteur fetch run {name}\n",
        "{name} est relevée tant que facteur serve tourne, ou maintenant avec : facteur fetch run {name}\n"
    ));
    Ok(())
}

/// The server of an address, and the other names that could be the one to log in with.
fn found(
    address: &Address,
    ask_thunderbird: bool,
    options: &FetchOptions,
    login: &FetchLogin,
    context: &Context<'_>,
) -> Result<(Mailbox, Vec<String>), Failure> {
    let ca = options.ca.as_deref().map(read_certificates).transpose()?;
    let offer = find::server(address, &find::Search { ask_thunderbird, ca }, context)?;
    if offer.wants_token && login.oauth.oauth_client.is_none() {
        let host = &offer.mailbox.host;
        return Err(Failure::new(say!(
            "{host} takes no passwords, but tokens (OAuth 2): say --oauth-client, as facteur fetch add --help tells",
            "{host} ne prend pas de mots de passe, mais des jetons (OAuth 2) : dites --oauth-client, comme l'explique facteur fetch add --help"
        )));
    }
    let other_names = if offer.user_is_guessed { vec![address.local().to_owned()] } else { Vec::new() };
    Ok((offer.mailbox, other_names))
}

/// Returns the address of the only person here; fails if there are several, since the letters could be anybody's.
fn only_person(store: &Store) -> Result<String, Failure> {
    let people = store.read_blocking(|view| directory::account::list(view, None)).map_err(Trouble::from)?;
    match people.as_slice() {
        [person] => Ok(person.address.to_string()),
        _ => Err(Failure {
            status: 2,
            text: say!(
                "say whose letters they will be here: --to alice@alpha.test",
                "dites à qui seront ces lettres ici : --to alice@alpha.test"
            ),
        }),
    }
}

/// Names a Maildir by its whole path: a later fetch into it may run in another folder.
fn whole(target: String) -> String {
    match target.strip_prefix("maildir:") {
        Some(path) => format!("maildir:{}", terminal::folder().join(path).display()),
        None => target,
    }
}

/// Returns the settings that were said; the rest is as everybody wants it.
pub fn settings(mailbox: Mailbox, target: String, options: &FetchOptions) -> Result<Settings, Failure> {
    if options.cleartext && mailbox.tls {
        return Err(Failure {
            status: 2,
            text: say!(
                "--cleartext goes with imap:// and pop3://; {mailbox} is encrypted",
                "--cleartext va avec imap:// et pop3:// ; {mailbox} est chiffré"
            ),
        });
    }
    if options.cleartext {
        terminal::note(&say!(
            "nothing between here and {mailbox} is encrypted: others can read the password and the letters\n",
            "rien n'est chiffré entre ici et {mailbox} : d'autres peuvent lire le mot de passe et les lettres\n"
        ));
    }
    let is_pop = mailbox.protocol == mra::Protocol::Pop3;
    let mut settings = Settings::new(mailbox, target);
    settings.cleartext = options.cleartext;
    settings.ca = options.ca.as_deref().map(read_certificates).transpose()?;
    settings.fingerprints.clone_from(&options.fingerprint);
    // POP3 has only the inbox, and all letters in it are new.
    settings.deliver = options.deliver || is_pop;
    if !options.folder.is_empty() {
        settings.folders = Folders::Named(options.folder.clone());
    }
    settings.keep = match (options.delete, options.delete_after) {
        (true, _) => Keep::Days(0),
        (false, Some(days)) => Keep::Days(days),
        (false, None) => Keep::Forever,
    };
    settings.since = options.since;
    settings.rate = options.rate;
    settings.largest = options.largest.unwrap_or(Settings::LARGEST).min(mailbox::LARGEST);
    settings.every = options.every.map_or(Settings::EVERY, |minutes| minutes * 60);
    Ok(settings)
}

/// The certificates themselves are kept: the file may go.
fn read_certificates(path: &std::path::Path) -> Result<String, Failure> {
    let shown = path.display();
    let text = terminal::file(Named::Certificates).map_err(|failure| {
        let why = failure.text;
        Failure::new(say!("{shown} cannot be read: {why}", "impossible de lire {shown} : {why}"))
    })?;
    let text = String::from_utf8_lossy(&text).into_owned();
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Failure::new(say!("{shown} has no certificate in it", "{shown} ne contient pas de certificat")));
    }
    Ok(text)
}

/// A person who is here, or any folder.
fn must_be_a_place(store: &Store, target: &str) -> Result<(), Failure> {
    let Some(Target::Person(address)) = Target::parse(target) else { return Ok(()) };
    let look = move |view: &store::View, address: &Address| Ok::<_, Trouble>(directory::account::find(view, address)?);
    store.read_blocking(move |view| look(view, &address).map(drop))?;
    Ok(())
}

fn must_be_a_name(store: &Store, name: &str) -> Result<(), Failure> {
    if name.is_empty() || name.len() > 200 || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Failure {
            status: 2,
            text: say!(
                "the name of a source has no blanks, and 200 characters at most",
                "le nom d'une source n'a pas d'espace, et au plus 200 caractères"
            ),
        });
    }
    let wanted = name.to_owned();
    let there = store.read_blocking(move |view| ledger::by_name(view, &wanted)).map_err(Trouble::from)?;
    match there {
        Some(_) => Err(trouble(ledger::SourceError::Exists(name.to_owned()))),
        None => Ok(()),
    }
}
