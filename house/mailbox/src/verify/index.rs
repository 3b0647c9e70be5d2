//! The full-text index: every letter that it should know, and no other.

use std::collections::BTreeSet;

use mail::seam::AccountId;
use store::params;

use super::fault::{Fault, Finding, Seen};
use super::work::{SLICE, Verify};
use crate::account::WORK;
use crate::index::words_of;
use crate::{Error, LetterKey};

/// Letters up to the last one that the background task has looked at are in the index; those behind it are its work.
pub(super) fn complete(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let search = verify.store.search();
    let reached = search.reached_blocking()?;
    let mut after = 0;
    loop {
        let indexed = search.letters_blocking(after, SLICE)?;
        // The last stretch has no end but the place that was reached.
        let full = indexed.len() == SLICE;
        let last = indexed.last().copied().filter(|_| full).unwrap_or(i64::MAX);
        let known: BTreeSet<i64> = indexed.into_iter().collect();
        missing(verify, (after, last.min(reached)), &known, tell)?;
        in_vain(verify, &known, tell)?;
        if !full {
            return Ok(());
        }
        after = last;
    }
}

/// Letters of a stretch that the index does not know.
fn missing(
    verify: &Verify<'_>,
    (after, last): (i64, i64),
    known: &BTreeSet<i64>,
    tell: &mut dyn FnMut(Finding),
) -> Result<(), Error> {
    let mut after = after;
    loop {
        let letters: Vec<(i64, AccountId)> = verify.store.read_blocking::<_, Error, _>(move |view| {
            let sql = "SELECT letter, account FROM letter WHERE letter > $1 AND letter <= $2 ORDER BY letter LIMIT $3";
            Ok(view.query(sql, params![after, last, SLICE], |row| Ok((row.get(0)?, AccountId(row.get(1)?))))?)
        })?;
        let Some((end, _)) = letters.last() else { return Ok(()) };
        after = *end;
        for (letter, account) in letters.into_iter().filter(|(letter, _)| !known.contains(letter)) {
            let key = LetterKey(letter);
            let mended = verify.repair && put(verify, key)?;
            let seen = verify.store.read_blocking(move |view| Seen::look(view, key))?;
            tell(Finding { letter: Some(seen), ..Finding::of(Fault::NotIndexed, Some(account), mended) });
        }
    }
}

/// Puts a letter into the index, or in again. False: it has gone, or is more than our readers of text can bear.
pub(super) fn put(verify: &Verify<'_>, letter: LetterKey) -> Result<bool, Error> {
    let document = match verify.store.read_blocking(move |view| words_of(view, letter)) {
        Err(Error::Store(store::Error::Panicked(_))) => None,
        document => document?,
    };
    let Some(document) = document else { return Ok(false) };
    verify.store.search().put_blocking(vec![document])?;
    Ok(true)
}

/// Letters that the index knows and that there are not, but those that are on their way out of it.
fn in_vain(verify: &Verify<'_>, known: &BTreeSet<i64>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let letters: Vec<i64> = known.iter().copied().collect();
    let vain = verify.store.read_blocking::<Vec<i64>, Error, _>(move |view| {
        let mut vain = Vec::new();
        for letter in letters {
            let sql = "SELECT 1 FROM letter WHERE letter = $1 UNION ALL SELECT 1 FROM gone WHERE letter = $1 LIMIT 1";
            if view.query_opt(sql, params![letter], |_| Ok(()))?.is_none() {
                vain.push(letter);
            }
        }
        Ok(vain)
    })?;
    // The background task may have taken some of them out since the index was asked.
    let search = verify.store.search();
    for letter in vain {
        if search.letters_blocking(letter - 1, 1)?.first() != Some(&letter) {
            continue;
        }
        let mended = verify.mend(move |tx| {
            tx.announce(WORK);
            Ok(tx.execute("INSERT INTO gone (letter) VALUES ($1) ON CONFLICT DO NOTHING", params![letter])? > 0)
        })?;
        tell(Finding::of(Fault::IndexedInVain(letter), None, mended));
    }
    Ok(())
}
