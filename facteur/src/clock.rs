//! The clock and the dice, which the rooms below get passed in.

use jiff::tz::TimeZone;
use mail::{LetterId, Timestamp};
pub use net::now;

/// A name for a new letter.
pub fn letter_id() -> LetterId {
    LetterId::from_random(rand::random())
}

/// The day, where the person is.
pub fn day(at: Timestamp) -> String {
    shown(at, "%Y-%m-%d")
}

/// Day and time, where the person is.
pub fn minute(at: Timestamp) -> String {
    shown(at, "%Y-%m-%d %H:%M")
}

/// The time to the millisecond, where the person is.
pub fn second(at: Timestamp) -> String {
    shown(at, "%H:%M:%S%.3f")
}

/// Day and time to the millisecond, as RFC 3339 has it: for scripts.
pub fn utc(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    TimeZone::UTC.to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn shown(at: Timestamp, format: &str) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    TimeZone::system().to_datetime(moment).strftime(format).to_string()
}
