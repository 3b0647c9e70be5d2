//! The author that a letter names, and the list that it says it comes from.

use mail::header::{self, Mention, mentions};

/// The most addresses of the From fields that are read.
const MOST: usize = 50;
/// The longest field that is read, in octets.
const LONGEST: usize = 8 * 1024;

/// Returns the domain of each address in each From field, as it was written. An address without a domain is an empty one.
pub(crate) fn domains(letter: &[u8]) -> Vec<String> {
    addresses(letter).into_iter().map(|(_, domain)| domain).collect()
}

/// Returns the local part and the domain of each address in each From field.
pub(crate) fn addresses(letter: &[u8]) -> Vec<(String, String)> {
    let fields = header::fields(letter).filter(|field| field.is("From")).take(MOST);
    let each = fields.flat_map(|field| mentions(&field.value(), MOST)).filter_map(|mention| match mention {
        Mention::Mailbox { local, domain, .. } => Some((text(&local), text(domain.trim_ascii()))),
        Mention::GroupStart(_) | Mention::GroupEnd => None,
    });
    each.take(MOST).collect()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Returns the name of the list that the letter says it comes from (RFC 2919), in lower case: the identifier between the
/// angle brackets of List-Id.
pub(crate) fn list(letter: &[u8]) -> Option<String> {
    let value = header::find(letter, "List-Id")?.value().into_owned();
    let value = text(value.get(..value.len().min(LONGEST))?);
    let (_, rest) = value.rsplit_once('<')?;
    let (name, _) = rest.split_once('>')?;
    let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
    (name.contains('.') && name.bytes().all(|octet| octet.is_ascii_graphic())).then_some(name)
}

/// Returns true if `name` is `domain` or lies below it; both are in lower case.
pub(crate) fn is_within(name: &str, domain: &str) -> bool {
    domain.contains('.') && name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_author_of_every_from_field_counts() {
        let letter = b"From: \"Bank\" <a@bank.test>, b@other.test\r\nfrom: c@third.test\r\n\r\nFrom: d@body.test\r\n";
        assert_eq!(domains(letter), ["bank.test", "other.test", "third.test"]);
        assert_eq!(domains(b"From: nobody\r\n\r\n"), [""]);
        assert_eq!(domains(b"Subject: x\r\n\r\n"), [""; 0]);
        let many = format!("From: {}x@y.test\r\n\r\n", "a@b.test, ".repeat(1000));
        assert_eq!(domains(many.as_bytes()).len(), MOST);
    }

    #[test]
    fn a_list_is_named_between_angle_brackets() {
        let of = |value: &str| list(format!("List-Id: {value}\r\n\r\n").as_bytes());
        assert_eq!(of("Gardeners <Gardeners.lists.example.org>").as_deref(), Some("gardeners.lists.example.org"));
        assert_eq!(of("gardeners.example.org"), None);
        assert_eq!(of("<a b.test>"), None);
        assert!(is_within("gardeners.lists.example.org", "example.org") && !is_within("badexample.org", "example.org"));
        assert!(!is_within("example.org", "org"), "no list speaks for a whole public suffix");
    }
}
