//! The wishes of the sender of a letter: which reports there are to be (RFC 3461), and by when it must have arrived
//! (RFC 2852). They are read and written here as they stand behind MAIL and RCPT, but for the encodings of SMTP.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use crate::{Address, Timestamp};

/// The wishes for reports about one recipient (RFC 3461 §4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `NOTIFY=`: the events that the sender wants reports of. `None`: the usual ones, a failure and perhaps a delay.
    pub notify: Option<Notify>,
    /// `ORCPT=`: the recipient that the letter was first sent to.
    pub original: Option<OriginalRecipient>,
}

impl Wishes {
    /// The wishes for a report, which is never reported on itself (RFC 3461 §6.1).
    pub fn none() -> Self {
        Self { notify: Some(Notify::Never), original: None }
    }

    /// Returns true if the sender wants to hear that the letter has arrived.
    pub fn success(&self) -> bool {
        matches!(self.notify, Some(Notify::On { success: true, .. }))
    }

    /// Returns true if the sender wants to hear that the letter cannot be delivered.
    pub fn failure(&self) -> bool {
        matches!(self.notify, None | Some(Notify::On { failure: true, .. }))
    }

    /// Returns true if the sender wants to hear that the letter is late, or leaves it to us.
    pub fn delay(&self) -> bool {
        matches!(self.notify, None | Some(Notify::On { delay: true, .. }))
    }

    /// Returns the wishes of a letter that goes on after the sender had the report of its success, or may not have
    /// one (RFC 3461 §5.2.7.2).
    #[must_use]
    pub fn without_success(self) -> Self {
        let notify = match self.notify {
            Some(Notify::On { failure: false, delay: false, .. }) => Some(Notify::Never),
            Some(Notify::On { failure, delay, .. }) => Some(Notify::On { success: false, failure, delay }),
            other => other,
        };
        Self { notify, ..self }
    }
}

/// The events that the sender wants reports of (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// `NEVER`
    Never,
    /// One of these at least.
    On {
        /// `SUCCESS`
        success: bool,
        /// `FAILURE`
        failure: bool,
        /// `DELAY`
        delay: bool,
    },
}

/// A value that one of these parameters cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such wish")]
pub struct NoWish;

impl FromStr for Notify {
    type Err = NoWish;

    fn from_str(value: &str) -> Result<Self, NoWish> {
        if value.eq_ignore_ascii_case("NEVER") {
            return Ok(Self::Never);
        }
        let (mut success, mut failure, mut delay) = (false, false, false);
        for word in value.split(',') {
            let wish = match word.to_ascii_uppercase().as_str() {
                "SUCCESS" => &mut success,
                "FAILURE" => &mut failure,
                "DELAY" => &mut delay,
                _ => return Err(NoWish),
            };
            // Each word may stand once.
            if std::mem::replace(wish, true) {
                return Err(NoWish);
            }
        }
        Ok(Self::On { success, failure, delay })
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On { success, failure, delay } = *self else { return f.write_str("NEVER") };
        let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
        let words: Vec<&str> = words.iter().filter(|(wished, _)| *wished).map(|(_, word)| *word).collect();
        f.write_str(&words.join(","))
    }
}

/// The recipient that a letter was first sent to (RFC 3461 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// The kind of address, in small letters: `rfc822`, `utf-8`.
    pub kind: String,
    /// The address, decoded. Any text: it may be of another mail system.
    pub address: String,
}

impl OriginalRecipient {
    /// The original recipient of a letter that names none: the address that it came to.
    pub fn of(address: &Address) -> Self {
        let address = address.to_string();
        Self { kind: if address.is_ascii() { "rfc822" } else { "utf-8" }.to_owned(), address }
    }

    /// Writes an address in `utf-8-addr-xtext`, which is ASCII and needs no other encoding (RFC 6533 §3).
    pub fn in_ascii(address: &str) -> String {
        let mut text = String::with_capacity(address.len());
        for c in address.chars() {
            if c.is_ascii_graphic() && !matches!(c, '+' | '=' | '\\') {
                text.push(c);
            } else {
                let _ = write!(text, "\\x{{{:02X}}}", u32::from(c));
            }
        }
        text
    }
}

impl fmt::Display for OriginalRecipient {
    /// Formats the recipient as a report has it (RFC 3464 §2.3.1), in ASCII.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, address } = self;
        match kind.as_str() {
            "utf-8" => write!(f, "utf-8; {}", Self::in_ascii(address)),
            _ if address.is_ascii() => write!(f, "{kind}; {address}"),
            _ => write!(f, "utf-8; {}", Self::in_ascii(address)),
        }
    }
}

/// The wishes of the sender about the letter as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterWishes {
    /// `RET=` (RFC 3461 §4.3)
    pub returned: Option<Returned>,
    /// `ENVID=`, decoded (RFC 3461 §4.4): printable ASCII, up to 100 characters.
    pub envelope_id: Option<String>,
    /// `BY=` (RFC 2852 §4)
    pub by: Option<DeliverBy>,
}

impl LetterWishes {
    /// Returns true for a text that can be an envelope identifier: printable ASCII, short enough in its encoding.
    pub fn is_envelope_id(text: &str) -> bool {
        let octets = |c: char| if c.is_ascii_graphic() && !matches!(c, '+' | '=') { 1 } else { 3 };
        let length: usize = text.chars().map(octets).sum();
        (1..=100).contains(&length) && text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
    }
}

/// The part of the letter that comes back with a report of a failure (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// `FULL`: all of it.
    Full,
    /// `HDRS`: its header.
    Header,
}

