//! Finds files between the lines of a text: uuencode (`begin 644 name` … `end`), its variant in base64, and yEnc. A
//! block without an end, or with lines that no encoder writes, is text.

use std::ops::Range;

use crate::parse::structure::Encoding;

/// The longest line with a name that is looked at.
const LONGEST_NAME: usize = 512;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// All lines of it.
    pub(super) whole: Range<usize>,
    /// The range of the octets to decode.
    pub(super) data: Range<usize>,
    pub(super) encoding: Encoding,
    /// The name as it is written.
    pub(super) name: Vec<u8>,
}

/// Returns true if it is worth while to decode the text and look closer.
pub(super) fn may_be_in(octets: &[u8], encoding: Encoding) -> bool {
    encoding == Encoding::Base64 || memchr::memmem::find(octets, b"begin").is_some()
}

/// The files in a text, at most so many. Each octet is looked at a few times at most, whatever stands there.
pub(super) fn find(text: &[u8], most: usize) -> Vec<Block> {
    let (mut blocks, mut at, mut ends) = (Vec::new(), 0, Ends::default());
    let finder = memchr::memmem::Finder::new(b"begin");
    while blocks.len() < most
        && let Some(found) = text.get(at..).and_then(|rest| finder.find(rest))
    {
        let place = at + found;
        match block(text, place, &mut ends) {
            Ok(block) => {
                at = block.whole.end;
                blocks.push(block);
            }
            Err(next) => at = next.max(place + b"begin".len()),
        }
    }
    blocks
}

/// The block whose `begin` stands here; else where to look on.
fn block(text: &[u8], place: usize, ends: &mut Ends) -> Result<Block, usize> {
    let line_start = if text.get(..place).is_some_and(|before| before.ends_with(b"=y")) { place - 2 } else { place };
    if line_start > 0 && text.get(line_start - 1) != Some(&b'\n') {
        return Err(place);
    }
    let first = line(text, line_start);
    let written = trimmed(text.get(first.clone()).unwrap_or_default());
    let written = written.get(..written.len().min(LONGEST_NAME)).unwrap_or_default();
    if line_start < place {
        return yenc(text, first, written, ends).ok_or(place);
    }
    let (encoding, rest) = match written.strip_prefix(b"begin-base64 ") {
        Some(rest) => (Encoding::Base64, rest),
        None => (Encoding::Uuencode, written.strip_prefix(b"begin ").ok_or(place)?),
    };
    let name = name(rest).ok_or(place)?.to_vec();
    let end = if encoding == Encoding::Base64 { base64(text, first.end)? } else { uuencode(text, first.end)? };
    let whole = first.start..end.end;
    let data = if encoding == Encoding::Base64 { first.end..end.start } else { whole.clone() };
    Ok(Block { whole, data, encoding, name })
}

/// Behind `begin`: the rights in octal, and a name.
fn name(rest: &[u8]) -> Option<&[u8]> {
    let digits = rest.iter().take_while(|octet| (b'0'..=b'7').contains(octet)).count();
    let name = rest.get(digits..)?.strip_prefix(b" ")?.trim_ascii();
    ((3..=4).contains(&digits) && !name.is_empty()).then_some(name)
}

/// The line with `end`, behind lines that uuencode writes. Else the first line that it does not write.
fn uuencode(text: &[u8], start: usize) -> Result<Range<usize>, usize> {
    let (mut at, mut full, mut short, mut is_over) = (start, 0_usize, 0_usize, false);
    while at < text.len() {
        let range = line(text, at);
        let octets = trimmed(text.get(range.clone()).unwrap_or_default());
        if octets.trim_ascii() == b"end" {
            return if short <= full { Ok(range) } else { Err(at) };
        }
        match octets.split_first() {
            None => is_over = true,
            Some((b' ' | b'`', rest)) if rest.iter().all(|octet| matches!(octet, b' ' | b'`')) => is_over = true,
            _ if is_over => return Err(at),
            Some((first, data)) => match length_fits(*first, data) {
                Some(true) => full += 1,
                // Blanks at the end were lost on the way.
                Some(false) => short += 1,
                None => return Err(at),
            },
        }
        at = range.end;
    }
    Err(text.len())
}

/// Returns whether a line has as many octets as it says, or `None` if uuencode never writes such a line.
fn length_fits(first: u8, data: &[u8]) -> Option<bool> {
    let says = |octet: &u8| (b' '..=b'`').contains(octet);
    if !says(&first) || !data.iter().all(says) {
        return None;
    }
    let needed = usize::from(first.wrapping_sub(b' ') & 0x3f).div_ceil(3) * 4;
    // Some writers end each line with a check sum.
    (data.len() <= needed + 2).then_some(data.len() >= needed)
}

/// The line `====` behind lines of base64.
fn base64(text: &[u8], start: usize) -> Result<Range<usize>, usize> {
    let mut at = start;
    while at < text.len() {
        let range = line(text, at);
        let octets = trimmed(text.get(range.clone()).unwrap_or_default()).trim_ascii_end();
        if octets == b"====" {
            return Ok(range);
        }
        if !octets.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(octet)) {
            return Err(at);
        }
        at = range.end;
    }
    Err(text.len())
}

