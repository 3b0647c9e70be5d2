//! Our people.

use mail::seam::AccountId;
use mail::{Address, Domain, Timestamp};
use store::{Row, Tx, View, params};

use crate::fold::{fold, fold_address};
use crate::{CREDENTIALS, Error, Language, Secret, TOPIC, alias, domain, familiar, forward, session};

/// The longest name of a person, in characters.
const LONGEST_NAME: usize = 200;

/// One of our people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The number of their mailbox.
    pub id: AccountId,
    /// Their main address, as it was written.
    pub address: Address,
    /// Their name, as it stands beside the address.
    pub name: Option<String>,
    /// The language that this person reads.
    pub language: Language,
    /// The time at which the account was created.
    pub created: Timestamp,
}

/// The person to be added.
#[derive(Clone, Debug)]
pub struct New<'a> {
    /// Their main address, in one of our domains.
    pub address: &'a Address,
    /// Their name, if they have one.
    pub name: Option<&'a str>,
    /// The language that this person reads.
    pub language: Language,
}

/// The person who went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The account whose mail is to be removed in the same transaction.
    pub account: AccountId,
    /// Aliases that led to this person and do no more; those that led nowhere else are gone.
    pub aliases: Vec<Address>,
}

/// Adds a person. Whoever calls this makes their mailbox in the same transaction.
pub fn add(tx: &mut Tx, new: &New<'_>, secret: &Secret, now: Timestamp) -> Result<AccountId, Error> {
    let New { address, name, language } = new;
    check_local_part(address)?;
    check_name(*name)?;
    let domain = domain::number(tx, address.domain())?.ok_or_else(|| Error::UnknownDomain(address.domain().clone()))?;
    let local = fold(address.local());
    if alias::number(tx, domain, &local)?.is_some() {
        return Err(Error::AliasExists((*address).clone()));
    }
    let sql = "INSERT INTO account (domain, local, address, name, language, created) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (domain, local) DO NOTHING RETURNING id";
    let (written, language) = (address.to_string(), language.code());
    let id = tx.query_opt(sql, params![domain, local, written, *name, language, now.0], |row| row.get(0))?;
    let account = AccountId(id.ok_or_else(|| Error::AccountExists((*address).clone()))?);
    write_secret(tx, account, secret, now)?;
    tx.announce(TOPIC);
    Ok(account)
}

/// Removes a person, and takes them out of the aliases that led to them.
pub fn remove(tx: &mut Tx, address: &Address) -> Result<Removed, Error> {
    let account = find(tx, address)?.id;
    let aliases = alias::forget_target(tx, &fold_address(address))?;
    tx.execute("DELETE FROM password WHERE account = $1", params![account.0])?;
    familiar::forget(tx, account)?;
    forward::forget(tx, account)?;
    session::end(tx, account, None)?;
    tx.execute("DELETE FROM account WHERE id = $1", params![account.0])?;
    tx.announce(TOPIC);
    tx.announce(CREDENTIALS);
    Ok(Removed { account, aliases })
}

/// Gives a person another password, even if it is the same again: every connection that the old one let in ends.
pub fn set_secret(tx: &mut Tx, address: &Address, secret: &Secret, now: Timestamp) -> Result<AccountId, Error> {
    let account = find(tx, address)?.id;
    write_secret(tx, account, secret, now)?;
    tx.announce(TOPIC);
    tx.announce(CREDENTIALS);
    Ok(account)
}

/// Ends everything that lets somebody into an account but the password itself: its sessions, and the passwords of single
/// programs. Whoever calls this sets another password in the same transaction, if a thief has the present one.
pub fn end_credentials(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    session::end(tx, account, None)?;
    tx.execute("DELETE FROM password WHERE account = $1 AND label <> ''", params![account.0])?;
    tx.announce(CREDENTIALS);
    Ok(())
}

/// The changes to a person; a field that is `None` stays as it was.
#[derive(Clone, Debug, Default)]
pub struct Changes<'a> {
    /// Their name; an empty one takes it away.
    pub name: Option<&'a str>,
    /// The language that the person reads.
    pub language: Option<Language>,
    /// Their main address.
    pub address: Option<&'a Address>,
}

/// Changes the facts about a person. Letters for the address they had still reach them: it becomes an alias.
pub fn change(tx: &mut Tx, address: &Address, changes: &Changes<'_>, now: Timestamp) -> Result<AccountId, Error> {
    let account = find(tx, address)?;
    if let Some(name) = changes.name {
        check_name(Some(name))?;
        let name = Some(name).filter(|name| !name.is_empty());
        tx.execute("UPDATE account SET name = $2 WHERE id = $1", params![account.id.0, name])?;
    }
    if let Some(language) = changes.language {
        tx.execute("UPDATE account SET language = $2 WHERE id = $1", params![account.id.0, language.code()])?;
    }
    if let Some(new) = changes.address {
        move_to(tx, &account, new, now)?;
    }
    tx.announce(TOPIC);
    Ok(account.id)
}

