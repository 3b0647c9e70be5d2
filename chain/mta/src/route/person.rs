//! The person to whom a letter goes, as programs and folders name them.

use mail::{Address, ReturnPath};

/// The values that are filled in for one recipient. The names are those that Postfix's local(8) gives to programs, so
/// that a program that was written for it goes on working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `RECIPIENT`: the whole address.
    pub recipient: String,
    /// `LOCAL`: the part before the `@`.
    pub local: String,
    /// `USER` and `LOGNAME`: the same without what stands behind the first `+`, in lower case.
    pub user: String,
    /// `EXTENSION`: the part behind the `+`, in lower case; often nothing.
    pub extension: String,
    /// `DOMAIN`
    pub domain: String,
    /// `SENDER`: the return path; nothing for a report.
    pub sender: String,
}

impl Person {
    /// Makes the values for a recipient of a letter with this return path.
    pub fn new(recipient: &Address, sender: &ReturnPath) -> Self {
        let local = recipient.local();
        let (user, extension) = match local.split_once('+') {
            Some((user, extension)) if !user.is_empty() => (user, extension),
            _ => (local, ""),
        };
        Self {
            recipient: recipient.to_string(),
            local: local.to_owned(),
            user: user.to_lowercase(),
            extension: extension.to_lowercase(),
            domain: recipient.domain().as_str().to_owned(),
            sender: sender.to_string(),
        }
    }
}
