//! Decodes commands from bytes as they arrive, without input/output.
//!
//! A command is gathered in one buffer, its literals in their places, and parsed once when its last line is there.
//! The letters of APPEND go into buffers of their own, each of the announced size, and are never copied again.

use bytes::Bytes;

use super::command::{Request, Tag};
use super::cursor::Syntax;
use super::parse::{self, Misunderstood};

/// The most that a client may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most octets of one line.
    pub line: usize,
    /// The most octets of one literal that is not a letter.
    pub literal: usize,
    /// Octets of a whole command, without the letters of APPEND.
    pub command: usize,
    /// The most octets of one letter of APPEND (RFC 7889).
    pub letter: u64,
    /// The most octets of all letters of one APPEND.
    pub letters: u64,
}

impl Limits {
    /// The limits of a client that has not logged in: room for a long SASL response, and for the longest possible ID
    /// (RFC 2971 §3.3: 30 pairs, 30 octets for a name and 1024 for a value, which may be escaped).
    pub const ENTRY: Self = Self { line: 40 * 1024, literal: 4 * 1024, command: 72 * 1024, letter: 0, letters: 0 };

    /// Returns the limits of a client that has logged in, with letters up to `letter` octets.
    pub fn logged_in(letter: u64) -> Self {
        let text = 64 * 1024;
        Self { line: text, literal: text, command: 4 * text, letter, letters: letter.saturating_mul(2) }
    }
}

/// The result of decoding the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// All input is taken in, and the command goes on.
    More,
    /// The client waits for `+` before it sends the rest.
    Continue,
    /// A letter of APPEND is announced. The owner calls [`Decoder::accept_letter`], or [`Decoder::refuse_letter`] if
    /// `waits`.
    Letter {
        /// Its octets, within the limits.
        size: u64,
        /// True if the client waits for `+`.
        waits: bool,
    },
    /// The last octets of the input just taken, by number, belong to the letter that the owner keeps.
    Piece(usize),
    /// A command is complete.
    Request(Request),
    /// A line that is no command, requested by [`Decoder::expect_line`].
    Line(Vec<u8>),
    /// The input was no command; it is skipped.
    Refused(Refusal),
    /// The client cannot be followed any further: say BYE.
    Lost(&'static str),
}

/// A command that will not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its tag, when it could be read.
    pub tag: Option<Tag>,
    /// The mistake in the command.
    pub why: Syntax,
    /// True if it is larger than the limits allow; it may be well-formed.
    pub too_big: bool,
}

/// Gathers commands. The owner feeds it with [`Decoder::decode`].
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    utf8_names: bool,
    /// The command so far; only the end of the line once it is refused.
    text: Vec<u8>,
    /// The offset in `text` where the current line begins.
    line: usize,
    letters: Vec<Bytes>,
    /// The octets of `letters` and of the announced one.
    letters_size: u64,
    stage: Stage,
    refusal: Option<Refusal>,
    /// Octets of the refused line that were thrown away.
    thrown: usize,
}

#[derive(Debug)]
enum Stage {
    /// A line of a command.
    Line,
    /// A line that is no command.
    Plain,
    /// A literal.
    Literal { left: usize },
    /// The decoder waits for the owner's decision about a letter.
    Announced { size: usize },
    /// A letter of APPEND.
    Letter { letter: Vec<u8>, left: usize },
    /// A letter that the owner keeps.
    Elsewhere { left: usize },
    /// A literal that nobody wants.
    Swallow { left: u64 },
}

/// A client that has announced a literal without waiting sends it whatever we say. Up to this much is read and
/// thrown away; beyond, closing the connection is cheaper for both (RFC 7888 §4).
const SWALLOW_MAX: u64 = 1024 * 1024;

/// A line may exceed its limit by this factor before the decoder gives it up.
const FLOOD: usize = 16;

/// The octets that are kept of a refused line: enough for the announcement of a literal.
const LINE_TAIL: usize = 32;

