//! The text of a letter as a person reads it: for search, snippets and previews.

use std::ops::Range;

use mail::header;

use super::steps::{Step, unpacked};
use super::structure::{Content, Part, Structure};
use super::{decode, html};

/// The texts of a letter, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The text of each part that holds some, and the header fields of letters inside.
    pub body: Vec<String>,
    /// The names of attachments.
    pub names: Vec<String>,
    /// The fields of the headers of parts.
    pub heads: Vec<String>,
    /// Texts with files in them (uuencode, yEnc), as they were written: a person reads them without the files.
    pub written: Vec<String>,
    /// True if there is more than that.
    pub cut: bool,
}

/// Reads the text of all parts that hold some – of several ways to say the same, too –, at most about `limit` octets of it.
/// `octets` reads a range of the letter.
pub fn told<E>(
    structure: &Structure,
    limit: usize,
    mut octets: impl FnMut(Range<u64>) -> Result<bytes::Bytes, E>,
) -> Result<Told, E> {
    let mut gatherer = Gatherer { told: Told::default(), room: limit, searched: true, octets: &mut octets };
    gatherer.content(&structure.root)?;
    Ok(gatherer.told)
}

/// Returns the texts of these parts, one after the other, at most about `limit` octets of them.
pub fn said<E>(
    parts: &[&Part],
    limit: usize,
    mut octets: impl FnMut(Range<u64>) -> Result<bytes::Bytes, E>,
) -> Result<String, E> {
    let mut gatherer = Gatherer { told: Told::default(), room: limit, searched: false, octets: &mut octets };
    parts.iter().try_for_each(|part| gatherer.content(part))?;
    Ok(gatherer.told.body.join("\n"))
}

/// The fields of a header as a person reads them: `Subject: été`.
pub fn fields(octets: &[u8]) -> impl Iterator<Item = String> {
    header::fields(octets).map(|field| {
        let value = decode::words(&super::raw::repaired(field.value(), || None));
        format!("{}: {value}", String::from_utf8_lossy(field.name))
    })
}

struct Gatherer<'a, E> {
    told: Told,
    /// Octets of text that may still be taken.
    room: usize,
    /// Says whether it is for a search, with the titles of pages and with texts that are not shown.
    searched: bool,
    octets: &'a mut dyn FnMut(Range<u64>) -> Result<bytes::Bytes, E>,
}

impl<E> Gatherer<'_, E> {
    /// A part with a header of its own.
    fn part(&mut self, part: &Part) -> Result<(), E> {
        let header = self.header(part)?;
        for field in fields(&header) {
            if let Some(field) = self.fitting(field) {
                self.told.heads.push(field);
            }
        }
        self.content(part)
    }

    fn content(&mut self, part: &Part) -> Result<(), E> {
        if let Some(name) = part.file_name().and_then(|name| self.fitting(name)) {
            self.told.names.push(name);
        }
        match part.held() {
            Content::Multipart(parts) => parts.iter().try_for_each(|part| self.part(part)),
            Content::Message(message) => match part.is_encoded_letter() {
                true => self.encoded_letter(part, &message.root),
                false => self.letter(&message.root),
            },
            // A person may look for the name of the file that they were found in (winmail.dat).
            Content::Made(parts) => {
                self.as_written(part)?;
                parts.iter().try_for_each(|part| self.content(part))
            }
            Content::Signed(inside) => self.part(inside),
            Content::Leaf | Content::Within(_) | Content::Deep(_) => self.leaf(part),
        }
    }

    /// A letter inside.
    fn letter(&mut self, root: &Part) -> Result<(), E> {
        let header = self.header(root)?;
        fields(&header).for_each(|field| self.say(field));
        self.content(root)
    }

    /// Reads a letter that came encoded: its parts stand in the decoded octets.
    fn encoded_letter(&mut self, part: &Part, root: &Part) -> Result<(), E> {
        let decoded = bytes::Bytes::from(self.beginning(part)?.0);
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(decoded.len());
        let mut octets =
            |range: Range<u64>| Ok::<_, E>(decoded.slice(at(range.start)..at(range.end).max(at(range.start))));
        let told = std::mem::take(&mut self.told);
        let mut inside = Gatherer { told, room: self.room, searched: self.searched, octets: &mut octets };
        let done = inside.letter(root);
        (self.told, self.room) = (inside.told, inside.room);
        done
    }

    fn leaf(&mut self, part: &Part) -> Result<(), E> {
        // The fields of a delivery report (message/delivery-status) are text, too.
        if !part.is("text", "") && !part.is("message", "") {
            return Ok(());
        }
        let (octets, whole) = self.beginning(part)?;
        self.told.cut |= !whole;
        let text = decode::part_text(part, &octets, whole).text;
        match part.is("text", "html") {
            true => self.say(html::text(&text, self.searched)),
            false => self.say(text.into_owned()),
        }
        Ok(())
    }

    fn as_written(&mut self, part: &Part) -> Result<(), E> {
        if self.searched && part.is("text", "") {
            let (octets, whole) = self.beginning(part)?;
            self.told.cut |= !whole;
            self.told.written.push(decode::part_text(part, &octets, whole).text.into_owned());
        }
        Ok(())
    }

    /// The decoded octets of a part that may be needed, and whether they are all.
    fn beginning(&mut self, part: &Part) -> Result<(Vec<u8>, bool), E> {
        // Encodings and HTML take up to some four octets for one of text.
        self.unpack(&part.steps(), self.room.saturating_mul(4))
    }

    /// The header of a part, at most about as much of it as there is room for.
    fn header(&mut self, part: &Part) -> Result<Vec<u8>, E> {
        let length = part.header.end.saturating_sub(part.header.start) as usize;
        Ok(self.unpack(&part.header_steps(), length.saturating_mul(2))?.0)
    }

    /// Unpacks the octets that a path leads to, out of so many at most; says whether those are all.
    fn unpack(&mut self, path: &[Step], most: usize) -> Result<(Vec<u8>, bool), E> {
        let Some(first) = path.first() else { return Ok((Vec::new(), true)) };
        // Octets inside other octets have some before them.
        let before = path.iter().skip(1).map(|step| step.start.saturating_mul(2).saturating_add(8192)).sum::<u64>();
        let end = first.end.min(first.start.saturating_add(most as u64).saturating_add(before));
        let octets = (self.octets)(first.start..end)?;
        Ok((unpacked(path, &octets), end == first.end))
    }

    fn say(&mut self, text: String) {
        if let Some(text) = self.fitting(text) {
            self.told.body.push(text);
        }
    }

    /// Returns as much of a text as there is room for.
    fn fitting(&mut self, mut text: String) -> Option<String> {
        if text.len() > self.room {
            text.truncate(text.floor_char_boundary(self.room));
            self.told.cut = true;
        }
        self.room -= text.len();
        (!text.is_empty()).then_some(text)
    }
}
