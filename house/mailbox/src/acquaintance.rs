//! The people that an account knows: those it has written to, and those it has heard from. Whoever writes to many others
//! at once may be a thief with the account's password ([`crate`] does not judge that; it remembers).
//!
//! The memory is bounded and cheap: a person is a hash, and each account has [`SLOTS`] slots, in each of which one person
//! fits. Of two people with one slot, the one stays to whom the account has written; else the later one.
//!
//! **Generations.** A memory that learns from each letter could be taught by the thief: they file a letter to five hundred
//! people, or simply write to them twice. So what is learnt belongs to the generation in which it was learnt, and whoever
//! sees something that may be a thief begins another ([`begin_generation`]), and believes in those before it alone.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use mail::Address;
use mail::header::Mention;
use mail::seam::AccountId;
use store::{Key, Store, Tx, View, params};

use crate::numbers::hash;
use crate::parse::{Piece, Summary};
use crate::thread::address;
use crate::{Access, Error, Right, own};

/// The slots of an account: no more people than this are known.
const SLOTS: u64 = 1 << 19;
/// The slot that holds the number of the present generation.
const GENERATION: i64 = -1;
/// The most people of one letter that are remembered.
const MOST: usize = 500;

/// The people of a letter, as hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Correspondents {
    writers: Vec<i64>,
    readers: Vec<i64>,
}

impl Correspondents {
    /// Finds the people of a letter.
    pub(crate) fn of(summary: &Summary) -> Self {
        let people = |pieces: &[Piece]| {
            let mentions = pieces.iter().flat_map(|piece| summary.mentions(*piece));
            let hashes: BTreeSet<i64> = mentions.filter_map(|mention| mentioned(&mention)).take(MOST).collect();
            hashes.into_iter().collect()
        };
        Self { writers: people(&[Piece::From]), readers: people(&[Piece::To, Piece::Cc, Piece::Bcc]) }
    }
}

fn mentioned(mention: &Mention) -> Option<i64> {
    let Mention::Mailbox { local, domain, .. } = mention else { return None };
    Some(hash(address(local, domain)?.as_bytes()))
}

/// Remembers the people of a letter that is filed for the account: those it is written to, if the account wrote it, and
/// otherwise those who wrote it.
pub(crate) fn note(tx: &mut Tx, account: AccountId, people: &Correspondents) -> Result<(), Error> {
    let Correspondents { writers, readers } = people;
    if writers.is_empty() {
        return Ok(());
    }
    let is_own = own::among(tx, account, writers)?.is_some_and(|own| !own.is_empty());
    let (people, wrote) = if is_own { (readers, true) } else { (writers, false) };
    put(tx, account, people, wrote)
}

/// Remembers that the account has written to these people.
pub fn wrote_to(tx: &mut Tx, access: Access, people: &[Address]) -> Result<(), Error> {
    let account = access.may(Right::Insert)?;
    let people: Vec<i64> = people.iter().take(MOST).filter_map(known_as).collect();
    put(tx, account, &people, true)
}

/// Begins another generation, and returns its number.
pub fn begin_generation(tx: &mut Tx, access: Access) -> Result<i64, Error> {
    let account = access.may(Right::Insert)?;
    let sql = "INSERT INTO acquaintance (account, slot, mark, wrote, generation) VALUES ($1, $2, 1, 1, 0)
               ON CONFLICT (account, slot) DO UPDATE SET mark = acquaintance.mark + 1 RETURNING mark";
    Ok(tx.query_one(sql, params![account.0, GENERATION], |row| row.get(0))?)
}

/// Returns those of the people whom the account did not know before the generation of this number began; without a number,
/// those it does not know at all.
pub fn strangers<'a>(
    view: &View,
    access: Access,
    people: &'a [Address],
    generation: Option<i64>,
) -> Result<Vec<&'a Address>, Error> {
    let account = access.may(Right::Read)?;
    let sql = "SELECT mark FROM acquaintance WHERE account = $1 AND slot = $2 AND generation < $3";
    let before = generation.unwrap_or(i64::MAX);
    let mut strangers = Vec::new();
    for person in people {
        let Some(hash) = known_as(person) else { continue };
        let mark = view.query_opt(sql, params![account.0, slot(hash), before], |row| row.get::<i64>(0))?;
        if mark != Some(hash) {
            strangers.push(person);
        }
    }
    Ok(strangers)
}

