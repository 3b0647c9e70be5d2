//! Puts a letter of Gmail's into the folder of each of its labels, and follows the labels that it is given and loses there.
//!
//! The ledger knows the place that each label has made. Only such a place ends with its label, and never the last place of
//! a letter; a place that the person has ended does not come back.

use import_export::memory;
use mailbox::filing::{Deposit, Filer, Lies, Target};
use mailbox::{Access, FolderId, LetterKey, SpecialUse, folder, letter};
use mra::ledger::{self, Label, SourceId};
use mra::{Arrived, Relabelled, SourceFolder};
use store::{Tx, View};

/// The mailbox that letters are for, and the source that they come from.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub access: Access,
    pub source: SourceId,
}

/// Returns the target that stands for a folder there.
pub(super) fn target(place: &SourceFolder) -> Target<'_> {
    Target::Like { name: &place.folder, special_use: place.special_use }
}

impl Owner {
    /// Files a letter in all of its folders, and writes down the place of each if it is one of Gmail's. Returns its places.
    pub fn file(
        self,
        tx: &mut Tx,
        filer: &mut Filer<'_>,
        arrived: &Arrived,
        deposit: &Deposit<'_>,
    ) -> Result<Vec<Lies>, mailbox::Error> {
        let mut also: Vec<(&SourceFolder, FolderId, String)> = Vec::with_capacity(arrived.also.len());
        for place in &arrived.also {
            if let Some((folder, name)) = find(tx, filer, place)? {
                also.push((place, folder, name));
            }
        }
        let targets: Vec<Target<'_>> = also.iter().map(|(_, folder, name)| Target::Found(*folder, name)).collect();
        let lies = filer.file_in(tx, deposit, &targets)?;
        let Some(gmail) = arrived.entry.gmail else { return Ok(lies) };
        let mut left = lies.iter();
        // The folder itself stands first. Of two labels for one folder here the first has made the place.
        self.put(tx, gmail, &arrived.place, left.next())?;
        for (place, folder, _) in &also {
            let made = left.clone().find(|lies| lies.folder == *folder);
            let is_first = also.iter().find(|(_, other, _)| other == folder).is_some_and(|(first, ..)| first == place);
            self.put(tx, gmail, place, made.filter(|_| is_first))?;
        }
        Ok(lies)
    }

    fn put(self, tx: &mut Tx, gmail: u64, place: &SourceFolder, lies: Option<&Lies>) -> Result<(), mailbox::Error> {
        let lies = lies.map(|lies| (lies.folder, lies.filed.uid));
        let label = Label { place: place.key().to_owned(), lies };
        Ok(ledger::put_label(tx, self.source, gmail, &label)?)
    }

    /// Puts a letter that the rules have filed into the folders of its labels, unless they have found it to be junk.
    pub fn delivered(
        self,
        tx: &mut Tx,
        filer: &mut Filer<'_>,
        arrived: &Arrived,
        lies: &[Lies],
    ) -> Result<(), mailbox::Error> {
        let (Some(gmail), Some(first)) = (arrived.entry.gmail, lies.first()) else { return Ok(()) };
        let inbox = lies.iter().find(|lies| lies.name == arrived.place.folder);
        self.put(tx, gmail, &arrived.place, inbox)?;
        if inbox.is_none() {
            let anchor = Label { place: String::new(), lies: Some((first.folder, first.filed.uid)) };
            ledger::put_label(tx, self.source, gmail, &anchor)?;
        }
        let junk = folder::by_use(tx, self.access, SpecialUse::Junk)?;
        if junk.is_some_and(|junk| lies.iter().any(|lies| lies.folder == junk.id)) {
            return Ok(());
        }
        self.give(tx, filer, gmail, first.filed.letter, &arrived.also, false)
    }

