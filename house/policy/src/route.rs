//! The table of routes: which letters go to which server, with the name and the locked password to log in there.

use std::fmt;

use mail::Timestamp;
use store::{Tx, View, params};

use crate::{Error, Subject, TOPIC};

/// The most routes.
pub const MOST: usize = 10_000;

/// The letters that a route is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// Letters to this address or domain.
    To(Subject),
    /// Letters whose return path is this address, or of this domain.
    From(Subject),
    /// All letters for which there is no other route.
    Every,
}

impl Which {
    /// Returns the side and the subject, as the table has them.
    fn columns(&self) -> (&'static str, String) {
        match self {
            Self::To(subject) => ("to", subject.to_string()),
            Self::From(subject) => ("from", subject.to_string()),
            Self::Every => ("to", "*".to_owned()),
        }
    }

    fn read(side: &str, subject: &str) -> Option<Self> {
        match (side, subject) {
            ("to", "*") => Some(Self::Every),
            ("to", subject) => subject.parse().ok().map(Self::To),
            ("from", subject) => subject.parse().ok().map(Self::From),
            _ => None,
        }
    }

    /// Returns the name under which the password of the route is locked: it opens no other route.
    pub fn lock_name(&self) -> String {
        let (side, subject) = self.columns();
        format!("route {side} {subject}")
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (side, subject) = self.columns();
        write!(f, "{side} {subject}")
    }
}

/// The log-in of a route.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name to log in with.
    pub user: String,
    /// The password, as the vault of the data folder has locked it.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A route of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The letters that it is for.
    pub which: Which,
    /// The server: `smtp.isp.test:587`, in the words of the setting `to` of a route.
    pub host: String,
    /// The demand on TLS: `opportunistic`, `encrypted` or `verified`.
    pub tls: String,
    /// The log-in, if the server wants one.
    pub login: Option<Login>,
    /// The time at which it was added.
    pub created: Timestamp,
}

/// Adds a route.
pub fn add(tx: &mut Tx, entry: &Entry) -> Result<(), Error> {
    let (side, subject) = entry.which.columns();
    let (user, sealed) = match &entry.login {
        Some(Login { user, sealed }) => (user.as_str(), Some(sealed.clone())),
        None => ("", None),
    };
    let sql = "INSERT INTO route (side, subject, host, tls, login, sealed, created) VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (side, subject) DO NOTHING";
    let created = entry.created.0;
    if tx.execute(sql, params![side, subject, entry.host.as_str(), entry.tls.as_str(), user, sealed, created])? == 0 {
        return Err(Error::RouteExists(entry.which.clone()));
    }
    let count: usize = tx.query_one("SELECT count(*) FROM route", params![], |row| row.get(0))?;
    if count > MOST {
        return Err(Error::Full(MOST));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Removes a route.
pub fn remove(tx: &mut Tx, which: &Which) -> Result<(), Error> {
    let (side, subject) = which.columns();
    if tx.execute("DELETE FROM route WHERE side = $1 AND subject = $2", params![side, subject])? == 0 {
        return Err(Error::NoSuchRoute(which.clone()));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Returns all routes, in order.
pub fn list(view: &View) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT side, subject, host, tls, login, sealed, created FROM route ORDER BY side, subject";
    let rows = view.query(sql, params![], |row| {
        let Some(which) = Which::read(row.text(0)?, row.text(1)?) else { return Ok(None) };
        let user: String = row.get(4)?;
        let login = row.get::<Option<Vec<u8>>>(5)?.map(|sealed| Login { user, sealed });
        Ok(Some(Entry { which, host: row.get(2)?, tls: row.get(3)?, login, created: Timestamp(row.get(6)?) }))
    })?;
    Ok(rows.into_iter().flatten().collect())
}
