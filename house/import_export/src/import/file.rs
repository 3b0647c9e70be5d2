//! Files a batch of letters in one commit, with the memory of each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use mail::trace::{Arrival, Event};
use mail::{LetterId, Timestamp};
use mailbox::filing::{Begins, Deposit, Filer, Labels, Lies, Target};
use mailbox::{Access, FlagChange, FolderId, LetterKey, Prepared, System, Uid, UidRange, folder, letter};
use store::{Store, Tx, View};

use crate::goal::Goal;
use crate::memory::{FiledAt, Missing, Stamp, Whereabouts};
use crate::runs::{self, RunId};
use crate::{Error, Fault, Skipped};

/// A letter that only has to be filed.
pub struct Ready {
    pub missing: Missing,
    pub system: System,
    pub keywords: Vec<String>,
    pub received: Timestamp,
    pub prepared: Prepared,
    pub name: LetterId,
    pub arrival: Arrival,
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
    pub access: Access,
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
pub fn make_folders(store: &Store, access: Access, run: RunId, goals: &[Arc<Goal>]) -> Result<(), Error> {
    for slice in goals.chunks(FOLDERS) {
        let slice = slice.to_vec();
        let make = move |tx: &mut Tx| slice.iter().try_for_each(|goal| folder_for(tx, access, run, goal).map(drop));
        patiently(|| store.write_blocking(access.key(), make.clone()))?;
    }
    Ok(())
}

fn commit(
    store: &Store,
    home: &Home,
    letters: &Arc<[Ready]>,
    range: std::ops::Range<usize>,
) -> Result<Filed, mailbox::Error> {
    let key = home.access.key();
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
    let (mut filed, mut transaction) = (Filed::default(), Transaction::new(home, at));
    for ready in letters {
        if transaction.file(tx, ready)? {
            filed.letters += 1;
        } else {
            filed.known += 1;
        }
    }
    Ok(filed)
}

/// Files letters in one transaction.
struct Transaction<'h> {
    home: &'h Home,
    filer: Filer<'h>,
    /// Looked up anew in each commit: a client may have renamed or deleted a folder since the last one.
    folders: HashMap<*const Goal, (FolderId, String)>,
}

/// A folder that a letter is to lie in, with its name and the stamp of that row.
type Spot<'r> = (FolderId, String, &'r Stamp);

impl<'h> Transaction<'h> {
    fn new(home: &'h Home, at: Timestamp) -> Self {
        Self { home, filer: Filer::new(home.access, at), folders: HashMap::new() }
    }

    /// Files a letter where it is missing. Returns false if it is here already; it may lie in more folders now.
    fn file(&mut self, tx: &mut Tx, ready: &Ready) -> Result<bool, mailbox::Error> {
        let (mut missing, mut joins) = (Vec::new(), ready.missing.joins);
        for (goal, stamp) in &ready.missing.folders {
            // Another import may have brought this meanwhile.
            if stamp.is_set(tx, self.home.access.owner())? {
                joins = joins.or(Some(stamp.copied()));
            } else {
                missing.push((goal, stamp));
            }
        }
        if missing.is_empty() {
            return Ok(false);
        }
        match joins.map_or(Ok(Whereabouts::Unknown), |copied| copied.find(tx, self.home.access))? {
            Whereabouts::There(letter) => self.join(tx, ready, letter, &missing).map(|()| false),
            // The person has done something else with it, and gets it back in no folder.
            Whereabouts::Elsewhere => Ok(false),
            Whereabouts::Unknown => self.file_new(tx, ready, &missing).map(|()| true),
        }
    }

    /// Files a letter that is not here, whose history begins here. A keyword that the mailbox cannot have is left out; the
    /// letter is worth more.
    fn file_new(&mut self, tx: &mut Tx, ready: &Ready, missing: &[(&Arc<Goal>, &Stamp)]) -> Result<(), mailbox::Error> {
        let spots = self.spots(tx, missing)?;
        let targets: Vec<Target<'_>> = spots.iter().map(|(folder, name, _)| Target::Found(*folder, name)).collect();
        let Some((target, also)) = targets.split_first() else { return Ok(()) };
        let Ready { prepared, system, keywords, received, .. } = ready;
        let events = [Event::Received(ready.arrival.clone())];
        let begins = Some(Begins { letter: ready.name, recipient: &self.home.address, events: &events });
        let (system, labels, received) = (*system, Labels::Possible(keywords), *received);
        let deposit = Deposit { prepared, target: *target, system, labels, received, beyond: 0, begins };
        let mut lies = self.filer.file_in(tx, &deposit, also)?;
        for (turn, (folder, _, stamp)) in spots.iter().enumerate() {
            // Two labels may mean one folder; the row of the second stands for nothing that could be taken back.
            let place = lies.iter().position(|lies| lies.folder == *folder).map(|at| lies.swap_remove(at));
            match place {
                Some(Lies { filed, flags, .. }) => {
                    let at = FiledAt { folder: *folder, uid: filed.uid, flags: &flags, further: turn > 0 };
                    stamp.set(tx, self.home.access.owner(), self.home.run, &at)?;
                }
                None => stamp.set_aside(tx, self.home.access.owner())?,
            }
        }
        Ok(())
    }

