//! Python's own mail clients on an office.

use crate::client::{Output, python};
use crate::office::{Office, Person};

impl Office {
    /// Sends a letter with Python's smtplib through submission (STARTTLS, log-in).
    pub fn submit(&self, from: &Person, to: &[&str], letter: &[u8]) -> Output {
        self.submit_with(from, to, letter, "")
    }

    /// The same, with a parameter of MAIL FROM more.
    pub fn submit_with(&self, from: &Person, to: &[&str], letter: &[u8], parameter: &str) -> Output {
        let port = self.ports.submission.to_string();
        let how = format!("submit:{parameter}");
        let mut words = vec![how.as_str(), port.as_str(), &from.address, &from.password];
        words.extend(to);
        python("smtp.py", &words, letter)
    }

    /// Gives a letter to the reception door as a foreign server would, without log-in.
    pub fn hand_in(&self, from: &str, to: &[&str], letter: &[u8]) -> Output {
        let port = self.ports.smtp.to_string();
        let mut words = vec!["hand-in", port.as_str(), from, ""];
        words.extend(to);
        python("smtp.py", &words, letter)
    }

    /// Waits until `folder` holds at least `count` letters and gives them all, as imaplib reads them.
    pub fn read(&self, person: &Person, folder: &str, count: usize) -> Vec<String> {
        let port = self.ports.imaps.to_string();
        let count = count.to_string();
        let output =
            python("imap.py", &["read", &port, &person.address, &person.password, folder, &count], b"").must_succeed();
        serde_json::from_str(&output.out).expect("a list of letters")
    }
}
