//! Base64 (RFC 4648 §4), bounded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The longest line of a client (RFC 4954 §4), in base64.
pub(crate) const MAX_LINE: usize = 12_288;

/// Decodes a line; `None` if it is too long or not base64.
pub(crate) fn decode(line: &str) -> Option<Zeroizing<Vec<u8>>> {
    if line.len() > MAX_LINE {
        return None;
    }
    STANDARD.decode(line).ok().map(Zeroizing::new)
}

/// Decodes a line of text.
pub(crate) fn decode_text(line: &str) -> Option<Zeroizing<String>> {
    let mut bytes = decode(line)?;
    String::from_utf8(std::mem::take(&mut *bytes)).ok().map(Zeroizing::new)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
