//! The text of a letter as a person reads it: for search and, later, for previews.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

use super::decode;
use super::structure::{Content, Part, Structure};

/// What a letter says, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The text of the body, HTML stripped, a line end after each part.
    pub body: String,
    /// The names of attachments, one a line.
    pub attachments: String,
}

/// Reads the text of all parts that hold some, at most about `limit` octets of it: of several ways to say the same
/// (multipart/alternative) each that says more than those before it. `octets` reads a range of the letter.
pub fn told<E>(
    structure: &Structure,
    limit: usize,
    mut octets: impl FnMut(Range<u64>) -> Result<bytes::Bytes, E>,
) -> Result<Told, E> {
    let mut gatherer = Gatherer { told: Told::default(), limit, octets: &mut octets };
    gatherer.part(&structure.root)?;
    Ok(gatherer.told)
}

/// What these parts say, one after the other, at most about `limit` octets of it.
pub fn said<E>(
    parts: &[&Part],
    limit: usize,
    mut octets: impl FnMut(Range<u64>) -> Result<bytes::Bytes, E>,
) -> Result<String, E> {
    let mut gatherer = Gatherer { told: Told::default(), limit, octets: &mut octets };
    parts.iter().try_for_each(|part| gatherer.part(part))?;
    Ok(gatherer.told.body)
}

struct Gatherer<'a, E> {
    told: Told,
    limit: usize,
    octets: &'a mut dyn FnMut(Range<u64>) -> Result<bytes::Bytes, E>,
}

impl<E> Gatherer<'_, E> {
    fn part(&mut self, part: &Part) -> Result<(), E> {
        if self.room() == 0 {
            return Ok(());
        }
        match &part.content {
            Content::Multipart(parts) => {
                if part.is("multipart", "alternative") {
                    return self.alternatives(parts);
                }
                parts.iter().try_for_each(|part| self.part(part))
            }
            Content::Message(message) => {
                if let Some(subject) = message.summary.subject() {
                    self.say(&decode::words(subject));
                }
                match part.is_encoded_letter() {
                    true => self.encoded_letter(part, &message.root),
                    false => self.part(&message.root),
                }
            }
            Content::Leaf => self.leaf(part),
        }
    }

    /// A stub of plain text beside the real letter in HTML is no reason not to find it.
    fn alternatives(&mut self, parts: &[Part]) -> Result<(), E> {
        let mut known = HashSet::new();
        for part in parts {
            let before = self.told.body.len();
            self.part(part)?;
            let new = words(self.told.body.get(before..).unwrap_or_default());
            match new.is_subset(&known) {
                true => self.told.body.truncate(before),
                false => known.extend(new),
            }
        }
        Ok(())
    }

    /// A letter that came encoded: its parts stand in what it decodes to.
    fn encoded_letter(&mut self, part: &Part, root: &Part) -> Result<(), E> {
        let decoded = bytes::Bytes::from(decode::body(part.transfer_encoding(), &self.beginning(part)?.0));
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(decoded.len());
        let mut octets =
            |range: Range<u64>| Ok::<_, E>(decoded.slice(at(range.start)..at(range.end).max(at(range.start))));
        let limit = self.limit;
        let told = std::mem::take(&mut self.told);
        let mut inside = Gatherer { told, limit, octets: &mut octets };
        let done = inside.part(root);
        self.told = inside.told;
        done
    }

    /// The octets of a part that may be needed, and whether they are all.
    fn beginning(&mut self, part: &Part) -> Result<(bytes::Bytes, bool), E> {
        // Encodings and HTML take up to some four octets for one of text.
        let most = u32::try_from(self.room().saturating_mul(4)).unwrap_or(u32::MAX);
        let end = part.body.end.min(part.body.start.saturating_add(most));
        Ok(((self.octets)(u64::from(part.body.start)..u64::from(end))?, end == part.body.end))
    }

    fn leaf(&mut self, part: &Part) -> Result<(), E> {
        if let Some(name) = part.file_name() {
            let room = self.limit.saturating_sub(self.told.attachments.len());
            append(&mut self.told.attachments, &name, room);
        }
        // What a report says of a letter is text, too (message/delivery-status).
        if !part.is("text", "") && !part.is("message", "") {
            return Ok(());
        }
        let (bytes, whole) = self.beginning(part)?;
        let decoded = decode::body(part.transfer_encoding(), &bytes);
        let text = decode::part_text(part, &decoded, whole).text;
        match part.is("text", "html") {
            true => self.say(&mail_parser::decoders::html::html_to_text(&text)),
            false => self.say(&text),
        }
        Ok(())
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.told.body.len())
    }

    fn say(&mut self, text: &str) {
        let room = self.room();
        append(&mut self.told.body, text, room);
    }
}

/// The words of a text, folded, each as a number: they are many, and are only to be compared.
fn words(text: &str) -> HashSet<u64> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| BuildHasherDefault::<DefaultHasher>::default().hash_one(decode::fold(word))).collect()
}

fn append(text: &mut String, more: &str, room: usize) {
    let mut end = more.len().min(room);
    while !more.is_char_boundary(end) {
        end -= 1;
    }
    text.push_str(&more[..end]);
    text.push('\n');
}
