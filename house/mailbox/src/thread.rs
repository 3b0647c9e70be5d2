//! Conversations: letters that name one another in Message-ID, In-Reply-To and References (RFC 5322 §3.6.4) share a
//! thread. An answer that names no letter shares the thread of one with the same base subject and somebody who is in both
//! besides the account's owner, and wrote one of them, within 30 days. A thread lives as long as a letter of it does.

pub(crate) mod spoken;
mod subject;
mod topic;

use std::collections::{BTreeMap, HashSet};

use mail::Timestamp;
use mail::header::Mention;
use mail::seam::AccountId;
use store::{Tx, Value, View, params};

use crate::letter::visible;
use crate::numbers::hash;
use crate::parse::{Piece, Summary};
use crate::{Access, Change, Error, LetterKey, Right, ThreadId};

/// The most message ids of one letter that are looked at: its own, that of the letter it answers, and the ends of
/// References.
const MOST_REFERENCES: usize = 24;
/// The most message ids of a thread that is renamed.
const MOST_IDS: i64 = 2_048;
/// The most threads one letter can join to one.
const MOST_MERGED: usize = 8;
/// One letter renames threads of no more letters than this, all together: no letter may hold the writer for long.
const MOST_RENAMED: i64 = 256;

use spoken::Said;
pub(crate) use topic::{Topic, address};

/// The marks by which a letter finds its conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leads {
    /// Message ids as hashes.
    pub ids: Vec<i64>,
    /// Its topic and its people; `None` if its subject says nothing.
    pub topic: Option<Topic>,
}

impl Leads {
    /// Finds the marks of a letter, whose header stands at the start of `raw`.
    pub fn of(summary: &Summary, raw: &[u8]) -> Self {
        let (ids, answers) = references(summary);
        Self { ids, topic: Topic::of(summary, raw, answers) }
    }
}

/// The message ids of a letter as hashes, its own first, and whether it names a letter that it answers.
fn references(summary: &Summary) -> (Vec<i64>, bool) {
    let own = summary.message_id().and_then(|value| ids(value).next());
    let people = people(summary);
    let is_id = |id: &&[u8]| !people.contains(id.to_ascii_lowercase().as_slice());
    // Emacs and exmh wrote "Message from Ann <ann@x> of Monday <id>": the answered letter stands last, and the
    // addresses of the writers are no ids.
    let answered = summary.in_reply_to().and_then(|value| ids(value).filter(is_id).last());
    let named: Vec<&[u8]> = summary.references().map(|value| ids(value).filter(is_id).collect()).unwrap_or_default();
    // The first one begins the conversation, the last ones are the nearest.
    let nearest = named.len().saturating_sub(MOST_REFERENCES - 4);
    let answers = answered.is_some() || !named.is_empty();
    let named = named.iter().take(1).chain(named.iter().skip(nearest.max(1)));
    let all = own.into_iter().chain(answered).chain(named.copied());
    let mut hashes = Vec::new();
    for id in all {
        let hash = hash(id);
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
    }
    (hashes, answers)
}

