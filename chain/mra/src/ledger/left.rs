//! Keeps account of the letters and the whole folders that stayed at the other end because they could not be had.
//! Nothing is forgotten: each is tried again, after longer and longer pauses, until it comes or is not there any
//! more.

use std::time::Duration;

use mail::Timestamp;
use store::{Row, Tx, View, params};

use super::SourceId;
use super::letters::{Entry, imap_key, uid_of};
use crate::fetch::readable;
use crate::progress::Why;

/// The number of octets that are kept of a server's words.
const MOST_SAID: usize = 300;
/// The pause after the second vain try; the first is followed by another as soon as there is a round.
const FIRST_PAUSE: Duration = Duration::from_secs(10 * 60);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// The key of a folder as a whole.
const FOLDER: &[u8] = b"";

/// A letter or a folder that was left there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The row of its folder.
    pub folder: i64,
    /// The folder's name as the server writes it; empty for a maildrop.
    pub folder_name: Vec<u8>,
    /// The letter's key; empty: the folder as a whole.
    pub key: Vec<u8>,
    /// The kind of trouble.
    pub why: Why,
    /// The words of the server.
    pub said: String,
    /// The time since which it is left there.
    pub since: Timestamp,
    /// The last vain try.
    pub tried: Timestamp,
    /// Vain tries; 0: it is only suspected of having broken a connection.
    pub tries: u32,
    /// When it is tried again without being asked for.
    pub next_try: Timestamp,
}

impl Left {
    /// Returns true for a folder.
    pub fn is_folder(&self) -> bool {
        self.key == FOLDER
    }

    /// The UID, if it is a letter of an IMAP folder.
    pub fn uid(&self) -> Option<u32> {
        uid_of(&self.key)
    }

    /// The UID, if it is one under this UIDVALIDITY.
    pub fn uid_under(&self, validity: u32) -> Option<u32> {
        self.uid().filter(|uid| self.key == imap_key(validity, *uid))
    }

    /// The folder's name as people read it.
    pub fn folder_shown(&self) -> String {
        if self.folder_name.is_empty() { "INBOX".to_owned() } else { readable(&self.folder_name) }
    }

