//! Writes down what became of recipients, in one transaction.

use std::collections::BTreeSet;

use mail::trace::{Attempt, AttemptOutcome, Event};
use mail::{Enhanced, LetterId, Reply, Timestamp};
use store::{BlobId, Tx, params};

use super::author;
use super::forward;
use super::running::Ran;

/// The words about a recipient, and the server that said them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The code (RFC 3463).
    pub status: Enhanced,
    /// The words, on one line.
    pub text: String,
    /// The server, program or folder whose words they are; `None`: we found it out ourselves.
    pub by: Option<String>,
}

/// Longer answers are cut: they are kept with each recipient.
const LONGEST: usize = 600;

impl Said {
    /// A server's reply.
    pub fn reply(status: Enhanced, reply: &Reply, by: &str) -> Self {
        Self { status, text: one_line(&reply.to_string()), by: Some(by.to_owned()) }
    }

    /// Makes the words of a program, or the result of a folder.
    pub fn by(status: Enhanced, text: impl AsRef<str>, by: &str) -> Self {
        Self { status, text: one_line(text.as_ref()), by: Some(by.to_owned()) }
    }

    /// Makes the words about something that we found out ourselves.
    pub fn ours(status: Enhanced, text: impl AsRef<str>) -> Self {
        Self { status, text: one_line(text.as_ref()), by: None }
    }
}

fn one_line(text: &str) -> String {
    let line: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim_end().to_owned()
}

/// The outcome for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has arrived where it was to go: its sender is told so, if they wish it.
    Delivered,
    /// A server has it that will not tell its sender anything: we do, if they wish it.
    Relayed {
        /// The sender is told unless they never want to be: they have set a time for it (RFC 2852 §4.1.4).
        anyway: bool,
    },
    /// It has arrived, and whoever has it now tells its sender.
    Entrusted,
    /// Not now; to be tried again then.
    Later(Timestamp),
    /// Not now, since its domain cannot be reached: tried again when the domain is (see [`domain_failed`]).
    WithDomain,
    /// Never; to be reported.
    Failed,
}

impl std::fmt::Display for Outcome {
    /// Formats the words for the log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Delivered | Self::Entrusted => f.write_str("delivered"),
            Self::Relayed { .. } => f.write_str("relayed"),
            Self::Later(when) => write!(f, "again at {when}"),
            Self::WithDomain => f.write_str("again with its domain"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

impl Outcome {
    /// Returns true if somebody else has the letter now.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Delivered | Self::Relayed { .. } | Self::Entrusted)
    }
}

/// The row of a recipient and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The row.
    pub recipient: i64,
    /// The outcome.
    pub outcome: Outcome,
    /// The words about it.
    pub said: Said,
    /// The version of TLS it went through; empty in clear, and where nothing was reached.
    pub tls: &'static str,
}

/// Records what became of recipients of one letter at `now`. A recipient that is no longer there is passed over: a
/// command has dropped it.
pub fn record(tx: &mut Tx, letter: i64, now: Timestamp, entries: &[Entry]) -> Result<(), store::Error> {
    let mut domains = BTreeSet::new();
    let mut attempts = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(recipient) = record_one(tx, letter, now, entry)? {
            if entry.outcome.is_taken() {
                forward::arrived(tx, letter, &recipient.address)?;
            }
            attempts.extend(attempt(entry, recipient.address));
            if entry.outcome != Outcome::WithDomain {
                domains.insert(recipient.domain);
            }
        }
    }
    note(tx, letter, now, attempts)?;
    if entries
        .iter()
        .any(|entry| matches!(entry.outcome, Outcome::Failed | Outcome::Delivered | Outcome::Relayed { .. }))
    {
        tx.announce(super::TOPIC);
    }
    finish_letter(tx, letter)?;
    domains.iter().try_for_each(|domain| settle_domain(tx, domain, true))
}

/// The recipient that a row is about.
struct Recipient {
    address: String,
    domain: String,
}

