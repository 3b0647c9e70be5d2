//! The line that answers a command (RFC 1939 §3), with its response code (RFC 2449 §8, RFC 3206).

/// `+OK` or `-ERR`, perhaps a code, a text for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// True for `+OK`.
    pub done: bool,
    /// A code for the program at the other end.
    pub code: Option<Code>,
    /// A text for the person; its first words may be for the program (STAT).
    pub text: String,
}

/// Response codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Name or password are wrong: ask the person again (RFC 3206 §4).
    Auth,
    /// Another client has the maildrop (RFC 2449 §8.1.2).
    InUse,
    /// The fault will pass by itself (RFC 3206 §3).
    Temporary,
    /// Somebody must mend the fault (RFC 3206 §3).
    Permanent,
}

impl Code {
    fn word(self) -> &'static str {
        match self {
            Self::Auth => "AUTH",
            Self::InUse => "IN-USE",
            Self::Temporary => "SYS/TEMP",
            Self::Permanent => "SYS/PERM",
        }
    }
}

impl Reply {
    /// Makes a `+OK` reply.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { done: true, code: None, text: text.into() }
    }

    /// Makes an `-ERR` reply.
    pub fn err(text: impl Into<String>) -> Self {
        Self { done: false, code: None, text: text.into() }
    }

    /// Adds a response code.
    #[must_use]
    pub fn with(self, code: Code) -> Self {
        Self { code: Some(code), ..self }
    }

    /// Returns the whole line. Line ends in the text become blanks.
    pub fn line(&self) -> String {
        let status = if self.done { "+OK" } else { "-ERR" };
        let code = self.code.map(|code| format!(" [{}]", code.word())).unwrap_or_default();
        format!("{status}{code} {}\r\n", self.text.replace(['\r', '\n'], " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_line() {
        assert_eq!(Reply::ok("2 320").line(), "+OK 2 320\r\n");
        assert_eq!(Reply::err("no\r\n+OK yes").with(Code::InUse).line(), "-ERR [IN-USE] no  +OK yes\r\n");
    }
}
