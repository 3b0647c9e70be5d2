//! Fetched letters into a Maildir, which knows nothing of our commits.
//!
//! A letter is on the disk there before it is written down here, under a name that is made of its content. If the
//! program is killed between the two, the next fetch brings it again, finds the name and writes nothing; only if its
//! reader has removed it in that very moment does it come twice.

use std::fmt::Write as _;
use std::path::PathBuf;

use mail::seam::Pending;
use mailbox::System;
use maildir::{Delivery, Flags, Maildir};
use mra::ledger::{self, Source, SourceId};
use mra::{Arrived, Destination, Fault, Furnished, Taken};
use store::{Key, Store};

/// A Maildir as the home of a source.
pub struct MaildirHome {
    store: Store,
    maildir: Maildir,
    source: SourceId,
}

impl MaildirHome {
    /// Opens the Maildir at a path, and makes it if it is missing. The memory of the source is in `store`.
    pub async fn at(store: Store, source: &Source, path: PathBuf) -> Result<Self, Fault> {
        let maildir = Maildir::at(path);
        let made = maildir.clone();
        blocking(move || made.create()).await?;
        Ok(Self { store, maildir, source: source.id })
    }

    async fn take_all(&self, letters: Vec<Arrived>) -> Result<Vec<Taken>, Fault> {
        let entries: Vec<_> = letters.iter().map(|letter| letter.entry.clone()).collect();
        let known: Vec<bool> = self
            .store
            .read(move |view| entries.iter().map(|entry| entry.is_known(view)).collect::<Result<_, _>>())
            .await?;
        let (maildir, to_write): (_, Vec<Arrived>) = (
            self.maildir.clone(),
            letters.iter().zip(&known).filter(|(_, known)| !**known).map(|(letter, _)| letter.clone()).collect(),
        );
        let (count, octets) =
            to_write.iter().fold((0, 0), |(n, octets), letter| (n + 1, octets + letter.raw.len() as u64));
        blocking(move || deliver(&maildir, &to_write)).await?;
        let (source, now) = (self.source, net::now());
        let entries: Vec<_> = letters.into_iter().map(|letter| letter.entry).collect();
        let written = self.store.write(Key::Fetching, move |tx| {
            entries.iter().try_for_each(|entry| entry.admit(tx, now).map(drop))?;
            ledger::note_taken(tx, source, count, octets)
        });
        written.await?;
        Ok(known.into_iter().map(|known| if known { Taken::Known } else { Taken::Filed }).collect())
    }
}

impl Destination for MaildirHome {
    fn take(&self, letters: Vec<Arrived>) -> Pending<'_, Result<Vec<Taken>, Fault>> {
        Box::pin(self.take_all(letters))
    }

    fn furnish(&self, folders: Vec<Furnished>) -> Pending<'_, Result<(), Fault>> {
        let maildir = self.maildir.clone();
        Box::pin(blocking(move || {
            for Furnished { place, .. } in folders.iter().filter(|folder| !folder.place.is_inbox()) {
                if let Err(why) = maildir.create_folder(&place.folder) {
                    tracing::warn!(folder = place.folder, %why, "a folder could not be made");
                }
            }
            Ok(())
        }))
    }
}

fn deliver(maildir: &Maildir, letters: &[Arrived]) -> Result<(), maildir::Error> {
    let mut batch = maildir.batch();
    for letter in letters {
        let name = name(letter);
        let keywords: Vec<&str> = letter.keywords.iter().map(String::as_str).collect();
        let has = |flag| letter.flags.contains(flag);
        let flags = Flags {
            draft: has(System::DRAFT),
            flagged: has(System::FLAGGED),
            replied: has(System::ANSWERED),
            seen: has(System::SEEN),
            trashed: has(System::DELETED),
            ..Flags::default()
        };
        let delivery =
            Delivery { flags, keywords: &keywords, ..Delivery::new(&letter.raw, letter.received).called(&name) };
        // A Maildir has no letter that lies in two folders: each gets a copy.
        for place in std::iter::once(&letter.place).chain(&letter.also) {
            let folder = (!place.is_inbox()).then_some(place.folder.as_str());
            if let Some(folder) = folder {
                maildir.create_folder(folder)?;
            }
            batch.add(folder, &delivery)?;
        }
    }
    batch.commit().map(drop)
}

/// Always the same for the same letter of the same folder there, whatever has been forgotten here.
fn name(letter: &Arrived) -> String {
    let mut name = format!("{}.F", letter.received.seconds().max(0));
    let content = letter.entry.content.unwrap_or_default();
    for octet in content.iter().chain(letter.entry.key.iter().take(9)) {
        let _ = write!(name, "{octet:02x}");
    }
    name + ".facteur"
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, maildir::Error> + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|panicked| Fault::Destination(panicked.to_string()))?;
    done.map_err(|why| Fault::Destination(why.to_string()))
}
