//! Letters of the queue that go on from an address of ours to another house.

use mail::Address;
use store::{Tx, View, params};

use super::forward_state::{self, is_refused_as_spam};
use crate::bounce::Fate;

/// The name under which histories tell of what becomes of forwarded letters.
pub const FORWARD: &str = "forward";

/// A letter that goes on from an address of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The address that it goes on from; `None` for an answer that goes back to the sender of a forwarded letter.
    pub through: Option<Address>,
    /// The person here who gets the letter if it is not taken there.
    pub owner: Address,
    /// The owner has a copy of it.
    pub is_kept: bool,
    /// The sender, if it is proved that the letter is theirs: reports go there.
    pub reports_to: Option<Address>,
}

impl Forwarded {
    pub(super) fn put(&self, tx: &mut Tx, letter: i64) -> Result<(), store::Error> {
        let through = self.through.as_ref().map(forward_state::folded).unwrap_or_default();
        let reports_to = self.reports_to.as_ref().map(ToString::to_string);
        let sql = "INSERT INTO queue_forwarded_letter (letter, through, owner, kept, reports_to)
                   VALUES ($1, $2, $3, $4, $5)";
        tx.execute(sql, params![letter, through, self.owner.to_string(), self.is_kept, reports_to]).map(drop)
    }
}

/// A row that says that a letter is forwarded.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) through: String,
    pub(super) owner: Address,
    pub(super) is_kept: bool,
    pub(super) reports_to: Option<Address>,
}

/// Returns the row of a letter, if it is forwarded.
pub(super) fn of(view: &View, letter: i64) -> Result<Option<Row>, store::Error> {
    let sql = "SELECT through, owner, kept, reports_to FROM queue_forwarded_letter WHERE letter = $1";
    let row = view.query_opt(sql, params![letter], |row| {
        let Ok(owner) = Address::parse(row.text(1)?) else { return Ok(None) };
        let reports_to = row.get::<Option<String>>(3)?.and_then(|text| Address::parse(&text).ok());
        Ok(Some(Row { through: row.get(0)?, owner, is_kept: row.get(2)?, reports_to }))
    })?;
    Ok(row.flatten())
}

/// The letter has arrived at `target`: its forward works.
pub(super) fn arrived(tx: &mut Tx, letter: i64, target: &str) -> Result<(), store::Error> {
    let through = tx.query_opt(
        "SELECT through FROM queue_forwarded_letter WHERE letter = $1 AND through <> ''",
        params![letter],
        |row| row.get::<String>(0),
    )?;
    through.map_or(Ok(()), |through| forward_state::works(tx, &through, target))
}

impl Row {
    /// Returns true if the letter comes back to the owner of the address, and no report goes to its sender: also where the
    /// house that it goes on to takes it for spam, which is no business of its sender.
    pub(super) fn comes_back(&self, fates: &[Fate]) -> bool {
        self.reports_to.is_none() || fates.iter().any(is_refused_as_spam)
    }
}
