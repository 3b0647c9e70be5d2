//! The table of limits: how much an address, a domain or a network may send.

use mail::Timestamp;
use store::{Tx, View, params};

use crate::{Error, Subject, TOPIC};

/// The most limits.
pub const MOST: usize = 10_000;
/// The largest number of letters or recipients in an hour that can be set.
pub const LARGEST_RATE: u32 = 1_000_000;

/// The amounts that somebody may send; `None` stands for as much as they like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Letters in an hour.
    pub letters: Option<u32>,
    /// Recipients in an hour.
    pub recipients: Option<u32>,
    /// The size of a letter, in octets.
    pub size: Option<u64>,
}

/// A limit. All who fall under it share what it leaves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The one that it is about: an address, a domain or a network.
    pub subject: Subject,
    /// The amounts that they may send.
    pub amounts: Amounts,
    /// The time at which it was set.
    pub created: Timestamp,
}

/// Sets a limit. One for the same subject is replaced.
pub fn set(tx: &mut Tx, entry: &Entry) -> Result<(), Error> {
    let Entry { subject, amounts: Amounts { letters, recipients, size }, created } = entry;
    let sql = "INSERT INTO sending_limit (subject, letters, recipients, size, created) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (subject) DO UPDATE SET letters = excluded.letters, recipients = excluded.recipients,
                   size = excluded.size, created = excluded.created";
    let size = size.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    tx.execute(sql, params![subject.to_string(), letters.map(i64::from), recipients.map(i64::from), size, created.0])?;
    let count: usize = tx.query_one("SELECT count(*) FROM sending_limit", params![], |row| row.get(0))?;
    if count > MOST {
        return Err(Error::Full(MOST));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Takes a limit away.
pub fn remove(tx: &mut Tx, subject: &Subject) -> Result<(), Error> {
    if tx.execute("DELETE FROM sending_limit WHERE subject = $1", params![subject.to_string()])? == 0 {
        return Err(Error::NoSuchLimit(subject.clone()));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Returns all limits, by subject.
pub fn list(view: &View) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT subject, letters, recipients, size, created FROM sending_limit ORDER BY subject";
    let rate = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    let rows = view.query(sql, params![], |row| {
        let (letters, recipients) = (rate(row.get(1)?), rate(row.get(2)?));
        let size = row.get::<Option<i64>>(3)?.and_then(|size| u64::try_from(size).ok());
        Ok((row.text(0)?.parse().ok(), Amounts { letters, recipients, size }, Timestamp(row.get(4)?)))
    })?;
    let entry = |(subject, amounts, created)| Some(Entry { subject: subject?, amounts, created });
    Ok(rows.into_iter().filter_map(entry).collect())
}