/// Returns whom it was about, if they are still there.
fn record_one(tx: &mut Tx, letter: i64, now: Timestamp, entry: &Entry) -> Result<Option<Recipient>, store::Error> {
    let untold = match entry.outcome {
        Outcome::Entrusted => "DELETE FROM queue_recipient WHERE id = $1 RETURNING address, domain",
        Outcome::Relayed { anyway: true } => {
            "DELETE FROM queue_recipient WHERE id = $1 AND notify = 'NEVER' RETURNING address, domain"
        }
        Outcome::Delivered | Outcome::Relayed { .. } => {
            "DELETE FROM queue_recipient WHERE id = $1 AND notify NOT LIKE '%SUCCESS%' RETURNING address, domain"
        }
        _ => "SELECT address, domain FROM queue_recipient WHERE id = $1",
    };
    let read = |row: &store::Row<'_>| Ok(Recipient { address: row.get(0)?, domain: row.get(1)? });
    let known = tx.query_opt(untold, params![entry.recipient], read)?;
    if entry.outcome.is_taken() {
        return match known {
            Some(recipient) => Ok(Some(recipient)),
            None => to_be_told(tx, now, entry, read),
        };
    }
    let Some(recipient) = known else { return Ok(None) };
    let Said { status, text, by } = &entry.said;
    let by = by.as_deref().unwrap_or_default();
    tx.execute(
        "UPDATE queue_recipient SET attempts = attempts + 1, tried = $2, status = $3, said = $4, said_by = $5
         WHERE id = $1",
        params![entry.recipient, now.0, status.to_string(), text, by],
    )?;
    tx.execute(
        "INSERT INTO queue_attempt (letter, address, at, said, said_by) VALUES ($1, $2, $3, $4, $5)",
        params![letter, recipient.address, now.0, text, by],
    )?;
    match entry.outcome {
        Outcome::Later(at) => {
            tx.execute("UPDATE queue_recipient SET next_try = $2 WHERE id = $1", params![entry.recipient, at.0])?;
        }
        // Only what still waits: a recipient that was held meanwhile stays held.
        Outcome::Failed => {
            author::count_refusal(tx, letter, *status)?;
            tx.execute("UPDATE queue_recipient SET state = 2 WHERE id = $1 AND state = 0", params![entry.recipient])?;
        }
        _ => {}
    }
    Ok(Some(recipient))
}

/// The recipient has the letter, and stays until its sender has been told so.
fn to_be_told(
    tx: &mut Tx,
    now: Timestamp,
    entry: &Entry,
    read: impl FnMut(&store::Row<'_>) -> Result<Recipient, store::Error>,
) -> Result<Option<Recipient>, store::Error> {
    let action = if entry.outcome == Outcome::Delivered { "delivered" } else { "relayed" };
    let Said { status, text, by } = &entry.said;
    tx.query_opt(
        "UPDATE queue_recipient SET state = 2, action = $2, tried = $3, status = $4, said = $5, said_by = $6
         WHERE id = $1 RETURNING address, domain",
        params![entry.recipient, action, now.0, status.to_string(), text, by.as_deref().unwrap_or_default()],
        read,
    )
}

/// Returns the try, for the history. A letter that our own MDA took is noted where it is filed.
fn attempt(entry: &Entry, recipient: String) -> Option<Event> {
    let outcome = match entry.outcome {
        _ if entry.outcome.is_taken() && entry.said.by.is_none() => return None,
        Outcome::Delivered | Outcome::Relayed { .. } | Outcome::Entrusted => AttemptOutcome::Delivered,
        Outcome::Later(_) | Outcome::WithDomain => AttemptOutcome::Later,
        Outcome::Failed => AttemptOutcome::Failed,
    };
    let (by, said) = (entry.said.by.clone().unwrap_or_default(), entry.said.text.clone());
    Some(Event::Attempt(Attempt { recipient, by, said, outcome, tls: entry.tls.to_owned() }))
}

/// Notes in the history of the letter what was done to it.
fn note(tx: &mut Tx, letter: i64, now: Timestamp, events: Vec<Event>) -> Result<(), store::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let sql = "SELECT name FROM queue_letter WHERE id = $1";
    let name = tx.query_opt(sql, params![letter], |row| Ok(row.text(0)?.parse::<LetterId>().ok()))?;
    match name.flatten() {
        Some(id) => trace::note_all(tx, id, now, events),
        None => Ok(()),
    }
}

