//! Removes people: at once for everybody, and behind that with all that the rooms keep of them.

use directory::account::Removed;
use mail::seam::AccountId;
use mail::{Address, Domain};
use store::{Key, Store};

use super::Trouble;

/// Removes a person with their mailbox, and takes them out of the aliases that led to them.
pub fn person(store: &Store, address: Address) -> Result<Removed, Trouble> {
    let removed = store.write_blocking(Key::Everything, move |tx| {
        let removed = directory::account::remove(tx, &address)?;
        mailbox::account::delete(tx, removed.account)?;
        Ok::<_, Trouble>(removed)
    })?;
    forget(store, removed.account)?;
    Ok(removed)
}

/// Removes a domain. Where people live in it only when `force` says so, and then they go with it.
pub fn domain(store: &Store, domain: Domain, force: bool) -> Result<(), Trouble> {
    let accounts = store.write_blocking(Key::Everything, move |tx| {
        let accounts = directory::domain::remove(tx, &domain, force)?.accounts;
        accounts.iter().try_for_each(|account| mailbox::account::delete(tx, *account))?;
        Ok::<_, Trouble>(accounts)
    })?;
    accounts.into_iter().try_for_each(|account| forget(store, account))
}

/// Takes away slice by slice what is kept of somebody beside the mailbox, which clears itself away.
fn forget(store: &Store, account: AccountId) -> Result<(), Trouble> {
    let key = Key::Account(account.0);
    while store.write_blocking(key, move |tx| records::forget(tx, account))? {}
    while store.write_blocking(key, move |tx| import_export::forget(tx, account))? {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use directory::Language;
    use mail::{Password, Timestamp};
    use records::{Absence, Kind, absence, identity};
    use store::View;

    use super::*;
    use crate::commands::account::{self, Person};
    use crate::data_folder;

    /// Somebody who keeps two kinds of records.
    fn settle(store: &Store, address: &str) -> AccountId {
        let address = Address::parse(address).unwrap();
        let person = Person { address: address.clone(), name: None, language: Language::English, quota: None };
        account::add(store, person, &Password::new("correct horse battery".to_owned())).unwrap();
        store
            .write_blocking(Key::Everything, move |tx| {
                let account = directory::account::find(tx, &address)?.id;
                identity::ensure_own(tx, account, &address.to_string(), "")?;
                absence::set(tx, account, &Absence::default())?;
                Ok::<_, Trouble>(account)
            })
            .unwrap()
    }

    fn keeps(view: &View, account: AccountId) -> Result<(bool, bool), store::Error> {
        let known = [Kind::Identity, Kind::Vacation].map(|kind| records::state(view, account, kind).unwrap().0 > 0);
        Ok((known.contains(&true), !identity::list(view, account)?.is_empty()))
    }

    #[test]
    fn with_a_person_goes_what_they_kept_and_nothing_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let store = data_folder::open_for_command(folder.path()).unwrap();
        let domains = ["alpha.test", "beta.test"].map(|name| Domain::parse(name).unwrap());
        let [_, beta] = domains.clone();
        store
            .write_blocking(Key::Directory, move |tx| {
                domains.iter().try_for_each(|name| directory::domain::add(tx, name, Timestamp(0)))
            })
            .unwrap();
        let [alice, bob, carol] =
            ["alice@alpha.test", "bob@beta.test", "carol@alpha.test"].map(|address| settle(&store, address));
        person(&store, Address::parse("alice@alpha.test").unwrap()).unwrap();
        domain(&store, beta, true).unwrap();
        let kept = store.read_blocking(move |view| {
            [alice, bob, carol].into_iter().map(|account| keeps(view, account)).collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(kept.unwrap(), [(false, false), (false, false), (true, true)]);
    }
}
