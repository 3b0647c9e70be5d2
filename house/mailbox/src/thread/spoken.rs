//! Remembers which subjects were spoken of with whom, and when. By that an answer that names no letter finds its
//! conversation, and a conversation finds an answer that came before it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use mail::Timestamp;
use mail::seam::AccountId;
use store::{Tx, Value, View, params};

use super::topic::{Person, Topic};
use crate::{Change, Error, ThreadId, own};

const MILLISECONDS_A_DAY: i64 = 86_400_000;
/// Letters so many days apart still belong together.
const DAYS: i64 = 30;
/// The number of days by which an answer may be dated before the letter that it answers: zones and clocks differ.
const AHEAD: i64 = 1;
/// Conversations that were begun so many changes of the account ago are forgotten here.
pub(crate) const REMEMBERED: u64 = 20_000;
/// Answers without a conversation that are looked at for one letter.
const MOST_WAITING: i64 = 64;
/// The three sizes of statements, so that each is prepared once.
const SIZES: [usize; 3] = [2, 6, 32];

/// A letter about to be filed: its account, its topic, and the day it was sent.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub account: AccountId,
    pub topic: &'a Topic,
    pub day: i64,
}

impl<'a> Said<'a> {
    /// Makes the record of a letter that came then; the day it was sent counts if the letter says it.
    pub fn of(account: AccountId, topic: &'a Topic, received: Timestamp) -> Self {
        let came = received.0.div_euclid(MILLISECONDS_A_DAY);
        Self { account, topic, day: topic.sent.unwrap_or(came) }
    }
}

/// The conversations that a letter belongs to by its subject.
#[derive(Default)]
pub(super) struct Found {
    /// The conversation nearest to the day of a loose answer, and the loose answers that wait for the letter.
    pub threads: Vec<ThreadId>,
    /// The letter is an answer, and the letter that it answers has not come.
    pub waits: bool,
}

/// Looks for the conversations of a letter. Those that have waited for it wait no more: another letter with the same subject
/// begins another conversation.
pub(super) fn find(tx: &mut Tx, said: Said<'_>) -> Result<Found, Error> {
    let mut threads = awaiting(tx, said)?;
    let answered = if said.topic.is_loose { answered(tx, said)? } else { None };
    let waits = said.topic.is_loose && answered.map_or(Ok(true), |thread| is_waiting(tx, said.account, thread))?;
    if !waits {
        for thread in &threads {
            let sql = "DELETE FROM thread_subject WHERE account = $1 AND thread = $2 AND waits = 1";
            tx.execute(sql, params![said.account.0, thread.0])?;
        }
    }
    threads.extend(answered);
    Ok(Found { threads, waits })
}

/// Tells whether the thread has answers that wait for the letters that they answer.
fn is_waiting(view: &View, account: AccountId, thread: ThreadId) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM thread_subject WHERE account = $1 AND thread = $2 AND waits = 1 LIMIT 1";
    Ok(view.query_opt(sql, params![account.0, thread.0], |_| Ok(()))?.is_some())
}

/// Returns the people of the letter other than the account's owner. Nobody, if the owner's addresses are not known.
fn others<'a>(view: &View, said: Said<'a>) -> Result<Vec<&'a Person>, Error> {
    let people = &said.topic.people;
    let hashes: Vec<i64> = people.iter().flat_map(|person| [person.address, person.domain]).collect();
    let Some(own) = own::among(view, said.account, &hashes)? else { return Ok(Vec::new()) };
    let is_other = |person: &&Person| !own.contains(&person.address) && !own.contains(&person.domain);
    Ok(people.iter().filter(is_other).collect())
}

/// Returns the newest of the threads that were spoken of on the nearest day before the answer, or else behind it.
fn answered(view: &View, said: Said<'_>) -> Result<Option<ThreadId>, Error> {
    let Said { day, .. } = said;
    let sought: BTreeSet<i64> = others(view, said)?.into_iter().flat_map(Person::sought).collect();
    let before = nearest(view, said, &sought, ("DESC", day.saturating_sub(DAYS), day))?;
    match before {
        Some(thread) => Ok(Some(thread)),
        None => nearest(view, said, &sought, ("ASC", day.saturating_add(1), day.saturating_add(DAYS))),
    }
}

/// The newest thread of the nearest day that one of the hashes leads to, the days looked at in an order.
fn nearest(
    view: &View,
    said: Said<'_>,
    sought: &BTreeSet<i64>,
    (order, first, last): (&str, i64, i64),
) -> Result<Option<ThreadId>, Error> {
    let sql = format!(
        "SELECT day, thread FROM thread_subject WHERE account = $1 AND hash = $2 AND day BETWEEN $3 AND $4
         ORDER BY day {order}, thread DESC LIMIT 1"
    );
    let mut found = Vec::new();
    for hash in sought {
        let away = |row: &store::Row| Ok((row.get::<i64>(0)?.abs_diff(said.day), Reverse(row.get::<i64>(1)?)));
        found.extend(view.query_opt(&sql, params![said.account.0, hash, first, last], away)?);
    }
    Ok(found.into_iter().min().map(|(_, Reverse(thread))| ThreadId(thread)))
}

