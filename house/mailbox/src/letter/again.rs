//! A letter whose octets are read otherwise than when it was filed.

use mail::seam::AccountId;
use store::{BlobId, Tx, params};

use super::carry::bury;
use super::place::{Lies, everywhere, lies};
use super::{Count, Entry, count, is_visible, take_uids, visible};
use crate::account::{Touch, WORK, tick, topic};
use crate::{Change, Error, FolderId, LetterKey};

/// A letter as it is read today.
#[derive(Clone, Debug)]
pub(crate) struct Anew {
    /// The letter, whose it is, and the octets that were read.
    pub letter: LetterKey,
    pub account: AccountId,
    pub blob: BlobId,
    /// True if there is something in the letter that a person would save.
    pub attached: bool,
    /// Nothing is other that a client is told.
    pub says_the_same: bool,
    /// Every part stands where it stood, under the number it had.
    pub has_same_places: bool,
    pub summary: Vec<u8>,
    pub structure: Vec<u8>,
}

/// Keeps it. Returns the letter's key if the letter has kept it and may have other words now.
pub(crate) fn keep(tx: &mut Tx, anew: &Anew) -> Result<Option<LetterKey>, Error> {
    let sql = "SELECT 1 FROM letter WHERE letter = $1 AND blob = $2";
    let same = tx.query_opt(sql, params![anew.letter.0, anew.blob], |_| Ok(()))?;
    // It went meanwhile, or is about to.
    if same.is_none() || lies(tx, anew.account, anew.letter)?.is_empty() {
        return Ok(None);
    }
    if anew.says_the_same {
        write(tx, anew, anew.letter)?;
        return Ok(None);
    }
    let places = everywhere(tx, anew.letter)?;
    if !anew.has_same_places {
        replace(tx, anew, &places)?;
        return Ok(None);
    }
    let change = tick(tx, anew.account, Touch { emails: true, ..Touch::default() })?;
    write(tx, anew, anew.letter)?;
    tx.execute(
        "UPDATE entry SET attached = $2, change = $3 WHERE letter = $1",
        params![anew.letter.0, anew.attached, change.0],
    )?;
    for (folder, _) in places {
        count(tx, folder, Count::default(), change, 1)?;
    }
    tx.announce(topic(anew.account));
    Ok(Some(anew.letter))
}

fn write(tx: &mut Tx, anew: &Anew, letter: LetterKey) -> Result<(), Error> {
    tx.execute(
        "UPDATE letter SET summary = $2, structure = $3 WHERE letter = $1",
        params![letter.0, anew.summary, anew.structure],
    )?;
    Ok(())
}

/// Puts a letter with the same octets, flags and dates into its places, with a key and UIDs of its own.
fn replace(tx: &mut Tx, anew: &Anew, places: &[Lies]) -> Result<(), Error> {
    let change = tick(tx, anew.account, Touch::ALL)?;
    let letter = tx.query_one(
        "INSERT INTO letter (account, thread, blob, size, summary, structure, findings)
         SELECT account, thread, blob, size, $2, $3, findings FROM letter WHERE letter = $1 RETURNING letter",
        params![anew.letter.0, anew.summary, anew.structure],
        |row| row.get(0).map(LetterKey),
    )?;
    // The reference to the octets passes from the old row to the new one.
    tx.execute("DELETE FROM letter WHERE letter = $1", params![anew.letter.0])?;
    tx.execute("INSERT INTO gone (letter) VALUES ($1) ON CONFLICT DO NOTHING", params![anew.letter.0])?;
    tx.execute("UPDATE report SET letter = $2 WHERE letter = $1", params![anew.letter.0, letter.0])?;
    for (folder, entry) in places {
        replace_in(tx, anew, *folder, entry, letter, change)?;
    }
    // Whoever knows the letter as it was learns that it went.
    if let Some((_, seen)) = places.iter().find(|(_, entry)| is_visible(entry.flags.system)) {
        visible::leaves(tx, anew.account, seen, change, false)?;
    }
    tx.announce(topic(anew.account));
    tx.announce(WORK);
    Ok(())
}

fn replace_in(
    tx: &mut Tx,
    anew: &Anew,
    folder: FolderId,
    entry: &Entry,
    letter: LetterKey,
    change: Change,
) -> Result<(), Error> {
    let (mut gained, mut lost) = (Count::default(), Count::default());
    gained.add(entry.flags.system, entry.size);
    lost.take(entry.flags.system, entry.size);
    let (number, _) = take_uids(tx, folder, 1, gained, change)?;
    count(tx, folder, lost, change, 1)?;
    tx.execute(
        "UPDATE entry SET uid = $3, letter = $4, change = $5, born = $5, attached = $6 WHERE folder = $1 AND uid = $2",
        params![folder.0, entry.uid.get(), number, letter.0, change.0, anew.attached],
    )?;
    bury(tx, folder, entry.uid, change)
}
