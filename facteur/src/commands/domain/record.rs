//! A record of the domain name system, as a zone file and as people read it.

use std::net::IpAddr;

use directory::domain_key::State;

use crate::language::say;

/// The most octets in one string of a text (RFC 1035 §3.3.14).
const LONGEST_STRING: usize = 255;

/// A record that a domain needs. Names are without their last dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub name: String,
    pub data: Data,
    pub purpose: Purpose,
}

/// The content of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    Mx {
        preference: u16,
        host: String,
    },
    Address(IpAddr),
    Text(String),
    Service {
        port: u16,
        host: String,
    },
    /// The name of an address. It stands in the zone of whoever gives the address.
    Pointer {
        ip: IpAddr,
        host: String,
    },
}

/// The meaning of a record for letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Exchange,
    Host,
    Senders,
    HostSenders,
    Key(State),
    Policy,
    Program,
    HostName,
}

impl Record {
    /// Returns the record as it stands in a zone file, with its line end. One that stands in another zone is a comment.
    pub fn zone_line(&self) -> String {
        let (name, kind) = (&self.name, self.data.kind());
        let before = if matches!(self.data, Data::Pointer { .. }) { "; " } else { "" };
        format!("{before}{name}. {kind} {}\n", self.data.in_zone())
    }

    /// Returns the name as a person knows it: an address itself in place of its name.
    pub fn shown_name(&self) -> String {
        match &self.data {
            Data::Pointer { ip, .. } => ip.to_string(),
            _ => self.name.clone(),
        }
    }
}

impl Data {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Mx { .. } => "MX",
            Self::Address(IpAddr::V4(_)) => "A",
            Self::Address(IpAddr::V6(_)) => "AAAA",
            Self::Text(_) => "TXT",
            Self::Service { .. } => "SRV",
            Self::Pointer { .. } => "PTR",
        }
    }

    /// Returns the content as it is, for forms that ask for it: a text without quotes and in one piece.
    pub fn value(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            data => data.in_zone(),
        }
    }

    fn in_zone(&self) -> String {
        match self {
            Self::Mx { preference, host } => format!("{preference} {host}."),
            Self::Address(ip) => ip.to_string(),
            Self::Text(text) => strings(text),
            Self::Service { port, host } => format!("0 1 {port} {host}."),
            Self::Pointer { host, .. } => format!("{host}."),
        }
    }
}

/// Writes a text as quoted strings of 255 octets at most (RFC 1035 §5.1); readers join them without anything between.
fn strings(text: &str) -> String {
    let quoted = |piece: &[u8]| {
        let octets = piece.iter().map(|octet| match octet {
            b'"' | b'\\' => format!("\\{}", char::from(*octet)),
            b' '..=b'~' => char::from(*octet).to_string(),
            other => format!("\\{other:03}"),
        });
        format!("\"{}\"", octets.collect::<String>())
    };
    let pieces: Vec<String> = text.as_bytes().chunks(LONGEST_STRING).map(quoted).collect();
    if pieces.is_empty() { "\"\"".to_owned() } else { pieces.join(" ") }
}

/// Returns the name below which the names of an address stand (RFC 1035 §3.5, RFC 3596 §2.5).
pub fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let digits = v6.octets().into_iter().rev().map(|octet| format!("{:x}.{:x}.", octet & 15, octet >> 4));
            format!("{}ip6.arpa", digits.collect::<String>())
        }
    }
}

impl Purpose {
    pub fn in_words(self) -> String {
        match self {
            Self::Exchange => say!("which machine takes the letters", "quelle machine prend les lettres"),
            Self::Host => say!("where that machine is", "où est cette machine"),
            Self::Senders => say!("which machines send letters (SPF)", "quelles machines envoient des lettres (SPF)"),
            Self::HostSenders => {
                say!("the machine itself sends reports (SPF)", "la machine elle-même envoie des avis (SPF)")
            }
            Self::Key(State::Active) => say!("the key that signs (DKIM)", "la clé qui signe (DKIM)"),
            Self::Key(State::Next) => say!("the key that comes next (DKIM)", "la clé qui suivra (DKIM)"),
            Self::Key(State::Old) => {
                say!(
                    "an old key, for letters on their way (DKIM)",
                    "une ancienne clé, pour les lettres en route (DKIM)"
                )
            }
            Self::Policy => {
                say!("what to do with forged letters (DMARC)", "que faire des lettres contrefaites (DMARC)")
            }
            Self::Program => say!("where mail programs connect", "où se connectent les programmes de courrier"),
            Self::HostName => {
                say!("that the address is called so (its provider)", "que l'adresse se nomme ainsi (son fournisseur)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let (name, data) = ("a.test".to_owned(), Data::Text(text.to_owned()));
        Record { name, data, purpose: Purpose::Policy }.zone_line()
    }

    #[test]
    fn a_long_text_is_cut_into_strings_that_a_zone_file_may_have() {
        assert_eq!(line("v=spf1 mx -all"), "a.test. TXT \"v=spf1 mx -all\"\n");
        assert_eq!(line("a\"b\\c\u{e9}"), "a.test. TXT \"a\\\"b\\\\c\\195\\169\"\n");
        assert_eq!(line(""), "a.test. TXT \"\"\n");
        let long = line(&"k".repeat(600));
        let strings: Vec<usize> = long.split('"').skip(1).step_by(2).map(str::len).collect();
        assert_eq!(strings, [255, 255, 90]);
    }

    #[test]
    fn the_names_of_addresses_stand_below_their_digits() {
        assert_eq!(reverse_name("192.0.2.7".parse().unwrap()), "7.2.0.192.in-addr.arpa");
        let six = reverse_name("2001:db8::7".parse().unwrap());
        assert!(six.starts_with("7.0.0.0.") && six.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa") && six.len() == 72, "{six}");
    }
}