fn move_to(tx: &mut Tx, account: &Account, new: &Address, now: Timestamp) -> Result<(), Error> {
    check_local_part(new)?;
    let domain = domain::number(tx, new.domain())?.ok_or_else(|| Error::UnknownDomain(new.domain().clone()))?;
    let (old_folded, folded, local) = (fold_address(&account.address), fold_address(new), fold(new.local()));
    let moves = old_folded != folded;
    if moves && find(tx, new).is_ok() {
        return Err(Error::AccountExists(new.clone()));
    }
    if alias::number(tx, domain, &local)?.is_some() {
        return Err(Error::AliasExists(new.clone()));
    }
    let sql = "UPDATE account SET domain = $2, local = $3, address = $4 WHERE id = $1";
    tx.execute(sql, params![account.id.0, domain, local, new.to_string()])?;
    if moves {
        let sql = "UPDATE alias_target SET folded = $2, target = $3 WHERE folded = $1";
        tx.execute(sql, params![old_folded, folded, new.to_string()])?;
        alias::add(tx, &account.address, std::slice::from_ref(new), now)?;
    }
    Ok(())
}

/// When a person was last seen to log in, as far as it is known.
pub fn last_seen(view: &View, account: AccountId) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT max(seen) FROM (SELECT max(seen) AS seen FROM session WHERE account = $1
               UNION ALL SELECT max(seen) FROM familiar_place WHERE account = $1) AS times";
    Ok(view.query_one(sql, params![account.0], |row| row.get::<Option<i64>>(0))?.map(Timestamp))
}

/// Our people, or those of one domain, by address.
pub fn list(view: &View, of: Option<&Domain>) -> Result<Vec<Account>, Error> {
    let accounts = match of {
        None => view.query(&select("ORDER BY domain.name, account.local"), params![], read)?,
        Some(name) => {
            let domain = domain::number(view, name)?.ok_or_else(|| Error::UnknownDomain(name.clone()))?;
            view.query(&select("WHERE account.domain = $1 ORDER BY account.local"), params![domain], read)?
        }
    };
    Ok(accounts.into_iter().flatten().collect())
}

/// The person with this main address.
pub fn find(view: &View, address: &Address) -> Result<Account, Error> {
    let domain = domain::number(view, address.domain())?;
    let sql = select("WHERE account.domain = $1 AND account.local = $2");
    let found = view.query_opt(&sql, params![domain, fold(address.local())], read)?;
    found.flatten().ok_or_else(|| Error::UnknownAccount(address.clone()))
}

/// The person with this number.
pub fn by_id(view: &View, id: AccountId) -> Result<Option<Account>, Error> {
    Ok(view.query_opt(&select("WHERE account.id = $1"), params![id.0], read)?.flatten())
}

/// Returns true if there is a row with this number, whatever it holds. Without one there is nobody, and never will be
/// again.
pub fn is_there(view: &View, id: AccountId) -> Result<bool, Error> {
    Ok(view.query_opt("SELECT 1 FROM account WHERE id = $1", params![id.0], |_| Ok(()))?.is_some())
}

/// `what` comes from this file only.
pub(crate) fn select(what: &str) -> String {
    format!(
        "SELECT account.id, account.address, account.name, account.language, account.created
         FROM account JOIN domain ON domain.id = account.domain {what}"
    )
}

/// `None` if the row does not hold an address: somebody else wrote it.
pub(crate) fn read(row: &Row<'_>) -> store::Result<Option<Account>> {
    let Ok(address) = Address::parse(row.text(1)?) else { return Ok(None) };
    Ok(Some(Account {
        id: AccountId(row.get(0)?),
        address,
        name: row.get(2)?,
        language: Language::from_code(row.text(3)?).unwrap_or_default(),
        created: Timestamp(row.get(4)?),
    }))
}

fn check_local_part(address: &Address) -> Result<(), Error> {
    match address.local() {
        "*" => Err(Error::StarIsNobody(address.clone())),
        local if local.contains('+') => Err(Error::PlusInName(address.clone())),
        _ => Ok(()),
    }
}

fn check_name(name: Option<&str>) -> Result<(), Error> {
    let fine = name.is_none_or(|name| name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control));
    if fine { Ok(()) } else { Err(Error::BadName) }
}

/// The time of a change is its number, too, by which sessions and conversations know whether it is still theirs: it grows
/// with each change, whatever the clock says.
fn write_secret(tx: &mut Tx, account: AccountId, secret: &Secret, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO password (account, label, argon2, scram_salt, scram_iterations, scram_stored_key,
                   scram_server_key, changed)
               VALUES ($1, '', $2, $3, $4, $5, $6, $7)
               ON CONFLICT (account, label) DO UPDATE SET argon2 = excluded.argon2, scram_salt = excluded.scram_salt,
                   scram_iterations = excluded.scram_iterations, scram_stored_key = excluded.scram_stored_key,
                   scram_server_key = excluded.scram_server_key, changed = CASE
                       WHEN excluded.changed > password.changed THEN excluded.changed ELSE password.changed + 1 END";
    let scram = &secret.scram;
    let parameters =
        params![account.0, secret.argon2, scram.salt, scram.iterations, scram.stored_key, scram.server_key, now.0];
    tx.execute(sql, parameters)?;
    Ok(())
}