impl Decoder {
    /// Makes a decoder.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            utf8_names: false,
            text: Vec::new(),
            line: 0,
            letters: Vec::new(),
            letters_size: 0,
            stage: Stage::Line,
            refusal: None,
            thrown: 0,
        }
    }

    /// Changes the limits from the next command on: the client has logged in.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Sets whether the names of folders come in UTF-8 from now on.
    pub fn set_utf8_names(&mut self, on: bool) {
        self.utf8_names = on;
    }

    /// Takes the next line as a text that is no command: it belongs to AUTHENTICATE or IDLE.
    pub fn expect_line(&mut self) {
        self.stage = Stage::Plain;
    }

    /// Returns true if nothing of a command has come yet.
    pub fn is_idle(&self) -> bool {
        self.text.is_empty() && matches!(self.stage, Stage::Line | Stage::Plain)
    }

    /// Takes octets from `input`; returns the number of octets taken, and the event. Call it again with the rest until
    /// it returns [`Event::More`].
    pub fn decode(&mut self, input: &[u8]) -> (usize, Event) {
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            let (count, event) = self.step(rest);
            taken += count;
            match event {
                Some(event) => return (taken, event),
                None if taken >= input.len() => return (taken, Event::More),
                None => {}
            }
        }
    }

    /// Takes the announced letter: the bytes that follow belong to it.
    pub fn accept_letter(&mut self) {
        if let Stage::Announced { size } = self.stage {
            self.stage = Stage::Letter { letter: Vec::with_capacity(size), left: size };
        }
    }

    /// Takes the announced letter, whose octets the owner keeps as [`Event::Piece`] shows them: in the command it is
    /// empty.
    pub fn accept_letter_elsewhere(&mut self) {
        if let Stage::Announced { size } = self.stage {
            self.stage = Stage::Elsewhere { left: size };
        }
    }

    /// Gives the command up before its letter was sent, and returns its tag. Only for a client that waits for `+`.
    pub fn refuse_letter(&mut self) -> Option<Tag> {
        let tag = parse::tag_of(&self.text);
        self.clear();
        tag
    }

    /// Returns the folder an announced letter shall go to.
    pub fn append_folder(&self) -> Option<String> {
        parse::append_folder(&self.text, self.utf8_names)
    }

    fn step(&mut self, input: &[u8]) -> (usize, Option<Event>) {
        match &mut self.stage {
            Stage::Line | Stage::Plain => self.take_line(input),
            Stage::Literal { left } => {
                let count = input.len().min(*left);
                *left -= count;
                let done = *left == 0;
                self.text.extend_from_slice(input.get(..count).unwrap_or_default());
                if done {
                    self.begin_line();
                }
                (count, None)
            }
            Stage::Letter { letter, left } => {
                let count = input.len().min(*left);
                *left -= count;
                letter.extend_from_slice(input.get(..count).unwrap_or_default());
                if *left == 0 {
                    self.letters.push(Bytes::from(std::mem::take(letter)));
                    self.begin_line();
                }
                (count, None)
            }
            Stage::Elsewhere { left } => {
                let count = input.len().min(*left);
                *left -= count;
                if *left == 0 {
                    self.letters.push(Bytes::new());
                    self.begin_line();
                }
                (count, (count > 0).then_some(Event::Piece(count)))
            }
            Stage::Swallow { left } => {
                let count = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                if *left == 0 {
                    self.begin_line();
                }
                (count, None)
            }
            Stage::Announced { .. } => (0, Some(Event::Lost("A letter was announced and nobody asked for it"))),
        }
    }

    fn begin_line(&mut self) {
        self.line = self.text.len();
        self.thrown = 0;
        self.stage = Stage::Line;
    }

    fn take_line(&mut self, input: &[u8]) -> (usize, Option<Event>) {
        let end = memchr::memchr(b'\n', input);
        let count = end.map_or(input.len(), |end| end + 1);
        self.text.extend_from_slice(input.get(..count).unwrap_or_default());
        if self.text.len() - self.line > self.limits.line || self.text.len() > self.limits.command {
            // RFC 9051 §7.1.3: a line too long is a BAD.
            self.refuse("The command is too long", false);
        }
        if self.refusal.is_some() {
            self.keep_tail();
        }
        if self.thrown > FLOOD * self.limits.line {
            return (count, Some(Event::Lost("Far too much came without a line end")));
        }
        (count, if end.is_some() { self.end_line() } else { None })
    }

    fn refuse(&mut self, why: &'static str, too_big: bool) {
        if self.refusal.is_none() {
            self.refusal = Some(Refusal { tag: parse::tag_of(&self.text), why: why.into(), too_big });
            self.letters.clear();
        }
    }

    fn keep_tail(&mut self) {
        let drop = self.text.len().saturating_sub(LINE_TAIL);
        self.text.drain(..drop);
        self.thrown += drop;
        self.line = 0;
    }

    /// Ends a line: the command goes on with a literal, or is complete.
    fn end_line(&mut self) -> Option<Event> {
        if matches!(self.stage, Stage::Plain) {
            return self.end_plain_line();
        }
        let line = without_line_end(self.text.get(self.line..).unwrap_or_default());
        if let Some(announced) = Announced::at_end_of(line) {
            return self.announce(announced);
        }
        if announces_without_size(line) {
            return Some(Event::Lost("The size of a literal cannot be read"));
        }
        // Outlook sends a blank line before the command after IDLE; RFC 2177 does not allow it, everyone accepts it.
        if self.line == 0 && line.is_empty() && self.refusal.is_none() {
            self.clear();
            return None;
        }
        Some(self.complete())
    }

    fn end_plain_line(&mut self) -> Option<Event> {
        let event = match self.refusal.take() {
            Some(refusal) => Event::Refused(Refusal { tag: None, ..refusal }),
            None => Event::Line(without_line_end(&self.text).to_vec()),
        };
        self.clear();
        Some(event)
    }

    fn complete(&mut self) -> Event {
        let event = match self.refusal.take() {
            Some(refusal) => Event::Refused(refusal),
            None => match parse::request(without_line_end(&self.text), &self.letters, self.utf8_names) {
                Ok(request) => Event::Request(request),
                Err(Misunderstood { tag, why }) => Event::Refused(Refusal { tag, why, too_big: false }),
            },
        };
        self.clear();
        event
    }

    fn announce(&mut self, announced: Announced) -> Option<Event> {
        let is_letter = self.refusal.is_none() && self.announces_letter(&announced);
        self.judge(&announced, is_letter);
        if let Some(refusal) = &self.refusal {
            return self.pass_over(announced, refusal.clone());
        }
        let Ok(size) = usize::try_from(announced.size) else {
            return Some(Event::Lost("A literal is too large"));
        };
        if is_letter {
            self.letters_size += announced.size;
            self.stage = Stage::Announced { size };
            return Some(Event::Letter { size: announced.size, waits: announced.waits });
        }
        self.stage = Stage::Literal { left: size };
        if size == 0 {
            self.begin_line();
        }
        if announced.waits { Some(Event::Continue) } else { None }
    }

    /// Returns true for a letter of APPEND. Every literal of APPEND is one, except the folder's name.
    fn announces_letter(&self, announced: &Announced) -> bool {
        let before = self.text.len().saturating_sub(announced.length);
        let text = self.text.get(..before).unwrap_or_default();
        parse::append_head(text).is_some_and(|head| !head.is_empty())
    }

    fn judge(&mut self, announced: &Announced, is_letter: bool) {
        if is_letter {
            let all = self.letters_size.saturating_add(announced.size);
            if announced.size > self.limits.letter || all > self.limits.letters {
                self.refuse("The letter is larger than APPENDLIMIT", true);
            }
        } else if announced.size > self.limits.literal as u64
            || self.text.len() as u64 + announced.size > self.limits.command as u64
        {
            self.refuse("The literal is too large", true);
        }
    }

    /// Skips a literal of a refused command.
    fn pass_over(&mut self, announced: Announced, refusal: Refusal) -> Option<Event> {
        if announced.waits {
            // The client has not sent the literal, and will not: the answer ends the command here.
            self.clear();
            return Some(Event::Refused(refusal));
        }
        if announced.size > SWALLOW_MAX {
            return Some(Event::Lost("A literal is too large"));
        }
        self.stage = Stage::Swallow { left: announced.size };
        if announced.size == 0 {
            self.begin_line();
        }
        None
    }

    fn clear(&mut self) {
        // A long command must not leave its buffer behind for the life of the connection.
        self.text = Vec::new();
        self.line = 0;
        self.letters = Vec::new();
        self.letters_size = 0;
        self.stage = Stage::Line;
        self.refusal = None;
        self.thrown = 0;
    }
}

