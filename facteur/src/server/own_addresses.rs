//! Tells the mailboxes which addresses are whose, as the directory and the sources of fetched letters have it, so that a
//! letter to somebody is not taken for one of a conversation by that alone.

use std::collections::BTreeMap;
use std::time::Duration;

use directory::{Destination, Resolution};
use mail::Address;
use mail::seam::AccountId;
use mailbox::own::{self, Addresses};
use net::Shutdown;
use store::{Key, Store, View};

use crate::commands::Trouble;

/// The pause in which several changes are gathered, and the longest time until sources of letters are looked at
/// again.
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
        store.write(Key::Account(account.0), move |tx| Ok::<_, Trouble>(own::know(tx, account, &addresses)?)).await?;
    }
    Ok(())
}

/// The accounts whose addresses are others than the mailboxes know.
fn news(view: &View) -> Result<Vec<(AccountId, Addresses)>, Trouble> {
    let mut all: BTreeMap<i64, Addresses> = BTreeMap::new();
    let names = directory::domain::list(view)?;
    for person in directory::account::list(view, None)? {
        let own = all.entry(person.id.0).or_default();
        under_each_name(&names, &person.address).iter().for_each(|address| own.add(address));
    }
    for alias in directory::alias::list(view, None)? {
        for account in reached(view, &alias.address)? {
            let own = all.entry(account.0).or_default();
            under_each_name(&names, &alias.address).iter().for_each(|address| own.add(address));
        }
    }
    for source in mra::ledger::list(view)? {
        // Letters may also go to a Maildir or another server.
        let Ok(target) = Address::parse(&source.settings.target) else { continue };
        for account in reached(view, &target)? {
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

/// Returns the address, and the same under each other name of its domain.
fn under_each_name(names: &[directory::domain::Entry], address: &Address) -> Vec<String> {
    let others = names.iter().filter(|entry| entry.alias_of.as_ref() == Some(address.domain()));
    let other = |entry: &directory::domain::Entry| Address::new(address.local(), entry.name.clone()).ok();
    std::iter::once(address.clone()).chain(others.filter_map(other)).map(|address| address.to_string()).collect()
}

/// Returns the addresses that a mailbox elsewhere may have: its name, or the name at its server or at the server's
/// domain.
fn elsewhere(mailbox: &mra::Mailbox) -> Vec<String> {
    let mra::Mailbox { user, host, .. } = mailbox;
    if user.contains('@') {
        return vec![user.clone()];
    }
    let domain = host.split_once('.').map(|(_, domain)| domain);
    std::iter::once(host.as_str()).chain(domain).map(|place| format!("{user}@{place}")).collect()
}

/// The people an address leads to.
fn reached(view: &View, address: &Address) -> Result<Vec<AccountId>, Trouble> {
    let Resolution::Ours(places) = directory::resolve(view, None, address)? else { return Ok(Vec::new()) };
    let local = |place| match place {
        Destination::Local { account, .. } => Some(account),
        Destination::Remote(_) => None,
    };
    Ok(places.into_iter().filter_map(local).collect())
}

#[cfg(test)]
mod tests {
    use directory::account::New;
    use directory::{Language, Secret};
    use mail::{Domain, Password, Timestamp};
    use mra::{Folders, Keep, Mailbox, Settings};
    use store::Tx;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_501_377_000);

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    /// Alice and Bob, to whom team@ leads through staff@; Bob has all of beta.test, and Alice a mailbox elsewhere.
    fn settle(tx: &mut Tx) -> Result<(), Trouble> {
        let secret = Secret::make(&Password::new("correct horse".to_owned()), &[])?;
        for domain in ["alpha.test", "beta.test"] {
            directory::domain::add(tx, &Domain::parse(domain).unwrap(), NOW)?;
        }
        for name in ["Alice@alpha.test", "bob@alpha.test"] {
            let new = New { address: &address(name), name: None, language: Language::English };
            let account = directory::account::add(tx, &new, &secret, NOW)?;
            mailbox::account::create(tx, account, None)?;
        }
        let people = ["alice@alpha.test", "bob@alpha.test"].map(address);
        directory::alias::add(tx, &address("staff@alpha.test"), &people, NOW)?;
        directory::alias::add(tx, &address("team@alpha.test"), &[address("staff@alpha.test")], NOW)?;
        directory::alias::add(tx, &address("*@beta.test"), &[address("bob@alpha.test")], NOW)?;
        let settings = Settings {
            mailbox: Mailbox::parse("imaps://alice.a@imap.example.org").unwrap(),
            cleartext: false,
            ca: None,
            fingerprints: Vec::new(),
            target: "alice@alpha.test".to_owned(),
            deliver: false,
            folders: Folders::All,
            keep: Keep::Forever,
            since: None,
            rate: None,
            largest: Settings::LARGEST,
            every: Settings::EVERY,
        };
        mra::ledger::add(tx, "elsewhere", &settings, None, true, NOW).unwrap();
        Ok(())
    }

    async fn known(store: &Store, account: i64) -> Addresses {
        store.read(move |view| own::of(view, AccountId(account))).await.unwrap()
    }

    fn addresses(all: &[&str]) -> Addresses {
        let mut addresses = Addresses::default();
        all.iter().for_each(|address| addresses.add(address));
        addresses
    }

    #[tokio::test]
    async fn the_mailboxes_know_every_address_that_leads_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::data_folder::open(folder.path()).unwrap();
        store.write(Key::Everything, settle).await.unwrap();
        tell(&store).await.unwrap();
        let alice = ["alice@alpha.test", "staff@alpha.test", "team@alpha.test"];
        let elsewhere = ["alice.a@imap.example.org", "alice.a@example.org"];
        assert_eq!(known(&store, 1).await, addresses(&[&alice[..], &elsewhere].concat()));
        assert_eq!(
            known(&store, 2).await,
            addresses(&["bob@alpha.test", "staff@alpha.test", "team@alpha.test", "*@beta.test"])
        );
        // An address that no longer leads to them is no longer theirs; nothing is written if nothing changed.
        let gone = |tx: &mut Tx| Ok::<_, Trouble>(directory::alias::remove(tx, &address("team@alpha.test"), &[])?);
        store.write(Key::Everything, gone).await.unwrap();
        tell(&store).await.unwrap();
        assert_eq!(known(&store, 2).await, addresses(&["bob@alpha.test", "staff@alpha.test", "*@beta.test"]));
        assert_eq!(store.read(news).await.unwrap().len(), 0);
    }
}
