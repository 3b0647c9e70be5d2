//! Base64 as mail has it (RFC 2045 §6.8), piece by piece.

/// Returns all of a text decoded.
pub fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Base64::default().push(text, &mut out);
    out
}

/// Decodes base64: octets outside the alphabet are skipped (RFC 2045 §6.8), padding ends a group.
#[derive(Clone, Debug, Default)]
pub struct Base64 {
    bits: u32,
    have: u32,
}

impl Base64 {
    /// Returns true if nothing of a group is kept, so that another decoder would go on from here in the same way.
    pub fn is_at_rest(&self) -> bool {
        self.have == 0
    }

    /// Decodes a piece, and appends the result to `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        out.reserve(chunk.len() / 4 * 3 + 3);
        for &octet in chunk {
            match VALUES[usize::from(octet)] {
                value @ 0..=63 => {
                    self.bits = self.bits << 6 | u32::from(value);
                    self.have += 6;
                    if self.have >= 8 {
                        self.have -= 8;
                        out.push((self.bits >> self.have) as u8);
                    }
                }
                // The sign behind a padding starts a new group: joined base64 texts are common in broken mail.
                PADDING => self.have = 0,
                _ => {}
            }
        }
    }
}

const PADDING: u8 = 64;
const NOTHING: u8 = 65;

/// The value of each octet in base64.
const VALUES: [u8; 256] = {
    let mut values = [NOTHING; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut i = 0;
    while i < alphabet.len() {
        values[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    // The alphabet of URLs, which some mailers take.
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values[b'=' as usize] = PADDING;
    values
};
