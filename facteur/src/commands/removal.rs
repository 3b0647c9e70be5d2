//! Removes people: at once for everybody, and behind that with all that the rooms keep of them.

use directory::account::Removed;
use mail::seam::AccountId;
use mail::{Address, Domain};
use store::{Key, Store, Tx, View};

use super::Trouble;

/// Removes a person with their mailbox, and takes them out of the aliases that led to them.
pub fn person(store: &Store, address: Address) -> Result<Removed, Trouble> {
    let removed = store.write_blocking(Key::Everything, move |tx| remove(tx, &address))?;
    forget(store, removed.account)?;
    Ok(removed)
}

fn remove(tx: &mut Tx, address: &Address) -> Result<Removed, Trouble> {
    let removed = directory::account::remove(tx, address)?;
    mailbox::account::delete(tx, removed.account)?;
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
    while store.write_blocking(Key::Account(account.0), move |tx| forget_slice(tx, account))? {}
    Ok(())
}

/// Takes a slice away of what is kept beside the mailbox of somebody who is not there any more, and nothing of anybody
/// who is. Returns whether more is left.
fn forget_slice(tx: &mut Tx, account: AccountId) -> Result<bool, Trouble> {
    if directory::account::is_there(tx, account)? {
        return Ok(false);
    }
    Ok(conduct::forget(tx, account)? || records::forget(tx, account)? || import_export::forget(tx, account)?)
}

/// Takes up removals that did not come to their end, as when the program was killed in one: takes away what is still
/// kept of people who are not there any more. Accounts are looked at in slices.
pub async fn take_up(store: &Store) -> Result<(), Trouble> {
    let mut after = AccountId(i64::MIN);
    loop {
        let look = store.read(move |view| Look::behind(view, after)).await?;
        for account in look.gone {
            while store.write(Key::Account(account.0), move |tx| forget_slice(tx, account)).await? {}
        }
        let Some(last) = look.last else { return Ok(()) };
        after = last;
    }
}

/// The accounts that one read looks at.
const ACCOUNTS: usize = 200;

/// A slice of the accounts of which something is kept.
#[derive(Default)]
struct Look {
    /// Those of people who are not there any more.
    gone: Vec<AccountId>,
    /// The last account of the slice; none: there was none.
    last: Option<AccountId>,
}

impl Look {
    fn behind(view: &View, after: AccountId) -> Result<Self, Trouble> {
        let mut look = Self::default();
        for _ in 0..ACCOUNTS {
            let after = look.last.unwrap_or(after);
            let next = [
                conduct::next_account(view, after)?,
                records::next_account(view, after)?,
                import_export::next_account(view, after)?,
            ];
            let Some(account) = next.into_iter().flatten().min_by_key(|account| account.0) else { break };
            if !directory::account::is_there(view, account)? {
                look.gone.push(account);
            }
            look.last = Some(account);
        }
        Ok(look)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use directory::account::New;
    use directory::{Language, Secret};
    use mail::{Password, Timestamp};
    use records::{Absence, absence, identity};
    use store::params;

    use super::*;
    use crate::data_folder;

    /// The rows of somebody: two kinds of records, each with its state, and an import.
    const KEPT: i64 = 5;

    /// Somebody who keeps two kinds of records and has imported letters.
    fn settle(store: &Store, address: &str) -> AccountId {
        let address = Address::parse(address).unwrap();
        // Nobody logs in: one password that is cheap to make does for all.
        static SECRET: std::sync::OnceLock<Secret> = std::sync::OnceLock::new();
        let secret =
            SECRET.get_or_init(|| Secret::make(&Password::new("correct horse battery".to_owned()), &[]).unwrap());
        let settled = move |tx: &mut Tx| {
            let new = New { address: &address, name: None, language: Language::English };
            let account = directory::account::add(tx, &new, secret, Timestamp(0))?;
            mailbox::account::create(tx, account, None)?;
            identity::ensure_own(tx, account, &address.to_string(), "")?;
            absence::set(tx, account, &Absence::default())?;
            import_export::runs::begin(tx, account, Timestamp(0), "letters.mbox")?;
            Ok::<_, Trouble>(account)
        };
        store.write_blocking(Key::Everything, settled).unwrap()
    }

    /// Counts the rows that the tables of the rooms hold of each account.
    fn kept(store: &Store, accounts: &[AccountId]) -> Vec<i64> {
        let accounts = accounts.to_vec();
        let tables = ["record_state", "record_object", "import_copy", "import_run"];
        let count = move |view: &View| {
            let rows = |table, account: AccountId| {
                let sql = format!("SELECT COUNT(*) FROM {table} WHERE account = $1");
                view.query_one(&sql, params![account.0], |row| row.get::<i64>(0))
            };
            let of = |account: &AccountId| tables.iter().map(|table| rows(table, *account)).sum();
            accounts.iter().map(of).collect::<Result<Vec<i64>, store::Error>>()
        };
        store.read_blocking(count).unwrap()
    }

    fn open_with_domains(folder: &Path) -> Store {
        let store = data_folder::open_for_command(folder).unwrap();
        let domains = ["alpha.test", "beta.test"].map(|name| Domain::parse(name).unwrap());
        let add = move |tx: &mut Tx| domains.iter().try_for_each(|name| directory::domain::add(tx, name, Timestamp(0)));
        store.write_blocking(Key::Directory, add).unwrap();
        store
    }

    #[test]
    fn with_a_person_goes_what_they_kept_and_nothing_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let store = open_with_domains(folder.path());
        let people = ["alice@alpha.test", "bob@beta.test", "carol@alpha.test"].map(|address| settle(&store, address));
        assert_eq!(kept(&store, &people), [KEPT; 3]);
        person(&store, Address::parse("alice@alpha.test").unwrap()).unwrap();
        domain(&store, Domain::parse("beta.test").unwrap(), true).unwrap();
        assert_eq!(kept(&store, &people), [0, 0, KEPT]);
    }

    #[test]
    fn a_removal_that_a_kill_cut_short_is_taken_up_and_the_living_keep_everything() {
        let folder = tempfile::tempdir().unwrap();
        let people = {
            let store = open_with_domains(folder.path());
            // More people than one look has room for, and the first and the last of them go.
            let settled = (0..=ACCOUNTS + 1).map(|number| settle(&store, &format!("p{number}@alpha.test")));
            let people: Vec<_> = settled.collect();
            for gone in [0, ACCOUNTS + 1] {
                let address = Address::parse(&format!("p{gone}@alpha.test")).unwrap();
                store.write_blocking(Key::Everything, move |tx| remove(tx, &address)).unwrap();
            }
            people
        };
        // The program was killed here: the people are gone, and what they kept is not.
        let store = data_folder::open_for_command(folder.path()).unwrap();
        assert_eq!(kept(&store, &people), vec![KEPT; people.len()]);
        tokio::runtime::Runtime::new().unwrap().block_on(take_up(&store)).unwrap();
        let mut left = vec![KEPT; people.len()];
        (left[0], left[ACCOUNTS + 1]) = (0, 0);
        assert_eq!(kept(&store, &people), left);
    }
}
