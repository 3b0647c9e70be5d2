//! Reads the replies of a server (RFC 5321 §4.2) that need not be a friendly one.

use std::borrow::Cow;

use mail::{Enhanced, Reply};

/// The reason why the server's text is not a reply. The connection is of no use after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The line does not begin with three digits and a space or hyphen.
    #[error("the server sent a line that is no SMTP reply")]
    NotAReply,
    /// The lines of one reply carry different codes (RFC 5321 §4.2.1).
    #[error("the server changed its reply code between two lines of one reply")]
    CodeChanged,
    /// A line is longer than [`ReplyReader::MAX_LINE`].
    #[error("the server sent a reply line that is too long")]
    LineTooLong,
    /// The reply has more lines than [`ReplyReader::MAX_LINES`].
    #[error("the server sent a reply of too many lines")]
    TooManyLines,
}

/// Puts replies together from the input. One reader serves a whole connection.
#[derive(Debug, Default)]
pub struct ReplyReader {
    /// The lines of an unfinished reply.
    begun: Option<Reply>,
}

impl ReplyReader {
    /// RFC 5321 §4.5.3.1.5 says 512 octets; servers that explain themselves at length exist.
    pub const MAX_LINE: usize = 4096;
    /// A long EHLO answer has some twenty lines.
    pub const MAX_LINES: usize = 200;

    /// Makes a reader before the first reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes whole lines from `input` up to the end of one reply. Returns the number of bytes taken (the caller keeps
    /// the others and shows them again with the next input), and the reply once it is complete.
    ///
    /// After the reply to STARTTLS no byte may be left over: such bytes were not sent inside TLS (RFC 3207 §4.2).
    pub fn read(&mut self, input: &[u8]) -> Result<(usize, Option<Reply>), ReplyError> {
        let mut taken = 0;
        while let Some(length) = memchr::memchr(b'\n', &input[taken..]) {
            let line = &input[taken..taken + length];
            taken += length + 1;
            if let Some(reply) = self.line(line.strip_suffix(b"\r").unwrap_or(line))? {
                return Ok((taken, Some(reply)));
            }
        }
        if input.len() - taken > Self::MAX_LINE {
            return Err(ReplyError::LineTooLong);
        }
        Ok((taken, None))
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        if line.len() > Self::MAX_LINE {
            return Err(ReplyError::LineTooLong);
        }
        let (code, last, text) = split(line).ok_or(ReplyError::NotAReply)?;
        let (enhanced, text) = split_enhanced(code, text);
        let reply = self.begun.get_or_insert(Reply { code, enhanced, text: Vec::new() });
        if reply.code != code {
            return Err(ReplyError::CodeChanged);
        }
        if reply.text.len() == Self::MAX_LINES {
            return Err(ReplyError::TooManyLines);
        }
        reply.text.push(Cow::Owned(String::from_utf8_lossy(text).into_owned()));
        Ok(if last { self.begun.take() } else { None })
    }
}

/// Returns the code, whether this is the last line, and the text. `250` alone is a whole line too (RFC 5321 §4.2: be
/// lenient).
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !matches!(digits, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

/// Takes `5.7.1 ` from the front if it is of the class of the code (RFC 2034 §3: they always agree).
fn split_enhanced(code: u16, text: &[u8]) -> (Option<Enhanced>, &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    match enhanced(&text[..end]) {
        Some(found) if u16::from(found.0) == code / 100 => (Some(found), text.get(end + 1..).unwrap_or_default()),
        _ => (None, text),
    }
}

/// Reads an enhanced code (RFC 2034 §4): class 2, 4 or 5; subject and detail of one to three digits.
fn enhanced(word: &[u8]) -> Option<Enhanced> {
    let mut parts = std::str::from_utf8(word).ok()?.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !matches!(class, "2" | "4" | "5") {
        return None;
    }
    Some(Enhanced(class.parse().ok()?, number(subject)?, number(detail)?))
}

fn number(digits: &str) -> Option<u16> {
    let sane = digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit());
    if sane { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(mut input: &[u8]) -> Result<Vec<Reply>, ReplyError> {
        let mut reader = ReplyReader::new();
        let mut replies = Vec::new();
        loop {
            let (taken, reply) = reader.read(input)?;
            input = &input[taken..];
            match reply {
                Some(reply) => replies.push(reply),
                None => return Ok(replies),
            }
        }
    }

    #[test]
    fn replies_are_read_one_after_the_other() {
        let replies = read_all(b"250-mail.beta.test\r\n250 PIPELINING\r\n550 5.1.1 unknown\r\n354\r\n25").unwrap();
        assert_eq!(replies[0].text, ["mail.beta.test", "PIPELINING"]);
        assert_eq!(replies[1], Reply::new(550, (5, 1, 1), "unknown"));
        assert_eq!(replies[2], Reply::plain(354, ""));
        assert_eq!(replies.len(), 3);
    }

    #[test]
    fn an_enhanced_code_of_another_class_is_only_text() {
        assert_eq!(read_all(b"550 4.1.1 x\r\n").unwrap(), [Reply::plain(550, "4.1.1 x")]);
        assert_eq!(read_all(b"250 2.0.0.1 x\r\n").unwrap(), [Reply::plain(250, "2.0.0.1 x")]);
    }

    #[test]
    fn a_hostile_server_is_found_out() {
        assert_eq!(read_all(b"SSH-2.0-OpenSSH\r\n"), Err(ReplyError::NotAReply));
        assert_eq!(read_all(b"250-a\r\n550 b\r\n"), Err(ReplyError::CodeChanged));
        assert_eq!(read_all(b"\xff\xff\xff\n"), Err(ReplyError::NotAReply));
        assert_eq!(read_all(&[b'2'; 5000]), Err(ReplyError::LineTooLong));
        assert_eq!(read_all(&b"250-x\r\n".repeat(300)), Err(ReplyError::TooManyLines));
    }

    proptest! {
        #[test]
        fn a_reply_goes_round(code in 200u16..600, enhanced in any::<Option<(u16, u16)>>(), lines in prop::collection::vec("[!-~]{1,20}( [!-~]{1,20})?", 1..5)) {
            let enhanced = enhanced
                .filter(|_| code / 100 != 3)
                .map(|(subject, detail)| Enhanced(u8::try_from(code / 100).unwrap(), subject % 1000, detail % 1000));
            let text: Vec<Cow<'static, str>> = lines.into_iter().map(Cow::Owned).collect();
            prop_assume!(enhanced.is_some() || text.iter().all(|line| split_enhanced(code, line.as_bytes()).0.is_none()));
            let reply = Reply { code, enhanced, text };
            prop_assert_eq!(read_all(reply.encode().as_bytes()).unwrap(), vec![reply]);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_all(&bytes);
        }
    }
}
