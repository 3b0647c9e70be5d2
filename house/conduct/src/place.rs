//! The networks that an account sends from.

use std::net::IpAddr;
use std::time::Duration;

use directory::familiar;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::{Access, acquaintance};
use store::{Tx, View, params};

use crate::Error;
use crate::judgement::Place;
use crate::ran::{Ran, milliseconds};

/// A network is home after so much running.
const SETTLED: Duration = Duration::from_secs(3 * 24 * 3600);
/// An account is young for so long; by the clock, since only its creation is known.
const YOUNG: Duration = Duration::from_secs(14 * 24 * 3600);
/// The networks of an account that are remembered. A new one takes the place of the newest: no thief drives out the old.
const MOST: i64 = 200;
/// Since forever: its owner has vouched for it.
const ALWAYS: i64 = i64::MIN / 2;

/// A network, as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub place: Place,
    /// The generation of acquaintances before which people are known; `None`: everybody the account knows counts.
    pub generation: Option<i64>,
}

/// Returns what the network of `ip` is to the account, and writes down that it is used.
pub(crate) fn visit(tx: &mut Tx, account: AccountId, ip: IpAddr, (now, ran): (Timestamp, Ran)) -> Result<Known, Error> {
    if let Some(known) = look(tx, account, ip, ran)? {
        return Ok(known);
    }
    let known_for = familiar::known_for(tx, account, ip, now)?.unwrap_or_default();
    let is_first = known_for < SETTLED && is_young(tx, account, now)? && count(tx, account)? == 0;
    // A clock that jumps between a log-in and a letter makes no network older than the office.
    let since =
        if known_for == Duration::MAX { ALWAYS } else { ran.0.saturating_sub(milliseconds(known_for).min(ran.0)) };
    let generation = acquaintance::begin_generation(tx, Access::house(account))?;
    if count(tx, account)? >= MOST {
        let sql = "DELETE FROM conduct_place WHERE account = $1 AND network = (
                       SELECT network FROM conduct_place WHERE account = $1 ORDER BY since DESC, network LIMIT 1)";
        tx.execute(sql, params![account.0])?;
    }
    tx.execute(
        "INSERT INTO conduct_place (account, network, since, generation, first) VALUES ($1, $2, $3, $4, $5)",
        params![account.0, network(ip), since, generation, is_first],
    )?;
    Ok(look(tx, account, ip, ran)?.unwrap_or(Known { place: Place::New, generation: Some(generation) }))
}

/// Returns what the network of `ip` is to the account; `None`: it has not sent from there.
pub(crate) fn look(view: &View, account: AccountId, ip: IpAddr, ran: Ran) -> Result<Option<Known>, Error> {
    let sql = "SELECT since, generation, first FROM conduct_place WHERE account = $1 AND network = $2";
    let row = view.query_opt(sql, params![account.0, network(ip)], |row| {
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<bool>(2)?))
    })?;
    Ok(row.map(|(since, generation, first)| {
        if since.saturating_add(milliseconds(SETTLED)) <= ran.0 {
            Known { place: Place::Home, generation: None }
        } else if first {
            Known { place: Place::First, generation: None }
        } else {
            Known { place: Place::New, generation: Some(generation) }
        }
    }))
}

/// Returns true if somebody at `ip` is where the account is at home: they may say what becomes of its letters.
pub fn is_home(view: &View, account: AccountId, ip: IpAddr, (now, ran): (Timestamp, Ran)) -> Result<bool, Error> {
    if let Some(known) = look(view, account, ip, ran)? {
        return Ok(known.place != Place::New);
    }
    Ok(familiar::known_for(view, account, ip, now)?.is_some_and(|known_for| known_for >= SETTLED))
}

/// The owner has said that it was them: the network is home from now on.
pub(crate) fn vouch(tx: &mut Tx, account: AccountId, network: &str) -> Result<(), Error> {
    let sql = "UPDATE conduct_place SET since = $3 WHERE account = $1 AND network = $2";
    tx.execute(sql, params![account.0, network, ALWAYS])?;
    Ok(())
}

/// The owner has said that it was not them: the network is nobody's that the account knows.
pub(crate) fn disown(tx: &mut Tx, account: AccountId, network: &str) -> Result<(), Error> {
    let sql = "DELETE FROM conduct_place WHERE account = $1 AND network = $2";
    tx.execute(sql, params![account.0, network])?;
    if let Ok(ip) = network.parse() {
        familiar::forget_network(tx, account, ip)?;
    }
    Ok(())
}

/// The network of an address, as the rows name it.
pub(crate) fn network(ip: IpAddr) -> String {
    familiar::provider_network(ip).to_string()
}

fn count(view: &View, account: AccountId) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM conduct_place WHERE account = $1";
    Ok(view.query_one(sql, params![account.0], |row| row.get(0))?)
}

fn is_young(view: &View, account: AccountId, now: Timestamp) -> Result<bool, Error> {
    let account = directory::account::by_id(view, account)?;
    Ok(account.is_some_and(|account| now.since(account.created) < YOUNG))
}
