//! Addresses that lead to other addresses.

use std::collections::HashSet;

use mail::{Address, Domain, Timestamp};
use store::{Tx, View, params};

use crate::fold::{fold, fold_address};
use crate::{Error, Resolution, TOPIC, domain, group, resolve};

/// An alias leads to at most this many addresses.
pub const MOST_TARGETS: usize = 500;

/// An alias. `*@domain` stands for every address of the domain that is nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The address that leads elsewhere.
    pub address: Address,
    /// The addresses that the alias leads to, in order.
    pub targets: Vec<Address>,
    /// The time at which the alias was created.
    pub created: Timestamp,
}

/// Makes `address` lead to `targets` too, and makes the alias if there is none.
pub fn add(tx: &mut Tx, address: &Address, targets: &[Address], now: Timestamp) -> Result<(), Error> {
    must_not_be_group(tx, address)?;
    put(tx, address, targets, now)
}

/// Makes an address lead to `targets` too, whether it is an alias or a group.
pub(crate) fn put(tx: &mut Tx, address: &Address, targets: &[Address], now: Timestamp) -> Result<(), Error> {
    if targets.is_empty() {
        return Err(Error::NoTarget(address.clone()));
    }
    if address.local().contains('+') {
        return Err(Error::PlusInName(address.clone()));
    }
    let domain = domain::number(tx, address.domain())?.ok_or_else(|| Error::UnknownDomain(address.domain().clone()))?;
    if is_account(tx, domain, &fold(address.local()))? {
        return Err(Error::AccountExists(address.clone()));
    }
    for target in targets {
        check_target(tx, address, target)?;
    }
    let alias = insert(tx, domain, address, now)?;
    for target in targets {
        let sql = "INSERT INTO alias_target (alias, folded, target) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![alias, fold_address(target), target.to_string()])?;
    }
    let count: usize =
        tx.query_one("SELECT count(*) FROM alias_target WHERE alias = $1", params![alias], |row| row.get(0))?;
    if count > MOST_TARGETS {
        return Err(Error::TooManyTargets { alias: address.clone(), most: MOST_TARGETS });
    }
    check_loop(tx, alias, address)?;
    tx.announce(TOPIC);
    Ok(())
}

/// Takes `targets` from an alias, or the whole alias if none is named or none is left.
pub fn remove(tx: &mut Tx, address: &Address, targets: &[Address]) -> Result<(), Error> {
    must_not_be_group(tx, address)?;
    take(tx, address, targets)
}

fn must_not_be_group(view: &View, address: &Address) -> Result<(), Error> {
    match at(view, address)?.map(|alias| group::settings(view, alias)).transpose()?.flatten() {
        Some(_) => Err(Error::IsGroup(address.clone())),
        None => Ok(()),
    }
}

/// Takes `targets` from an alias or a group, or the whole of it if none is named or none is left.
pub(crate) fn take(tx: &mut Tx, address: &Address, targets: &[Address]) -> Result<(), Error> {
    let domain = domain::number(tx, address.domain())?.ok_or_else(|| Error::UnknownDomain(address.domain().clone()))?;
    let alias = number(tx, domain, &fold(address.local()))?.ok_or_else(|| Error::UnknownAlias(address.clone()))?;
    for target in targets {
        let sql = "DELETE FROM alias_target WHERE alias = $1 AND folded = $2";
        if tx.execute(sql, params![alias, fold_address(target)])? == 0 {
            return Err(Error::UnknownTarget { alias: address.clone(), target: target.clone() });
        }
    }
    if targets.is_empty() {
        tx.execute("DELETE FROM alias_target WHERE alias = $1", params![alias])?;
    }
    remove_if_it_leads_nowhere(tx, alias)?;
    tx.announce(TOPIC);
    Ok(())
}

/// All aliases, or those of one domain, by address. Groups are no aliases.
pub fn list(view: &View, of: Option<&Domain>) -> Result<Vec<Alias>, Error> {
    entries(view, of, "alias.writers IS NULL")
}

/// All groups, or those of one domain, by address.
pub(crate) fn groups(view: &View, of: Option<&Domain>) -> Result<Vec<Alias>, Error> {
    entries(view, of, "alias.writers IS NOT NULL")
}

