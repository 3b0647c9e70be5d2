//! Lists the recipients that are due, in bounded slices.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use mail::{Address, DeliverBy, Domain, Findings, LetterId, LetterWishes, Overdue, ReturnPath, Timestamp, Wishes};
use store::{BlobId, View, params};

use super::running::{Ran, ran};
use super::wishes;

/// A domain whose time has come, and some of the recipients that are due there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDomain {
    /// The domain.
    pub domain: Domain,
    /// The number of times in a row that it could not be reached at all.
    pub failures: u32,
    /// A command asks for it: whatever its site is waiting for, it waits no longer.
    pub asked_for: bool,
    /// The oldest first.
    pub recipients: Vec<DueRecipient>,
    /// There may be more than these.
    pub more: bool,
}

/// Stands in the place of a domain's failures when `facteur queue retry` asks for it.
pub(super) const ASKED_FOR: i64 = -1;

/// A recipient that is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DueRecipient {
    /// Its row.
    pub recipient: i64,
    /// The row of its letter.
    pub letter: i64,
    /// The address of the recipient.
    pub address: String,
    /// The sender of the letter: senders take turns.
    pub sender: String,
}

/// Returns up to `domains` domains that are due, each with as many recipients as `room` gives for it (none: passed
/// over). The domains that waited longest come first.
pub fn due(
    view: &View,
    now: Timestamp,
    domains: usize,
    room: impl Fn(&str) -> usize,
) -> Result<Vec<DueDomain>, store::Error> {
    let found: Vec<(String, i64)> = view.query(
        "SELECT domain, failures FROM queue_domain WHERE next_try <= $1 ORDER BY next_try LIMIT $2",
        params![now.0, domains],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut due = Vec::with_capacity(found.len());
    for (domain, failures) in found {
        let room = room(&domain);
        // The text in the table was a domain when it was put there.
        let Ok(domain) = Domain::parse(&domain) else { continue };
        if room > 0 {
            let recipients = due_recipients(view, &domain, now, room)?;
            due.push(DueDomain {
                domain,
                failures: u32::try_from(failures).unwrap_or(0),
                asked_for: failures == ASKED_FOR,
                more: recipients.len() >= room,
                recipients,
            });
        }
    }
    Ok(due)
}

fn due_recipients(
    view: &View,
    domain: &Domain,
    now: Timestamp,
    most: usize,
) -> Result<Vec<DueRecipient>, store::Error> {
    view.query(
        "SELECT r.id, r.letter, r.address, letter.sender FROM (
            SELECT id, letter, address, next_try FROM queue_recipient
            WHERE domain = $1 AND state = 0 AND next_try <= $2 ORDER BY next_try, id LIMIT $3) AS r
         JOIN queue_letter AS letter ON letter.id = r.letter ORDER BY r.next_try, r.id",
        params![domain.as_str(), now.0, most],
        due_recipient,
    )
}

fn due_recipient(row: &store::Row<'_>) -> Result<DueRecipient, store::Error> {
    Ok(DueRecipient { recipient: row.get(0)?, letter: row.get(1)?, address: row.get(2)?, sender: row.get(3)? })
}

/// Senders looked at in one [`turns`].
const SENDERS: usize = 32;
/// Newest letters of each, and recipients of these.
const OF_EACH: usize = 20;

/// A few due recipients of some senders each, whatever else is due: so that a person whose letter stands behind ten
/// thousand of another's does not wait for them. `after` is the last sender of the turn before; that of this one is given.
pub fn turns(view: &View, now: Timestamp, after: &str) -> Result<(Vec<DueDomain>, String), store::Error> {
    let mut sender = after.to_owned();
    let mut due: BTreeMap<String, DueDomain> = BTreeMap::new();
    for _ in 0..SENDERS {
        let sql = "SELECT sender FROM queue_letter WHERE sender > $1 ORDER BY sender LIMIT 1";
        match view.query_opt(sql, params![sender], |row| row.get(0))? {
            Some(next) => sender = next,
            // The next turn begins with the first sender again: reports, whose sender is empty.
            None => return Ok((due.into_values().collect(), String::new())),
        }
        for (domain, failures, recipient) in newest_of(view, now, &sender)? {
            let Ok(parsed) = Domain::parse(&domain) else { continue };
            let new = || DueDomain {
                domain: parsed,
                failures: u32::try_from(failures).unwrap_or(0),
                asked_for: failures == ASKED_FOR,
                recipients: Vec::new(),
                more: true,
            };
            due.entry(domain).or_insert_with(new).recipients.push(recipient);
        }
    }
    Ok((due.into_values().collect(), sender))
}

