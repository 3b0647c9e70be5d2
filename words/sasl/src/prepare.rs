//! SASLprep (RFC 4013): the same name or password gives the same bytes, however a keyboard composes it.

use std::borrow::Cow;

/// Prepares a name or password. A text that SASLprep forbids (control characters, text of mixed direction) stays as it
/// is: such a password still works as itself.
///
/// All code that hashes or checks a password prepares it first, so that PLAIN and SCRAM agree on the typed text.
pub fn prepare(text: &str) -> Cow<'_, str> {
    match stringprep::saslprep(text) {
        Ok(prepared) if !prepared.is_empty() => prepared,
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_the_same_become_the_same() {
        assert_eq!(prepare("cafe\u{301}"), "café");
        assert_eq!(prepare("I\u{ad}X"), "IX");
        assert_eq!(prepare("a\u{a0}b"), "a b");
        assert_eq!(prepare("\u{2168}"), "IX");
    }

    #[test]
    fn what_cannot_be_prepared_stays_as_it_is() {
        assert_eq!(prepare("a\u{7}b"), "a\u{7}b");
        assert_eq!(prepare("\u{ad}"), "\u{ad}");
    }
}
