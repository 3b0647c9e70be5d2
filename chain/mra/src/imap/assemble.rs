//! Bytes into whole responses: lines, and the literals in them (RFC 9051 §4.3).

use bytes::{Bytes, BytesMut};

/// The bounds of a response.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Octets of the text of one response, its literals not counted.
    pub text: usize,
    /// Octets of one literal that is kept. A larger one is passed over, and told as [`Piece::TooLarge`].
    pub literal: u64,
    /// Literals in one response.
    pub literals: usize,
}

/// Part of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text of the line, without the announcement of a literal and without the line end.
    Text(Bytes),
    /// A literal.
    Literal(Bytes),
    /// A literal of so many octets, which were not kept.
    TooLarge(u64),
}

/// One response as it came: texts with literals between them.
pub type Raw = Vec<Piece>;

/// A violation that no server may commit: the conversation is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Its text does not end.
    #[error("the server sent a line without end")]
    TextTooLong,
    /// It has more literals than any answer of ours has.
    #[error("the server sent too many pieces in one answer")]
    TooManyLiterals,
    /// A literal beyond anything that a letter can be.
    #[error("the server announced {0} octets")]
    LiteralTooLong(u64),
}

/// A literal beyond this is not even passed over.
const ABSURD: u64 = 1 << 32;

/// Puts responses together. Feed it the octets that arrive; it holds one response at a time.
#[derive(Debug)]
pub struct Assembler {
    bounds: Bounds,
    pieces: Raw,
    text: BytesMut,
    texts: usize,
    need: Need,
}

#[derive(Debug)]
enum Need {
    Line,
    Literal { left: usize, kept: BytesMut },
    Skip { left: u64, size: u64 },
}

impl Assembler {
    /// Waits for the first response.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, pieces: Vec::new(), text: BytesMut::new(), texts: 0, need: Need::Line }
    }

    /// Other bounds from now on.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Takes from the start of `input`: gives how many octets it took and, if it is whole now, the response.
    /// Call it again with the rest until it takes nothing.
    pub fn take(&mut self, input: &[u8]) -> Result<(usize, Option<Raw>), Malformed> {
        let mut taken = 0;
        loop {
            let rest = input.get(taken..).unwrap_or_default();
            if rest.is_empty() && !self.literal_is_full() {
                return Ok((taken, None));
            }
            let (took, whole) = self.step(rest)?;
            taken += took;
            if whole.is_some() {
                return Ok((taken, whole));
            }
        }
    }

    fn literal_is_full(&self) -> bool {
        matches!(self.need, Need::Literal { left: 0, .. } | Need::Skip { left: 0, .. })
    }

    fn step(&mut self, rest: &[u8]) -> Result<(usize, Option<Raw>), Malformed> {
        match &mut self.need {
            Need::Line => self.line(rest),
            Need::Literal { left, kept } => {
                let took = rest.len().min(*left);
                kept.extend_from_slice(rest.get(..took).unwrap_or_default());
                *left -= took;
                if *left == 0 {
                    let literal = std::mem::take(kept).freeze();
                    self.pieces.push(Piece::Literal(literal));
                    self.need = Need::Line;
                }
                Ok((took, None))
            }
            Need::Skip { left, size } => {
                let took = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= took as u64;
                if *left == 0 {
                    let size = *size;
                    self.pieces.push(Piece::TooLarge(size));
                    self.need = Need::Line;
                }
                Ok((took, None))
            }
        }
    }

    fn line(&mut self, rest: &[u8]) -> Result<(usize, Option<Raw>), Malformed> {
        let end = memchr::memchr(b'\n', rest);
        let took = end.map_or(rest.len(), |at| at + 1);
        self.texts += took;
        if self.texts > self.bounds.text {
            return Err(Malformed::TextTooLong);
        }
        self.text.extend_from_slice(rest.get(..took).unwrap_or_default());
        if end.is_none() {
            return Ok((took, None));
        }
        let mut line = std::mem::take(&mut self.text).freeze();
        line.truncate(without_end(&line));
        match announced(&line) {
            None => {
                self.pieces.push(Piece::Text(line));
                self.texts = 0;
                Ok((took, Some(std::mem::take(&mut self.pieces))))
            }
            Some((start, size)) => {
                line.truncate(start);
                self.pieces.push(Piece::Text(line));
                self.begin_literal(size)?;
                Ok((took, None))
            }
        }
    }

    fn begin_literal(&mut self, size: u64) -> Result<(), Malformed> {
        if self.pieces.len() >= 2 * self.bounds.literals {
            return Err(Malformed::TooManyLiterals);
        }
        if size > ABSURD {
            return Err(Malformed::LiteralTooLong(size));
        }
        self.need = match usize::try_from(size) {
            // A literal that was only announced takes no memory yet, beyond a first piece.
            Ok(left) if size <= self.bounds.literal => {
                Need::Literal { left, kept: BytesMut::with_capacity(left.min(64 * 1024)) }
            }
            _ => Need::Skip { left: size, size },
        };
        Ok(())
    }
}

