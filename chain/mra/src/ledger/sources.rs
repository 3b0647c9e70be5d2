//! The sources and how they fare.

use std::time::Duration;

use mail::Timestamp;
use store::{Row, Topic, Tx, View, params};

use super::labels::forget_labels;
use crate::settings::{Keep, Settings};
use crate::{Fault, FaultKind};

/// More sources than this are no household's, nor a company's.
const MOST: i64 = 10_000;
/// The number of octets that are kept of a server's words.
const MOST_SAID: usize = 500;
/// Rows of letters forgotten in one commit.
const SLICE: usize = 2000;

/// The number of a source. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub i64);

/// A mailbox elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub id: SourceId,
    /// The name that people give it.
    pub name: String,
    /// True if the source is fetched from without being asked each time.
    pub service: bool,
    /// The settings, as somebody made them.
    pub settings: Settings,
    /// Its password or token, sealed.
    pub secret: Option<Vec<u8>>,
    /// Its standing.
    pub standing: Standing,
}

/// The standing of a source: whether it is well, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The kind of its fault; `None`: it is well, or has not been tried.
    pub fault: Option<FaultKind>,
    /// The fault in words; the server's, if it said some.
    pub said: String,
    /// The time since which it has this standing.
    pub since: Timestamp,
    /// The number of failures in a row.
    pub failures: u32,
    /// Not tried before this.
    pub next_try: Timestamp,
    /// When all of it was last fetched.
    pub success: Option<Timestamp>,
    /// Letters fetched so far.
    pub letters: u64,
    /// Their octets.
    pub octets: u64,
    /// Letters and folders that are left there now: too large, or not to be had.
    pub left_there: u64,
    /// The number of those that could not be had.
    pub vain: u64,
}

/// The reason why a source was not added or found.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The name is taken.
    #[error("there is a source called {0} already")]
    Exists(String),
    /// There is none of this name.
    #[error("there is no source called {0}")]
    Unknown(String),
    /// There are enough.
    #[error("there are {MOST} sources, which is the most there can be")]
    TooMany,
    /// A row that this program did not write.
    #[error("the settings of the source {0} are damaged; remove it and add it again")]
    Damaged(String),
}

/// Announced when a source is added, removed, or given another secret.
pub fn topic() -> Topic {
    Topic { kind: "fetch", id: 0 }
}

const COLUMNS: &str = "source, name, service, settings, secret, fault, said, since, failures, next_try, success,
    letters, octets,
    (SELECT COUNT(*) FROM fetch_left l WHERE l.source = fetch_source.source AND l.tries > 0),
    (SELECT COUNT(*) FROM fetch_left l WHERE l.source = fetch_source.source AND l.tries > 0 AND l.why <> 'too_large')";

fn read(row: &Row<'_>) -> Result<(Source, bool), store::Error> {
    let settings: Option<Settings> = serde_json::from_str(row.text(3)?).ok();
    let damaged = settings.is_none();
    let nowhere = crate::place::Mailbox {
        protocol: crate::Protocol::Imap,
        tls: true,
        user: String::new(),
        host: String::new(),
        port: 993,
    };
    let fault: Option<String> = row.get(5)?;
    let source = Source {
        id: SourceId(row.get(0)?),
        name: row.get(1)?,
        service: row.get::<i64>(2)? == 1,
        settings: settings.unwrap_or_else(|| Settings::new(nowhere, String::new())),
        secret: Some(row.bytes(4)?.to_vec()).filter(|secret| !secret.is_empty()),
        standing: Standing {
            fault: fault.and_then(|fault| serde_json::from_value(fault.into()).ok()),
            said: row.get(6)?,
            since: Timestamp(row.get(7)?),
            failures: row.get(8)?,
            next_try: Timestamp(row.get(9)?),
            success: row.get::<Option<i64>>(10)?.map(Timestamp),
            letters: row.get(11)?,
            octets: row.get(12)?,
            left_there: row.get(13)?,
            vain: row.get(14)?,
        },
    };
    Ok((source, damaged))
}

/// The usual gap between two successes: a source is looked at several times a day. If more lies between the last
/// success and now, or less than nothing, the machine was off or its clock was set.
const USUAL_GAP: Duration = Duration::from_secs(24 * 3600);
/// Clocks are set right by so much without harm.
const SLACK: Duration = Duration::from_secs(3600);

impl Source {
    /// Returns true if the clock goes as it should, as far as the last success tells.
    pub fn is_steady(&self, now: Timestamp) -> bool {
        let usual = |last: Timestamp| now.since(last) < USUAL_GAP && last.since(now) < SLACK;
        self.standing.success.is_none_or(usual)
    }

    /// Returns the time before which a letter must have been fetched to go at the other end. `None` while the clock
    /// may be wrong: a letter that is deleted there does not come back.
    pub fn parting(&self, now: Timestamp) -> Option<Timestamp> {
        let known = self.settings.keep == Keep::Days(0) || self.standing.success.is_some() && self.is_steady(now);
        self.settings.parting(now).filter(|_| known)
    }

