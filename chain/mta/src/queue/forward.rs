//! Letters of the queue that go on from an address of ours to another house: what becomes of one that is not taken there.
//!
//! Nobody has proved that the sender on its envelope has written it, so that no report goes there; such a letter comes back
//! to the owner of the address, in the commit in which it fails.

use std::time::Duration;

use mail::trace::{DeskAct, Event};
use mail::{Address, Timestamp};
use store::{Key, Store, Tx, View, params};

use super::TOPIC;
use super::claim::Loaded;
use super::enter::wake_domain;
use super::forward_state::{self, Failure, is_refused_as_spam};
use super::record::finish_letter;
use super::running::ran;
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
    through: String,
    owner: Address,
    is_kept: bool,
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

    /// Gives the letter back to the owner of the address it went on from. One that the owner cannot be given either is held
    /// for the postmaster.
    pub(super) async fn give_back(
        self,
        store: &Store,
        letter: &Loaded,
        failed: Vec<(i64, Fate)>,
        (now, lifetime): (Timestamp, Duration),
    ) -> Result<(), store::Error> {
        let (row, id) = (letter.row, letter.id);
        tracing::info!(letter = %id, owner = %self.owner, "a forwarded letter was not taken, and comes back");
        store
            .write(Key::Queue, move |tx| {
                let mut events = Vec::new();
                for (recipient, fate) in &failed {
                    events.extend(self.give_back_one(tx, *recipient, fate, now)?);
                }
                prolong(tx, row, now, lifetime)?;
                finish_letter(tx, row)?;
                tx.announce(TOPIC);
                trace::note_all(tx, id, now, events)
            })
            .await
    }

    fn give_back_one(&self, tx: &mut Tx, row: i64, fate: &Fate, now: Timestamp) -> Result<Option<Event>, store::Error> {
        let recipient = fate.address.to_string();
        if fate.address == self.owner {
            let held = tx.execute("UPDATE queue_recipient SET state = 1 WHERE id = $1 AND state = 2", params![row])?;
            return Ok((held > 0).then_some(Event::Desk { act: DeskAct::Held, recipient }));
        }
        let changed = if self.is_kept {
            tx.execute("DELETE FROM queue_recipient WHERE id = $1 AND state = 2", params![row])?
        } else {
            self.lead_home(tx, row, now)?
        };
        if changed == 0 {
            return Ok(None);
        }
        if !self.through.is_empty() {
            Failure { through: &self.through, fate, now }.note(tx)?;
        }
        let (by, decision, reason) = (FORWARD.to_owned(), "returned".to_owned(), "forward-returned".to_owned());
        Ok(Some(Event::Judged { recipient, by, decision, reason }))
    }

    fn lead_home(&self, tx: &mut Tx, row: i64, now: Timestamp) -> Result<usize, store::Error> {
        let changed = tx.execute(
            "UPDATE queue_recipient SET address = $2, domain = $3, state = 0, attempts = 0, next_try = $4, tried = NULL,
                status = '', said = '', said_by = '' WHERE id = $1 AND state = 2",
            params![row, self.owner.to_string(), self.owner.domain().as_str(), now.0],
        )?;
        wake_domain(tx, self.owner.domain().as_str(), now)?;
        Ok(changed)
    }
}

/// The way back has a time of its own.
fn prolong(tx: &mut Tx, letter: i64, now: Timestamp, lifetime: Duration) -> Result<(), store::Error> {
    let give_up = ran(tx)?.after(lifetime);
    let sql = "UPDATE queue_letter SET give_up = $2, expires = $3, warn = NULL WHERE id = $1";
    tx.execute(sql, params![letter, give_up.0, now.after(lifetime).0]).map(drop)
}
