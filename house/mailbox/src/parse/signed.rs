//! Letters that a signature is wrapped around: `application/pkcs7-mime` with SignedData (RFC 8551 §3.5.2, RFC 5652 §5). What is
//! inside is read as parts of the letter for whoever shows, lists, previews or indexes it. The signature is not checked, and the
//! part itself stays a leaf to IMAP and to the structure of RFC 8621. Nothing is copied: each part inside tells where it stands.

use std::ops::Range;

use mail::header;

use super::ber::{self, Walk};
use super::made::Opened;
use super::steps::Step;
use super::structure::{Content, Deep, Encoding, Part};

/// Signatures around signatures that are unwrapped.
pub(super) const DEEPEST: usize = 2;
/// The most strings that may stand in each other.
const DEEPEST_STRINGS: usize = 8;
/// Octets between two places in strings of few octets at which reading may begin.
const STRIDE: usize = 1024;
/// SignedData (RFC 5652 §5.1).
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// Octets that say nothing of themselves, which is what S/MIME signs (RFC 5652 §4).
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[0]`, with an element inside.
const CONTEXT_0: u8 = 0xa0;

/// Returns true if a signature may be wrapped around a letter in this part.
pub(super) fn may_be(part: &Part) -> bool {
    let is_named = || part.file_name().is_some_and(|name| name.to_lowercase().ends_with(".p7m"));
    match part.param("smime-type") {
        Some(kind) if is_smime(part) => kind.eq_ignore_ascii_case(b"signed-data"),
        _ => is_smime(part) || (part.is("application", "octet-stream") && is_named()),
    }
}

fn is_smime(part: &Part) -> bool {
    part.is("application", "pkcs7-mime") || part.is("application", "x-pkcs7-mime")
}

/// The content that a signature is wrapped around.
pub(super) struct Wrapped<'a> {
    opened: Opened<'a>,
    strings: Strings,
}

/// The octet string in which it stands.
#[derive(Default)]
struct Strings {
    /// The string, where it is in one piece.
    one: Range<usize>,
    /// The pieces joined, where it is in several.
    joined: Vec<u8>,
    pieces: usize,
    /// Places at which reading may begin, in order.
    places: Vec<Place>,
    /// Behind the last piece.
    end: usize,
}

/// A place at which reading may begin.
struct Place {
    /// Octets of what is signed that stand before it.
    clear: usize,
    /// The head of a piece.
    head: usize,
    /// Its octets, where the piece is large; else smaller ones follow up to the next place.
    large: Option<Range<usize>>,
}

impl<'a> Wrapped<'a> {
    /// None for what is not signed, or not a letter, or can only be decoded in too much memory.
    pub(super) fn of(letter: &'a [u8], body: Range<usize>, part: &Part) -> Option<Self> {
        let opened = Opened::of(letter, body, part.transfer_encoding())?;
        let strings = Strings::read(&opened.octets, content(&opened.octets)?);
        let wrapped = Self { opened, strings };
        is_letter(wrapped.octets(), part).then_some(wrapped)
    }

    /// The octets that are signed.
    pub(super) fn octets(&self) -> &[u8] {
        match self.strings.pieces {
            0 | 1 => self.opened.octets.get(self.strings.one.clone()).unwrap_or_default(),
            _ => &self.strings.joined,
        }
    }

    /// Tells of a part that was found in [`octets`](Self::octets), and of those in it, where they stand in the letter. The depth
    /// of a structure is bounded, so this is.
    pub(super) fn place(&self, part: &mut Part) {
        let (way, mut content) = match std::mem::take(&mut part.content) {
            Content::Deep(deep) => (deep.way, deep.content),
            Content::Within(mut within) => {
                let way = vec![stretch(&within.octets)];
                within.octets = 0..within.octets.end.saturating_sub(within.octets.start);
                (way, Content::Within(within))
            }
            content => own(part, content),
        };
        match &mut content {
            Content::Multipart(parts) | Content::Made(parts) => parts.iter_mut().for_each(|part| self.place(part)),
            Content::Signed(inside) => self.place(inside),
            Content::Leaf | Content::Message(_) | Content::Within(_) | Content::Deep(_) => {}
        }
        part.content = Content::Deep(Box::new(Deep { way: self.led_from_letter(way), content }));
    }

    /// A way through what is signed, as one from the octets of the letter.
    fn led_from_letter(&self, way: Vec<Step>) -> Vec<Step> {
        let Some((first, rest)) = way.split_first() else { return Vec::new() };
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(self.octets().len());
        let mut from_letter = self.way(at(first.start)..at(first.end));
        Step { start: 0, end: first.end.saturating_sub(first.start), ..*first }.join(&mut from_letter);
        rest.iter().for_each(|step| step.join(&mut from_letter));
        from_letter
    }

    /// The way to a stretch of what is signed.
    fn way(&self, range: Range<usize>) -> Vec<Step> {
        let places = &self.strings.places;
        let first = places.partition_point(|place| place.clear <= range.start).saturating_sub(1);
        let Some(place) = places.get(first) else { return self.opened.way(0..0, Encoding::Identity) };
        let from_place = range.start - place.clear..range.end.max(range.start) - place.clear;
        if let Some(large) = place.large.as_ref().filter(|large| from_place.end <= large.len()) {
            let range = large.start + from_place.start..large.start + from_place.end;
            return self.opened.way(range, Encoding::Identity);
        }
        let last = places.partition_point(|place| place.clear < range.end);
        let end = places.get(last).map_or(self.strings.end, |place| place.head);
        let mut way = self.opened.way(place.head..end, Encoding::OctetStrings);
        let (start, end) = (from_place.start as u64, from_place.end as u64);
        Step { start, end, encoding: Encoding::Identity }.join(&mut way);
        way
    }
}

/// The stretch in which a part of what is signed stands, from which its ranges count from now on; with its content.
fn own(part: &mut Part, mut content: Content) -> (Vec<Step>, Content) {
    // Nobody reads a multipart whole.
    let end = if matches!(content, Content::Multipart(_)) { part.header.end } else { part.body.end };
    let way = vec![stretch(&(part.header.start..end))];
    if let Content::Message(message) = &mut content
        && part.transfer_encoding() == Encoding::Identity
    {
        message.root.move_by(-i64::from(part.body.start));
    }
    let by = part.header.start;
    for range in [&mut part.header, &mut part.body] {
        *range = range.start.saturating_sub(by)..range.end.saturating_sub(by);
    }
    (way, content)
}

fn stretch(range: &Range<u32>) -> Step {
    Step { start: range.start.into(), end: range.end.into(), encoding: Encoding::Identity }
}

/// Returns the position of the octet string of the content (RFC 5652 §3, §5.1, §5.2).
fn content(octets: &[u8]) -> Option<usize> {
    let mut walk = Walk::new(octets);
    walk.enter(SEQUENCE)?;
    walk.take(OID).filter(|kind| *kind == SIGNED_DATA)?;
    walk.enter(CONTEXT_0)?;
    walk.enter(SEQUENCE)?;
    // The version, and the ways of making digests.
    walk.skip()?;
    walk.skip()?;
    walk.enter(SEQUENCE)?;
    walk.take(OID).filter(|kind| *kind == DATA)?;
    walk.enter(CONTEXT_0)?;
    Some(walk.at)
}

/// Returns true for a part of a letter (RFC 8551 §3.1), and not for a file that was signed, such as `invoice.xml.p7m`.
fn is_letter(octets: &[u8], part: &Part) -> bool {
    let head = octets.get(..header::part_body_start(octets)).unwrap_or_default();
    let tells = |name: &[u8]| {
        let begins = name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        begins || name.eq_ignore_ascii_case(b"mime-version")
    };
    if header::fields(head).any(|field| tells(field.name)) {
        return true;
    }
    let name = part.file_name().unwrap_or_default().to_lowercase();
    let is_of_file = name.strip_suffix(".p7m").is_some_and(|stem| stem.contains('.'));
    !octets.is_empty() && !is_of_file && memchr::memchr(0, octets).is_none()
}

impl Strings {
    /// Reads the string at this place, as far as it goes.
    fn read(octets: &[u8], at: usize) -> Self {
        let mut strings = Self { end: at, ..Self::default() };
        let mut walk = Walk::new(octets);
        walk.at = at;
        // The end of each string that is entered; `None` if its length is not told.
        let mut open: Vec<Option<usize>> = Vec::new();
        while let Some(head) = walk.head() {
            let inside = walk.at + head.size;
            let length = head.length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
            let end = length.map(|length| inside.saturating_add(length).min(octets.len()));
            match (head.tag, end) {
                (ber::OCTETS, Some(end)) => {
                    strings.piece(octets, walk.at, inside..end);
                    walk.at = end;
                }
                (ber::OCTETS_IN_PIECES, end) if open.len() < DEEPEST_STRINGS => {
                    open.push(end);
                    walk.at = inside;
                }
                (ber::END, Some(_)) if head.length == Some(0) && open.last() == Some(&None) => {
                    open.pop();
                    walk.at = inside;
                }
                _ => break,
            }
            while open.last().is_some_and(|end| end.is_some_and(|end| walk.at >= end)) {
                open.pop();
            }
            strings.end = walk.at;
            if open.is_empty() {
                break;
            }
        }
        strings
    }

    fn piece(&mut self, octets: &[u8], head: usize, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let clear = if self.pieces > 1 { self.joined.len() } else { self.one.len() };
        let is_large = range.len() >= STRIDE;
        let is_place = |last: &Place| is_large || last.large.is_some() || clear - last.clear >= STRIDE;
        if self.places.last().is_none_or(is_place) {
            self.places.push(Place { clear, head, large: is_large.then(|| range.clone()) });
        }
        self.pieces += 1;
        if self.pieces == 1 {
            self.one = range;
            return;
        }
        if self.pieces == 2 {
            self.joined = octets.get(self.one.clone()).unwrap_or_default().to_vec();
        }
        self.joined.extend_from_slice(octets.get(range).unwrap_or_default());
    }
}
