//! Search (RFC 9051 §6.4.4): a tree of criteria, answered from the folder's rows, the kept columns, the full-text
//! index, and the letters that the index has not reached yet.

mod criteria;
pub(crate) mod fields;
pub mod forms;
mod known;
mod letter;
mod listing;
mod narrow;
mod order;
mod places;
mod plan;
mod ranked;
pub mod sought;
mod sources;
mod sweep;
mod test;

use std::sync::Arc;

use mail::Timestamp;
use store::Store;

pub use criteria::{Criteria, Day, InThread, SearchField, Words};
pub use listing::{Found, Hit, Listing, Placed, Window, list, placed};
pub use order::{Key, Order};

use crate::{Access, Error, FolderId, Uids};

/// The letters of a folder that fit, as of now. Reads in slices, so that a long search holds up nobody; letters that
/// come or go meanwhile may or may not be among them, so a session keeps only those it knows.
///
/// Any piece of text is found, decoded and whatever its case. The full-text index tells which letters have it or may have
/// it; the latter, and those that it has not reached yet, are looked at themselves, so the answer is complete.
pub async fn run(
    store: &Store,
    access: Access,
    folder: FolderId,
    criteria: Criteria,
    now: Timestamp,
) -> Result<Uids, Error> {
    if !criteria.is_bounded() {
        return Err(Error::TooComplex);
    }
    let criteria = criteria.within(folder, false);
    let known = known::Known::gather(store, access, &[&criteria], now).await?;
    let letters = store.read_for(access.asker(), move |view| crate::folder::get(view, access, folder)).await?.total;
    let plan = Arc::new(plan::Plan::new(criteria, &known));
    let folder = sweep::Folder { id: folder, letters: letters.into() };
    let found = sweep::sweep(store, access, plan, vec![folder]).await?;
    Ok(found.into_iter().next().map(|found| found.uids).unwrap_or_default())
}
