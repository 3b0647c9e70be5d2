//! Finds the cause of a refusal, as far as its code and its words tell.

use mail::Enhanced;
use mail::foreign::Meaning;

use crate::queue::DAMAGED;

/// The causes a person can be told something useful about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The recipient's server, or the lack of one, told this.
    Told(Meaning),
    /// We took the letter, and our disk lost it.
    DamagedHere,
    /// Tried until the time was over.
    TimeRanOut,
    /// Anything else; the server's words must do.
    Other,
}

impl Cause {
    /// The cause of a failure that ended with `status` and these words.
    pub fn of(status: Enhanced, said: &str) -> Self {
        if said == DAMAGED {
            return Self::DamagedHere;
        }
        match (status.0, Meaning::of(status, said)) {
            // Most servers say "not now" of a full mailbox, to the end: then nothing is wrong with the address or the server.
            (4, Some(full @ Meaning::MailboxFull)) => Self::Told(full),
            (4, _) => Self::TimeRanOut,
            (_, Some(meaning)) => Self::Told(meaning),
            (_, None) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_tells_the_cause_and_where_it_does_not_the_words_do() {
        use Cause::{DamagedHere, Other, TimeRanOut, Told};
        for (status, said, cause) in [
            (Enhanced(5, 1, 1), "", Told(Meaning::NoSuchMailbox)),
            (Enhanced(5, 2, 2), "", Told(Meaning::MailboxFull)),
            (Enhanced(5, 7, 1), "550 5.7.1 Message looks like SPAM", Told(Meaning::Spam)),
            (Enhanced(5, 7, 1), "550 5.7.1 not for you", Told(Meaning::Policy)),
            (Enhanced(5, 0, 0), "550 User unknown in virtual table", Told(Meaning::NoSuchMailbox)),
            (Enhanced(5, 0, 0), "552 Message size exceeds fixed limit", Told(Meaning::TooBig)),
            (Enhanced(5, 0, 0), "554 no", Other),
            (Enhanced(4, 4, 7), "450 user unknown for now", TimeRanOut),
            (Enhanced(4, 2, 2), "452 4.2.2 no room", Told(Meaning::MailboxFull)),
            (Enhanced(4, 0, 0), "452 Mailbox full", Told(Meaning::MailboxFull)),
            (Enhanced(4, 4, 7), "452 4.2.2 over quota", Told(Meaning::MailboxFull)),
            (Enhanced(4, 3, 1), "452 4.3.1 Insufficient system storage", TimeRanOut),
            (Enhanced(5, 3, 0), DAMAGED, DamagedHere),
            (Enhanced(5, 4, 4), "the mail server mx.beta.test does not exist", Told(Meaning::NoSuchDomain)),
        ] {
            assert_eq!(Cause::of(status, said), cause, "{status} {said}");
        }
    }
}
