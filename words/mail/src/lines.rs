//! Line ends: CRLF on the wire and in our store, LF in the files of others (mbox, Maildir).

use std::borrow::Cow;

/// Returns the letter with LF instead of CRLF. `None` if [`to_crlf`] would not restore the same letter: it contains a
/// bare LF, or a CR that belongs to no line end.
pub fn to_lf(letter: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(letter.len());
    let mut rest = letter;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        let after = rest[at..].strip_prefix(b"\r\n")?;
        out.extend_from_slice(&rest[..at]);
        out.push(b'\n');
        rest = after;
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// Returns the letter with CRLF at the end of each line: every LF gets the CR it lacks. Borrowed if none lacks it.
pub fn to_crlf(letter: &[u8]) -> Cow<'_, [u8]> {
    let missing = bare_lfs(letter);
    if missing == 0 {
        return Cow::Borrowed(letter);
    }
    let mut out = Vec::with_capacity(letter.len() + missing);
    let mut start = 0;
    for at in memchr::memchr_iter(b'\n', letter) {
        out.extend_from_slice(&letter[start..at]);
        if !letter[..at].ends_with(b"\r") {
            out.push(b'\r');
        }
        out.push(b'\n');
        start = at + 1;
    }
    out.extend_from_slice(&letter[start..]);
    Cow::Owned(out)
}

/// Returns the number of LFs without a CR before them.
pub fn bare_lfs(letter: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', letter).filter(|at| !letter[..*at].ends_with(b"\r")).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn line_ends_are_changed_where_that_can_be_undone() {
        assert_eq!(to_lf(b"a\r\nb\r\n").as_deref(), Some(&b"a\nb\n"[..]));
        assert_eq!(to_lf(b"no end"), Some(b"no end".to_vec()));
        for lasting in [&b"a\nb\r\n"[..], b"a\rb\r\n", b"a\r\r\n", b"a\r"] {
            assert_eq!(to_lf(lasting), None, "{}", lasting.escape_ascii());
        }
    }

    #[test]
    fn a_line_end_that_is_whole_is_left_alone() {
        assert!(matches!(to_crlf(b"a\r\nb\r\n"), Cow::Borrowed(_)));
        assert_eq!(&*to_crlf(b"\na\r\nb\n\n"), b"\r\na\r\nb\r\n\r\n");
    }

    proptest! {
        #[test]
        fn what_is_changed_comes_back(letter in "[ab\r\n]{0,40}") {
            if let Some(unix) = to_lf(letter.as_bytes()) {
                prop_assert_eq!(to_crlf(&unix).into_owned(), letter.as_bytes());
            }
            prop_assert_eq!(bare_lfs(&to_crlf(letter.as_bytes())), 0);
        }
    }
}
