//! Letters that are kept in `tests/letters`, and their structure.

#![allow(dead_code)]

use facteur_mailbox as mailbox;
use mailbox::Structure;
use mailbox::parse::{Limits, scan};

/// Returns the octets of a kept letter.
pub fn letter(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/letters/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the structure of a letter, which is the same when it was written down and read again.
pub fn structure(letter: &[u8]) -> Structure {
    let structure = scan(letter, Limits::default());
    assert_eq!(Structure::decode(&structure.encode()).as_ref(), Some(&structure));
    structure
}
