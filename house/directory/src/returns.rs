//! The return paths of forwarded letters: addresses of ours that stand for their senders for a month (see [`auth::srs`]).
//!
//! An address that fits is in the return path itself, so that nothing is kept of it, and a backup that is brought back loses
//! none. One that does not fit is kept under its token: a row for each sender, however many letters came from there.

use auth::srs::{self, Day, Key, Original};
use mail::{Address, Domain, Resolution, Timestamp};
use store::{Tx, View, params};

use crate::{Destination, Directory, Error, domain};

/// The number of senders that are kept because their address does not fit; the oldest go first.
const MOST: usize = 100_000;
/// Those that are too many are looked for with one new sender in 32, and then so many go at most.
const SLICE: usize = 100;
/// The number of the secret among those of the directory.
const SECRET: i64 = 2;

/// Makes the return paths of forwarded letters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ReturnPaths(Key);

/// A return path of ours for a forwarded letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath {
    /// The return path.
    pub address: Address,
    /// The row that has to be written in the commit that forwards the letter.
    pub kept: Option<Kept>,
}

/// A sender whose address does not fit into the return path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    token: String,
    sender: Address,
    until: Timestamp,
}

/// Returns true if an address has the form of a return path that a forwarder has made.
pub fn is_return_path(address: &Address) -> bool {
    srs::is_made_by_a_forwarder(address.local())
}

impl ReturnPaths {
    /// Returns the return path in this domain of ours for a letter of `sender`; `None` only if there is none, which no domain
    /// of ours causes.
    pub fn close(&self, sender: &Address, ours: &Domain, now: Timestamp) -> Option<ReturnPath> {
        let today = Day::of(now.seconds());
        if let Some(local) = self.0.close(sender.local(), sender.domain().as_str(), today) {
            return Some(ReturnPath { address: Address::new(&local, ours.clone()).ok()?, kept: None });
        }
        let token = self.0.token(&sender.to_string());
        let address = Address::new(&self.0.kept(&token, today), ours.clone()).ok()?;
        let days = u64::from(srs::GOOD_FOR) + 1;
        let until = now.after(std::time::Duration::from_secs(days * 86_400));
        Some(ReturnPath { address, kept: Some(Kept { token, sender: sender.clone(), until }) })
    }

    /// Returns true if an address is a return path that we have made in the last month.
    pub fn has_made(&self, address: &Address, now: Timestamp) -> bool {
        self.0.open(address.local(), Day::of(now.seconds())).is_some()
    }

    /// Returns the sender for whom a return path of ours stands; `None` if it is none, or is too old.
    pub fn open(&self, view: &View, address: &Address, now: Timestamp) -> Result<Option<Address>, store::Error> {
        match self.0.open(address.local(), Day::of(now.seconds())) {
            None => Ok(None),
            Some(Original::Kept(token)) => kept_sender(view, &token, now),
            Some(Original::Address { local, domain }) => {
                Ok(Domain::parse(&domain).and_then(|domain| Address::new(&local, domain)).ok())
            }
        }
    }
}

impl Kept {
    /// Keeps the sender, for a month from now.
    pub fn put(&self, tx: &mut Tx, now: Timestamp) -> Result<(), store::Error> {
        forget(tx, "SELECT token FROM forwarded_sender WHERE until <= $1 ORDER BY until LIMIT 20", now.0)?;
        if self.token.starts_with('a') {
            let sql = format!("SELECT token FROM forwarded_sender ORDER BY until DESC LIMIT {SLICE} OFFSET $1");
            forget(tx, &sql, i64::try_from(MOST).unwrap_or(i64::MAX))?;
        }
        let sql = "INSERT INTO forwarded_sender (token, address, until) VALUES ($1, $2, $3)
                   ON CONFLICT (token) DO UPDATE SET until = excluded.until";
        tx.execute(sql, params![self.token, self.sender.to_string(), self.until.0]).map(drop)
    }
}

fn forget(tx: &mut Tx, found: &str, limit: i64) -> Result<(), store::Error> {
    for token in tx.query(found, params![limit], |row| row.get::<String>(0))? {
        tx.execute("DELETE FROM forwarded_sender WHERE token = $1", params![token])?;
    }
    Ok(())
}

fn kept_sender(view: &View, token: &str, now: Timestamp) -> Result<Option<Address>, store::Error> {
    let sql = "SELECT address FROM forwarded_sender WHERE token = $1 AND until > $2";
    let found = view.query_opt(sql, params![token, now.0], |row| Ok(Address::parse(row.text(0)?).ok()))?;
    Ok(found.flatten())
}

/// The same as [`crate::resolve`], but a return path of ours leads to the sender for whom it stands. Without `paths` no address
/// is one.
pub(crate) fn resolve(
    view: &View,
    hostname: &Domain,
    paths: Option<&ReturnPaths>,
    address: &Address,
    now: Timestamp,
) -> Result<Resolution, Error> {
    let Some(paths) = paths.filter(|_| is_return_path(address)) else {
        return crate::resolve(view, Some(hostname), address);
    };
    if domain::number(view, address.domain())?.is_none() {
        return Ok(Resolution::Elsewhere);
    }
    // No catch-all takes it, so that a forged one is refused.
    let Some(sender) = paths.open(view, address, now)? else { return Ok(Resolution::Unknown) };
    Ok(match crate::resolve(view, Some(hostname), &sender)? {
        Resolution::Elsewhere => Resolution::Ours(vec![Destination::Remote(sender)]),
        here => here,
    })
}

impl Directory {
    /// Returns what makes the return paths of forwarded letters. Their secret is made when it is first needed.
    pub async fn return_paths(&self) -> Result<ReturnPaths, Error> {
        let make = || async move {
            let fresh: [u8; 32] = rand::random();
            let secret = self.0.store.write(store::Key::Directory, move |tx| keep_secret(tx, fresh)).await?;
            Ok::<_, Error>(ReturnPaths(Key::new(&secret)))
        };
        self.0.return_paths.get_or_try_init(make).await.cloned()
    }

    /// The same, if one of these addresses may be such a return path.
    pub(crate) async fn return_paths_for(&self, addresses: &[Address]) -> Result<Option<ReturnPaths>, Error> {
        if addresses.iter().any(is_return_path) { self.return_paths().await.map(Some) } else { Ok(None) }
    }
}

fn keep_secret(tx: &mut Tx, fresh: [u8; 32]) -> Result<[u8; 32], Error> {
    let sql = "INSERT INTO directory_secret (id, secret) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    tx.execute(sql, params![SECRET, fresh])?;
    Ok(tx.query_one("SELECT secret FROM directory_secret WHERE id = $1", params![SECRET], |row| row.get(0))?)
}
