//! `>From `: lines of a letter that would be taken for the start of the next one.

use memchr::memmem;

/// A `>` more before each `From `, `>From `, `>>From ` at the beginning of a line (mboxrd).
pub fn quote(letter: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(letter.len() + 16);
    let mut start = 0;
    for (line, _) in marked_lines(letter) {
        out.extend_from_slice(&letter[start..line]);
        out.push(b'>');
        start = line;
    }
    out.extend_from_slice(&letter[start..]);
    out
}

/// One `>` less before each `>From `, if at most `most` of them stand.
pub fn unquote(letter: &[u8], most: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(letter.len());
    let mut start = 0;
    for (line, marks) in marked_lines(letter) {
        if (1..=most).contains(&marks) {
            out.extend_from_slice(&letter[start..line]);
            start = line + 1;
        }
    }
    out.extend_from_slice(&letter[start..]);
    out
}

/// Finds the lines that begin with `From ` after any number of `>`: where each begins, and how many `>` it has.
fn marked_lines(letter: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    memmem::find_iter(letter, b"From ").filter_map(|at| {
        let marks = letter[..at].iter().rev().take_while(|byte| **byte == b'>').count();
        let line = at - marks;
        (line == 0 || letter[line - 1] == b'\n').then_some((line, marks))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_quoted_and_unquoted() {
        assert_eq!(quote(b"From a\nx From b\n>From c\n"), b">From a\nx From b\n>>From c\n");
        assert_eq!(unquote(b">From a\n>>From b\n> From c\n", usize::MAX), b"From a\n>From b\n> From c\n");
        assert_eq!(unquote(b">From a\n>>From b\n", 1), b"From a\n>>From b\n");
    }

    proptest! {
        #[test]
        fn quoting_goes_round(letter in "(>{0,2}From |[ab>\n]){0,20}") {
            let quoted = quote(letter.as_bytes());
            prop_assert_eq!(unquote(&quoted, usize::MAX), letter.as_bytes());
            prop_assert!(!quoted.starts_with(b"From ") && memmem::find(&quoted, b"\nFrom ").is_none());
        }
    }
}
