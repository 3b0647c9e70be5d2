//! What is due, in bounded slices.

use bytes::Bytes;
use mail::{Address, Domain, LetterId, ReturnPath, Timestamp};
use store::{BlobId, View, params};

/// A domain whose time has come, and some of the recipients that are due there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDomain {
    /// The domain.
    pub domain: Domain,
    /// How often in a row it could not be reached at all.
    pub failures: u32,
    /// A command asks for it: whatever its site is waiting for, it waits no longer.
    pub asked_for: bool,
    /// The oldest first.
    pub recipients: Vec<DueRecipient>,
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
    /// Who it is.
    pub address: String,
}

/// Up to `domains` domains that are due, each with as many recipients as `room` gives for it (none: passed over).
/// Those that waited longest come first.
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
        // What stands in the table was a domain when it was put there.
        let Ok(domain) = Domain::parse(&domain) else { continue };
        if room > 0 {
            let recipients = due_recipients(view, &domain, now, room)?;
            due.push(DueDomain {
                domain,
                failures: u32::try_from(failures).unwrap_or(0),
                asked_for: failures == ASKED_FOR,
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
        "SELECT id, letter, address FROM queue_recipient WHERE domain = $1 AND state = 0 AND next_try <= $2
         ORDER BY next_try, id LIMIT $3",
        params![domain.as_str(), now.0, most],
        |row| Ok(DueRecipient { recipient: row.get(0)?, letter: row.get(1)?, address: row.get(2)? }),
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
    /// Where its bounces go.
    pub return_path: ReturnPath,
    /// Its bytes.
    pub blob: BlobId,
    /// How many there are.
    pub size: u64,
    /// Some are beyond ASCII.
    pub eight_bit: bool,
    /// Its header is in UTF-8 and may only go to servers with SMTPUTF8.
    pub smtputf8: bool,
    /// When it came in.
    pub arrived: Timestamp,
    /// When it is given up.
    pub expires: Timestamp,
    /// To whom it goes now.
    pub recipients: Vec<LoadedRecipient>,
    /// The beginning of its bytes, as many as were asked for.
    pub beginning: Bytes,
}

/// One recipient of a loaded letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedRecipient {
    /// Its row.
    pub row: i64,
    /// Who it is.
    pub address: Address,
    /// How often it was tried.
    pub attempts: u32,
}

/// Loads a letter. `None` when it, or every one of the recipients, has left the queue, is held, or is not due any more:
/// a command may have come in between, or the claim was made from a view older than the last record.
pub fn load(
    view: &View,
    letter: i64,
    recipients: &[i64],
    now: Timestamp,
    beginning: u64,
) -> Result<Option<Loaded>, store::Error> {
    let mut found = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        found.extend(load_recipient(view, *recipient, now)?);
    }
    if found.is_empty() {
        return Ok(None);
    }
    let Some(mut loaded) = load_letter(view, letter)? else { return Ok(None) };
    loaded.recipients = found;
    loaded.beginning = view.read_blob(loaded.blob, 0..beginning.min(loaded.size))?;
    Ok(Some(loaded))
}

fn load_recipient(view: &View, recipient: i64, now: Timestamp) -> Result<Option<LoadedRecipient>, store::Error> {
    let row = view.query_opt(
        "SELECT address, attempts FROM queue_recipient WHERE id = $1 AND state = 0 AND next_try <= $2",
        params![recipient, now.0],
        |row| Ok((row.get::<String>(0)?, row.get(1)?)),
    )?;
    let known = row.and_then(|(address, attempts)| Some((Address::parse(&address).ok()?, attempts)));
    Ok(known.map(|(address, attempts)| LoadedRecipient { row: recipient, address, attempts }))
}

/// Without recipients and bytes.
pub(super) fn load_letter(view: &View, letter: i64) -> Result<Option<Loaded>, store::Error> {
    view.query_opt(
        "SELECT name, return_path, blob, size, eight_bit, smtputf8, arrived, expires FROM queue_letter WHERE id = $1",
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
                expires: Timestamp(row.get(7)?),
                recipients: Vec::new(),
                beginning: Bytes::new(),
            })
        },
    )
}

pub(super) fn return_path(text: &str) -> ReturnPath {
    Address::parse(text).map_or(ReturnPath::Null, ReturnPath::Address)
}
