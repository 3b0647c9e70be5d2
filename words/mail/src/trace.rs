//! The history of a letter on its way: one [`Step`] a decision. It contains facts only; their words are made where a
//! person reads them, in their language.

use serde::{Deserialize, Serialize};

use crate::seam::{AccountId, Login, Wire};
use crate::{Envelope, Letter, LetterId, Reply, Timestamp, header};

/// One event in the life of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The letter.
    pub letter: LetterId,
    /// The time of the event.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
}

/// The links of the chain, as a history names them. Stored by the order of the variants: new ones go to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Link {
    /// Submission: one of our people wrote the letter.
    Msa,
    /// Reception from another server.
    Mta,
    /// The door for a mail server in front of us (LMTP).
    Lmtp,
    /// Fetched from a mailbox elsewhere.
    Mra,
    /// Made in the server: a bounce, `facteur send`.
    House,
    /// A mail client filed it (APPEND).
    Client,
    /// Read over IMAP.
    Imap,
    /// Read over POP3.
    Pop3,
    /// Read over JMAP or on the web pages.
    Jmap,
    /// Brought from a file of another program (`facteur import`).
    Import,
}

/// One event. It is stored by the order of the variants and of their fields: new ones go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The letter came in and we took charge of it.
    Received(Arrival),
    /// The letter came in and was refused; nothing was kept.
    Refused {
        /// The way that it came.
        arrival: Arrival,
        /// The reply to the sender.
        reply: String,
    },
    /// A check or a rule decided something about it.
    Judged {
        /// The owner of the copy that the event is about; empty if it is about the letter itself, for all recipients.
        recipient: String,
        /// The name of the check: `spf`, `spam`, `sieve`, …
        by: String,
        /// Its decision.
        decision: String,
        /// The reason, in words.
        reason: String,
    },
    /// The letter lies in a mailbox of ours.
    Filed {
        /// The mailbox.
        account: i64,
        /// The key of the letter there.
        key: i64,
        /// The address that it came under.
        recipient: String,
        /// The folder.
        folder: String,
    },
    /// The letter could not be filed for this person.
    NotFiled {
        /// The address that it came under.
        recipient: String,
        /// The answer of the filing.
        reply: String,
    },
    /// The letter waits to be carried to others.
    Queued {
        /// The recipients of the copy.
        recipients: Vec<String>,
    },
    /// We tried to hand the letter to a server, a program or a folder.
    Attempt(Attempt),
    /// The sender got a report.
    Reported {
        /// The address that we wrote to.
        to: String,
        /// The name of the report, which has a history of its own.
        report: String,
        /// True if the report says that the letter is late, not that it failed.
        late: bool,
    },
    /// The postmaster did something to it in the queue.
    Desk {
        /// The deed.
        act: DeskAct,
        /// The recipient that it is about.
        recipient: String,
    },
    /// The letter was opened.
    Read {
        /// The mailbox.
        account: i64,
        /// The door through which it was read.
        door: Link,
    },
    /// Its owner removed the letter.
    Removed {
        /// The mailbox.
        account: i64,
        /// The door through which it was removed.
        door: Link,
    },
    /// An address of ours led to others.
    Redirected {
        /// The address on the envelope.
        recipient: String,
        /// The addresses that it leads to.
        to: Vec<String>,
    },
    /// The letter is kept until its author wants it carried on.
    Postponed {
        /// The recipients that it will go to.
        recipients: Vec<String>,
        /// The time, in milliseconds since 1970.
        until: i64,
    },
    /// Its author took the letter back before that time: nobody gets it.
    Recalled {
        /// The author's mailbox.
        account: i64,
    },
    /// A fault of ours meanwhile: for the postmaster, who can mend it.
    Fault {
        /// The part that failed.
        cause: String,
    },
    /// The letter came with octets that no letter may have, and was accepted all the same.
    Mended {
        /// The number of its line ends that were not CRLF, and are now.
        line_ends: u64,
        /// True if it has NUL octets, which were kept.
        nul: bool,
    },
    /// The sender got the report that it has arrived, or was handed on, which they had asked for.
    Confirmed {
        /// The address that we wrote to.
        to: String,
        /// The name of the report, which has a history of its own.
        report: String,
    },
}

