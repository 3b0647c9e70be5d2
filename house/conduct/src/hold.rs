//! Holds: letters of an account that are kept back until somebody says what becomes of them.
//!
//! A decision is one row; the letters follow it in slices, and go on following it after a kill.

use std::net::IpAddr;

use mail::Timestamp;
use mail::seam::AccountId;
use store::{Row, Tx, View, params};

use crate::judgement::Suspicion;
use crate::ran::Ran;
use crate::state::State;
use crate::{Error, place};

/// The number of a hold; the letters in the queue carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldId(pub i64);

/// Why letters are kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The account writes to many strangers from a network that is new to it, or in its first days.
    Strangers,
    /// Others refuse many of its letters.
    Refusals,
    /// Its day is full: they go when the next one has room.
    DayLimit,
}

impl From<Suspicion> for Reason {
    fn from(suspicion: Suspicion) -> Self {
        match suspicion {
            Suspicion::Strangers => Self::Strangers,
            Suspicion::Refusals => Self::Refusals,
        }
    }
}

impl Reason {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strangers => "strangers",
            Self::Refusals => "refusals",
            Self::DayLimit => "day-limit",
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Strangers => 0,
            Self::Refusals => 1,
            Self::DayLimit => 2,
        }
    }

    fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Strangers,
            1 => Self::Refusals,
            _ => Self::DayLimit,
        }
    }
}

/// The decision about a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    /// Nothing yet.
    Open,
    /// Its letters are let go.
    Releasing,
    /// Its letters are dropped.
    Dropping,
}

impl HoldState {
    fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Open,
            1 => Self::Releasing,
            _ => Self::Dropping,
        }
    }
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub id: HoldId,
    /// The account whose letters they are.
    pub account: AccountId,
    /// The reason why they are kept back.
    pub reason: Reason,
    /// The network of the provider that the first of them came from.
    pub network: Option<IpAddr>,
    /// The time at which it began.
    pub opened: Timestamp,
    /// The decision about it.
    pub state: HoldState,
    /// Its person and the postmaster were written to.
    pub told: bool,
}

const COLUMNS: &str = "SELECT id, account, reason, network, opened, state, told FROM conduct_hold";

fn read(row: &Row<'_>) -> store::Result<Hold> {
    Ok(Hold {
        id: HoldId(row.get(0)?),
        account: AccountId(row.get(1)?),
        reason: Reason::from_number(row.get(2)?),
        network: row.text(3)?.parse().ok(),
        opened: Timestamp(row.get(4)?),
        state: HoldState::from_number(row.get(5)?),
        told: row.get(6)?,
    })
}

/// Holds with larger numbers than `after`, up to `most`.
pub fn list(view: &View, after: HoldId, most: usize) -> Result<Vec<Hold>, Error> {
    let sql = format!("{COLUMNS} WHERE id > $1 ORDER BY id LIMIT $2");
    Ok(view.query(&sql, params![after.0, most], read)?)
}

/// The holds of an account about which nothing was said yet, the oldest first.
pub fn open_of(view: &View, account: AccountId) -> Result<Vec<Hold>, Error> {
    let sql = format!("{COLUMNS} WHERE account = $1 AND state = 0 ORDER BY id");
    Ok(view.query(&sql, params![account.0], read)?)
}

/// Why letters of an account are kept back as suspicious, if they are.
pub(crate) fn suspicion(view: &View, account: AccountId) -> Result<Option<Suspicion>, Error> {
    let sql = "SELECT MAX(reason) FROM conduct_hold WHERE account = $1 AND state = 0 AND reason < 2";
    let reason = view.query_one(sql, params![account.0], |row| row.get::<Option<i64>>(0))?;
    Ok(match reason.map(Reason::from_number) {
        Some(Reason::Strangers) => Some(Suspicion::Strangers),
        Some(Reason::Refusals) => Some(Suspicion::Refusals),
        Some(Reason::DayLimit) | None => None,
    })
}

/// Returns the hold of an account for this reason, begun if there is none.
pub(crate) fn open(
    tx: &mut Tx,
    account: AccountId,
    reason: Reason,
    network: &str,
    now: Timestamp,
) -> Result<HoldId, Error> {
    let sql = "SELECT id FROM conduct_hold WHERE account = $1 AND reason = $2 AND state = 0";
    let number = reason.number();
    if let Some(there) = tx.query_opt(sql, params![account.0, number], |row| row.get(0).map(HoldId))? {
        return Ok(there);
    }
    let sql = "INSERT INTO conduct_hold (account, reason, network, opened) VALUES ($1, $2, $3, $4) RETURNING id";
    let id = tx.query_one(sql, params![account.0, number, network, now.0], |row| row.get(0).map(HoldId))?;
    tx.announce(crate::TOPIC);
    Ok(id)
}

/// "It was me": the letters go, the network is home, and what was counted is forgotten. Returns the holds.
pub fn release(tx: &mut Tx, account: AccountId, ran: Ran) -> Result<Vec<Hold>, Error> {
    let holds = decide(tx, account, HoldState::Releasing)?;
    for hold in holds.iter().filter(|hold| hold.reason == Reason::Strangers) {
        hold.network.map_or(Ok(()), |network| place::vouch(tx, account, &network.to_string()))?;
    }
    if holds.iter().any(|hold| hold.reason != Reason::DayLimit) {
        State { strange: 0, away: 0, ..State::read(tx, account, ran, 0)? }.write(tx, account)?;
    }
    Ok(holds)
}

/// "It was not me": the letters are dropped, and the account begins anew to show good conduct. Letters that wait for the day
/// to turn stay. Returns the holds.
pub fn drop_letters(tx: &mut Tx, account: AccountId, ran: Ran) -> Result<Vec<Hold>, Error> {
    let holds = decide(tx, account, HoldState::Dropping)?;
    for hold in holds.iter().filter(|hold| hold.reason == Reason::Strangers) {
        hold.network.map_or(Ok(()), |network| place::disown(tx, account, &network.to_string()))?;
    }
    if !holds.is_empty() {
        State { good: 0, ..State::read(tx, account, ran, 0)? }.write(tx, account)?;
    }
    Ok(holds)
}

/// Letters beyond the day's limit are no suspicion: nobody drops them with the others.
fn decide(tx: &mut Tx, account: AccountId, state: HoldState) -> Result<Vec<Hold>, Error> {
    let mut holds = open_of(tx, account)?;
    if state == HoldState::Dropping {
        holds.retain(|hold| hold.reason != Reason::DayLimit);
    }
    let number = if state == HoldState::Releasing { 1 } else { 2 };
    for hold in &holds {
        tx.execute("UPDATE conduct_hold SET state = $2 WHERE id = $1", params![hold.id.0, number])?;
    }
    tx.announce(crate::TOPIC);
    Ok(holds)
}

/// The hold is over: no letter carries its number any more.
pub fn close(tx: &mut Tx, hold: HoldId) -> Result<(), Error> {
    tx.execute("DELETE FROM conduct_hold WHERE id = $1", params![hold.0])?;
    Ok(())
}

/// Notes that its person and the postmaster are written to, in the commit that does it. False: they were before, or the hold
/// is over.
pub fn tell(tx: &mut Tx, hold: HoldId) -> Result<bool, Error> {
    let sql = "UPDATE conduct_hold SET told = 1 WHERE id = $1 AND told = 0";
    Ok(tx.execute(sql, params![hold.0])? > 0)
}
