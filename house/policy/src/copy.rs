//! The table of copies: who gets a copy of which letters.

use mail::{Address, Timestamp};
use store::{Tx, View, params};

use crate::{Error, Subject, TOPIC};

/// The most copies.
pub const MOST: usize = 1000;

/// The letters that are copied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// Letters from this address or domain.
    From(Subject),
    /// Letters to this address or domain.
    To(Subject),
    /// Letters from elsewhere.
    In,
    /// Letters of our people that go elsewhere.
    Out,
    /// All letters.
    All,
}

impl Which {
    /// Returns the side and the subject, as the table has them.
    pub fn columns(&self) -> (&'static str, String) {
        match self {
            Self::From(subject) => ("from", subject.to_string()),
            Self::To(subject) => ("to", subject.to_string()),
            Self::In => ("in", String::new()),
            Self::Out => ("out", String::new()),
            Self::All => ("all", String::new()),
        }
    }

    fn read(side: &str, subject: &str) -> Option<Self> {
        match side {
            "from" => subject.parse().ok().map(Self::From),
            "to" => subject.parse().ok().map(Self::To),
            "in" => Some(Self::In),
            "out" => Some(Self::Out),
            "all" => Some(Self::All),
            _ => None,
        }
    }
}

/// A copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The letters that are copied.
    pub which: Which,
    /// The address that gets the copies.
    pub target: Address,
    /// The time at which it was added.
    pub created: Timestamp,
}

/// Adds a copy.
pub fn add(tx: &mut Tx, entry: &Entry) -> Result<(), Error> {
    let (side, subject) = entry.which.columns();
    let sql = "INSERT INTO letter_copy (side, subject, target, created) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    if tx.execute(sql, params![side, subject, entry.target.to_string(), entry.created.0])? == 0 {
        return Err(Error::CopyExists(entry.target.clone()));
    }
    let count: usize = tx.query_one("SELECT count(*) FROM letter_copy", params![], |row| row.get(0))?;
    if count > MOST {
        return Err(Error::Full(MOST));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Takes a copy away.
pub fn remove(tx: &mut Tx, which: &Which, target: &Address) -> Result<(), Error> {
    let (side, subject) = which.columns();
    let sql = "DELETE FROM letter_copy WHERE side = $1 AND subject = $2 AND target = $3";
    if tx.execute(sql, params![side, subject, target.to_string()])? == 0 {
        return Err(Error::NoSuchCopy(target.clone()));
    }
    tx.announce(TOPIC);
    Ok(())
}

/// Returns all copies, in order.
pub fn list(view: &View) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT side, subject, target, created FROM letter_copy ORDER BY side, subject, target";
    let rows = view.query(sql, params![], |row| {
        let (which, target) = (Which::read(row.text(0)?, row.text(1)?), Address::parse(row.text(2)?).ok());
        Ok((which, target, Timestamp(row.get(3)?)))
    })?;
    let entry =
        |(which, target, created): (Option<_>, Option<_>, _)| Some(Entry { which: which?, target: target?, created });
    Ok(rows.into_iter().filter_map(entry).collect())
}
