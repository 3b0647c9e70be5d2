//! Puts the rules of the administrator in force behind a change.

use crate::context::Context;
use crate::failure::Failure;

/// Has the post office, if it runs, read the rules of the administrator again: they hold when the command ends.
pub fn put(context: &Context<'_>) -> Result<(), Failure> {
    match context.running() {
        Some(running) => Ok(running.rules.reload_blocking()?),
        None => Ok(()),
    }
}
