//! Dates of IMAP (RFC 9051 §9).

use mail::Timestamp;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `17-Jul-1996 02:44:25 -0700`.
pub fn date_time(text: &str) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace();
    let mut date = words.next()?.split('-');
    let day: i64 = date.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = date.next()?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? as i64 + 1;
    let year: i64 = date.next()?.parse().ok().filter(|year| (1..=9999).contains(year))?;
    let mut time = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Timestamp::from_seconds(seconds - zone(words.next()?)?))
}

/// Writes the day as SEARCH SINCE wants it, in UTC: `24-Nov-2026`.
pub fn day(at: Timestamp) -> String {
    // `Tue, 24 Nov 2026 06:22:57 +0000`
    let text = at.rfc5322();
    let words: Vec<&str> = text.split(' ').skip(1).take(3).collect();
    words.join("-")
}

/// `-0700` in seconds.
fn zone(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.get(1..).filter(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))?;
    let number: i64 = digits.parse().ok()?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

/// Days since 1970 of a day of the Gregorian calendar, by counting March-based years.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 306 + 5) / 10 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_with_its_zone() {
        assert_eq!(date_time("24-Nov-2026 06:22:57 +0000"), Some(Timestamp::from_seconds(1_795_501_377)));
        assert_eq!(date_time("24-nov-2026 08:22:57 +0200"), Some(Timestamp::from_seconds(1_795_501_377)));
        assert_eq!(date_time(" 1-Jan-1970 00:00:00 +0000"), Some(Timestamp(0)));
        assert_eq!(date_time("29-Feb-2024 00:00:00 +0000"), Some(Timestamp::from_seconds(1_709_164_800)));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for bad in [
            "",
            "1-Foo-2000 00:00:00 +0000",
            "1-Jan-2000",
            "1-Jan-2000 25:00:00 +0000",
            "x-Jan-2000 1:1:1 +0000",
            "1-Jan-2000 00:00:00 0000",
            "1-Jan-2000 00:00:00 +000é",
            "1-Jan-99999999999 00:00:00 +0000",
        ] {
            assert_eq!(date_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_is_written_for_search() {
        assert_eq!(day(Timestamp::from_seconds(1_795_501_377)), "24-Nov-2026");
    }
}
