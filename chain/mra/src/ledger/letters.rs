//! Records which letters of a source are here.

use std::collections::HashMap;
use std::ops::ControlFlow;

use mail::Timestamp;
use store::{Row, Tx, View, params};

use super::SourceId;
use super::left::forget_left;
use crate::identity::Digest;

/// The state of a letter at the other end, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// It is here, or was until its owner did something else with it.
    Here,
    /// It is older than the wanted letters, and was left there.
    TooOld,
    /// It is the same letter as another row's.
    Same,
    /// It was here, and we took it away there.
    Parted,
    /// The part that its server gave of it is here, and its server says that there is more, or does not show that it
    /// is the same: it is never taken away there.
    Short,
}

impl LetterState {
    fn code(self) -> i64 {
        self as i64
    }

    fn of(code: i64) -> Self {
        let all = [Self::Here, Self::TooOld, Self::Same, Self::Parted, Self::Short];
        all.into_iter().find(|state| state.code() == code).unwrap_or(Self::Short)
    }
}

/// A letter of a source, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The source of the letter.
    pub source: SourceId,
    /// The row of its folder.
    pub folder: i64,
    /// Its name there: see [`Entry::imap`] and [`pop_key`].
    pub key: Vec<u8>,
    /// Octets, as the server tells.
    pub size: u64,
    /// The digest of its header.
    pub light: Option<Digest>,
    /// The digest of its content; empty if it was not read.
    pub content: Option<Digest>,
    /// X-GM-MSGID
    pub gmail: Option<u64>,
    /// Its server gave less of it than it says there is.
    pub short: bool,
}

/// The decision whether a letter is to be filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new: file it, in this very transaction.
    New,
    /// It is here already.
    Known,
}

impl Entry {
    /// A letter of an IMAP folder.
    pub fn imap(source: SourceId, folder: i64, validity: u32, uid: u32, size: u64) -> Self {
        let key = imap_key(validity, uid);
        Self { source, folder, key, size, light: None, content: None, gmail: None, short: false }
    }

    /// A letter of a POP3 maildrop, by a key that [`pop_key`] made.
    pub fn pop(source: SourceId, folder: i64, key: Vec<u8>, size: u64) -> Self {
        Self { source, folder, key, size, light: None, content: None, gmail: None, short: false }
    }

    /// Writes down that the letter is here, unless it is known. Called in the transaction that files it: both happen
    /// or neither.
    pub fn admit(&self, tx: &mut Tx, now: Timestamp) -> Result<Fate, store::Error> {
        forget_left(tx, self.folder, &self.key)?;
        if self.is_the_one_written(tx)? {
            self.is_back(tx)?;
            return Ok(Fate::Known);
        }
        displace(tx, self.folder, &self.key)?;
        if let Some(gmail) = self.gmail
            && known_gmail(tx, self.source, gmail)?
        {
            self.write(tx, LetterState::Same, now)?;
            return Ok(Fate::Known);
        }
        if let Some(content) = self.content
            && self.take_over(tx, "content", content)?
        {
            return Ok(Fate::Known);
        }
        self.write(tx, if self.short { LetterState::Short } else { LetterState::Here }, now)?;
        Ok(Fate::New)
    }

    /// Returns true if the letter is here already, under this key or another. This is for homes that cannot file in our
    /// commits: they ask first.
    pub fn is_known(&self, view: &View) -> Result<bool, store::Error> {
        if self.is_the_one_written(view)? {
            return Ok(true);
        }
        if let Some(gmail) = self.gmail
            && known_gmail(view, self.source, gmail)?
        {
            return Ok(true);
        }
        let Some(content) = self.content else { return Ok(false) };
        let sql = "SELECT 1 FROM fetch_letter WHERE source = $1 AND content = $2 AND gone = 1";
        Ok(view.query_opt(sql, params![self.source.0, content.to_vec()], |_| Ok(()))?.is_some())
    }

    /// Writes the letter down with another state, if it is not known.
    pub fn note(&self, tx: &mut Tx, state: LetterState, now: Timestamp) -> Result<(), store::Error> {
        forget_left(tx, self.folder, &self.key)?;
        if self.is_written(tx)? { Ok(()) } else { self.write(tx, state, now) }
    }

    /// Returns true if a letter is known under this key.
    pub fn is_written(&self, view: &View) -> Result<bool, store::Error> {
        let sql = "SELECT 1 FROM fetch_letter WHERE folder = $1 AND key = $2";
        Ok(view.query_opt(sql, params![self.folder, self.key], |_| Ok(()))?.is_some())
    }

    /// Returns true if this very letter is known under this key. A key whose letter went may name another one now.
    fn is_the_one_written(&self, view: &View) -> Result<bool, store::Error> {
        let sql = "SELECT gone, content FROM fetch_letter WHERE folder = $1 AND key = $2";
        let row = view.query_opt(sql, params![self.folder, self.key], |row| Ok((row.get(0)?, digest(row, 1)?)))?;
        let Some((gone, content)): Option<(bool, Option<Digest>)> = row else { return Ok(false) };
        Ok(!gone || content.is_none() || self.content.is_none() || content == self.content)
    }

