//! Decides what a refusal for now concerns: the letter and its recipient, a recipient that is greylisted, or us at
//! this site.

use std::time::Duration;

use mail::{Enhanced, Reply};

use crate::backoff::LONGEST_NAMED;

/// The stage of the dialogue at which a server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, and the answer to the letter.
    Data,
}

/// The party that a refusal for now concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// This letter or this recipient, at this host: another host may take it.
    Letter,
    /// This recipient alone: the server takes it later, after the time that it names.
    Greylisted(Option<Duration>),
    /// Us: we send too much, or our address is not liked, or the whole site takes nothing now. The next letter would hear
    /// the same.
    Site,
}

/// Words about greylisting.
const GREY: [&str; 2] = ["greylist", "graylist"];

/// Words about how much we send, or where we send it from (as large sites write them in 2026).
const ABOUT_US: [&str; 29] = [
    "rate limit",
    "rate-limit",
    "ratelimit",
    "rate exceeded",
    "connection limit",
    "connection rate",
    "sending rate",
    "message rate",
    "unusual rate",
    "too many connections",
    "too many concurrent",
    "too many sessions",
    "too many messages",
    "too much mail",
    "too many mails",
    "too many emails",
    "too fast",
    "slow down",
    "throttl",
    "from your ip",
    "from your host",
    "from your network",
    "from your server",
    "your ip address",
    "your ip has",
    "sending ip",
    "client host rejected",
    "ip reputation",
    "[tss",
];

/// Decides what a 4xx concerns, by its code and its words.
pub fn concern(reply: &Reply, stage: Stage) -> Concern {
    if reply.code == 421 {
        return Concern::Site;
    }
    let text = reply.text.join(" ").to_ascii_lowercase();
    if GREY.iter().any(|word| text.contains(word)) {
        return Concern::Greylisted(named_time(&text));
    }
    if ABOUT_US.iter().any(|words| text.contains(words)) || reply.enhanced.is_some_and(is_about_us) {
        return Concern::Site;
    }
    let at_recipient = matches!(stage, Stage::Rcpt | Stage::Data);
    if at_recipient && matches!(reply.code, 450 | 451) && reply.enhanced == Some(Enhanced(4, 7, 1)) {
        return Concern::Greylisted(named_time(&text));
    }
    Concern::Letter
}

/// 4.3.2 and 4.4.5 (RFC 3463): the system takes nothing now. 4.7.25 (RFC 7372): our address has no name. 4.7.28 is
/// Gmail's for "too much from this address"; 4.7.5xx to 4.7.7xx are Microsoft's.
fn is_about_us(status: Enhanced) -> bool {
    let Enhanced(_, subject, detail) = status;
    matches!((subject, detail), (3, 2) | (4, 5) | (7, 25 | 28 | 500..800))
}

/// The first time that the words name: `in 300 seconds`, `5 minutes`, `1 hour 30 min`, `00:04:59`.
fn named_time(text: &str) -> Option<Duration> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let named = (0..words.len()).find_map(|at| clock(words[at]).or_else(|| counted(&words[at..])))?;
    (named <= LONGEST_NAMED * 4).then(|| named.min(LONGEST_NAMED))
}

