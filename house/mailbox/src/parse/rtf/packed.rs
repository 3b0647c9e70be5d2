//! Unpacks RTF as TNEF packs it (MS-OXRTFCP): octets, and references to octets up to 4,096 before.

/// The content of the window before any octet was read (MS-OXRTFCP §2.1.2.1).
const BEGINNING: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4096;
const HEADER: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct Packed {
    state: State,
    window: Box<[u8; WINDOW]>,
    at: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// So many octets of the header were seen; the third four say the kind.
    Header {
        seen: usize,
        kind: [u8; 4],
    },
    /// The octets are not packed.
    Plain,
    /// The next octet says what the eight things behind it are.
    Control,
    /// `left` things are left; the lowest bit of `bits` says what the next one is.
    Things {
        bits: u8,
        left: u8,
    },
    /// The first octet of a reference was read.
    Reference {
        bits: u8,
        left: u8,
        first: u8,
    },
    Over,
}

impl Default for Packed {
    fn default() -> Self {
        let mut window = Box::new([b' '; WINDOW]);
        window.iter_mut().zip(BEGINNING).for_each(|(place, octet)| *place = *octet);
        Self { state: State::Header { seen: 0, kind: [0; 4] }, window, at: BEGINNING.len() }
    }
}

impl Packed {
    /// Takes an octet and gives those that it stands for: seventeen at most.
    pub(super) fn push(&mut self, octet: u8, mut give: impl FnMut(u8)) {
        self.state = match self.state {
            State::Header { seen, mut kind } => {
                if let Some(place) = seen.checked_sub(8).and_then(|place| kind.get_mut(place)) {
                    *place = octet;
                }
                match (seen + 1 == HEADER, &kind) {
                    (false, _) => State::Header { seen: seen + 1, kind },
                    (true, b"LZFu") => State::Control,
                    (true, b"MELA") => State::Plain,
                    (true, _) => State::Over,
                }
            }
            State::Plain => {
                give(octet);
                State::Plain
            }
            State::Control => State::Things { bits: octet, left: 8 },
            State::Things { bits, left } if bits & 1 == 1 => State::Reference { bits, left, first: octet },
            State::Things { bits, left } => {
                self.write(octet, &mut give);
                next(bits, left)
            }
            State::Reference { bits, left, first } => match self.refer(u16::from_be_bytes([first, octet]), &mut give) {
                true => next(bits, left),
                false => State::Over,
            },
            State::Over => State::Over,
        };
    }

    fn write(&mut self, octet: u8, give: &mut impl FnMut(u8)) {
        if let Some(place) = self.window.get_mut(self.at) {
            *place = octet;
        }
        self.at = (self.at + 1) % WINDOW;
        give(octet);
    }

    /// Twelve bits say where, four how much. One to the place that is written next is the end: false.
    fn refer(&mut self, reference: u16, give: &mut impl FnMut(u8)) -> bool {
        let (from, length) = (usize::from(reference >> 4), usize::from(reference & 15) + 2);
        if from == self.at {
            return false;
        }
        for place in from..from + length {
            let octet = self.window.get(place % WINDOW).copied().unwrap_or(b' ');
            self.write(octet, give);
        }
        true
    }
}

fn next(bits: u8, left: u8) -> State {
    match left {
        0 | 1 => State::Control,
        _ => State::Things { bits: bits >> 1, left: left - 1 },
    }
}
