//! The letter behind DATA (RFC 5321 §4.1.1.4, §4.5.2) and BDAT (RFC 3030), read without copying. The end of the letter
//! is judged so strictly that no two servers can disagree on it; line ends inside it become CRLF, whatever they were.

use std::ops::Range;

/// The kind of octets at the front of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is not enough input to go on.
    Nothing,
    /// These bytes of the input belong to the letter.
    Letter(Range<usize>),
    /// A CRLF belongs to the letter here that does not stand like that in the input.
    LineEnd {
        /// True if the input had something else in its place: a bare LF, a bare CR, or CR CR LF.
        mended: bool,
    },
    /// A dot alone between line ends of which one is a bare CR. The letter is lost, and its rest is no longer kept.
    LonelyDot,
    /// The letter ends here.
    End,
    /// A dot alone on a line that was begun or ended by a bare LF: some servers see the end of the letter here, and
    /// commands in the rest.
    FalseEnd,
}

/// Reads the octets behind DATA.
#[derive(Debug)]
pub(crate) struct DataDecoder(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The place behind a line end, or at the beginning.
    LineStart(Ended),
    Inside,
    /// The letter is lost; only its end is searched for, a byte at a time, which is fast enough for discarded octets.
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

/// The end of the line before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Crlf,
    BareLf,
    BareCr,
}

impl DataDecoder {
    pub fn new() -> Self {
        Self(State::LineStart(Ended::Crlf))
    }

    /// Stops keeping octets from here on; the end is still found.
    pub fn lose(&mut self) {
        self.0 = match self.0 {
            State::LineStart(Ended::BareCr) | State::Inside => State::Lost(Tail::Other),
            State::LineStart(ended) => State::Lost(Tail::Line(ended)),
            lost => lost,
        }
    }

    /// Looks at the input: returns the number of bytes dealt with, and the result. A CR or a dot at the very end of the
    /// input stays there until the next octet is known.
    pub fn next(&mut self, input: &[u8]) -> (usize, Found) {
        match self.0 {
            State::Lost(tail) => self.look_for_end(input, tail),
            State::Inside => self.text(input, 0),
            State::LineStart(before) => match input {
                [] | [b'.'] | [b'.', b'\r'] => (0, Found::Nothing),
                [b'.', b'\r', b'\n', ..] => self.dot_alone(3, before, Ended::Crlf),
                [b'.', b'\r', ..] => self.dot_alone(2, before, Ended::BareCr),
                [b'.', b'\n', ..] => self.dot_alone(2, before, Ended::BareLf),
                // RFC 5321 §4.5.2: the sender put a dot before it if the line began behind CRLF, and nowhere else.
                [b'.', ..] if before == Ended::Crlf => self.text(input, 1),
                _ => self.text(input, 0),
            },
        }
    }

    /// Only CRLF on both sides ends the letter. Other servers may take other line ends for an end, or not.
    fn dot_alone(&mut self, used: usize, before: Ended, after: Ended) -> (usize, Found) {
        match (before, after) {
            (Ended::Crlf, Ended::Crlf) => (used, Found::End),
            (_, Ended::BareLf) | (Ended::BareLf, Ended::Crlf) => (used, Found::FalseEnd),
            (_, after) => {
                self.0 = State::Lost(if after == Ended::Crlf { Tail::Line(after) } else { Tail::Cr });
                (used, Found::LonelyDot)
            }
        }
    }

