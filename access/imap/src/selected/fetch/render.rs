//! Renders rows to responses, on the reader thread: a small string is read and written immediately, a large one becomes
//! a piece that is streamed later.

use std::ops::{ControlFlow, Range};

use mailbox::parse::{Encoding, Step};
use mailbox::{Card, Error, Keywords, Row, Structure, Uid, UidRange, Uids};
use store::{BlobId, View};

use super::items::{Ask, FetchItems, What};
use super::stream::{self, Body, Nul};
use super::{Folder, Known, Seen};
use crate::codec::date::date_time;
use crate::codec::object_id;
use crate::codec::write::{literal, literal_head, number};
use crate::selected::envelope::envelope;
use crate::selected::section::{Undecodable, decoded, located, picked_fields, slice};
use crate::selected::sets::Places;
use crate::selected::structure::{Form, structure};
use crate::selected::view::{flags, modseq};

/// The rendered octets after which a batch ends.
const BATCH_OCTETS: usize = 128 * 1024;
/// Letters after which a batch of narrow rows ends.
const BATCH_ROWS: u64 = 4000;
/// The largest section that is sent without streaming.
const INLINE: u64 = 64 * 1024;
/// The damaged letters after which a batch ends.
const DAMAGED: usize = 100;
/// The most octets of a header that HEADER.FIELDS reads; real ones have some thousand.
const MAX_HEADER: usize = 256 * 1024;

/// Some letters, ready to be sent.
pub struct Batch {
    pub pieces: Vec<Piece>,
    /// The last letter in it, if there may be more; the next batch begins behind it.
    pub last: Option<Uid>,
    pub shown: u64,
    /// Letters that are not shown because their bodies are damaged or lost.
    pub damaged: Vec<Uid>,
    /// The keywords that the client must be told of first.
    pub keywords: Option<Keywords>,
    /// The letters whose text is in it.
    pub read: Vec<i64>,
}

/// A stretch of the answer.
pub enum Piece {
    /// Rendered text.
    Text(Vec<u8>),
    /// A body that is read and sent chunk by chunk.
    Body(Body),
}

/// Renders letters until the batch is full.
pub fn batch(
    view: &View,
    folder: Folder,
    ranges: &[UidRange],
    plan: &FetchItems,
    uids: &Uids,
    known: Known<'_>,
    seen: &Seen,
) -> Result<Batch, Error> {
    let mut writer = Writer {
        view,
        plan,
        known,
        learnt: None,
        unnamed: None,
        places: Places::new(uids),
        seen,
        text: Vec::with_capacity(if plan.is_narrow() { BATCH_OCTETS + 1024 } else { 0 }),
        pieces: Vec::new(),
        shown: 0,
        damaged: Vec::new(),
        read: Vec::new(),
        last: None,
        failed: None,
    };
    writer.walk(folder, ranges)?;
    if let Some(unnamed) = writer.unnamed.take() {
        // The client has not heard of a keyword: the names are read between the rows before it and those from it on.
        writer.learnt = Some(Keywords::load(view, known.access)?);
        writer.walk(folder, &mailbox::letter::rest(ranges, unnamed))?;
    }
    writer.finish()
}

struct Writer<'a> {
    view: &'a View,
    plan: &'a FetchItems,
    known: Known<'a>,
    /// The account's keywords, read because the client had not been told of one of them.
    learnt: Option<Keywords>,
    /// The letter at which the walk ended because nobody has read the name of one of its keywords yet.
    unnamed: Option<Uid>,
    places: Places<'a>,
    seen: &'a Seen,
    text: Vec<u8>,
    pieces: Vec<Piece>,
    shown: u64,
    damaged: Vec<Uid>,
    read: Vec<i64>,
    last: Option<Uid>,
    failed: Option<Error>,
}

