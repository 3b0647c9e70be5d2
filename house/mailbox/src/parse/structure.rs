//! The MIME parts of a letter, with where each stands in its bytes (RFC 2045, RFC 2046).

use std::ops::Range;

use reading::params::{self, Param};
use serde::{Deserialize, Serialize};

use super::steps::Step;
use super::{Summary, column};

/// The tree of parts of one letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Structure {
    /// The letter itself: its header is the letter's header.
    pub root: Part,
}

/// `Content-Disposition` (RFC 2183).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposition {
    /// `attachment`, in the case it was written.
    #[serde(with = "octets")]
    pub kind: Vec<u8>,
    /// Its parameters.
    pub params: Vec<Param>,
}

/// One part: the values of its header, its place, and its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `text`, in lower case.
    #[serde(with = "octets")]
    pub kind: Vec<u8>,
    /// `plain`, in lower case.
    #[serde(with = "octets")]
    pub subtype: Vec<u8>,
    /// Parameters of `Content-Type`.
    pub params: Vec<Param>,
    /// `Content-ID`
    #[serde(with = "maybe")]
    pub id: Option<Vec<u8>>,
    /// `Content-Description`
    #[serde(with = "maybe")]
    pub description: Option<Vec<u8>>,
    /// `Content-Transfer-Encoding` as written, without comments; none: `7bit`.
    #[serde(with = "maybe")]
    pub encoding: Option<Vec<u8>>,
    /// `Content-Disposition`
    pub disposition: Option<Disposition>,
    /// `Content-MD5`
    #[serde(with = "maybe")]
    pub md5: Option<Vec<u8>>,
    /// `Content-Language`
    pub language: Vec<Vec<u8>>,
    /// `Content-Location`
    #[serde(with = "maybe")]
    pub location: Option<Vec<u8>>,
    /// The part's header, with the empty line that ends it: BODY[n.MIME].
    pub header: Range<u32>,
    /// The part's body: BODY[n]. For the letter itself BODY[TEXT].
    pub body: Range<u32>,
    /// Line ends in the body, counted for text and for letters inside; else 0.
    pub lines: u32,
    /// Its content.
    pub content: Content,
}

/// The content of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Bytes.
    #[default]
    Leaf,
    /// Parts; never none.
    Multipart(Vec<Part>),
    /// A letter (message/rfc822 or message/global). Of one that came encoded the parts stand where they are in what it
    /// decodes to.
    Message(Box<Message>),
    /// Texts and files that stand in the octets as mailers put them there without MIME (uuencode, yEnc, TNEF); never none. IMAP
    /// tells the part as it came.
    Made(Vec<Part>),
    /// Such a text or file. Its `body` counts in what the octets of the letter told here decode to.
    Within(Within),
    /// A part of a letter that a signature is wrapped around (RFC 8551 §3.5.2). IMAP and the structure of RFC 8621 tell the
    /// wrapping as it came.
    Signed(Box<Part>),
    /// The content of a part inside such a wrapping.
    Deep(Box<Deep>),
}

/// The content of a part that stands neither in the octets of the letter nor in those that one encoding makes of
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deep {
    /// The way from the octets of the letter to those in which `header` and `body` of the part count. Parts inside have ways of
    /// their own, and the parts of a letter inside stand where they are in the body of this part.
    pub way: Vec<Step>,
    /// The content; never `Deep` itself.
    pub content: Content,
}

/// The place in the letter of a text or file that is not a part of MIME.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    /// Octets of the letter.
    pub octets: Range<u32>,
    /// The encoding of those octets.
    pub around: Encoding,
    /// The encoding of the text or file that is found in them.
    pub encoding: Encoding,
}

/// A letter inside a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its envelope.
    pub summary: Summary,
    /// Its own parts. `root.header` is its header.
    pub root: Part,
}

/// The encoding of the body of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// 7bit, 8bit, binary: as it is.
    Identity,
    /// base64
    Base64,
    /// quoted-printable
    QuotedPrintable,
    /// x-uuencode, from before MIME.
    Uuencode,
    /// One we cannot undo: BINARY answers UNKNOWN-CTE (RFC 3516 §4.3).
    Unknown,
    /// yEnc, as on Usenet.
    Yenc,
    /// Compressed RTF, as TNEF has it, of which only the text is wanted.
    RtfText,
    /// Octet strings one after the other, as BER has one that is written in pieces (X.690 §8.7.3).
    OctetStrings,
}

/// A section of a letter, as the brackets of BODY[…] name it (RFC 9051 §6.4.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// `1.2`; empty for the letter itself.
    pub part: Vec<u32>,
    /// The text of the part to read; `None`: all of it.
    pub text: Option<SectionText>,
}

/// The header, the text or the MIME header of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionText {
    /// The header of the letter, or of the letter inside this part.
    Header,
    /// The body of the letter, or of the letter inside this part.
    Text,
    /// The MIME header of this part.
    Mime,
}

