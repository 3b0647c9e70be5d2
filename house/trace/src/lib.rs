//! The durable history of every letter: each role writes what it decided, when, and why, in the commit that makes it so.
//!
//! It must not know what a letter says, nor how a history is shown.

use mail::trace::Step;
use store::Tx;

/// Writes one step down, in the transaction that makes it true.
pub fn note(_tx: &mut Tx, _step: &Step) -> Result<(), store::Error> {
    Ok(())
}
