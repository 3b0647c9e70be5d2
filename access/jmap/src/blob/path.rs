//! The id of a blob says where its octets are, so that the server stores nothing for it.

use mailbox::LetterKey;
use mailbox::parse::Part;
pub use mailbox::parse::Step;

use crate::id::number;

/// The most parts that may be taken out of each other.
const DEEPEST: usize = 8;

/// The path to a blob: `L12` is a letter, `U3` is an upload, and `L12-100_220b` is the octets 100 to 220 of the letter
/// with base64 undone. A part of the result may be taken again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobPath {
    pub base: Base,
    pub steps: Vec<Step>,
}

/// The stored octets that a path begins at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Letter(LetterKey),
    Upload(i64),
}

impl BlobPath {
    /// Returns the path of a letter.
    pub fn letter(letter: LetterKey) -> Self {
        Self { base: Base::Letter(letter), steps: Vec::new() }
    }

    /// Returns the path of an upload.
    pub fn upload(number: i64) -> Self {
        Self { base: Base::Upload(number), steps: Vec::new() }
    }

    /// Returns the key of the letter that this is, or that it is in.
    pub fn letter_key(&self) -> Option<i64> {
        match self.base {
            Base::Letter(key) => Some(key.0),
            Base::Upload(_) => None,
        }
    }

    /// Returns the path of a part of the letter here.
    pub fn part(&self, part: &Part) -> Self {
        let mut place = self.clone();
        part.steps().into_iter().for_each(|step| step.join(&mut place.steps));
        place
    }

    /// Returns the id as clients see it.
    pub fn id(&self) -> String {
        let mut id = match self.base {
            Base::Letter(letter) => format!("L{}", letter.0),
            Base::Upload(number) => format!("U{number}"),
        };
        for step in &self.steps {
            id.push('-');
            id.push_str(&step.written());
        }
        id
    }

    /// Reads an id; `None` for an id that we never gave out.
    pub fn read(id: &str) -> Option<Self> {
        let mut parts = id.split('-');
        let base = parts.next()?;
        let digits = number(base.get(1..)?)?;
        let base = match base.as_bytes().first()? {
            b'L' => Base::Letter(LetterKey(digits)),
            b'U' => Base::Upload(digits),
            _ => return None,
        };
        let steps: Vec<Step> = parts.map(Step::read).collect::<Option<_>>()?;
        (steps.len() <= DEEPEST).then_some(Self { base, steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_goes_round_through_its_id() {
        for id in ["L12", "U3", "L12-100_220b", "U1-0_5i-2_3q", "L7-1_9u", "L7-1_9b-0_5y", "U2-1_9q-0_5r"] {
            assert_eq!(BlobPath::read(id).unwrap().id(), id);
        }
        for id in ["", "L", "X1", "L12-", "L12-5_2b", "L12-1_2x", "L012", "L1-1_2", "é1", "L12-é"] {
            assert_eq!(BlobPath::read(id), None, "{id}");
        }
    }
}
