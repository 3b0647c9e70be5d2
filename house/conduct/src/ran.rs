//! The time that the post office has been running: no clock that is set wrong changes it.

use std::time::Duration;

/// Milliseconds that the post office has been running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ran(pub i64);

pub(crate) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
