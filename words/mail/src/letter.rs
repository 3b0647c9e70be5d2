//! A letter: raw bytes with CRLF line ends, header and body (RFC 5322).

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

/// The name of a letter in our server, from reception to reading: in its Received header, the queue, the logs and the
/// trace. Sixteen letters of base 32, random, so that it tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterId([u8; 16]);

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl LetterId {
    /// Makes the id from 80 random bits that the caller supplies.
    pub fn from_random(random: [u8; 10]) -> Self {
        let mut bits = [0u8; 16];
        bits[6..].copy_from_slice(&random);
        let number = u128::from_be_bytes(bits);
        let mut text = [0u8; 16];
        for (i, letter) in text.iter_mut().enumerate() {
            *letter = ALPHABET[(number >> (5 * (15 - i)) & 31) as usize];
        }
        Self(text)
    }

    /// Returns the random bits that it was made of.
    pub fn to_random(self) -> [u8; 10] {
        let place = |letter: &u8| ALPHABET.iter().position(|known| known == letter).unwrap_or(0) as u128;
        let number = self.0.iter().fold(0_u128, |number, letter| number << 5 | place(letter));
        let mut random = [0; 10];
        random.copy_from_slice(&number.to_be_bytes()[6..]);
        random
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for LetterId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes: [u8; 16] = text.as_bytes().try_into().map_err(|_| ())?;
        if bytes.iter().all(|b| ALPHABET.contains(b)) { Ok(Self(bytes)) } else { Err(()) }
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A letter on its way: cheap to clone, its bytes are shared.
#[derive(Clone)]
pub struct Letter {
    /// Its name in our server.
    pub id: LetterId,
    /// Header and body, lines ended by CRLF, without SMTP's dot-stuffing.
    pub raw: Bytes,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({}, {} bytes)", self.id, self.raw.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_id_goes_round_as_text() {
        let id = LetterId::from_random([0xff, 0, 1, 2, 3, 4, 5, 6, 7, 0x80]);
        assert_eq!(id.as_str().len(), 16);
        assert_eq!(id.to_string().parse::<LetterId>(), Ok(id));
        assert_eq!(LetterId::from_random(id.to_random()), id);
        assert!("short".parse::<LetterId>().is_err());
        assert!("ABCDEFGHIJKLMNOP".parse::<LetterId>().is_err());
    }
}
