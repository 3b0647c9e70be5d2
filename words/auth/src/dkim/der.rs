//! The little of DER that public RSA keys need: records hold a SubjectPublicKeyInfo (RFC 5280 §4.1), and `ring` works
//! with the RSAPublicKey inside it (RFC 8017 §A.1.1).

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// The AlgorithmIdentifier of RSA: its object identifier, and NULL.
const RSA: &[u8] = &[SEQUENCE, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// The numbers of an RSA key, without leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RsaNumbers<'a> {
    pub modulus: &'a [u8],
    pub exponent: &'a [u8],
}

impl RsaNumbers<'_> {
    /// Returns the size of the key: the bits of the modulus.
    pub fn bits(&self) -> u32 {
        let first = self.modulus.first().map_or(0, |first| first.leading_zeros());
        u32::try_from(self.modulus.len() * 8).unwrap_or(u32::MAX).saturating_sub(first)
    }
}

/// Reads a SubjectPublicKeyInfo, or a bare RSAPublicKey: the text of RFC 6376 asks for the one and its examples have the
/// other.
pub fn rsa_numbers(der: &[u8]) -> Option<RsaNumbers<'_>> {
    let (outer, _) = element(der, SEQUENCE)?;
    match element(outer, SEQUENCE) {
        None => numbers(outer),
        Some((_, bits)) => {
            let (bits, _) = element(bits, BIT_STRING)?;
            // The first octet counts the unused bits at the end; there are none.
            let key = bits.strip_prefix(&[0])?;
            numbers(element(key, SEQUENCE)?.0)
        }
    }
}

fn numbers(key: &[u8]) -> Option<RsaNumbers<'_>> {
    let (modulus, rest) = element(key, INTEGER)?;
    let (exponent, _) = element(rest, INTEGER)?;
    let bare = |number: &'_ [u8]| number.iter().position(|octet| *octet != 0);
    Some(RsaNumbers { modulus: &modulus[bare(modulus)?..], exponent: &exponent[bare(exponent)?..] })
}

/// Returns the content of the element at the start, if it is of this kind, and what stands behind it.
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = length(rest)?;
    (*first == kind).then(|| rest.split_at_checked(length))?
}

fn length(der: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = der.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    // Two octets count up to 65,535; no key is longer.
    let octets = usize::from(*first & 0x7f);
    let (digits, rest) = rest.split_at_checked(octets)?;
    let length = (1..=2).contains(&octets).then(|| digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)));
    Some((length?, rest))
}

/// Wraps an RSAPublicKey into a SubjectPublicKeyInfo, as every verifier expects it in a record.
pub fn subject_public_key_info(rsa_public_key: &[u8]) -> Vec<u8> {
    let bits = write(BIT_STRING, &[&[0], rsa_public_key].concat());
    write(SEQUENCE, &[RSA, &bits].concat())
}

fn write(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = &length[length.iter().position(|digit| *digit != 0).unwrap_or(length.len() - 1)..];
    let mut element = vec![kind];
    if content.len() >= 0x80 {
        element.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
    }
    element.extend_from_slice(digits);
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_round_through_its_wrapping() {
        let modulus = [&[0, 0xc1][..], &[7; 255]].concat();
        let bare = write(SEQUENCE, &[write(INTEGER, &modulus), write(INTEGER, &[1, 0, 1])].concat());
        let expected = RsaNumbers { modulus: &modulus[1..], exponent: &[1, 0, 1] };
        assert_eq!(rsa_numbers(&bare), Some(expected));
        assert_eq!(rsa_numbers(&subject_public_key_info(&bare)), Some(expected));
        assert_eq!(expected.bits(), 2048);
    }

    #[test]
    fn a_key_that_is_cut_anywhere_is_none() {
        let bare = write(SEQUENCE, &[write(INTEGER, &[0x80; 200]), write(INTEGER, &[3])].concat());
        let whole = subject_public_key_info(&bare);
        for end in 0..whole.len() {
            assert_eq!(rsa_numbers(&whole[..end]), None, "{end}");
        }
        assert_eq!(rsa_numbers(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(rsa_numbers(&write(SEQUENCE, &[write(INTEGER, &[0]), write(INTEGER, &[3])].concat())), None);
    }
}
