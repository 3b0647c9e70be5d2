//! The places where people have logged in: there, nobody else's failures count against them. Kept on the disk, so that a
//! restart during an attack does not lock anybody out of their own home.

use std::net::IpAddr;
use std::time::Duration;

use mail::Timestamp;
use mail::seam::AccountId;
use store::{Tx, View, params};

use crate::Error;
use crate::peer_network::{PeerNetwork, Size};

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
    let sql = "INSERT INTO familiar_place (network, name, account, seen, since) VALUES ($1, $2, $3, $4, $4)
               ON CONFLICT (network, name) DO UPDATE SET account = excluded.account, seen = excluded.seen";
    tx.execute(sql, params![network.to_string(), name, account.0, now.0])?;
    let oldest = "DELETE FROM familiar_place WHERE account = $1 AND seen < (
                      SELECT seen FROM familiar_place WHERE account = $1 ORDER BY seen DESC LIMIT 1 OFFSET $2)";
    tx.execute(oldest, params![account.0, MOST - 1])?;
    Ok(())
}

/// Returns how long ago the account first logged in from the provider's network that `ip` lies in, as far as that is
/// remembered; of places from before that was written down, a time without end. `None`: it never did. Whoever has just
/// logged in there with a stolen password did so moments ago.
pub fn known_for(view: &View, account: AccountId, ip: IpAddr, now: Timestamp) -> Result<Option<Duration>, Error> {
    let network = provider_network(ip);
    let sql = "SELECT network, since FROM familiar_place WHERE account = $1";
    let places = view.query(sql, params![account.0], |row| Ok((row.get::<String>(0)?, row.get::<Option<i64>>(1)?)))?;
    let there = |place: &str| place.parse().is_ok_and(|place| provider_network(place) == network);
    let ages = places.iter().filter(|(place, _)| there(place));
    Ok(ages.map(|(_, since)| since.map_or(Duration::MAX, |since| now.since(Timestamp(since)))).max())
}

/// Returns the network of the provider that an address belongs to, by its first address: a /16 of IPv4, a /32 of IPv6.
/// Providers give households other addresses every day, and a telephone has another in each street, but seldom one of
/// another network.
pub fn provider_network(ip: IpAddr) -> IpAddr {
    PeerNetwork::of(ip).network(Size::Provider).first
}

/// Forgets that the account has ever logged in from the provider's network that `ip` lies in: it was a thief who did.
pub fn forget_network(tx: &mut Tx, account: AccountId, ip: IpAddr) -> Result<(), Error> {
    let network = provider_network(ip);
    let sql = "SELECT network FROM familiar_place WHERE account = $1";
    let places: Vec<String> = tx.query(sql, params![account.0], |row| row.get(0))?;
    for place in places.iter().filter(|place| place.parse().is_ok_and(|place| provider_network(place) == network)) {
        let sql = "DELETE FROM familiar_place WHERE account = $1 AND network = $2";
        tx.execute(sql, params![account.0, place])?;
    }
    Ok(())
}

/// A person is gone: their places are nobody's.
pub(crate) fn forget(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    tx.execute("DELETE FROM familiar_place WHERE account = $1", params![account.0])?;
    Ok(())
}
