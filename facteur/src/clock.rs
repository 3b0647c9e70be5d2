//! The clock and the dice, which the rooms below get passed in.

use jiff::tz::TimeZone;
use mail::{LetterId, Timestamp};
pub use net::now;

use crate::control;

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

/// The time zone of the person.
pub fn zone() -> TimeZone {
    let Some(caller) = control::current() else { return TimeZone::system() };
    let named = caller.circumstances().zone.as_deref();
    let zone = named.and_then(|name| TimeZone::get(name).or_else(|_| TimeZone::posix(name)).ok());
    zone.unwrap_or_else(TimeZone::system)
}

/// The name of this process's time zone, if it is not simply that of the system.
pub fn own_zone() -> Option<String> {
    let set = std::env::var("TZ").ok()?;
    let zone = TimeZone::system();
    Some(zone.iana_name().map_or(set, str::to_owned))
}

fn shown(at: Timestamp, format: &str) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    zone().to_datetime(moment).strftime(format).to_string()
}
