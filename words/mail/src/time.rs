//! Points in time, in milliseconds. The clock itself stays outside of `words`.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Makes the time from seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Returns whole seconds since 1970, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This much later.
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Returns the time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the date-time of RFC 5322 §3.3 in UTC: `Tue, 24 Nov 2026 06:22:57 +0000`.
    pub fn rfc5322(self) -> String {
        self.utc().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }

    /// Returns the date-time of RFC 3339 in UTC, to the second: `2026-11-24T06:22:57Z`.
    pub fn rfc3339(self) -> String {
        self.utc().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Reads a date-time of RFC 3339, to the millisecond; `None` for any other text.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_millisecond()))
    }

    /// Writes the time as C's asctime does, in UTC: `Tue Nov 24 06:22:57 2026`. mbox files have it in their `From `
    /// lines.
    pub fn asctime(self) -> String {
        self.utc().strftime("%a %b %e %H:%M:%S %Y").to_string()
    }

    fn utc(self) -> jiff::civil::DateTime {
        TimeZone::UTC.to_datetime(jiff::Timestamp::from_millisecond(self.0).unwrap_or_default())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_as_letters_and_logs_want_it() {
        let t = Timestamp::from_seconds(1_795_501_377);
        assert_eq!(t.rfc5322(), "Tue, 24 Nov 2026 06:22:57 +0000");
        assert_eq!(t.rfc3339(), "2026-11-24T06:22:57Z");
        assert_eq!(t.asctime(), "Tue Nov 24 06:22:57 2026");
        assert_eq!(Timestamp(0).asctime(), "Thu Jan  1 00:00:00 1970");
    }

    #[test]
    fn times_out_of_range_do_not_panic() {
        Timestamp(i64::MAX).rfc5322();
        assert_eq!(Timestamp(i64::MIN).seconds(), i64::MIN.div_euclid(1000));
    }
}
