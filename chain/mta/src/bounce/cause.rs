//! Finds the cause of a refusal, as far as its code and its words tell.

use mail::Enhanced;
use mail::foreign::Meaning;

use crate::queue::{DAMAGED, OVERDUE};

/// The causes about which servers say "not now", and mean: until somebody does something.
const LASTING: [Meaning; 5] =
    [Meaning::MailboxFull, Meaning::Greylisted, Meaning::NotEncrypted, Meaning::Unproven, Meaning::Blocked];

/// The causes a person can be told something useful about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The recipient's server, or the lack of one, told this.
    Told(Meaning),
    /// We took the letter, and our disk lost it.
    DamagedHere,
    /// Tried until the time was over.
    TimeRanOut,
    /// The time that the sender had set is over.
    Overdue,
    /// Anything else; the server's words must do.
    Other,
}

impl Cause {
    /// The cause of a failure that ended with `status` and these words.
    pub fn of(status: Enhanced, said: &str) -> Self {
        if said == DAMAGED {
            return Self::DamagedHere;
        }
        if said == OVERDUE {
            return Self::Overdue;
        }
        match (status.0, Meaning::of(status, said)) {
            // Most servers say "not now" of a full mailbox, to the end: then nothing is wrong with the address or the server.
            // So they do of a sender whom they do not know yet, of a connection in clear, and of one that proves nothing.
            (4, Some(lasting)) if LASTING.contains(&lasting) => Self::Told(lasting),
            (4, _) => Self::TimeRanOut,
            (_, Some(meaning)) => Self::Told(meaning),
            (_, None) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers as these servers give them, with the addresses of examples in them.
    #[test]
    #[rustfmt::skip]
    fn the_answers_of_the_great_servers_are_understood() {
        for (status, said, meaning) in [
            ((5, 7, 26), "550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.", Meaning::Unproven),
            ((5, 7, 27), "550-5.7.27 Your email has been blocked because the sender is unauthenticated. SPF [alpha.test] with ip: [192.0.2.1] = did not pass", Meaning::Unproven),
            ((5, 7, 25), "550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup", Meaning::NamelessServer),
            ((5, 7, 1), "550-5.7.1 [192.0.2.1 12] Our system has detected that this message is likely unsolicited mail.", Meaning::Spam),
            ((5, 1, 1), "550-5.1.1 The email account that you tried to reach does not exist.", Meaning::NoSuchMailbox),
            ((5, 2, 2), "552-5.2.2 The recipient's inbox is out of storage space and inactive.", Meaning::MailboxFull),
            ((4, 2, 2), "452-4.2.2 The recipient's inbox is out of storage space.", Meaning::MailboxFull),
            ((5, 3, 4), "552-5.3.4 Your message exceeded Google's message size limits.", Meaning::TooBig),
            ((5, 7, 515), "550 5.7.515 Access denied, sending domain alpha.test does not meet the required authentication level.", Meaning::Unproven),
            ((5, 7, 1), "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).", Meaning::Blocked),
            ((5, 1, 10), "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient bob@beta.test not found by SMTP address lookup", Meaning::NoSuchMailbox),
            ((5, 5, 0), "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", Meaning::NoSuchMailbox),
            ((5, 7, 1), "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list", Meaning::Blocked),
            ((5, 0, 0), "554 Message not allowed - [PH01] Email not accepted for policy reasons.", Meaning::Policy),
            ((5, 0, 0), "552 1 Requested mail action aborted, mailbox not found", Meaning::NoSuchMailbox),
            ((5, 0, 0), "554 delivery error: dd This user doesn't have a yahoo.com account (bob@yahoo.test) [0]", Meaning::NoSuchMailbox),
            ((5, 1, 1), "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]", Meaning::NoSuchMailbox),
            ((5, 1, 1), "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]", Meaning::MailboxFull),
            ((5, 0, 0), "550 spam detected", Meaning::Spam),
            ((5, 7, 1), "554 5.7.1 <bob@beta.test>: Relay access denied", Meaning::NotInCharge),
            ((4, 2, 0), "450 4.2.0 <bob@beta.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/beta.test.html", Meaning::Greylisted),
            ((5, 7, 0), "530 5.7.0 Must issue a STARTTLS command first", Meaning::NotEncrypted),
            ((5, 0, 0), "550 Unrouteable address", Meaning::NoSuchMailbox),
            ((5, 0, 0), "552 Message size exceeds maximum permitted", Meaning::TooBig),
            ((5, 7, 0), "554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", Meaning::Blocked),
            ((5, 7, 1), "550 5.7.1 [P4] Message blocked due to spam content in the message.", Meaning::Spam),
            ((5, 0, 0), "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550", Meaning::NoSuchMailbox),
            ((5, 0, 0), "554 Email rejected due to security policies - https://community.mimecast.com/docs/DOC-1369#554", Meaning::Policy),
        ] {
            let (class, subject, detail) = status;
            assert_eq!(Cause::of(Enhanced(class, subject, detail), said), Cause::Told(meaning), "{said}");
        }
    }

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
            (Enhanced(5, 4, 7), OVERDUE, Cause::Overdue),
            (Enhanced(4, 2, 0), "450 4.2.0 Greylisted, come back", Told(Meaning::Greylisted)),
            (Enhanced(5, 4, 4), "the mail server mx.beta.test does not exist", Told(Meaning::NoSuchDomain)),
        ] {
            assert_eq!(Cause::of(status, said), cause, "{status} {said}");
        }
    }
}
