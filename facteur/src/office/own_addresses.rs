//! Tells the mailboxes which addresses are whose, as the directory and the sources of fetched letters have it, so that a
//! letter to somebody is not taken for one of a conversation by that alone.

use std::collections::BTreeMap;
use std::time::Duration;

use directory::{Destination, Resolution};
use mail::Address;
use mail::seam::AccountId;
use mailbox::own::{self, Addresses};
use net::Shutdown;
use store::{Store, View};

use crate::commands::Trouble;

/// How long several changes are waited for, and how long it takes at most until sources of letters are looked at again.
const PAUSE: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(600);

/// Keeps what the mailboxes know up to date until the post office closes.
pub async fn keep(store: Store, shutdown: Shutdown) {
    let mut watch = store.watch(directory::TOPIC);
    let work = async {
        loop {
            if let Err(error) = tell(&store).await {
                tracing::warn!(%error, "the mailboxes could not be told whose addresses are whose; it is tried again");
            }
            let _ = tokio::time::timeout(LATER, watch.changed()).await;
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = shutdown.requested() => {}
        () = work => {}
    }
}

/// Tells what is not known yet, one account a write.
async fn tell(store: &Store) -> Result<(), Trouble> {
    for (account, addresses) in store.read(news).await? {
        store.write(move |tx| Ok::<_, Trouble>(own::know(tx, account, &addresses)?)).await?;
    }
    Ok(())
}

/// The accounts whose addresses are others than the mailboxes know.
fn news(view: &View) -> Result<Vec<(AccountId, Addresses)>, Trouble> {
    let mut all: BTreeMap<i64, Addresses> = BTreeMap::new();
    let mut people = BTreeMap::new();
    for person in directory::account::list(view, None)? {
        let address = person.address.to_string();
        all.entry(person.id.0).or_default().add(&address);
        people.insert(address, person.id);
    }
    for alias in directory::alias::list(view, None)? {
        for account in reached(view, &alias.address)? {
            all.entry(account.0).or_default().add(&alias.address.to_string());
        }
    }
    for source in mra::ledger::list(view)? {
        if let Some(account) = people.get(&source.settings.target) {
            let own = all.entry(account.0).or_default();
            elsewhere(&source.settings.mailbox).iter().for_each(|address| own.add(address));
        }
    }
    let mut news = Vec::new();
    for (account, addresses) in all {
        if own::of(view, AccountId(account))? != addresses {
            news.push((AccountId(account), addresses));
        }
    }
    Ok(news)
}

/// What the address of a mailbox elsewhere may be: its name, or the name at its server or at the server's domain.
fn elsewhere(mailbox: &mra::Mailbox) -> Vec<String> {
    let mra::Mailbox { user, host, .. } = mailbox;
    if user.contains('@') {
        return vec![user.clone()];
    }
    let domain = host.split_once('.').map(|(_, domain)| domain);
    std::iter::once(host.as_str()).chain(domain).map(|place| format!("{user}@{place}")).collect()
}

/// The people an alias leads to.
fn reached(view: &View, alias: &Address) -> Result<Vec<AccountId>, Trouble> {
    let Resolution::Ours(places) = directory::resolve(view, None, alias)? else { return Ok(Vec::new()) };
    let local = |place| match place {
        Destination::Local { account, .. } => Some(account),
        Destination::Remote(_) => None,
    };
    Ok(places.into_iter().filter_map(local).collect())
}