/// The addresses of those who write to one another in the letter.
fn people(summary: &Summary) -> HashSet<Vec<u8>> {
    let fields = [Piece::From, Piece::Sender, Piece::ReplyTo, Piece::To, Piece::Cc];
    let mentions = fields.into_iter().flat_map(|field| summary.mentions(field));
    mentions
        .filter_map(|mention| match mention {
            Mention::Mailbox { local, domain, .. } => Some([&local[..], b"@", &domain].concat().to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// Returns the ids between angle brackets.
fn ids(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let start = memchr::memchr(b'<', rest)? + 1;
        let length = memchr::memchr(b'>', rest.get(start..)?)?;
        let id = rest.get(start..start + length)?;
        rest = rest.get(start + length + 1..)?;
        Some(id.trim_ascii())
    })
    .filter(|id| !id.is_empty())
}

/// The thread of a letter about to be filed: the one its message ids or its subject lead to, or a new one. A new thread is
/// numbered by the change that makes it, which no other change of the account shares.
pub(crate) fn join(
    tx: &mut Tx,
    account: AccountId,
    leads: &Leads,
    received: Timestamp,
    change: Change,
) -> Result<ThreadId, Error> {
    let known = if leads.ids.is_empty() { BTreeMap::new() } else { known(tx, account, &leads.ids)? };
    let said = leads.topic.as_ref().map(|topic| Said::of(account, topic, received));
    let by_subject = said.map(|said| spoken::find(tx, said)).transpose()?.unwrap_or_default();
    let mut threads: Vec<ThreadId> = known.values().copied().chain(by_subject.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let thread = match threads.as_slice() {
        [] => ThreadId(i64::try_from(change.0).unwrap_or(i64::MAX)),
        [only] => *only,
        several => merge(tx, account, several, change)?,
    };
    remember(tx, account, leads.ids.iter().filter(|hash| !known.contains_key(hash)), thread)?;
    if let Some(said) = said.filter(|_| !spoken::is_forgotten(thread, change)) {
        spoken::note(tx, said, thread, by_subject.waits)?;
    }
    Ok(thread)
}

/// Notes what a letter of before that was noted is about. It stays in its conversation.
pub(crate) fn speak_of(tx: &mut Tx, letter: LetterKey, topic: &Topic, received: Timestamp) -> Result<(), Error> {
    let sql = "SELECT account, thread FROM letter WHERE letter = $1";
    let found = tx.query_opt(sql, params![letter.0], |row| Ok((AccountId(row.get(0)?), ThreadId(row.get(1)?))))?;
    match found {
        Some((account, thread)) => spoken::note(tx, Said::of(account, topic, received), thread, false),
        // It has gone.
        None => Ok(()),
    }
}

/// Returns those of the message ids that have been seen, with their threads.
fn known(view: &View, account: AccountId, references: &[i64]) -> Result<BTreeMap<i64, ThreadId>, Error> {
    let places = room_for(references.len());
    let marks: Vec<String> = (2..2 + places).map(|n| format!("${n}")).collect();
    let sql = format!("SELECT hash, thread FROM thread_ref WHERE account = $1 AND hash IN ({})", marks.join(", "));
    let mut params = vec![Value::Integer(account.0)];
    params.extend((0..places).map(|i| Value::Integer(references[i.min(references.len() - 1)])));
    Ok(view.query(&sql, &params, |row| Ok((row.get(0)?, ThreadId(row.get(1)?))))?.into_iter().collect())
}

/// Notes the message ids that lead to the thread.
fn remember<'a>(
    tx: &mut Tx,
    account: AccountId,
    hashes: impl Iterator<Item = &'a i64>,
    thread: ThreadId,
) -> Result<(), Error> {
    let hashes: Vec<i64> = hashes.copied().collect();
    if hashes.is_empty() {
        return Ok(());
    }
    let places = room_for(hashes.len());
    let rows: Vec<String> = (3..3 + places).map(|n| format!("($1, ${n}, $2)")).collect();
    let sql =
        format!("INSERT INTO thread_ref (account, hash, thread) VALUES {} ON CONFLICT DO NOTHING", rows.join(", "));
    let mut params = vec![Value::Integer(account.0), Value::Integer(thread.0)];
    params.extend((0..places).map(|i| Value::Integer(hashes[i.min(hashes.len() - 1)])));
    tx.execute(&sql, &params)?;
    Ok(())
}

/// Statements come in three sizes only, so that each is prepared once; the last value fills the rest.
fn room_for(count: usize) -> usize {
    match count {
        0..=1 => 1,
        2..=4 => 4,
        _ => MOST_REFERENCES,
    }
}

/// Makes one thread of several: the one with most letters (the oldest of equals) takes the others in.
fn merge(tx: &mut Tx, account: AccountId, threads: &[ThreadId], change: Change) -> Result<ThreadId, Error> {
    let mut sized = Vec::new();
    for thread in threads.iter().take(MOST_MERGED) {
        sized.push((size(tx, account, *thread)?, *thread));
    }
    let largest = sized.iter().copied().max_by_key(|(size, thread)| (*size, std::cmp::Reverse(*thread)));
    let Some((_, target)) = largest else { return Err(Error::Damaged("a thread")) };
    let mut room = MOST_RENAMED;
    for (size, thread) in sized {
        if thread != target && size <= room && has_few_ids(tx, account, thread)? {
            rename(tx, account, thread, target, change)?;
            room -= size;
        }
    }
    Ok(target)
}

fn rename(tx: &mut Tx, account: AccountId, from: ThreadId, to: ThreadId, change: Change) -> Result<(), Error> {
    visible::move_thread(tx, account, from, to, change)?;
    tx.execute(
        "UPDATE thread_ref SET thread = $3 WHERE account = $1 AND thread = $2",
        params![account.0, from.0, to.0],
    )?;
    spoken::rename(tx, account, from, to)
}

/// Counts the letters of a thread, each as often as it lies in a folder, no further than is of interest.
fn size(view: &View, account: AccountId, thread: ThreadId) -> Result<i64, Error> {
    Ok(view.query_one(
        "SELECT COUNT(*) FROM (SELECT 1 FROM letter l JOIN entry e ON e.letter = l.letter
             WHERE l.account = $1 AND l.thread = $2 LIMIT $3) AS few",
        params![account.0, thread.0, MOST_RENAMED + 1],
        |row| row.get(0),
    )?)
}

/// Returns true if few enough ids lead to the thread that they can be renamed. The ids of letters that have gone count,
/// too.
fn has_few_ids(view: &View, account: AccountId, thread: ThreadId) -> Result<bool, Error> {
    for table in ["thread_ref", "thread_subject"] {
        let sql =
            format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE account = $1 AND thread = $2 LIMIT $3) AS few");
        let count: i64 = view.query_one(&sql, params![account.0, thread.0, MOST_IDS + 1], |row| row.get(0))?;
        if count > MOST_IDS {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Forgets the message ids and subjects of a thread whose last letter has gone, at most `room` of them: the
/// background task forgets the rest behind it. Returns how much room is left.
pub(crate) fn forget_if_empty(tx: &mut Tx, account: AccountId, thread: ThreadId, room: usize) -> Result<usize, Error> {
    let sql = "SELECT 1 FROM letter WHERE account = $1 AND thread = $2 LIMIT 1";
    if tx.query_opt(sql, params![account.0, thread.0], |_| Ok(()))?.is_some() {
        return Ok(room);
    }
    let ids = tx.execute(
        "DELETE FROM thread_ref WHERE account = $1 AND hash IN
             (SELECT hash FROM thread_ref WHERE account = $1 AND thread = $2 LIMIT $3)",
        params![account.0, thread.0, room],
    )?;
    let gone = ids + spoken::forget(tx, account, thread, room - ids)?;
    if gone == room {
        let sql = "INSERT INTO loose_thread (account, thread) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![account.0, thread.0])?;
    }
    Ok(room - gone)
}

/// Forgets more of what led to a thread without letters. One that has letters again by now keeps what it has.
pub(crate) fn forget_loose(tx: &mut Tx, account: AccountId, thread: ThreadId, room: usize) -> Result<(), Error> {
    tx.execute("DELETE FROM loose_thread WHERE account = $1 AND thread = $2", params![account.0, thread.0])?;
    forget_if_empty(tx, account, thread, room).map(drop)
}

/// The letters of a thread that are not flagged `\\Deleted`, in the order they were received, at most `limit`.
pub fn letters(view: &View, access: Access, thread: ThreadId, limit: usize) -> Result<Vec<LetterKey>, Error> {
    let account = access.may(Right::Read)?;
    Ok(view.query(
        "SELECT DISTINCT l.letter, e.received FROM letter l JOIN entry e ON e.letter = l.letter JOIN folder f ON f.folder = e.folder
         WHERE l.account = $1 AND l.thread = $2 AND (e.flags & 8) = 0 AND f.name IS NOT NULL
         ORDER BY e.received, l.letter LIMIT $3",
        params![account.0, thread.0, limit],
        |row| row.get(0).map(LetterKey),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(letter: &str) -> Vec<i64> {
        references(&Summary::parse(letter.as_bytes())).0
    }

    #[test]
    fn what_is_answered_is_an_id_and_no_address() {
        let expected = [hash(b"r@x"), hash(b"cats@x")];
        for answer in [
            "Message from Ann <ann@one.test> of \"Mon, 23 Nov 2026 10:00:00 +0100.\" <cats@x>",
            "Your message of Monday <cats@x>",
            "<cats@x>",
            "<cats@x> (from Ann <Ann@One.test>)",
            "<ann@one.test> <cats@x>",
        ] {
            let letter = format!("Message-ID: <r@x>\r\nTo: Ann <ann@one.test>\r\nIn-Reply-To: {answer}\r\n\r\n");
            assert_eq!(of(&letter), expected, "{answer}");
        }
        // Whoever wrote it, the last one is the letter that is answered.
        assert_eq!(of("In-Reply-To: Dan <dan@x>'s letter <cats@x>\r\n\r\n"), [hash(b"cats@x")]);
        assert_eq!(of("From: ann@x\r\nIn-Reply-To: <ann@x>\r\nReferences: <ann@x>\r\n\r\n"), [0; 0]);
    }
}
