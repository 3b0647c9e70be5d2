//! Octets that stand in what other octets decode to: a part of a letter that came encoded, a file in a text. A path of steps leads
//! to them, and they are read piece by piece, so that nothing around them need be in memory whole.

use serde::{Deserialize, Serialize};

use super::structure::Encoding;
use super::transfer::Decoder;

/// A stretch of octets, and how to read it. The next step is a stretch of the decoded octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The position of its first octet.
    pub start: u64,
    /// The position behind its last octet.
    pub end: u64,
    /// Its encoding.
    pub encoding: Encoding,
}

impl Step {
    /// Writes the step as it stands in an address: `100_220b`.
    pub fn written(&self) -> String {
        let encoding = match self.encoding {
            Encoding::Identity | Encoding::Unknown => 'i',
            Encoding::Base64 => 'b',
            Encoding::QuotedPrintable => 'q',
            Encoding::Uuencode => 'u',
            Encoding::Yenc => 'y',
            Encoding::RtfText => 'r',
            Encoding::OctetStrings => 'o',
        };
        format!("{}_{}{encoding}", self.start, self.end)
    }

    /// Reads what was [`written`](Self::written); none for what never is.
    pub fn read(text: &str) -> Option<Self> {
        let encoding = match text.as_bytes().last()? {
            b'i' => Encoding::Identity,
            b'b' => Encoding::Base64,
            b'q' => Encoding::QuotedPrintable,
            b'u' => Encoding::Uuencode,
            b'y' => Encoding::Yenc,
            b'r' => Encoding::RtfText,
            b'o' => Encoding::OctetStrings,
            _ => return None,
        };
        let (start, end) = text.get(..text.len() - 1)?.split_once('_')?;
        let step = Self { start: offset(start)?, end: offset(end)?, encoding };
        (step.start <= step.end).then_some(step)
    }

    /// Goes one step on. A step inside octets that are not encoded is as near as those.
    pub fn join(self, path: &mut Vec<Self>) {
        match path.last_mut() {
            Some(last) if matches!(last.encoding, Encoding::Identity | Encoding::Unknown) => {
                let at = |offset: u64| last.start.saturating_add(offset).min(last.end);
                *last = Self { start: at(self.start), end: at(self.end), encoding: self.encoding };
            }
            _ => path.push(self),
        }
    }
}

/// Takes off what is around octets. Whoever uses it reads the range of the first step and pushes it, in pieces of any size.
#[derive(Clone, Debug)]
pub struct Unpacker {
    stages: Vec<Stage>,
}

/// One step: octets to pass over, octets to take, and what undoes their encoding.
#[derive(Clone, Debug)]
struct Stage {
    skip: u64,
    take: u64,
    decoder: Decoder,
}

/// A number as it is written here: without a sign, and without zeros before it.
fn offset(digits: &str) -> Option<u64> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| is_plain)
}

impl Unpacker {
    /// Makes the unpacker of a path. An empty path leaves the octets as they are.
    pub fn new(path: &[Step]) -> Self {
        let stage = |(place, step): (usize, &Step)| {
            // The first step has been taken by whoever reads.
            let (skip, take) =
                if place == 0 { (0, u64::MAX) } else { (step.start, step.end.saturating_sub(step.start)) };
            Stage { skip, take, decoder: Decoder::new(step.encoding) }
        };
        Self { stages: path.iter().enumerate().map(stage).collect() }
    }

    /// Unpacks a piece and appends its octets to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        pass(&mut self.stages, piece, out);
    }

    /// Ends the stream: appends the octets that were held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        for place in 0..self.stages.len() {
            let Some((stage, rest)) = self.stages.get_mut(place..).and_then(<[Stage]>::split_first_mut) else { return };
            let mut held = Vec::new();
            stage.decoder.finish(&mut held);
            pass(rest, &held, out);
        }
    }

    /// Returns true if some step has all that it takes, so that nothing that is pushed changes what comes.
    pub fn has_all(&self) -> bool {
        self.stages.iter().any(|stage| stage.take == 0)
    }
}

fn pass(stages: &mut [Stage], piece: &[u8], out: &mut Vec<u8>) {
    let Some((stage, rest)) = stages.split_first_mut() else { return out.extend_from_slice(piece) };
    let piece = stage.cut(piece);
    if rest.is_empty() {
        return stage.decoder.push(piece, out);
    }
    let mut clear = Vec::new();
    stage.decoder.push(piece, &mut clear);
    pass(rest, &clear, out);
}

impl Stage {
    /// Returns the part of a piece that belongs to the step.
    fn cut<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let length = piece.len() as u64;
        let skipped = self.skip.min(length);
        let taken = self.take.min(length - skipped);
        self.skip -= skipped;
        self.take -= taken;
        piece.get(skipped as usize..(skipped + taken) as usize).unwrap_or_default()
    }
}

/// All that a path leads to, out of the octets of its first step.
pub fn unpacked(path: &[Step], octets: &[u8]) -> Vec<u8> {
    let (mut unpacker, mut out) = (Unpacker::new(path), Vec::new());
    unpacker.push(octets, &mut out);
    unpacker.finish(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE64: Encoding = Encoding::Base64;
    const PLAIN: Encoding = Encoding::Identity;

    fn step(start: u64, end: u64, encoding: Encoding) -> Step {
        Step { start, end, encoding }
    }

    #[test]
    fn a_path_leads_to_the_same_octets_whatever_the_pieces() {
        use base64::Engine;
        let encode = |text: &[u8]| base64::engine::general_purpose::STANDARD.encode(text);
        let outer = encode(format!("before {} after", encode(b"a small heron")).as_bytes());
        let inner = step(7, 7 + encode(b"a small heron").len() as u64, BASE64);
        let path = [step(5, 500, BASE64), inner, step(2, 7, PLAIN)];
        for size in [1, 2, 5, 100] {
            let (mut unpacker, mut out) = (Unpacker::new(&path), Vec::new());
            outer.as_bytes().chunks(size).for_each(|piece| unpacker.push(piece, &mut out));
            unpacker.finish(&mut out);
            assert_eq!(out, b"small");
            assert!(unpacker.has_all());
        }
        assert_eq!(unpacked(&[], b"as it is"), b"as it is");
    }

    #[test]
    fn what_is_not_encoded_is_no_step_of_its_own() {
        let mut path = vec![step(100, 200, PLAIN)];
        step(10, 20, BASE64).join(&mut path);
        assert_eq!(path, [step(110, 120, BASE64)]);
        step(1, 2, PLAIN).join(&mut path);
        assert_eq!(path, [step(110, 120, BASE64), step(1, 2, PLAIN)]);
        // No step leads out of the stretch around it.
        let mut path = vec![step(100, 200, PLAIN)];
        step(50, u64::MAX, PLAIN).join(&mut path);
        assert_eq!(path, [step(150, 200, PLAIN)]);
    }
}
