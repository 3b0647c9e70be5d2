//! The envelope: the data that SMTP carries beside the letter (RFC 5321 §2.3.1).

use std::time::Duration;

use crate::{LetterWishes, Recipient, ReturnPath, Timestamp};

/// The time for which the author wants the letter to be kept before it goes (RFC 4865 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// `HOLDFOR=`: so many seconds from its arrival.
    For(u32),
    /// `HOLDUNTIL=`
    Until(Timestamp),
}

impl Hold {
    /// Returns the end of the hold, for a letter that comes `now`.
    pub fn until(self, now: Timestamp) -> Timestamp {
        match self {
            Self::For(seconds) => now.after(Duration::from_secs(seconds.into())),
            Self::Until(time) => time,
        }
    }
}

/// The kind of octets that the letter is made of (RFC 6152, RFC 3030).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyKind {
    /// Nothing was declared, or `BODY=7BIT`.
    #[default]
    SevenBit,
    /// `BODY=8BITMIME`
    EightBitMime,
}

/// The return path, the recipients and the sender's declarations about the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The address that bounces go to.
    pub return_path: ReturnPath,
    /// The recipients of the letter; never empty when a letter is handed over.
    pub recipients: Vec<Recipient>,
    /// `BODY=` of MAIL FROM.
    pub body: BodyKind,
    /// `SMTPUTF8` of MAIL FROM (RFC 6531 §3.4): the letter may only go on to servers that offer it.
    pub smtputf8: bool,
    /// `HOLDFOR=` or `HOLDUNTIL=` of MAIL FROM, for letters that our own people hand in.
    pub hold: Option<Hold>,
    /// The wishes of the sender for reports and for the time of delivery.
    pub wishes: LetterWishes,
}

impl Envelope {
    /// Returns true if the sender wants to hear of the arrival at any of the recipients (RFC 3461 §4.1).
    pub fn wants_to_hear_of_success(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.wishes.success())
    }

    /// Returns the envelope of a letter that goes on: the targets of its recipients are looked up anew each time.
    pub fn as_it_goes_on(&self) -> Self {
        let each = |recipient: &Recipient| Recipient {
            address: recipient.address.clone(),
            wishes: recipient.wishes.clone(),
            leads: None,
        };
        Self { recipients: self.recipients.iter().map(each).collect(), ..self.clone() }
    }
}