    /// Returns how long it is left alone still. A time that is further away than any pause was written by a clock
    /// that was wrong.
    pub fn pause(&self, now: Timestamp) -> Duration {
        let pause = self.standing.next_try.since(now);
        if pause > Fault::LONGEST_PAUSE { Duration::ZERO } else { pause }
    }
}

/// Adds a source. If one was removed that is the same mailbox with the same target, it is taken up again, with the
/// memory of its letters.
pub fn add(
    tx: &mut Tx,
    name: &str,
    settings: &Settings,
    secret: Option<&[u8]>,
    service: bool,
    now: Timestamp,
) -> Result<SourceId, SourceError> {
    if by_name(tx, name)?.is_some() {
        return Err(SourceError::Exists(name.to_owned()));
    }
    let count: i64 = tx.query_one("SELECT COUNT(*) FROM fetch_source", params![], |row| row.get(0))?;
    if count >= MOST {
        return Err(SourceError::TooMany);
    }
    let known = find_removed(tx, settings)?;
    let settings = serde_json::to_string(settings).map_err(|_| SourceError::Damaged(name.to_owned()))?;
    let secret = secret.map(<[u8]>::to_vec);
    if let Some(id) = known {
        tx.execute(
            "UPDATE fetch_source SET name = $2, service = $3, settings = $4, secret = $5, fault = NULL, said = '',
             failures = 0, next_try = 0 WHERE source = $1",
            params![id.0, name, service, settings, secret],
        )?;
        tx.announce(topic());
        return Ok(id);
    }
    let id = tx.query_one(
        "INSERT INTO fetch_source (name, service, settings, secret, created) VALUES ($1, $2, $3, $4, $5) RETURNING source",
        params![name, service, settings, secret, now.0],
        |row| row.get(0).map(SourceId),
    )?;
    tx.announce(topic());
    Ok(id)
}

/// The source of this name.
pub fn by_name(view: &View, name: &str) -> Result<Option<Source>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM fetch_source WHERE name = $1");
    Ok(view.query_opt(&sql, params![name], read)?.map(|(source, _)| source))
}

/// The source of this number.
pub fn get(view: &View, id: SourceId) -> Result<Option<Source>, SourceError> {
    let sql = format!("SELECT {COLUMNS} FROM fetch_source WHERE source = $1");
    match view.query_opt(&sql, params![id.0], read)? {
        Some((source, true)) => Err(SourceError::Damaged(source.name)),
        found => Ok(found.map(|(source, _)| source)),
    }
}

/// Lists the sources that are fetched without being asked, by name.
pub fn list(view: &View) -> Result<Vec<Source>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM fetch_source WHERE service = 1 ORDER BY name");
    Ok(view.query(&sql, params![], read)?.into_iter().map(|(source, _)| source).collect())
}

/// Removes a source from the list, and its secret from the database. Its letters stay where they are, and the memory
/// of them stays too: added again, it goes on where it was.
pub fn remove(tx: &mut Tx, name: &str) -> Result<SourceId, SourceError> {
    let removed = tx.query_opt(
        "UPDATE fetch_source SET name = 'removed ' || source, service = 2, secret = NULL WHERE name = $1 RETURNING source",
        params![name],
        |row| row.get(0).map(SourceId),
    )?;
    tx.announce(topic());
    removed.ok_or_else(|| SourceError::Unknown(name.to_owned()))
}

/// A removed source that is the same mailbox, with the same target.
fn find_removed(view: &View, settings: &Settings) -> Result<Option<SourceId>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM fetch_source WHERE service = 2 ORDER BY source DESC LIMIT 1000");
    let same =
        |source: &Source| source.settings.mailbox == settings.mailbox && source.settings.target == settings.target;
    let removed = view.query(&sql, params![], read)?;
    Ok(removed.into_iter().map(|(source, _)| source).find(same).map(|source| source.id))
}

/// Forgets a source and all that is known of it; that of its letters is cleared away by [`sweep_removed`].
pub fn forget(tx: &mut Tx, name: &str) -> Result<SourceId, SourceError> {
    let id = tx.query_opt("DELETE FROM fetch_source WHERE name = $1 RETURNING source", params![name], |row| {
        row.get(0).map(SourceId)
    })?;
    tx.announce(topic());
    id.ok_or_else(|| SourceError::Unknown(name.to_owned()))
}

/// Clears away a slice of the memory of a removed source's letters. Returns whether there is more.
pub fn sweep_removed(tx: &mut Tx, id: SourceId) -> Result<bool, store::Error> {
    let folder = tx.query_opt("SELECT folder FROM fetch_folder WHERE source = $1 LIMIT 1", params![id.0], |row| {
        row.get::<i64>(0)
    })?;
    let Some(folder) = folder else { return forget_labels(tx, id, SLICE) };
    let gone = tx.execute(
        "DELETE FROM fetch_letter WHERE folder = $1 AND key IN (SELECT key FROM fetch_letter WHERE folder = $1 LIMIT $2)",
        params![folder, SLICE],
    )?;
    if gone < SLICE {
        tx.execute("DELETE FROM fetch_left WHERE folder = $1", params![folder])?;
        tx.execute("DELETE FROM fetch_folder WHERE folder = $1", params![folder])?;
    }
    Ok(true)
}

