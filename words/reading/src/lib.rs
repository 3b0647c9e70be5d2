//! Converts octets to text, for all code that shows, lists, searches or reports a letter: charsets, encoded words, and
//! values with parameters. The server has no second decoder, so that a subject reads the same in a mailbox, a bounce
//! and a history.
//!
//! The reading is lenient: any octets are read, in linear time; octets without a meaning become U+FFFD, stay as they
//! are, or fall away.

pub mod base64;
pub mod charset;
pub mod params;
pub mod words;

/// Returns the value of a hexadecimal digit, in either case.
pub fn hex(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).map(|digit| digit as u8)
}
