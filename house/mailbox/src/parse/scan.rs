//! Takes a letter apart into its MIME parts, without decoding anything: one walk over the bytes a level.

use std::collections::HashSet;
use std::ops::Range;

use mail::header;
use reading::params::{self, Param, find};

use super::decode;
use super::made;
use super::signed::{self, Wrapped};
use super::structure::{Content, Disposition, Encoding, Message, Part, Structure};
use super::summary::Summary;

/// The limits within which a letter is taken apart. Whatever lies beyond stays one part of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of multiparts and letters inside letters.
    pub depth: usize,
    /// Parts in all.
    pub parts: usize,
    /// The longest field kept, in octets.
    pub field: usize,
    /// The number of octets that are kept of all fields.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 32, parts: 1000, field: 4096, total: 256 * 1024 }
    }
}

/// The parts of a letter. Offsets are of 32 bits: bytes beyond 4 GiB are not seen.
pub fn scan(letter: &[u8], limits: Limits) -> Structure {
    let letter = &letter[..letter.len().min(u32::MAX as usize)];
    let mut scanner = Scanner { letter, limits, parts: 0, room: limits.total, texts: Vec::new(), wrappings: 0 };
    Structure { root: scanner.part(0..letter.len(), Kind::Letter, 0) }
}

/// The kind of a stretch of octets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A whole letter.
    Letter,
    /// A part of a multipart.
    Part,
    /// A part of a multipart/digest.
    Digested,
}

struct Scanner<'a> {
    letter: &'a [u8],
    limits: Limits,
    parts: usize,
    /// Octets that may still be kept of fields.
    room: usize,
    /// The texts of the letter that is being read, as far as it has been.
    texts: Vec<Part>,
    /// Signatures that are wrapped around what is read.
    wrappings: usize,
}

/// The texts of a letter that are compared with those in TNEF.
const TEXTS: usize = 4;

impl<'a> Scanner<'a> {
    /// Reads the part that fills `range`: its header, then its body.
    fn part(&mut self, range: Range<usize>, kind: Kind, depth: usize) -> Part {
        self.parts += 1;
        let letter: &'a [u8] = self.letter;
        let bytes = &letter[range.clone()];
        let body_start = match kind {
            Kind::Letter => header::body_start(bytes),
            Kind::Part | Kind::Digested => header::part_body_start(bytes),
        };
        let body_start = range.start + body_start;
        let mut part = self.describe(&letter[range.start..body_start], kind == Kind::Digested);
        part.header = offset(range.start)..offset(body_start);
        part.body = offset(body_start)..offset(range.end);
        self.fill(&mut part, body_start..range.end, depth);
        part
    }

    /// Describes a part by the fields of its header.
    fn describe(&mut self, bytes: &[u8], in_digest: bool) -> Part {
        let mut part = Part::default();
        let mut content_type = None;
        for field in header::fields(bytes) {
            let Some(name) = field.name.get(..8).filter(|start| start.eq_ignore_ascii_case(b"content-")) else {
                continue;
            };
            let name = field.name[name.len()..].to_ascii_lowercase();
            let value = field.value();
            let value = &value[..value.len().min(self.limits.field).min(self.room)];
            self.room -= value.len();
            let kept = || (!value.is_empty()).then(|| value.to_vec());
            match name.as_slice() {
                b"type" if content_type.is_none() => content_type = Some(params::read(value)),
                b"id" => part.id = kept(),
                b"md5" => part.md5 = kept(),
                b"description" => part.description = kept(),
                b"location" => part.location = kept(),
                b"transfer-encoding" => part.encoding = Some(params::read(value).0).filter(|e| !e.is_empty()),
                b"disposition" => part.disposition = disposition(value),
                b"language" => part.language = languages(value),
                _ => {}
            }
        }
        set_type(&mut part, content_type, in_digest);
        part
    }

