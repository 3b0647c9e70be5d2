//! Gathers what is known of letters before they are fetched, and decides by it.

use std::collections::HashMap;

use bytes::Bytes;
use store::{Key, Tx};

use super::Session;
use super::imap::Opened;
use super::pull::Tally;
use crate::Fault;
use crate::destination::Relabelled;
use crate::identity::{self, Digest};
use crate::imap::Fetched;
use crate::ledger::{self, Entry, LetterState};
use crate::progress::{News, Why};

/// A letter as a listing shows it.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub uid: u32,
    pub size: u64,
    pub light: Option<Digest>,
    pub gmail: Option<u64>,
    pub labels: Option<Vec<Bytes>>,
    /// No listing has shown it, so its size is not known.
    pub unlisted: bool,
}

impl Card {
    /// Reads a card from an answer to a listing; `None` if it is none.
    pub fn read(fetched: &Fetched) -> Option<Self> {
        let (uid, size) = (fetched.uid?, fetched.size?);
        let light = fetched.header.as_ref().and_then(|header| identity::light(header, size));
        Some(Self { uid, size, light, gmail: fetched.gmail_id, labels: fetched.gmail_labels.clone(), unlisted: false })
    }

    /// A letter that no listing has shown.
    pub fn unlisted(uid: u32) -> Self {
        Self { uid, size: 0, light: None, gmail: None, labels: None, unlisted: true }
    }

    /// Makes the entry that is written down of the letter.
    pub fn entry(&self, session: &Session<'_>, opened: &Opened) -> Entry {
        let entry = Entry::imap(session.source.id, opened.row.id, opened.validity, self.uid, self.size);
        Entry { light: self.light, gmail: self.gmail, ..entry }
    }
}

impl Session<'_> {
    /// The items of a listing. `recognise`: some letters are not where they were, and may be these.
    pub(super) fn listing_items(&self, recognise: bool) -> String {
        let mut items = "UID RFC822.SIZE".to_owned();
        if self.client.can("X-GM-EXT-1") {
            items.push_str(" X-GM-MSGID X-GM-LABELS");
        }
        if recognise {
            items.push_str(&format!(" BODY.PEEK[HEADER.FIELDS ({})]", identity::FIELDS));
        }
        items
    }

    /// Returns those of the letters that must be fetched. Writes down which are recognized, and which are left there.
    pub(super) async fn decide(
        &mut self,
        opened: &Opened,
        cards: Vec<Card>,
        tally: &mut Tally,
    ) -> Result<Vec<Card>, Fault> {
        let largest = self.source.settings.largest;
        let (large, cards): (Vec<Card>, Vec<Card>) = cards.into_iter().partition(|card| card.size > largest);
        for card in large {
            self.leave_there(opened, &card, Why::TooLarge(card.size), "").await?;
            tally.done(card.uid);
        }
        let known = self.recognise(opened, &cards).await?;
        let recognised = known.iter().filter(|(_, known)| **known).map(|(uid, _)| *uid);
        let count = recognised.map(|uid| tally.done(uid)).count() as u64;
        if count > 0 {
            self.means.listener.hear(&News::Came { letters: 0, octets: 0, known: count });
        }
        Ok(cards.into_iter().filter(|card| !known.get(&card.uid).copied().unwrap_or(false)).collect())
    }

    /// Returns those of the letters that are here already, by what the listing tells.
    async fn recognise(&self, opened: &Opened, cards: &[Card]) -> Result<HashMap<u32, bool>, Fault> {
        let telling = |card: &&Card| card.light.is_some() || card.gmail.is_some();
        let entries: Vec<(u32, Entry)> =
            cards.iter().filter(telling).map(|card| (card.uid, card.entry(self, opened))).collect();
        if entries.is_empty() {
            return Ok(HashMap::new());
        }
        self.label_known(opened, &entries).await?;
        let now = net::now();
        let recognised = move |tx: &mut Tx| {
            let mut known = HashMap::with_capacity(entries.len());
            for (uid, entry) in &entries {
                let gmail = match entry.gmail {
                    Some(gmail) => ledger::known_gmail(tx, entry.source, gmail)?,
                    None => false,
                };
                if gmail {
                    entry.note(tx, LetterState::Same, now)?;
                }
                known.insert(*uid, gmail || ledger::claim(tx, entry)?);
            }
            Ok::<_, store::Error>(known)
        };
        Ok(self.means.store.write(Key::Fetching, recognised).await?)
    }

    /// Puts letters that are here already into the folder that shows them as well: without All Mail, each such folder is one
    /// of their labels. This comes before it is written down that they are known, and does nothing the second time.
    async fn label_known(&self, opened: &Opened, entries: &[(u32, Entry)]) -> Result<(), Fault> {
        let place = &opened.folder.place;
        if opened.folder.by_label || place.is_apart() {
            return Ok(());
        }
        let shown = entries.iter().filter_map(|(_, entry)| entry.gmail);
        let shown = shown.map(|gmail| Relabelled { gmail, places: vec![place.clone()], all: false });
        let shown: Vec<_> = shown.collect();
        if shown.is_empty() { Ok(()) } else { self.means.destination.relabel(shown).await }
    }
}
