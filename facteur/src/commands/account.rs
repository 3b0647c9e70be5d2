//! `facteur account`: the people who have a mailbox here.

pub mod ask;
mod set;
mod show;

use directory::account::{Account, New};
use directory::{Language, Secret};
use mail::seam::AccountId;
use mail::{Address, Domain, Password};
use mailbox::Usage;
use serde::Serialize;
use store::{Key, Store};

use super::{Trouble, forward, removal, size};
use crate::command_line::{AccountCommand, Form, PasswordFrom};
use crate::context::Context;
use crate::failure::Failure;
use crate::language::{self, say};
use crate::table::{self, Table};
use crate::{clock, terminal};

pub fn run(command: AccountCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        AccountCommand::Add { address, name, language, quota, password } => {
            let store = context.store()?;
            must_be_free(&store, &address)?;
            let password = NewPassword::of(password, &address)?;
            let person = Person { address, name, language: chosen(language.as_deref()), quota };
            add(&store, person, &password.password)?;
            password.show();
        }
        AccountCommand::List { domain, form } => list(context, domain, form)?,
        AccountCommand::Show { address, form } => show::run(context, &address, form)?,
        AccountCommand::Set { address, changes } => set::run(context, address, changes)?,
        AccountCommand::Resume { address, target } => {
            must_exist(&context.store()?, &address)?;
            forward::resume(context, address, target)?;
        }
        AccountCommand::Remove { address, yes } => remove(context, address, yes)?,
        AccountCommand::Password { address, password } => {
            let store = context.store()?;
            must_exist(&store, &address)?;
            let password = NewPassword::of(password, &address)?;
            let secret = another(&store, &address, &password.password)?;
            let now = clock::now();
            let set = move |tx: &mut store::Tx| directory::account::set_secret(tx, &address, &secret, now);
            store.write_blocking(Key::Directory, move |tx| Ok::<_, Trouble>(set(tx)?))?;
            password.show();
        }
        AccountCommand::Unblock { address } => unblock(context, &address)?,
    }
    Ok(())
}

/// Lifts the block of an address. Only a running post office remembers failed log-ins: if none runs, nobody is
/// blocked.
fn unblock(context: &Context<'_>, address: &Address) -> Result<(), Failure> {
    must_exist(&context.store()?, address)?;
    let lifted = context.running().is_some_and(|running| running.intake.directory().lift_block(&address.to_string()));
    terminal::print(&match lifted {
        true => say!(
            "{address} can log in again at once, from anywhere; so can the networks that were refused\n",
            "{address} peut se connecter de nouveau, de partout ; les réseaux qui étaient refusés aussi\n"
        ),
        false => say!("nothing keeps {address} from logging in\n", "rien n'empêche {address} de se connecter\n"),
    });
    Ok(())
}

/// A person who gets a mailbox.
#[derive(Clone, Debug)]
pub struct Person {
    pub address: Address,
    pub name: Option<String>,
    pub language: Language,
    pub quota: Option<u64>,
}

/// Gives a person an address, a password and a mailbox, all in one transaction.
pub fn add(store: &Store, person: Person, password: &Password) -> Result<(), Trouble> {
    let secret = Secret::make(password, &[&person.address.to_string(), person.name.as_deref().unwrap_or_default()])?;
    let now = clock::now();
    store.write_blocking(Key::Everything, move |tx| {
        let Person { address, name, language, quota } = &person;
        let new = New { address, name: name.as_deref(), language: *language };
        let account = directory::account::add(tx, &new, &secret, now)?;
        mailbox::account::create(tx, account, *quota)?;
        let mut own = mailbox::own::Addresses::default();
        own.add(&address.to_string());
        Ok(mailbox::own::know(tx, account, &own)?)
    })
}

/// Returns what is kept of another password of a person who has an account.
pub(super) fn another(store: &Store, address: &Address, password: &Password) -> Result<Secret, Trouble> {
    let (written, address) = (address.to_string(), address.clone());
    let person = store.read_blocking(move |view| directory::account::find(view, &address))?;
    Ok(Secret::make(password, &[&written, person.name.as_deref().unwrap_or_default()])?)
}

/// Returns the language that was named, or else the one that the caller reads.
fn chosen(code: Option<&str>) -> Language {
    code.and_then(Language::from_code).unwrap_or_else(own_language)
}

/// The language of the person at the terminal, as the directory writes it down.
pub fn own_language() -> Language {
    match language::Language::of_the_person() {
        language::Language::English => Language::English,
        language::Language::French => Language::French,
    }
}

/// Told before a password is asked for, not after.
fn must_be_free(store: &Store, address: &Address) -> Result<(), Trouble> {
    let address = address.clone();
    store.read_blocking(move |view| {
        if !directory::domain::exists(view, address.domain())? {
            return Err(directory::Error::UnknownDomain(address.domain().clone()).into());
        }
        match directory::account::find(view, &address) {
            Err(directory::Error::UnknownAccount(_)) => Ok(()),
            Err(other) => Err(other.into()),
            Ok(_) => Err(directory::Error::AccountExists(address).into()),
        }
    })
}

