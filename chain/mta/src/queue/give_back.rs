//! A letter that went on from an address of ours and was not taken elsewhere.
//!
//! Nobody has proved that the sender on its envelope has written it, so that no report goes there; such a letter comes back
//! to the owner of the address, in the commit in which it fails.

use std::time::Duration;

use mail::Timestamp;
use mail::trace::{DeskAct, Event};
use store::{Key, Store, Tx, params};

use super::TOPIC;
use super::claim::Loaded;
use super::enter::wake_domain;
use super::forward::{FORWARD, Row};
use super::forward_state::Failure;
use super::record::finish_letter;
use super::running::ran;
use crate::bounce::Fate;

impl Row {
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
