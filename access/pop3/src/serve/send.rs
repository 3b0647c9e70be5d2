//! Letters on their way to the client: read in pieces, sent as the client takes them. One piece is in memory, whatever
//! the size of the letter.

use bytes::Bytes;
use mail::DotStuffer;
use mailbox::{Access, FolderId, LetterKey, UidRange, Want, body, fetch};
use net::{Connection, Error};
use store::{Asker, BlobId, Store, View};

use crate::maildrop::DropEntry;
use crate::reply::Reply;

/// Octets that one read returns; whole frames of the store if a piece begins at one.
pub(super) const PIECE: u64 = 128 * 1024;
/// The octets that TOP reads first, since it mostly needs no more than the header.
pub(super) const HEAD: u64 = 8 * 1024;

/// A letter, and its first octets.
pub(super) struct Found {
    /// Its key.
    pub(super) key: LetterKey,
    blob: BlobId,
    size: u64,
    beginning: Bytes,
}

/// Finds a letter and reads at most `most` octets of it, in one look. `None`: the letter is gone.
pub(super) fn find(
    view: &View,
    access: Access,
    folder: FolderId,
    letter: DropEntry,
    most: u64,
) -> Result<Option<Found>, mailbox::Error> {
    let want = Want { card: true, ..Want::ROW };
    let rows = fetch(view, access, folder, &[UidRange::one(letter.uid)], want, 1)?;
    let found = rows.into_iter().next().and_then(|row| Some((row.letter, row.card?.blob)));
    let Some((key, blob)) = found else { return Ok(None) };
    let size = u64::from(letter.size);
    Ok(Some(Found { key, blob, size, beginning: body::read(view, blob, 0..size.min(most))? }))
}

/// A letter, or its header and so many lines of its body, that was found sound and can be promised to the client.
pub(super) struct Parcel {
    asker: Asker,
    letter: Found,
    part: Part,
}

impl Parcel {
    /// Checks that all octets to be sent can be read.
    pub(super) async fn pack(
        store: &Store,
        asker: Asker,
        letter: Found,
        lines: Option<u32>,
    ) -> Result<Self, mailbox::Error> {
        let (mut wanted, blob, size) = (Part::new(lines), letter.blob, letter.size);
        let mut end = letter.beginning.len() as u64;
        wanted.take(&letter.beginning);
        let prove = move |view: &View| {
            while end < size && !wanted.is_whole() {
                view.check()?;
                let piece = body::read(view, blob, end..size)?;
                if piece.is_empty() {
                    break;
                }
                wanted.take(&piece);
                end += piece.len() as u64;
            }
            Ok::<(), mailbox::Error>(())
        };
        if end < size {
            store.read_for(asker, prove).await?;
        }
        Ok(Self { asker, letter, part: Part::new(lines) })
    }

    /// Sends the reply, the letter and the dot. A client that has to go gets no further piece. If a letter cannot be
    /// read to its end all the same, the connection breaks: nothing else would tell the client that the letter is
    /// incomplete.
    pub(super) async fn send(self, store: &Store, connection: &mut Connection, reply: &Reply) -> Result<(), Error> {
        let Self { asker, letter: Found { blob, size, beginning: mut piece, .. }, mut part } = self;
        let mut stuffer = DotStuffer::new();
        let mut end = 0;
        connection.write(reply.line().as_bytes()).await?;
        loop {
            if let Some(leave) = connection.must_leave() {
                return Err(Error::Dismissed(leave));
            }
            end += piece.len() as u64;
            for some in stuffer.pieces(part.take(&piece)) {
                connection.write(some).await?;
            }
            if end == size || part.is_whole() {
                break;
            }
            let next = end..((end / PIECE + 1) * PIECE).min(size);
            let read = store.read_for::<_, mailbox::Error, _>(asker, move |view| body::read(view, blob, next)).await;
            piece = read.map_err(|error| broken(&error.to_string()))?;
            if piece.is_empty() {
                return Err(broken("it is shorter than it was"));
            }
        }
        connection.write(stuffer.finish()).await
    }
}

fn broken(why: &str) -> Error {
    tracing::error!(why, "a letter cannot be sent to its end");
    Error::Io(std::io::Error::other(why.to_owned()))
}

/// The part of a letter that is still to be sent.
struct Part {
    /// The lines of the body; `None` means all of them.
    lines: Option<u32>,
    in_header: bool,
    /// True if nothing but CR has come of this line yet.
    blank: bool,
}

impl Part {
    fn new(lines: Option<u32>) -> Self {
        Self { lines, in_header: true, blank: true }
    }

    /// Returns true if everything wanted has come.
    fn is_whole(&self) -> bool {
        self.lines == Some(0) && !self.in_header
    }

    /// Returns the part at the beginning of the next piece that is to be sent.
    fn take<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let Some(lines) = &mut self.lines else { return piece };
        let mut from = 0;
        for line in piece.split_inclusive(|&octet| octet == b'\n') {
            if *lines == 0 && !self.in_header {
                break;
            }
            from += line.len();
            self.blank &= line.iter().all(|octet| matches!(octet, b'\r' | b'\n'));
            if !line.ends_with(b"\n") {
                break;
            }
            if !self.in_header {
                *lines -= 1;
            } else if self.blank {
                self.in_header = false;
            }
            self.blank = true;
        }
        piece.get(..from).unwrap_or(piece)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn top(letter: &[u8], lines: u32, cut: usize) -> Vec<u8> {
        let mut part = Part::new(Some(lines));
        letter.chunks(cut).flat_map(|piece| part.take(piece).to_vec()).collect()
    }

    #[test]
    fn the_header_and_the_lines_asked_for_are_taken() {
        let letter = b"A: b\r\nC: d\r\n\r\none\r\n\r\nthree";
        assert_eq!(top(letter, 0, 100), b"A: b\r\nC: d\r\n\r\n");
        assert_eq!(top(letter, 2, 100), b"A: b\r\nC: d\r\n\r\none\r\n\r\n");
        assert_eq!(top(letter, 9, 100), letter);
        assert_eq!(top(b"A: b\r\n", 3, 100), b"A: b\r\n", "a letter without a body");
    }

    proptest! {
        #[test]
        fn the_cuts_between_pieces_do_not_matter(letter in "(a{0,3}\r\n){0,8}", lines in 0..5_u32, cut in 1..9_usize) {
            prop_assert_eq!(top(letter.as_bytes(), lines, cut), top(letter.as_bytes(), lines, 1000));
        }
    }
}