/// A letter without recipients leaves, with its body and its history.
pub(super) fn finish_letter(tx: &mut Tx, letter: i64) -> Result<(), store::Error> {
    let blob: Option<BlobId> = tx.query_opt(
        "DELETE FROM queue_letter WHERE id = $1
         AND NOT EXISTS (SELECT 1 FROM queue_recipient WHERE letter = $1) RETURNING blob",
        params![letter],
        |row| row.get(0),
    )?;
    let Some(blob) = blob else { return Ok(()) };
    tx.execute("DELETE FROM queue_attempt WHERE letter = $1", params![letter])?;
    tx.execute("DELETE FROM queue_forwarded_letter WHERE letter = $1", params![letter])?;
    tx.drop_blob(blob)
}

/// Has the domain looked at when its next recipient is due; one without waiting recipients is forgotten. The wait of a
/// domain that could not be reached ends only when it `answered`.
pub fn settle_domain(tx: &mut Tx, domain: &str, answered: bool) -> Result<(), store::Error> {
    let next: Option<i64> = tx.query_one(
        "SELECT min(next_try) FROM queue_recipient WHERE domain = $1 AND state = 0",
        params![domain],
        |row| row.get(0),
    )?;
    match next {
        None => tx.execute("DELETE FROM queue_domain WHERE domain = $1", params![domain])?,
        Some(next) => tx.execute(
            "UPDATE queue_domain SET next_try = $2, failures = 0, said = '' WHERE domain = $1 AND ($3 = 1 OR failures = 0)",
            params![domain, next, answered],
        )?,
    };
    Ok(())
}

/// The note about a domain that could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// It is left alone until then.
    pub next_try: Timestamp,
    /// The number of times in a row that it could not be reached, with this time.
    pub failures: u32,
    /// The reason.
    pub said: Said,
    /// The time for which the office has been running.
    pub ran: Ran,
    /// Letters whose time is over were tried so often at least.
    pub least_tries: u32,
}

/// Notes that a domain could not be reached. Its letters whose time is over are given up, the oldest first and up to `most`
/// at once; the others are not touched, so that they all go when it is back.
pub fn domain_failed(tx: &mut Tx, domain: &str, now: Timestamp, away: &Away, most: usize) -> Result<(), store::Error> {
    let Away { next_try, failures, said, ran, least_tries } = away;
    tx.execute(
        "UPDATE queue_domain SET next_try = $2, said = $3, failures = $4 WHERE domain = $1",
        params![domain, next_try.0, said.text, failures],
    )?;
    if failures < least_tries {
        return Ok(());
    }
    let by = said.by.as_deref().unwrap_or_default();
    // Letters for a domain that is away keep their place, so the oldest `most` hold those whose time is over.
    let given_up = tx.query(
        "UPDATE queue_recipient SET state = 2, tried = $2, status = $3, said = $4, said_by = $5 WHERE id IN (
            SELECT oldest.id FROM (
                SELECT id, letter FROM queue_recipient WHERE domain = $1 AND state = 0 AND next_try <= $2
                ORDER BY next_try, id LIMIT $6) AS oldest
            JOIN queue_letter AS letter ON letter.id = oldest.letter WHERE letter.give_up <= $7)
         RETURNING letter, address",
        params![domain, now.0, said.status.to_string(), said.text, by, most, ran.0],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    if !given_up.is_empty() {
        tx.announce(super::TOPIC);
    }
    for (letter, recipient) in given_up {
        let (by, said, outcome) = (by.to_owned(), said.text.clone(), AttemptOutcome::Failed);
        let failed = Attempt { recipient, by, said, outcome, tls: String::new() };
        note(tx, letter, now, vec![Event::Attempt(failed)])?;
    }
    Ok(())
}