/// `{size}` or `{size+}` at the end of a line.
struct Announced {
    size: u64,
    /// True if the client waits for `+`.
    waits: bool,
    /// The octets of the announcement, with its line end and the `~` of a literal8.
    length: usize,
}

impl Announced {
    fn at_end_of(line: &[u8]) -> Option<Self> {
        let inside = line.strip_suffix(b"}")?;
        let (inside, waits) = inside.strip_suffix(b"+").map_or((inside, true), |inside| (inside, false));
        let brace = memchr::memrchr(b'{', inside)?;
        let digits = inside.get(brace + 1..)?;
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        // A number with more digits than fit is a size that nobody can take.
        let size = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
        let tilde = brace.checked_sub(1).and_then(|at| inside.get(at)) == Some(&b'~');
        Some(Self { size, waits, length: line.len() - brace + usize::from(tilde) + 2 })
    }
}

/// Returns true if a literal of unknown size follows for which the client does not wait. The author of a letter may
/// have chosen its octets, so they must not be obeyed.
fn announces_without_size(line: &[u8]) -> bool {
    // Only blanks are trimmed, and no line ends: earlier lines of a refused command stand before its tail.
    let end = line.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
    line[..end].ends_with(b"+}") && memchr::memchr(b'{', line).is_some()
}

/// Returns the line without CRLF, or without LF: some old scripts send no CR.
fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Returns all events of `input`, with each letter accepted: for tests and fuzzing.
pub fn decode_all(input: &[u8], limits: Limits, utf8_names: bool) -> Vec<Event> {
    let mut decoder = Decoder::new(limits);
    decoder.set_utf8_names(utf8_names);
    let mut events = Vec::new();
    let mut rest = input;
    loop {
        let (taken, event) = decoder.decode(rest);
        rest = rest.get(taken..).unwrap_or_default();
        match event {
            Event::More => return events,
            Event::Letter { .. } => decoder.accept_letter(),
            Event::Lost(_) => {
                events.push(event);
                return events;
            }
            _ => {}
        }
        events.push(event);
    }
}

#[cfg(test)]
mod tests;
