//! The line that ends a command, and its response code (RFC 9051 §7.1, RFC 5530).

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use mailbox::FolderId;

use crate::codec::object_id;
use crate::codec::sets::write_set;
use crate::codec::write;

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The command was carried out.
    Ok,
    /// The command could not be carried out.
    No,
    /// The command was not understood, or is not allowed now.
    Bad,
}

/// The line after the tag: a status, perhaps a code, a text for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The way that the command ended.
    pub status: Status,
    /// A code for the program at the other end.
    pub code: Option<Code>,
    /// A text for the person.
    pub text: Cow<'static, str>,
}

/// A response code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A code without arguments, such as `TRYCREATE`.
    Word(&'static str),
    /// `APPENDUID`
    AppendUid(NonZeroU32, Vec<RangeInclusive<u32>>),
    /// `COPYUID`: UIDVALIDITY of the target, the old UIDs, the new UIDs.
    CopyUid(NonZeroU32, Vec<RangeInclusive<u32>>, Vec<RangeInclusive<u32>>),
    /// `MODIFIED`: the numbers (in the numbering of the command) that UNCHANGEDSINCE held back.
    Modified(Vec<RangeInclusive<u32>>),
    /// `HIGHESTMODSEQ`
    HighestModSeq(u64),
    /// `BADCHARSET`, with the charsets that we know.
    BadCharset,
    /// `CAPABILITY`
    Capability(String),
    /// `MAILBOXID`: the id of the folder (RFC 8474 §4.1).
    MailboxId(FolderId),
}

impl Answer {
    /// Answers `OK`.
    pub fn ok(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: Status::Ok, code: None, text: text.into() }
    }

    /// Answers `NO`.
    pub fn no(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: Status::No, code: None, text: text.into() }
    }

    /// Answers `BAD`.
    pub fn bad(text: impl Into<Cow<'static, str>>) -> Self {
        Self { status: Status::Bad, code: None, text: text.into() }
    }

    /// Adds a response code.
    #[must_use]
    pub fn with(self, code: Code) -> Self {
        Self { code: Some(code), ..self }
    }

    /// Adds a response code of one word.
    #[must_use]
    pub fn word(self, word: &'static str) -> Self {
        self.with(Code::Word(word))
    }

    /// Answers that we could not do it now; the client may try later (RFC 5530 §3, UNAVAILABLE).
    pub fn unavailable() -> Self {
        Self::no("The post office cannot do this now, try again later").word("UNAVAILABLE")
    }

    /// Writes `tag OK [CODE] text`, line end included. The tag is `*` for an untagged answer.
    pub fn write(&self, tag: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(tag.as_bytes());
        out.extend_from_slice(match self.status {
            Status::Ok => b" OK ",
            Status::No => b" NO ",
            Status::Bad => b" BAD ",
        });
        if let Some(code) = &self.code {
            out.push(b'[');
            code.write(out);
            out.extend_from_slice(b"] ");
        }
        write::text(out, &self.text);
        out.extend_from_slice(b"\r\n");
    }
}

impl Code {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Word(word) => out.extend_from_slice(word.as_bytes()),
            Self::AppendUid(validity, uids) => {
                out.extend_from_slice(format!("APPENDUID {validity} ").as_bytes());
                write_set(out, uids.iter().cloned());
            }
            Self::CopyUid(validity, from, to) => {
                out.extend_from_slice(format!("COPYUID {validity} ").as_bytes());
                write_set(out, from.iter().cloned());
                out.push(b' ');
                write_set(out, to.iter().cloned());
            }
            Self::Modified(numbers) => {
                out.extend_from_slice(b"MODIFIED ");
                write_set(out, numbers.iter().cloned());
            }
            Self::HighestModSeq(change) => out.extend_from_slice(format!("HIGHESTMODSEQ {change}").as_bytes()),
            Self::Capability(list) => out.extend_from_slice(format!("CAPABILITY {list}").as_bytes()),
            Self::MailboxId(folder) => {
                out.extend_from_slice(b"MAILBOXID ");
                object_id::mailbox_id(out, *folder);
            }
            Self::BadCharset => out.extend_from_slice(b"BADCHARSET (US-ASCII UTF-8)"),
        }
    }
}

/// The reason why a command stopped early.
#[derive(Debug)]
pub enum Halt {
    /// The client gets this answer and goes on.
    Refuse(Answer),
    /// The connection is of no use any more.
    Gone(net::Error),
}

/// The result of a command function: the answer for the tagged line. `?` works on `Answer` and on the errors of the
/// rooms below.
pub type Done = Result<Answer, Halt>;

impl From<Answer> for Halt {
    fn from(answer: Answer) -> Self {
        Self::Refuse(answer)
    }
}

impl From<net::Error> for Halt {
    fn from(error: net::Error) -> Self {
        Self::Gone(error)
    }
}
