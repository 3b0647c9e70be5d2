//! Octets as two digits each.

/// Writes octets in hexadecimal, in lower case.
pub fn encode(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Decodes a text that [`encode`] has written; `None` for any other text.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let is_ours = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2).filter(|pair| pair.bytes().all(is_ours)));
    pairs.map(|pair| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let octets: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&octets)), Some(octets));
        for odd in ["0", "000", "0g", "é", "aéb", "+f", "0F"] {
            assert_eq!(decode(odd), None, "{odd}");
        }
    }
}