impl Event {
    /// Passes each text in it to `each`, to be read or changed.
    pub fn each_text(&mut self, mut each: impl FnMut(&mut String)) {
        match self {
            Self::Received(arrival) => arrival.each_text(&mut each),
            Self::Refused { arrival, reply } => {
                arrival.each_text(&mut each);
                each(reply);
            }
            Self::Judged { recipient, by, decision, reason } => {
                [recipient, by, decision, reason].into_iter().for_each(each);
            }
            Self::Filed { recipient, folder, .. } => [recipient, folder].into_iter().for_each(each),
            Self::NotFiled { recipient, reply } => [recipient, reply].into_iter().for_each(each),
            Self::Queued { recipients } | Self::Postponed { recipients, .. } => recipients.iter_mut().for_each(each),
            Self::Attempt(Attempt { recipient, by, said, tls, .. }) => {
                [recipient, by, said, tls].into_iter().for_each(each);
            }
            Self::Reported { to, report, .. } | Self::Confirmed { to, report } => {
                [to, report].into_iter().for_each(each)
            }
            Self::Desk { recipient, .. } => each(recipient),
            Self::Redirected { recipient, to } => {
                each(recipient);
                to.iter_mut().for_each(each);
            }
            Self::Fault { cause } => each(cause),
            Self::Read { .. } | Self::Removed { .. } | Self::Recalled { .. } | Self::Mended { .. } => {}
        }
    }
}

/// The way that a letter came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredArrival", into = "StoredArrival")]
pub struct Arrival {
    /// The link through which it came.
    pub by: Option<Link>,
    /// The address the peer connected from, or the source it was fetched from, or the file it lay in.
    pub peer: String,
    /// The name that the peer gave itself.
    pub hello: String,
    /// Version and cipher, inside TLS.
    pub tls: String,
    /// The person who had logged in.
    pub login: String,
    /// The mailbox of that person.
    pub account: Option<i64>,
    /// The return path; empty for a report.
    pub return_path: String,
    /// The recipients on the envelope.
    pub recipients: Vec<String>,
    /// Its Message-ID, without brackets.
    pub message_id: String,
    /// Its subject, as it stands in the field: on one line, encoded words and all, but raw octets in UTF-8.
    pub subject: String,
    /// Octets.
    pub size: u64,
}

/// An [`Arrival`] as rows store it. The subject came later, and stands behind the Message-ID in the same text: a new
/// field could not be told from the following data in older rows.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Arrival")]
struct StoredArrival {
    by: Option<Link>,
    peer: String,
    hello: String,
    tls: String,
    login: String,
    account: Option<i64>,
    return_path: String,
    recipients: Vec<String>,
    message_id_and_subject: String,
    size: u64,
}

/// The separator of the two. Neither contains it: rows store tidied texts, and those have no control characters.
const BETWEEN: char = '\0';

impl From<Arrival> for StoredArrival {
    fn from(arrival: Arrival) -> Self {
        let Arrival { by, peer, hello, tls, login, account, return_path, recipients, .. } = arrival;
        let mut message_id_and_subject = arrival.message_id;
        if !arrival.subject.is_empty() {
            message_id_and_subject.push(BETWEEN);
            message_id_and_subject += &arrival.subject;
        }
        let size = arrival.size;
        Self { by, peer, hello, tls, login, account, return_path, recipients, message_id_and_subject, size }
    }
}

impl From<StoredArrival> for Arrival {
    fn from(stored: StoredArrival) -> Self {
        let StoredArrival { by, peer, hello, tls, login, account, return_path, recipients, size, .. } = stored;
        let both = stored.message_id_and_subject;
        let (message_id, subject) = match both.split_once(BETWEEN) {
            Some((message_id, subject)) => (message_id.to_owned(), subject.to_owned()),
            None => (both, String::new()),
        };
        Self { by, peer, hello, tls, login, account, return_path, recipients, message_id, subject, size }
    }
}

impl Arrival {
    /// Describes the arrival of this letter to these recipients, through a link; [`Self::over`] adds the connection,
    /// and [`Self::written_by`] the person.
    pub fn of(by: Link, letter: &Letter, envelope: &Envelope) -> Self {
        Self::begun(by, envelope).with(&letter.raw)
    }

