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
    /// The domain whose other name it is: every address of it is that of the same name there.
    pub alias_of: Option<Domain>,
    /// The number of accounts in the domain.
    pub accounts: u64,
    /// The number of aliases in the domain.
    pub aliases: u64,
    /// The time at which the domain was added.
    pub created: Timestamp,
    /// Forged letters to its people may be refused.
    pub refuses_forged: bool,
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

/// Makes `name` another name of `of`, one of our domains: from now on every address of it belongs to whoever has that of the same
/// name there.
pub fn add_alias(tx: &mut Tx, name: &Domain, of: &Domain, now: Timestamp) -> Result<(), Error> {
    let target = number(tx, of)?.ok_or_else(|| Error::UnknownDomain(of.clone()))?;
    add(tx, name, now)?;
    tx.execute("UPDATE domain SET alias_of = $2 WHERE name = $1", params![name.as_str(), target])?;
    Ok(())
}

/// Returns the domains of which this is another name, or which are other names of it: an address of one is one of each.
pub fn same_as(view: &View, name: &Domain) -> Result<Vec<Domain>, Error> {
    let Some(domain) = number(view, name)? else { return Ok(Vec::new()) };
    let sql = "SELECT name FROM domain WHERE id = $1 OR alias_of = $1 ORDER BY name";
    let names = view.query(sql, params![domain], |row| Ok(Domain::parse(row.text(0)?).ok()))?;
    Ok(names.into_iter().flatten().filter(|other| other != name).collect())
}

/// Removes a domain. If people live in it, this needs `force`, and removes them too.
pub fn remove(tx: &mut Tx, name: &Domain, force: bool) -> Result<Removed, Error> {
    if is_alias(tx, name)? {
        tx.execute("DELETE FROM domain WHERE name = $1", params![name.as_str()])?;
        domain_key::remove_all(tx, name)?;
        tx.announce(TOPIC);
        return Ok(Removed::default());
    }
    let domain = number(tx, name)?.ok_or_else(|| Error::UnknownDomain(name.clone()))?;
    let others = same_as(tx, name)?;
    if let Some(alias) = others.first()
        && !force
    {
        return Err(Error::DomainHasAlias { domain: name.clone(), alias: alias.clone() });
    }
    for other in others {
        remove(tx, &other, force)?;
    }
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
    let sql = "SELECT name, created, (SELECT name FROM domain AS other WHERE other.id = domain.alias_of), (SELECT count(*) FROM account WHERE account.domain = domain.id),
               (SELECT count(*) FROM alias WHERE alias.domain = domain.id), keeps_forged FROM domain ORDER BY domain.name";
    let rows = view.query(sql, params![], |row| {
        let alias_of = row.get::<Option<String>>(2)?;
        let keeps_forged = row.get::<Option<i64>>(5)?.unwrap_or_default() != 0;
        let counts = (row.get::<u64>(3)?, row.get::<u64>(4)?);
        Ok((row.get::<String>(0)?, Timestamp(row.get(1)?), alias_of, counts, !keeps_forged))
    })?;
    let entries = rows.into_iter().filter_map(|(name, created, alias_of, (accounts, aliases), refuses_forged)| {
        let alias_of = alias_of.and_then(|other| Domain::parse(&other).ok());
        Some(Entry { name: Domain::parse(&name).ok()?, alias_of, accounts, aliases, created, refuses_forged })
    });
    Ok(entries.collect())
}

/// Returns true if `name` is one of our domains.
pub fn exists(view: &View, name: &Domain) -> Result<bool, Error> {
    Ok(number(view, name)?.is_some())
}

/// Returns true if forged letters to people of this domain may be refused while their sender is connected; so it is unless
/// the postmaster says otherwise.
pub fn refuses_forged(view: &View, name: &Domain) -> Result<bool, store::Error> {
    let sql = "SELECT keeps_forged FROM domain WHERE name = $1";
    let keeps = view.query_opt(sql, params![name.as_str()], |row| row.get::<Option<i64>>(0))?.flatten();
    Ok(keeps.unwrap_or_default() == 0)
}

/// Says whether forged letters to people of a domain may be refused; else they are junk.
pub fn set_refuses_forged(tx: &mut Tx, name: &Domain, refuses: bool) -> Result<(), Error> {
    let sql = "UPDATE domain SET keeps_forged = $2 WHERE name = $1";
    if tx.execute(sql, params![name.as_str(), i64::from(!refuses)])? == 0 {
        return Err(Error::UnknownDomain(name.clone()));
    }
    Ok(())
}

/// The number of one of our domains. That of another name of a domain is that of the domain, so that their addresses are the
/// same.
pub(crate) fn number(view: &View, name: &Domain) -> Result<Option<i64>, store::Error> {
    let sql = "SELECT COALESCE(alias_of, id) FROM domain WHERE name = $1";
    view.query_opt(sql, params![name.as_str()], |row| row.get(0))
}

fn is_alias(view: &View, name: &Domain) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM domain WHERE name = $1 AND alias_of IS NOT NULL";
    Ok(view.query_opt(sql, params![name.as_str()], |_| Ok(()))?.is_some())
}
