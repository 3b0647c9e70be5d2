//! Writes a letter with a dot alone on its last line, without copying it: behind DATA (RFC 5321 §4.5.2) and to clients
//! of POP3 (RFC 1939 §3).

/// Turns a letter, shown in chunks, into the pieces to be written: mostly the chunks themselves, with a dot inserted
/// before each line that begins with one.
///
/// Whatever the letter contains, the output has no bare CR and no bare LF, so that nobody can be made to find a second
/// letter in it (a bare LF becomes CRLF, a bare CR a space), and no NUL, which only BINARYMIME can carry (RFC 3030 §3):
/// it becomes a space, so that no octet moves.
#[derive(Debug)]
pub struct DotStuffer {
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    Inside,
    /// A CR was shown, and is held back until the next octet is known.
    Cr,
}

impl DotStuffer {
    /// Starts at the beginning of a letter.
    pub fn new() -> Self {
        Self { at: At::LineStart }
    }

    /// Returns the pieces to write for this chunk. The caller takes all of them before it shows the next chunk.
    pub fn pieces<'a>(&'a mut self, chunk: &'a [u8]) -> Pieces<'a> {
        Pieces { stuffer: self, rest: chunk, next: None }
    }

    /// Returns the octets to write at the end: the missing line end, and the dot alone on its line.
    pub fn finish(self) -> &'static [u8] {
        match self.at {
            At::LineStart => b".\r\n",
            At::Inside | At::Cr => b"\r\n.\r\n",
        }
    }
}

impl Default for DotStuffer {
    fn default() -> Self {
        Self::new()
    }
}

/// The pieces of one chunk, in order.
#[derive(Debug)]
pub struct Pieces<'a> {
    stuffer: &'a mut DotStuffer,
    rest: &'a [u8],
    /// A piece that must go before the rest.
    next: Option<&'static [u8]>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(due) = self.next.take() {
            return Some(due);
        }
        let first = *self.rest.first()?;
        match (self.stuffer.at, first) {
            (At::Cr, b'\n') => {
                self.rest = &self.rest[1..];
                self.stuffer.at = At::LineStart;
                Some(b"\r\n")
            }
            (At::Cr, _) => {
                self.stuffer.at = At::Inside;
                Some(b" ")
            }
            (At::LineStart, b'.') => {
                self.stuffer.at = At::Inside;
                Some(b".")
            }
            _ => self.run(),
        }
    }
}

impl<'a> Pieces<'a> {
    /// Returns the longest piece from here that goes out unchanged.
    fn run(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest;
        let mut end = 0;
        loop {
            let Some(found) = memchr::memchr3(b'\r', b'\n', 0, &rest[end..]).map(|found| end + found) else {
                return self.piece(rest.len(), rest.len(), At::Inside);
            };
            match (rest[found], rest.get(found + 1), rest.get(found + 2)) {
                (0, ..) => {
                    self.next = Some(b" ");
                    return self.piece(found, found + 1, At::Inside);
                }
                (b'\n', ..) => {
                    self.next = Some(b"\r\n");
                    return self.piece(found, found + 1, At::LineStart);
                }
                (_, Some(b'\n'), Some(b'.') | None) => return self.piece(found + 2, found + 2, At::LineStart),
                (_, Some(b'\n'), Some(_)) => end = found + 2,
                _ => return self.piece(found, found + 1, At::Cr),
            }
        }
    }

    /// Returns `..end`, and goes on from `resume`. An empty piece is skipped.
    fn piece(&mut self, end: usize, resume: usize, at: At) -> Option<&'a [u8]> {
        let piece = &self.rest[..end];
        self.rest = &self.rest[resume..];
        self.stuffer.at = at;
        if piece.is_empty() { self.next() } else { Some(piece) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stuffed(chunks: &[&[u8]]) -> Vec<u8> {
        let mut stuffer = DotStuffer::new();
        let mut out = Vec::new();
        for chunk in chunks {
            stuffer.pieces(chunk).for_each(|piece| out.extend_from_slice(piece));
        }
        out.extend_from_slice(stuffer.finish());
        out
    }

    #[test]
    fn a_dot_at_the_start_of_a_line_is_doubled() {
        assert_eq!(stuffed(&[b".a\r\n..b\r\nc.\r\n"]), b"..a\r\n...b\r\nc.\r\n.\r\n");
        assert_eq!(stuffed(&[b"a\r\n.\r\nb\r\n"]), b"a\r\n..\r\nb\r\n.\r\n");
    }

    #[test]
    fn a_missing_line_end_is_added() {
        assert_eq!(stuffed(&[b"a"]), b"a\r\n.\r\n");
        assert_eq!(stuffed(&[]), b".\r\n");
    }

    #[test]
    fn nothing_that_could_smuggle_goes_out() {
        assert_eq!(stuffed(&[b"a\n.\nMAIL\r.\rb\r\n"]), b"a\r\n..\r\nMAIL . b\r\n.\r\n");
        // A server that drops NUL must not find a dot alone.
        assert_eq!(stuffed(&[b"\0\r\n.\0\r\n\0.\r\n"]), b" \r\n.. \r\n .\r\n.\r\n");
    }

    #[test]
    fn a_letter_without_dots_is_not_cut_up() {
        let mut stuffer = DotStuffer::new();
        assert_eq!(stuffer.pieces(b"a\r\nb\r\nc.d\r\n").count(), 1);
    }

    proptest! {
        #[test]
        fn the_cuts_between_chunks_do_not_matter(letter in "[a.\r\n\0]{0,40}", cuts in prop::collection::vec(0usize..40, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(letter.len())).collect();
            cuts.extend([0, letter.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &letter.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(stuffed(&chunks), stuffed(&[letter.as_bytes()]));
        }
    }
}