    /// Returns the name of the letter there: its UID, its unique-id, or its number; empty for a folder, and for a
    /// letter that only its content tells.
    pub fn letter_shown(&self) -> String {
        if !self.folder_name.is_empty() {
            return self.uid().map(|uid| uid.to_string()).unwrap_or_default();
        }
        match self.key.split_first() {
            Some((b'U', id)) => String::from_utf8_lossy(id).into_owned(),
            Some((b'N', number)) => {
                number.try_into().map(|number| u32::from_be_bytes(number).to_string()).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    /// Says whether it is tried now. Letters up to `largest` octets are wanted. `asked`: somebody asked for a try at
    /// this moment, so what was not tried since is.
    pub fn is_due(&self, now: Timestamp, asked: Option<Timestamp>, largest: u64) -> bool {
        if let Why::TooLarge(size) = self.why {
            return size <= largest;
        }
        // A time further away than any pause was written by a clock that was wrong.
        let waits = self.next_try > now && self.next_try.since(now) <= LONGEST_PAUSE;
        self.tries <= 1 || !waits || asked.is_some_and(|asked| self.tried <= asked)
    }
}

/// Returns how long a letter or folder that failed so often is left alone.
fn pause(tries: u32) -> Duration {
    match tries {
        0 | 1 => Duration::ZERO,
        more => FIRST_PAUSE.saturating_mul(1 << (more - 2).min(16)).min(LONGEST_PAUSE),
    }
}

/// Writes down that a letter was tried in vain.
pub fn leave(tx: &mut Tx, entry: &Entry, why: Why, said: &str, now: Timestamp) -> Result<(), store::Error> {
    put(tx, (entry.source, entry.folder, &entry.key), why, said, entry.size, now)
}

/// Writes down that a folder was tried in vain.
pub fn leave_folder(
    tx: &mut Tx,
    source: SourceId,
    folder: i64,
    said: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    put(tx, (source, folder, FOLDER), Why::NotOpened, said, 0, now)
}

fn put(
    tx: &mut Tx,
    (source, folder, key): (SourceId, i64, &[u8]),
    why: Why,
    said: &str,
    size: u64,
    now: Timestamp,
) -> Result<(), store::Error> {
    let before = tx.query_opt(
        "SELECT tries, since FROM fetch_left WHERE folder = $1 AND key = $2",
        params![folder, key.to_vec()],
        |row| Ok((row.get::<u32>(0)?, Timestamp(row.get(1)?))),
    )?;
    let (tries, since) = before.map_or((1, now), |(tries, since)| (tries.saturating_add(1), since));
    let said: String = said.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    let size = if let Why::TooLarge(size) = why { size } else { size };
    tx.execute(
        "INSERT INTO fetch_left (folder, key, source, why, said, size, since, tried, tries, next_try)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (folder, key) DO UPDATE SET why = $4, said = $5, size = $6, tried = $8, tries = $9, next_try = $10",
        params![
            folder,
            key.to_vec(),
            source.0,
            why.code(),
            said,
            size,
            since.0,
            now.0,
            tries,
            now.after(pause(tries)).0
        ],
    )?;
    Ok(())
}

/// Writes down letters that may be what broke a connection, or did not come with their neighbours: they are asked for one
/// by one. At most a slice of them at a time.
pub fn suspect(
    tx: &mut Tx,
    source: SourceId,
    folder: i64,
    keys: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), store::Error> {
    for key in keys {
        tx.execute(
            "INSERT INTO fetch_left (folder, key, source, why, said, size, since, tried, tries, next_try)
             VALUES ($1, $2, $3, $4, '', 0, $5, $5, 0, 0) ON CONFLICT (folder, key) DO NOTHING",
            params![folder, key.clone(), source.0, Why::NotGiven.code(), now.0],
        )?;
    }
    Ok(())
}

/// The keys of letters of an IMAP folder.
pub fn imap_keys(validity: u32, uids: &[u32]) -> Vec<Vec<u8>> {
    uids.iter().map(|uid| imap_key(validity, *uid)).collect()
}

/// A letter came, or is not there any more.
pub fn forget_left(tx: &mut Tx, folder: i64, key: &[u8]) -> Result<(), store::Error> {
    tx.execute("DELETE FROM fetch_left WHERE folder = $1 AND key = $2", params![folder, key.to_vec()])?;
    Ok(())
}

/// The folder can be fetched from again.
pub fn folder_is_well(tx: &mut Tx, folder: i64) -> Result<(), store::Error> {
    forget_left(tx, folder, FOLDER)
}

/// Returns the folders and letters of a source that were left, those tried first at the front; at most `most`.
pub fn left_of(view: &View, source: SourceId, most: usize) -> Result<Vec<Left>, store::Error> {
    let sql = format!("{SELECT} WHERE l.source = $1 ORDER BY l.tried, l.folder, l.key LIMIT $2");
    view.query(&sql, params![source.0, most], read)
}

/// Returns what was left of one folder: the folder itself, and its letters.
pub fn left_in(view: &View, folder: i64) -> Result<Vec<Left>, store::Error> {
    view.query(&format!("{SELECT} WHERE l.folder = $1 ORDER BY l.tried, l.key"), params![folder], read)
}

const SELECT: &str = "SELECT l.folder, f.name, l.key, l.why, l.said, l.size, l.since, l.tried, l.tries, l.next_try
    FROM fetch_left l JOIN fetch_folder f ON f.folder = l.folder";

fn read(row: &Row<'_>) -> Result<Left, store::Error> {
    let size: u64 = row.get(5)?;
    Ok(Left {
        folder: row.get(0)?,
        folder_name: row.bytes(1)?.to_vec(),
        key: row.bytes(2)?.to_vec(),
        why: Why::read(row.text(3)?, size),
        said: row.get(4)?,
        since: Timestamp(row.get(6)?),
        tried: Timestamp(row.get(7)?),
        tries: row.get(8)?,
        next_try: Timestamp(row.get(9)?),
    })
}

/// The number of letters and folders of a source that were tried in vain; those that are only too large do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vain {
    /// All of them.
    pub all: u64,
    /// The number of those that failed once and have not been tried again.
    pub fresh: u64,
}

/// Counts the letters and folders that were tried in vain.
pub fn vain(view: &View, source: SourceId) -> Result<Vain, store::Error> {
    view.query_one(
        "SELECT COUNT(*), COUNT(CASE WHEN tries = 1 THEN 1 END) FROM fetch_left
         WHERE source = $1 AND tries > 0 AND why <> $2",
        params![source.0, Why::TooLarge(0).code()],
        |row| Ok(Vain { all: row.get(0)?, fresh: row.get(1)? }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_501_377_000);

    fn left(why: Why, tries: u32, next_try: Timestamp) -> Left {
        let (since, tried) = (NOW, NOW);
        Left { folder: 1, folder_name: vec![], key: vec![], why, said: String::new(), since, tried, tries, next_try }
    }

    #[test]
    fn what_fails_is_tried_less_and_less_and_never_given_up() {
        assert_eq!(pause(1), Duration::ZERO);
        assert_eq!(pause(2), FIRST_PAUSE);
        assert_eq!(pause(3), FIRST_PAUSE * 2);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
        let waiting = left(Why::NotGiven, 9, NOW.after(LONGEST_PAUSE));
        assert!(!waiting.is_due(NOW, None, 100));
        assert!(waiting.is_due(NOW.after(LONGEST_PAUSE), None, 100));
        assert!(waiting.is_due(NOW, Some(NOW.after(Duration::from_secs(1))), 100), "somebody asks");
        assert!(left(Why::NotGiven, 9, NOW.after(LONGEST_PAUSE * 400)).is_due(NOW, None, 100), "a wrong clock");
    }

    #[test]
    fn a_large_letter_is_tried_only_when_larger_ones_are_wanted() {
        let large = left(Why::TooLarge(50), 1, Timestamp(0));
        assert!(!large.is_due(NOW, Some(NOW), 49));
        assert!(large.is_due(NOW, None, 50));
    }
}
