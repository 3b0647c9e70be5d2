//! Reads letters anew that an earlier version kept, behind everything else: the columns of their envelopes and parts
//! become those of today's reading. Their octets are not touched.
//!
//! The protocols fix what a client may be told of it (RFC 9051 §2.3.1.1, RFC 8621 §4.1.4):
//! - If every part stands where it stood, the letter keeps its identity: whatever a client holds of its octets is
//!   still right, and a field is only read better. Clients learn by a change that there is something to look at.
//! - If a part came or went, a part's number would lead to other octets than a client remembers. The letter takes a
//!   new key and a new UID, as if it had been copied and the first of the two removed, so that no client mistakes it
//!   for the old one.
//!
//! The same walk notes what old letters of late conversations are about, for answers that name no letter.

use std::ops::ControlFlow;

use mail::Timestamp;
use store::{Key, Store, Tx, View, params};

use crate::letter::again::{self, Anew};
use crate::letter::kept::Kept;
use crate::parse::{Contents, Limits, column, scan};
use crate::thread::{self, Topic};
use crate::{Change, Error, LetterKey, Structure, Summary, ThreadId, body};

/// Rows looked at in one round, letters read, and the octets of them that end it early.
const ROWS: usize = 500;
const LETTERS: usize = 64;
const OCTETS: u64 = 8 << 20;
/// A letter larger than this stays as it was read: it would be in memory whole.
const LARGEST: u64 = 64 << 20;

/// One step; true when there is more.
pub(super) async fn round(store: &Store) -> Result<bool, Error> {
    let Some(after) = store.read(reached).await? else { return Ok(false) };
    let found = match store.read(move |view| look(view, after, ROWS)).await {
        Err(Error::Store(store::Error::Panicked(why))) => one_by_one(store, after, &why).await?,
        found => found?,
    };
    let changed = store.write(Key::Everything, move |tx| keep(tx, &found)).await?;
    super::again(store, changed).await?;
    Ok(true)
}

/// A letter of the round is more than our readers can bear: it stays as it is.
async fn one_by_one(store: &Store, after: LetterKey, why: &str) -> Result<Found, Error> {
    match store.read(move |view| look(view, after, 1)).await {
        Err(Error::Store(store::Error::Panicked(_))) => {}
        found => return found,
    }
    let sql = "SELECT MIN(letter) FROM letter WHERE letter > $1";
    let letter: Option<i64> =
        store.read(move |view| Ok::<_, Error>(view.query_one(sql, params![after.0], |row| row.get(0))?)).await?;
    tracing::error!(letter, why, "this letter cannot be read anew; please report it with the letter");
    Ok(Found::at(LetterKey(letter.unwrap_or(after.0))))
}

/// The last letter that was looked at with today's reading. `None`: all were.
fn reached(view: &View) -> Result<Option<LetterKey>, Error> {
    let sql = "SELECT after, done FROM read_anew WHERE version = $1";
    let at = view
        .query_opt(sql, params![i64::from(column::VERSION)], |row| Ok((LetterKey(row.get(0)?), row.get::<bool>(1)?)))?;
    Ok(match at {
        Some((_, true)) => None,
        Some((after, false)) => Some(after),
        None => Some(LetterKey(0)),
    })
}

/// The result of a round.
struct Found {
    reached: LetterKey,
    done: bool,
    anew: Vec<Anew>,
    topics: Vec<(LetterKey, Spoken)>,
}

impl Found {
    /// Nothing, up to this letter.
    fn at(reached: LetterKey) -> Self {
        Self { reached, done: false, anew: Vec::new(), topics: Vec::new() }
    }
}

/// The topic of a letter, and the day on which it came.
struct Spoken {
    topic: Topic,
    received: Timestamp,
}

/// A letter that the walk has come to.
struct Met {
    kept: Kept,
    /// Tells whether its topic may still lead to its conversation.
    is_late: bool,
    received: Timestamp,
}

impl Met {
    fn is_of_earlier_reading(&self) -> bool {
        let is_earlier = |column: &[u8]| column::is_of_earlier_reading(column);
        (is_earlier(&self.kept.summary) || is_earlier(&self.kept.structure)) && self.kept.size <= LARGEST
    }
}

