//! The preferences of a person: a page keeps them in one window and finds them in the next. The page alone knows
//! their meaning.

use mail::seam::AccountId;
use store::{Tx, View};

use crate::record::{self, Kind, Object};

/// Returns the preferences of a person; empty if they never chose anything.
pub fn get(view: &View, account: AccountId) -> Result<Object, store::Error> {
    Ok(record::first(view, account, Kind::Preferences)?.map(|found| found.data).unwrap_or_default())
}

/// Writes what a person prefers.
pub fn set(tx: &mut Tx, account: AccountId, preferences: &Object) -> Result<(), store::Error> {
    record::put(tx, account, Kind::Preferences, preferences)
}