    /// Looks into the body, where there is something to look into.
    fn fill(&mut self, part: &mut Part, body: Range<usize>, depth: usize) {
        let full = depth >= self.limits.depth || self.parts >= self.limits.parts;
        if part.is("multipart", "") {
            match boundary(&part.params) {
                Some(boundary) if !full => self.multipart(part, body, &boundary, depth),
                Some(_) => opaque(part),
                // A multipart whose boundary is not told is read as the text that it looks like.
                _ => self.multipart_without_parts(part, body),
            }
            return;
        }
        let is_letter = part.is("message", "rfc822") || part.is("message", "global");
        if is_letter {
            let encoding = part.transfer_encoding();
            if full || encoding == Encoding::Unknown {
                opaque(part);
                return;
            }
            part.lines = lines(&self.letter[body.clone()]);
            let message = match encoding {
                Encoding::Identity => self.message(body, depth),
                _ => self.encoded_message(&decode::body(encoding, &self.letter[body]), depth),
            };
            part.content = Content::Message(Box::new(message));
        } else {
            if part.is("text", "") {
                part.lines = lines(&self.letter[body.clone()]);
                if self.texts.len() < TEXTS {
                    self.texts.push(part.clone());
                }
            }
            match signed::may_be(part) && !full {
                true => self.unwrap(part, body, depth),
                false => self.look_beside_mime(part, body),
            }
        }
    }

    /// Looks for a letter that a signature is wrapped around.
    fn unwrap(&mut self, part: &mut Part, body: Range<usize>, depth: usize) {
        if self.wrappings >= signed::DEEPEST {
            return;
        }
        let Some(wrapped) = Wrapped::of(self.letter, body, part) else { return };
        let mut inside = self.inside(wrapped.octets(), self.wrappings + 1);
        let mut root = inside.part(0..wrapped.octets().len(), Kind::Part, depth + 1);
        (self.parts, self.room) = (inside.parts, inside.room);
        wrapped.place(&mut root);
        part.content = Content::Signed(Box::new(root));
    }

    /// A scanner of octets that stand in what is read, with what is left of the limits.
    fn inside<'b>(&self, letter: &'b [u8], wrappings: usize) -> Scanner<'b> {
        let Self { limits, parts, room, .. } = *self;
        Scanner { letter, limits, parts, room, texts: Vec::new(), wrappings }
    }

    /// Looks for texts and files that mailers put into a leaf.
    fn look_beside_mime(&mut self, part: &mut Part, body: Range<usize>) {
        let most = self.limits.parts.saturating_sub(self.parts);
        let texts = &self.texts;
        let said = || -> HashSet<u64> { texts.iter().flat_map(|text| made::words_of(text, self.letter)).collect() };
        if let Some(parts) = made::look(part, self.letter, body, most, said) {
            self.parts += parts.len();
            part.content = Content::Made(parts);
        }
    }

    /// A letter inside.
    fn message(&mut self, body: Range<usize>, depth: usize) -> Message {
        let around = std::mem::take(&mut self.texts);
        let message = self.own_message(body, depth);
        self.texts = around;
        message
    }

    fn own_message(&mut self, body: Range<usize>, depth: usize) -> Message {
        let summary = Summary::parse_within(&self.letter[body.clone()], self.room.min(self.limits.field * 4) / 11);
        self.room -= summary.weight().min(self.room);
        Message { summary, root: self.part(body, Kind::Letter, depth + 1) }
    }

    /// A letter that came encoded, against RFC 2046 §5.2.1. Its parts stand where they are in the decoded octets.
    fn encoded_message(&mut self, letter: &[u8], depth: usize) -> Message {
        let mut inside = self.inside(letter, self.wrappings);
        let message = inside.message(0..letter.len(), depth);
        (self.parts, self.room) = (inside.parts, inside.room);
        message
    }

    fn multipart(&mut self, part: &mut Part, body: Range<usize>, boundary: &[u8], depth: usize) {
        let kind = if part.is("multipart", "digest") { Kind::Digested } else { Kind::Part };
        let mut children = Vec::new();
        let mut delimiters = Delimiters::new(self.letter, body.clone(), boundary);
        let mut current = delimiters.next();
        while let Some(delimiter) = current.filter(|delimiter| !delimiter.closes) {
            let full = self.parts + 1 >= self.limits.parts;
            let next = if full { None } else { delimiters.behind_part(delimiter.after) };
            let end = next.as_ref().map_or(body.end, |next| next.before).max(delimiter.after);
            children.push(self.part(delimiter.after..end, kind, depth + 1));
            current = next;
        }
        // If all parts between the boundaries are empty, the text before them is the letter.
        let is_empty = children.iter().all(|child: &Part| child.content == Content::Leaf && child.size() == 0);
        let preamble =
            &self.letter[body.start..children.first().map_or(body.start, |child| child.header.start as usize)];
        if children.is_empty() || (is_empty && says_something(preamble)) {
            self.multipart_without_parts(part, body);
        } else {
            part.content = Content::Multipart(children);
        }
    }

    /// BODYSTRUCTURE cannot say "no parts", and a person wants to read the letter: one text of all of it.
    fn multipart_without_parts(&mut self, part: &mut Part, body: Range<usize>) {
        self.parts += 1;
        // Against RFC 2045 §6.4 it may have come encoded; an encoding that nobody can undo is read as it stands.
        let is_known = part.transfer_encoding() != Encoding::Unknown;
        let encoding = part.encoding.clone().filter(|_| is_known);
        let mut child = Part { lines: lines(&self.letter[body.clone()]), encoding, ..Part::default() };
        set_type(&mut child, None, false);
        child.header = offset(body.start)..offset(body.start);
        child.body = offset(body.start)..offset(body.end);
        part.content = Content::Multipart(vec![child]);
    }
}