fn look(view: &View, after: LetterKey, most: usize) -> Result<Found, Error> {
    let rows = rows(view, after, most)?;
    let mut found = Found { done: rows.is_empty(), ..Found::at(after) };
    let (mut letters, mut octets) = (0, 0);
    for met in rows {
        found.reached = met.kept.letter;
        let read = match met.is_of_earlier_reading() {
            true => met.kept.size,
            false if met.is_late => 0,
            false => continue,
        };
        match met.read(view, &mut found) {
            // A damaged letter stays as it is; `verify` tells of it.
            Err(Error::Store(error)) if super::is_damage(&error) => {}
            read => read?,
        }
        (letters, octets) = (letters + 1, octets + read);
        if letters >= LETTERS || octets >= OCTETS {
            break;
        }
    }
    Ok(found)
}

fn rows(view: &View, after: LetterKey, most: usize) -> Result<Vec<Met>, Error> {
    let sql = format!(
        "SELECT {}, l.thread, a.change, (SELECT MIN(e.received) FROM entry e WHERE e.letter = l.letter)
         FROM letter l JOIN account_mail a ON a.account = l.account
         WHERE l.letter > $1 AND EXISTS (SELECT 1 FROM entry e WHERE e.letter = l.letter) ORDER BY l.letter LIMIT $2",
        Kept::COLUMNS
    );
    let mut rows = Vec::new();
    view.for_each(&sql, params![after.0, most], |row| {
        let (thread, change) = (ThreadId(row.get(Kept::NEXT)?), Change(row.get(Kept::NEXT + 1)?));
        let is_late = !thread::spoken::is_forgotten(thread, change);
        rows.push(Met { kept: Kept::read(row)?, is_late, received: Timestamp(row.get(Kept::NEXT + 2)?) });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(rows)
}

impl Met {
    fn read(self, view: &View, found: &mut Found) -> Result<(), Error> {
        let kept = &self.kept;
        let (Some(summary), Some(structure)) = (Summary::decode(&kept.summary), Structure::decode(&kept.structure))
        else {
            // Damaged: for `verify` to mend.
            return Ok(());
        };
        let (letter, received, is_late) = (kept.letter, self.received, self.is_late);
        let mut topic = |summary: &Summary, raw: &[u8]| {
            let topic = is_late.then(|| thread::Leads::of(summary, raw).topic).flatten();
            found.topics.extend(topic.map(|topic| (letter, Spoken { topic, received })));
        };
        if !self.is_of_earlier_reading() {
            topic(&summary, &body::header(view, kept.blob, &structure)?);
            return Ok(());
        }
        let raw = body::read_all(view, kept.blob, 0..view.blob_len(kept.blob)?)?;
        let (read, parts) = (Summary::parse(&raw), scan(&raw, Limits::default()));
        topic(&read, &raw);
        let says_the_same = read.says_the_same(&summary) && parts == structure;
        if says_the_same && read == summary {
            return Ok(());
        }
        found.anew.push(Anew {
            letter,
            account: kept.account,
            blob: kept.blob,
            attached: Contents::of_octets(&parts, &raw).has_attachment(),
            says_the_same,
            has_same_places: parts.has_same_places(&structure),
            summary: read.encode(),
            structure: parts.encode(),
        });
        Ok(())
    }
}

/// Keeps what was found, and how far the walk has come. Returns the letters whose words in the index may be others now.
fn keep(tx: &mut Tx, found: &Found) -> Result<Vec<LetterKey>, Error> {
    for (letter, spoken) in &found.topics {
        thread::speak_of(tx, *letter, &spoken.topic, spoken.received)?;
    }
    let mut changed = Vec::new();
    for anew in &found.anew {
        changed.extend(again::keep(tx, anew)?);
    }
    tx.execute(
        "INSERT INTO read_anew (version, after, done) VALUES ($1, $2, $3)
         ON CONFLICT (version) DO UPDATE SET after = excluded.after, done = excluded.done",
        params![i64::from(column::VERSION), found.reached.0, found.done],
    )?;
    Ok(changed)
}
