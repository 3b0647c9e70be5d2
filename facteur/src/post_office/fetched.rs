//! Where letters fetched from mailboxes elsewhere go: to one of our people, into a Maildir.

mod maildir;
mod person;

use std::sync::Arc;

use mail::seam::Pending;
use mail::Address;
use mda::Mda;
use mra::ledger::Source;
use mra::{Fault, Home, Homes};
use store::Store;

pub use maildir::MaildirHome;
use person::Person;

/// Where the letters of a source go, as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a person here.
    Person(Address),
    /// Into a Maildir.
    Maildir(std::path::PathBuf),
}

impl Target {
    /// Understands `alice@alpha.test` and `maildir:/path`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("maildir:") {
            return (!path.is_empty()).then(|| Self::Maildir(path.into()));
        }
        Address::parse(text).ok().map(Self::Person)
    }
}

/// Finds the homes that sources name.
pub struct FetchHomes {
    store: Store,
    mda: Mda,
}

impl FetchHomes {
    /// For this office.
    pub fn new(store: Store, mda: Mda) -> Self {
        Self { store, mda }
    }

    /// For a command that works without an office: letters go through no filters.
    pub fn without_office(store: Store) -> Self {
        Self { mda: Mda::new(store.clone()), store }
    }
}

impl Homes for FetchHomes {
    fn home<'a>(&'a self, source: &'a Source) -> Pending<'a, Result<Arc<dyn Home>, Fault>> {
        Box::pin(async move {
            let nowhere = || Fault::Home(format!("{} is no place for letters", source.settings.target));
            let home: Arc<dyn Home> = match Target::parse(&source.settings.target).ok_or_else(nowhere)? {
                Target::Person(address) => Arc::new(Person::find(&self.store, &self.mda, source, address).await?),
                Target::Maildir(path) => Arc::new(MaildirHome::at(self.store.clone(), source, path).await?),
            };
            Ok(home)
        })
    }
}

/// The name a history gives to a source.
fn shown(source: &Source) -> String {
    source.settings.mailbox.to_string()
}
