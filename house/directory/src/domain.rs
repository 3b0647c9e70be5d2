//! Our domains.

use mail::seam::AccountId;
use mail::{Domain, Timestamp};
use store::{Tx, View, params};

use crate::{CREDENTIALS, Error, TOPIC, domain_key};

/// One of our domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Domain,
    /// The number of accounts in the domain.
    pub accounts: u64,
    /// The number of aliases in the domain.
    pub aliases: u64,
    /// The time at which the domain was added.
    pub created: Timestamp,
}

/// The people and aliases that went with a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The accounts of the domain: the caller removes their mail in the same transaction.
    pub accounts: Vec<AccountId>,
}

/// Makes `name` one of our domains.
pub fn add(tx: &mut Tx, name: &Domain, now: Timestamp) -> Result<(), Error> {
    if name.is_literal() {
        return Err(Error::NotAName(name.clone()));
    }
    let sql = "INSERT INTO domain (name, created) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    if tx.execute(sql, params![name.as_str(), now.0])? == 0 {
        return Err(Error::DomainExists(name.clone()));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Removes a domain. If people live in it, this needs `force`, and removes them too.
pub fn remove(tx: &mut Tx, name: &Domain, force: bool) -> Result<Removed, Error> {
    let domain = number(tx, name)?.ok_or_else(|| Error::UnknownDomain(name.clone()))?;
    let accounts =
        tx.query("SELECT id FROM account WHERE domain = $1", params![domain], |row| row.get(0).map(AccountId))?;
    if !accounts.is_empty() && !force {
        return Err(Error::DomainInUse { domain: name.clone(), accounts: accounts.len() as u64 });
    }
    for sql in [
        "DELETE FROM session WHERE account IN (SELECT id FROM account WHERE domain = $1)",
        "DELETE FROM familiar_place WHERE account IN (SELECT id FROM account WHERE domain = $1)",
        "DELETE FROM password WHERE account IN (SELECT id FROM account WHERE domain = $1)",
        "DELETE FROM forward WHERE account IN (SELECT id FROM account WHERE domain = $1)",
        "DELETE FROM account WHERE domain = $1",
        "DELETE FROM alias_target WHERE alias IN (SELECT id FROM alias WHERE domain = $1)",
        "DELETE FROM alias WHERE domain = $1",
        "DELETE FROM domain WHERE id = $1",
    ] {
        tx.execute(sql, params![domain])?;
    }
    domain_key::remove_all(tx, name)?;
    tx.announce(TOPIC);
    tx.announce(CREDENTIALS);
    Ok(Removed { accounts })
}

/// All our domains, by name.
pub fn list(view: &View) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT name, created, (SELECT count(*) FROM account WHERE account.domain = domain.id),
               (SELECT count(*) FROM alias WHERE alias.domain = domain.id) FROM domain ORDER BY name";
    let rows = view.query(sql, params![], |row| {
        Ok((row.get::<String>(0)?, Timestamp(row.get(1)?), row.get::<u64>(2)?, row.get::<u64>(3)?))
    })?;
    let entries = rows.into_iter().filter_map(|(name, created, accounts, aliases)| {
        Some(Entry { name: Domain::parse(&name).ok()?, accounts, aliases, created })
    });
    Ok(entries.collect())
}

/// Returns true if `name` is one of our domains.
pub fn exists(view: &View, name: &Domain) -> Result<bool, Error> {
    Ok(number(view, name)?.is_some())
}

/// The number of one of our domains.
pub(crate) fn number(view: &View, name: &Domain) -> Result<Option<i64>, store::Error> {
    view.query_opt("SELECT id FROM domain WHERE name = $1", params![name.as_str()], |row| row.get(0))
}
