//! Where letters fetched from mailboxes elsewhere go: to one of our people, into a Maildir.

mod maildir;
mod person;

use std::sync::Arc;

use mail::Address;
use mail::seam::Pending;
use mda::Mda;
use mra::ledger::Source;
use mra::{Fault, Home, Homes};
use store::Store;

use super::PostOffice;
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
    /// Those of this office.
    pub fn of(office: &PostOffice) -> Self {
        Self { store: office.store.clone(), mda: office.mda.clone() }
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
