//! Verifies accounts as a whole.

use std::ops::ControlFlow;

use mail::seam::AccountId;
use roaring::RoaringTreemap;
use store::{Tx, View, params};

use super::fault::{Fault, Finding};
use super::work::{SLICE, Verify};
use crate::Error;

/// Every account, also those that are being cleared away.
pub(super) fn each(verify: &Verify<'_>, mut visit: impl FnMut(AccountId) -> Result<(), Error>) -> Result<(), Error> {
    let mut after = i64::MIN;
    loop {
        let slice: Vec<i64> = verify.store.read_blocking::<_, Error, _>(move |view| {
            let sql = "SELECT account FROM account_mail WHERE account > $1 ORDER BY account LIMIT $2";
            Ok(view.query(sql, params![after, SLICE], |row| row.get(0))?)
        })?;
        let Some(last) = slice.last() else { return Ok(()) };
        after = *last;
        slice.into_iter().try_for_each(|account| visit(AccountId(account)))?;
    }
}

/// Checks that an account uses as much as its letters hold, each counted once, how many places are doubled, and that its counter of changes is not behind any change.
pub(super) fn counters(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    each(verify, |account| {
        let Some(counted) = verify.store.read_blocking(move |view| count(view, account))? else { return Ok(()) };
        for (name, kept, found) in counted {
            if kept != found {
                let mended = verify.mend(move |tx| add(tx, account, name, found - kept))?;
                let fault = Fault::Counter { name, folder: None, kept, found };
                tell(Finding::of(fault, Some(account), mended));
            }
        }
        Ok(())
    })
}

/// The name of a counter, the value that is kept, and the value that counting gives.
type Counted = (&'static str, i64, i64);

/// Each counter of an account. A counter that must only not be behind is found as it is kept where
/// it is not.
fn count(view: &View, account: AccountId) -> Result<Option<[Counted; 5]>, Error> {
    let sql = "SELECT used, letters, change, uid_validity, doubled FROM account_mail WHERE account = $1";
    let kept = view.query_opt(sql, params![account.0], |row| {
        Ok([row.get::<i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])
    })?;
    let Some([used, letters, change, validity, doubled]) = kept else { return Ok(None) };
    let Held { octets, letters: held, doubled: found } = Held::count(view, account)?;
    let sql = "SELECT COALESCE(MAX(highest), 0), COALESCE(MAX(altered), 0), COALESCE(MAX(uid_validity), 0)
         FROM folder WHERE account = $1";
    Ok(Some(view.query_one(sql, params![account.0], |row| {
        let (highest, altered): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok([
            ("used", used, octets),
            ("letters", letters, held),
            ("change", change, change.max(highest).max(altered)),
            ("uid_validity", validity, validity.max(row.get(2)?)),
            ("doubled", doubled, found),
        ])
    })?))
}

/// The letters of an account, counted on a walk along their places.
#[derive(Default)]
struct Held {
    octets: i64,
    letters: i64,
    /// Visible places beyond the first of each letter.
    doubled: i64,
}

impl Held {
    fn count(view: &View, account: AccountId) -> Result<Self, Error> {
        let mut held = Self::default();
        let (mut met, mut seen) = (RoaringTreemap::new(), RoaringTreemap::new());
        let sql = "SELECT e.letter, e.size, e.flags & 8 FROM folder f JOIN entry e ON e.folder = f.folder
             WHERE f.account = $1";
        view.for_each(sql, params![account.0], |row| {
            let (letter, size, hidden) = (row.get::<u64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)? != 0);
            if met.insert(letter) {
                held.octets += size;
                held.letters += 1;
            }
            held.doubled += i64::from(!hidden && !seen.insert(letter));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(held)
    }
}

/// `name` is one of this file's.
fn add(tx: &mut Tx, account: AccountId, name: &str, difference: i64) -> Result<bool, Error> {
    let sql = format!("UPDATE account_mail SET {name} = {name} + $2 WHERE account = $1");
    Ok(tx.execute(&sql, params![account.0, difference])? > 0)
}
