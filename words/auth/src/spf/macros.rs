//! Macro strings (RFC 7208 §7): texts in which parts of the sender, of the address and of the names stand.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::names;

/// A text with macros, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MacroString(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Macro(Macro),
}

/// `%{…}`: a value, and what is done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Macro {
    letter: Letter,
    /// The letter was a capital: what is no unreserved character of a URL is escaped.
    is_escaped: bool,
    /// This many parts on the right are kept.
    keep: Option<usize>,
    is_reversed: bool,
    /// The characters at which the value is split; none means dots.
    delimiters: Vec<char>,
}

/// The values that macros stand for (RFC 7208 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Sender,
    LocalPart,
    SenderDomain,
    Domain,
    Ip,
    ValidatedName,
    Helo,
    Family,
    ReadableIp,
    Receiver,
    Time,
}

/// The place that a macro string stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A name that is asked about; `c`, `r` and `t` have no place in it.
    Name,
    /// The text that explains a failure; it may have spaces.
    Explanation,
}

/// The values of one check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    pub local: &'a str,
    pub sender_domain: &'a str,
    pub domain: &'a str,
    pub ip: IpAddr,
    pub helo: &'a str,
    pub receiver: &'a str,
    pub now: u64,
    /// The validated name of the address, for `%{p}`.
    pub validated: &'a str,
}

/// The longest explanation, in octets.
const LONGEST_EXPLANATION: usize = 500;

impl MacroString {
    /// Reads a text. An error says what is wrong with it.
    pub fn read(text: &str, place: Place) -> Result<Self, &'static str> {
        Self::read_pieces(text, place).map(|(pieces, _)| Self(pieces))
    }

    /// Reads the name of a mechanism or modifier: `domain-spec` of RFC 7208 §7.1. It ends in a macro, or in a top
    /// label.
    pub fn read_name(text: &str) -> Result<Self, &'static str> {
        let (pieces, after_macros) = Self::read_pieces(text, Place::Name)?;
        let end = &text[after_macros..];
        let ends_in_macro = end.is_empty() && !pieces.is_empty();
        if !ends_in_macro && !ends_in_top_label(end) {
            return Err("it does not end in the top label of a domain, or in a macro");
        }
        Ok(Self(pieces))
    }

    /// Returns the pieces, and the position behind the last macro.
    fn read_pieces(text: &str, place: Place) -> Result<(Vec<Piece>, usize), &'static str> {
        let is_literal = |c: char| c.is_ascii_graphic() || (place == Place::Explanation && c == ' ');
        if !text.chars().all(is_literal) {
            return Err("it has characters that no name has");
        }
        let (mut pieces, mut rest, mut after_macros) = (Vec::new(), text, 0);
        while let Some(at) = rest.find('%') {
            push(&mut pieces, &rest[..at]);
            rest = &rest[at + 1..];
            rest = match rest.as_bytes().first() {
                Some(b'%') => push(&mut pieces, "%").then_some(&rest[1..]),
                Some(b'_') => push(&mut pieces, " ").then_some(&rest[1..]),
                Some(b'-') => push(&mut pieces, "%20").then_some(&rest[1..]),
                Some(b'{') => match rest[1..].split_once('}') {
                    Some((inside, behind)) => {
                        pieces.push(Piece::Macro(Macro::read(inside, place)?));
                        Some(behind)
                    }
                    None => None,
                },
                _ => None,
            }
            .ok_or("a percent sign does not begin a macro")?;
            after_macros = text.len() - rest.len();
        }
        push(&mut pieces, rest);
        Ok((pieces, after_macros))
    }

    /// Returns true if the text needs the validated name of the address.
    pub fn needs_validated_name(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Macro(Macro { letter: Letter::ValidatedName, .. })))
    }

    /// Expands the name that is asked about, short enough to be asked (RFC 7208 §7.3). `None` if it takes in a local
    /// part outside ASCII: then it fits nothing (RFC 8616 §4).
    pub fn name(&self, values: Values<'_>) -> Option<String> {
        let mut pieces = Vec::new();
        let mut length = 0;
        // Anything further on the left would be cut: a record cannot make us write more than this.
        for piece in self.0.iter().rev() {
            let text = piece.text(values)?;
            length += text.len();
            pieces.push(text);
            if length > names::LONGEST + 1 {
                break;
            }
        }
        pieces.reverse();
        Some(names::cut(&pieces.concat()).to_ascii_lowercase())
    }

    /// Expands an explanation, cut at 500 octets. `None` if it would not be in ASCII.
    pub fn explanation(&self, values: Values<'_>) -> Option<String> {
        let mut explanation = String::new();
        for piece in &self.0 {
            explanation.push_str(&piece.text(values)?);
            if explanation.len() > LONGEST_EXPLANATION {
                break;
            }
        }
        let is_plain = |c: char| c == ' ' || c.is_ascii_graphic();
        if !explanation.chars().all(is_plain) {
            return None;
        }
        explanation.truncate(LONGEST_EXPLANATION);
        Some(explanation)
    }
}

