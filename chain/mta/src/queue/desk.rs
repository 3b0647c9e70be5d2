//! The postmaster's desk: what `facteur queue` shows and does.
//!
//! What changes many recipients does so in slices, each a write of its own, so that letters can come in meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use mail::{Address, Domain, LetterId, ReturnPath, Timestamp};
use store::{Store, Tx, View, params};

use super::claim::{ASKED_FOR, return_path};
use super::enter::wake_domain;
use super::record::{finish_letter, settle_domain};
use super::{State, TOPIC};

/// Which letters are listed: those that fit everything that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// With a recipient in this state.
    pub state: Option<State>,
    /// From or to this address.
    pub address: Option<Address>,
    /// With a recipient at this domain.
    pub domain: Option<Domain>,
}

/// A slice of the list, in the order in which the letters came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Letters with a larger [`Listed::row`]; 0 to begin.
    pub after: i64,
    /// This many at most.
    pub most: usize,
}

/// A letter in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its place: goes into [`Page::after`].
    pub row: i64,
    /// Its name.
    pub id: LetterId,
    /// Where its bounces go.
    pub return_path: ReturnPath,
    /// In bytes.
    pub size: u64,
    /// When it came in.
    pub arrived: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// Who has not got it yet; the first [`MOST_RECIPIENTS`] of them.
    pub recipients: Vec<ListedRecipient>,
    /// How many have not got it yet.
    pub recipients_in_all: u64,
}

/// A list shows no more recipients of one letter than this.
pub const MOST_RECIPIENTS: usize = 100;

/// A recipient in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRecipient {
    /// Who.
    pub address: Address,
    /// What is waited for.
    pub state: State,
    /// Tries so far.
    pub attempts: u32,
    /// When the next one is, at the earliest.
    pub next_try: Timestamp,
    /// When the last one was.
    pub tried: Option<Timestamp>,
    /// What was said then; empty before the first try.
    pub said: String,
    /// The server that said it, or nothing: we did.
    pub said_by: String,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// For whom.
    pub address: Address,
    /// What was said.
    pub said: String,
    /// The server that said it, or nothing: we did.
    pub said_by: String,
}

/// Everything about a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The letter and its recipients.
    pub letter: Listed,
    /// Each try that did not succeed, the oldest first; the last thousand.
    pub attempts: Vec<Attempt>,
}

/// How many recipients wait for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Letters.
    pub letters: u64,
    /// Recipients that wait for a try.
    pub waiting: u64,
    /// Recipients that are held.
    pub held: u64,
    /// Recipients that wait to be reported.
    pub failed: u64,
}

/// Whom a command is about.
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
    /// Who it is.
    pub address: Address,
}

/// Lists letters.
pub fn list(view: &View, filter: &Filter, page: Page) -> Result<Vec<Listed>, store::Error> {
    let state = filter.state.map(State::number);
    let address = filter.address.as_ref().map(Address::to_string);
    let domain = filter.domain.as_ref().map(Domain::as_str);
    let rows: Vec<i64> = view.query(
        "SELECT letter.id FROM queue_letter AS letter WHERE letter.id > $1
         AND ($3 = -1 OR EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.letter = letter.id AND r.state = $3))
         AND ($4 = '' OR letter.return_path = $4
              OR EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.letter = letter.id AND r.address = $4))
         AND ($5 = '' OR EXISTS (SELECT 1 FROM queue_recipient AS r WHERE r.letter = letter.id AND r.domain = $5))
         ORDER BY letter.id LIMIT $2",
        params![page.after, page.most, state.unwrap_or(-1), address.unwrap_or_default(), domain.unwrap_or_default()],
        |row| row.get(0),
    )?;
    rows.into_iter().filter_map(|row| listed(view, row).transpose()).collect()
}

/// Shows a letter. There are several of one name when it went through the queue again, to the targets of an alias.
pub fn show(view: &View, id: LetterId) -> Result<Vec<Shown>, store::Error> {
    let mut shown = Vec::new();
    for row in rows_of(view, id)? {
        if let Some(letter) = listed(view, row)? {
            shown.push(Shown { letter, attempts: attempts(view, row)? });
        }
    }
    Ok(shown)
}

/// Counts what is in the queue. Reads an index over all of it: not for each minute of a large office.
pub fn counts(view: &View) -> Result<Counts, store::Error> {
    let letters = view.query_one("SELECT count(*) FROM queue_letter", params![], |row| row.get(0))?;
    let mut counts = Counts { letters, ..Counts::default() };
    let by_state = view.query("SELECT state, count(*) FROM queue_recipient GROUP BY state", params![], |row| {
        Ok((State::from_number(row.get(0)?), row.get(1)?))
    })?;
    for (state, number) in by_state {
        match state {
            State::Waiting => counts.waiting = number,
            State::Held => counts.held = number,
            State::Failed => counts.failed = number,
        }
    }
    Ok(counts)
}

