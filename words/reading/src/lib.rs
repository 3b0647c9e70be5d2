//! From octets to text, for all who show, list, search or report a letter: charsets, encoded words, and values with
//! parameters. There is no second decoder in the house, so that a subject reads the same in a mailbox, a bounce and a history.
//!
//! Lenient: any octets are read, in linear time; what means nothing gives U+FFFD, stays as it is, or falls away.

pub mod base64;
pub mod charset;
pub mod params;
pub mod words;

/// The value of a hexadecimal digit, in either case.
pub fn hex(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).map(|digit| digit as u8)
}
