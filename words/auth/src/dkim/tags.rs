//! Lists of tags (RFC 6376 §3.2): `v=1; a=rsa-sha256; …`, in signatures and in records of keys.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The most tags of a list; the standards know 20.
const MOST_TAGS: usize = 64;

/// A list of tags, whose names differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Tags<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Tags<'a> {
    /// Reads a list. `None` if it is malformed or names a tag twice (RFC 6376 §3.2: it is no list then).
    pub fn parse(list: &'a [u8]) -> Option<Self> {
        let mut tags = Vec::new();
        let mut rest = list.trim_ascii();
        while !rest.is_empty() {
            let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let (name, value) = tag(&rest[..end])?;
            if tags.len() == MOST_TAGS || tags.iter().any(|(known, _)| *known == name) {
                return None;
            }
            tags.push((name, value));
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        Some(Self(tags))
    }

    /// Finds the value of a tag, without white space around it.
    pub fn find(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().find(|(known, _)| *known == name.as_bytes()).map(|(_, value)| *value)
    }

    /// Returns the name of the first tag.
    pub fn first(&self) -> Option<&'a [u8]> {
        self.0.first().map(|(name, _)| *name)
    }

    /// Finds the octets that a tag writes in base64, with white space anywhere. `None` if there is no such tag, or what it
    /// holds is not base64.
    pub fn base64(&self, name: &str) -> Option<Vec<u8>> {
        const ENGINE: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new()
                .with_decode_padding_mode(DecodePaddingMode::Indifferent)
                .with_decode_allow_trailing_bits(true),
        );
        let written: Vec<u8> = self.find(name)?.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
        ENGINE.decode(written).ok()
    }

    /// Finds the number of a tag: `Ok(None)` if there is no such tag. A number that is too large for us is the largest.
    pub fn number(&self, name: &str) -> Result<Option<u64>, NoNumber> {
        let Some(digits) = self.find(name) else { return Ok(None) };
        // RFC 6376 §3.5: `l=` has up to 76 digits.
        if digits.is_empty() || digits.len() > 76 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(NoNumber);
        }
        let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
        Ok(Some(digits.iter().fold(0, add)))
    }
}

/// A tag that should hold a number holds something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNumber;

fn tag(written: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr::memchr(b'=', written)?;
    let name = written[..equals].trim_ascii();
    let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'_';
    (name.first()?.is_ascii_alphabetic() && name.iter().all(is_name))
        .then(|| (name, written[equals + 1..].trim_ascii()))
}

/// Splits a value at its colons, without the white space around each piece.
pub fn between_colons(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|octet| *octet == b':').map(<[u8]>::trim_ascii)
}

/// Returns a list without the value of its tag `b`, the white space around the value included (RFC 6376 §3.7): what was
/// hashed before there was a signature.
pub fn without_signature(list: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(list.len());
    for (number, written) in list.split(|octet| *octet == b';').enumerate() {
        if number > 0 {
            kept.push(b';');
        }
        let equals = memchr::memchr(b'=', written).filter(|equals| written[..*equals].trim_ascii() == b"b");
        kept.extend_from_slice(equals.map_or(written, |equals| &written[..=equals]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_white_space_anywhere_between() {
        let tags = Tags::parse(b" v = 1 ;\r\n\ta=rsa-sha256; b= YQ\r\n\t== ; empty=;l=12; ").unwrap();
        assert_eq!((tags.find("v"), tags.find("empty"), tags.find("x")), (Some(&b"1"[..]), Some(&b""[..]), None));
        assert_eq!((tags.base64("b").unwrap(), tags.first()), (b"a".to_vec(), Some(&b"v"[..])));
        assert_eq!((tags.number("l"), tags.number("t"), tags.number("a")), (Ok(Some(12)), Ok(None), Err(NoNumber)));
        assert_eq!(Tags::parse(b"").unwrap().first(), None);
    }

    #[test]
    fn a_malformed_list_is_none() {
        for list in ["a", "a=1;;b=2", "=1", "1a=2", "a b=1", "a=1; a=2", "a=1; b"] {
            assert_eq!(Tags::parse(list.as_bytes()), None, "{list}");
        }
        assert!(Tags::parse(b"a=1; A=2").is_some(), "the case of names counts");
        assert_eq!(Tags::parse("a=1;".repeat(100_000).as_bytes()), None);
    }

    #[test]
    fn numbers_larger_than_ours_are_the_largest() {
        let large = format!("l={}", "9".repeat(76));
        assert_eq!(Tags::parse(large.as_bytes()).unwrap().number("l"), Ok(Some(u64::MAX)));
        let (longer, negative) = (format!("l={}", "9".repeat(77)), "l=-1");
        assert_eq!(Tags::parse(longer.as_bytes()).unwrap().number("l"), Err(NoNumber));
        assert_eq!(Tags::parse(negative.as_bytes()).unwrap().number("l"), Err(NoNumber));
    }

    #[test]
    fn only_the_signature_itself_is_left_out() {
        assert_eq!(without_signature(b" v=1; bh=ab=; b = ab\r\n cd= ; t=1"), b" v=1; bh=ab=; b =; t=1");
        assert_eq!(without_signature(b" b=ab==\r\n"), b" b=");
        assert_eq!(without_signature(b" bb=1; c=b="), b" bb=1; c=b=");
    }
}
