//! The capabilities that a request may name in `using` (RFC 8620 §3.3, §3.6.1).
//!
//! `unknownCapability` refuses the whole request, with all calls in it that could have been carried out. Clients name
//! in each request every capability that they know, or that another server of theirs has, and call no method of most of
//! them. Refusing those would tell their authors nothing: a method of a capability that we do not have is an
//! `unknownMethod` anyway, for that call alone. So a registered capability, or one of some vendor, is passed over.
//!
//! Any other name is a mistake, such as `urn:ietf:params:jmap:mial`: the author believes that the request uses a
//! capability that it does not use, and the refusal says so immediately.

use https::Url;

use crate::session::CAPABILITIES;

/// The prefix of the names that are registered with IANA.
const PREFIX: &str = "urn:ietf:params:jmap:";
/// The longest URI of a vendor, in octets.
const LONGEST: usize = 512;

/// Names of the registry "JMAP Capabilities" of IANA that are not ours, and of drafts of the working group that
/// clients name already.
const OTHERS: [&str; 24] = [
    "backup",
    "blob2",
    "calendars",
    "calendars:parse",
    "calendars:preferences",
    "contacts",
    "contacts:parse",
    "debug",
    "emailpush",
    "filenode",
    "mail:share",
    "mdn",
    "metadata",
    "notes",
    "portability",
    "principals",
    "principals:availability",
    "principals:owner",
    "refplus",
    "sieve",
    "smimeverify",
    "tasks",
    "tasks:recurrences",
    "websocket",
];

/// Returns true if a request may name this capability.
pub fn may_be_used(uri: &str) -> bool {
    CAPABILITIES.contains(&uri) || is_registered(uri) || is_of_a_vendor(uri)
}

fn is_registered(uri: &str) -> bool {
    uri.strip_prefix(PREFIX).is_some_and(|name| OTHERS.contains(&name))
}

/// RFC 8620 §2: the capability of a vendor is a URL that belongs to them.
fn is_of_a_vendor(uri: &str) -> bool {
    uri.len() <= LONGEST
        && uri.starts_with("https://")
        && Url::parse(uri).is_ok_and(|url| url.host_str().is_some_and(|host| host.contains('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_registered_or_a_vendors_is_tolerated_and_a_mistake_is_not() {
        for uri in [
            "urn:ietf:params:jmap:core",
            "urn:ietf:params:jmap:vacationresponse",
            "urn:ietf:params:jmap:contacts",
            "urn:ietf:params:jmap:principals:owner",
            "https://www.fastmail.com/dev/maskedemail",
            "https://cyrusimap.org/ns/jmap/mail",
        ] {
            assert!(may_be_used(uri), "{uri}");
        }
        for uri in [
            "",
            "core",
            "mail",
            "urn:ietf:params:jmap:mial",
            "urn:ietf:params:jmap:",
            "urn:ietf:params:jmap:Core",
            "urn:ietf:params:jmap:contacts ",
            "urn:example",
            "https://",
            "https://localhost",
            "http://www.fastmail.com/dev/maskedemail",
            "https:// space.test/",
            "ftp://vendor.test/x",
        ] {
            assert!(!may_be_used(uri), "{uri}");
        }
        assert!(!may_be_used(&format!("https://vendor.test/{}", "x".repeat(LONGEST))));
    }
}
