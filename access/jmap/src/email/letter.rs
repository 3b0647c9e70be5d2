//! An Email object made from a letter, wherever its octets are.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use mail::Timestamp;
use mailbox::Piece;
use mailbox::parse::charset::is_unlabelled_text;
use mailbox::parse::{Bodies, Content, Contents, Part, Step, Structure, Summary, raw};
use serde_json::Value;
use store::{BlobId, View};

use super::body::{self, Values};
use super::consists;
use super::header::{Form, Header};
use super::known::Known;
use super::preview;
use super::property::Property;
use super::room::Room;
use crate::api::{MethodError, Object};
use crate::blob::BlobPath;

/// The most octets of a header that are read.
const HEADER: u64 = 1 << 20;
/// Properties that list parts; each part pays for its own room.
const OF_PARTS: [&str; 5] = ["textBody", "htmlBody", "attachments", "bodyStructure", "consistsOf"];

/// The properties and limits that a client wants of each letter.
#[derive(Clone, Debug)]
pub struct Wish {
    pub properties: Vec<Property>,
    pub part_properties: Vec<Property>,
    pub text_values: bool,
    pub html_values: bool,
    pub all_values: bool,
    /// Octets of each value at most.
    pub value_limit: usize,
}

/// The place of a letter's octets.
pub enum Source<'a> {
    Stored(&'a View, BlobId),
    Octets(&'a View, Bytes),
}

/// The properties that only a stored letter has.
pub struct Stored {
    pub id: String,
    pub thread: String,
    pub mailboxes: Vec<String>,
    pub keywords: Vec<String>,
    pub received: Timestamp,
    pub attached: Option<bool>,
}

/// A letter to be shown.
pub struct EmailView<'a> {
    pub stored: Option<Stored>,
    pub place: BlobPath,
    pub size: u64,
    pub summary: Summary,
    pub structure: Structure,
    pub source: Source<'a>,
    /// The findings made so far about the letter.
    pub known: Known,
}