impl Writer<'_> {
    /// Shows the letters of the ranges: in one statement for each range, unless the answer holds a piece of a body,
    /// which has to be asked for between the rows.
    fn walk(&mut self, folder: Folder, ranges: &[UidRange]) -> Result<(), Error> {
        let (view, access, want) = (self.view, self.known.access, self.plan.want());
        match self.plan.reads_bodies() {
            true => mailbox::fetch::in_pages(view, access, folder, ranges, want, |row| self.visit(&row)),
            false => mailbox::fetch::each(view, access, folder, ranges, want, |row| self.visit(&row)),
        }
    }

    fn finish(mut self) -> Result<Batch, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(self.text));
        }
        let Self { pieces, last, shown, damaged, learnt: keywords, read, .. } = self;
        Ok(Batch { pieces, last, shown, damaged, keywords, read })
    }

    fn visit(&mut self, row: &Row) -> ControlFlow<()> {
        let Some(place) = self.places.of(row.uid) else { return ControlFlow::Continue(()) };
        if self.learnt.is_none() && self.has_unnamed(row) {
            self.unnamed = Some(row.uid);
            return ControlFlow::Break(());
        }
        let before = (self.pieces.len(), self.text.len());
        match self.letter(row, place) {
            Ok(()) => self.shown += 1,
            Err(error) if is_of_one_letter(&error) => {
                self.take_back(before);
                return self.pass_over(row, &error);
            }
            Err(error) => {
                self.failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        if self.plan.reads {
            self.read.push(row.letter.0);
        }
        // A body that is to be streamed ends the batch: the sooner it is read, the less can happen to it.
        let full = self.text.len() >= BATCH_OCTETS || self.shown >= BATCH_ROWS || !self.pieces.is_empty();
        if full {
            self.last = Some(row.uid);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Goes on with the letters behind one that cannot be read.
    fn pass_over(&mut self, row: &Row, error: &Error) -> ControlFlow<()> {
        tracing::warn!(letter = row.letter.0, %error, "a letter could not be shown");
        self.damaged.push(row.uid);
        if self.damaged.len() < DAMAGED {
            return ControlFlow::Continue(());
        }
        self.last = Some(row.uid);
        ControlFlow::Break(())
    }

    /// Removes the output for a letter.
    fn take_back(&mut self, (pieces, text): (usize, usize)) {
        // The text before the letter became the first of the letter's pieces.
        if let Some(Piece::Text(first)) = self.pieces.drain(pieces..).next() {
            self.text = first;
        }
        self.text.truncate(text);
    }

    fn letter(&mut self, row: &Row, place: u32) -> Result<(), Error> {
        let keywords = self.learnt.as_ref().unwrap_or(self.known.told);
        let out = &mut self.text;
        out.extend_from_slice(b"* ");
        number(out, u64::from(place));
        out.extend_from_slice(b" FETCH (");
        columns(out, self.plan, row, keywords, self.seen.contains(row.uid));
        if let Some(card) = &row.card {
            self.card(row, card)?;
        }
        // Each item has left a blank behind it.
        if self.text.last() == Some(&b' ') {
            self.text.pop();
        }
        self.text.extend_from_slice(b")\r\n");
        Ok(())
    }

    /// Returns true if the flags of the letter are shown, and the client does not know one of its keywords.
    fn has_unnamed(&self, row: &Row) -> bool {
        let shows_flags = self.plan.flags || self.seen.contains(row.uid);
        shows_flags && row.flags.keywords().iter().any(|id| self.known.told.name(*id).is_none())
    }

    fn card(&mut self, row: &Row, card: &Card) -> Result<(), Error> {
        let (plan, out) = (self.plan, &mut self.text);
        if let Some(summary) = card.summary.as_ref().filter(|_| plan.envelope) {
            out.extend_from_slice(b"ENVELOPE ");
            envelope(out, summary, plan.charset());
            out.push(b' ');
        }
        if let Some(tree) = &card.structure {
            for (wanted, name, extended) in
                [(plan.body, &b"BODY "[..], false), (plan.body_structure, b"BODYSTRUCTURE ", true)]
            {
                if wanted {
                    out.extend_from_slice(name);
                    structure(out, &tree.root, Form { extended, charset: plan.charset() });
                    out.push(b' ');
                }
            }
        }
        for ask in &plan.asks {
            self.ask(row, card, ask)?;
        }
        Ok(())
    }

    fn ask(&mut self, row: &Row, card: &Card, ask: &Ask) -> Result<(), Error> {
        let tree = card.structure.as_ref();
        self.text.extend_from_slice(&ask.label);
        self.text.push(b' ');
        match &ask.what {
            What::Section(section) => match located(row.size, tree, section) {
                Some(path) => self.section(card.blob, &path, ask)?,
                None => self.text.extend_from_slice(b"NIL"),
            },
            What::Fields { section, names, except } => match located(row.size, tree, section) {
                Some(path) => {
                    let (header, _) = mailbox::body::unpacked(self.view, card.blob, &path, MAX_HEADER)?;
                    let picked = picked_fields(&header, names, *except);
                    let part = slice(picked.len() as u64, ask.partial);
                    literal(&mut self.text, picked.get(within(part)).unwrap_or_default());
                }
                None => self.text.extend_from_slice(b"NIL"),
            },
            What::Binary(section) => self.binary(row, card, section, ask)?,
            What::BinarySize(section) => match self.decodable(row, tree, section) {
                Some(path) => {
                    let size = stream::measure(self.view, card.blob, &path)?.length;
                    number(&mut self.text, size);
                }
                None => number(&mut self.text, 0),
            },
        }
        self.text.push(b' ');
        Ok(())
    }

    /// Adds octets as they stand in the letter, or in the decoded letter around them: immediately if they are few, else
    /// later.
    fn section(&mut self, blob: BlobId, path: &[Step], ask: &Ask) -> Result<(), Error> {
        let [Step { start, end, encoding: Encoding::Identity }] = path else {
            let length = stream::measure(self.view, blob, path)?.length;
            return self.decoded(blob, path, slice(length, ask.partial), Nul::Hidden);
        };
        let part = slice(end.saturating_sub(*start), ask.partial);
        let range = start + part.start..start + part.end;
        let length = range.end - range.start;
        // Many small sections of one letter are no reason to hold them all.
        if length <= INLINE && self.text.len() < 2 * BATCH_OCTETS {
            literal(&mut self.text, &self.view.read_blob(blob, range)?);
            return Ok(());
        }
        let body = Body::plain(blob, range);
        body.prove(self.view)?;
        literal_head(&mut self.text, length);
        self.later(body);
        Ok(())
    }

    fn decoded(&mut self, blob: BlobId, path: &[Step], part: Range<u64>, nul: Nul) -> Result<(), Error> {
        literal_head(&mut self.text, part.end - part.start);
        let body = Body::decoded(blob, path, part, nul);
        if body.length() <= INLINE && self.text.len() < 2 * BATCH_OCTETS {
            return Ok(stream::read_all(self.view, body, &mut self.text)?);
        }
        self.later(body);
        Ok(())
    }

    fn later(&mut self, body: Body) {
        self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        self.pieces.push(Piece::Body(body));
    }

    /// RFC 3516 §4.3: the transfer encoding is undone; octets of any kind may come, as a literal8 if NUL is among them.
    fn binary(&mut self, row: &Row, card: &Card, section: &mailbox::Section, ask: &Ask) -> Result<(), Error> {
        let Some(path) = self.decodable(row, card.structure.as_ref(), section) else {
            self.text.extend_from_slice(b"NIL");
            return Ok(());
        };
        let measured = stream::measure(self.view, card.blob, &path)?;
        if measured.has_nul {
            self.text.push(b'~');
        }
        self.decoded(card.blob, &path, slice(measured.length, ask.partial), Nul::Sent)
    }

    /// Returns the way to a part with its encoding taken off; a part that nobody can decode has none, and is noted.
    fn decodable(&self, row: &Row, tree: Option<&Structure>, section: &mailbox::Section) -> Option<Vec<Step>> {
        decoded(row.size, tree, section).unwrap_or_else(|Undecodable| {
            self.plan.note_undecodable();
            None
        })
    }
}

/// Writes the items that the letter's row holds, with a blank behind each. `seen`: reading has set `\Seen` just now.
fn columns(out: &mut Vec<u8>, plan: &FetchItems, row: &Row, keywords: &Keywords, seen: bool) {
    if plan.uid {
        out.extend_from_slice(b"UID ");
        number(out, u64::from(row.uid.get()));
        out.push(b' ');
    }
    // RFC 9051 §6.4.5: if reading has set \Seen, the answer contains the flags.
    if plan.flags || seen {
        flags(out, &row.flags, keywords);
        out.push(b' ');
    }
    if plan.modseq || (plan.condstore && seen) {
        modseq(out, row.change);
        out.push(b' ');
    }
    if plan.date {
        out.extend_from_slice(b"INTERNALDATE ");
        date_time(out, row.received);
        out.push(b' ');
    }
    if plan.size {
        out.extend_from_slice(b"RFC822.SIZE ");
        number(out, row.size);
        out.push(b' ');
    }
    if plan.email_id {
        out.extend_from_slice(b"EMAILID ");
        object_id::email_id(out, row.letter);
        out.push(b' ');
    }
    if plan.thread_id {
        out.extend_from_slice(b"THREADID ");
        object_id::thread_id(out, row.thread);
        out.push(b' ');
    }
}

/// Returns true if the failure concerns this letter alone: then the others are shown.
fn is_of_one_letter(error: &Error) -> bool {
    matches!(error, Error::Store(error) if error.is_permanent() || matches!(error, store::Error::Corrupt(_)))
}

fn within(range: Range<u64>) -> Range<usize> {
    let at = |n| usize::try_from(n).unwrap_or(usize::MAX);
    at(range.start)..at(range.end)
}
