//! Which letters of a source are here.

use std::collections::HashMap;
use std::ops::ControlFlow;

use mail::Timestamp;
use store::{Tx, View, params};

use super::SourceId;
use crate::identity::Digest;

/// What is known of a letter at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// It is here, or was until its owner did something else with it.
    Here,
    /// It was left there: too large, or not to be had.
    LeftThere,
    /// It is the same letter as another row's.
    Same,
    /// It was here, and we took it away there.
    Parted,
}

impl LetterState {
    fn code(self) -> i64 {
        self as i64
    }
}

/// A letter of a source, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub source: SourceId,
    /// The row of its folder.
    pub folder: i64,
    /// Its name there: see [`Entry::imap`] and [`pop_key`].
    pub key: Vec<u8>,
    /// Octets, as the server tells.
    pub size: u64,
    /// By its header.
    pub light: Option<Digest>,
    /// By its content; empty where it was not read.
    pub content: Option<Digest>,
    /// X-GM-MSGID
    pub gmail: Option<u64>,
}

/// Whether a letter is to be filed.
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
        Self { source, folder, key, size, light: None, content: None, gmail: None }
    }

    /// A letter of a POP3 maildrop, by a key that [`pop_key`] made.
    pub fn pop(source: SourceId, folder: i64, key: Vec<u8>, size: u64) -> Self {
        Self { source, folder, key, size, light: None, content: None, gmail: None }
    }

    /// Writes down that the letter is here, unless it is known. Called in the transaction that files it: both happen
    /// or neither.
    pub fn admit(&self, tx: &mut Tx, now: Timestamp) -> Result<Fate, store::Error> {
        if self.is_written(tx)? {
            return Ok(Fate::Known);
        }
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
        self.write(tx, LetterState::Here, now)?;
        Ok(Fate::New)
    }

    /// Is it here already, under this key or another? For homes that cannot file in our commits: they ask first.
    pub fn is_known(&self, view: &View) -> Result<bool, store::Error> {
        if self.is_written(view)? {
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

    /// Writes the letter down with another state, where it is not known.
    pub fn note(&self, tx: &mut Tx, state: LetterState, now: Timestamp) -> Result<(), store::Error> {
        if self.is_written(tx)? { Ok(()) } else { self.write(tx, state, now) }
    }

    /// Is it known under this key?
    pub fn is_written(&self, view: &View) -> Result<bool, store::Error> {
        let sql = "SELECT 1 FROM fetch_letter WHERE folder = $1 AND key = $2";
        Ok(view.query_opt(sql, params![self.folder, self.key], |_| Ok(()))?.is_some())
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
            "UPDATE fetch_letter SET folder = $3, key = $4, gone = 0, size = $5 WHERE folder = $1 AND key = $2",
            params![folder, key, self.folder, self.key, self.size],
        )?;
        Ok(true)
    }
}

/// Recognises a letter by its header alone, before it is fetched: a letter that is not where it was.
pub fn claim(tx: &mut Tx, entry: &Entry) -> Result<bool, store::Error> {
    if entry.is_written(tx)? {
        return Ok(true);
    }
    match entry.light {
        Some(light) => entry.take_over(tx, "light", light),
        None => Ok(false),
    }
}

/// Is a letter of Gmail's known, in whichever folder?
pub fn known_gmail(view: &View, source: SourceId, gmail: u64) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM fetch_letter WHERE source = $1 AND gmail = $2";
    Ok(view.query_opt(sql, params![source.0, gmail.cast_signed()], |_| Ok(()))?.is_some())
}

/// Are there letters that are not where they were?
pub fn has_gone(view: &View, source: SourceId) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM fetch_letter WHERE source = $1 AND gone = 1 LIMIT 1";
    Ok(view.query_opt(sql, params![source.0], |_| Ok(()))?.is_some())
}

/// A letter that may go at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its key.
    pub key: Vec<u8>,
    /// The UID, where it has one.
    pub uid: Option<u32>,
}

/// Letters of a folder that are here since before `parting`, at most `most`, those fetched first at the front.
pub fn due(view: &View, folder: i64, parting: Timestamp, most: usize) -> Result<Vec<Due>, store::Error> {
    view.query(
        "SELECT key FROM fetch_letter WHERE folder = $1 AND state = 0 AND gone = 0 AND fetched <= $2
         ORDER BY fetched LIMIT $3",
        params![folder, parting.0, most],
        |row| {
            let key = row.bytes(0)?;
            Ok(Due { key: key.to_vec(), uid: uid_of(key) })
        },
    )
}

/// Writes down that these were taken away at the other end.
pub fn parted(tx: &mut Tx, folder: i64, keys: &[Vec<u8>]) -> Result<(), store::Error> {
    for key in keys {
        tx.execute("UPDATE fetch_letter SET state = 3, gone = 1 WHERE folder = $1 AND key = $2", params![folder, key])?;
    }
    Ok(())
}

/// The keys that are known in a maildrop, with whether their letters are not there any more.
pub fn pop_keys(view: &View, folder: i64) -> Result<HashMap<Vec<u8>, bool>, store::Error> {
    let mut known = HashMap::new();
    view.for_each("SELECT key, gone FROM fetch_letter WHERE folder = $1", params![folder], |row| {
        known.insert(row.bytes(0)?.to_vec(), row.get(1)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(known)
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