pub(super) fn must_exist(store: &Store, address: &Address) -> Result<(), Trouble> {
    let address = address.clone();
    store.read_blocking(move |view| Ok(directory::account::find(view, &address).map(drop)?))
}

/// A password, and whether its person has still to be told.
pub(super) struct NewPassword {
    pub(super) password: Password,
    made_up: bool,
}

impl NewPassword {
    pub(super) fn of(from: PasswordFrom, address: &Address) -> Result<Self, Failure> {
        let password = match from {
            PasswordFrom { generate: true, .. } => crate::password::make_up(),
            PasswordFrom { password_stdin: true, .. } => ask::password_on_stdin()?,
            PasswordFrom { .. } => ask::password_on_terminal(address)?,
        };
        Ok(Self { password, made_up: from.generate })
    }

    pub(super) fn show(&self) {
        if self.made_up {
            terminal::print(&format!("{}\n", self.password.reveal()));
        }
    }
}

fn remove(context: &Context<'_>, address: Address, yes: bool) -> Result<(), Failure> {
    let store = context.store()?;
    let letters = letters(&store, &address)?;
    let question = match letters {
        0 => say!("Remove {address}, who has no letters?", "Retirer {address}, qui n'a pas de lettres ?"),
        1 => say!("Remove {address}, with one letter?", "Retirer {address}, avec sa lettre ?"),
        _ => say!("Remove {address}, with all {letters} letters?", "Retirer {address}, avec ses {letters} lettres ?"),
    };
    if !yes && !ask::sure(&question)? {
        return Err(Failure::new(say!("nothing was removed", "rien n'a été retiré")));
    }
    let removed = removal::person(&store, address)?;
    for alias in removed.aliases {
        terminal::note(&say!("{alias} no longer leads there\n", "{alias} n'y mène plus\n"));
    }
    Ok(())
}

fn letters(store: &Store, address: &Address) -> Result<u64, Trouble> {
    let address = address.clone();
    store.read_blocking(move |view| {
        let account = directory::account::find(view, &address)?.id;
        Ok(mailbox::account::usage(view, mailbox::Access::house(account))?.letters)
    })
}

/// A person and their mailbox.
type Inhabitant = (Account, Option<Usage>);

fn list(context: &Context<'_>, domain: Option<Domain>, form: Form) -> Result<(), Failure> {
    let store = context.store()?;
    let people: Vec<Inhabitant> = store.read_blocking(move |view| {
        let people = directory::account::list(view, domain.as_ref())?;
        people.into_iter().map(|person| Ok((person.clone(), usage(view, person.id)?))).collect::<Result<_, Trouble>>()
    })?;
    terminal::print(&if form.json { as_json(&people) } else { as_table(&people) });
    Ok(())
}

fn usage(view: &store::View, account: AccountId) -> Result<Option<Usage>, Trouble> {
    match mailbox::account::usage(view, mailbox::Access::house(account)) {
        Ok(usage) => Ok(Some(usage)),
        Err(mailbox::Error::NoSuchAccount(_)) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// A person as scripts see them. Sizes in bytes.
#[derive(Serialize)]
struct Listed<'a> {
    address: String,
    name: Option<&'a str>,
    language: &'static str,
    letters: u64,
    used: u64,
    quota: Option<u64>,
    since: String,
}

fn as_json(people: &[Inhabitant]) -> String {
    let listed = people.iter().map(|(person, usage)| Listed {
        address: person.address.to_string(),
        name: person.name.as_deref(),
        language: person.language.code(),
        letters: usage.map_or(0, |usage| usage.letters),
        used: usage.map_or(0, |usage| usage.used),
        quota: usage.and_then(|usage| usage.quota),
        since: person.created.rfc3339(),
    });
    table::json(&listed.collect::<Vec<_>>())
}

fn as_table(people: &[Inhabitant]) -> String {
    if people.is_empty() {
        return say!(
            "nobody here yet: facteur account add alice@alpha.test\n",
            "encore personne : facteur account add alice@alpha.test\n"
        );
    }
    let mut table = Table::new([
        say!("address", "adresse"),
        say!("name", "nom"),
        say!("letters", "lettres"),
        say!("used", "occupé"),
        say!("quota", "quota"),
        say!("since", "depuis"),
    ]);
    for (person, usage) in people {
        table.row([
            person.address.to_string(),
            person.name.clone().unwrap_or_default(),
            usage.map_or(0, |usage| usage.letters).to_string(),
            size::show(usage.map_or(0, |usage| usage.used)),
            usage.and_then(|usage| usage.quota).map(size::show).unwrap_or_default(),
            clock::day(person.created),
        ]);
    }
    table.show()
}