/// Returns true for more than boundary lines, blanks, and what mailers say to those that do not know MIME.
fn says_something(preamble: &[u8]) -> bool {
    let mut lines = preamble.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii);
    let is_note = |line: &[u8]| line.windows(4).any(|word| word.eq_ignore_ascii_case(b"mime"));
    lines.any(|line| !line.is_empty() && !line.starts_with(b"--") && !is_note(line))
}

/// A boundary line.
#[derive(Clone, Copy)]
struct Delimiter {
    /// The end of the text before it: the line end before a boundary belongs to the boundary (RFC 2046 §5.1.1).
    before: usize,
    /// The start of the text after it.
    after: usize,
    /// `--boundary--`
    closes: bool,
}

/// Walks over the boundary lines of one multipart.
struct Delimiters<'a> {
    letter: &'a [u8],
    body: Range<usize>,
    at: usize,
    finder: memchr::memmem::Finder<'a>,
    boundary: &'a [u8],
}

impl<'a> Delimiters<'a> {
    fn new(letter: &'a [u8], body: Range<usize>, boundary: &'a [u8]) -> Self {
        Self { letter, at: body.start, body, finder: memchr::memmem::Finder::new(boundary), boundary }
    }
}

impl Iterator for Delimiters<'_> {
    type Item = Delimiter;

    fn next(&mut self) -> Option<Delimiter> {
        while let Some(found) = self.finder.find(self.letter.get(self.at..self.body.end)?) {
            let start = self.at + found;
            self.at = start + self.boundary.len();
            if let Some(delimiter) = self.delimiter(start) {
                self.at = delimiter.after;
                return Some(delimiter);
            }
        }
        None
    }
}

