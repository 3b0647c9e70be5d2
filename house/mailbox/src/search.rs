//! Search (RFC 9051 §6.4.4): a tree of criteria, answered from the folder's rows, the kept columns, the full-text
//! index, and the letters that the index has not reached yet.

mod criteria;
mod listing;
mod narrow;
mod order;
mod plan;
mod test;
pub(crate) mod words;

use std::sync::Arc;

use mail::Timestamp;
use mail::seam::AccountId;
use store::Store;

pub use criteria::{Criteria, Day, InThread};
pub use listing::{Found, Hit, Listing, Placed, Window, list, placed};
pub use order::{Key, Order};

use crate::{Error, FolderId, Uids};

/// The letters of a folder that fit, as of now. Reads in batches, so that a long search holds up nobody; letters that
/// come or go meanwhile may or may not be among them, so a session keeps only those it knows.
///
/// Words are found by the full-text index (whole words in any of their forms, one after the other, the last perhaps
/// the beginning of a longer one); what the index has not reached yet is read directly, so the answer is complete.
/// Header criteria look for any piece of text, decoded and whatever its case.
pub async fn run(
    store: &Store,
    account: AccountId,
    folder: FolderId,
    criteria: Criteria,
    now: Timestamp,
) -> Result<Uids, Error> {
    if !criteria.is_bounded() {
        return Err(Error::TooComplex);
    }
    let plan = Arc::new(plan::Plan::make(store, account, criteria, now).await?);
    carry_out(store, folder, plan).await
}

async fn carry_out(store: &Store, folder: FolderId, plan: Arc<plan::Plan>) -> Result<Uids, Error> {
    let narrowed = {
        let plan = Arc::clone(&plan);
        store.read(move |view| plan.narrow(view, folder)).await?
    };
    let (mut found, mut rest) = (narrowed.sure, narrowed.rest);
    while !rest.is_empty() {
        let plan = Arc::clone(&plan);
        let ranges = rest;
        let batch = store.read(move |view| plan.batch(view, folder, ranges)).await?;
        found.extend(&batch.found);
        rest = batch.rest;
    }
    Ok(found)
}
