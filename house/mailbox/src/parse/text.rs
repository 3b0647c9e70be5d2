//! The text of a letter as a person reads it: for search and, later, for previews.

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

/// Reads the text of all parts that hold some, at most about `limit` octets of it. Of two ways to say the same
/// (multipart/alternative) only the plain one is taken. `octets` reads a range of the letter.
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
                let plain = parts.iter().find(|part| part.is("text", "plain"));
                match plain.filter(|_| part.is("multipart", "alternative")) {
                    Some(plain) => self.part(plain),
                    None => parts.iter().try_for_each(|part| self.part(part)),
                }
            }
            Content::Message(message) => {
                if let Some(subject) = message.summary.subject() {
                    self.say(&decode::words(subject));
                }
                self.part(&message.root)
            }
            Content::Leaf => self.leaf(part),
        }
    }

    fn leaf(&mut self, part: &Part) -> Result<(), E> {
        if let Some(name) = part.file_name() {
            let room = self.limit.saturating_sub(self.told.attachments.len());
            append(&mut self.told.attachments, &name, room);
        }
        if !part.is("text", "") {
            return Ok(());
        }
        // Encodings and HTML take up to some four octets for one of text.
        let most = u32::try_from(self.room().saturating_mul(4)).unwrap_or(u32::MAX);
        let end = part.body.end.min(part.body.start.saturating_add(most));
        let bytes = (self.octets)(u64::from(part.body.start)..u64::from(end))?;
        let decoded = decode::body(part.transfer_encoding(), &bytes);
        let text = decode::text(part.param("charset"), &decoded);
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

fn append(text: &mut String, more: &str, room: usize) {
    let mut end = more.len().min(room);
    while !more.is_char_boundary(end) {
        end -= 1;
    }
    text.push_str(&more[..end]);
    text.push('\n');
}
