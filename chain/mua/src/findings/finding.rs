//! The findings that a letter can have.

use serde::Serialize;

/// The most characters of a name that are shown.
const LONGEST_NAME: usize = 120;

/// A warning for the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase")]
pub enum Finding {
    /// The sender's name contains the address of somebody elsewhere.
    Name { claims: String, address: String },
    /// Answers go to another domain than the sender's.
    ReplyTo { address: String, domain: String },
    /// A domain looks like another. `like` is one that the reader knows.
    LookAlike { place: DomainRole, shown: String, ascii: String, like: Option<String> },
    /// The text of a link names another host than the link leads to.
    Link { shown: String, host: String },
    /// A file is a program, or makes one run.
    Program { file: String },
    /// A file's name pretends to be a document and ends as a program does.
    DoubleEnding { file: String },
    /// A file is a web page, which opens in the browser.
    WebPage { file: String },
}

/// The place of a domain in a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DomainRole {
    From,
    ReplyTo,
    Link,
}

/// Makes foreign text fit to be shown: in one line, and not too long.
pub fn told(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
