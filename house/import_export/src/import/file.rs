//! Files a batch of letters in one commit, with the memory of each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use mail::seam::AccountId;
use mail::trace::{Arrival, Event};
use mail::{LetterId, Timestamp};
use mailbox::filing::{Begins, Deposit, Filer, Labels, Lies, Target};
use mailbox::{FolderId, Prepared, System, folder};
use store::{Key, Store, Tx, View};

use crate::layout::Goal;
use crate::memory::{FiledAt, Stamp};
use crate::runs::{self, RunId};
use crate::{Error, Fault, Skipped};

/// A letter that only has to be filed.
pub struct Ready {
    pub goal: Arc<Goal>,
    pub system: System,
    pub keywords: Vec<String>,
    pub received: Timestamp,
    pub prepared: Prepared,
    pub name: LetterId,
    pub arrival: Arrival,
    pub stamp: Stamp,
    pub file: Arc<str>,
    pub at: Option<u64>,
}

/// Letters that are filed together.
#[derive(Default)]
pub struct Batch {
    letters: Vec<Ready>,
    size: usize,
}

/// Folders that are made in one commit.
const FOLDERS: usize = 50;

impl Batch {
    pub fn add(&mut self, letter: Ready, size: usize) {
        self.letters.push(letter);
        self.size += size;
    }

    /// Returns the number of its letters.
    pub fn len(&self) -> usize {
        self.letters.len()
    }

    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Octets of its letters.
    pub fn size(&self) -> usize {
        self.size
    }
}

/// The mailbox that all letters of an import go to.
#[derive(Clone)]
pub struct Home {
    pub account: AccountId,
    /// The address as a history names it.
    pub address: Arc<str>,
    /// The run that files them.
    pub run: RunId,
    pub clock: fn() -> Timestamp,
}

/// The result of filing a batch.
#[derive(Default)]
pub struct Filed {
    pub letters: u64,
    pub known: u64,
    pub skipped: Vec<Skipped>,
}

/// Files a batch; it is on the disk when this returns. If one letter cannot be filed, each goes by itself, so that
/// the others are filed. A full mailbox, or a store that fails, stops the batch.
pub fn file(store: &Store, home: &Home, batch: Batch) -> Result<Filed, Error> {
    let letters: Arc<[Ready]> = batch.letters.into();
    let together = commit(store, home, &letters, 0..letters.len());
    match together {
        Ok(filed) => return Ok(filed),
        Err(mailbox::Error::Store(error)) => return Err(error.into()),
        Err(_) => {}
    }
    let mut all = Filed::default();
    for place in 0..letters.len() {
        match commit(store, home, &letters, place..place + 1) {
            Ok(filed) => {
                all.letters += filed.letters;
                all.known += filed.known;
            }
            Err(
                fatal
                @ (mailbox::Error::OverQuota { .. } | mailbox::Error::NoSuchAccount(_) | mailbox::Error::Store(_)),
            ) => {
                return Err(fatal.into());
            }
            Err(refused) => {
                let Ready { file, at, .. } = &letters[place];
                let fault = Fault::Refused(refused.to_string());
                all.skipped.push(Skipped { file: file.to_string(), at: *at, fault });
            }
        }
    }
    Ok(all)
}

/// Makes folders that are to be there whether letters come or not.
pub fn make_folders(store: &Store, account: AccountId, run: RunId, goals: &[Arc<Goal>]) -> Result<(), Error> {
    for slice in goals.chunks(FOLDERS) {
        let slice = slice.to_vec();
        let make = move |tx: &mut Tx| slice.iter().try_for_each(|goal| folder_for(tx, account, run, goal).map(drop));
        patiently(|| store.write_blocking(Key::Account(account.0), make.clone()))?;
    }
    Ok(())
}

fn commit(
    store: &Store,
    home: &Home,
    letters: &Arc<[Ready]>,
    range: std::ops::Range<usize>,
) -> Result<Filed, mailbox::Error> {
    let key = Key::Account(home.account.0);
    let (home, letters, at) = (home.clone(), letters.clone(), (home.clock)());
    let write = move |tx: &mut Tx| file_all(tx, &home, letters.get(range.clone()).unwrap_or_default(), at);
    patiently(|| store.write_blocking(key, write.clone()))
}

