//! Mail addresses as the envelope knows them (RFC 5321 §4.1.2, RFC 6531 §3.3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The reason why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@` between a local part and a domain.
    #[error("an address is written local-part@domain")]
    NoAt,
    /// The part before the `@` is empty, too long (RFC 5321 §4.5.3.1.1: 64 octets) or has a character it cannot have.
    #[error("the part before the @ is not a valid local part")]
    LocalPart,
    /// The domain is empty, too long (255 octets) or not a domain name or address literal.
    #[error("the part after the @ is not a valid domain")]
    Domain,
}

/// A domain in lower case, internationalised labels as A-labels (`xn--…`), or an address literal (`[192.0.2.1]`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Box<str>);

impl Domain {
    /// The longest domain, in octets (RFC 5321 §4.5.3.1.2).
    pub const MAX: usize = 255;

    /// Reads a domain name (U-labels are turned into A-labels) or a bracketed address literal.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() || text.len() > Self::MAX {
            return Err(AddressError::Domain);
        }
        if let Some(literal) = text.strip_prefix('[') {
            return Self::literal(literal.strip_suffix(']').ok_or(AddressError::Domain)?);
        }
        let ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).map_err(|_| AddressError::Domain)?
        };
        let well_formed = ascii.len() <= Self::MAX && ascii.split('.').all(is_label);
        if well_formed { Ok(Self(ascii.into())) } else { Err(AddressError::Domain) }
    }

    fn literal(inside: &str) -> Result<Self, AddressError> {
        let known = match inside.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => inside[5..].parse::<Ipv6Addr>().is_ok(),
            _ => inside.parse::<Ipv4Addr>().is_ok(),
        };
        if known { Ok(Self(format!("[{}]", inside.to_ascii_lowercase()).into())) } else { Err(AddressError::Domain) }
    }

    /// Returns the domain as it goes on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true for `[192.0.2.1]` or `[IPv6:…]`, and false for a name.
    pub fn is_literal(&self) -> bool {
        self.0.starts_with('[')
    }

    /// Returns the IP address that a literal names.
    pub fn literal_ip(&self) -> Option<IpAddr> {
        let inside = self.0.strip_prefix('[')?.strip_suffix(']')?;
        let ip = match inside.strip_prefix("ipv6:") {
            Some(ip) => ip.parse::<Ipv6Addr>().map(IpAddr::V6),
            None => inside.parse::<Ipv4Addr>().map(IpAddr::V4),
        };
        ip.ok().map(|ip| ip.to_canonical())
    }

    /// Returns the domain as a person reads it: A-labels turned back into U-labels.
    pub fn to_unicode(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }
}

/// Returns true for an LDH label or one with the underscore that some hosts have; each has 1 to 63 octets.
fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
}

impl FromStr for Domain {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mail address: a local part as it was written (without quotes if it had some) and a domain.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    local: Box<str>,
    domain: Domain,
}

impl Address {
    /// The longest local part, in octets (RFC 5321 §4.5.3.1.1).
    pub const MAX_LOCAL: usize = 64;

    /// Reads `local@domain` or `"quoted local"@domain`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = split_at_sign(text).ok_or(AddressError::NoAt)?;
        Self::new(&unquote(local)?, Domain::parse(domain)?)
    }

    /// Puts an address together from a local part without quotes and a domain.
    pub fn new(local: &str, domain: Domain) -> Result<Self, AddressError> {
        let sane = !local.is_empty() && local.len() <= Self::MAX_LOCAL && !local.chars().any(char::is_control);
        if sane { Ok(Self { local: local.into(), domain }) } else { Err(AddressError::LocalPart) }
    }

    /// Returns the local part, without quotes.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Returns the domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Returns true if this address needs SMTPUTF8 (RFC 6531) to travel. (Its domain is an A-label and never needs it.)
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

/// Splits an address at the last `@` outside quotes.
fn split_at_sign(text: &str) -> Option<(&str, &str)> {
    let at = text.rfind('@')?;
    Some((&text[..at], &text[at + 1..]))
}

fn unquote(local: &str) -> Result<String, AddressError> {
    let Some(inside) = local.strip_prefix('"') else {
        return if is_dot_string(local) { Ok(local.to_owned()) } else { Err(AddressError::LocalPart) };
    };
    let inside = inside.strip_suffix('"').ok_or(AddressError::LocalPart)?;
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.push(chars.next().ok_or(AddressError::LocalPart)?),
            '"' => return Err(AddressError::LocalPart),
            c => plain.push(c),
        }
    }
    Ok(plain)
}

/// RFC 5321 §4.1.2 Dot-string, with the UTF-8 of RFC 6531 §3.3 as atext.
fn is_dot_string(local: &str) -> bool {
    !local.is_empty() && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && !c.is_control())
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

/// Writes the address as SMTP wants it: the local part is quoted only if it must be.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_string(&self.local) {
            return write!(f, "{}@{}", self.local, self.domain);
        }
        f.write_str("\"")?;
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\"@{}", self.domain)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The sender on the envelope: the address for bounces. `Null` (`<>`) on bounces, so that no bounce is ever bounced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReturnPath {
    /// `MAIL FROM:<>`
    Null,
    /// `MAIL FROM:<address>`
    Address(Address),
}

impl ReturnPath {
    /// Returns the address, unless this is the null return path.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }
}

/// Writes the text between the angle brackets: empty for `Null`.
impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().map_or(Ok(()), |address| write!(f, "{address}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_kept_in_lower_case_and_as_a_labels() {
        assert_eq!(Domain::parse("Alpha.TEST").unwrap().as_str(), "alpha.test");
        assert_eq!(Domain::parse("bücher.example").unwrap().as_str(), "xn--bcher-kva.example");
        assert_eq!(Domain::parse("xn--bcher-kva.example").unwrap().to_unicode(), "bücher.example");
    }

    #[test]
    fn what_is_not_a_domain_is_refused() {
        for bad in [
            "",
            ".",
            "a..b",
            "-a.test",
            "a b.test",
            "[1.2.3]",
            "[::1]",
            "[1.2.3.4",
            &"a".repeat(64),
            &"ab.".repeat(100),
        ] {
            assert_eq!(Domain::parse(bad), Err(AddressError::Domain), "{bad}");
        }
    }

    #[test]
    fn address_literals_are_domains() {
        assert!(Domain::parse("[192.0.2.1]").unwrap().is_literal());
        assert!(Domain::parse("[IPv6:2001:db8::1]").unwrap().is_literal());
    }

    #[test]
    fn an_address_goes_round() {
        for text in [
            "alice@alpha.test",
            "\"two words\"@alpha.test",
            "\"a\\\"b\\\\c@d\"@alpha.test",
            "josé+x@alpha.test",
            "a.b@[192.0.2.1]",
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(Address::parse(&address.to_string()).unwrap(), address);
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for bad in [
            "",
            "alice",
            "@alpha.test",
            ".a@alpha.test",
            "a..b@alpha.test",
            "a b@alpha.test",
            "\"a@alpha.test",
            "a\r\n@alpha.test",
            "a@b@c",
            "alice@",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Address::parse(&format!("{}@alpha.test", "a".repeat(65))), Err(AddressError::LocalPart));
    }
}
