//! Reads the lines that follow a reply, up to the line with a single dot (RFC 1939 §3).

use bytes::{Bytes, BytesMut};

/// Takes the dots away that were put before others, and finds the end. Line ends stay as they come.
#[derive(Debug)]
pub struct Body {
    kept: BytesMut,
    most: u64,
    size: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begin,
    Dot,
    DotCr,
    Line,
    End,
}

impl Body {
    /// Keeps at most so many octets; the octets beyond are passed over and counted.
    pub fn new(most: u64) -> Self {
        Self { kept: BytesMut::new(), most, size: 0, stage: Stage::Begin }
    }

    /// Takes from the start of `input`, and gives how many octets that were. Is it [over](Self::is_over) then, the rest
    /// belongs to the next reply.
    pub fn take(&mut self, input: &[u8]) -> usize {
        let mut rest = input;
        while self.stage != Stage::End
            && let [first, after @ ..] = rest
        {
            match (self.stage, first) {
                (Stage::Begin, b'.') => (self.stage, rest) = (Stage::Dot, after),
                // Some servers end lines with LF alone.
                (Stage::Dot | Stage::DotCr, b'\n') => (self.stage, rest) = (Stage::End, after),
                (Stage::Dot, b'\r') => (self.stage, rest) = (Stage::DotCr, after),
                (Stage::DotCr, _) => {
                    self.keep(b"\r");
                    self.stage = Stage::Line;
                }
                _ => {
                    let end = memchr::memchr(b'\n', rest);
                    let (line, next) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
                    self.keep(line);
                    self.stage = if end.is_some() { Stage::Begin } else { Stage::Line };
                    rest = next;
                }
            }
        }
        input.len() - rest.len()
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if self.size <= self.most {
            self.kept.extend_from_slice(bytes);
        } else {
            self.kept = BytesMut::new();
        }
    }

    /// Returns true once the end has come.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::End
    }

    /// Returns the body; or how many octets it had, if they were too many to keep.
    pub fn finish(self) -> Result<Bytes, u64> {
        if self.size <= self.most { Ok(self.kept.freeze()) } else { Err(self.size) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(input: &[u8], step: usize, most: u64) -> (Result<Bytes, u64>, usize, bool) {
        let (mut body, mut at) = (Body::new(most), 0);
        while at < input.len() && !body.is_over() {
            let end = input.len().min(at + step);
            let took = body.take(&input[at..end]);
            at += took;
        }
        let over = body.is_over();
        (body.finish(), at, over)
    }

    #[test]
    fn dots_are_taken_away_and_the_end_is_found() {
        let input = b"a\r\n..b\r\n.\rc\r\n\r\n..\r\n.\r\n+OK next";
        for step in 1..input.len() {
            let (kept, at, over) = read(input, step, 100);
            assert_eq!((kept.unwrap(), at, over), (Bytes::from("a\r\n.b\r\n\rc\r\n\r\n.\r\n"), input.len() - 8, true));
        }
        assert_eq!(read(b".\r\n", 1, 9), (Ok(Bytes::new()), 3, true));
        assert_eq!(read(b"a\n.\n", 9, 9).0, Ok("a\n".into()));
        assert!(!read(b"a\r\n.", 9, 9).2);
    }

    #[test]
    fn what_is_too_large_is_counted_and_not_kept() {
        assert_eq!(read(b"aaaa\r\nbbbb\r\n.\r\n", 3, 8).0, Err(12));
    }

    proptest! {
        #[test]
        fn a_letter_comes_as_it_was(letter in "([.a\r]{0,5}\r\n){0,8}", step in 1usize..9) {
            let stuffed = letter.split_inclusive('\n').map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() });
            let wire = stuffed.collect::<String>() + ".\r\n";
            let (kept, at, over) = read(wire.as_bytes(), step, 1000);
            prop_assert_eq!((kept.unwrap(), at, over), (Bytes::from(letter), wire.len(), true));
        }
    }
}