fn without_end(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

/// Finds the announcement of a literal at the end of a line, and returns where it begins and its size: `{310}`,
/// `{310+}`, `~{310}`.
fn announced(line: &[u8]) -> Option<(usize, u64)> {
    let inner = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inner)?;
    let digits = inner.get(open + 1..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // A number that no u64 holds is as absurd as the largest.
    let size = std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
    let start = if open > 0 && line.get(open - 1) == Some(&b'~') { open - 1 } else { open };
    Some((start, size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Bounds = Bounds { text: 200, literal: 20, literals: 3 };

    fn all(mut input: &[u8], bounds: Bounds, step: usize) -> Result<Vec<Raw>, Malformed> {
        let mut assembler = Assembler::new(bounds);
        let mut whole = Vec::new();
        while !input.is_empty() {
            let piece = &input[..step.min(input.len())];
            let (took, response) = assembler.take(piece)?;
            whole.extend(response);
            input = &input[took..];
        }
        Ok(whole)
    }

    fn text(text: &'static str) -> Piece {
        Piece::Text(text.into())
    }

    #[test]
    fn a_response_is_whole_with_its_last_line() {
        let input = b"* OK hello\r\n* 1 FETCH (BODY[] {5}\r\na\r\nb} UID 7)\r\n+ \n";
        for step in 1..input.len() {
            let found = all(input, BOUNDS, step).unwrap();
            let letter = vec![text("* 1 FETCH (BODY[] "), Piece::Literal("a\r\nb}".into()), text(" UID 7)")];
            assert_eq!(found, [vec![text("* OK hello")], letter, vec![text("+ ")]], "in steps of {step}");
        }
    }

    #[test]
    fn a_literal_that_is_too_large_is_passed_over_and_told() {
        let input = b"* 1 FETCH (BODY[] {21}\r\nxxxxxxxxxxxxxxxxxxxxx)\r\n* OK\r\n";
        let found = all(input, BOUNDS, 4).unwrap();
        assert_eq!(found[0], [text("* 1 FETCH (BODY[] "), Piece::TooLarge(21), text(")")]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn an_empty_literal_is_one() {
        assert_eq!(all(b"a {0}\r\n\r\n", BOUNDS, 100).unwrap()[0], [text("a "), Piece::Literal("".into()), text("")]);
    }

    #[test]
    fn what_does_not_end_ends_the_conversation() {
        assert_eq!(all(&[b'x'; 300], BOUNDS, 7), Err(Malformed::TextTooLong));
        assert_eq!(all("{1}\r\nx".repeat(9).as_bytes(), BOUNDS, 3), Err(Malformed::TooManyLiterals));
        assert_eq!(all(b"* {99999999999}\r\n", BOUNDS, 3), Err(Malformed::LiteralTooLong(99_999_999_999)));
        let beyond = b"* {9999999999999999999999}\r\n";
        assert_eq!(all(beyond, BOUNDS, 3), Err(Malformed::LiteralTooLong(u64::MAX)));
    }

    #[test]
    fn braces_that_announce_nothing_are_text() {
        for line in ["* OK {", "* OK }", "* OK {x}", "* OK {}"] {
            let input = format!("{line}\r\n");
            assert_eq!(all(input.as_bytes(), BOUNDS, 100).unwrap(), [vec![Piece::Text(line.into())]]);
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_bounded_and_never_panics(input in prop::collection::vec(prop_oneof![
            Just(b'\n'), Just(b'{'), Just(b'}'), Just(b'1'), Just(b'9'), any::<u8>()], 0..400), step in 1usize..50) {
            let _ = all(&input, BOUNDS, step);
        }
    }
}