fn push(pieces: &mut Vec<Piece>, literal: &str) -> bool {
    match pieces.last_mut() {
        _ if literal.is_empty() => {}
        Some(Piece::Literal(before)) => before.push_str(literal),
        _ => pieces.push(Piece::Literal(literal.to_owned())),
    }
    true
}

/// Returns true for `….toplabel` with or without a dot behind it. A top label is not all digits, and neither begins nor
/// ends with a hyphen.
fn ends_in_top_label(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((_, label)) = text.rsplit_once('.') else { return false };
    let bytes = label.as_bytes();
    !label.is_empty()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !bytes.iter().all(u8::is_ascii_digit)
}

impl Piece {
    fn text(&self, values: Values<'_>) -> Option<String> {
        match self {
            Self::Literal(text) => Some(text.clone()),
            Self::Macro(read) => read.text(values),
        }
    }
}

impl Macro {
    fn read(inside: &str, place: Place) -> Result<Self, &'static str> {
        let mut letters = inside.chars();
        let first = letters.next().ok_or("a macro has no letter")?;
        let letter = Letter::read(first, place)?;
        let transformers = letters.as_str();
        let digits = transformers.len() - transformers.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (digits, rest) = transformers.split_at(digits);
        let keep = match digits.trim_start_matches('0') {
            _ if digits.is_empty() => None,
            "" => return Err("a macro keeps no part of its value"),
            // More than any value has.
            number => Some(number.parse().unwrap_or(usize::MAX)),
        };
        let without = rest.strip_prefix(['r', 'R']);
        let delimiters: Vec<char> = without.unwrap_or(rest).chars().collect();
        if !delimiters.iter().all(|c| ".-+,/_=".contains(*c)) {
            return Err("a macro has an unknown transformer or delimiter");
        }
        let is_escaped = first.is_ascii_uppercase();
        Ok(Self { letter, is_escaped, keep, is_reversed: without.is_some(), delimiters })
    }

    fn text(&self, values: Values<'_>) -> Option<String> {
        let value = self.letter.value(values)?;
        let is_delimiter = |c: char| if self.delimiters.is_empty() { c == '.' } else { self.delimiters.contains(&c) };
        let mut parts: Vec<&str> = value.split(is_delimiter).collect();
        if self.is_reversed {
            parts.reverse();
        }
        let first = parts.len() - self.keep.unwrap_or(parts.len()).min(parts.len());
        let text = parts[first..].join(".");
        Some(if self.is_escaped { escaped(&text) } else { text })
    }
}

