//! `facteur domain key`: the keys that sign the letters of a domain.

use directory::domain_key::{self, Algorithm, Entry, NewKey, State};
use mail::Domain;
use serde::Serialize;
use store::{Key, Store};

use super::must_sign;
use crate::command_line::domain_key::KeyCommand;
use crate::commands::Trouble;
use crate::context::Context;
use crate::control::Named;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{clock, server, terminal, threads};

pub fn run(command: KeyCommand, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    match command {
        KeyCommand::List { domain, form } => {
            must_sign(&store, &domain, context)?;
            let keys = list(&store, &domain)?;
            terminal::print(&if form.json { as_json(&keys) } else { as_table(&keys) });
        }
        KeyCommand::Import { domain, selector, file } => {
            must_sign(&store, &domain, context)?;
            import(&store, domain, selector, &file)?;
        }
        KeyCommand::Export { domain, selector, .. } => {
            let key = store.read_blocking(move |view| Ok::<_, Trouble>(domain_key::find(view, &domain, &selector)?))?;
            terminal::caller()?.keep_secret(key.secret.reveal())?;
        }
        KeyCommand::Rotate { domain, yes } => {
            must_sign(&store, &domain, context)?;
            rotate(&store, &domain, yes, context)?;
        }
    }
    Ok(())
}

/// The keys of a domain.
pub fn list(store: &Store, domain: &Domain) -> Result<Vec<Entry>, Trouble> {
    let domain = domain.clone();
    store.read_blocking(move |view| Ok(domain_key::list(view, Some(&domain))?))
}

/// Makes the keys that the domain lacks, also those that come next, so that their records can be published in advance.
pub fn complete(store: &Store, domain: &Domain) -> Result<(), Failure> {
    for state in [State::Active, State::Next] {
        let asked = domain.clone();
        let missing = store.read_blocking(move |view| Ok::<_, Trouble>(domain_key::missing(view, &asked, state)?))?;
        for algorithm in missing {
            let (domain, key, now) = (domain.clone(), make(algorithm)?, clock::now());
            let keep = move |tx: &mut store::Tx| domain_key::add(tx, &domain, &key, state, now);
            store.write_blocking(Key::Directory, keep).map_err(Trouble::from)?;
        }
    }
    Ok(())
}

/// Makes a key.
pub fn make(algorithm: Algorithm) -> Result<NewKey, Trouble> {
    Ok(NewKey::make(algorithm)?)
}

fn import(store: &Store, domain: Domain, selector: String, file: &std::path::Path) -> Result<(), Failure> {
    let shown = file.display();
    let pem = terminal::file(Named::PrivateKey).map_err(|failure| {
        let why = failure.text;
        Failure::new(say!("{shown} cannot be read: {why}", "impossible de lire {shown} : {why}"))
    })?;
    let key = NewKey::from_pem(&pem).map_err(Trouble::from)?;
    let (of, called, now) = (domain.clone(), selector.clone(), clock::now());
    let keep = move |tx: &mut store::Tx| domain_key::import(tx, &of, &called, &key, now);
    store.write_blocking(Key::Directory, keep).map_err(Trouble::from)?;
    terminal::print(&say!(
        "the letters of {domain} are signed with this key from now on, as {selector}; facteur domain dns {domain} --check shows whether its record fits\n",
        "les lettres de {domain} sont désormais signées avec cette clé, sous le nom {selector} ; facteur domain dns {domain} --check montre si son enregistrement convient\n"
    ));
    Ok(())
}

/// Lets each next key take its turn whose record is seen, or all of them with `yes`.
fn rotate(store: &Store, domain: &Domain, yes: bool, context: &Context<'_>) -> Result<(), Failure> {
    complete(store, domain)?;
    let resolver = server::resolver(context.config())?;
    let mut unseen = Vec::new();
    for entry in list(store, domain)?.into_iter().filter(|entry| entry.state == State::Next) {
        if !yes && !threads::unless_stopped(server::is_published(&entry, &*resolver))? {
            unseen.push(entry.record_name());
            continue;
        }
        let (id, now) = (entry.id, clock::now());
        let turn = move |tx: &mut store::Tx| domain_key::take_turn(tx, id, now);
        if store.write_blocking(Key::Directory, turn).map_err(Trouble::from)? {
            let selector = &entry.selector;
            terminal::print(&say!(
                "letters are signed with {selector} from now on\n",
                "les lettres sont désormais signées avec {selector}\n"
            ));
        }
    }
    complete(store, domain)?;
    if unseen.is_empty() {
        return Ok(());
    }
    let names = unseen.join(", ");
    Err(Failure::new(say!(
        "these records are not seen in the DNS yet, so that nobody could check signatures: {names}; facteur domain dns {domain} prints them. To sign with these keys all the same: --yes",
        "ces enregistrements ne sont pas encore visibles dans le DNS, et personne ne pourrait vérifier les signatures : {names} ; facteur domain dns {domain} les affiche. Pour signer tout de même avec ces clés : --yes"
    )))
}

/// A key as scripts see it; the private half is not among it.
#[derive(Serialize)]
struct Listed {
    selector: String,
    algorithm: &'static str,
    state: &'static str,
    made: String,
    since: String,
    published: Option<String>,
    name: String,
    /// The text of the record; nothing where the key is damaged.
    record: Option<String>,
}

fn as_json(keys: &[Entry]) -> String {
    let listed = keys.iter().map(|key| Listed {
        selector: key.selector.clone(),
        algorithm: key.algorithm.name(),
        state: key.state.name(),
        made: key.made.rfc3339(),
        since: key.since.rfc3339(),
        published: key.published.map(mail::Timestamp::rfc3339),
        name: key.record_name(),
        record: key.record().ok(),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(keys: &[Entry]) -> String {
    let titles = [
        say!("selector", "sélecteur"),
        say!("kind", "sorte"),
        say!("state", "état"),
        say!("since", "depuis"),
        say!("seen in the DNS", "visible dans le DNS"),
    ];
    let mut table = Table::new(titles);
    for key in keys {
        let published = key.published.map_or_else(|| say!("not yet", "pas encore"), clock::day);
        let row = [key.selector.clone(), key.algorithm.name().to_owned(), state(key), clock::day(key.since), published];
        table.row(row);
    }
    table.show()
}

fn state(key: &Entry) -> String {
    if key.record().is_err() {
        return say!("damaged", "endommagée");
    }
    match key.state {
        State::Active => say!("signs", "signe"),
        State::Next => say!("comes next", "suivante"),
        State::Old => say!("old", "ancienne"),
    }
}
