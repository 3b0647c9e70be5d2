//! The places where people have logged in: there, nobody else's failures count against them. Kept on the disk, so that a
//! restart during an attack does not lock anybody out of their own home.

use std::net::IpAddr;
use std::time::Duration;

use mail::Timestamp;
use mail::seam::AccountId;
use store::{Tx, View, params};

use crate::Error;

/// A place where somebody has logged in is theirs for so long after the last time.
const FAMILIAR: Duration = Duration::from_secs(90 * 24 * 3600);
/// A visit to a known place is written down no more often than this.
const NOTICE: Duration = Duration::from_secs(24 * 3600);
/// The number of familiar places that are remembered for each person.
const MOST: i64 = 100;

/// The facts that are known of a name at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It never logged in there, or long ago.
    Strange,
    /// It did, and that should be written down again.
    Familiar,
    /// It did, and that is written down.
    Noted,
}

impl Standing {
    pub(crate) fn is_familiar(self) -> bool {
        self != Self::Strange
    }
}

/// Says whether the folded `name` has logged in from `network` before. A time in the future, which a clock set back
/// leaves behind, counts as now.
pub(crate) fn look(view: &View, network: IpAddr, name: &str, now: Timestamp) -> Result<Standing, Error> {
    let sql = "SELECT seen FROM familiar_place WHERE network = $1 AND name = $2";
    let seen = view.query_opt(sql, params![network.to_string(), name], |row| row.get(0).map(Timestamp))?;
    Ok(match seen.map(|seen| now.since(seen)) {
        Some(ago) if ago < NOTICE => Standing::Noted,
        Some(ago) if ago < FAMILIAR => Standing::Familiar,
        _ => Standing::Strange,
    })
}

/// Writes down that `account` logged in from `network` under `name`.
pub(crate) fn note(tx: &mut Tx, account: AccountId, network: IpAddr, name: &str, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO familiar_place (network, name, account, seen) VALUES ($1, $2, $3, $4)
               ON CONFLICT (network, name) DO UPDATE SET account = excluded.account, seen = excluded.seen";
    tx.execute(sql, params![network.to_string(), name, account.0, now.0])?;
    let oldest = "DELETE FROM familiar_place WHERE account = $1 AND seen < (
                      SELECT seen FROM familiar_place WHERE account = $1 ORDER BY seen DESC LIMIT 1 OFFSET $2)";
    tx.execute(oldest, params![account.0, MOST - 1])?;
    Ok(())
}

/// A person is gone: their places are nobody's.
pub(crate) fn forget(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute("DELETE FROM familiar_place WHERE account = $1", params![account.0])?;
    Ok(())
}
