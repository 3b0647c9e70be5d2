//! What follows DATA (RFC 5321 §4.1.1.4, §4.5.2) and BDAT (RFC 3030): found out without copying, and so strictly that
//! no two servers can disagree on where the letter ends.

use std::ops::Range;

/// What was found at the front of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Not enough input to go on.
    Nothing,
    /// These bytes of the input belong to the letter.
    Letter(Range<usize>),
    /// The letter has something no letter may have. What follows is no longer kept.
    Spoiled(Spoil),
    /// The letter ends here.
    End,
    /// A dot alone on a line that was not begun and ended by CRLF: some servers see the end of the letter here, and
    /// commands in what follows.
    FalseEnd,
}

/// Why a letter cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoil {
    BareCr,
    BareLf,
    Nul,
}

/// Reads what follows DATA.
#[derive(Debug)]
pub(crate) struct DataDecoder(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Behind a CRLF, or at the beginning.
    LineStart,
    Inside,
    /// The letter is lost; only its end is looked for. A byte at a time, which is fast enough for what is thrown away.
    Lost(Tail),
}

/// The last bytes that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    Other,
    Cr,
    Line(Ended),
    Dot(Ended),
    DotCr(Ended),
}

/// How the line before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Crlf,
    BareLf,
}

impl DataDecoder {
    pub fn new() -> Self {
        Self(State::LineStart)
    }

    /// From here on nothing is kept; the end is still found.
    pub fn lose(&mut self) {
        self.0 = match self.0 {
            State::LineStart => State::Lost(Tail::Line(Ended::Crlf)),
            State::Inside => State::Lost(Tail::Other),
            lost => lost,
        }
    }

    /// Looks at the input: how many bytes are dealt with, and what was found. A CR or a dot at the very end of the
    /// input stays where it is until it is clear what follows it.
    pub fn next(&mut self, input: &[u8]) -> (usize, Found) {
        match self.0 {
            State::Lost(tail) => self.look_for_end(input, tail),
            State::Inside => self.text(input, 0),
            State::LineStart => match input {
                [] | [b'.'] | [b'.', b'\r'] => (0, Found::Nothing),
                [b'.', b'\r', b'\n', ..] => (3, Found::End),
                [b'.', b'\r', ..] => self.spoiled(2, Spoil::BareCr),
                [b'.', b'\n', ..] => (2, Found::FalseEnd),
                [b'.', ..] => self.text(input, 1),
                _ => self.text(input, 0),
            },
        }
    }

    /// As much text as can go into the letter in one piece, from `start`.
    fn text(&mut self, input: &[u8], start: usize) -> (usize, Found) {
        let mut from = start;
        loop {
            let Some(at) = memchr::memchr3(b'\r', b'\n', 0, &input[from..]).map(|at| from + at) else {
                return self.piece(start..input.len(), State::Inside);
            };
            let first_bad = start == at;
            match (input[at], input.get(at + 1), input.get(at + 2)) {
                (b'\r', Some(b'\n'), Some(b'.') | None) => return self.piece(start..at + 2, State::LineStart),
                (b'\r', Some(b'\n'), Some(_)) => from = at + 2,
                (b'\r', None, _) => return self.piece(start..at, State::Inside),
                // What is good goes first; the bad byte is found again at the front of the next call.
                _ if !first_bad => return self.piece(start..at, State::Inside),
                (b'\r', ..) => return self.spoiled(at + 1, Spoil::BareCr),
                (b'\n', ..) => return self.spoiled(at + 1, Spoil::BareLf),
                _ => return self.spoiled(at + 1, Spoil::Nul),
            }
        }
    }

    fn piece(&mut self, piece: Range<usize>, state: State) -> (usize, Found) {
        if piece.is_empty() {
            return (0, Found::Nothing);
        }
        // `Inside` is also said of a piece that ends in CRLF where a bad byte follows: that byte is bad in either state.
        self.0 = state;
        (piece.end, Found::Letter(piece))
    }

