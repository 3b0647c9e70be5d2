//! yEnc, as people post files: `=ybegin … name=…`, octets moved by 42, `=yend`.

/// Decodes piece by piece. Lines of its own (`=ybegin`, `=ypart`) are nobody's, and behind `=yend` nothing is.
#[derive(Clone, Debug, Default)]
pub(super) struct Yenc {
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    LineStart,
    Inside,
    /// Behind `=` at the start of a line.
    FirstEscape,
    /// Behind `=`.
    Escape,
    /// Behind `=y`, which no data has.
    Keyword,
    /// The decoder is in a line that is no data.
    Passing,
    Over,
}

impl Yenc {
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for &octet in piece {
            self.stage = match (self.stage, octet) {
                (Stage::Over, _) => return,
                (Stage::Keyword, b'e') => Stage::Over,
                (Stage::Keyword | Stage::Passing, b'\n') => Stage::LineStart,
                (Stage::Keyword | Stage::Passing, _) => Stage::Passing,
                (Stage::FirstEscape, b'y') => Stage::Keyword,
                (Stage::LineStart, b'=') => Stage::FirstEscape,
                (Stage::Inside, b'=') => Stage::Escape,
                (Stage::Escape | Stage::FirstEscape, b'\r') => Stage::Inside,
                (_, b'\n') => Stage::LineStart,
                (stage, b'\r') => stage,
                (Stage::Escape | Stage::FirstEscape, octet) => {
                    out.push(octet.wrapping_sub(64 + 42));
                    Stage::Inside
                }
                (Stage::LineStart | Stage::Inside, octet) => {
                    out.push(octet.wrapping_sub(42));
                    Stage::Inside
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &[u8], step: usize) -> Vec<u8> {
        let (mut decoder, mut out) = (Yenc::default(), Vec::new());
        text.chunks(step).for_each(|piece| decoder.push(piece, &mut out));
        out
    }

    fn encoded(octets: &[u8]) -> Vec<u8> {
        let mut out = b"=ybegin line=64 size=1 name=a.bin\r\n=ypart begin=1 end=2\r\n".to_vec();
        for line in octets.chunks(64) {
            for octet in line {
                match octet.wrapping_add(42) {
                    critical @ (0 | b'\n' | b'\r' | b'=') => out.extend([b'=', critical.wrapping_add(64)]),
                    plain => out.push(plain),
                }
            }
            out.extend(b"\r\n");
        }
        out.extend(b"=yend size=1\r\nnothing more");
        out
    }

    proptest! {
        #[test]
        fn octets_go_round_whatever_the_pieces(octets: Vec<u8>, step in 1usize..200) {
            prop_assert_eq!(decoded(&encoded(&octets), step), octets);
        }

        #[test]
        fn any_octets_are_read(octets: Vec<u8>, step in 1usize..20) {
            prop_assert_eq!(decoded(&octets, step), decoded(&octets, 1000));
        }
    }
}
