//! A maildrop: INBOX as it was at the log-in (RFC 1939 §4), and the client's marks on it.

use mailbox::{Access, Error, FolderId, Uid, Uids, fetch, folder};
use store::View;

/// The letters of a drop, numbered from 1. It takes eight octets a letter, and some kilobytes for the marks.
pub struct Maildrop {
    access: Access,
    folder: FolderId,
    /// The text before the UID in a unique-id.
    prefix: Box<str>,
    letters: Box<[DropEntry]>,
    /// The letters that DELE marked.
    marked: Uids,
    /// The letters that RETR sent, and that are not yet flagged `\Seen`.
    read: Uids,
    /// The octets of the letters that are not marked.
    octets: u64,
}

/// A letter of a drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropEntry {
    /// Its UID.
    pub uid: Uid,
    /// The octets. A letter has at most [`mailbox::LARGEST`].
    pub size: u32,
}

/// The reason why there is no such letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLetter {
    /// There was never a letter of this number.
    Unknown,
    /// DELE marked it.
    Marked,
}

/// The facts that a listing tells of each letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Its size: LIST.
    Sizes,
    /// Its unique-id: UIDL.
    Names,
}

impl Maildrop {
    /// Opens an INBOX, as it is in this snapshot.
    pub fn open(view: &View, access: Access) -> Result<Self, Error> {
        let inbox = folder::by_name(view, access, "INBOX")?.ok_or_else(|| Error::NoFolderCalled("INBOX".into()))?;
        let mut letters = Vec::with_capacity(inbox.total as usize);
        fetch::sizes(view, access, inbox.id, |uid, size| {
            letters.push(DropEntry { uid, size: u32::try_from(size).unwrap_or(u32::MAX) });
        })?;
        // An account that is made again gets another number, so that its letters do not look like the old ones (RFC
        // 1939 §7: a unique-id is never used again).
        let prefix = format!("{}.{}.", access.owner().0, inbox.uid_validity);
        Ok(Self::new(access, inbox.id, &prefix, letters))
    }

    /// Makes a drop of these letters.
    pub fn new(access: Access, folder: FolderId, prefix: &str, letters: Vec<DropEntry>) -> Self {
        let octets = letters.iter().map(|letter| u64::from(letter.size)).sum();
        let letters = letters.into_boxed_slice();
        Self { access, folder, prefix: prefix.into(), letters, marked: Uids::new(), read: Uids::new(), octets }
    }

    /// Returns the access to the mailbox that the drop is in.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Returns the folder that holds the letters.
    pub fn folder(&self) -> FolderId {
        self.folder
    }

    /// Returns the number of letters that are not marked.
    pub fn count(&self) -> usize {
        self.letters.len().saturating_sub(self.marked.len() as usize)
    }

    /// Returns the octets of the letters that are not marked.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Returns the letter of this number.
    pub fn letter(&self, number: u32) -> Result<DropEntry, NoLetter> {
        let index = (number as usize).checked_sub(1).ok_or(NoLetter::Unknown)?;
        let letter = *self.letters.get(index).ok_or(NoLetter::Unknown)?;
        if self.marked.contains(letter.uid) { Err(NoLetter::Marked) } else { Ok(letter) }
    }

    /// Marks a letter, which goes at QUIT.
    pub fn mark(&mut self, number: u32) -> Result<(), NoLetter> {
        let letter = self.letter(number)?;
        self.marked.insert(letter.uid);
        self.octets = self.octets.saturating_sub(u64::from(letter.size));
        Ok(())
    }

    /// Takes all marks off.
    pub fn unmark_all(&mut self) {
        self.marked = Uids::new();
        self.octets = self.letters.iter().map(|letter| u64::from(letter.size)).sum();
    }

    /// Returns the letters that are marked.
    pub fn marked(&self) -> &Uids {
        &self.marked
    }

