//! The extensions that a server offers (RFC 5321 §4.1.1.1), read from its EHLO answer and written into ours.

use std::borrow::Cow;

use mail::{Reply, Timestamp};

/// The times for which letters are kept for their authors (RFC 4865 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FutureRelease {
    /// The longest `HOLDFOR=`, in seconds.
    pub interval: u32,
    /// The latest `HOLDUNTIL=`.
    pub latest: Timestamp,
}

/// The extensions of an EHLO answer that Facteur knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// True if SIZE (RFC 1870) is offered.
    pub size: bool,
    /// The largest letter that it takes, if it names one (`SIZE 0` and `SIZE` alone name none).
    pub max_size: Option<u64>,
    /// PIPELINING (RFC 2920)
    pub pipelining: bool,
    /// 8BITMIME (RFC 6152)
    pub eight_bit_mime: bool,
    /// SMTPUTF8 (RFC 6531)
    pub smtputf8: bool,
    /// STARTTLS (RFC 3207)
    pub starttls: bool,
    /// CHUNKING (RFC 3030)
    pub chunking: bool,
    /// DSN (RFC 3461)
    pub dsn: bool,
    /// DELIVERBY (RFC 2852), with the least number of seconds that it takes for BY; zero if it names none.
    pub deliver_by: Option<u32>,
    /// ENHANCEDSTATUSCODES (RFC 2034)
    pub enhanced_status_codes: bool,
    /// HELP
    pub help: bool,
    /// FUTURERELEASE (RFC 4865)
    pub future_release: Option<FutureRelease>,
    /// The mechanisms behind AUTH (RFC 4954), in capitals.
    pub auth: Vec<String>,
}

impl Capabilities {
    /// Reads the lines of a positive EHLO or LHLO reply; the first line is the greeting.
    pub fn parse(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.text.iter().skip(1) {
            found.line(line);
        }
        found
    }

    fn line(&mut self, line: &str) {
        // "AUTH=LOGIN" is from before RFC 2554 was finished; some servers still send nothing else.
        let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
        let Some(keyword) = words.next() else { return };
        match keyword.to_ascii_uppercase().as_str() {
            "SIZE" => {
                self.size = true;
                self.max_size = words.next().and_then(|digits| digits.parse().ok()).filter(|size| *size > 0);
            }
            "PIPELINING" => self.pipelining = true,
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "STARTTLS" => self.starttls = true,
            "CHUNKING" => self.chunking = true,
            "DSN" => self.dsn = true,
            "DELIVERBY" => self.deliver_by = Some(words.next().and_then(|digits| digits.parse().ok()).unwrap_or(0)),
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "HELP" => self.help = true,
            "FUTURERELEASE" => self.future_release = future_release(words.next(), words.next()),
            "AUTH" => {
                for mechanism in words.map(str::to_ascii_uppercase) {
                    if !self.auth.contains(&mechanism) {
                        self.auth.push(mechanism);
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns true if it offers this AUTH mechanism.
    pub fn offers_auth(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|offered| offered.eq_ignore_ascii_case(mechanism))
    }

    /// Writes the EHLO reply with all of this, behind `greeting`.
    pub fn reply(&self, greeting: impl Into<Cow<'static, str>>) -> Reply {
        let mut text = vec![greeting.into()];
        let flags = [
            (self.pipelining, "PIPELINING"),
            (self.eight_bit_mime, "8BITMIME"),
            (self.smtputf8, "SMTPUTF8"),
            (self.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
            (self.chunking, "CHUNKING"),
            (self.starttls, "STARTTLS"),
            (self.dsn, "DSN"),
        ];
        text.extend(flags.into_iter().filter(|(offered, _)| *offered).map(|(_, keyword)| Cow::Borrowed(keyword)));
        if !self.auth.is_empty() {
            text.push(Cow::Owned(format!("AUTH {}", self.auth.join(" "))));
        }
        match self.max_size {
            Some(most) => text.push(Cow::Owned(format!("SIZE {most}"))),
            None if self.size => text.push(Cow::Borrowed("SIZE")),
            None => {}
        }
        match self.deliver_by {
            Some(0) => text.push(Cow::Borrowed("DELIVERBY")),
            Some(least) => text.push(Cow::Owned(format!("DELIVERBY {least}"))),
            None => {}
        }
        if let Some(FutureRelease { interval, latest }) = self.future_release {
            text.push(Cow::Owned(format!("FUTURERELEASE {interval} {}", latest.rfc3339())));
        }
        if self.help {
            text.push(Cow::Borrowed("HELP"));
        }
        Reply { code: 250, enhanced: None, text }
    }
}

fn future_release(interval: Option<&str>, latest: Option<&str>) -> Option<FutureRelease> {
    Some(FutureRelease { interval: interval?.parse().ok()?, latest: Timestamp::parse_rfc3339(latest?)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &[&'static str]) -> Reply {
        Reply { code: 250, enhanced: None, text: text.iter().map(|line| Cow::Borrowed(*line)).collect() }
    }

    #[test]
    fn an_answer_to_ehlo_is_understood_whatever_the_case() {
        let found = Capabilities::parse(&lines(&[
            "mail.beta.test at your service",
            "size 1000",
            "8bitMIME",
            "AUTH PLAIN login",
            "AUTH=LOGIN",
            "XCLIENT NAME",
            "",
        ]));
        let expected = Capabilities {
            size: true,
            max_size: Some(1000),
            eight_bit_mime: true,
            auth: vec!["PLAIN".into(), "LOGIN".into()],
            ..Default::default()
        };
        assert_eq!(found, expected);
        assert!(found.offers_auth("plain"));
    }

    #[test]
    fn the_greeting_is_no_capability() {
        assert_eq!(Capabilities::parse(&lines(&["STARTTLS"])), Capabilities::default());
    }

    proptest! {
        #[test]
        fn capabilities_go_round(flags in any::<[bool; 8]>(), max_size in prop::option::of(1u64..), size in any::<bool>(), kept in prop::option::of((1u32..1_000_000_000, 0i64..100_000_000_000)), deliver_by in prop::option::of(any::<u32>()), auth in prop::collection::hash_set("[A-Z][A-Z0-9-]{0,9}", 0..4)) {
            let offered = Capabilities {
                size: size || max_size.is_some(),
                max_size,
                pipelining: flags[0],
                eight_bit_mime: flags[1],
                smtputf8: flags[2],
                starttls: flags[3],
                chunking: flags[4],
                dsn: flags[5],
                deliver_by,
                enhanced_status_codes: flags[6],
                help: flags[7],
                future_release: kept.map(|(interval, seconds)| FutureRelease { interval, latest: Timestamp::from_seconds(seconds) }),
                auth: auth.into_iter().collect(),
            };
            prop_assert_eq!(Capabilities::parse(&offered.reply("mail.alpha.test")), offered);
        }
    }
}
