//! A server that is asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;

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

    /// The UIDs that answer each question.
    pub fn ask(&mut self, questions: &[Question]) -> Vec<BTreeSet<u32>> {
        let mut octets = Vec::new();
        for (number, question) in questions.iter().enumerate() {
            octets.extend_from_slice(format!("q{number} UID SEARCH CHARSET UTF-8 ").as_bytes());
            question.write(&mut octets);
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(b"done NOOP\r\n");
        self.0.say_octets(&octets);
        let said = self.0.hear("done OK");
        let mut answers = Vec::new();
        let mut found = BTreeSet::new();
        for line in said.lines() {
            if let Some(uids) = line.strip_prefix("* SEARCH") {
                found.extend(uids.split_whitespace().filter_map(|uid| uid.parse::<u32>().ok()));
            } else if line.starts_with('q') {
                let mut expected = String::new();
                let _ = write!(expected, "q{} OK", answers.len());
                assert!(line.starts_with(&expected), "{line} to {}", questions[answers.len()]);
                answers.push(std::mem::take(&mut found));
            }
        }
        assert_eq!(answers.len(), questions.len(), "{said}");
        answers
    }
}
