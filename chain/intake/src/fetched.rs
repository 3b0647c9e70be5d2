//! Delivers letters fetched from mailboxes elsewhere: to one of our people, into a Maildir, or to a delivery agent.

mod labels;
mod lmtp;
mod maildir;
mod person;

use std::sync::Arc;

use mail::Address;
use mail::seam::Pending;
use mra::ledger::Source;
use mra::{Destination, Destinations, Fault};
use mta::delivery::Means;

use crate::Intake;
use lmtp::{LmtpHome, LmtpTarget};
use maildir::MaildirHome;
use person::Person;

/// The target of the letters of a source, as a person wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A person here.
    Person(Address),
    /// Into a Maildir.
    Maildir(std::path::PathBuf),
    /// A person at a delivery agent.
    Lmtp(LmtpTarget),
}

impl Target {
    /// Understands `alice@alpha.test`, `maildir:/path`, and `lmtp:alice@alpha.test@127.0.0.1:24`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("maildir:") {
            return (!path.is_empty()).then(|| Self::Maildir(path.into()));
        }
        if let Some(agent) = text.strip_prefix("lmtp:") {
            return LmtpTarget::parse(agent).map(Self::Lmtp);
        }
        Address::parse(text).ok().map(Self::Person)
    }
}

/// Finds the homes that sources name.
pub struct FetchDestinations {
    intake: Intake,
    means: Means,
}

impl Intake {
    /// Finds the destinations of fetched letters; delivery agents elsewhere are reached with these means.
    pub fn fetch_destinations(&self, means: Means) -> FetchDestinations {
        FetchDestinations { intake: self.clone(), means }
    }
}

impl Destinations for FetchDestinations {
    fn destination<'a>(&'a self, source: &'a Source) -> Pending<'a, Result<Arc<dyn Destination>, Fault>> {
        Box::pin(async move {
            let nowhere = || Fault::Destination(format!("{} is no place for letters", source.settings.target));
            let home: Arc<dyn Destination> = match Target::parse(&source.settings.target).ok_or_else(nowhere)? {
                Target::Person(address) => Arc::new(Person::find(&self.intake, source, address).await?),
                Target::Maildir(path) => Arc::new(MaildirHome::at(self.intake.store.clone(), source, path).await?),
                Target::Lmtp(agent) => {
                    Arc::new(LmtpHome::new(self.intake.store.clone(), self.means.clone(), source, agent))
                }
            };
            Ok(home)
        })
    }
}

/// The name a history gives to a source.
fn shown(source: &Source) -> String {
    source.settings.mailbox.to_string()
}
