//! The database itself, the bodies, and how often each is referred to.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use store::{BlobId, BlobState, Depth, View, params};

use super::fault::{Fault, Finding};
use super::work::{Looked, Reference, SLICE, Verify};
use crate::Error;

const OURS: Reference = Reference { table: "letter", column: "blob" };

/// Reports bodies that differ from their names, and why.
pub(super) type Damaged = HashMap<BlobId, String>;

/// Every page can be read, and every index says what its table says.
pub(super) fn tables(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    for table in verify.store.tables()? {
        for says in verify.store.check_table(&table, Depth::Full)? {
            tell(Finding::of(Fault::Table { table: table.clone(), says }, None, false));
        }
    }
    Ok(())
}

/// Reads and hashes every body. A damaged one is told with the letters that have it, so it is only noted here.
pub(super) fn contents(verify: &Verify<'_>, looked: &mut Looked) -> Result<Damaged, Error> {
    let (mut damaged, mut after) = (Damaged::new(), BlobId(0));
    loop {
        let entries = verify.store.read_blocking(move |view| view.blobs_after(after, SLICE))?;
        let Some(last) = entries.last() else { return Ok(damaged) };
        after = last.id;
        for entry in entries {
            looked.bodies += 1;
            let why = match verify.store.read_blocking(move |view| view.check_blob(entry.id)) {
                // It has gone meanwhile.
                Err(store::Error::NoBlob(_)) => continue,
                Ok(BlobState::Sound) => entry.base.and_then(|base| damaged.get(&base).cloned()),
                Ok(BlobState::Damaged(why) | BlobState::Missing(why)) => Some(why),
                Err(error) => return Err(error.into()),
            };
            damaged.extend(why.map(|why| (entry.id, why)));
        }
    }
}

type Counts = BTreeMap<BlobId, i64>;

/// Checks that every body is referred to as often as its counter says. A difference at first sight may only be a
/// change that happened while this counted, so it counts again in one snapshot. It mends by the difference found
/// there, which stays right whatever is filed or taken away meanwhile.
pub(super) fn references(verify: &Verify<'_>, tell: &mut dyn FnMut(Finding)) -> Result<(), Error> {
    let mut found = Counts::new();
    for reference in verify.references.iter().chain([&OURS]) {
        count(verify, *reference, &mut found)?;
    }
    let suspects = suspects(verify, found)?;
    if suspects.is_empty() {
        return Ok(());
    }
    let columns: Vec<Reference> = verify.references.iter().chain([&OURS]).copied().collect();
    let faults = verify.store.read_blocking(move |view| count_in_one_look(view, &columns, suspects))?;
    for (blob, kept, found) in faults {
        // A body that nobody refers to may still be a letter's: it stays as it is.
        let mended = found > 0
            && verify.mend(move |tx| {
                let sql = "UPDATE blob SET refs = refs + $2 WHERE id = $1";
                Ok(tx.execute(sql, params![blob, found - kept])? > 0)
            })?;
        tell(Finding::of(Fault::References { blob, kept, found }, None, mended));
    }
    Ok(())
}

/// Counts the references of one column, slice by slice.
fn count(verify: &Verify<'_>, Reference { table, column }: Reference, found: &mut Counts) -> Result<(), Error> {
    let key = key_of(table);
    let sql = format!("SELECT {key}, {column} FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT $2");
    let mut after = i64::MIN;
    loop {
        let sql = sql.clone();
        let rows = verify.store.read_blocking::<Vec<(i64, BlobId)>, Error, _>(move |view| {
            Ok(view.query(&sql, params![after, 10 * SLICE], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        rows.into_iter().for_each(|(_, blob)| *found.entry(blob).or_default() += 1);
    }
}

/// The key of a table in the words of the engine: every table with references has one whole number for it.
fn key_of(table: &str) -> &str {
    match table {
        "letter" => "letter",
        "jmap_upload" => "upload",
        _ => "id",
    }
}

/// Bodies whose counted references are not those found.
fn suspects(verify: &Verify<'_>, mut found: Counts) -> Result<Counts, Error> {
    let (mut kept, mut after) = (Counts::new(), BlobId(0));
    loop {
        let entries = verify.store.read_blocking(move |view| view.blobs_after(after, 10 * SLICE))?;
        let Some(last) = entries.last() else { break };
        after = last.id;
        for entry in entries {
            kept.insert(entry.id, entry.references);
            if let Some(base) = entry.base {
                *found.entry(base).or_default() += 1;
            }
        }
    }
    kept.retain(|blob, references| found.get(blob).copied().unwrap_or(0) != *references);
    Ok(kept)
}

/// Returns, for those of these bodies whose counts differ, the kept count and the number of references.
fn count_in_one_look(
    view: &View,
    columns: &[Reference],
    suspects: Counts,
) -> Result<Vec<(BlobId, i64, i64)>, store::Error> {
    let mut found: Counts = suspects.into_keys().map(|blob| (blob, 0)).collect();
    let base = Reference { table: "blob_content", column: "base" };
    for Reference { table, column } in columns.iter().chain([&base]) {
        let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
        view.for_each(&sql, params![], |row| {
            if let Some(count) = found.get_mut(&row.get::<BlobId>(0)?) {
                *count += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    let mut faults = Vec::new();
    for (blob, found) in found {
        let sql = "SELECT refs FROM blob WHERE id = $1";
        let kept = view.query_opt(sql, params![blob], |row| row.get::<i64>(0))?;
        faults.extend(kept.filter(|kept| *kept != found).map(|kept| (blob, kept, found)));
    }
    Ok(faults)
}
