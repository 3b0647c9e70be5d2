//! When two local parts are the same person.

use mail::Address;

/// The local part without its case and with its letters composed one way: `Élise` and `e\u{301}lise` are one.
/// RFC 5321 §2.4 lets the receiving system decide about case, and nobody wants `Alice@` and `alice@` to be two.
pub(crate) fn fold(local: &str) -> String {
    sasl::prepare(local).to_lowercase()
}

/// The whole address, folded.
pub(crate) fn fold_address(address: &Address) -> String {
    format!("{}@{}", fold(address.local()), address.domain())
}

/// The person before the first `+` and the detail behind it: `alice+lists` → `alice`, `lists`.
/// A `+` at the very start is part of the name.
pub(crate) fn split_detail(local: &str) -> Option<(&str, &str)> {
    local.split_once('+').filter(|(person, _)| !person.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_do_not_make_two_people() {
        assert_eq!(fold("Alice"), fold("aLICE"));
        assert_eq!(fold("Élise"), fold("e\u{301}lise"));
        assert_ne!(fold("elise"), fold("élise"));
    }

    #[test]
    fn the_detail_stands_behind_the_first_plus() {
        assert_eq!(split_detail("alice+lists+rust"), Some(("alice", "lists+rust")));
        assert_eq!(split_detail("alice+"), Some(("alice", "")));
        assert_eq!(split_detail("+alice"), None);
        assert_eq!(split_detail("alice"), None);
    }
}
