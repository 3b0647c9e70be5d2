//! Reads the words of a command (RFC 9051 §9), from one buffer with the whole command.

use std::borrow::Cow;
use std::num::NonZeroU32;

use bytes::Bytes;

use super::write::{is_astring_char, is_atom_char};
use mail::mutf7;

/// The reason why a command was not understood. The client gets it after `BAD`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Syntax(pub Cow<'static, str>);

impl From<&'static str> for Syntax {
    fn from(why: &'static str) -> Self {
        Self(why.into())
    }
}

/// The most octets of a folder's name, or of a pattern for names: several times the length that any folder has.
const NAME_MAX: usize = 4096;

/// The result of a reading function.
pub type Parsed<T> = Result<T, Syntax>;

/// A position in a command. Literals stand in the text where they came, except the letters of APPEND.
pub struct Cursor<'a> {
    rest: &'a [u8],
    letters: std::slice::Iter<'a, Bytes>,
    utf8_names: bool,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `text`, which is without the line end that closes it.
    pub fn new(text: &'a [u8], letters: &'a [Bytes], utf8_names: bool) -> Self {
        Self { rest: text, letters: letters.iter(), utf8_names }
    }

    /// Returns the next byte without taking it.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes `byte` if it is next.
    pub fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes `word` if it is next, whatever the case.
    pub fn eat_word(&mut self, word: &str) -> bool {
        match self.rest.split_at_checked(word.len()) {
            Some((first, rest)) if first.eq_ignore_ascii_case(word.as_bytes()) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes `byte`, or says `why` not.
    pub fn expect(&mut self, byte: u8, why: &'static str) -> Parsed<()> {
        if self.eat(byte) { Ok(()) } else { Err(why.into()) }
    }

    /// Reads the space between two arguments.
    pub fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "A space and another argument are missing")
    }

    /// Reads the end of the command. Blanks before it are forgiven.
    pub fn end(&mut self) -> Parsed<()> {
        if self.rest.iter().all(|b| *b == b' ') {
            Ok(())
        } else {
            Err("There is something after the last argument".into())
        }
    }

    /// Takes the longest run of bytes that `fit`, perhaps none.
    pub fn run(&mut self, fit: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().position(|b| !fit(*b)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, b""));
        self.rest = rest;
        run
    }

    /// Reads a word of letters, digits and `.-=`, in capitals: the name of a command, item or option.
    pub fn word(&mut self) -> Parsed<String> {
        let run = self.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'=' | b'_'));
        if run.is_empty() { Err("A word is missing".into()) } else { Ok(ascii(run).to_ascii_uppercase()) }
    }

    /// Reads an atom.
    pub fn atom(&mut self) -> Parsed<&'a [u8]> {
        let run = self.run(is_atom_char);
        if run.is_empty() { Err("An atom is missing".into()) } else { Ok(run) }
    }

    /// Reads a number of 32 bits.
    pub fn number(&mut self) -> Parsed<u32> {
        u32::try_from(self.number64()?).map_err(|_| "A number is too large".into())
    }

    /// Reads a number of 32 bits that is not 0.
    pub fn nz_number(&mut self) -> Parsed<NonZeroU32> {
        NonZeroU32::new(self.number()?).ok_or_else(|| "A number is 0 that must not be".into())
    }

    /// Reads a number of 63 bits (RFC 9051 §9, number64).
    pub fn number64(&mut self) -> Parsed<u64> {
        let digits = self.run(|b| b.is_ascii_digit());
        if digits.is_empty() {
            return Err("A number is missing".into());
        }
        let number = ascii(digits).parse().ok().filter(|number| *number <= i64::MAX as u64);
        number.ok_or_else(|| "A number is too large".into())
    }

    /// Reads an atom (with `]`), a quoted string or a literal.
    pub fn astring(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.string_or(is_astring_char)
    }

    /// Reads a string, or a run of bytes that `fit`.
    pub fn string_or(&mut self, fit: impl Fn(u8) -> bool) -> Parsed<Cow<'a, [u8]>> {
        if matches!(self.peek(), Some(b'"' | b'{')) || self.rest.starts_with(b"~{") {
            return self.string();
        }
        let run = self.run(fit);
        if run.is_empty() { Err("A string is missing".into()) } else { Ok(Cow::Borrowed(run)) }
    }

    /// Reads a quoted string or a literal, without NUL.
    pub fn string(&mut self) -> Parsed<Cow<'a, [u8]>> {
        let string = match self.peek() {
            Some(b'"') => self.quoted()?,
            Some(b'{' | b'~') => Cow::Borrowed(self.literal()?),
            _ => return Err("A string is missing".into()),
        };
        if memchr::memchr(0, &string).is_some() {
            return Err("A string must not hold NUL".into());
        }
        Ok(string)
    }

    fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.expect(b'"', "A quoted string is missing")?;
        let plain = self.run(|b| !matches!(b, b'"' | b'\\' | b'\r' | b'\n'));
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_vec();
        loop {
            if self.eat(b'"') {
                return Ok(Cow::Owned(text));
            }
            // RFC 9051 §9: only `"` and `\` may be escaped; other pairs are forgiven, as everybody does.
            self.expect(b'\\', "A quoted string does not end")?;
            let escaped = self.peek().filter(|b| !matches!(b, b'\r' | b'\n')).ok_or("A quoted string does not end")?;
            self.eat(escaped);
            text.push(escaped);
            text.extend_from_slice(self.run(|b| !matches!(b, b'"' | b'\\' | b'\r' | b'\n')));
        }
    }

    /// Reads a literal that stands in the text.
    fn literal(&mut self) -> Parsed<&'a [u8]> {
        let size = self.literal_head()?;
        let size = usize::try_from(size).map_err(|_| "A literal is too large")?;
        let (literal, rest) = self.rest.split_at_checked(size).ok_or("A literal is too short")?;
        self.rest = rest;
        Ok(literal)
    }

    fn literal_head(&mut self) -> Parsed<u64> {
        self.eat(b'~');
        self.expect(b'{', "A literal is missing")?;
        let size = self.number64()?;
        self.eat(b'+');
        self.expect(b'}', "A literal is missing its }")?;
        self.eat(b'\r');
        self.expect(b'\n', "A literal must stand at the end of the line")?;
        Ok(size)
    }

    /// Returns the next letter of APPEND, and whether it is a literal8. Its bytes are beside the text.
    pub fn letter(&mut self) -> Parsed<(Bytes, bool)> {
        let binary = self.peek() == Some(b'~');
        self.literal_head()?;
        let letter = self.letters.next().ok_or("The letter is missing")?;
        Ok((letter.clone(), binary))
    }

    /// Reads text in UTF-8.
    pub fn utf8(&mut self) -> Parsed<String> {
        into_utf8(self.astring()?)
    }

    /// Reads the name of a folder, decoded, and `INBOX` in capitals.
    pub fn folder(&mut self) -> Parsed<String> {
        let name = self.astring()?;
        self.decode_name(&name).map(with_inbox_in_capitals)
    }

    /// Decodes a name, or a pattern for names: both encodings leave the wildcards as they are.
    pub fn decode_name(&self, name: &[u8]) -> Parsed<String> {
        if name.len() > NAME_MAX {
            return Err("The name of the folder is too long".into());
        }
        let name = if self.utf8_names {
            String::from_utf8(name.to_vec()).ok()
        } else {
            // Some clients send UTF-8 without asking first. It cannot be mistaken for modified UTF-7, which is ASCII.
            mutf7::decode(name).or_else(|| String::from_utf8(name.to_vec()).ok().filter(|name| !name.is_ascii()))
        };
        let name = name.ok_or("The name of the folder is not well encoded")?;
        if name.chars().any(char::is_control) {
            Err("The name of the folder has a control character".into())
        } else {
            Ok(name)
        }
    }

    /// Reads `(` items `)`, separated by a space; at most `most`. The list may be empty only if `empty` is true.
    pub fn list<T>(
        &mut self,
        most: usize,
        empty: bool,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect(b'(', "A list in parentheses is missing")?;
        let mut items = Vec::new();
        if empty && self.eat(b')') {
            return Ok(items);
        }
        loop {
            if items.len() == most {
                return Err("A list is too long".into());
            }
            items.push(item(self)?);
            if self.eat(b')') {
                return Ok(items);
            }
            self.expect(b' ', "A list does not end with )")?;
        }
    }
}

/// RFC 9051 §5.1: INBOX is the same in any case; so is the beginning of the names below it.
fn with_inbox_in_capitals(name: String) -> String {
    let rest = match name.split_at_checked(5) {
        Some((first, rest)) if first.eq_ignore_ascii_case("INBOX") => rest,
        _ => return name,
    };
    if rest.is_empty() || rest.starts_with('/') { format!("INBOX{rest}") } else { name }
}

/// Reads bytes that are UTF-8, as text.
pub fn into_utf8(bytes: Cow<'_, [u8]>) -> Parsed<String> {
    String::from_utf8(bytes.into_owned()).map_err(|_| "A string is not UTF-8".into())
}

/// Returns the bytes that are known to be ASCII, as text.
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