impl Delimiters<'_> {
    /// The delimiter behind the part that begins at `start`. A multipart that has the same boundary as the one it is in
    /// (Outlook Express for Mac) has all lines up to the one that closes it.
    fn behind_part(&mut self, start: usize) -> Option<Delimiter> {
        let (mut start, mut open) = (start, 0_usize);
        loop {
            let next = self.next();
            let end = next.as_ref().map_or(self.body.end, |next| next.before).max(start);
            open += usize::from(self.has_same_boundary(start..end));
            let delimiter = next?;
            match open.checked_sub(usize::from(delimiter.closes)) {
                // Nothing is open: it is ours, whether it closes or not.
                None => return Some(delimiter),
                Some(0) if open == 0 => return Some(delimiter),
                Some(left) => open = left,
            }
            if delimiter.closes && open == 0 {
                return self.next();
            }
            start = delimiter.after;
        }
    }

    /// Returns true if a part says that it is a multipart with this boundary.
    fn has_same_boundary(&self, part: Range<usize>) -> bool {
        let part = &self.letter[part];
        let header = &part[..header::part_body_start(part).min(LONGEST_HEADER)];
        let Some(field) = header::find(header, "Content-Type") else { return false };
        let (name, params) = params::read(&field.value());
        name.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"))
            && boundary(&params).is_some_and(|boundary| boundary == self.boundary)
    }

    /// Reads the boundary found at `start`, if it is a whole line of its own, with `--` before it.
    fn delimiter(&self, start: usize) -> Option<Delimiter> {
        let dashes = start.checked_sub(2).filter(|at| *at >= self.body.start)?;
        if self.letter.get(dashes..start)? != b"--" {
            return None;
        }
        let at_line_start = dashes == self.body.start || self.letter.get(dashes - 1) == Some(&b'\n');
        if !at_line_start {
            return None;
        }
        let end = start + self.boundary.len();
        let line = self.letter.get(end..self.body.end)?;
        let length = memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
        let closes = match line[..length].trim_ascii() {
            b"" => false,
            b"--" => true,
            _ => return None,
        };
        Some(Delimiter { before: self.without_line_end(dashes), after: end + length, closes })
    }

    fn without_line_end(&self, at: usize) -> usize {
        match self.letter.get(self.body.start..at) {
            Some([.., b'\r', b'\r', b'\n']) => at - 3,
            Some([.., b'\r', b'\n']) => at - 2,
            Some([.., b'\n']) => at - 1,
            _ => at,
        }
    }
}

/// Octets of a part's header that are looked at for the same boundary.
const LONGEST_HEADER: usize = 64 * 1024;

/// The boundary of a multipart, in one piece or in several (RFC 2231 §3).
fn boundary(params: &[Param]) -> Option<Vec<u8>> {
    let plain = find(params, "boundary").map(<[u8]>::to_vec);
    let boundary = plain.or_else(|| params::text(params, "boundary").map(String::into_bytes));
    boundary.filter(|boundary| !boundary.is_empty())
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn lines(bytes: &[u8]) -> u32 {
    offset(memchr::memchr_iter(b'\n', bytes).count())
}

/// Makes a part that is not taken apart look like bytes to every reader.
fn opaque(part: &mut Part) {
    part.kind = b"application".to_vec();
    part.subtype = b"octet-stream".to_vec();
}

/// The type that was given, or the one that holds where none or none readable was (RFC 2045 §5.2, RFC 2046 §5.1.5).
fn set_type(part: &mut Part, given: Option<(Vec<u8>, Vec<Param>)>, in_digest: bool) {
    // If a header cannot be read, its names are kept: `Content-Type: PDF; name=bill.pdf`.
    let named = |param: &Param| param.name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"name"));
    let names: Vec<Param> = given.iter().flat_map(|(_, params)| params).filter(|param| named(param)).cloned().collect();
    let readable = given.and_then(|(name, params)| {
        let slash = memchr::memchr(b'/', &name)?;
        let (kind, subtype) = (name[..slash].trim_ascii(), name[slash + 1..].trim_ascii());
        let fits = is_token(kind) && is_token(subtype);
        fits.then(|| (kind.to_ascii_lowercase(), subtype.to_ascii_lowercase(), params))
    });
    (part.kind, part.subtype, part.params) = match readable {
        Some(readable) => readable,
        None if in_digest => (b"message".to_vec(), b"rfc822".to_vec(), names),
        None => {
            let charset = Param { name: b"charset".to_vec(), value: b"us-ascii".to_vec() };
            (b"text".to_vec(), b"plain".to_vec(), [vec![charset], names].concat())
        }
    };
}

fn is_token(text: &[u8]) -> bool {
    let special = |byte: &u8| b"()<>@,;:\\\"/[]?=".contains(byte);
    !text.is_empty() && text.len() <= 127 && text.iter().all(|byte| byte.is_ascii_graphic() && !special(byte))
}

fn disposition(value: &[u8]) -> Option<Disposition> {
    let (kind, params) = params::read(value);
    (!kind.is_empty()).then_some(Disposition { kind, params })
}

fn languages(value: &[u8]) -> Vec<Vec<u8>> {
    let tags = value.split(|byte| *byte == b',').map(|tag| tag.trim_ascii().to_vec());
    tags.filter(|tag| !tag.is_empty()).take(16).collect()
}
