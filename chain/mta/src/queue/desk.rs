//! The postmaster's desk: does the work of `facteur queue`.
//!
//! It works in slices, each a write of its own, so that letters can come in meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use mail::trace::{DeskAct, Event, Step};
use mail::{Address, Domain, LetterId, Timestamp};
use store::{Key, Store, Tx, View, params};

use super::claim::ASKED_FOR;
use super::enter::wake_domain;
use super::list::rows_of;
use super::record::{finish_letter, settle_domain};
use super::running::ran;
use super::{State, TOPIC};

/// The letters or recipients that a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// These letters.
    Letters(Vec<LetterId>),
    /// Every recipient at a domain.
    Domain(Domain),
    /// Every recipient.
    All,
}

/// A recipient that a command has touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Its letter.
    pub id: LetterId,
    /// The address of the recipient.
    pub address: Address,
}

/// Has waiting recipients tried again at once, whatever their waits.
pub fn retry(store: &Store, which: &Which, now: Timestamp) -> Result<Vec<Touched>, store::Error> {
    in_slices(store, which, State::Waiting, move |tx, found| {
        found.note(tx, DeskAct::Retried, now)?;
        tx.execute(
            "UPDATE queue_recipient SET next_try = $2 WHERE id = $1 AND next_try > $2",
            params![found.row, now.0],
        )?;
        tx.execute(
            "UPDATE queue_domain SET next_try = $2, failures = $3 WHERE domain = $1",
            params![found.domain, now.0, ASKED_FOR],
        )?;
        Ok(())
    })
}

/// Has waiting recipients wait for [`release`].
pub fn hold(store: &Store, which: &Which, now: Timestamp) -> Result<Vec<Touched>, store::Error> {
    in_slices(store, which, State::Waiting, move |tx, found| {
        found.note(tx, DeskAct::Held, now)?;
        tx.execute("UPDATE queue_recipient SET state = 1 WHERE id = $1", params![found.row])?;
        settle_domain(tx, &found.domain, false)
    })
}

/// The time for which a letter that was held beyond its time is tried after its release.
const AFTER_RELEASE: Duration = Duration::from_secs(24 * 3600);

/// Has held recipients tried again.
pub fn release(store: &Store, which: &Which, now: Timestamp) -> Result<Vec<Touched>, store::Error> {
    in_slices(store, which, State::Held, move |tx, found| {
        found.note(tx, DeskAct::Released, now)?;
        tx.execute("UPDATE queue_recipient SET state = 0, next_try = $2 WHERE id = $1", params![found.row, now.0])?;
        let give_up = ran(tx)?.after(AFTER_RELEASE);
        tx.execute(
            "UPDATE queue_letter SET give_up = $2, expires = $3 WHERE id = $1 AND give_up < $2",
            params![found.letter, give_up.0, now.after(AFTER_RELEASE).0],
        )?;
        wake_domain(tx, &found.domain, now)
    })
}

/// Takes recipients off the queue, waiting, held or postponed, without a report to anyone.
pub fn drop_letters(store: &Store, which: &Which, now: Timestamp) -> Result<Vec<Touched>, store::Error> {
    let mut dropped = Vec::new();
    for state in [State::Waiting, State::Held, State::Failed, State::Postponed] {
        dropped.extend(in_slices(store, which, state, move |tx, found| {
            found.note(tx, DeskAct::Dropped, now)?;
            tx.execute("DELETE FROM queue_recipient WHERE id = $1", params![found.row])?;
            settle_domain(tx, &found.domain, false)?;
            finish_letter(tx, found.letter)
        })?);
    }
    Ok(dropped)
}

/// Recipients worked in one write.
const SLICE: usize = 500;

#[derive(Clone)]
struct Found {
    row: i64,
    letter: i64,
    domain: String,
    touched: Touched,
}

impl Found {
    fn note(&self, tx: &mut Tx, act: DeskAct, at: Timestamp) -> Result<(), store::Error> {
        let event = Event::Desk { act, recipient: self.touched.address.to_string() };
        trace::note(tx, &Step { letter: self.touched.id, at, event })
    }
}

fn in_slices(
    store: &Store,
    which: &Which,
    state: State,
    act: impl Fn(&mut Tx, &Found) -> Result<(), store::Error> + Clone + Send + 'static,
) -> Result<Vec<Touched>, store::Error> {
    let mut touched = Vec::new();
    for condition in conditions(store, which)? {
        let mut after = 0;
        loop {
            let (act, condition) = (act.clone(), condition.clone());
            let done: Vec<Found> = store.write_blocking(Key::Queue, move |tx| {
                let found = slice(tx, &condition, state, after)?;
                found.iter().try_for_each(|found| act(tx, found))?;
                tx.announce(TOPIC);
                Ok::<_, store::Error>(found)
            })?;
            let Some(last) = done.last() else { break };
            after = last.row;
            touched.extend(done.into_iter().map(|found| found.touched));
        }
    }
    Ok(touched)
}

/// One walk through the recipients.
#[derive(Clone)]
enum Condition {
    Letter(i64),
    Domain(String),
    All,
}

fn conditions(store: &Store, which: &Which) -> Result<Vec<Condition>, store::Error> {
    match which {
        Which::All => Ok(vec![Condition::All]),
        Which::Domain(domain) => Ok(vec![Condition::Domain(domain.as_str().to_owned())]),
        Which::Letters(ids) => {
            let ids: BTreeSet<LetterId> = ids.iter().copied().collect();
            let rows = store.read_blocking(move |view| {
                let rows: Result<Vec<Vec<i64>>, store::Error> = ids.into_iter().map(|id| rows_of(view, id)).collect();
                rows
            })?;
            Ok(rows.into_iter().flatten().map(Condition::Letter).collect())
        }
    }
}

fn slice(view: &View, condition: &Condition, state: State, after: i64) -> Result<Vec<Found>, store::Error> {
    const COLUMNS: &str = "SELECT r.id, r.letter, r.domain, r.address, letter.name FROM queue_recipient AS r
        JOIN queue_letter AS letter ON letter.id = r.letter WHERE r.id > $1 AND r.state = $2";
    const ORDER: &str = "ORDER BY r.id LIMIT $3";
    let read = |row: &store::Row<'_>| {
        let (row_number, letter, domain) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let touched = Address::parse(row.text(3)?).ok().zip(row.text(4)?.parse().ok());
        let touched = touched.map(|(address, id)| Touched { id, address });
        Ok(touched.map(|touched| Found { row: row_number, letter, domain, touched }))
    };
    let state = state.number();
    let found: Vec<Option<Found>> = match condition {
        Condition::All => view.query(&format!("{COLUMNS} {ORDER}"), params![after, state, SLICE], read)?,
        Condition::Letter(letter) => {
            let sql = format!("{COLUMNS} AND r.letter = $4 {ORDER}");
            view.query(&sql, params![after, state, SLICE, letter], read)?
        }
        Condition::Domain(domain) => {
            let sql = format!("{COLUMNS} AND r.domain = $4 {ORDER}");
            view.query(&sql, params![after, state, SLICE, domain], read)?
        }
    };
    Ok(found.into_iter().flatten().collect())
}
