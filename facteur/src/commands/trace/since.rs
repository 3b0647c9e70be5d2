//! A moment in the past, as people write it.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use mail::Timestamp;

use crate::clock;

/// `30m`, `12h`, `3d`, `2w` before `now`, or a day or moment where the person is, or one with its zone (RFC 3339).
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp, ()> {
    let text = text.trim();
    if let Some(ago) = ago(text) {
        let milliseconds = i64::try_from(ago.as_millis()).map_err(|_| ())?;
        return Ok(Timestamp(now.0.saturating_sub(milliseconds)));
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(moment.as_millisecond()));
    }
    let there = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from)).map_err(|_| ())?;
    let moment = clock::zone().to_ambiguous_timestamp(there).compatible().map_err(|_| ())?;
    Ok(Timestamp(moment.as_millisecond()))
}

fn ago(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        // A French day begins with a j.
        "d" | "j" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_understood_as_people_write_it() {
        let now = Timestamp::from_seconds(1_000_000);
        assert_eq!(parse("2h", now), Ok(Timestamp::from_seconds(1_000_000 - 7200)));
        assert_eq!(parse("3j", now), parse("3d", now));
        assert_eq!(parse("1970-01-02T00:00:00Z", now), Ok(Timestamp::from_seconds(86_400)));
        assert!(parse("2026-11-24", now).is_ok() && parse("2026-11-24 10:30", now).is_ok());
        for wrong in ["", "yesterday", "h", "-3d", "99999999999999999999d", "18446744073709551615w", "2026-13-01", "é"]
        {
            assert_eq!(parse(wrong, now), Err(()), "{wrong}");
        }
    }
}