    fn spoiled(&mut self, used: usize, spoil: Spoil) -> (usize, Found) {
        self.0 = State::Lost(match spoil {
            Spoil::BareCr => Tail::Cr,
            Spoil::BareLf => Tail::Line(Ended::BareLf),
            Spoil::Nul => Tail::Other,
        });
        (used, Found::Spoiled(spoil))
    }

    fn look_for_end(&mut self, input: &[u8], mut tail: Tail) -> (usize, Found) {
        for (at, byte) in input.iter().enumerate() {
            tail = match (tail, byte) {
                (Tail::DotCr(Ended::Crlf), b'\n') => return (at + 1, Found::End),
                (Tail::DotCr(Ended::BareLf) | Tail::Dot(_), b'\n') => return (at + 1, Found::FalseEnd),
                (Tail::Cr, b'\n') => Tail::Line(Ended::Crlf),
                (_, b'\n') => Tail::Line(Ended::BareLf),
                (Tail::Line(ended), b'.') => Tail::Dot(ended),
                (Tail::Dot(ended), b'\r') => Tail::DotCr(ended),
                (_, b'\r') => Tail::Cr,
                _ => Tail::Other,
            };
        }
        self.0 = State::Lost(tail);
        (input.len(), Found::Nothing)
    }
}

/// Checks the octets behind BDAT, which are the letter as they are.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ChunkChecker {
    /// The last octet was a CR.
    cr: bool,
}

impl ChunkChecker {
    /// The first thing wrong with these octets: a letter that came in chunks may go out behind DATA.
    pub fn check(&mut self, octets: &[u8]) -> Option<Spoil> {
        let mut rest = octets;
        if self.cr && !rest.is_empty() {
            rest = match rest.strip_prefix(b"\n") {
                Some(rest) => rest,
                None => return Some(Spoil::BareCr),
            };
            self.cr = false;
        }
        while let Some(at) = memchr::memchr3(b'\r', b'\n', 0, rest) {
            match (rest[at], rest.get(at + 1)) {
                (b'\r', Some(b'\n')) => rest = &rest[at + 2..],
                (b'\r', None) => {
                    self.cr = true;
                    return None;
                }
                (b'\r', Some(_)) => return Some(Spoil::BareCr),
                (b'\n', _) => return Some(Spoil::BareLf),
                _ => return Some(Spoil::Nul),
            }
        }
        None
    }

