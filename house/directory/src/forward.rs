//! The addresses to which the letters of a person go on.

use mail::seam::AccountId;
use mail::{Address, Resolution};
use store::{Tx, View, params};

use crate::fold::fold_address;
use crate::{Error, TOPIC, account, resolve};

/// The letters of a person go on to at most this many addresses.
pub const MOST: usize = 10;

/// The forward of a person's letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The addresses, in order; none: they go nowhere.
    pub targets: Vec<Address>,
    /// The person gets the letters, too.
    pub keep_copy: bool,
}

/// The changes; a field that is `None` stays as it was.
#[derive(Clone, Debug, Default)]
pub struct Changes<'a> {
    /// The addresses, instead of those of before; none of them: nothing goes on any more.
    pub targets: Option<&'a [Address]>,
    /// The person gets the letters, too.
    pub keep_copy: Option<bool>,
}

/// Returns where the letters of a person go on to.
pub fn of(view: &View, account: AccountId) -> Result<Forward, Error> {
    let sql = "SELECT target FROM forward WHERE account = $1 ORDER BY folded";
    let targets = view.query(sql, params![account.0], |row| Ok(Address::parse(row.text(0)?).ok()))?;
    let sql = "SELECT keep_copy FROM account WHERE id = $1";
    let keep_copy = view.query_opt(sql, params![account.0], |row| row.get::<bool>(0))?.unwrap_or(true);
    Ok(Forward { targets: targets.into_iter().flatten().collect(), keep_copy })
}

/// Changes where the letters of a person go on to.
pub fn change(tx: &mut Tx, address: &Address, changes: &Changes<'_>) -> Result<(), Error> {
    let account = account::find(tx, address)?;
    if let Some(targets) = changes.targets {
        set_targets(tx, &account, targets)?;
    }
    if let Some(keep_copy) = changes.keep_copy {
        tx.execute("UPDATE account SET keep_copy = $2 WHERE id = $1", params![account.id.0, keep_copy])?;
    }
    tx.announce(TOPIC);
    Ok(())
}

fn set_targets(tx: &mut Tx, account: &account::Account, targets: &[Address]) -> Result<(), Error> {
    if targets.len() > MOST {
        return Err(Error::TooManyForwards { most: MOST });
    }
    tx.execute("DELETE FROM forward WHERE account = $1", params![account.id.0])?;
    for target in targets {
        match resolve(tx, None, target)? {
            Resolution::Unknown => return Err(Error::NobodyThere(target.clone())),
            Resolution::Ours(places) if places.iter().any(|place| is_of(place, account.id)) => {
                return Err(Error::Loop(account.address.clone()));
            }
            Resolution::Ours(_) | Resolution::Elsewhere => {}
        }
        let sql = "INSERT INTO forward (account, folded, target) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![account.id.0, fold_address(target), target.to_string()])?;
    }
    Ok(())
}

fn is_of(place: &mail::Destination, id: AccountId) -> bool {
    matches!(place, mail::Destination::Local { account, .. } if *account == id)
}

/// Forgets where the letters of a person who goes went on to.
pub(crate) fn forget(tx: &mut Tx, account: AccountId) -> Result<(), store::Error> {
    tx.execute("DELETE FROM forward WHERE account = $1", params![account.0]).map(drop)
}