    /// A letter that was said to be gone is there all the same.
    fn is_back(&self, tx: &mut Tx) -> Result<(), store::Error> {
        tx.execute(
            "UPDATE fetch_letter SET gone = 0 WHERE folder = $1 AND key = $2 AND gone = 1",
            params![self.folder, self.key],
        )?;
        Ok(())
    }

    fn write(&self, tx: &mut Tx, state: LetterState, now: Timestamp) -> Result<(), store::Error> {
        let bytes = |digest: &Option<Digest>| digest.map(|digest| digest.to_vec());
        // Only one row stands for a letter of Gmail's.
        let gmail = self.gmail.filter(|_| state != LetterState::Same).map(u64::cast_signed);
        tx.execute(
            "INSERT INTO fetch_letter (folder, key, source, state, fetched, size, light, content, gmail)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                self.folder,
                self.key,
                self.source.0,
                state.code(),
                now.0,
                self.size,
                bytes(&self.light),
                bytes(&self.content),
                gmail
            ],
        )?;
        Ok(())
    }

    /// A row whose letter is not where it was becomes this one's.
    fn take_over(&self, tx: &mut Tx, column: &str, digest: Digest) -> Result<bool, store::Error> {
        let sql = format!(
            "SELECT folder, key FROM fetch_letter WHERE source = $1 AND {column} = $2 AND gone = 1
             ORDER BY folder, key LIMIT 1"
        );
        let found = tx.query_opt(&sql, params![self.source.0, digest.to_vec()], |row| {
            Ok((row.get::<i64>(0)?, row.bytes(1)?.to_vec()))
        })?;
        let Some((folder, key)) = found else { return Ok(false) };
        tx.execute(
            "UPDATE fetch_letter SET folder = $3, key = $4, gone = 0, size = $5, light = COALESCE($6, light)
             WHERE folder = $1 AND key = $2",
            params![folder, key, self.folder, self.key, self.size, self.light.map(|light| light.to_vec())],
        )?;
        Ok(true)
    }
}

/// Recognises a letter by its header alone, before it is fetched: a letter that is not where it was.
pub fn claim(tx: &mut Tx, entry: &Entry) -> Result<bool, store::Error> {
    let sql = "SELECT gone, light FROM fetch_letter WHERE folder = $1 AND key = $2";
    let row = tx.query_opt(sql, params![entry.folder, entry.key], |row| Ok((row.get(0)?, digest(row, 1)?)))?;
    let known = match (row, entry.light) {
        (Some((false, _)), _) => true,
        (Some((true, then)), Some(now)) if then == Some(now) => {
            entry.is_back(tx)?;
            true
        }
        // Its key names another letter now; or nobody can tell before it is read.
        (Some((true, then)), now) if then.is_none() || now.is_none() => return Ok(false),
        (row, Some(light)) => {
            if row.is_some() {
                displace(tx, entry.folder, &entry.key)?;
            }
            entry.take_over(tx, "light", light)?
        }
        (_, None) => false,
    };
    if known {
        forget_left(tx, entry.folder, &entry.key)?;
    }
    Ok(known)
}

/// Returns true if a letter of Gmail's is known, in whichever folder.
pub fn known_gmail(view: &View, source: SourceId, gmail: u64) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM fetch_letter WHERE source = $1 AND gmail = $2";
    Ok(view.query_opt(sql, params![source.0, gmail.cast_signed()], |_| Ok(()))?.is_some())
}

/// Returns true if there are letters that are not where they were.
pub fn has_gone(view: &View, source: SourceId) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM fetch_letter WHERE source = $1 AND gone = 1 LIMIT 1";
    Ok(view.query_opt(sql, params![source.0], |_| Ok(()))?.is_some())
}

/// A letter that may go at the other end, once it is certain that the one there is the one here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its key.
    pub key: Vec<u8>,
    /// The UID, if it has one.
    pub uid: Option<u32>,
    /// Octets, as the server told.
    pub size: u64,
    /// The digest of its header.
    pub light: Option<Digest>,
    /// The digest of its content.
    pub content: Option<Digest>,
}

/// Letters of a folder that are here since before `parting`, at most `most`, those fetched first at the front.
pub fn due(view: &View, folder: i64, parting: Timestamp, most: usize) -> Result<Vec<Due>, store::Error> {
    view.query(
        "SELECT key, size, light, content FROM fetch_letter
         WHERE folder = $1 AND state = 0 AND gone = 0 AND fetched <= $2 ORDER BY fetched LIMIT $3",
        params![folder, parting.0, most],
        |row| {
            let key = row.bytes(0)?;
            let (light, content) = (digest(row, 2)?, digest(row, 3)?);
            Ok(Due { key: key.to_vec(), uid: uid_of(key), size: row.get(1)?, light, content })
        },
    )
}

