//! uuencode (POSIX), as mailers used it before MIME and some after: `begin 644 name`, lines that tell how many octets they
//! stand for, `end`.

/// The longest line that is kept, in octets: one of 63 octets has 85.
const LONGEST: usize = 512;

/// The number of octets that may stand before the first `begin`. A part that has none by then is no file, and is
/// given as it is.
const FOREWORD: usize = 64 * 1024;

/// Decodes piece by piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Uuencode {
    line: Vec<u8>,
    stage: Stage,
    /// The text before the first `begin`, as long as it is not certain that there is one.
    foreword: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Lines before `begin` are nobody's, if one comes.
    #[default]
    Before,
    Inside,
    /// Behind `end`; another file may begin.
    After,
    /// There is no file here: the octets as they are.
    Plain,
}

impl Uuencode {
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while self.stage != Stage::Plain
            && let Some(end) = memchr::memchr(b'\n', rest)
        {
            self.keep(&rest[..=end], out);
            self.hold(&rest[..end]);
            self.end_line(out);
            rest = &rest[end + 1..];
        }
        match self.stage {
            Stage::Plain => out.extend_from_slice(rest),
            _ => {
                self.keep(rest, out);
                self.hold(rest);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.line.is_empty() {
            self.end_line(out);
        }
        if self.stage == Stage::Before {
            out.append(&mut self.foreword);
        }
    }

    /// Keeps octets that may turn out to be all there is.
    fn keep(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        if self.stage != Stage::Before {
            return;
        }
        self.foreword.extend_from_slice(octets);
        if self.foreword.len() > FOREWORD {
            out.append(&mut self.foreword);
            self.stage = Stage::Plain;
        }
    }

    fn hold(&mut self, octets: &[u8]) {
        let room = LONGEST - self.line.len();
        self.line.extend_from_slice(&octets[..octets.len().min(room)]);
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        let mut line = std::mem::take(&mut self.line);
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        match self.stage {
            Stage::Before | Stage::After if begins(&line) => {
                self.foreword = Vec::new();
                self.stage = Stage::Inside;
            }
            Stage::Inside if line.trim_ascii() == b"end" => self.stage = Stage::After,
            Stage::Inside => decode(&line, out),
            Stage::Before | Stage::After | Stage::Plain => {}
        }
        line.clear();
        self.line = line;
    }
}

/// `begin 644 name`
fn begins(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"begin ") else { return false };
    let digits = rest.iter().take_while(|octet| (b'0'..=b'7').contains(octet)).count();
    (3..=4).contains(&digits) && rest.get(digits) == Some(&b' ')
}

/// Blanks at the end may be lost: they stand for zeros.
fn decode(line: &[u8], out: &mut Vec<u8>) {
    let Some((first, groups)) = line.split_first() else { return };
    let bits = |octet: u8| octet.wrapping_sub(b' ') & 0x3f;
    let mut left = usize::from(bits(*first));
    for group in groups.chunks(4) {
        let at = |place: usize| group.get(place).map_or(0, |octet| bits(*octet));
        let three = [at(0) << 2 | at(1) >> 4, at(1) << 4 | at(2) >> 2, at(2) << 6 | at(3)];
        out.extend_from_slice(&three[..left.min(3)]);
        left = left.saturating_sub(3);
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, step: usize) -> String {
        let (mut decoder, mut out) = (Uuencode::default(), Vec::new());
        text.as_bytes().chunks(step).for_each(|piece| decoder.push(piece, &mut out));
        decoder.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_file_is_decoded_whatever_the_pieces() {
        let text = "see this:\r\nbegin 644 hello.txt\r\n,:&5L;&\\@=V]R;&0*\r\n`\r\nend\r\nbye\r\n";
        for step in [1, 2, 7, 1000] {
            assert_eq!(decoded(text, step), "hello world\n");
        }
    }

    #[test]
    fn what_is_broken_gives_less() {
        for broken in ["", "begin 644 x", "begin 644 x\n", "begin 644 x\nM"] {
            assert_eq!(decoded(broken, 3), "", "{broken}");
        }
        // Lost blanks are zeros; a line of any length is one.
        assert_eq!(decoded("begin 644 x\n#\n", 1), "");
        assert_eq!(decoded("begin 644 x\n#86)C\nend", 1), "abc");
        decoded(&format!("begin 644 x\n{}", "M".repeat(100_000)), 1000);
    }

    #[test]
    fn what_holds_no_file_is_given_as_it_is() {
        let long = format!("{}\nbegin 644 x\n#86)C\nend\n", "a line of text\n".repeat(10_000));
        for plain in ["begin", "begin 999 x\n#:&5L", "\n\n\n", "hello\r\n", long.as_str(), &"x".repeat(200_000)] {
            for step in [3, 1000, 300_000] {
                assert!(decoded(plain, step) == plain, "{}", &plain[..plain.len().min(20)]);
            }
        }
    }
}