fn known_as(person: &Address) -> Option<i64> {
    let address = address(person.local().as_bytes(), person.domain().as_str().as_bytes())?;
    Some(hash(address.as_bytes()))
}

fn slot(hash: i64) -> i64 {
    i64::try_from(hash.cast_unsigned() % SLOTS).unwrap_or(0)
}

fn put(tx: &mut Tx, account: AccountId, people: &[i64], wrote: bool) -> Result<(), Error> {
    if people.is_empty() {
        return Ok(());
    }
    let sql = "SELECT mark FROM acquaintance WHERE account = $1 AND slot = $2";
    let generation = tx.query_opt(sql, params![account.0, GENERATION], |row| row.get::<i64>(0))?.unwrap_or(0);
    for hash in people {
        tx.execute(
            "INSERT INTO acquaintance (account, slot, mark, wrote, generation) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, slot) DO UPDATE SET mark = excluded.mark, wrote = excluded.wrote,
                 generation = CASE WHEN acquaintance.mark = excluded.mark THEN acquaintance.generation
                                   ELSE excluded.generation END
             WHERE excluded.wrote > acquaintance.wrote
                OR (excluded.wrote = acquaintance.wrote AND excluded.mark <> acquaintance.mark)",
            params![account.0, slot(*hash), *hash, i64::from(wrote), generation],
        )?;
    }
    Ok(())
}

/// Letters read in one round, and the people that end it early.
const LETTERS: usize = 500;
const PEOPLE: usize = 2_000;

/// Returns true if the people of the letters that were here before there was this memory are known by now.
pub fn is_complete(view: &View) -> Result<bool, Error> {
    let sql = "SELECT after >= last FROM acquaintance_read WHERE id = 1";
    Ok(view.query_opt(sql, params![], |row| row.get::<bool>(0))?.unwrap_or(true))
}

/// Reads the letters that were here before there was this memory, a slice at a time. Returns whether there are more.
pub(crate) async fn round(store: &Store) -> Result<bool, Error> {
    let (reached, found) = store.read(look).await?;
    let Some(reached) = reached else { return Ok(false) };
    let keep = move |tx: &mut Tx| {
        for (account, people) in &found {
            note(tx, *account, people)?;
        }
        tx.execute("UPDATE acquaintance_read SET after = $1 WHERE id = 1", params![reached])?;
        Ok::<_, Error>(())
    };
    store.write(Key::Everything, keep).await?;
    Ok(true)
}

type Found = (Option<i64>, Vec<(AccountId, Correspondents)>);

/// A slice of the old letters, and the last of them; none: all were read.
fn look(view: &View) -> Result<Found, Error> {
    let sql = "SELECT after, last FROM acquaintance_read WHERE id = 1";
    let stretch = view.query_opt(sql, params![], |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
    let Some((after, last)) = stretch.filter(|(after, last)| after < last) else { return Ok((None, Vec::new())) };
    let (mut reached, mut found, mut people) = (None, Vec::new(), 0);
    let sql = "SELECT letter, account, summary FROM letter WHERE letter > $1 AND letter <= $2 ORDER BY letter LIMIT $3";
    view.for_each(sql, params![after, last, LETTERS], |row| {
        reached = Some(row.get(0)?);
        if let Some(summary) = Summary::decode(row.bytes(2)?) {
            let correspondents = Correspondents::of(&summary);
            people += correspondents.readers.len() + 1;
            found.push((AccountId(row.get(1)?), correspondents));
        }
        Ok(if people < PEOPLE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok((Some(reached.unwrap_or(last)), found))
}
