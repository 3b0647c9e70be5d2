//! The names that letters and peers give, as they are asked about.

use std::borrow::Cow;

/// The longest name that can be asked about, in octets without the last dot (RFC 1035 §3.1).
pub(crate) const LONGEST: usize = 253;

/// Returns the name in A-labels (RFC 7208 §4.3, RFC 9989 §5.3.1), in lower case and without its last dot. `None` if it
/// has labels that no host has.
pub(crate) fn domain(name: &str) -> Option<String> {
    let ascii: Cow<'_, str> =
        if name.is_ascii() { Cow::Borrowed(name) } else { Cow::Owned(idna::domain_to_ascii(name).ok()?) };
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let is_host = ascii.split('.').all(|label| label.bytes().all(fits));
    (is_host && can_be_asked(ascii)).then(|| ascii.to_ascii_lowercase())
}

/// The same for a domain that can have a record of SPF: it has two labels at least (RFC 7208 §4.3).
pub(crate) fn sending_domain(name: &str) -> Option<String> {
    domain(name).filter(|domain| domain.contains('.'))
}

/// Returns true if a question about this name can be written down (RFC 1035 §3.1).
pub(crate) fn can_be_asked(name: &str) -> bool {
    name.is_ascii() && name.len() <= LONGEST && name.split('.').all(|label| (1..=63).contains(&label.len()))
}

/// Cuts labels from the left until the name is short enough (RFC 7208 §7.3), and takes away its last dot.
pub(crate) fn cut(name: &str) -> &str {
    let mut name = name.strip_suffix('.').unwrap_or(name);
    while name.len() > LONGEST {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => return name,
        }
    }
    name
}

/// Returns true if `name` is `domain` or lies below it.
pub(crate) fn is_within(name: &str, domain: &str) -> bool {
    let Some(split) = name.len().checked_sub(domain.len()) else { return false };
    name.get(split..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
        && (split == 0 || name.as_bytes()[split - 1] == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sending_domain_has_two_labels_that_hosts_have() {
        assert_eq!(sending_domain("Mail.Alpha.test.").as_deref(), Some("mail.alpha.test"));
        assert_eq!(sending_domain("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        let long = format!("{}.test", "a".repeat(64));
        for bad in ["", ".", "localhost", "[192.0.2.1]", "a..test", "a b.test", &long] {
            assert_eq!(sending_domain(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_long_name_loses_labels_on_the_left() {
        let long = format!("{}.{}.example.org.", "a".repeat(60), "b.".repeat(120).trim_end_matches('.'));
        assert!(cut(&long).len() <= LONGEST && cut(&long).starts_with("b.") && cut(&long).ends_with(".example.org"));
        assert_eq!(cut("example.org."), "example.org");
        assert!(cut(&"a".repeat(400)).len() > LONGEST, "nothing is left of such a name");
    }

    #[test]
    fn a_name_lies_within_its_domain_at_a_dot() {
        assert!(is_within("mail.Example.org", "example.org") && is_within("example.org", "example.org"));
        assert!(!is_within("badexample.org", "example.org") && !is_within("org", "example.org"));
    }
}
