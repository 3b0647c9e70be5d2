//! An Email object made from a letter, wherever its octets are.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use mail::Timestamp;
use mailbox::parse::{Bodies, Part, Structure, Summary};
use mailbox::{Error, Piece};
use serde_json::{Value, json};
use store::{BlobId, View};

use super::body::{self, Values};
use super::header::{self, Form};
use super::preview;
use super::property::Property;
use crate::api::Object;
use crate::blob::Place;

/// Octets of a header that are looked at.
const HEADER: u64 = 1 << 20;

/// What a client wants of each letter.
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

/// Where a letter's octets are.
pub enum Source<'a> {
    Stored(&'a View, BlobId),
    Octets(&'a [u8]),
}

/// What only a stored letter has.
pub struct Stored {
    pub id: String,
    pub thread: String,
    pub mailbox: String,
    pub keywords: Vec<String>,
    pub received: Timestamp,
    pub attached: Option<bool>,
}

/// A letter to be shown.
pub struct Letter<'a> {
    pub stored: Option<Stored>,
    pub place: Place,
    pub size: u64,
    pub summary: Summary,
    pub structure: Structure,
    pub source: Source<'a>,
}

impl Letter<'_> {
    /// The object with the properties wanted. `room` is how many octets of values may still be given.
    pub fn object(&self, wish: &Wish, room: &mut usize) -> Result<Object, Error> {
        let bodies = self.structure.bodies();
        let mut header = None;
        let mut object = Object::new();
        for property in &wish.properties {
            let value = match property {
                Property::Named(name) => self.named(name, wish, &bodies, &mut header, room)?,
                Property::Header(wanted) => header::property(self.whole_header(&mut header)?, wanted),
            };
            object.insert(property.written().to_owned(), value);
        }
        Ok(object)
    }

    fn named(
        &self,
        name: &str,
        wish: &Wish,
        bodies: &Bodies<'_>,
        header: &mut Option<Bytes>,
        room: &mut usize,
    ) -> Result<Value, Error> {
        let stored = self.stored.as_ref();
        let parts = |parts: &[&Part]| -> Result<Value, Error> {
            parts.iter().map(|part| body::part(self, part, &wish.part_properties, false)).collect()
        };
        Ok(match name {
            "id" => stored.map_or(Value::Null, |stored| stored.id.as_str().into()),
            "threadId" => stored.map_or(Value::Null, |stored| stored.thread.as_str().into()),
            "mailboxIds" => stored.map_or(Value::Null, |stored| json!({stored.mailbox.as_str(): true})),
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
            "hasAttachment" => {
                stored.and_then(|stored| stored.attached).unwrap_or_else(|| bodies.has_attachment()).into()
            }
            "preview" => preview::of(self)?.into(),
            "textBody" => parts(&bodies.text)?,
            "htmlBody" => parts(&bodies.html)?,
            "attachments" => parts(&bodies.attachments)?,
            "bodyStructure" => body::part(self, &self.structure.root, &wish.part_properties, true)?,
            "bodyValues" => self.values(wish, bodies, room)?,
            "headers" => header::all(self.whole_header(header)?),
            _ => Value::Null,
        })
    }

    /// What a convenience property stands for: the last field of the name (RFC 8621 §4.1.2, §4.1.3). What is kept of the
    /// header is the whole of it nearly always; else the letter is looked at.
    fn field(&self, piece: Piece, form: Form, header: &mut Option<Bytes>) -> Result<Value, Error> {
        let Some(value) = self.summary.piece(piece) else { return Ok(Value::Null) };
        if self.summary.is_whole(piece) {
            return Ok(form.give(value));
        }
        Ok(header::last(self.whole_header(header)?, piece.name(), form))
    }

    /// The letter's header, read once.
    fn whole_header<'h>(&self, header: &'h mut Option<Bytes>) -> Result<&'h [u8], Error> {
        if header.is_none() {
            *header = Some(self.header(&self.structure.root)?);
        }
        Ok(header.as_deref().unwrap_or_default())
    }

    fn values(&self, wish: &Wish, bodies: &Bodies<'_>, room: &mut usize) -> Result<Value, Error> {
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
        let mut met = HashSet::new();
        let mut values = Object::new();
        for part in wanted.into_iter().filter(|part| part.is("text", "")) {
            if met.insert(part.body.clone()) {
                let id = body::part_id(&self.structure, part).unwrap_or_default();
                values.insert(id, Values { limit: wish.value_limit }.of(self, part, room)?);
            }
        }
        Ok(values.into())
    }

    /// The header of a part, or of the letter where the part is its root.
    pub fn header(&self, part: &Part) -> Result<Bytes, Error> {
        let range = u64::from(part.header.start)..u64::from(part.header.end);
        self.read(range.start..range.end.min(range.start + HEADER))
    }

    /// A range of the letter's octets, cut at its end and at what is read at once.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes, Error> {
        match self.source {
            Source::Stored(view, blob) => mailbox::body::read(view, blob, range),
            Source::Octets(octets) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(octets.len());
                Ok(Bytes::copy_from_slice(octets.get(at(range.start)..at(range.end)).unwrap_or_default()))
            }
        }
    }
}