/// `00:04:59` or `04:59`.
fn clock(word: &str) -> Option<Duration> {
    let parts: Option<Vec<u64>> = word.split(':').map(number).collect();
    let seconds = match parts?.as_slice() {
        [hours, minutes @ ..60, seconds @ ..60] => hours * 3600 + minutes * 60 + seconds,
        [minutes @ ..60, seconds @ ..60] => minutes * 60 + seconds,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}

/// Numbers with their units, as long as they follow one another.
fn counted(mut words: &[&str]) -> Option<Duration> {
    let mut sum = None;
    loop {
        let digits = words.first()?.bytes().take_while(u8::is_ascii_digit).count();
        let (figures, glued) = words[0].split_at(digits);
        let unit = if glued.is_empty() { words.get(1).copied().unwrap_or_default() } else { glued };
        let (Some(count), Some(seconds)) = (number(figures), seconds_of(unit)) else { return sum };
        sum = Some(sum.unwrap_or_default() + Duration::from_secs(count * seconds));
        words = words.get(if glued.is_empty() { 2 } else { 1 }..).unwrap_or_default();
        words = words.strip_prefix(&["and"]).unwrap_or(words);
        if words.is_empty() {
            return sum;
        }
    }
}

fn number(figures: &str) -> Option<u64> {
    let sane = (1..=6).contains(&figures.len()) && figures.bytes().all(|b| b.is_ascii_digit());
    if sane { figures.parse().ok() } else { None }
}

fn seconds_of(unit: &str) -> Option<u64> {
    Some(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reply(code: u16, enhanced: Option<(u16, u16)>, text: &str) -> Reply {
        let mut reply = Reply::plain(code, text.to_owned());
        reply.enhanced = enhanced.map(|(subject, detail)| Enhanced(4, subject, detail));
        reply
    }

    fn greylisted(seconds: Option<u64>) -> Concern {
        Concern::Greylisted(seconds.map(Duration::from_secs))
    }

    #[test]
    fn greylisting_concerns_the_recipient_and_names_its_time() {
        for (enhanced, text, seconds) in [
            (Some((7, 1)), "Please try again later", None),
            (Some((7, 1)), "Greylisting in action, please come back in 00:04:59", Some(299)),
            (Some((2, 0)), "<bob@beta.test>: Recipient address rejected: Greylisted, see http://postgrey.test/", None),
            (Some((7, 1)), "<bob@beta.test>: Greylisted for 300 seconds", Some(300)),
            (Some((7, 1)), "You are greylisted, retry in 5 minutes.", Some(300)),
            (None, "Greylisted: try again in 1 hour and 30 min", Some(5400)),
            (Some((7, 1)), "greylisted, come back in 240s (of 10 minutes)", Some(240)),
            (Some((7, 1)), "greylisted from your IP 192.0.2.1", None),
            (Some((7, 1)), "greylisted for 9999999999999 seconds", None),
            (Some((7, 1)), "greylisted for 12 hours", Some(6 * 3600)),
            (Some((7, 1)), "greylisted by 2001:db8::1", None),
        ] {
            assert_eq!(concern(&reply(450, enhanced, text), Stage::Rcpt), greylisted(seconds), "{text}");
        }
    }

    #[test]
    fn rate_and_address_concern_the_site() {
        for (code, enhanced, text) in [
            (421, None, "closing"),
            (421, Some((7, 1)), "greylisted"),
            (450, Some((7, 28)), "unusual"),
            (451, Some((7, 650)), "The mail server [192.0.2.1] has been temporarily limited"),
            (451, Some((7, 500)), "Server busy"),
            (450, Some((7, 1)), "Error: too much mail from 192.0.2.1"),
            (450, Some((7, 1)), "Rate limit exceeded"),
            (452, None, "Too many connections from your address"),
            (451, Some((7, 1)), "Try again later, too many messages from your IP"),
            (450, Some((7, 1)), "Client host rejected: cannot find your hostname, [192.0.2.1]"),
            (450, Some((3, 2)), "not accepting network messages"),
        ] {
            assert_eq!(concern(&reply(code, enhanced, text), Stage::Rcpt), Concern::Site, "{code} {text}");
        }
    }

    #[test]
    fn all_else_concerns_the_letter() {
        for (code, enhanced, text) in [
            (451, None, "local error in processing"),
            (450, Some((2, 1)), "mailbox busy"),
            (452, Some((2, 2)), "over quota"),
            (451, Some((3, 0)), "Temporary lookup failure"),
        ] {
            assert_eq!(concern(&reply(code, enhanced, text), Stage::Rcpt), Concern::Letter, "{code} {text}");
        }
        assert_eq!(concern(&reply(450, Some((7, 1)), "not now"), Stage::Mail), Concern::Letter);
    }

    proptest! {
        #[test]
        fn whatever_a_server_says_the_named_time_is_bounded(text in "[ 0-9:smhougreylistn.]{0,80}") {
            prop_assert!(named_time(&text).is_none_or(|named| named <= LONGEST_NAMED));
        }
    }
}
