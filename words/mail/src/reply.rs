//! SMTP replies (RFC 5321 §4.2) with enhanced status codes (RFC 3463).

use std::borrow::Cow;
use std::fmt;

/// An enhanced status code such as `5.7.1` (RFC 3463 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Enhanced(pub u8, pub u16, pub u16);

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A reply: a code, perhaps an enhanced code, and lines of text (at least one, without line ends).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The code, from 200 to 599.
    pub code: u16,
    /// The enhanced code; absent in replies to HELO/EHLO/LHLO and in the 3xx ones (RFC 2034 §4).
    pub enhanced: Option<Enhanced>,
    /// The text, one element a line.
    pub text: Vec<Cow<'static, str>>,
}

impl Reply {
    /// Makes a reply of one line with an enhanced code.
    pub fn new(code: u16, enhanced: (u8, u16, u16), text: impl Into<Cow<'static, str>>) -> Self {
        let Enhanced(class, subject, detail) = Enhanced(enhanced.0, enhanced.1, enhanced.2);
        Self { code, enhanced: Some(Enhanced(class, subject, detail)), text: vec![text.into()] }
    }

    /// Makes a reply of one line without an enhanced code.
    pub fn plain(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, enhanced: None, text: vec![text.into()] }
    }

    /// Returns true for 2xx.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// Returns true for 4xx: the sender should try again later.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// Returns true for 5xx: the sender should not try again.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Writes the reply as it goes on the wire, each line ended by CRLF. Control characters in the text become spaces,
    /// so that nothing from outside can forge a line.
    pub fn encode(&self) -> String {
        let mut wire = String::new();
        let last = self.text.len().saturating_sub(1);
        for (i, line) in self.text.iter().enumerate() {
            wire.push_str(&self.code.to_string());
            wire.push(if i == last { ' ' } else { '-' });
            if let Some(enhanced) = self.enhanced {
                wire.push_str(&format!("{enhanced} "));
            }
            wire.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
            wire.push_str("\r\n");
        }
        wire
    }
}

/// Writes the reply on one line, as logs and bounces show it.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        self.text.iter().try_for_each(|line| write!(f, " {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_several_lines_is_joined_by_hyphens() {
        let reply = Reply {
            code: 250,
            enhanced: None,
            text: vec!["mail.alpha.test".into(), "PIPELINING".into(), "8BITMIME".into()],
        };
        assert_eq!(reply.encode(), "250-mail.alpha.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
    }

    #[test]
    fn text_from_outside_cannot_forge_a_line() {
        assert_eq!(Reply::new(550, (5, 1, 1), "no\r\n250 ok").encode(), "550 5.1.1 no  250 ok\r\n");
    }
}
