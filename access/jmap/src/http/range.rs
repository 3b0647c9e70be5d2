//! Ranges of a download (RFC 9110 §14): they let a player seek in a film, and let a broken download go on.

use std::ops::Range;

use axum::http::{HeaderMap, Method, header};

/// The range of the octets that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// From one octet to another, both included, or to the end.
    From(u64, Option<u64>),
    /// The last octets, by their number.
    Last(u64),
}

impl Asked {
    /// Returns the range that a request asks for; `None` if the client wants the whole: there is no range, more than
    /// one, or none that we understand (§14.2 allows us to ignore each), or the client has a part of something else
    /// (`If-Range`, §13.1.5).
    pub fn of(method: &Method, headers: &HeaderMap, tag: &str) -> Option<Self> {
        if method != Method::GET || headers.get(header::IF_RANGE).is_some_and(|known| known != tag) {
            return None;
        }
        let mut values = headers.get_all(header::RANGE).iter();
        let value = values.next()?.to_str().ok().filter(|_| values.next().is_none())?;
        let (unit, range) = value.split_once('=')?;
        let (first, last) = range.trim().split_once('-').filter(|_| unit.trim().eq_ignore_ascii_case("bytes"))?;
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// Returns the range within a blob of this length; `None` if it contains no octet of the blob (416).
    pub fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(length, |last| last.saturating_add(1).min(length)),
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

/// Reads a number; one too large for us lies beyond every end.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &str) -> Option<Asked> {
        let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
        Asked::of(&Method::GET, &headers, "\"L1\"")
    }

    #[test]
    fn a_range_is_read_as_it_is_written_and_cut_at_the_end() {
        for (range, found) in [
            ("bytes=0-", Some(0..10)),
            ("bytes=0-0", Some(0..1)),
            ("Bytes = 3-5", Some(3..6)),
            ("bytes=3-99999999999999999999999", Some(3..10)),
            ("bytes=9-", Some(9..10)),
            ("bytes=10-", None),
            ("bytes=-3", Some(7..10)),
            ("bytes=-99", Some(0..10)),
            ("bytes=-0", None),
        ] {
            assert_eq!(asked(range).unwrap().within(10), found, "{range}");
        }
        assert_eq!(asked("bytes=-5").unwrap().within(0), None);
    }

    #[test]
    fn what_is_no_single_range_is_passed_over() {
        for range in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2", "bytes=a-"]
        {
            assert_eq!(asked(range), None, "{range}");
        }
        let both = |known: &str| {
            let headers = [(header::RANGE, "bytes=0-1".parse().unwrap()), (header::IF_RANGE, known.parse().unwrap())];
            Asked::of(&Method::GET, &HeaderMap::from_iter(headers), "\"L1\"")
        };
        assert!(both("\"L1\"").is_some());
        assert_eq!(both("W/\"L1\""), None);
        assert_eq!(both("Mon, 30 Nov 2026 06:00:00 GMT"), None);
        let headers = HeaderMap::from_iter([(header::RANGE, "bytes=0-1".parse().unwrap())]);
        assert_eq!(Asked::of(&Method::HEAD, &headers, ""), None);
    }
}