impl EmailView<'_> {
    /// Returns the object with the wanted properties. Its size is taken from `room`.
    pub fn object(&self, wish: &Wish, room: &mut Room) -> Result<Object, MethodError> {
        let bodies = self.structure.bodies();
        let mut header = None;
        let mut object = Object::new();
        for property in &wish.properties {
            self.check()?;
            let value = match property {
                Property::Named(name) => self.named(name, wish, &bodies, &mut header, room)?,
                Property::Header(wanted) => self.whole_header(&mut header)?.property(wanted),
            };
            if !OF_PARTS.contains(&property.written()) {
                room.take(&value)?;
            }
            object.insert(property.written().to_owned(), value);
        }
        Ok(object)
    }

    /// Fails if nobody waits for the object any more, or if its time is over.
    pub fn check(&self) -> Result<(), MethodError> {
        let (Source::Stored(view, _) | Source::Octets(view, _)) = &self.source;
        Ok(view.check()?)
    }

    fn named(
        &self,
        name: &str,
        wish: &Wish,
        bodies: &Bodies<'_>,
        header: &mut Option<Header>,
        room: &mut Room,
    ) -> Result<Value, MethodError> {
        let stored = self.stored.as_ref();
        let mut parts = |parts: &[&Part]| -> Result<Value, MethodError> {
            parts.iter().map(|part| body::part(self, part, &wish.part_properties, false, room)).collect()
        };
        Ok(match name {
            "id" => stored.map_or(Value::Null, |stored| stored.id.as_str().into()),
            "threadId" => stored.map_or(Value::Null, |stored| stored.thread.as_str().into()),
            "mailboxIds" => stored.map_or(Value::Null, |stored| {
                stored.mailboxes.iter().map(|mailbox| (mailbox.clone(), true.into())).collect::<Object>().into()
            }),
            "keywords" => stored.map_or(Value::Null, |stored| {
                stored.keywords.iter().map(|keyword| (keyword.clone(), true.into())).collect::<Object>().into()
            }),
            "receivedAt" => stored.map_or(Value::Null, |stored| stored.received.rfc3339().into()),
            "blobId" => self.place.id().into(),
            "size" => self.size.into(),
            "messageId" => self.field(Piece::MessageId, Form::MessageIds, header)?,
            "inReplyTo" => self.field(Piece::InReplyTo, Form::MessageIds, header)?,
            "references" => self.field(Piece::References, Form::MessageIds, header)?,
            "sender" => self.field(Piece::Sender, Form::Addresses, header)?,
            "from" => self.field(Piece::From, Form::Addresses, header)?,
            "to" => self.field(Piece::To, Form::Addresses, header)?,
            "cc" => self.field(Piece::Cc, Form::Addresses, header)?,
            "bcc" => self.field(Piece::Bcc, Form::Addresses, header)?,
            "replyTo" => self.field(Piece::ReplyTo, Form::Addresses, header)?,
            "subject" => self.field(Piece::Subject, Form::Text, header)?,
            "sentAt" => self.field(Piece::Date, Form::Date, header)?,
            "hasAttachment" => match stored.and_then(|stored| stored.attached) {
                Some(attached) => attached.into(),
                None => self.contents()?.has_attachment().into(),
            },
            "preview" => preview::of(&self.structure, |range| self.read(range))?.into(),
            "textBody" => parts(&bodies.text)?,
            "htmlBody" => parts(&bodies.html)?,
            "attachments" => parts(&bodies.attachments)?,
            "bodyStructure" => body::part(self, &self.structure.root, &wish.part_properties, true, room)?,
            "consistsOf" => consists::items(self, &self.contents()?, &wish.part_properties, room)?,
            "protection" => consists::protection(self, &self.contents()?)?,
            "bodyValues" => self.values(wish, bodies, room)?,
            "headers" => self.whole_header(header)?.all(),
            _ => Value::Null,
        })
    }

    /// Returns the value of a convenience property: the last field of the name (RFC 8621 §4.1.2, §4.1.3). The kept part
    /// of the header is nearly always all of it; otherwise the letter itself is read.
    fn field(&self, piece: Piece, form: Form, header: &mut Option<Header>) -> Result<Value, MethodError> {
        let Some(value) = self.summary.piece(piece) else { return Ok(Value::Null) };
        if self.summary.is_whole(piece) {
            return Ok(form.give(value));
        }
        Ok(self.whole_header(header)?.last(piece.name(), form))
    }

    /// Returns the letter's header, which is read once.
    fn whole_header<'h>(&self, header: &'h mut Option<Header>) -> Result<&'h Header, MethodError> {
        match header {
            Some(header) => Ok(header),
            none => Ok(none.insert(self.header(&self.structure.root)?)),
        }
    }

    fn values(&self, wish: &Wish, bodies: &Bodies<'_>, room: &mut Room) -> Result<Value, MethodError> {
        let mut wanted: Vec<&Part> = Vec::new();
        if wish.text_values {
            wanted.extend(&bodies.text);
        }
        if wish.html_values {
            wanted.extend(&bodies.html);
        }
        if wish.all_values {
            body::leaves(&self.structure.root, &mut wanted);
        }
        // RFC 8621 knows nothing of what is in a wrapping: it is only for a client that asks for the parts of the
        // letter.
        if !wish.properties.iter().any(|property| property.written() == "consistsOf") {
            wanted.retain(|part| !matches!(part.content, Content::Deep(_)));
        }
        let mut met = HashSet::new();
        let mut values = Object::new();
        for part in wanted.into_iter().filter(|part| part.is("text", "")) {
            if met.insert(std::ptr::from_ref(part)) {
                let id = self.known.number(&self.structure, part).unwrap_or_default().to_owned();
                values.insert(id, Values { limit: wish.value_limit }.of(self, part, &mut room.values)?);
            }
        }
        Ok(values.into())
    }

    /// Returns the header of a part; for the root, that is the header of the letter.
    pub fn header(&self, part: &Part) -> Result<Header, MethodError> {
        let octets = match part.header_steps().as_slice() {
            [Step { start, end, .. }] => self.read(*start..(*end).min(start.saturating_add(HEADER)))?,
            path => body::octets(self, path, HEADER as usize)?.into(),
        };
        let charset = if is_unlabelled_text(&octets) { self.charset_told()? } else { None };
        Ok(Header::read(octets, charset))
    }

    /// Returns the charset of the letter's first text, found as when it was filed.
    fn charset_told(&self) -> Result<Option<String>, MethodError> {
        let header = &self.structure.root.header;
        let end = u64::from(header.end) + raw::BEGINNING as u64;
        let start = u64::from(header.start);
        Ok(raw::charset_told(&self.read(start..end.min(start + HEADER))?))
    }

    /// Returns the contents that the letter consists of.
    fn contents(&self) -> Result<Contents<'_>, MethodError> {
        Contents::of(&self.structure, |range| self.read_all(range))
    }

    /// Returns a range of the letter's octets, cut at its end.
    pub fn read_all(&self, range: Range<u64>) -> Result<Bytes, MethodError> {
        let first = self.read(range.clone())?;
        let mut at = range.start + first.len() as u64;
        if first.is_empty() || at >= range.end {
            return Ok(first);
        }
        let mut octets = first.to_vec();
        while at < range.end {
            let piece = self.read(at..range.end)?;
            if piece.is_empty() {
                break;
            }
            at += piece.len() as u64;
            octets.extend_from_slice(&piece);
        }
        Ok(octets.into())
    }

    /// Returns a range of the letter's octets, cut at the end of the letter and at the most that one read returns.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes, MethodError> {
        match &self.source {
            Source::Stored(view, blob) => {
                view.check()?;
                Ok(self.known.near(range, |range| mailbox::body::read(view, *blob, range))?)
            }
            Source::Octets(view, octets) => {
                view.check()?;
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(octets.len());
                Ok(octets.slice(at(range.start)..at(range.end).max(at(range.start))))
            }
        }
    }
}