    /// Returns as much text from `start` as can go into the letter in one piece.
    fn text(&mut self, input: &[u8], start: usize) -> (usize, Found) {
        let mut from = start;
        loop {
            let Some(at) = memchr::memchr2(b'\r', b'\n', &input[from..]).map(|at| from + at) else {
                return self.piece(start..input.len(), State::Inside);
            };
            match &input[at..] {
                [b'\r', b'\n'] | [b'\r', b'\n', b'.', ..] => {
                    return self.piece(start..at + 2, State::LineStart(Ended::Crlf));
                }
                [b'\r', b'\n', ..] => from = at + 2,
                [b'\r'] | [b'\r', b'\r'] => return self.piece(start..at, State::Inside),
                // The good octets go first; the next call finds the line end to mend at the front of its input.
                _ if start < at => return self.piece(start..at, State::Inside),
                // A program that writes CRLF for each LF, and gets CRLF, writes this for one line end.
                [b'\r', b'\r', b'\n', ..] => return self.line_end(3, Ended::Crlf),
                [b'\r', ..] => return self.line_end(1, Ended::BareCr),
                _ => return self.line_end(1, Ended::BareLf),
            }
        }
    }

    fn piece(&mut self, piece: Range<usize>, state: State) -> (usize, Found) {
        if piece.is_empty() {
            return (0, Found::Nothing);
        }
        // A piece that ends in CRLF before a CR or LF also counts as `Inside`: that is the same in either state.
        self.0 = state;
        (piece.end, Found::Letter(piece))
    }

    fn line_end(&mut self, used: usize, ended: Ended) -> (usize, Found) {
        self.0 = State::LineStart(ended);
        (used, Found::LineEnd { mended: true })
    }

    fn look_for_end(&mut self, input: &[u8], mut tail: Tail) -> (usize, Found) {
        for (at, byte) in input.iter().enumerate() {
            tail = match (tail, byte) {
                (Tail::DotCr(Ended::Crlf), b'\n') => return (at + 1, Found::End),
                (Tail::DotCr(_) | Tail::Dot(_), b'\n') => return (at + 1, Found::FalseEnd),
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

/// Reads the octets behind BDAT, which are the letter unchanged but for its line ends: it may go out behind DATA.
/// Unlike with DATA, the octets of a chunk are used up with it, so ambiguous ones are remembered here.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ChunkDecoder(Held);

/// Octets whose meaning depends on the next octet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Held {
    #[default]
    Nothing,
    Cr,
    CrCr,
}

impl ChunkDecoder {
    /// Looks at octets of a chunk: returns the number dealt with, and the result.
    pub fn next(&mut self, octets: &[u8]) -> (usize, Found) {
        let (used, held, found) = match (self.0, octets) {
            (_, []) => return (0, Found::Nothing),
            (Held::Nothing, _) => return self.text(octets),
            (held, [b'\n', ..]) => (1, Held::Nothing, Found::LineEnd { mended: held == Held::CrCr }),
            (Held::Cr, [b'\r', ..]) => (1, Held::CrCr, Found::Nothing),
            (Held::CrCr, [b'\r', ..]) => (1, Held::CrCr, Found::LineEnd { mended: true }),
            (Held::Cr, _) => (0, Held::Nothing, Found::LineEnd { mended: true }),
            (Held::CrCr, _) => (0, Held::Cr, Found::LineEnd { mended: true }),
        };
        self.0 = held;
        (used, found)
    }

    fn text(&mut self, octets: &[u8]) -> (usize, Found) {
        let mut from = 0;
        loop {
            let Some(at) = memchr::memchr2(b'\r', b'\n', &octets[from..]).map(|at| from + at) else {
                return (octets.len(), Found::Letter(0..octets.len()));
            };
            match &octets[at..] {
                [b'\r', b'\n', ..] => from = at + 2,
                _ if at > 0 => return (at, Found::Letter(0..at)),
                [b'\r', ..] => {
                    self.0 = Held::Cr;
                    return (1, Found::Nothing);
                }
                _ => return (1, Found::LineEnd { mended: true }),
            }
            if from == octets.len() {
                return (from, Found::Letter(0..from));
            }
        }
    }

    /// Called at the end of the letter until it returns false: true if a line end is still to come.
    pub fn finish(&mut self) -> bool {
        let held = std::mem::take(&mut self.0);
        if held == Held::CrCr {
            self.0 = Held::Cr;
        }
        held != Held::Nothing
    }
}

#[cfg(test)]
mod tests;