fn newest_of(view: &View, now: Timestamp, sender: &str) -> Result<Vec<(String, i64, DueRecipient)>, store::Error> {
    view.query(
        "SELECT r.id, r.letter, r.address, letter.sender, r.domain, d.failures FROM (
            SELECT id, sender FROM queue_letter WHERE sender = $1 ORDER BY id DESC LIMIT $3) AS letter
         JOIN queue_recipient AS r ON r.letter = letter.id JOIN queue_domain AS d ON d.domain = r.domain
         WHERE r.state = 0 AND r.next_try <= $2 AND d.next_try <= $2 LIMIT $3",
        params![sender, now.0, OF_EACH],
        |row| Ok((row.get(4)?, row.get(5)?, due_recipient(row)?)),
    )
}

/// When the next domain is due, or the next postponed letter is to be let go.
pub fn soonest(view: &View) -> Result<Option<Timestamp>, store::Error> {
    let domain = view.query_opt("SELECT next_try FROM queue_domain ORDER BY next_try LIMIT 1", params![], |row| {
        row.get(0).map(Timestamp)
    })?;
    Ok(domain.into_iter().chain(super::next_postponed(view)?).min())
}

/// A letter as delivery needs it, with those of the asked recipients that are still waiting and due.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its row.
    pub row: i64,
    /// Its name.
    pub id: LetterId,
    /// The address that its bounces go to.
    pub return_path: ReturnPath,
    /// Its bytes.
    pub blob: BlobId,
    /// The number of its bytes.
    pub size: u64,
    /// Some are beyond ASCII.
    pub eight_bit: bool,
    /// Its header is in UTF-8 and may only go to servers with SMTPUTF8.
    pub smtputf8: bool,
    /// When it came in.
    pub arrived: Timestamp,
    /// When it is given up.
    pub give_up: Ran,
    /// The findings about it, from where it came in.
    pub findings: Findings,
    /// The recipients that it goes to now.
    pub recipients: Vec<LoadedRecipient>,
    /// The wishes of its sender, with the time that is left of them.
    pub wishes: LetterWishes,
    /// Nobody is written to about it: its return path may be forged.
    pub mistrusted: bool,
    /// The beginning of its bytes, as many as were read.
    pub beginning: Bytes,
}

/// One recipient of a loaded letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedRecipient {
    /// Its row.
    pub row: i64,
    /// The address of the recipient.
    pub address: Address,
    /// The number of tries so far.
    pub attempts: u32,
    /// The host that has greylisted it: it is asked first.
    pub greylisted_by: Option<String>,
    /// The wishes of the sender for reports about it.
    pub wishes: Wishes,
}

/// Loads a letter, without its body. `None` when it, or every one of the recipients, has left the queue, is held, or is not due any more:
/// a command may have come in between, or the claim was made from a view older than the last record.
pub fn load(view: &View, letter: i64, recipients: &[i64], now: Timestamp) -> Result<Option<Loaded>, store::Error> {
    let mut found = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        found.extend(load_recipient(view, *recipient, now)?);
    }
    if found.is_empty() {
        return Ok(None);
    }
    let Some(mut loaded) = load_letter(view, letter, now)? else { return Ok(None) };
    loaded.wishes.by = loaded.wishes.by.map(|by| by_both_clocks(view, letter, by)).transpose()?;
    loaded.recipients = found;
    Ok(Some(loaded))
}

