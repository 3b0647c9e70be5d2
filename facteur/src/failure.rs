//! A command that failed.

use std::fmt;

/// A message for the person, with an exit status.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    pub status: u8,
    pub text: String,
}

impl Failure {
    /// Makes a failure with the exit status of commands that failed: 1.
    pub fn new(text: impl Into<String>) -> Self {
        Self { status: 1, text: text.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