    /// Describes the arrival of a letter of which no octet has come yet.
    pub fn begun(by: Link, envelope: &Envelope) -> Self {
        Self {
            by: Some(by),
            return_path: envelope.return_path.to_string(),
            recipients: envelope.recipients.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    /// Describes a letter that a mail client of this person files in their mailbox.
    pub fn put_there(raw: &[u8], person: &Login) -> Self {
        Self { by: Some(Link::Client), ..Self::default() }.with(raw).written_by(person)
    }

    /// Describes a letter from this file.
    pub fn imported(raw: &[u8], file: &str) -> Self {
        Self { by: Some(Link::Import), peer: file.to_owned(), ..Self::default() }.with(raw)
    }

    /// Adds the facts that the letter's header states.
    fn with(self, raw: &[u8]) -> Self {
        let message_id = header::find(raw, "Message-ID").map(|field| message_id(&field.value())).unwrap_or_default();
        let subject = subject(raw).unwrap_or_default();
        Self { message_id, subject, size: raw.len() as u64, ..self }
    }

    /// Adds the connection that it came over.
    #[must_use]
    pub fn over(self, wire: &Wire) -> Self {
        let Wire { ip, hello, tls, .. } = wire;
        Self { peer: ip.to_string(), hello: hello.clone(), tls: tls.clone(), ..self }
    }

    /// Adds the person who wrote the letter.
    #[must_use]
    pub fn written_by(self, login: &Login) -> Self {
        Self { login: login.address.to_string(), account: Some(login.account.0), ..self }
    }

    fn each_text(&mut self, each: &mut impl FnMut(&mut String)) {
        let Self { peer, hello, tls, login, return_path, recipients, message_id, subject, .. } = self;
        [peer, hello, tls, login, return_path, message_id, subject].into_iter().for_each(&mut *each);
        recipients.iter_mut().for_each(each);
    }
}

/// Returns a Message-ID in a form for comparison: without brackets and the blanks around it, and with octets outside
/// UTF-8 replaced.
pub fn message_id(value: &[u8]) -> String {
    let value = value.trim_ascii();
    let bare = value.strip_prefix(b"<").unwrap_or(value);
    let bare = bare.strip_suffix(b">").unwrap_or(bare);
    String::from_utf8_lossy(bare).into_owned()
}

/// Returns the subject of a letter for a history: its beginning, in UTF-8 whatever charset its octets are in.
fn subject(raw: &[u8]) -> Option<String> {
    // A character has four octets at most; a character cut in two is repaired with the rest.
    let beginning = header::legible(raw, "Subject", LONGEST_TEXT * 4)?;
    Some(String::from_utf8_lossy(&beginning).into_owned())
}

/// The longest text in a history, in characters: longer texts of others are cut there.
pub const LONGEST_TEXT: usize = 600;

/// Makes foreign text fit for a history: on one line, without characters that a terminal would obey, and not longer
/// than [`LONGEST_TEXT`].
pub fn tidy(text: &mut String) {
    let is_plain = |c: char| !c.is_control() && !is_invisible(c);
    if text.len() <= LONGEST_TEXT && text.chars().all(is_plain) {
        return;
    }
    *text = text.chars().map(|c| if is_plain(c) { c } else { ' ' }).take(LONGEST_TEXT).collect();
    text.truncate(text.trim_end().len());
}

/// Returns true for line ends that are no control characters, and for characters that turn the order of the text around
/// them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One try to hand a letter on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The recipient of the try.
    pub recipient: String,
    /// The server, program or folder; empty if none was reached. [`Self::LMTP`] stands before the name of a server that
    /// spoke LMTP, as in a route.
    pub by: String,
    /// Its answer, or our own finding.
    pub said: String,
    /// The outcome.
    pub outcome: AttemptOutcome,
    /// The version of TLS it went through; empty in clear.
    pub tls: String,
}

/// The kind of receiver that a letter was handed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// A server, over SMTP.
    Smtp,
    /// A server, over LMTP (RFC 2033).
    Lmtp,
    /// A program or a folder on this machine.
    Local,
    /// None was reached.
    Nowhere,
}

impl Attempt {
    /// The prefix of a server's name that marks LMTP.
    pub const LMTP: &str = "lmtp:";

    /// Returns the receiver that the letter was handed to, or would have been.
    pub fn hand(&self) -> Hand {
        match self.by.as_str() {
            "" => Hand::Nowhere,
            by if by.starts_with('/') => Hand::Local,
            // Histories from before the prefix existed name sockets only for LMTP.
            by if by.starts_with(Self::LMTP) || by.starts_with("unix:") => Hand::Lmtp,
            _ => Hand::Smtp,
        }
    }

    /// Returns the name of the server, program or folder alone.
    pub fn name(&self) -> &str {
        self.by.strip_prefix(Self::LMTP).unwrap_or(&self.by)
    }
}

impl Hand {
    /// Returns its name for programs: `smtp`; `None` if nothing was reached.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Smtp => Some("smtp"),
            Self::Lmtp => Some("lmtp"),
            Self::Local => Some("local"),
            Self::Nowhere => None,
        }
    }
}

/// The outcome of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// The letter has arrived.
    Delivered,
    /// The letter is tried again.
    Later,
    /// The letter is given up.
    Failed,
}

/// A deed of the postmaster at the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeskAct {
    /// Keeps it back.
    Held,
    /// Lets it go.
    Released,
    /// Makes the queue try it now.
    Retried,
    /// Takes it off.
    Dropped,
}

