//! Letters to send.

use std::path::Path;

/// A letter of `tests/letters`.
pub fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("letters").join(name);
    std::fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// A letter of about `size` octets whose Message-ID is `<id@test>`.
pub fn generated_letter(id: &str, from: &str, to: &str, size: usize) -> Vec<u8> {
    let mut letter = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: letter {id}\r\nDate: Tue, 24 Nov 2026 06:22:57 +0000\r\nMessage-ID: <{id}@test>\r\n\r\n"
    )
    .into_bytes();
    let line = format!("{id} is a line that makes the letter long enough to be taken for a real one.\r\n");
    while letter.len() < size {
        letter.extend_from_slice(line.as_bytes());
    }
    letter
}

/// The names of generated letters (the part before `@test` of their Message-ID), sorted.
pub fn message_ids(letters: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = letters
        .iter()
        .filter_map(|letter| letter.lines().find_map(|line| line.strip_prefix("Message-ID: <")))
        .map(|id| id.trim_end_matches('>').trim_end_matches("@test").to_owned())
        .collect();
    ids.sort();
    ids
}