    /// Puts a letter that is here into further folders. Where it lies already, somebody else has put it, and no undo takes
    /// it away.
    fn join(
        &mut self,
        tx: &mut Tx,
        ready: &Ready,
        letter: LetterKey,
        missing: &[(&Arc<Goal>, &Stamp)],
    ) -> Result<(), mailbox::Error> {
        let access = self.home.access;
        for (folder, _, stamp) in self.spots(tx, missing)? {
            if letter::places(tx, access, letter)?.iter().any(|place| place.folder == folder) {
                stamp.set_aside(tx, access.owner())?;
                continue;
            }
            let uid = letter::add(tx, access, letter, folder)?.ok_or(mailbox::Error::Damaged("a letter"))?;
            if ready.system.contains(System::DELETED) {
                mark_deleted(tx, access, folder, uid)?;
            }
            let places = letter::places(tx, access, letter)?;
            let Some(place) = places.iter().find(|place| place.folder == folder) else { continue };
            let at = FiledAt { folder, uid: place.uid, flags: &place.flags, further: true };
            stamp.set(tx, access.owner(), self.home.run, &at)?;
        }
        Ok(())
    }

    /// The folders, made where they are missing. The first must be there; one of the others that the mailbox cannot have is
    /// left out: the letter is worth more than its label.
    fn spots<'r>(&mut self, tx: &mut Tx, missing: &[(&Arc<Goal>, &'r Stamp)]) -> Result<Vec<Spot<'r>>, mailbox::Error> {
        let mut spots: Vec<Spot<'r>> = Vec::with_capacity(missing.len());
        for (goal, stamp) in missing {
            match self.folder(tx, goal) {
                Ok((folder, name)) => spots.push((folder, name, stamp)),
                Err(mailbox::Error::TooManyFolders(_) | mailbox::Error::BadName(..)) if !spots.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(spots)
    }

    fn folder(&mut self, tx: &mut Tx, goal: &Arc<Goal>) -> Result<(FolderId, String), mailbox::Error> {
        Ok(match self.folders.entry(Arc::as_ptr(goal)) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => new.insert(folder_for(tx, self.home.access, self.home.run, goal)?).clone(),
        })
    }
}

/// `\Deleted` belongs to the place of a letter, and not to the letter.
fn mark_deleted(tx: &mut Tx, access: Access, folder: FolderId, uid: Uid) -> Result<(), mailbox::Error> {
    let deleted = FlagChange::Add(System::DELETED.into());
    letter::store_flags(tx, access, folder, &[UidRange::one(uid)], &deleted, None, 1).map(drop)
}

/// The folder that a goal means in a mailbox, if it is there.
pub fn folder_of(view: &View, access: Access, goal: &Goal) -> Result<Option<(FolderId, String)>, mailbox::Error> {
    if let Some(special_use) = goal.special_use.filter(|_| !goal.exact)
        && let Some(folder) = folder::by_use(view, access, special_use)?
    {
        return Ok(Some((folder.id, folder.name)));
    }
    Ok(folder::by_name(view, access, &goal.name)?.map(|folder| (folder.id, folder.name)))
}

/// The folder, made if it is missing, and its name.
fn folder_for(tx: &mut Tx, access: Access, run: RunId, goal: &Goal) -> Result<(FolderId, String), mailbox::Error> {
    if let Some(there) = folder_of(tx, access, goal)? {
        return Ok(there);
    }
    // Two folders for one use would leave clients with a choice they make each in its own way.
    let special_use = match goal.special_use {
        Some(special_use) if folder::by_use(tx, access, special_use)?.is_none() => Some(special_use),
        _ => None,
    };
    let missing = missing_levels(tx, access, &goal.name)?;
    let made = folder::create(tx, access, &goal.name, special_use)?;
    for name in missing {
        let level = folder::by_name(tx, access, &name)?;
        level.map_or(Ok(()), |level| runs::note_folder(tx, run, level.id, &level.name))?;
    }
    if goal.subscribed {
        folder::subscribe(tx, access, &goal.name)?;
    }
    Ok((made, goal.name.clone()))
}

/// The folder of this name and those above it, if they are not there: they are made with it.
fn missing_levels(view: &View, access: Access, name: &str) -> Result<Vec<String>, mailbox::Error> {
    let mut missing = Vec::new();
    let mut level = Some(name);
    while let Some(name) = level {
        if folder::by_name(view, access, name)?.is_some() {
            break;
        }
        missing.push(name.to_owned());
        level = folder::name::parent(name);
    }
    Ok(missing)
}