impl Part {
    /// Returns true if the part is of this type, such as `is("text", "plain")`. An empty subtype fits every one.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind.as_bytes() && (subtype.is_empty() || self.subtype == subtype.as_bytes())
    }

    /// The value of a parameter of `Content-Type`, whatever the case of its name.
    pub fn param(&self, name: &str) -> Option<&[u8]> {
        params::find(&self.params, name)
    }

    /// Octets of the body as it stands.
    pub fn size(&self) -> u32 {
        self.body.end.saturating_sub(self.body.start)
    }

    /// Returns the encoding to read the body with.
    pub fn transfer_encoding(&self) -> Encoding {
        if let Content::Within(within) = self.held() {
            return within.encoding;
        }
        let Some(written) = &self.encoding else { return Encoding::Identity };
        let is = |known: &str| written.eq_ignore_ascii_case(known.as_bytes());
        match () {
            () if is("7bit") || is("8bit") || is("binary") => Encoding::Identity,
            () if is("base64") => Encoding::Base64,
            () if is("quoted-printable") => Encoding::QuotedPrintable,
            () if ["x-uuencode", "uuencode", "x-uue", "uue"].into_iter().any(is) => Encoding::Uuencode,
            () if ["x-yenc", "yenc"].into_iter().any(is) => Encoding::Yenc,
            () => Encoding::Unknown,
        }
    }

    /// The name to save it under, from `Content-Disposition` or `Content-Type`, decoded and made harmless.
    pub fn file_name(&self) -> Option<String> {
        let disposition = self.disposition.as_ref().map_or(&[][..], |disposition| &disposition.params);
        let written = params::text(disposition, "filename").or_else(|| params::text(&self.params, "name"));
        super::file_name::clean(&written?)
    }

    /// The charset that its header names, as it is written there.
    pub fn charset(&self) -> Option<String> {
        params::text(&self.params, "charset")
    }

    /// Returns the content of the part, wherever it stands.
    pub fn held(&self) -> &Content {
        match &self.content {
            Content::Deep(deep) => &deep.content,
            content => content,
        }
    }

    /// Returns true for a letter that came encoded, or in a wrapping. What is in it stands nowhere in the octets of the
    /// letter around it.
    pub fn is_encoded_letter(&self) -> bool {
        let is_deep = matches!(self.content, Content::Deep(_));
        matches!(self.held(), Content::Message(_)) && (is_deep || self.transfer_encoding() != Encoding::Identity)
    }

    /// The parts inside it, one level down, that stand in the same octets.
    pub fn children(&self) -> &[Part] {
        match &self.content {
            Content::Leaf | Content::Made(_) | Content::Within(_) | Content::Signed(_) | Content::Deep(_) => &[],
            Content::Message(_) if self.is_encoded_letter() => &[],
            Content::Multipart(parts) => parts,
            Content::Message(message) => std::slice::from_ref(&message.root),
        }
    }

    /// Returns the parts that a person sees instead of the part itself: the parts of a multipart, the texts and files that
    /// were found in a leaf, and the part that a signature is wrapped around.
    pub fn shown_parts(&self) -> Option<&[Part]> {
        match self.held() {
            Content::Signed(part) => Some(std::slice::from_ref(part)),
            _ => self.sub_parts(),
        }
    }

    /// The parts that the structure of the letter tells of it (`subParts`, RFC 8621 §4.1.4): a wrapping stays what it is.
    pub fn sub_parts(&self) -> Option<&[Part]> {
        match self.held() {
            Content::Multipart(parts) | Content::Made(parts) => Some(parts),
            Content::Leaf | Content::Message(_) | Content::Within(_) | Content::Signed(_) | Content::Deep(_) => None,
        }
    }

    /// The way to its decoded body, from the octets in which the part stands.
    pub fn steps(&self) -> Vec<Step> {
        let mut path = self.way();
        if let Content::Within(within) = self.held() {
            step(&within.octets, within.around).join(&mut path);
        }
        step(&self.body, self.transfer_encoding()).join(&mut path);
        path
    }

    /// The way to its header, from the octets in which the part stands.
    pub fn header_steps(&self) -> Vec<Step> {
        let mut path = self.way();
        step(&self.header, Encoding::Identity).join(&mut path);
        path
    }

    fn way(&self) -> Vec<Step> {
        match &self.content {
            Content::Deep(deep) => deep.way.clone(),
            _ => Vec::new(),
        }
    }
}

fn step(range: &Range<u32>, encoding: Encoding) -> Step {
    Step { start: range.start.into(), end: range.end.into(), encoding }
}

impl Part {
    /// The depth of a structure is bounded, so this is.
    fn has_same_places(&self, other: &Self) -> bool {
        let is_the_same_place = (&self.header, &self.body, self.transfer_encoding())
            == (&other.header, &other.body, other.transfer_encoding());
        is_the_same_place
            && match (&self.content, &other.content) {
                // Numbers do not lead to files that were found beside MIME, nor into the wrapping of a signature.
                (
                    Content::Leaf | Content::Made(_) | Content::Signed(_),
                    Content::Leaf | Content::Made(_) | Content::Signed(_),
                ) => true,
                (Content::Multipart(own), Content::Multipart(others)) => {
                    own.len() == others.len() && own.iter().zip(others).all(|(own, other)| own.has_same_places(other))
                }
                (Content::Message(own), Content::Message(other)) => own.root.has_same_places(&other.root),
                _ => false,
            }
    }

