//! Letters in several folders: their places agree on all that is the letter's.

use mail::seam::AccountId;
use store::{Tx, View, params};

use super::fault::{Fault, Finding, Seen};
use super::work::{SLICE, Verify};
use crate::account::{self, Touch, topic};
use crate::{Error, LetterKey};

/// The columns that all places of a letter repeat, each with the values of two places compared. `\Deleted` is a place's own, and
/// `born` tells of visible ones only.
const SHARED: [(&str, &str); 5] = [
    ("flags", "(a.flags & 23) <> (b.flags & 23)"),
    ("keywords", "a.keywords IS DISTINCT FROM b.keywords"),
    ("received", "a.received <> b.received"),
    ("born", "a.born <> b.born AND (a.flags & 8) = 0 AND (b.flags & 8) = 0"),
    ("attached", "a.attached IS DISTINCT FROM b.attached"),
];

/// A letter whose places do not agree on a column.
struct Odd {
    letter: LetterKey,
    column: &'static str,
}

/// Compares the places of every letter that lies in several folders.
pub(super) fn agree(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let mut after = i64::MIN;
    while let Some((last, odd)) = verify.store.read_blocking(move |view| slice(view, after))? {
        after = last;
        for Odd { letter, column } in odd {
            let sql = "SELECT account FROM letter WHERE letter = $1";
            let read = |row: &store::Row| row.get(0).map(AccountId);
            let owner = verify.store.read_blocking(move |view| view.query_opt(sql, params![letter.0], read))?;
            // It has gone meanwhile, or `entries` told of it.
            let Some(account) = owner else { continue };
            let mended = verify.mend(move |tx| mend(tx, account, letter, column))?;
            let seen = verify.store.read_blocking(move |view| Seen::look(view, letter))?;
            tell(Finding { letter: Some(seen), ..Finding::of(Fault::Places(column), Some(account), mended) });
        }
    }
    Ok(())
}

/// The letters of the next slice whose places do not agree, and the last letter of the slice.
fn slice(view: &View, after: i64) -> Result<Option<(i64, Vec<Odd>)>, Error> {
    let sql = "SELECT MAX(letter) FROM (SELECT letter FROM entry WHERE letter > $1 ORDER BY letter LIMIT $2) AS few";
    let last: Option<i64> = view.query_one(sql, params![after, 10 * SLICE], |row| row.get(0))?;
    let Some(last) = last else { return Ok(None) };
    let mut odd = Vec::new();
    for (column, differs) in SHARED {
        let sql = format!(
            "SELECT DISTINCT a.letter FROM entry a JOIN entry b ON b.letter = a.letter AND b.folder > a.folder
             WHERE a.letter > $1 AND a.letter <= $2 AND {differs} ORDER BY a.letter"
        );
        let letters = view.query(&sql, params![after, last], |row| row.get(0).map(LetterKey))?;
        odd.extend(letters.into_iter().map(|letter| Odd { letter, column }));
    }
    Ok(Some((last, odd)))
}

/// The place that changed last is right, and the others repeat it. Counters and conversations follow when they are counted
/// anew; clients learn of a change.
fn mend(tx: &mut Tx, account: AccountId, letter: LetterKey, column: &str) -> Result<bool, Error> {
    let change = account::tick(tx, account, Touch::ALL)?;
    let visible = if column == "born" { "AND (flags & 8) = 0" } else { "" };
    let right = match column {
        "flags" => "(entry.flags & 8) | (latest.flags & 23)".to_owned(),
        column => format!("latest.{column}"),
    };
    let sql = format!(
        "UPDATE entry SET change = $2, {column} = (SELECT {right} FROM entry AS latest WHERE latest.letter = $1
             {} ORDER BY latest.change DESC, latest.folder LIMIT 1) WHERE letter = $1 {visible}",
        visible.replace("flags", "latest.flags"),
    );
    let changed = tx.execute(&sql, params![letter.0, change.0])?;
    let sql = "UPDATE folder SET highest = $2 WHERE folder IN (SELECT e.folder FROM entry e WHERE e.letter = $1)";
    tx.execute(sql, params![letter.0, change.0])?;
    tx.announce(topic(account));
    Ok(changed > 0)
}