/// Tries again while the store is busy with others: a post office that serves comes first.
fn patiently<T>(mut attempt: impl FnMut() -> Result<T, mailbox::Error>) -> Result<T, mailbox::Error> {
    const TRIES: u32 = 60;
    for _ in 1..TRIES {
        match attempt() {
            Err(mailbox::Error::Store(store::Error::Busy(_))) => std::thread::sleep(Duration::from_millis(500)),
            done => return done,
        }
    }
    attempt()
}

fn file_all(tx: &mut Tx, home: &Home, letters: &[Ready], at: Timestamp) -> Result<Filed, mailbox::Error> {
    let (mut filed, mut filer) = (Filed::default(), Filer::new(home.account, at));
    // Looked up anew in each commit: a client may have renamed or deleted a folder since the last one.
    let mut folders: HashMap<*const Goal, (FolderId, String)> = HashMap::new();
    for ready in letters {
        if ready.stamp.is_set(tx, home.account)? {
            filed.known += 1;
            continue;
        }
        let (folder, name) = match folders.entry(Arc::as_ptr(&ready.goal)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(folder_for(tx, home.account, home.run, &ready.goal)?),
        };
        let lies = file_one(tx, &mut filer, home, ready, Target::Found(*folder, name))?;
        let place = FiledAt { folder: *folder, uid: lies.filed.uid, flags: &lies.flags };
        ready.stamp.set(tx, home.account, home.run, &place)?;
        filed.letters += 1;
    }
    Ok(filed)
}

/// Files one letter, whose history begins here. A keyword that the mailbox cannot have is left out; the letter is worth more.
fn file_one(
    tx: &mut Tx,
    filer: &mut Filer<'_>,
    home: &Home,
    ready: &Ready,
    target: Target<'_>,
) -> Result<Lies, mailbox::Error> {
    let Ready { prepared, system, keywords, received, .. } = ready;
    let events = [Event::Received(ready.arrival.clone())];
    let begins = Some(Begins { letter: ready.name, recipient: &home.address, events: &events });
    let (system, labels, received) = (*system, Labels::Possible(keywords), *received);
    filer.file(tx, &Deposit { prepared, target, system, labels, received, beyond: 0, begins })
}

/// The folder that a goal means in a mailbox, if it is there.
pub fn folder_of(view: &View, account: AccountId, goal: &Goal) -> Result<Option<(FolderId, String)>, mailbox::Error> {
    if let Some(special_use) = goal.special_use.filter(|_| !goal.exact)
        && let Some(folder) = folder::by_use(view, account, special_use)?
    {
        return Ok(Some((folder.id, folder.name)));
    }
    Ok(folder::by_name(view, account, &goal.name)?.map(|folder| (folder.id, folder.name)))
}

/// The folder, made if it is missing, and its name.
fn folder_for(tx: &mut Tx, account: AccountId, run: RunId, goal: &Goal) -> Result<(FolderId, String), mailbox::Error> {
    if let Some(there) = folder_of(tx, account, goal)? {
        return Ok(there);
    }
    // Two folders for one use would leave clients with a choice they make each in its own way.
    let special_use = match goal.special_use {
        Some(special_use) if folder::by_use(tx, account, special_use)?.is_none() => Some(special_use),
        _ => None,
    };
    let missing = missing_levels(tx, account, &goal.name)?;
    let made = folder::create(tx, account, &goal.name, special_use)?;
    for name in missing {
        let level = folder::by_name(tx, account, &name)?;
        level.map_or(Ok(()), |level| runs::note_folder(tx, run, level.id, &level.name))?;
    }
    if goal.subscribed {
        folder::subscribe(tx, account, &goal.name)?;
    }
    Ok((made, goal.name.clone()))
}

/// The folder of this name and those above it, if they are not there: they are made with it.
fn missing_levels(view: &View, account: AccountId, name: &str) -> Result<Vec<String>, mailbox::Error> {
    let mut missing = Vec::new();
    let mut level = Some(name);
    while let Some(name) = level {
        if folder::by_name(view, account, name)?.is_some() {
            break;
        }
        missing.push(name.to_owned());
        level = folder::name::parent(name);
    }
    Ok(missing)
}