    /// Notes that a letter was sent. Returns the number of those noted since they were last taken.
    pub fn was_read(&mut self, uid: Uid) -> u32 {
        self.read.insert(uid);
        self.read.len()
    }

    /// Returns the letters that were sent since the last call.
    pub fn take_read(&mut self) -> Uids {
        std::mem::take(&mut self.read)
    }

    /// Writes lines of a listing from the letter of index `from` on, until `most` octets are written or all lines are;
    /// returns the index to go on from, `None` at the end.
    pub fn list(&self, listing: Listing, from: usize, most: usize, out: &mut Vec<u8>) -> Option<usize> {
        let untouched = self.marked.is_empty();
        for (index, letter) in self.letters.iter().enumerate().skip(from) {
            if out.len() >= most {
                return Some(index);
            }
            if untouched || !self.marked.contains(letter.uid) {
                // There are no more letters than UIDs, so the number fits.
                self.line(listing, index as u32 + 1, *letter, out);
            }
        }
        None
    }

    /// Returns a listing's line for one letter: `3 120` or `3 1.1.17`.
    pub fn listed(&self, listing: Listing, number: u32) -> Result<String, NoLetter> {
        let (letter, mut out) = (self.letter(number)?, Vec::new());
        self.line(listing, number, letter, &mut out);
        Ok(String::from_utf8_lossy(&out).trim_end().to_owned())
    }

    fn line(&self, listing: Listing, number: u32, letter: DropEntry, out: &mut Vec<u8>) {
        decimal(out, number);
        out.push(b' ');
        match listing {
            Listing::Sizes => decimal(out, letter.size),
            Listing::Names => {
                out.extend_from_slice(self.prefix.as_bytes());
                decimal(out, letter.uid.get());
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes a number without `format!`: this runs twice for each letter of a listing.
fn decimal(out: &mut Vec<u8>, mut number: u32) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
mod tests {
    use mail::seam::AccountId;

    use super::*;

    fn three() -> Maildrop {
        let letter = |uid, size| DropEntry { uid: Uid::new(uid).unwrap(), size };
        Maildrop::new(
            Access::own(AccountId(1)),
            FolderId(1),
            "1.1.",
            vec![letter(3, 100), letter(7, 20), letter(19, 3)],
        )
    }

    fn listed(drop: &Maildrop, listing: Listing, most: usize) -> String {
        let (mut all, mut from) = (Vec::new(), Some(0));
        while let Some(next) = from {
            let mut out = Vec::new();
            from = drop.list(listing, next, most, &mut out);
            all.extend(out);
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn marked_letters_are_not_listed_and_the_others_keep_their_numbers() {
        let mut drop = three();
        assert_eq!(drop.mark(2), Ok(()));
        assert_eq!(drop.mark(2), Err(NoLetter::Marked));
        assert_eq!(drop.letter(4), Err(NoLetter::Unknown));
        assert_eq!(drop.letter(0), Err(NoLetter::Unknown));
        assert_eq!((drop.count(), drop.octets()), (2, 103));
        assert_eq!(listed(&drop, Listing::Sizes, 1000), "1 100\r\n3 3\r\n");
        assert_eq!(listed(&drop, Listing::Names, 1000), "1 1.1.3\r\n3 1.1.19\r\n");
        drop.unmark_all();
        assert_eq!((drop.count(), drop.octets()), (3, 123));
    }

    #[test]
    fn a_listing_comes_in_pieces_and_is_the_same() {
        let drop = three();
        assert_eq!(listed(&drop, Listing::Sizes, 1), listed(&drop, Listing::Sizes, 1000));
    }

    #[test]
    fn a_letter_of_a_drop_takes_eight_octets() {
        assert_eq!(std::mem::size_of::<DropEntry>(), 8);
    }

    #[test]
    fn numbers_are_written_as_everybody_writes_them() {
        for number in [0, 7, 10, 12345, u32::MAX] {
            let mut out = Vec::new();
            decimal(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