    /// The depth of a structure is bounded, so this is.
    pub(super) fn move_by(&mut self, by: i64) {
        let at = |offset: u32| u32::try_from(i64::from(offset).saturating_add(by).max(0)).unwrap_or(u32::MAX);
        let moved = |range: &mut Range<u32>| *range = at(range.start)..at(range.end);
        let is_apart = self.is_encoded_letter();
        let content = match &mut self.content {
            Content::Within(within) => return moved(&mut within.octets),
            Content::Deep(deep) => {
                if let Some(first) = deep.way.first_mut() {
                    (first.start, first.end) =
                        (first.start.saturating_add_signed(by), first.end.saturating_add_signed(by));
                }
                &mut deep.content
            }
            content => {
                moved(&mut self.header);
                moved(&mut self.body);
                content
            }
        };
        match content {
            Content::Leaf | Content::Within(_) | Content::Deep(_) => {}
            Content::Message(_) if is_apart => {}
            Content::Multipart(parts) | Content::Made(parts) => parts.iter_mut().for_each(|part| part.move_by(by)),
            Content::Message(message) => message.root.move_by(by),
            Content::Signed(part) => part.move_by(by),
        }
    }
}

impl Structure {
    /// The part of a number such as `[2, 1]`; the letter itself for `[]`. A letter that is no multipart has one
    /// part, number 1 (RFC 9051 §6.4.5).
    pub fn part(&self, number: &[u32]) -> Option<&Part> {
        self.walk(number).map(|(part, _)| part)
    }

    /// The part of a number, and the way to the octets in which it stands: through each letter that came encoded.
    fn walk(&self, number: &[u32]) -> Option<(&Part, Vec<Step>)> {
        let (mut part, mut path) = (&self.root, Vec::new());
        // The numbers count the parts of a multipart, be it the letter or what a letter inside carries.
        let (mut inside, mut entered) = (Some(&self.root), None::<&Part>);
        for step in number {
            let parent = inside?;
            if let Some(letter) = entered.take() {
                letter.steps().into_iter().for_each(|step| step.join(&mut path));
            }
            part = match &parent.content {
                Content::Multipart(parts) => parts.get(usize::try_from(step.checked_sub(1)?).ok()?)?,
                _ if *step == 1 => parent,
                _ => return None,
            };
            entered = Some(part).filter(|part| part.is_encoded_letter());
            inside = match &part.content {
                Content::Multipart(_) => Some(part),
                Content::Message(message) => Some(&message.root),
                _ => None,
            };
        }
        Some((part, path))
    }

    /// The way to a section, from the octets of the letter. `None`: there is no such part, or it has no such text.
    pub fn locate(&self, section: &Section) -> Option<Vec<Step>> {
        let (part, mut path) = self.walk(&section.part)?;
        let is_letter = section.part.is_empty();
        let range = match (section.text, &part.content) {
            (None, _) if is_letter => &(part.header.start..part.body.end),
            (Some(SectionText::Header), _) if is_letter => &part.header,
            (Some(SectionText::Text), _) if is_letter => &part.body,
            (Some(SectionText::Mime), _) if is_letter => return None,
            (None, _) => &part.body,
            (Some(SectionText::Mime), _) => &part.header,
            (Some(text), Content::Message(message)) => {
                if part.is_encoded_letter() {
                    part.steps().into_iter().for_each(|step| step.join(&mut path));
                }
                if text == SectionText::Header { &message.root.header } else { &message.root.body }
            }
            _ => return None,
        };
        Step { start: range.start.into(), end: range.end.into(), encoding: Encoding::Identity }.join(&mut path);
        Some(path)
    }

    /// Returns true if each part number leads to the same octets, encoded in the same way.
    pub(crate) fn has_same_places(&self, other: &Self) -> bool {
        self.root.has_same_places(&other.root)
    }

    /// The same parts, `by` bytes later: so many header bytes were put before the letter.
    pub(crate) fn moved_by(&self, by: u32) -> Self {
        let mut moved = self.clone();
        moved.root.move_by(by.into());
        moved.root.header.start = self.root.header.start;
        moved
    }

    /// The column.
    pub fn encode(&self) -> Vec<u8> {
        column::encode(self)
    }

    /// Reads the column; `None` where it is damaged.
    pub fn decode(column: &[u8]) -> Option<Self> {
        column::decode(column)
    }
}

/// Octets in one stroke; serde alone would write and read a `Vec<u8>` one by one.
mod octets {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(octets)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        <&[u8]>::deserialize(deserializer).map(<[u8]>::to_vec)
    }
}

/// The same, where there may be none.
mod maybe {
    use serde::{Deserialize, Deserializer, Serializer};

    struct Octets<'a>(&'a [u8]);

    impl serde::Serialize for Octets<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    pub fn serialize<S: Serializer>(octets: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match octets {
            Some(octets) => serializer.serialize_some(&Octets(octets)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<&[u8]>::deserialize(deserializer)?.map(<[u8]>::to_vec))
    }
}
