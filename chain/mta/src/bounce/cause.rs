//! Finds the cause of a refusal, as far as its code and its words tell.

use mail::Enhanced;

use crate::queue::DAMAGED;

/// The causes a person can be told something useful about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody has this address.
    NoSuchMailbox,
    /// Somebody has it, but it takes no letters.
    MailboxClosed,
    /// Over quota.
    MailboxFull,
    /// Neither MX nor address, or no such name.
    NoSuchDomain,
    /// Null MX (RFC 7505).
    DomainTakesNoMail,
    /// Beyond the server's limit.
    TooBig,
    /// Taken for unwanted mail.
    Spam,
    /// Any other rule of theirs.
    Policy,
    /// Servers that send the letter to one another.
    Loop,
    /// 8-bit text or international addresses that the server does not know (RFC 6152, RFC 6531).
    CannotCarry,
    /// We took the letter, and our disk lost it.
    DamagedHere,
    /// Tried until the time was over.
    TimeRanOut,
    /// Anything else; the server's words must do.
    Other,
}

/// How servers say that there is no more room in a mailbox.
const FULL: &[&str] = &["over quota", "over its quota", " 4.2.2 ", "mailbox full", "mailbox is full"];

impl Cause {
    /// The cause of a failure that ended with `status` and these words.
    pub fn of(status: Enhanced, said: &str) -> Self {
        let Enhanced(class, subject, detail) = status;
        if said == DAMAGED {
            return Self::DamagedHere;
        }
        if class == 4 {
            // Most servers say "not now" of a full mailbox, to the end: then nothing is wrong with the address or the server.
            let full = (subject, detail) == (2, 2) || contains_any(said, FULL);
            return if full { Self::MailboxFull } else { Self::TimeRanOut };
        }
        match (subject, detail) {
            (1, 1 | 3 | 6) => Self::NoSuchMailbox,
            (1, 2) | (4, 4) => Self::NoSuchDomain,
            (1, 10) => Self::DomainTakesNoMail,
            (2, 1) => Self::MailboxClosed,
            (2, 2) => Self::MailboxFull,
            (2, 3) | (3, 4) => Self::TooBig,
            (4, 6) => Self::Loop,
            (6, 1 | 3 | 5 | 7 | 9) => Self::CannotCarry,
            (7, _) if speaks_of_spam(said) => Self::Spam,
            (7, _) => Self::Policy,
            _ => Self::of_words(said),
        }
    }

    /// Servers without enhanced codes, or with one that says nothing, still say it in words.
    fn of_words(said: &str) -> Self {
        let any = |words: &[&str]| contains_any(said, words);
        if speaks_of_spam(said) {
            Self::Spam
        } else if any(&[
            "user unknown",
            "unknown user",
            "no such user",
            "no mailbox",
            "does not exist",
            "unknown recipient",
        ]) {
            Self::NoSuchMailbox
        } else if any(FULL) || any(&["quota"]) {
            Self::MailboxFull
        } else if any(&["too large", "too big", "size limit", "message size"]) {
            Self::TooBig
        } else {
            Self::Other
        }
    }
}

fn speaks_of_spam(said: &str) -> bool {
    contains_any(
        said,
        &["spam", "unsolicited", "junk", "blacklist", "blocklist", "block list", "blocked", "reputation"],
    )
}

fn contains_any(said: &str, words: &[&str]) -> bool {
    let said = said.to_ascii_lowercase();
    words.iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_tells_the_cause_and_where_it_does_not_the_words_do() {
        for (status, said, cause) in [
            (Enhanced(5, 1, 1), "", Cause::NoSuchMailbox),
            (Enhanced(5, 2, 2), "", Cause::MailboxFull),
            (Enhanced(5, 7, 1), "550 5.7.1 Message looks like SPAM", Cause::Spam),
            (Enhanced(5, 7, 1), "550 5.7.1 relaying denied", Cause::Policy),
            (Enhanced(5, 0, 0), "550 User unknown in virtual table", Cause::NoSuchMailbox),
            (Enhanced(5, 0, 0), "552 Message size exceeds fixed limit", Cause::TooBig),
            (Enhanced(5, 0, 0), "554 no", Cause::Other),
            (Enhanced(4, 4, 7), "450 user unknown for now", Cause::TimeRanOut),
            (Enhanced(4, 2, 2), "452 4.2.2 no room", Cause::MailboxFull),
            (Enhanced(4, 0, 0), "452 Mailbox full", Cause::MailboxFull),
            (Enhanced(4, 4, 7), "452 4.2.2 over quota", Cause::MailboxFull),
            (Enhanced(4, 3, 1), "452 4.3.1 Insufficient system storage", Cause::TimeRanOut),
            (Enhanced(5, 3, 0), DAMAGED, Cause::DamagedHere),
            (Enhanced(5, 4, 4), "the mail server mx.beta.test does not exist", Cause::NoSuchDomain),
        ] {
            assert_eq!(Cause::of(status, said), cause, "{status} {said}");
        }
    }
}