fn digest(row: &Row<'_>, column: usize) -> Result<Option<Digest>, store::Error> {
    let octets: Option<Vec<u8>> = row.get(column)?;
    Ok(octets.and_then(|octets| octets.try_into().ok()))
}

/// Counts the letters of a folder that should go since `parting`, and do not: their server says that there is more of
/// them.
pub fn short(view: &View, folder: i64, parting: Timestamp) -> Result<u64, store::Error> {
    let sql = "SELECT COUNT(*) FROM fetch_letter WHERE folder = $1 AND state = 4 AND gone = 0 AND fetched <= $2";
    view.query_one(sql, params![folder, parting.0], |row| row.get(0))
}

/// These are never taken away there: nothing proves that the letter there is the one here.
pub fn keep_there(tx: &mut Tx, folder: i64, keys: &[Vec<u8>]) -> Result<(), store::Error> {
    for key in keys {
        tx.execute("UPDATE fetch_letter SET state = 4 WHERE folder = $1 AND key = $2", params![folder, key])?;
    }
    Ok(())
}

/// Writes down that these were taken away at the other end.
pub fn parted(tx: &mut Tx, folder: i64, keys: &[Vec<u8>]) -> Result<(), store::Error> {
    for key in keys {
        tx.execute("UPDATE fetch_letter SET state = 3, gone = 1 WHERE folder = $1 AND key = $2", params![folder, key])?;
    }
    Ok(())
}

/// The facts that are known of a letter of a maildrop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopKnown {
    /// Its state.
    pub state: LetterState,
    /// It is not there any more.
    pub gone: bool,
    /// Octets, as the server told.
    pub size: u64,
    /// The digest of its header.
    pub light: Option<Digest>,
    /// The digest of its content.
    pub content: Option<Digest>,
}

/// The letters that are known in a maildrop, by their keys.
pub fn pop_known(view: &View, folder: i64) -> Result<HashMap<Vec<u8>, PopKnown>, store::Error> {
    let mut known = HashMap::new();
    view.for_each(
        "SELECT key, state, gone, size, light, content FROM fetch_letter WHERE folder = $1",
        params![folder],
        |row| {
            let (state, gone, size) = (LetterState::of(row.get(1)?), row.get(2)?, row.get(3)?);
            let (light, content) = (digest(row, 4)?, digest(row, 5)?);
            known.insert(row.bytes(0)?.to_vec(), PopKnown { state, gone, size, light, content });
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(known)
}

/// Notes that the key of a letter names another letter now. The row of the first one stays, under a key that names
/// nothing: the letter may turn up elsewhere.
pub fn displace(tx: &mut Tx, folder: i64, key: &[u8]) -> Result<(), store::Error> {
    let sql = "SELECT 1 FROM fetch_letter WHERE folder = $1 AND key = $2";
    if tx.query_opt(sql, params![folder, key.to_vec()], |_| Ok(()))?.is_none() {
        return Ok(());
    }
    let last = tx.query_opt(
        "SELECT COUNT(*) FROM fetch_letter WHERE folder = $1 AND key > $2 AND key < $3",
        params![folder, [key, b"\0"].concat(), [key, b"\x01"].concat()],
        |row| row.get::<i64>(0),
    )?;
    let nowhere = [key, b"\0", &last.unwrap_or_default().to_be_bytes()].concat();
    tx.execute(
        "UPDATE fetch_letter SET key = $3, gone = 1 WHERE folder = $1 AND key = $2",
        params![folder, key.to_vec(), nowhere],
    )?;
    Ok(())
}

/// A letter that was said to be gone, or taken away, is there all the same.
pub fn returned(tx: &mut Tx, folder: i64, key: &[u8], size: u64) -> Result<(), store::Error> {
    tx.execute(
        "UPDATE fetch_letter SET gone = 0, size = $3, state = CASE WHEN state = 3 THEN 0 ELSE state END
         WHERE folder = $1 AND key = $2",
        params![folder, key.to_vec(), size],
    )?;
    Ok(())
}

/// Marks letters of a maildrop that are not there any more. At most a slice of them at a time.
pub fn mark_keys_gone(tx: &mut Tx, folder: i64, keys: &[Vec<u8>]) -> Result<(), store::Error> {
    for key in keys {
        tx.execute("UPDATE fetch_letter SET gone = 1 WHERE folder = $1 AND key = $2", params![folder, key])?;
    }
    Ok(())
}

/// The key of an IMAP letter: in the order of its numbers.
pub(super) fn imap_key(validity: u32, uid: u32) -> Vec<u8> {
    [validity.to_be_bytes(), uid.to_be_bytes()].concat()
}

pub(super) fn uid_of(key: &[u8]) -> Option<u32> {
    let (_, uid) = key.split_at_checked(4)?;
    uid.try_into().ok().map(u32::from_be_bytes)
}

/// The key of a POP3 letter: `U` and its unique-id, `T` and a hash of its header, `H` and one of its content.
pub fn pop_key(kind: u8, name: &[u8]) -> Vec<u8> {
    [&[kind], name].concat()
}
