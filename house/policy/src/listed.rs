//! The table of those who are denied and those who are allowed.

use mail::Timestamp;
use store::{Tx, View, params};

use crate::{Error, Subject, TOPIC};

/// The most entries of both lists.
pub const MOST: usize = 100_000;

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;

/// An entry of one of the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The one that it is about.
    pub subject: Subject,
    /// True on the list of those who are allowed.
    pub is_allowed: bool,
    /// The reason, which a sender who is denied is told. It may be empty.
    pub reason: String,
    /// The time at which it was added.
    pub created: Timestamp,
}

/// Adds an entry to the list of those who are allowed, or of those who are denied.
pub fn add(tx: &mut Tx, subject: &Subject, is_allowed: bool, reason: &str, now: Timestamp) -> Result<(), Error> {
    if reason.chars().count() > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Err(Error::BadReason);
    }
    let key = subject.to_string();
    let sql = "SELECT is_allowed FROM listed WHERE subject = $1";
    if let Some(known) = tx.query_opt(sql, params![key.as_str()], |row| row.get::<i64>(0))? {
        return Err(Error::ListedAlready { subject: subject.clone(), is_allowed: known != 0 });
    }
    let sql = "INSERT INTO listed (subject, is_allowed, reason, created) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![key, i64::from(is_allowed), reason, now.0])?;
    let count: usize = tx.query_one("SELECT count(*) FROM listed", params![], |row| row.get(0))?;
    if count > MOST {
        return Err(Error::Full(MOST));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Takes an entry from its list.
pub fn remove(tx: &mut Tx, subject: &Subject, is_allowed: bool) -> Result<(), Error> {
    let sql = "DELETE FROM listed WHERE subject = $1 AND is_allowed = $2";
    if tx.execute(sql, params![subject.to_string(), i64::from(is_allowed)])? == 0 {
        return Err(Error::NotListed(subject.clone()));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Returns the entries of both lists, by subject.
pub fn list(view: &View) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT subject, is_allowed, reason, created FROM listed ORDER BY subject";
    let rows = view.query(sql, params![], |row| {
        Ok((row.text(0)?.parse().ok(), row.get::<i64>(1)? != 0, row.get(2)?, Timestamp(row.get(3)?)))
    })?;
    let entry = |(subject, is_allowed, reason, created)| Some(Entry { subject: subject?, is_allowed, reason, created });
    Ok(rows.into_iter().filter_map(entry).collect())
}
