//! mbox: letters one behind the other in one file, each after a line `From SENDER DATE` (RFC 4155), in the dialects that
//! are about.

mod quoting;

use std::io::{self, Read};
use std::ops::Range;

use mail::{Timestamp, header};
use memchr::memmem;

use crate::{Fault, date};

pub use quoting::{quote, unquote};

/// The way in which an mbox writes lines of a letter that look like a separator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As most programs write it today: one `>` more before `From `, `>From ` and so on (mboxrd; files that mboxo
    /// wrote are read the same way). If a Content-Length leads over such lines without a `>`, they are the letter's
    /// own.
    #[default]
    Quoted,
    /// Only `From ` gets a `>` (mboxo): `>>From ` stays.
    QuotedOnce,
    /// Nothing is quoted; Content-Length says where a letter ends (mboxcl2).
    Counted,
}

/// A piece of an mbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A letter.
    Letter(Found),
    /// A stretch that is passed over: the text before the first separator, or a letter that is too large.
    Passed {
        /// The position at which it begins.
        at: u64,
        /// The reason why it is passed over.
        fault: Fault,
    },
}

/// A letter of an mbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The position of its separator.
    pub at: u64,
    /// The date in the separator.
    pub date: Option<Timestamp>,
    /// Header and body with the line ends of the file, quoting taken back.
    pub content: Vec<u8>,
}

/// Reads an mbox letter by letter: memory for one letter, and for what Content-Length makes it look ahead.
pub struct Mbox<R> {
    input: R,
    dialect: Dialect,
    largest: usize,
    buffer: Vec<u8>,
    /// The position of the next letter's separator in the buffer.
    start: usize,
    /// Octets of the file before the buffer.
    before: u64,
    ended: bool,
}

/// Read at once.
const CHUNK: usize = 256 << 10;
/// A separator is no longer, with the first line of the letter behind it.
const LONGEST_START: usize = 8 << 10;
/// The longest Content-Length that is believed although its end has not been read.
const LONGEST_LEAP: u64 = 32 << 20;

/// The end of one letter.
struct End {
    /// Behind its last octet, blank line before the next separator included.
    at: usize,
    /// True if Content-Length led over lines that look like separators.
    leapt: bool,
}

impl<R: Read> Mbox<R> {
    /// Reads from the beginning of a file. No letter may be larger than `largest` octets.
    pub fn new(input: R, dialect: Dialect, largest: usize) -> Self {
        Self { input, dialect, largest, buffer: Vec::new(), start: 0, before: 0, ended: false }
    }

    /// Returns how many octets of the file have been read as letters.
    pub fn position(&self) -> u64 {
        self.before + self.start as u64
    }

    /// The next letter; `None` at the end.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        self.compact();
        while self.buffer.len() - self.start < LONGEST_START && self.fill()? {}
        if self.buffer.len() == self.start {
            return Ok(None);
        }
        if !begins_separator(&self.buffer[self.start..]) {
            return self.pass_preamble();
        }
        let at = self.position();
        let Some(end) = self.end_of_letter()? else { return self.pass_large(at).map(Some) };
        let piece = self.letter(at, &end);
        self.start = end.at;
        Ok(Some(piece))
    }

    fn letter(&self, at: u64, end: &End) -> Piece {
        let whole = &self.buffer[self.start..end.at];
        let line_end = memchr::memchr(b'\n', whole).map_or(whole.len(), |line_end| line_end + 1);
        let (separator, content) = whole.split_at(line_end);
        let content = without_blank_end(content);
        let content = match self.dialect {
            Dialect::Quoted if end.leapt => content.to_vec(),
            Dialect::Quoted => unquote(content, usize::MAX),
            Dialect::QuotedOnce => unquote(content, 1),
            Dialect::Counted => content.to_vec(),
        };
        Piece::Letter(Found { at, date: date::of_separator(separator), content })
    }

    /// Finds the end of the letter at the start of the buffer. `None` when the letter is too large.
    fn end_of_letter(&mut self) -> io::Result<Option<End>> {
        let Some(nearest) = self.separator_after(self.start, self.largest)? else { return Ok(None) };
        match self.leap(nearest)? {
            Some(at) => Ok(Some(End { at, leapt: true })),
            None => Ok(Some(End { at: nearest, leapt: false })),
        }
    }

    /// Returns the end that Content-Length gives, if it lies beyond the nearest separator and is truly the end of a
    /// letter.
    fn leap(&mut self, nearest: usize) -> io::Result<Option<usize>> {
        let letter = &self.buffer[self.start..nearest];
        let Some(line_end) = memchr::memchr(b'\n', letter) else { return Ok(None) };
        let content = &letter[line_end + 1..];
        let Some(length) = content_length(content).filter(|length| *length <= LONGEST_LEAP) else { return Ok(None) };
        let Ok(length) = usize::try_from(length) else { return Ok(None) };
        let goal = self.start + line_end + 1 + header::body_start(content) + length;
        if goal <= nearest {
            return Ok(None);
        }
        while self.buffer.len() < goal + LONGEST_START && self.fill()? {}
        let Some(behind) = self.buffer.get(goal..) else { return Ok(None) };
        let blank = behind.len() - behind.strip_prefix(b"\r\n").or(behind.strip_prefix(b"\n")).unwrap_or(behind).len();
        let at = goal + blank;
        let fits = at == self.buffer.len() || (blank > 0 && is_separator(&self.buffer, at));
        Ok(fits.then_some(at))
    }

    /// The next separator behind `from`, or the end of the file. `None` when it is further away than `most`.
    fn separator_after(&mut self, from: usize, most: usize) -> io::Result<Option<usize>> {
        let mut at = from;
        loop {
            let found = memmem::find(&self.buffer[at..], b"\nFrom ").map(|found| at + found + 1);
            if let Some(found) = found {
                while self.buffer.len() - found < LONGEST_START && self.fill()? {}
                if is_separator(&self.buffer, found) {
                    return Ok(Some(found));
                }
                at = found;
                continue;
            }
            at = at.max(self.buffer.len().saturating_sub(b"\nFrom".len()));
            if self.buffer.len() - from > most {
                return Ok(None);
            }
            if !self.fill()? {
                return Ok(Some(self.buffer.len()));
            }
        }
    }

    /// Passes over the text before the first separator: it is no letter. Blank lines there are nothing at all.
    fn pass_preamble(&mut self) -> io::Result<Option<Piece>> {
        let at = self.position();
        let Some(end) = self.separator_after(self.start, self.largest)? else {
            self.discard_to_separator()?;
            return Ok(Some(Piece::Passed { at, fault: Fault::NoLetter }));
        };
        let blank = self.buffer[self.start..end].iter().all(u8::is_ascii_whitespace);
        self.start = end;
        if blank { self.next_piece() } else { Ok(Some(Piece::Passed { at, fault: Fault::NoLetter })) }
    }

    fn pass_large(&mut self, at: u64) -> io::Result<Piece> {
        self.discard_to_separator()?;
        Ok(Piece::Passed { at, fault: Fault::TooLarge(self.position() - at) })
    }

    /// Goes on to the next separator without keeping the octets before it.
    fn discard_to_separator(&mut self) -> io::Result<()> {
        loop {
            // Enough is kept to see the blank line before a separator.
            self.start = self.buffer.len().saturating_sub(16).max(self.start);
            self.compact();
            if let Some(found) = self.separator_after(self.start, CHUNK)? {
                self.start = found;
                return Ok(());
            }
        }
    }

    fn compact(&mut self) {
        if self.start > CHUNK {
            self.buffer.drain(..self.start);
            self.before += self.start as u64;
            self.start = 0;
        }
    }

    /// Reads on; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let length = self.buffer.len();
        self.buffer.resize(length + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[length..]) {
                Err(again) if again.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(length + *read.as_ref().unwrap_or(&0));
        self.ended = matches!(read, Ok(0));
        Ok(read? > 0)
    }
}

