//! Letters found ahead. Clients send many RETR together (RFC 2449 §6.6), and one visit to the store for each takes
//! longer than reading a small letter there: commands that came together share one visit.

use std::vec::IntoIter;

use mailbox::{Access, FolderId, Uid};
use store::{Store, View};

use super::send::{Found, PIECE, find};
use crate::command::Command;
use crate::maildrop::{DropEntry, Maildrop};

/// The most letters that are found at a time. Each has a place in here, whatever its size.
const MOST: usize = 32;

/// The letters found for commands that have come and are not answered yet: no more octets than one piece of a letter.
#[derive(Default)]
pub(super) struct Ahead(IntoIter<(Uid, Option<Found>)>);

impl Ahead {
    /// Returns the letter, found ahead or now with those that the `waiting` commands ask for. `None`: the letter is
    /// gone.
    pub(super) async fn find(
        &mut self,
        store: &Store,
        maildrop: &Maildrop,
        letter: DropEntry,
        waiting: &[u8],
    ) -> Result<Option<Found>, mailbox::Error> {
        if let Some((_, found)) = self.0.find(|(uid, _)| *uid == letter.uid) {
            return Ok(found);
        }
        let (access, folder) = (maildrop.access(), maildrop.folder());
        let letters = together(maildrop, letter, waiting);
        let found = store.read_for(access.asker(), move |view| find_all(view, (access, folder), &letters)).await?;
        self.0 = found.into_iter();
        Ok(self.0.next().and_then(|(_, found)| found))
    }
}

/// Returns the letter and those that the client asks for next, as long as all are small.
fn together(maildrop: &Maildrop, letter: DropEntry, waiting: &[u8]) -> Vec<DropEntry> {
    let mut room = PIECE.saturating_sub(u64::from(letter.size));
    let next = asked_for(waiting).filter_map(|number| maildrop.letter(number).ok());
    let small = next.take_while(|next| {
        let size = u64::from(next.size);
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    std::iter::once(letter).chain(small).take(MOST).collect()
}

/// Returns the numbers of the letters that these commands ask for, up to the first command that does something else. A
/// client often marks a letter right after it has got it.
fn asked_for(waiting: &[u8]) -> impl Iterator<Item = u32> {
    let whole = waiting.split_inclusive(|&octet| octet == b'\n').filter(|line| line.ends_with(b"\n"));
    let commands = whole.map_while(|line| match Command::parse(line) {
        Ok(Command::Retr(number)) => Some(Some(number)),
        Ok(Command::Dele(_)) => Some(None),
        _ => None,
    });
    commands.flatten()
}

/// Only the first letter must be found: a fault of another is reported when its turn comes.
fn find_all(
    view: &View,
    (access, folder): (Access, FolderId),
    letters: &[DropEntry],
) -> Result<Vec<(Uid, Option<Found>)>, mailbox::Error> {
    let mut all = Vec::with_capacity(letters.len());
    for letter in letters {
        match find(view, access, folder, *letter, PIECE) {
            Ok(found) => all.push((letter.uid, found)),
            Err(error) if all.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use mail::seam::AccountId;

    use super::*;

    fn letter(uid: u32, size: u32) -> DropEntry {
        DropEntry { uid: Uid::new(uid).unwrap(), size }
    }

    fn uids(first: DropEntry, waiting: &str) -> Vec<u32> {
        let letters = (1..=50).map(|uid| letter(uid, if uid == 9 { 200_000 } else { 10_000 })).collect();
        let drop = Maildrop::new(Access::own(AccountId(1)), FolderId(1), "1.1.", letters);
        together(&drop, first, waiting.as_bytes()).iter().map(|letter| letter.uid.get()).collect()
    }

    #[test]
    fn what_is_asked_for_in_one_go_is_found_in_one_go() {
        assert_eq!(uids(letter(1, 10_000), "RETR 2\r\nretr 3\nDELE 1\r\nRETR 5\r\nNOOP\r\nRETR 6\r\n"), [1, 2, 3, 5]);
        assert_eq!(uids(letter(1, 10_000), "RETR 2\r\nRETR 77\r\nRETR 4"), [1, 2], "no such letter; not yet a line");
    }

    #[test]
    fn no_more_is_found_than_a_piece_holds() {
        assert_eq!(uids(letter(8, 10_000), "RETR 9\r\nRETR 10\r\n"), [8]);
        assert_eq!(uids(letter(9, 200_000), "RETR 10\r\n"), [9]);
        let many: String = (11..=50).map(|number| format!("RETR {number}\r\n")).collect();
        assert_eq!(uids(letter(10, 10_000), &many).len(), 13);
    }
}
