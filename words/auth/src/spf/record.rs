//! Records of SPF (RFC 7208 §4.5, §4.6, §5, §6, §12).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::macros::{MacroString, Place};
use super::{Problem, SpfResult};

/// A record, read. Every error in it, wherever it stands, makes all of it useless (RFC 7208 §4.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub directives: Vec<Directive>,
    pub redirect: Option<MacroString>,
    pub explanation: Option<MacroString>,
}

/// A mechanism, and what it means where it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub result: SpfResult,
    pub mechanism: Mechanism,
    /// The term as it was written.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(MacroString),
    A(Option<MacroString>, Prefixes),
    Mx(Option<MacroString>, Prefixes),
    Ptr(Option<MacroString>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(MacroString),
}

/// The lengths of the networks around the addresses of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefixes {
    pub four: u8,
    pub six: u8,
}

/// Returns true if a text is a record of SPF: its version stands alone in front (RFC 7208 §4.5).
pub(super) fn is_record(text: &[u8]) -> bool {
    let version = text.split(|octet| *octet == b' ').next().unwrap_or_default();
    version.eq_ignore_ascii_case(VERSION)
}

const VERSION: &[u8] = b"v=spf1";
/// The longest term that is kept for people, in characters.
const SHOWN: usize = 80;

impl Record {
    /// Reads a text that begins with the version.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let mut terms = text.split(' ').filter(|term| !term.is_empty());
        let version = terms.next().unwrap_or_default();
        if !version.as_bytes().eq_ignore_ascii_case(VERSION) {
            return Err(wrong(version, "a record begins with v=spf1"));
        }
        let mut record = Self::default();
        terms.try_for_each(|term| record.add(term).map_err(|why| wrong(term, why)))?;
        Ok(record)
    }

    fn add(&mut self, term: &str) -> Result<(), &'static str> {
        match modifier(term) {
            Some((name, value)) if name.eq_ignore_ascii_case("redirect") => once(&mut self.redirect, value),
            Some((name, value)) if name.eq_ignore_ascii_case("exp") => once(&mut self.explanation, value),
            // RFC 7208 §6: an unknown modifier is read, and has no effect.
            Some((_, value)) => MacroString::read(value, Place::Name).map(drop),
            None => {
                self.directives.push(Directive::read(term)?);
                Ok(())
            }
        }
    }
}

fn wrong(term: &str, why: &'static str) -> Problem {
    Problem::Syntax { term: shown(term), why }
}

/// Cuts a term to what people can read.
fn shown(term: &str) -> String {
    term.chars().take(SHOWN).collect()
}

/// RFC 7208 §6: `redirect` and `exp` stand once at most.
fn once(there: &mut Option<MacroString>, value: &str) -> Result<(), &'static str> {
    let name = MacroString::read_name(value)?;
    if there.replace(name).is_some() { Err("it stands twice") } else { Ok(()) }
}

/// Returns the name and the value of a modifier; `None` for a mechanism.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let mut letters = name.chars();
    let is_name = letters.next()?.is_ascii_alphabetic()
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    is_name.then_some((name, value))
}

impl Directive {
    fn read(term: &str) -> Result<Self, &'static str> {
        let (result, unqualified) = match term.as_bytes().first() {
            Some(b'+') => (SpfResult::Pass, &term[1..]),
            Some(b'-') => (SpfResult::Fail, &term[1..]),
            Some(b'~') => (SpfResult::SoftFail, &term[1..]),
            Some(b'?') => (SpfResult::Neutral, &term[1..]),
            _ => (SpfResult::Pass, term),
        };
        Ok(Self { result, mechanism: Mechanism::read(unqualified)?, text: shown(term) })
    }
}

impl Mechanism {
    fn read(term: &str) -> Result<Self, &'static str> {
        let end = term.find([':', '/']).unwrap_or(term.len());
        let (name, rest) = term.split_at(end);
        match name.to_ascii_lowercase().as_str() {
            "all" if rest.is_empty() => Ok(Self::All),
            "all" => Err("all takes nothing behind it"),
            "include" => Ok(Self::Include(needed(rest)?)),
            "exists" => Ok(Self::Exists(needed(rest)?)),
            "ptr" => Ok(Self::Ptr(optional(rest)?)),
            "a" => host(rest).map(|(name, prefixes)| Self::A(name, prefixes)),
            "mx" => host(rest).map(|(name, prefixes)| Self::Mx(name, prefixes)),
            "ip4" => network(rest, 32).map(|(ip, length)| Self::Ip4(ip, length)),
            "ip6" => network(rest, 128).map(|(ip, length)| Self::Ip6(ip, length)),
            _ => Err("there is no such mechanism"),
        }
    }

    /// Returns true if the mechanism counts among the ten that may ask (RFC 7208 §4.6.4).
    pub fn asks(&self) -> bool {
        !matches!(self, Self::All | Self::Ip4(..) | Self::Ip6(..))
    }
}

