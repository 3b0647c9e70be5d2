//! Sessions: who has logged in on the pages, by a token that their browser shows with each request.
//!
//! A session ends when its person logs out, gets another password, does not come back for [`IDLE`], or has had it for
//! [`LONGEST`]. What was opened with it ends with it (see [`Directory::watch_over`](crate::Directory::watch_over)). Of the token only a digest is kept:
//! who reads the database cannot use it.

mod door;

use std::net::IpAddr;
use std::time::Duration;

use mail::seam::{AccountId, Login};
use mail::stay::Proof;
use mail::{Address, Timestamp};
use ring::digest;
use store::{Row, Tx, View, params};

use crate::{CREDENTIALS, Error};

/// A session that nobody has used for so long is over.
pub const IDLE: Duration = Duration::from_secs(30 * 24 * 3600);
/// The time after which a session is over, however often it is used: a thief of a token loses it then.
pub const LONGEST: Duration = Duration::from_secs(180 * 24 * 3600);

/// Sessions that are over and cleared away when another begins.
const SWEEP: usize = 100;
/// Sessions that a list shows, the last first.
const LISTED: i64 = 1000;

/// The place where a session was begun, as far as it is known. It lets nobody in; a person recognizes their own
/// session by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionOrigin {
    /// The network: an IPv4 address, or the first 64 bits of an IPv6 address.
    pub network: Option<IpAddr>,
    /// The browser, in a few words: `Firefox, Linux`.
    pub browser: String,
}

/// A session, as it stands in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number, never given to another.
    pub number: i64,
    /// The account it belongs to.
    pub account: AccountId,
    /// When it began.
    pub begun: Timestamp,
    /// When it was used last, to the hour.
    pub seen: Timestamp,
    /// The place where it was begun.
    pub place: SessionOrigin,
}

/// The sessions that are open, of this person or of all, the last used first.
pub fn list(view: &View, account: Option<AccountId>, now: Timestamp) -> Result<Vec<Session>, Error> {
    let sql = format!(
        "SELECT session.id, session.account, session.begun, session.seen, session.network, session.browser
         FROM session {OPEN} AND ($3 = 0 OR session.account = $3) ORDER BY session.seen DESC, session.id LIMIT $4"
    );
    let ((used, begun), whose) = (over_before(now), account.map_or(0, |account| account.0));
    let read = |row: &Row<'_>| {
        let network = row.get::<Option<String>>(4)?.and_then(|network| network.parse().ok());
        Ok(Session {
            number: row.get(0)?,
            account: AccountId(row.get(1)?),
            begun: Timestamp(row.get(2)?),
            seen: Timestamp(row.get(3)?),
            place: SessionOrigin { network, browser: row.get::<Option<String>>(5)?.unwrap_or_default() },
        })
    };
    Ok(view.query(&sql, params![used, begun, whose, LISTED], read)?)
}

/// Ends sessions of a person, this one or all; returns how many.
pub fn end(tx: &mut Tx, account: AccountId, number: Option<i64>) -> Result<u64, Error> {
    let sql = "DELETE FROM session WHERE account = $1 AND ($2 = 0 OR id = $2)";
    let ended = tx.execute(sql, params![account.0, number.unwrap_or(0)])?;
    if ended > 0 {
        tx.announce(CREDENTIALS);
    }
    Ok(ended as u64)
}

/// Ends the sessions of a person but that of `own`; returns how many.
pub fn end_others(tx: &mut Tx, account: AccountId, own: Proof) -> Result<u64, Error> {
    let ended = tx.execute("DELETE FROM session WHERE account = $1 AND id <> $2", params![account.0, number(own)])?;
    if ended > 0 {
        tx.announce(CREDENTIALS);
    }
    Ok(ended as u64)
}

/// Lets the session that has just set another password go on with it, in the transaction that writes the password.
pub fn go_on(tx: &mut Tx, account: AccountId, own: Proof) -> Result<(), Error> {
    let sql = "UPDATE session SET password = COALESCE((SELECT changed FROM password
               WHERE account = $1 AND label = ''), 0) WHERE account = $1 AND id = $2";
    tx.execute(sql, params![account.0, number(own)])?;
    Ok(())
}

/// The number of the session that somebody was let in with; 0, which no session has, where it was something else.
fn number(own: Proof) -> i64 {
    match own {
        Proof::Session(number) => number,
        Proof::Password(_) | Proof::Unknown => 0,
    }
}

/// The password that a session was begun with, by the number of its last change; none: the session is over.
pub(crate) fn password_of(view: &View, account: AccountId, number: i64, now: Timestamp) -> Result<Option<i64>, Error> {
    let sql = "SELECT password FROM session WHERE id = $1 AND account = $2 AND seen > $3 AND begun > $4";
    let (used, begun) = over_before(now);
    Ok(view.query_opt(sql, params![number, account.0, used, begun], |row| row.get(0))?)
}

fn key(token: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    key
}

/// A session is over that was not used since the first of these, or was begun before the second.
fn over_before(now: Timestamp) -> (i64, i64) {
    let ago = |life: Duration| now.0.saturating_sub(i64::try_from(life.as_millis()).unwrap_or(i64::MAX));
    (ago(IDLE), ago(LONGEST))
}

/// The sessions that are not over: used after `$1`, begun after `$2`, and with the password that their person has still.
const OPEN: &str = "
    JOIN account ON account.id = session.account
    JOIN password ON password.account = session.account AND password.label = ''
    WHERE session.seen > $1 AND session.begun > $2 AND password.changed = session.password";

/// The person, and when they were seen last. Whoever gave themselves another password meant to end what was open.
fn find(view: &View, key: &[u8; 32], now: Timestamp) -> Result<Option<(Login, Timestamp)>, Error> {
    let sql = format!(
        "SELECT session.account, account.address, account.name, session.seen, session.id FROM session {OPEN}
         AND session.digest = $3"
    );
    let read = |row: &Row<'_>| {
        let (account, proof) = (AccountId(row.get(0)?), Proof::Session(row.get(4)?));
        let (name, seen) = (row.get(2)?, Timestamp(row.get(3)?));
        let address = Address::parse(row.text(1)?).ok();
        Ok(address.map(|address| (Login { account, address, name, proof }, seen)))
    };
    let (used, begun) = over_before(now);
    Ok(view.query_opt(&sql, params![used, begun, key], read)?.flatten())
}

fn sweep(tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
    let (used, begun) = over_before(now);
    tx.execute(
        "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE seen <= $1 OR begun <= $2 LIMIT $3)",
        params![used, begun, SWEEP],
    )?;
    Ok(())
}