    /// Puts a letter that was imported before into the folders that it has at Gmail; those that it lies in already are its
    /// labels' from now on.
    pub fn adopt(
        self,
        tx: &mut Tx,
        filer: &mut Filer<'_>,
        arrived: &Arrived,
        letter: LetterKey,
    ) -> Result<(), mailbox::Error> {
        let Some(gmail) = arrived.entry.gmail else { return Ok(()) };
        let places: Vec<SourceFolder> = std::iter::once(&arrived.place).chain(&arrived.also).cloned().collect();
        self.give(tx, filer, gmail, letter, &places, true)
    }

    /// Follows the labels of a letter. One that is known nowhere, or that the person has moved away from all of its
    /// folders, is left alone.
    pub fn follow(self, tx: &mut Tx, filer: &mut Filer<'_>, one: &Relabelled) -> Result<(), mailbox::Error> {
        let known = ledger::labels(tx, self.source, one.gmail)?;
        let Some(letter) = self.letter(tx, &known)? else { return Ok(()) };
        // First it is put into the new folders, so that it always lies in one.
        self.give(tx, filer, one.gmail, letter, &one.places, false)?;
        let is_left = |label: &&Label| one.places.iter().any(|place| place.key() == label.place);
        let lost = known.iter().filter(|label| one.all && !label.place.is_empty() && !is_left(label));
        for label in lost {
            self.take(tx, one.gmail, letter, label)?;
        }
        Ok(())
    }

    /// Gives a letter those of the folders that it is not known to have.
    fn give(
        self,
        tx: &mut Tx,
        filer: &mut Filer<'_>,
        gmail: u64,
        letter: LetterKey,
        places: &[SourceFolder],
        adopt: bool,
    ) -> Result<(), mailbox::Error> {
        let known = ledger::labels(tx, self.source, gmail)?;
        let is_known = |place: &&SourceFolder| known.iter().any(|label| label.place == place.key());
        for place in places.iter().filter(|place| !is_known(place)) {
            let Some((folder, _)) = find(tx, filer, place)? else { continue };
            let there = letter::places(tx, self.access, letter)?.into_iter().find(|there| there.folder == folder);
            let lies = match there {
                // Somebody else has put it there.
                Some(there) => adopt.then_some((folder, there.uid)),
                None => letter::add(tx, self.access, letter, folder)?.map(|uid| (folder, uid)),
            };
            ledger::put_label(tx, self.source, gmail, &Label { place: place.key().to_owned(), lies })?;
        }
        Ok(())
    }

    /// Ends the place that a label has made, if it is still there and not the last one of the letter.
    fn take(self, tx: &mut Tx, gmail: u64, letter: LetterKey, label: &Label) -> Result<(), mailbox::Error> {
        if let Some((folder, uid)) = label.lies {
            let places = letter::places(tx, self.access, letter)?;
            let lies = places.iter().any(|place| (place.folder, place.uid) == (folder, uid));
            if lies && !places.iter().any(|place| place.folder != folder && place.is_visible()) {
                return Ok(());
            }
            if lies {
                letter::remove(tx, self.access, letter, folder)?;
            }
        }
        Ok(ledger::forget_label(tx, self.source, gmail, &label.place)?)
    }

    /// The letter, at the first of its places that it still has.
    fn letter(self, view: &View, known: &[Label]) -> Result<Option<LetterKey>, mailbox::Error> {
        for (folder, uid) in known.iter().filter_map(|label| label.lies) {
            if let Some(letter) = memory::lying_at(view, self.access, folder, uid)? {
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }
}

/// The folder here for a label; none if the mailbox cannot have it: the letter is worth more than its label.
fn find(
    tx: &mut Tx,
    filer: &mut Filer<'_>,
    place: &SourceFolder,
) -> Result<Option<(FolderId, String)>, mailbox::Error> {
    match filer.folder(tx, &target(place)) {
        Err(why @ (mailbox::Error::TooManyFolders(_) | mailbox::Error::BadName(..))) => {
            tracing::warn!(folder = place.folder, %why, "a label becomes no folder");
            Ok(None)
        }
        found => found.map(Some),
    }
}