/// Returns how often the recipients of a letter were tried, by row.
pub fn attempts_of(view: &View, letter: i64) -> Result<HashMap<i64, u32>, store::Error> {
    let sql = "SELECT id, attempts FROM queue_recipient WHERE letter = $1";
    Ok(view.query(sql, params![letter], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
}

fn load_recipient(view: &View, recipient: i64, now: Timestamp) -> Result<Option<LoadedRecipient>, store::Error> {
    let row = view.query_opt(
        "SELECT address, attempts, status, said, said_by, notify, original FROM queue_recipient
         WHERE id = $1 AND state = 0 AND next_try <= $2",
        params![recipient, now.0],
        |row| {
            let Ok(address) = Address::parse(row.text(0)?) else { return Ok(None) };
            let greylisted = speaks_of_greylisting(row.text(2)?, row.text(3)?);
            let greylisted_by = Some(row.get::<String>(4)?).filter(|by| greylisted && !by.is_empty());
            let (attempts, wishes) = (row.get(1)?, wishes::wishes(row.text(5)?, row.text(6)?));
            Ok(Some(LoadedRecipient { row: recipient, address, attempts, greylisted_by, wishes }))
        },
    )?;
    Ok(row.flatten())
}

fn speaks_of_greylisting(status: &str, said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    status == "4.7.1" || said.contains("greylist") || said.contains("graylist")
}

/// Without recipients and bytes.
pub(super) fn load_letter(view: &View, letter: i64, now: Timestamp) -> Result<Option<Loaded>, store::Error> {
    view.query_opt(
        "SELECT name, return_path, blob, size, eight_bit, smtputf8, arrived, give_up, findings, returned, envelope_id,
            by_mode, deadline_at, mistrusted FROM queue_letter WHERE id = $1",
        params![letter],
        |row| {
            Ok(Loaded {
                row: letter,
                id: row.text(0)?.parse().unwrap_or(LetterId::from_random([0; 10])),
                return_path: return_path(row.text(1)?),
                blob: row.get(2)?,
                size: row.get(3)?,
                eight_bit: row.get(4)?,
                smtputf8: row.get(5)?,
                arrived: Timestamp(row.get(6)?),
                give_up: Ran(row.get::<Option<i64>>(7)?.unwrap_or(i64::MAX)),
                findings: findings(letter, row.get::<Option<Vec<u8>>>(8)?),
                recipients: Vec::new(),
                wishes: wishes_of(row, now)?,
                mistrusted: row.get(13)?,
                beginning: Bytes::new(),
            })
        },
    )
}

fn wishes_of(row: &store::Row<'_>, now: Timestamp) -> Result<LetterWishes, store::Error> {
    let deadline_at = row.get::<Option<i64>>(12)?.map(Timestamp);
    Ok(wishes::letter_wishes((row.text(9)?, row.text(10)?), (row.text(11)?, deadline_at), now))
}

/// Returns what is left of the time by both clocks, the shorter of the two. A wall clock that says that the time is over
/// may have been set wrong: who can tell has the letter returned (see [`super::overdue`]), and here a second is left.
fn by_both_clocks(view: &View, letter: i64, by: DeliverBy) -> Result<DeliverBy, store::Error> {
    let sql = "SELECT deadline FROM queue_letter WHERE id = $1";
    let deadline = view.query_opt(sql, params![letter], |row| row.get::<Option<i64>>(0))?.flatten();
    let Some(deadline) = deadline else { return Ok(by) };
    let running = by.left(Timestamp(deadline), Timestamp(ran(view)?.0)).seconds;
    let wall = if by.overdue == Overdue::Return { by.seconds.max(1) } else { by.seconds };
    Ok(DeliverBy { seconds: running.min(wall), ..by })
}

/// Findings that cannot be read keep no letter back: it is filed as one that was not checked.
fn findings(letter: i64, column: Option<Vec<u8>>) -> Findings {
    let Some(column) = column else { return Findings::default() };
    Findings::from_column(&column).unwrap_or_else(|| {
        tracing::error!(row = letter, "what was found out about a letter of the queue is damaged");
        Findings::default()
    })
}

pub(super) fn return_path(text: &str) -> ReturnPath {
    Address::parse(text).map_or(ReturnPath::Null, ReturnPath::Address)
}
