//! Bodies on their way to the client: read in ranges, decoded if asked for, sent as the client takes them. One chunk is
//! in memory, whatever the size of the letter.

use std::ops::Range;

use store::{BlobId, View};

use crate::codec::write::without_nul;
use crate::session::{Halt, Output};
use mailbox::parse::{Step, Unpacker};

/// Octets that one read returns; whole frames of the store if a chunk begins at one.
const CHUNK: u64 = 128 * 1024;

/// The part of a blob that is to be sent.
pub struct Body {
    blob: BlobId,
    range: Range<u64>,
    decoding: Option<Decoding>,
}

struct Decoding {
    unpacker: Unpacker,
    /// The treatment of NUL: BODY[…] may not contain it, BINARY[…] may.
    nul: Nul,
    /// Decoded octets to skip, and then to send.
    skip: u64,
    take: u64,
}

impl Body {
    /// Makes a body of the octets of the range, unchanged.
    pub fn plain(blob: BlobId, range: Range<u64>) -> Self {
        Self { blob, range, decoding: None }
    }

    /// Makes the stream of the octets `part` in the result of a path of steps.
    pub fn decoded(blob: BlobId, path: &[Step], part: Range<u64>, nul: Nul) -> Self {
        let unpacker = Unpacker::new(path);
        let decoding = Decoding { unpacker, nul, skip: part.start, take: part.end - part.start };
        Self { blob, range: first_range(path), decoding: Some(decoding) }
    }

    /// Reads the body once without sending it. After this it can be announced.
    pub fn prove(&self, view: &View) -> Result<(), store::Error> {
        view.prove_blob(self.blob, self.range.clone())
    }

    /// Returns the number of octets that will be sent.
    pub fn length(&self) -> u64 {
        self.decoding.as_ref().map_or(self.range.end - self.range.start, |decoding| decoding.take)
    }

    /// Returns the next range to read, up to a round offset, so that no frame is unpacked twice. `None`: all is read.
    fn next(&mut self) -> Option<Range<u64>> {
        let enough = self.decoding.as_ref().is_some_and(|decoding| decoding.take == 0);
        if self.range.is_empty() || enough {
            return None;
        }
        let end = ((self.range.start / CHUNK + 1) * CHUNK).min(self.range.end);
        let next = self.range.start..end;
        self.range.start = end;
        Some(next)
    }

    /// Writes the part of the chunk just read that is to be sent.
    fn digest(&mut self, chunk: &[u8], last: bool, out: &mut Vec<u8>) {
        let Some(decoding) = &mut self.decoding else {
            let start = out.len();
            out.extend_from_slice(chunk);
            return without_nul(out.get_mut(start..).unwrap_or_default());
        };
        let mut clear = Vec::new();
        decoding.unpacker.push(chunk, &mut clear);
        if last {
            decoding.unpacker.finish(&mut clear);
        }
        let skipped = decoding.skip.min(clear.len() as u64);
        let taken = decoding.take.min(clear.len() as u64 - skipped);
        decoding.skip -= skipped;
        decoding.take -= taken;
        let start = out.len();
        out.extend_from_slice(clear.get(skipped as usize..(skipped + taken) as usize).unwrap_or_default());
        if decoding.nul == Nul::Hidden {
            without_nul(out.get_mut(start..).unwrap_or_default());
        }
    }
}

/// The treatment of NUL in decoded octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nul {
    /// NUL is replaced, as in everything that is no literal8.
    Hidden,
    /// NUL is sent.
    Sent,
}

/// Returns the range that has to be read for a path.
fn first_range(path: &[Step]) -> Range<u64> {
    path.first().map_or(0..0, |step| step.start..step.end)
}

/// Sends a body whose literal head has been written. It was proven sound then; if it cannot be read to its end all the
/// same, the connection has to go: the client waits for octets that will never come.
pub async fn send(store: &store::Store, asker: store::Asker, out: &mut Output<'_>, mut body: Body) -> Result<(), Halt> {
    let blob = body.blob;
    while let Some(range) = body.next() {
        let length = range.end - range.start;
        let read = store.read_for::<_, store::Error, _>(asker, move |view| view.read_blob(blob, range)).await;
        let chunk = read.map_err(|error| broken(&error.to_string()))?;
        if chunk.len() as u64 != length {
            return Err(broken("the letter is shorter than it was"));
        }
        if body.decoding.is_none() && memchr::memchr(0, &chunk).is_none() {
            // Nearly always nothing has to be changed, so nothing is copied.
            out.send_bytes(&chunk).await?;
            continue;
        }
        let mut clear = Vec::with_capacity(chunk.len());
        body.digest(&chunk, body.range.is_empty(), &mut clear);
        out.send_bytes(&clear).await?;
    }
    Ok(())
}

fn broken(why: &str) -> Halt {
    tracing::error!(why, "a letter could not be sent to its end");
    Halt::Gone(net::Error::Io(std::io::Error::other(format!("a letter could not be sent to its end: {why}"))))
}

/// Appends a whole (small) body.
pub fn read_all(view: &View, mut body: Body, out: &mut Vec<u8>) -> Result<(), store::Error> {
    while let Some(range) = body.next() {
        let chunk = view.read_blob(body.blob, range)?;
        body.digest(&chunk, body.range.is_empty(), out);
    }
    Ok(())
}

/// The result of decoding octets without keeping them.
pub struct Measured {
    /// Octets.
    pub length: u64,
    /// True if a NUL is among them.
    pub has_nul: bool,
}

/// Decodes the result of a path to learn its length, which comes before the octets.
pub fn measure(view: &View, blob: BlobId, path: &[Step]) -> Result<Measured, store::Error> {
    let mut measured = Measured { length: 0, has_nul: false };
    let mut clear = Vec::new();
    let mut body = Body::plain(blob, first_range(path));
    let mut unpacker = Unpacker::new(path);
    while let Some(range) = body.next() {
        let chunk = view.read_blob(blob, range)?;
        clear.clear();
        unpacker.push(&chunk, &mut clear);
        if body.range.is_empty() {
            unpacker.finish(&mut clear);
        }
        measured.length += clear.len() as u64;
        measured.has_nul |= memchr::memchr(0, &clear).is_some();
    }
    Ok(measured)
}
