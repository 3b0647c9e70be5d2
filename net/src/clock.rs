//! The clock of this machine, for all rooms that may look at one.

use std::time::{SystemTime, UNIX_EPOCH};

use mail::Timestamp;

/// Returns the time by the clock. A clock set before 1970 shows 1970.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