/// The positions from which the ends of yEnc were sought in vain.
#[derive(Default)]
struct Ends {
    /// The position from which on there is no end.
    none_from: Option<usize>,
}

/// yEnc, up to the first `=yend` if no other file begins before it.
fn yenc(text: &[u8], first: Range<usize>, written: &[u8], ends: &mut Ends) -> Option<Block> {
    let said = written.strip_prefix(b"=ybegin ")?;
    let at = memchr::memmem::find(said, b"name=")?;
    let name = said.get(at + b"name=".len()..)?.trim_ascii().to_vec();
    let is_told = memchr::memmem::find(said.get(..at)?, b"size=").is_some();
    if !is_told || name.is_empty() || ends.none_from.is_some_and(|from| from <= first.end) {
        return None;
    }
    let mut from = first.end.saturating_sub(1);
    while let Some(found) = memchr::memmem::find(text.get(from..)?, b"\n=y") {
        let place = from + found + 1;
        let range = line(text, place);
        let rest = text.get(range.clone())?;
        if rest.starts_with(b"=yend") {
            return Some(Block {
                whole: first.start..range.end,
                data: first.start..range.end,
                encoding: Encoding::Yenc,
                name,
            });
        }
        if rest.starts_with(b"=ybegin") {
            return None;
        }
        from = place;
    }
    ends.none_from = Some(first.end);
    None
}

/// A line with its end.
fn line(text: &[u8], start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    start..start + memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)
}

fn trimmed(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_suffix(b"\n").or_else(|| line.strip_suffix(b"\r")) {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text.as_bytes(), 100).iter().map(|block| String::from_utf8_lossy(&block.name).into_owned()).collect()
    }

    #[test]
    fn files_are_found_between_the_lines() {
        let uu = "begin 644 one file.txt\r\n#86)C\r\n`\r\nend\r\n";
        let bare = "begin 0600 two\n#86)C\n \nend";
        let base = "begin-base64 644 three\nYWJj\n====\n";
        let yenc = "=ybegin line=128 size=3 name=four.bin\r\n\u{1}\u{2}\u{3}\r\n=yend size=3\r\n";
        let text = format!("hello\r\n{uu}{uu}more\n{base}and\n{yenc}{bare}");
        assert_eq!(names(&text), ["one file.txt", "one file.txt", "three", "four.bin", "two"]);
        for block in find(text.as_bytes(), 100) {
            assert!(text.get(block.whole.clone()).unwrap().contains("begin"));
            assert!(block.data.start >= block.whole.start && block.data.end <= block.whole.end);
        }
        // No more than are wanted.
        assert_eq!(find(text.as_bytes(), 2).len(), 2);
        // Lost blanks at the ends of lines, and check sums.
        assert_eq!(
            names("begin 644 x\nM86)C86)C86)C86)C86)C86)C86)C86)C86)C86)C86)C86)C86)C86)C86)C\n#\n\nend\n"),
            ["x"]
        );
        assert_eq!(names("begin 644 x\n#86)CA\n`\nend\n"), ["x"]);
    }

    #[test]
    fn false_friends_stay_text() {
        for text in [
            "begin 2026 with a smile\nand be kind\nend\n",
            "begin 644 words\nthat are no lines of it\nend\n",
            "begin 999 x\n#86)C\n`\nend\n",
            "begin 644 \n#86)C\n`\nend\n",
            "begin 644 x\n#86)C\n`\n",
            "begin 644 x\n#86)C\n`\n#86)C\nend\n",
            "> begin 644 x\n> #86)C\n> `\n> end\n",
            "we begin 644 x\n#86)C\n`\nend\n",
            "BEGIN 644 X\n#86)C\nEND\n",
            "begin 644 NOTES\nTHE END IS NEAR\nREPENT NOW\nend\n",
            "begin-base64 644 x\nYWJj\nno base64!\n====\n",
            "=ybegin line=128 size=3 name=x\nabc\n",
            "=ybegin is how yEnc starts\nabc\n=yend\n",
            "=ybegin line=128 size=3\nabc\n=yend\n",
            "",
            "begin",
            "\nbegin ",
        ] {
            assert!(names(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn what_has_no_end_costs_no_more_than_its_octets() {
        for piece in
            ["begin 644 x\n", "=ybegin line=1 size=1 name=x\n", "begin-base64 644 x\n", "begin 644 x\n#86)C\n", "=y\n"]
        {
            let took = |octets: usize| {
                let text = piece.repeat(octets / piece.len());
                let start = std::time::Instant::now();
                assert!(find(text.as_bytes(), 1000).is_empty());
                start.elapsed()
            };
            let (small, large) = (took(200_000), took(3_200_000));
            // Sixteen times as much; a square would be 256 times.
            let factor = large.as_secs_f64() / small.as_secs_f64().max(1e-3);
            assert!(factor < 120.0, "{piece:?}: {small:?}, {large:?}");
        }
    }
}