    /// At the end of the letter.
    pub fn finish(self) -> Option<Spoil> {
        self.cr.then_some(Spoil::BareCr)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use mail::DotStuffer;

    /// What became of an input shown in chunks: the letter, the verdict, and what was left over.
    fn decode(chunks: &[&[u8]]) -> (Vec<u8>, Option<Found>, Vec<u8>) {
        let (mut decoder, mut letter, mut verdict) = (DataDecoder::new(), Vec::new(), None);
        let mut input = Vec::new();
        for (number, chunk) in chunks.iter().enumerate() {
            input.extend_from_slice(chunk);
            loop {
                let (used, found) = decoder.next(&input);
                match &found {
                    Found::Letter(piece) => letter.extend_from_slice(&input[piece.clone()]),
                    Found::Spoiled(_) => verdict = Some(found.clone()),
                    _ => {}
                }
                input.drain(..used);
                match found {
                    Found::Nothing => break,
                    Found::End | Found::FalseEnd => {
                        input.extend(chunks[number + 1..].concat());
                        return (letter, verdict.or(Some(found)), input);
                    }
                    _ => {}
                }
            }
        }
        (letter, verdict, input)
    }

    fn whole(input: &[u8]) -> (Vec<u8>, Option<Found>, Vec<u8>) {
        decode(&[input])
    }

    #[test]
    fn a_dot_alone_ends_the_letter_and_others_lose_one() {
        assert_eq!(
            whole(b"a\r\n..b\r\n...\r\n.c\r\n.\r\nQUIT\r\n"),
            (b"a\r\n.b\r\n..\r\nc\r\n".into(), Some(Found::End), b"QUIT\r\n".into())
        );
        assert_eq!(whole(b".\r\n"), (vec![], Some(Found::End), vec![]));
    }

    #[test]
    fn what_is_not_clear_yet_is_left_alone() {
        for (input, left) in [(&b"a\r"[..], &b"\r"[..]), (b"a\r\n.", b"."), (b"a\r\n.\r", b".\r"), (b"a\r\n", b"")] {
            assert_eq!(whole(input), (input[..input.len() - left.len()].into(), None, left.into()));
        }
    }

    #[test]
    fn a_line_end_that_is_not_crlf_spoils_the_letter() {
        for (input, spoil) in [
            (&b"a\nb\r\n.\r\n"[..], Spoil::BareLf),
            (b"\n.\r\n", Spoil::BareLf),
            (b"a\rb\r\n.\r\n", Spoil::BareCr),
            (b"a\r\r\n.\r\n", Spoil::BareCr),
            (b"a\r\n.\rb\r\n.\r\n", Spoil::BareCr),
            (b"a\r\n.\r\r\nb\r\n.\r\n", Spoil::BareCr),
            (b"a\0b\r\n.\r\n", Spoil::Nul),
            (b".\0b\r\n.\r\n", Spoil::Nul),
        ] {
            assert_eq!(whole(input).1, Some(Found::Spoiled(spoil)), "{input:?}");
        }
    }

    #[test]
    fn a_false_end_is_never_taken_for_an_end() {
        for false_end in [&b"a\r\n.\n"[..], b"a\n.\n", b"a\n.\r\n", b"\n.\n", b".\n", b"a\r.\r\n.\n"] {
            let mut decoder = DataDecoder::new();
            let mut rest = [false_end, b"MAIL FROM:<evil@x.test>\r\n"].concat();
            let last = loop {
                let (used, found) = decoder.next(&rest);
                rest.drain(..used);
                assert_ne!(found, Found::End, "{false_end:?}");
                if matches!(found, Found::FalseEnd | Found::Nothing) {
                    break found;
                }
            };
            assert_eq!(last, Found::FalseEnd, "{false_end:?}");
        }
    }

    #[test]
    fn chunks_are_checked_across_their_borders() {
        let check = |chunks: &[&[u8]]| {
            let mut checker = ChunkChecker::default();
            chunks.iter().find_map(|chunk| checker.check(chunk)).or(checker.finish())
        };
        assert_eq!(check(&[b"a\r", b"", b"\nb\r\n"]), None);
        assert_eq!(check(&[b"a\r", b"b"]), Some(Spoil::BareCr));
        assert_eq!(check(&[b"a\r"]), Some(Spoil::BareCr));
        assert_eq!(check(&[b"a\r\n", b"\nb"]), Some(Spoil::BareLf));
        assert_eq!(check(&[b"a\0"]), Some(Spoil::Nul));
    }

    fn cut<'a>(input: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect()
    }

    proptest! {
        #[test]
        fn a_letter_goes_round(lines in prop::collection::vec("[a.]{0,4}", 0..9), cuts in prop::collection::vec(any::<usize>(), 0..5)) {
            let letter: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let mut wire = Vec::new();
            let mut stuffer = DotStuffer::new();
            stuffer.pieces(letter.as_bytes()).for_each(|piece| wire.extend_from_slice(piece));
            wire.extend_from_slice(stuffer.finish());
            prop_assert_eq!(decode(&cut(&wire, &cuts)), (letter.into_bytes(), Some(Found::End), vec![]));
        }

        #[test]
        fn the_cuts_between_chunks_do_not_matter(input in "[a.\r\n\0]{0,24}", cuts in prop::collection::vec(any::<usize>(), 0..8)) {
            let (letter, verdict, left) = whole(input.as_bytes());
            let found = decode(&cut(input.as_bytes(), &cuts));
            prop_assert_eq!(&found.1, &verdict);
            prop_assert_eq!(&found.2, &left);
            prop_assert_eq!(&found.0, &letter);
        }
    }
}