fn needed(rest: &str) -> Result<MacroString, &'static str> {
    MacroString::read_name(rest.strip_prefix(':').ok_or("it needs a domain behind a colon")?)
}

fn optional(rest: &str) -> Result<Option<MacroString>, &'static str> {
    if rest.is_empty() { Ok(None) } else { needed(rest).map(Some) }
}

/// Reads `[":" domain-spec] ["/" length] ["//" length]`. A domain may have slashes; the lengths are at the end.
fn host(rest: &str) -> Result<(Option<MacroString>, Prefixes), &'static str> {
    let (rest, six) = prefix(rest, "//", 128)?;
    let (rest, four) = prefix(rest, "/", 32)?;
    Ok((optional(rest)?, Prefixes { four, six }))
}

/// Takes a length off the end; without one it is `most`.
fn prefix<'a>(text: &'a str, sign: &str, most: u8) -> Result<(&'a str, u8), &'static str> {
    let Some((before, digits)) = text.rsplit_once(sign) else { return Ok((text, most)) };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok((text, most));
    }
    Ok((before, length(digits, most)?))
}

fn length(digits: &str, most: u8) -> Result<u8, &'static str> {
    let is_written_right =
        digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    let length = digits.parse().ok().filter(|length| is_written_right && *length <= most);
    length.ok_or("the length of the network is wrong")
}

fn network<T: std::str::FromStr>(rest: &str, most: u8) -> Result<(T, u8), &'static str> {
    let network = rest.strip_prefix(':').ok_or("it needs an address behind a colon")?;
    let (address, digits) =
        network.split_once('/').map_or((network, None), |(address, digits)| (address, Some(digits)));
    let address = address.parse().map_err(|_| "this is not an address of this family")?;
    Ok((address, digits.map_or(Ok(most), |digits| length(digits, most))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_alone() {
        assert!(is_record(b"v=spf1") && is_record(b"V=SPF1 -all") && is_record(b"v=spf1 \xff"));
        assert!(!is_record(b"v=spf10") && !is_record(b"v=spf1\t-all") && !is_record(b" v=spf1") && !is_record(b""));
    }

    #[test]
    fn every_mechanism_is_read() {
        let text = "v=spf1  ip4:192.0.2.0/24 -ip6:2001:db8::/32 ~a:foo:bar/baz.test/24//64 ?mx//48 +ptr \
                    include:%{d1r}.test exists:%{i}.test ALL redirect=a.test exp=b.test x-unknown=%{d}/%% ";
        let record = Record::read(text).unwrap();
        let results: Vec<_> = record.directives.iter().map(|directive| directive.result.name()).collect();
        assert_eq!(results, ["pass", "fail", "softfail", "neutral", "pass", "pass", "pass", "pass"]);
        let Mechanism::A(Some(_), prefixes) = &record.directives[2].mechanism else { panic!("a") };
        assert_eq!(*prefixes, Prefixes { four: 24, six: 64 });
        let Mechanism::Mx(None, prefixes) = &record.directives[3].mechanism else { panic!("mx") };
        assert_eq!(*prefixes, Prefixes { four: 32, six: 48 });
        assert!(record.redirect.is_some() && record.explanation.is_some());
        assert_eq!(record.directives[2].text, "~a:foo:bar/baz.test/24//64");
    }

    #[test]
    fn an_error_anywhere_spoils_the_record() {
        for term in [
            "all:x",
            "all/8",
            "include",
            "include:",
            "include:a.test/24",
            "exists:",
            "ptr/0",
            "ptr:",
            "a:",
            "a/33",
            "a//129",
            "a/024",
            "a/24/64",
            "mx:a.test:25",
            "ip4",
            "ip4:",
            "ip4:1.2.3",
            "ip4:1.2.3.4/33",
            "ip4:1.2.3.4/",
            "ip4:1.2.3.4/08",
            "ip4:::1",
            "ip6:1.2.3.4",
            "ip6:::1/129",
            "ip6::::",
            "foo",
            "-",
            "--all",
            "1up=x",
            "=all",
            "redirect=",
            "exp=museum",
            "x=%",
            "a:\u{7f}.test",
            "all\t",
        ] {
            let text = format!("v=spf1 {term} -all");
            assert!(matches!(Record::read(&text), Err(Problem::Syntax { .. })), "{term}");
        }
        assert!(Record::read("v=spf1 redirect=a.test redirect=b.test").is_err());
        assert!(Record::read("v=spf1 exp=a.test EXP=b.test").is_err());
    }
}