/// The blank line before the next separator belongs to the file, not to the letter.
fn without_blank_end(content: &[u8]) -> &[u8] {
    for (blank, kept) in [(&b"\r\n\r\n"[..], 2), (b"\n\r\n", 1), (b"\n\n", 1)] {
        if content.ends_with(blank) {
            return &content[..content.len() - blank.len() + kept];
        }
    }
    content
}

fn content_length(content: &[u8]) -> Option<u64> {
    let value = header::find(content, "Content-Length")?.value();
    std::str::from_utf8(&value).ok()?.parse().ok()
}

/// Returns true if a file that begins so holds letters one behind the other.
pub fn is_mbox(start: &[u8]) -> bool {
    let blank = start.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = &start[blank..];
    // At the beginning of a file a header behind it is proof enough, whatever stands in the line.
    is_separator(start, 0) || begins_separator(start) && is_header(&start[line_at(start, line_at(start, 0).end)])
}

/// `From `, unless it is the field: a blank may stand before its colon (RFC 5322 §4.5).
fn begins_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t')) != Some(&b':')
}

/// Returns true if the line that begins here, `From `, is the start of a letter. Letters have such lines too, so two of
/// three must hold: a blank line before it, a date in it, and a header field behind it.
fn is_separator(buffer: &[u8], at: usize) -> bool {
    let line = line_at(buffer, at);
    if !begins_separator(&buffer[line.clone()]) {
        return false;
    }
    let after_blank = at == 0 || matches!(buffer[..at], [.., b'\n', b'\n'] | [.., b'\n', b'\r', b'\n']);
    let dated = date::of_separator(&buffer[line.clone()]).is_some();
    let named = dated || names_sender(&buffer[line.clone()]);
    let before_header = is_header(&buffer[line_at(buffer, line.end)]);
    (after_blank && dated) || (named && before_header && (after_blank || dated))
}

fn line_at(buffer: &[u8], at: usize) -> Range<usize> {
    let rest = &buffer[at..buffer.len().min(at + LONGEST_START)];
    at..at + memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)
}

/// `From alice@alpha.test`, and `From ` or `From -` as Thunderbird writes them.
fn names_sender(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1);
    let sender = words.next().unwrap_or_default();
    let is_sender = sender.is_empty() || sender == b"-" || sender.contains(&b'@') || sender == b"MAILER-DAEMON";
    is_sender && words.next().is_none()
}

/// `Name: value`, or a quoted separator as some mailers leave them in headers.
fn is_header(line: &[u8]) -> bool {
    let name = memchr::memchr(b':', line).map(|colon| line[..colon].trim_ascii_end());
    let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(|byte| (33..=126).contains(byte));
    name.is_some_and(is_name) || line.starts_with(b">From ")
}

#[cfg(test)]
mod tests;
