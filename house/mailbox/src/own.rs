//! The addresses that lead to an account, as the directory knows them. Whoever writes to somebody writes to one of these, so
//! that they say nothing about which letters belong together (see [`crate::thread`]).

use std::collections::BTreeSet;

use mail::seam::AccountId;
use store::{Tx, Value, View, params};

use crate::Error;
use crate::numbers::hash;
use crate::thread::address;

/// The most addresses that are known of one account.
pub const MOST: usize = 500;

/// The addresses of an account, as they are compared. `*@domain` stands for all of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(BTreeSet<i64>);

impl Addresses {
    /// Adds an address, `local@domain`; a text that is none, and one too many, is left out.
    pub fn add(&mut self, written: &str) {
        let parts = written.rsplit_once('@').and_then(|(local, domain)| address(local.as_bytes(), domain.as_bytes()));
        if let Some(address) = parts.filter(|_| self.0.len() < MOST) {
            self.0.insert(hash(address.as_bytes()));
        }
    }
}

/// Returns the addresses that are known of the account.
pub fn of(view: &View, account: AccountId) -> Result<Addresses, Error> {
    let sql = "SELECT hash FROM own_address WHERE account = $1";
    Ok(Addresses(view.query(sql, params![account.0], |row| row.get(0))?.into_iter().collect()))
}

/// Sets the addresses of the account from now on. Conversations stay as they are.
pub fn know(tx: &mut Tx, account: AccountId, addresses: &Addresses) -> Result<(), Error> {
    let before = of(tx, account)?;
    for gone in before.0.difference(&addresses.0) {
        tx.execute("DELETE FROM own_address WHERE account = $1 AND hash = $2", params![account.0, gone])?;
    }
    for new in addresses.0.difference(&before.0) {
        let sql = "INSERT INTO own_address (account, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![account.0, new])?;
    }
    Ok(())
}

/// Returns those of the hashes that are the account's own addresses. `None`: the account's addresses are not known.
pub(crate) fn among(view: &View, account: AccountId, hashes: &[i64]) -> Result<Option<BTreeSet<i64>>, Error> {
    let any = "SELECT 1 FROM own_address WHERE account = $1 LIMIT 1";
    if view.query_opt(any, params![account.0], |_| Ok(()))?.is_none() {
        return Ok(None);
    }
    let marks: Vec<String> = (2..2 + hashes.len()).map(|n| format!("${n}")).collect();
    let sql = format!("SELECT hash FROM own_address WHERE account = $1 AND hash IN ({})", marks.join(", "));
    let mut params = vec![Value::Integer(account.0)];
    params.extend(hashes.iter().map(|hash| Value::Integer(*hash)));
    Ok(Some(view.query(&sql, &params, |row| row.get(0))?.into_iter().collect()))
}
