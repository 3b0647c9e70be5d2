//! What can be found about a letter.

use serde::Serialize;

/// Characters of a name that are told.
const LONGEST_NAME: usize = 120;

/// Something a reader should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase")]
pub enum Finding {
    /// The sender's name holds the address of somebody elsewhere.
    Name { claims: String, address: String },
    /// Answers go to another domain than the sender's.
    ReplyTo { address: String, domain: String },
    /// A domain looks like another. `like`: one that the reader knows.
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

/// Where a domain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DomainRole {
    From,
    ReplyTo,
    Link,
}

/// A text of somebody else's that is told: in one line, and no longer than it is worth.
pub fn told(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
