//! The domains a reader knows: their own, and those they have written to.

use std::collections::BTreeSet;

use mail::seam::Login;
use mailbox::folder::{self, SpecialUse};
use mailbox::parse::Piece;
use mailbox::{Access, Uid, UidRange, Want, fetch};
use store::View;

use super::{domain, sender};

/// The most sent letters, the newest, that are read.
const SENT: u32 = 300;

/// The domains a reader knows.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeSet<String>);

impl Known {
    /// Collects the hosts that a person knows.
    pub fn of(view: &View, login: &Login) -> Result<Self, mailbox::Error> {
        let mut known = Self::from_hosts([login.address.domain().as_str()]);
        let access = Access::own(login.account);
        let Some(sent) = folder::by_use(view, access, SpecialUse::Sent)? else { return Ok(known) };
        let first = Uid::new(sent.uid_next.get().saturating_sub(SENT)).unwrap_or(Uid::FIRST);
        let newest = [UidRange::new(first, Uid::LAST)];
        for row in fetch(view, access, sent.id, &newest, Want { summary: true, ..Want::ROW }, SENT as usize)? {
            let Some(summary) = row.card.and_then(|card| card.summary) else { continue };
            for piece in [Piece::To, Piece::Cc, Piece::Bcc] {
                known.0.extend(sender::people(&summary, piece).iter().map(|person| registered(&person.domain)));
            }
        }
        Ok(known)
    }

    /// Makes a collection of these hosts.
    pub fn from_hosts<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(hosts.into_iter().filter_map(domain::ascii).map(|host| registered(&host)).collect())
    }

    /// Returns true for the host of a domain that they know.
    pub fn holds(&self, ascii: &str) -> bool {
        self.0.contains(domain::registered(ascii))
    }

    /// Returns all of them.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn registered(ascii: &str) -> String {
    domain::registered(ascii).to_owned()
}