/// Has waiting recipients tried again at once, whatever their waits.
pub fn retry(store: &Store, which: &Which, now: Timestamp) -> Result<Vec<Touched>, store::Error> {
    in_slices(store, which, State::Waiting, move |tx, found| {
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
pub fn hold(store: &Store, which: &Which) -> Result<Vec<Touched>, store::Error> {
    in_slices(store, which, State::Waiting, |tx, found| {
        tx.execute("UPDATE queue_recipient SET state = 1 WHERE id = $1", params![found.row])?;
        settle_domain(tx, &found.domain, false)
    })
}

/// How long a letter that was held beyond its time is tried after its release.
const AFTER_RELEASE: Duration = Duration::from_secs(24 * 3600);

/// Has held recipients tried again.
pub fn release(store: &Store, which: &Which, now: Timestamp) -> Result<Vec<Touched>, store::Error> {
    in_slices(store, which, State::Held, move |tx, found| {
        tx.execute("UPDATE queue_recipient SET state = 0, next_try = $2 WHERE id = $1", params![found.row, now.0])?;
        tx.execute(
            "UPDATE queue_letter SET expires = $2 WHERE id = $1 AND expires <= $3",
            params![found.letter, now.after(AFTER_RELEASE).0, now.0],
        )?;
        wake_domain(tx, &found.domain, now)
    })
}

/// Takes recipients off the queue, waiting or held, without a report to anyone.
pub fn drop_letters(store: &Store, which: &Which) -> Result<Vec<Touched>, store::Error> {
    let mut dropped = Vec::new();
    for state in [State::Waiting, State::Held, State::Failed] {
        dropped.extend(in_slices(store, which, state, |tx, found| {
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
            let done: Vec<Found> = store.write_blocking(move |tx| {
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

fn rows_of(view: &View, id: LetterId) -> Result<Vec<i64>, store::Error> {
    view.query("SELECT id FROM queue_letter WHERE name = $1 ORDER BY id LIMIT 100", params![id.as_str()], |row| {
        row.get(0)
    })
}

fn listed(view: &View, letter: i64) -> Result<Option<Listed>, store::Error> {
    let Some(mut listed) = listed_letter(view, letter)? else { return Ok(None) };
    let found = view.query(
        "SELECT r.address, r.state, r.attempts, r.next_try, r.tried, r.said, r.said_by, d.next_try, d.failures
         FROM queue_recipient AS r LEFT JOIN queue_domain AS d ON d.domain = r.domain
         WHERE r.letter = $1 ORDER BY r.id LIMIT $2",
        params![letter, MOST_RECIPIENTS],
        listed_recipient,
    )?;
    listed.recipients = found.into_iter().flatten().collect();
    Ok(Some(listed))
}

fn listed_letter(view: &View, letter: i64) -> Result<Option<Listed>, store::Error> {
    let row = view.query_opt(
        "SELECT name, return_path, size, arrived, expires,
            (SELECT count(*) FROM queue_recipient WHERE letter = $1) FROM queue_letter WHERE id = $1",
        params![letter],
        |row| {
            let id = row.text(0)?.parse::<LetterId>().ok();
            let listed = id.map(|id| (id, return_path(row.text(1).unwrap_or_default())));
            Ok((listed, row.get(2)?, Timestamp(row.get(3)?), Timestamp(row.get(4)?), row.get(5)?))
        },
    )?;
    Ok(row.and_then(|(known, size, arrived, expires, recipients_in_all)| {
        let (id, return_path) = known?;
        let recipients = Vec::new();
        Some(Listed { row: letter, id, return_path, size, arrived, expires, recipients, recipients_in_all })
    }))
}

/// A recipient whose domain cannot be reached waits as long as the domain does.
fn listed_recipient(row: &store::Row<'_>) -> Result<Option<ListedRecipient>, store::Error> {
    let Ok(address) = Address::parse(row.text(0)?) else { return Ok(None) };
    let (own, domain, failures): (i64, Option<i64>, Option<i64>) = (row.get(3)?, row.get(7)?, row.get(8)?);
    let away = domain.filter(|_| failures.unwrap_or(0) > 0);
    Ok(Some(ListedRecipient {
        address,
        state: State::from_number(row.get(1)?),
        attempts: row.get(2)?,
        next_try: Timestamp(own.max(away.unwrap_or(own))),
        tried: row.get::<Option<i64>>(4)?.map(Timestamp),
        said: row.get(5)?,
        said_by: row.get(6)?,
    }))
}

fn attempts(view: &View, letter: i64) -> Result<Vec<Attempt>, store::Error> {
    let found = view.query(
        "SELECT address, at, said, said_by FROM queue_attempt WHERE letter = $1 ORDER BY id DESC LIMIT 1000",
        params![letter],
        |row| {
            let Ok(address) = Address::parse(row.text(0)?) else { return Ok(None) };
            Ok(Some(Attempt { at: Timestamp(row.get(1)?), address, said: row.get(2)?, said_by: row.get(3)? }))
        },
    )?;
    Ok(found.into_iter().rev().flatten().collect())
}
