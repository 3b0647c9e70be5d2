//! What a person prefers: what a page keeps in one window and finds in the next. What stands there, the page knows.

use mail::seam::AccountId;
use store::{Tx, View};

use crate::record::{self, Kind, Object};

/// What a person prefers; empty where they never chose anything.
pub fn get(view: &View, account: AccountId) -> Result<Object, store::Error> {
    Ok(record::first(view, account, Kind::Preferences)?.map(|found| found.data).unwrap_or_default())
}

/// Writes what a person prefers.
pub fn set(tx: &mut Tx, account: AccountId, preferences: &Object) -> Result<(), store::Error> {
    record::put(tx, account, Kind::Preferences, preferences)
}