/// The loose answers to the letter that have found nothing yet, the nearest first.
fn awaiting(view: &View, said: Said<'_>) -> Result<Vec<ThreadId>, Error> {
    let Said { account, topic, day } = said;
    let sought: Vec<i64> = topic.people.iter().flat_map(Person::sought).map(waiting).collect();
    let places = room_for(sought.len());
    let marks: Vec<String> = (5..5 + places).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT hash, day, thread FROM thread_subject
         WHERE account = $1 AND day BETWEEN $2 AND $3 AND hash IN ({}) LIMIT $4",
        marks.join(", ")
    );
    let (first, last) = (day.saturating_sub(AHEAD), day.saturating_add(DAYS));
    let mut params = vec![account.0, first, last, MOST_WAITING];
    params.extend(filled(&sought, places));
    let params: Vec<Value> = params.into_iter().map(Value::Integer).collect();
    let mut found: Vec<(i64, ThreadId, i64)> =
        view.query(&sql, &params, |row| Ok((row.get(1)?, ThreadId(row.get(2)?), row.get(0)?)))?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let of_others: BTreeSet<i64> = others(view, said)?.into_iter().flat_map(Person::sought).map(waiting).collect();
    found.retain(|(_, _, hash)| of_others.contains(hash));
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, thread, _)| thread).collect())
}

/// Returns the hash that is noted of an answer that waits for its conversation, beside the one noted of every letter.
fn waiting(hash: i64) -> i64 {
    !hash
}

/// Notes the topic of the letter. `waits`: it is an answer that has found nothing.
pub(super) fn note(tx: &mut Tx, said: Said<'_>, thread: ThreadId, waits: bool) -> Result<(), Error> {
    let noted: Vec<i64> = said.topic.people.iter().map(Person::noted).collect();
    insert(tx, said, &noted, thread, false)?;
    if waits {
        let noted: Vec<i64> = noted.into_iter().map(waiting).collect();
        insert(tx, said, &noted, thread, true)?;
    }
    Ok(())
}

fn insert(tx: &mut Tx, said: Said<'_>, hashes: &[i64], thread: ThreadId, waits: bool) -> Result<(), Error> {
    let places = room_for(hashes.len());
    let rows: Vec<String> = (5..5 + places).map(|n| format!("($1, ${n}, $2, $3, $4)")).collect();
    let sql = format!(
        "INSERT INTO thread_subject (account, hash, day, thread, waits) VALUES {} ON CONFLICT DO NOTHING",
        rows.join(", ")
    );
    let mut params = vec![said.account.0, said.day, thread.0, i64::from(waits)];
    params.extend(filled(hashes, places));
    let params: Vec<Value> = params.into_iter().map(Value::Integer).collect();
    tx.execute(&sql, &params)?;
    Ok(())
}

/// Makes the subjects that led to one thread lead to another.
pub(super) fn rename(tx: &mut Tx, account: AccountId, from: ThreadId, to: ThreadId) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO thread_subject (account, hash, day, thread, waits)
         SELECT account, hash, day, $3, waits FROM thread_subject WHERE account = $1 AND thread = $2
         ON CONFLICT DO NOTHING",
        params![account.0, from.0, to.0],
    )?;
    tx.execute("DELETE FROM thread_subject WHERE account = $1 AND thread = $2", params![account.0, from.0])?;
    Ok(())
}

/// Forgets the subjects that led to a thread, at most `room` rows; returns how many went.
pub(super) fn forget(tx: &mut Tx, account: AccountId, thread: ThreadId, room: usize) -> Result<usize, Error> {
    Ok(tx.execute(
        "DELETE FROM thread_subject WHERE account = $1 AND (hash, day, thread) IN
             (SELECT hash, day, thread FROM thread_subject WHERE account = $1 AND thread = $2 LIMIT $3)",
        params![account.0, thread.0, room],
    )?)
}

/// Forgets conversations of long ago, at most `room` rows in one write.
pub(crate) fn forget_old(tx: &mut Tx, account: AccountId, room: usize) -> Result<(), Error> {
    let sql = "SELECT change FROM account_mail WHERE account = $1";
    let Some(change) = tx.query_opt(sql, params![account.0], |row| row.get::<u64>(0))? else { return Ok(()) };
    let last = change.saturating_sub(REMEMBERED);
    let gone = tx.execute(
        "DELETE FROM thread_subject WHERE account = $1 AND (hash, day, thread) IN
             (SELECT hash, day, thread FROM thread_subject WHERE account = $1 AND thread <= $2 ORDER BY thread LIMIT $3)",
        params![account.0, last, room],
    )?;
    if gone < room {
        tx.execute("UPDATE account_mail SET spoken = $2 WHERE account = $1", params![account.0, last])?;
    }
    Ok(())
}

/// Returns true if the thread was begun so long ago that nothing leads to it by its subject.
pub(crate) fn is_forgotten(thread: ThreadId, change: Change) -> bool {
    u64::try_from(thread.0).unwrap_or_default().saturating_add(REMEMBERED) <= change.0
}

fn room_for(count: usize) -> usize {
    SIZES.into_iter().find(|size| count <= *size).unwrap_or(count)
}

/// Returns the values in so many places; the last value fills the rest.
fn filled(values: &[i64], places: usize) -> impl Iterator<Item = i64> {
    let last = values.last().copied().unwrap_or_default();
    values.iter().copied().chain(std::iter::repeat(last)).take(places)
}
