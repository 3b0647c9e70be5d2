//! A reply: the first line of an answer.

use std::time::Duration;

use crate::Fault;
use crate::login;

/// The reply of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`, with the text behind it.
    Ok(String),
    /// `+`, with a challenge (RFC 5034).
    Challenge(String),
    /// `-ERR`, with a code in brackets where there is one (RFC 2449 §8, RFC 3206) and the text.
    Error {
        /// The code, in capitals.
        code: Option<String>,
        /// The text, for people.
        text: String,
    },
}

impl Reply {
    /// Understands a line; `None` where it is no reply.
    pub fn read(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        let (status, text) = line.split_once(' ').unwrap_or((line, ""));
        match status.to_ascii_uppercase().as_str() {
            "+OK" => Some(Self::Ok(text.to_owned())),
            "+" => Some(Self::Challenge(text.to_owned())),
            "-ERR" => {
                let coded = text.strip_prefix('[').and_then(|inner| inner.split_once(']'));
                let (code, text) = coded.map_or((None, text), |(code, text)| (Some(code.to_ascii_uppercase()), text));
                Some(Self::Error { code, text: text.trim().to_owned() })
            }
            _ => None,
        }
    }

    /// The text of `+OK`, or what else the answer means for the fetch.
    pub fn must(self, doing: &str) -> Result<String, Fault> {
        match self {
            Self::Ok(text) => Ok(text),
            Self::Challenge(_) => Err(Fault::Server(format!("{doing}: the server asks for more"))),
            Self::Error { ref code, .. } => Err(fault(code.as_deref(), format!("{doing}: {}", self.said()))),
        }
    }

    /// The refusal of one letter, in words.
    pub fn said(&self) -> String {
        match self {
            Self::Ok(text) | Self::Challenge(text) => text.clone(),
            Self::Error { code: Some(code), text } => format!("[{code}] {text}"),
            Self::Error { code: None, text } if text.is_empty() => "the server refuses without a word".to_owned(),
            Self::Error { code: None, text } => text.clone(),
        }
    }

    /// Returns true if the server wants to be asked for less.
    pub fn is_throttling(&self) -> bool {
        matches!(self, Self::Error { text, .. } if login::sounds_crowded(text))
    }
}

fn fault(code: Option<&str>, said: String) -> Fault {
    let later = |seconds| Some(Duration::from_secs(seconds));
    match code {
        Some("IN-USE") => Fault::Throttled { said, pause: later(60) },
        Some("LOGIN-DELAY") => Fault::Throttled { said, pause: later(300) },
        Some(code) if code == "SYS/TEMP" || code.starts_with("SYS/TEMP/") => Fault::Throttled { said, pause: None },
        Some("AUTH") => Fault::Refused(said),
        _ if login::sounds_throttled(&said) => Fault::Throttled { said, pause: None },
        _ => Fault::Server(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_good_bad_or_a_question() {
        assert_eq!(Reply::read(b"+OK 2 320\r\n"), Some(Reply::Ok("2 320".into())));
        assert_eq!(Reply::read(b"+ cGFzcw==\r\n"), Some(Reply::Challenge("cGFzcw==".into())));
        assert_eq!(Reply::read(b"+\r\n"), Some(Reply::Challenge(String::new())));
        assert_eq!(Reply::read(b"* OK\r\n"), None);
        let told = Reply::read(b"-ERR [in-use] Do you have another POP session running?\r\n").unwrap();
        assert!(matches!(told.must("PASS"), Err(Fault::Throttled { pause: Some(_), .. })));
        let refused = Reply::read(b"-ERR [AUTH] no\r\n").unwrap();
        assert_eq!(refused.must("PASS"), Err(Fault::Refused("PASS: [AUTH] no".into())));
    }
}