/// Gives a source another secret, because somebody says so: it is tried again at once.
pub fn change_secret(tx: &mut Tx, name: &str, sealed: &[u8]) -> Result<(), SourceError> {
    let changed = tx
        .execute("UPDATE fetch_source SET secret = $2, next_try = 0 WHERE name = $1", params![name, sealed.to_vec()])?;
    tx.announce(topic());
    if changed == 0 { Err(SourceError::Unknown(name.to_owned())) } else { Ok(()) }
}

/// Sets a source up anew. The memory of its letters stays.
pub fn change(tx: &mut Tx, id: SourceId, settings: &Settings, secret: &[u8]) -> Result<(), SourceError> {
    let settings = serde_json::to_string(settings).map_err(|_| SourceError::Damaged(String::new()))?;
    tx.execute(
        "UPDATE fetch_source SET settings = $2, secret = $3 WHERE source = $1",
        params![id.0, settings, secret.to_vec()],
    )?;
    tx.announce(topic());
    Ok(())
}

/// Keeps another secret, sealed: the token that a server has exchanged the last one for.
pub fn keep_secret(tx: &mut Tx, id: SourceId, sealed: &[u8]) -> Result<(), store::Error> {
    tx.execute("UPDATE fetch_source SET secret = $2 WHERE source = $1", params![id.0, sealed.to_vec()])?;
    Ok(())
}

/// Writes down the fault of a source, and until when it is left alone.
pub fn note_fault(tx: &mut Tx, id: SourceId, fault: &Fault, now: Timestamp) -> Result<(), store::Error> {
    let Some(kind) = fault.kind() else { return Ok(()) };
    let kind = serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned));
    let said: String = fault.to_string().chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    let before = tx.query_opt("SELECT failures, fault FROM fetch_source WHERE source = $1", params![id.0], |row| {
        Ok((row.get::<u32>(0)?, row.get::<Option<String>>(1)?))
    })?;
    let Some((failures, old)) = before else { return Ok(()) };
    let same = old == kind;
    let failures = if same { failures.saturating_add(1) } else { 1 };
    let next_try = now.after(fault.pause(failures));
    tx.execute(
        "UPDATE fetch_source SET fault = $2, said = $3, failures = $4, next_try = $5,
         since = CASE WHEN $6 = 1 THEN since ELSE $7 END WHERE source = $1",
        params![id.0, kind, said, failures, next_try.0, same, now.0],
    )?;
    Ok(())
}

/// Writes down that all of a source has been fetched.
pub fn note_success(tx: &mut Tx, id: SourceId, now: Timestamp) -> Result<(), store::Error> {
    tx.execute(
        "UPDATE fetch_source SET fault = NULL, said = '', since = $2, failures = 0, next_try = 0, success = $2
         WHERE source = $1",
        params![id.0, now.0],
    )?;
    Ok(())
}

/// Counts letters that came, in the commit that files them.
pub fn note_taken(tx: &mut Tx, id: SourceId, letters: u64, octets: u64) -> Result<(), store::Error> {
    tx.execute(
        "UPDATE fetch_source SET letters = letters + $2, octets = octets + $3 WHERE source = $1",
        params![id.0, letters, octets],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mailbox, Protocol};

    const NOW: Timestamp = Timestamp(1_795_501_377_000);
    const YEARS: Duration = Duration::from_secs(3 * 365 * 86_400);

    fn source(keep: Keep, success: Option<Timestamp>, next_try: Timestamp) -> Source {
        let (user, host) = (String::new(), String::new());
        let nowhere = Mailbox { protocol: Protocol::Imap, tls: true, user, host, port: 993 };
        let settings = Settings { keep, ..Settings::new(nowhere, String::new()) };
        let standing = Standing { success, next_try, ..Standing::default() };
        Source { id: SourceId(1), name: String::new(), service: true, settings, secret: None, standing }
    }

    #[test]
    fn a_clock_that_was_years_ahead_keeps_no_source_waiting() {
        let minutes = Duration::from_secs(300);
        assert_eq!(source(Keep::Forever, None, NOW.after(minutes)).pause(NOW), minutes);
        assert_eq!(source(Keep::Forever, None, NOW.after(YEARS)).pause(NOW), Duration::ZERO);
    }

    #[test]
    fn nothing_is_deleted_elsewhere_while_the_clock_may_be_wrong() {
        let day = |days| source(Keep::Days(days), Some(NOW), Timestamp(0));
        let hour = NOW.after(Duration::from_secs(3600));
        assert_eq!(day(3).parting(hour), Some(Timestamp(hour.0 - 3 * 86_400_000)));
        assert_eq!(day(3).parting(NOW.after(YEARS)), None);
        assert_eq!(day(3).parting(Timestamp(NOW.0 - 30 * 86_400_000)), None);
        assert_eq!(day(0).parting(NOW.after(YEARS)), Some(Timestamp(i64::MAX)));
        assert_eq!(source(Keep::Days(3), None, Timestamp(0)).parting(NOW), None);
    }
}
