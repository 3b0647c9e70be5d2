//! This house knows some things of a domain: whether it is ours, and who of our people wrote to it.

use directory::account;
use mail::header::Mention;
use mail::seam::AccountId;
use mail::{Address, Domain};
use mailbox::folder::{self, SpecialUse};
use mailbox::parse::Piece;
use mailbox::{Access, Uid, UidRange, Want, fetch};
use store::{Store, View};

/// The most sent letters, the newest, that are looked through.
const SENT: u32 = 300;
/// The most addresses of one field that are read.
const MOST: usize = 100;

/// Returns true if this is one of our domains. If the disk cannot say, it counts as none: nothing is held against a
/// letter for a fault of ours.
pub(crate) async fn is_ours(store: &Store, domain: &Domain) -> bool {
    let asked = domain.clone();
    let found = store.read(move |view| directory::domain::exists(view, &asked)).await;
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "it cannot be found out whether a domain is ours");
        false
    })
}

/// Returns true if a person here has lately written to somebody for whom `is_wanted` holds, which gets the local part and
/// the domain in lower case.
pub(crate) fn has_written_to(
    view: &View,
    access: Access,
    is_wanted: &dyn Fn(&str, &str) -> bool,
) -> Result<bool, mailbox::Error> {
    let Some(sent) = folder::by_use(view, access, SpecialUse::Sent)? else { return Ok(false) };
    let first = Uid::new(sent.uid_next.get().saturating_sub(SENT)).unwrap_or(Uid::FIRST);
    let newest = [UidRange::new(first, Uid::LAST)];
    for row in fetch(view, access, sent.id, &newest, Want { summary: true, ..Want::ROW }, SENT as usize)? {
        let Some(summary) = row.card.and_then(|card| card.summary) else { continue };
        let pieces = [Piece::To, Piece::Cc, Piece::Bcc].into_iter();
        let mut mentions = pieces.flat_map(|piece| summary.mentions(piece).into_iter().take(MOST));
        if mentions.any(|mention| is_one(&mention, is_wanted)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_one(mention: &Mention, is_wanted: &dyn Fn(&str, &str) -> bool) -> bool {
    let Mention::Mailbox { local, domain, .. } = mention else { return false };
    let lower = |octets: &[u8]| String::from_utf8_lossy(octets).to_lowercase();
    is_wanted(&lower(local), &lower(domain))
}

/// Finds the account of one of our people; `None` for an alias, or for nobody.
pub(crate) fn account_of(view: &View, address: &Address) -> Result<Option<AccountId>, store::Error> {
    match account::find(view, address) {
        Ok(account) => Ok(Some(account.id)),
        Err(directory::Error::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
}