impl Letter {
    fn read(letter: char, place: Place) -> Result<Self, &'static str> {
        let read = match letter.to_ascii_lowercase() {
            's' => Self::Sender,
            'l' => Self::LocalPart,
            'o' => Self::SenderDomain,
            'd' => Self::Domain,
            'i' => Self::Ip,
            'p' => Self::ValidatedName,
            'h' => Self::Helo,
            'v' => Self::Family,
            'c' | 'r' | 't' if place == Place::Name => return Err("the macros c, r and t stand in explanations only"),
            'c' => Self::ReadableIp,
            'r' => Self::Receiver,
            't' => Self::Time,
            _ => return Err("there is no macro of this letter"),
        };
        Ok(read)
    }

    /// `None` for a local part outside ASCII.
    fn value(self, values: Values<'_>) -> Option<String> {
        let Values { local, sender_domain, ip, .. } = values;
        if matches!(self, Self::Sender | Self::LocalPart) && !local.is_ascii() {
            return None;
        }
        Some(match self {
            Self::Sender => format!("{local}@{sender_domain}"),
            Self::LocalPart => local.to_owned(),
            Self::SenderDomain => sender_domain.to_owned(),
            Self::Domain => values.domain.to_owned(),
            Self::Ip => dotted(ip),
            Self::ValidatedName => values.validated.to_owned(),
            Self::Helo => values.helo.to_owned(),
            Self::Family => if ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            Self::ReadableIp => ip.to_string(),
            Self::Receiver if values.receiver.is_empty() => "unknown".to_owned(),
            Self::Receiver => values.receiver.to_owned(),
            Self::Time => values.now.to_string(),
        })
    }
}

/// Writes an IPv4 address as usual, and an IPv6 address as 32 hexadecimal digits between dots.
fn dotted(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let digits: Vec<String> = format!("{:032X}", ip.to_bits()).chars().map(String::from).collect();
            digits.join(".")
        }
    }
}

/// Escapes what is no unreserved character of a URL (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for octet in text.bytes() {
        match octet {
            b'-' | b'.' | b'_' | b'~' => escaped.push(octet.into()),
            octet if octet.is_ascii_alphanumeric() => escaped.push(octet.into()),
            octet => {
                let _ = write!(escaped, "%{octet:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7208 §7.4.
    fn expanded(text: &str, ip: &str) -> String {
        let values = Values {
            local: "strong-bad",
            sender_domain: "email.example.com",
            domain: "email.example.com",
            ip: ip.parse().unwrap(),
            helo: "mx.example.org",
            receiver: "",
            now: 1_795_501_377,
            validated: "mx.example.org",
        };
        MacroString::read(text, Place::Explanation).unwrap().explanation(values).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc_expand_as_it_says() {
        for (text, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{p} %{r} %{t} %{c}", "mx.example.org unknown 1795501377 192.0.2.3"),
            ("%{S}%%%_%-", "strong-bad%40email.example.com% %20"),
        ] {
            assert_eq!(expanded(text, "192.0.2.3"), expected, "{text}");
        }
        assert_eq!(
            expanded("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01"),
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com"
        );
    }

    #[test]
    fn what_is_no_macro_is_an_error() {
        for bad in ["%", "%a", "%{", "%{}", "%{x}", "%{d0}", "%{d}%(", "%{d!}", "%{dr2}", "%{c}", "a\tb", "é"] {
            assert!(MacroString::read(bad, Place::Name).is_err(), "{bad}");
        }
        assert!(MacroString::read("%{d99999999999999999999999}", Place::Name).is_ok());
    }

    #[test]
    fn a_name_ends_in_a_macro_or_a_top_label() {
        for good in ["example.org", "example.org.", "%{d}", "a.%{d}", "%{d}.a-b", "a:b/c.test", "a..b", "x.%%"] {
            assert!(MacroString::read_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "museum", "museum.", "a.123", "a.-b", "a.b-", "%{d}org", "%{d}123", "a.b:25", "a.b "] {
            assert!(MacroString::read_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_long_text_of_macros_is_not_written_out() {
        let text = "%{s}.".repeat(10_000) + "%{d}";
        let values = Values {
            local: "l",
            sender_domain: "example.org",
            domain: "example.org",
            ip: "192.0.2.1".parse().unwrap(),
            helo: "",
            receiver: "",
            now: 0,
            validated: "unknown",
        };
        let read = MacroString::read(&text, Place::Explanation).unwrap();
        assert!(read.name(values).unwrap().len() <= names::LONGEST);
        assert_eq!(read.explanation(values).unwrap().len(), LONGEST_EXPLANATION);
    }
}