impl FromStr for Returned {
    type Err = NoWish;

    fn from_str(value: &str) -> Result<Self, NoWish> {
        match value.to_ascii_uppercase().as_str() {
            "FULL" => Ok(Self::Full),
            "HDRS" => Ok(Self::Header),
            _ => Err(NoWish),
        }
    }
}

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "FULL",
            Self::Header => "HDRS",
        })
    }
}

/// The time by which the letter is to be delivered (RFC 2852 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    /// The seconds that are left; none or less only with [`Overdue::Notify`].
    pub seconds: i32,
    /// The fate of a letter that is not delivered by then.
    pub overdue: Overdue,
    /// `T`: the sender wants a report from each server that hands the letter on.
    pub trace: bool,
}

/// The fate of a letter that was not delivered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// `R`: it goes back to its sender.
    Return,
    /// `N`: its sender is told, and it is tried further.
    Notify,
}

/// The largest number of seconds, which has nine digits.
const MOST_SECONDS: i32 = 999_999_999;

impl DeliverBy {
    /// Returns the moment that this means, for a letter that comes at `from`.
    pub fn deadline(self, from: Timestamp) -> Timestamp {
        Timestamp(from.0.saturating_add(i64::from(self.seconds).saturating_mul(1000)))
    }

    /// Returns the same wish with what is left of the time until `deadline`, in whole seconds.
    #[must_use]
    pub fn left(self, deadline: Timestamp, now: Timestamp) -> Self {
        let seconds = deadline.0.saturating_sub(now.0).div_euclid(1000);
        let most = i64::from(MOST_SECONDS);
        Self { seconds: i32::try_from(seconds.clamp(-most, most)).unwrap_or(MOST_SECONDS), ..self }
    }

    /// Returns the time that is left; none if it is over.
    pub fn span(self) -> Duration {
        Duration::from_secs(u64::try_from(self.seconds).unwrap_or(0))
    }
}

impl FromStr for DeliverBy {
    type Err = NoWish;

    fn from_str(value: &str) -> Result<Self, NoWish> {
        let (time, mode) = value.split_once(';').ok_or(NoWish)?;
        let digits = time.strip_prefix(['+', '-']).unwrap_or(time);
        if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(NoWish);
        }
        let seconds: i32 = time.parse().map_err(|_| NoWish)?;
        let (overdue, trace) = match mode.to_ascii_uppercase().as_str() {
            "R" => (Overdue::Return, false),
            "RT" => (Overdue::Return, true),
            "N" => (Overdue::Notify, false),
            "NT" => (Overdue::Notify, true),
            _ => return Err(NoWish),
        };
        // RFC 2852 §4: nothing can be delivered in no time.
        if overdue == Overdue::Return && seconds <= 0 { Err(NoWish) } else { Ok(Self { seconds, overdue, trace }) }
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.overdue == Overdue::Return { 'R' } else { 'N' };
        write!(f, "{};{mode}{}", self.seconds, if self.trace { "T" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wished_is_read_as_the_standard_has_it() {
        assert_eq!("never".parse(), Ok(Notify::Never));
        assert_eq!("Success,DELAY".parse(), Ok(Notify::On { success: true, failure: false, delay: true }));
        for bad in ["", "NEVER,SUCCESS", "SUCCESS,SUCCESS", "SUCCESS,", "SOMETIMES"] {
            assert_eq!(bad.parse::<Notify>(), Err(NoWish), "{bad}");
        }
        assert_eq!("hdrs".parse(), Ok(Returned::Header));
        assert_eq!("body".parse::<Returned>(), Err(NoWish));
    }

    #[test]
    fn a_time_to_deliver_by_is_read_as_the_standard_has_it() {
        let by = |seconds, overdue, trace| Ok(DeliverBy { seconds, overdue, trace });
        assert_eq!("120;R".parse(), by(120, Overdue::Return, false));
        assert_eq!("+7;nt".parse(), by(7, Overdue::Notify, true));
        assert_eq!("-125;N".parse(), by(-125, Overdue::Notify, false));
        for bad in ["", "120", ";R", "0;R", "-1;RT", "1234567890;N", "1;X", "1;TR", "+-1;N", "1;R;T", "é;N"] {
            assert_eq!(bad.parse::<DeliverBy>(), Err(NoWish), "{bad}");
        }
    }

    #[test]
    fn the_time_that_is_left_goes_on_with_the_letter() {
        let (by, came) = ("120;R".parse::<DeliverBy>().unwrap(), Timestamp(1_000_000));
        let left = |later: i64| by.left(by.deadline(came), Timestamp(came.0 + later)).to_string();
        assert_eq!((left(0), left(500), left(121_000)), ("120;R".into(), "119;R".into(), "-1;R".into()));
        assert_eq!(by.left(Timestamp(i64::MAX), Timestamp(i64::MIN)).seconds, MOST_SECONDS);
    }

    #[test]
    fn a_letter_that_was_reported_on_once_keeps_the_other_wishes() {
        let rest = |notify: Option<&str>| {
            let wishes = Wishes { notify: notify.map(|text| text.parse().unwrap()), original: None };
            wishes.without_success().notify.map(|notify| notify.to_string())
        };
        assert_eq!(rest(Some("SUCCESS,FAILURE")).as_deref(), Some("FAILURE"));
        assert_eq!(rest(Some("SUCCESS")).as_deref(), Some("NEVER"));
        assert_eq!((rest(None), rest(Some("NEVER")).as_deref()), (None, Some("NEVER")));
    }
}
