//! A server that is asked.

use std::collections::BTreeSet;

use tests::Secure;

use crate::questions::Question;

/// Letters that are put there before the server is heard.
const PUT_AT_ONCE: usize = 20;

/// One session with a server.
pub struct Server(Secure);

impl Server {
    /// Logs in.
    pub fn log_in(port: u16, user: &str, password: &str) -> Self {
        let mut session = Secure::open(port);
        session.hear("\r\n");
        session.ask(&format!("l LOGIN \"{user}\" \"{password}\""), "l OK");
        Self(session)
    }

    /// Puts letters into INBOX, in this order.
    pub fn put(&mut self, letters: &[Vec<u8>]) {
        for some in letters.chunks(PUT_AT_ONCE) {
            let mut octets = Vec::new();
            for letter in some {
                octets.extend_from_slice(format!("a APPEND INBOX {{{}+}}\r\n", letter.len()).as_bytes());
                octets.extend_from_slice(letter);
                octets.extend_from_slice(b"\r\n");
            }
            octets.extend_from_slice(b"n NOOP\r\n");
            self.0.say_octets(&octets);
            let said = self.0.hear("n OK");
            let taken = said.matches("a OK").count();
            assert_eq!(taken, some.len(), "not every letter was taken: {said}");
        }
    }

    /// Opens INBOX, which has this many letters.
    pub fn select(&mut self, letters: usize) {
        let said = self.0.ask("s SELECT INBOX", "s OK");
        assert!(said.contains(&format!("* {letters} EXISTS")), "{said}");
    }

    /// The UIDs that answer each question. A server may work on several at once: each answer names its question (RFC 4731).
    pub fn ask(&mut self, questions: &[Question]) -> Vec<BTreeSet<u32>> {
        let mut octets = Vec::new();
        for (number, question) in questions.iter().enumerate() {
            octets.extend_from_slice(format!("q{number} UID SEARCH RETURN (ALL) CHARSET UTF-8 ").as_bytes());
            question.write(&mut octets);
            octets.extend_from_slice(b"\r\n");
        }
        self.0.say_octets(&octets);
        let mut answers = vec![BTreeSet::new(); questions.len()];
        let mut open: BTreeSet<usize> = (0..questions.len()).collect();
        while !open.is_empty() {
            let said = self.0.hear_lines();
            for line in said.lines() {
                if let Some((number, uids)) = answer(line) {
                    answers[number].extend(uids);
                } else if let Some((number, result)) = line.strip_prefix('q').and_then(|line| line.split_once(' ')) {
                    let number: usize = number.parse().expect("a tag of ours");
                    assert!(result.starts_with("OK"), "{line} to {}", questions[number]);
                    open.remove(&number);
                }
            }
        }
        answers
    }
}

/// Reads `* ESEARCH (TAG "q7") UID ALL 1:4,9`: the number of the question, and the letters that were found.
fn answer(line: &str) -> Option<(usize, Vec<u32>)> {
    let (number, found) = line.strip_prefix("* ESEARCH (TAG \"q")?.split_once("\")")?;
    let uids = found.split_once("ALL ").map_or("", |(_, uids)| uids.trim());
    let ranges = uids.split(',').filter(|range| !range.is_empty()).flat_map(|range| {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        let end = |text: &str| text.parse::<u32>().expect("a UID");
        end(first).min(end(last))..=end(first).max(end(last))
    });
    Some((number.parse().ok()?, ranges.collect()))
}