/// `which` comes from this file only.
fn entries(view: &View, of: Option<&Domain>, which: &str) -> Result<Vec<Alias>, Error> {
    let domain = match of {
        None => None,
        Some(name) => Some(domain::number(view, name)?.ok_or_else(|| Error::UnknownDomain(name.clone()))?),
    };
    let sql = format!(
        "SELECT alias.address, alias.created, alias_target.target FROM alias
         JOIN domain ON domain.id = alias.domain JOIN alias_target ON alias_target.alias = alias.id
         WHERE (CAST($1 AS BIGINT) IS NULL OR alias.domain = $1) AND {which}
         ORDER BY domain.name, alias.local, alias_target.folded"
    );
    let rows = view.query(&sql, params![domain], |row| {
        Ok((Address::parse(row.text(0)?).ok(), Timestamp(row.get(1)?), Address::parse(row.text(2)?).ok()))
    })?;
    let mut aliases: Vec<Alias> = Vec::new();
    for (address, created, target) in rows {
        let (Some(address), Some(target)) = (address, target) else { continue };
        match aliases.last_mut() {
            Some(last) if last.address == address => last.targets.push(target),
            _ => aliases.push(Alias { address, targets: vec![target], created }),
        }
    }
    Ok(aliases)
}

/// The number of the alias or the group at an address.
pub(crate) fn at(view: &View, address: &Address) -> Result<Option<i64>, Error> {
    match domain::number(view, address.domain())? {
        Some(domain) => Ok(number(view, domain, &fold(address.local()))?),
        None => Ok(None),
    }
}

/// The number of an alias or a group.
pub(crate) fn number(view: &View, domain: i64, local: &str) -> Result<Option<i64>, store::Error> {
    view.query_opt("SELECT id FROM alias WHERE domain = $1 AND local = $2", params![domain, local], |row| row.get(0))
}

/// Returns the addresses that an alias leads to.
pub(crate) fn targets(view: &View, alias: i64) -> Result<Vec<Address>, store::Error> {
    let sql = "SELECT target FROM alias_target WHERE alias = $1 ORDER BY folded";
    let found = view.query(sql, params![alias], |row| Ok(Address::parse(row.text(0)?).ok()))?;
    Ok(found.into_iter().flatten().collect())
}

/// Takes a person who goes out of all aliases. Returns the aliases that led to them.
pub(crate) fn forget_target(tx: &mut Tx, folded: &str) -> Result<Vec<Address>, Error> {
    let sql = "SELECT alias.id, alias.address FROM alias JOIN alias_target ON alias_target.alias = alias.id
               WHERE alias_target.folded = $1 ORDER BY alias.address";
    let found = tx.query(sql, params![folded], |row| Ok((row.get::<i64>(0)?, Address::parse(row.text(1)?).ok())))?;
    tx.execute("DELETE FROM alias_target WHERE folded = $1", params![folded])?;
    for (alias, _) in &found {
        remove_if_it_leads_nowhere(tx, *alias)?;
    }
    Ok(found.into_iter().filter_map(|(_, address)| address).collect())
}

fn insert(tx: &mut Tx, domain: i64, address: &Address, now: Timestamp) -> Result<i64, store::Error> {
    let sql = "INSERT INTO alias (domain, local, address, created) VALUES ($1, $2, $3, $4)
               ON CONFLICT (domain, local) DO UPDATE SET local = excluded.local RETURNING id";
    tx.query_one(sql, params![domain, fold(address.local()), address.to_string(), now.0], |row| row.get(0))
}

fn remove_if_it_leads_nowhere(tx: &mut Tx, alias: i64) -> Result<(), store::Error> {
    let sql = "DELETE FROM alias WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM alias_target WHERE alias = $1)";
    tx.execute(sql, params![alias]).map(drop)
}

fn is_account(view: &View, domain: i64, local: &str) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM account WHERE domain = $1 AND local = $2";
    Ok(view.query_opt(sql, params![domain, local], |_| Ok(()))?.is_some())
}

fn check_target(view: &View, address: &Address, target: &Address) -> Result<(), Error> {
    if fold_address(address) == fold_address(target) || target.local() == "*" {
        return Err(Error::Loop(address.clone()));
    }
    match resolve(view, None, target)? {
        Resolution::Unknown => Err(Error::NobodyThere(target.clone())),
        _ => Ok(()),
    }
}

/// Follows the alias through other aliases: it must not come back to itself.
fn check_loop(view: &View, alias: i64, address: &Address) -> Result<(), Error> {
    let (mut seen, mut waiting) = (HashSet::new(), vec![alias]);
    while let Some(next) = waiting.pop() {
        for target in targets(view, next)? {
            let Some(domain) = domain::number(view, target.domain())? else { continue };
            match number(view, domain, &fold(target.local()))? {
                Some(found) if found == alias => return Err(Error::Loop(address.clone())),
                Some(found) if seen.insert(found) => waiting.push(found),
                _ => {}
            }
        }
    }
    Ok(())
}