/// Events of letters outside of any commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A letter, or the beginning of one, was refused.
    Step(Box<Step>),
    /// Letters in a mailbox were opened. Each time is announced; only the first is written down.
    Read {
        /// The mailbox.
        account: AccountId,
        /// Their keys in it.
        keys: Vec<i64>,
        /// The door through which they were opened.
        door: Link,
        /// The time of the event.
        at: Timestamp,
    },
    /// Letters in a mailbox were removed by its owner.
    Removed {
        /// The mailbox.
        account: AccountId,
        /// The keys they had in it.
        keys: Vec<i64>,
        /// The door through which they were removed.
        door: Link,
        /// The time of the event.
        at: Timestamp,
    },
}

/// Takes down events outside of any commit. It never waits and never fails: if too many come together, some are left
/// out, since these are observations and not letters.
pub trait Witness: Send + Sync {
    /// Takes an observation.
    fn saw(&self, observation: Observation);
}

/// A witness that sees nothing, for callers that need no history.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Witness for Blind {
    fn saw(&self, _: Observation) {}
}

impl Link {
    /// Returns its name for programs: `msa`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Msa => "msa",
            Self::Mta => "mta",
            Self::Lmtp => "lmtp",
            Self::Mra => "mra",
            Self::House => "house",
            Self::Client => "client",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Jmap => "jmap",
            Self::Import => "import",
        }
    }
}

impl AttemptOutcome {
    /// Returns its name for programs: `delivered`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Later => "later",
            Self::Failed => "failed",
        }
    }
}

impl DeskAct {
    /// Returns its name for programs: `held`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Retried => "retried",
            Self::Dropped => "dropped",
        }
    }
}

/// Describes a letter that was refused with this answer.
pub fn refusal(letter: LetterId, at: Timestamp, arrival: Arrival, reply: &Reply) -> Observation {
    let event = Event::Refused { arrival, reply: reply.to_string() };
    Observation::Step(Box::new(Step { letter, at, event }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_on_one_line_without_what_a_terminal_obeys_and_bounded() {
        let tidied = |text: &str| {
            let mut text = text.to_owned();
            tidy(&mut text);
            text
        };
        assert_eq!(tidied("550 no\r\nsuch \u{1b}[31muser"), "550 no  such  [31muser");
        assert_eq!(tidied("abc\u{202e}def\u{2028}"), "abc def");
        assert_eq!(tidied(&"é".repeat(2000)).chars().count(), LONGEST_TEXT);
        assert_eq!(tidied("Boîte pleine"), "Boîte pleine");
    }

    #[test]
    fn a_try_tells_what_the_letter_was_handed_to() {
        let by = |by: &str| {
            let (by, outcome) = (by.to_owned(), AttemptOutcome::Delivered);
            let attempt = Attempt { recipient: String::new(), by, said: String::new(), outcome, tls: String::new() };
            (attempt.hand(), attempt.name().to_owned())
        };
        assert_eq!(by("mx.beta.test (192.0.2.1)"), (Hand::Smtp, "mx.beta.test (192.0.2.1)".into()));
        assert_eq!(by("lmtp:[127.0.0.1]"), (Hand::Lmtp, "[127.0.0.1]".into()));
        assert_eq!(by("lmtp:unix:/run/lmtp"), (Hand::Lmtp, "unix:/run/lmtp".into()));
        assert_eq!(by("unix:/run/lmtp"), (Hand::Lmtp, "unix:/run/lmtp".into()));
        assert_eq!(by("/usr/bin/procmail"), (Hand::Local, "/usr/bin/procmail".into()));
        assert_eq!(by(""), (Hand::Nowhere, String::new()));
    }

    #[test]
    fn a_subject_in_a_raw_charset_is_kept_in_characters() {
        let of = |subject: &[u8]| {
            let letter =
                [b"Subject: ", subject, b"\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\nbody\r\n"].concat();
            Arrival::imported(&letter, "a.eml").subject
        };
        assert_eq!(of(b"\xf0\xd2\xc9\xd7\xc5\xd4"), "Привет");
        assert_eq!(of("Привет".as_bytes()), "Привет");
        assert_eq!(of(b"\x1b$B2q5D\x1b(B"), "会議");
        assert_eq!(of(b"=?koi8-r?q?=F0?= \xd2"), "=?koi8-r?q?=F0?= р");
        assert_eq!(of(&b"\xf0".repeat(100_000)).chars().count(), LONGEST_TEXT * 4);
    }

    #[test]
    fn a_message_id_is_compared_without_its_brackets() {
        assert_eq!(message_id(b" <a.b@c.test> "), "a.b@c.test");
        assert_eq!(message_id(b"a.b@c.test"), "a.b@c.test");
        assert_eq!(message_id(b"<\xff>"), "\u{fffd}");
    }
}
