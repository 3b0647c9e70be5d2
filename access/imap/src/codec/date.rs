//! Dates as answers and commands write them, without `format!`: once for each letter of a FETCH.

use mail::Timestamp;

use super::write::number;

/// Writes a date-time in quotes, in UTC: `"24-Nov-2026 06:22:57 +0000"` (RFC 9051 §9, date-time).
pub fn date_time(out: &mut Vec<u8>, at: Timestamp) {
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    // The grammar has four digits for the year: a time outside is written as the nearest second that fits.
    let seconds = at.seconds().clamp(-62_135_596_800, 253_402_300_799);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400) as u64;
    out.push(b'"');
    if day < 10 {
        out.push(b' ');
    }
    number(out, day);
    out.push(b'-');
    out.extend_from_slice(MONTHS.get(month as usize - 1).copied().unwrap_or(b"Jan"));
    out.push(b'-');
    two_digits(out, year / 100);
    two_digits(out, year % 100);
    out.push(b' ');
    two_digits(out, second / 3600);
    out.push(b':');
    two_digits(out, second / 60 % 60);
    out.push(b':');
    two_digits(out, second % 60);
    out.extend_from_slice(b" +0000\"");
}

fn two_digits(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(&[b'0' + (n / 10) as u8, b'0' + (n % 10) as u8]);
}

/// Returns year, month and day for a count of days since 1970-01-01, by the proleptic Gregorian calendar (Hinnant,
/// "chrono-compatible low-level date algorithms").
fn civil(days: i64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u64, month as u64, day as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::write::written;

    #[test]
    fn internal_dates_are_written_as_the_grammar_wants_them() {
        let at = |seconds| written(|out| date_time(out, Timestamp::from_seconds(seconds)));
        assert_eq!(at(0), "\" 1-Jan-1970 00:00:00 +0000\"");
        assert_eq!(at(1_795_501_377), "\"24-Nov-2026 06:22:57 +0000\"");
        assert_eq!(at(951_782_400), "\"29-Feb-2000 00:00:00 +0000\"");
        assert_eq!(at(i64::MAX / 1000), "\"31-Dec-9999 23:59:59 +0000\"");
        assert_eq!(at(i64::MIN / 1000), "\" 1-Jan-0001 00:00:00 +0000\"");
    }

    #[test]
    fn a_date_has_two_places_for_the_day() {
        assert_eq!(written(|out| date_time(out, Timestamp(0))), "\" 1-Jan-1970 00:00:00 +0000\"");
    }
}
