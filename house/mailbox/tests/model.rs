//! Any sequence of changes leaves the mailbox as a naive model says.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{ACCESS, Fixture, letter};
use facteur_mailbox as mailbox;
use mailbox::account_changes::{self, Cursor};
use mailbox::letter::{self, Expunge, copy, expunge, move_, store_flags};
use mailbox::verify::Verify;
use mailbox::{
    Change, Error, FlagChange, FolderId, LetterKey, SpecialUse, System, ThreadId, Uid, UidRange, Uids, account,
    changes_since, flags, folder,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    File { folder: usize, size: usize, flags: u8, talk: usize },
    Copy { from: usize, to: usize, range: (u32, u32), limit: usize },
    Move { from: usize, to: usize, range: (u32, u32), limit: usize },
    Flag { folder: usize, range: (u32, u32), add: bool, flags: u8, unchanged_since: Option<u8> },
    Expunge { folder: usize },
    Rename { folder: usize },
    Delete { folder: usize, finish: bool },
    Checkpoint { folder: usize },
    Look { folder: usize },
    Keyword { folder: usize, range: (u32, u32), add: bool, keyword: usize },
    Join { folder: usize, one: usize, other: usize },
    Trash { folder: Option<usize>, finish: bool },
    LookAtAll { limit: usize },
    Lay { letter: usize, folders: [bool; 3], undo: bool },
    Add { letter: usize, to: usize },
    Remove { letter: usize, from: usize },
    Destroy { letter: usize },
}

/// The number of conversations that letters belong to, by the letters that they answer.
const TALKS: usize = 4;
const KEYWORDS: [&str; 3] = ["$Work", "Later", "$Forwarded"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let f = || 0..3usize;
    let range = || (1..15u32, 1..15u32);
    let limit = || 1..8usize;
    let letter = || 0..20usize;
    let step = prop_oneof![
        5 => (f(), 0..200usize, 0..32u8, 0..TALKS)
            .prop_map(|(folder, size, flags, talk)| Step::File { folder, size, flags, talk }),
        3 => (f(), f(), range(), limit()).prop_map(|(from, to, range, limit)| Step::Copy { from, to, range, limit }),
        2 => (f(), f(), range(), limit()).prop_map(|(from, to, range, limit)| Step::Move { from, to, range, limit }),
        4 => (f(), range(), any::<bool>(), 0..32u8, prop::option::of(any::<u8>()))
            .prop_map(|(folder, range, add, flags, unchanged_since)| Step::Flag { folder, range, add, flags, unchanged_since }),
        2 => f().prop_map(|folder| Step::Expunge { folder }),
        1 => f().prop_map(|folder| Step::Rename { folder }),
        1 => (f(), any::<bool>()).prop_map(|(folder, finish)| Step::Delete { folder, finish }),
        1 => f().prop_map(|folder| Step::Checkpoint { folder }),
        2 => f().prop_map(|folder| Step::Look { folder }),
        2 => (f(), range(), any::<bool>(), 0..KEYWORDS.len())
            .prop_map(|(folder, range, add, keyword)| Step::Keyword { folder, range, add, keyword }),
        1 => (f(), 0..TALKS, 0..TALKS).prop_map(|(folder, one, other)| Step::Join { folder, one, other }),
        1 => (prop::option::of(f()), any::<bool>()).prop_map(|(folder, finish)| Step::Trash { folder, finish }),
        2 => (1..6usize).prop_map(|limit| Step::LookAtAll { limit }),
        4 => (letter(), any::<[bool; 3]>(), any::<bool>())
            .prop_map(|(letter, folders, undo)| Step::Lay { letter, folders, undo }),
        1 => (letter(), f()).prop_map(|(letter, to)| Step::Add { letter, to }),
        1 => (letter(), f()).prop_map(|(letter, from)| Step::Remove { letter, from }),
        1 => letter().prop_map(|letter| Step::Destroy { letter }),
    ];
    prop::collection::vec(step, 1..60)
}

/// A letter, whose number is that of the model.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    /// Without `\\Deleted`, which belongs to its places.
    flags: System,
    size: u64,
    key: i64,
    keywords: BTreeSet<&'static str>,
    /// The talk that it was filed in: letters of talks that were joined share a conversation.
    talk: usize,
}

/// A place of a letter in a folder.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    letter: u32,
    deleted: bool,
}

/// A folder as somebody would write it down on paper, and a client that looks at it now and then.
struct Paper {
    id: FolderId,
    name: String,
    next: u32,
    places: BTreeMap<u32, Place>,
    client: BTreeMap<u32, System>,
    client_at: Change,
}

impl Paper {
    fn new(folder: &mailbox::Folder) -> Self {
        Self {
            id: folder.id,
            name: folder.name.clone(),
            next: 1,
            places: BTreeMap::new(),
            client: BTreeMap::new(),
            client_at: folder.highest,
        }
    }

    fn uid_of(&self, letter: u32) -> Option<u32> {
        self.places.iter().find(|(_, place)| place.letter == letter).map(|(uid, _)| *uid)
    }

    /// Puts the letter there, or gives the UID that it has there; it is not flagged `\\Deleted` then, unless it was put so.
    fn put(&mut self, letter: u32, deleted: bool) -> u32 {
        match self.uid_of(letter) {
            Some(uid) => {
                self.places.get_mut(&uid).unwrap().deleted &= deleted;
                uid
            }
            None => {
                self.places.insert(self.next, Place { letter, deleted });
                self.next += 1;
                self.next - 1
            }
        }
    }
}

/// A letter as a client knows it that knows the account as a whole: flags, conversation, folders.
type Known = (System, ThreadId, BTreeSet<i64>);

struct World {
    fixture: Fixture,
    papers: Vec<Paper>,
    letters: BTreeMap<u32, Kept>,
    /// For each talk, the one that it has been joined to by now.
    joined: [usize; TALKS],
    filed: u32,
    all: BTreeMap<i64, Known>,
    all_at: Cursor,
}

impl World {
    fn new() -> Self {
        let fixture = Fixture::new();
        let names = ["INBOX", "Archive", "Trash"];
        let papers = names.map(|name| Paper::new(&fixture.folder(name)));
        let all_at = Cursor::at(fixture.read(|view| account_changes::states(view, ACCESS)).emails);
        let joined = std::array::from_fn(|talk| talk);
        let (letters, all) = (BTreeMap::new(), BTreeMap::new());
        Self { fixture, papers: papers.into(), letters, joined, filed: 0, all, all_at }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::File { folder, size, flags, talk } => {
                let references = format!("<talk{talk}@x>");
                self.file(*folder, *size, System::from_bits(*flags), *talk, &references);
            }
            Step::Copy { from, to, range, limit } => self.carry(*from, *to, *range, *limit, false),
            Step::Move { from, to, range, limit } => self.carry(*from, *to, *range, *limit, true),
            Step::Flag { folder, range, add, flags, unchanged_since } => {
                self.flag(*folder, *range, *add, System::from_bits(*flags), *unchanged_since);
            }
            Step::Expunge { folder } => self.expunge(*folder),
            Step::Rename { folder } => self.rename(*folder),
            Step::Delete { folder, finish } => self.delete(*folder, *finish),
            Step::Checkpoint { folder } => self.checkpoint(*folder),
            Step::Look { folder } => self.look(*folder),
            Step::Keyword { folder, range, add, keyword } => self.keyword(*folder, *range, *add, KEYWORDS[*keyword]),
            Step::Join { folder, one, other } => self.join(*folder, *one, *other),
            Step::Trash { folder, finish } => self.trash(*folder, *finish),
            Step::LookAtAll { limit } => self.look_at_all(*limit),
            Step::Lay { letter, folders, undo } => self.lay(*letter, *folders, *undo),
            Step::Add { letter, to } => self.add(*letter, *to),
            Step::Remove { letter, from } => self.remove(*letter, *from),
            Step::Destroy { letter } => self.destroy(*letter),
        }
        self.letters.retain(|letter, _| self.papers.iter().any(|paper| paper.uid_of(*letter).is_some()));
    }

    fn file(&mut self, folder: usize, size: usize, flags: System, talk: usize, references: &str) {
        self.forget_empty_talks();
        self.filed += 1;
        let text = letter(&"x".repeat(size), &format!("{}@x", self.filed), references);
        let filed = self.fixture.file_with(self.papers[folder].id, text.clone(), flags.into(), common::NOW).unwrap();
        let uid = self.papers[folder].put(self.filed, flags.contains(System::DELETED));
        assert_eq!(filed.uid.get(), uid);
        let kept = Kept {
            flags: flags.without(System::DELETED),
            size: text.len() as u64,
            key: filed.letter.0,
            keywords: BTreeSet::new(),
            talk,
        };
        self.letters.insert(self.filed, kept);
    }

    fn carry(&mut self, from: usize, to: usize, range: (u32, u32), limit: usize, takes: bool) {
        let (source, target) = (self.papers[from].id, self.papers[to].id);
        let ranges = [between(range)];
        let done = self
            .fixture
            .write(move |tx| match takes {
                true => move_(tx, ACCESS, source, &ranges, target, limit),
                false => copy(tx, ACCESS, source, &ranges, target, limit),
            })
            .unwrap();
        let wanted: Vec<u32> = self.within(from, range);
        assert_eq!(done.next.map(Uid::get), wanted.get(limit).copied());
        let (mut pairs, mut added) = (Vec::new(), Vec::new());
        for uid in wanted.into_iter().take(limit) {
            let Place { mut letter, deleted } = self.papers[from].places[&uid];
            if takes {
                self.papers[from].places.remove(&uid);
            } else if from == to {
                letter = self.second(letter);
            }
            let next = self.papers[to].next;
            let there = self.papers[to].put(letter, deleted);
            pairs.push((uid, there));
            added.extend((there == next).then_some(there));
        }
        assert_eq!(done.pairs.iter().map(|(here, there)| (here.get(), there.get())).collect::<Vec<_>>(), pairs);
        assert_eq!(done.added.iter().map(|uid| uid.get()).collect::<Vec<_>>(), added);
    }

    /// A copy within a folder is a letter of its own.
    fn second(&mut self, letter: u32) -> u32 {
        self.filed += 1;
        let kept = Kept { key: 0, ..self.letters[&letter].clone() };
        self.letters.insert(self.filed, kept);
        self.filed
    }

    fn flag(&mut self, folder: usize, range: (u32, u32), add: bool, flags: System, since: Option<u8>) {
        let id = self.papers[folder].id;
        let since = since.map(|since| Change(u64::from(since)));
        let changes: BTreeMap<u32, Change> =
            self.fixture.rows(id).iter().map(|row| (row.uid.get(), row.change)).collect();
        let change = if add { FlagChange::Add(flags.into()) } else { FlagChange::Remove(flags.into()) };
        let ranges = [between(range)];
        let stored = self.fixture.write(move |tx| store_flags(tx, ACCESS, id, &ranges, &change, since, 100)).unwrap();
        let mut modified = Vec::new();
        for uid in self.within(folder, range) {
            if since.is_some_and(|since| changes[&uid] > since) {
                modified.push(uid);
                continue;
            }
            let place = self.papers[folder].places.get_mut(&uid).unwrap();
            if flags.contains(System::DELETED) {
                place.deleted = add;
            }
            let kept = self.letters.get_mut(&place.letter).unwrap();
            let flags = flags.without(System::DELETED);
            kept.flags = if add { kept.flags.with(flags) } else { kept.flags.without(flags) };
        }
        assert_eq!(stored.modified.iter().map(|uid| uid.get()).collect::<Vec<_>>(), modified);
    }

    /// A conversation ends with its last letter: its talks are as if they had never been joined.
    fn forget_empty_talks(&mut self) {
        let alive: BTreeSet<usize> = self.letters.values().map(|kept| self.joined[kept.talk]).collect();
        for (talk, joined) in self.joined.iter_mut().enumerate() {
            if !alive.contains(joined) {
                *joined = talk;
            }
        }
    }

    /// A letter that answers two talks makes one conversation of them, and their letters get new keys.
    fn join(&mut self, folder: usize, one: usize, other: usize) {
        // A talk without letters has no conversation to be joined.
        let has_letters = |talk: usize| {
            let of = self.joined[talk];
            self.letters.values().any(|kept| self.joined[kept.talk] == of)
        };
        if !has_letters(one) || !has_letters(other) {
            return;
        }
        self.file(folder, 0, System::NONE, one, &format!("<talk{one}@x> <talk{other}@x>"));
        let (from, to) = (self.joined[other], self.joined[one]);
        self.joined.iter_mut().filter(|talk| **talk == from).for_each(|talk| *talk = to);
        self.letters.values_mut().for_each(|kept| kept.key = 0);
    }

    fn keyword(&mut self, folder: usize, range: (u32, u32), add: bool, keyword: &'static str) {
        let id = self.papers[folder].id;
        let ranges = [between(range)];
        self.fixture
            .write(move |tx| {
                let change = match add {
                    true => FlagChange::Add(flags::intern(tx, ACCESS, System::NONE, &[keyword])?),
                    false => FlagChange::Remove(flags::used(tx, ACCESS, System::NONE, &[keyword])?),
                };
                store_flags(tx, ACCESS, id, &ranges, &change, None, 100)
            })
            .unwrap();
        for uid in self.within(folder, range) {
            let letter = self.papers[folder].places[&uid].letter;
            let keywords = &mut self.letters.get_mut(&letter).unwrap().keywords;
            if add {
                keywords.insert(keyword)
            } else {
                keywords.remove(keyword)
            };
        }
    }

    /// Makes another folder the trash, or none; the work that follows is done at once, or by the background task some
    /// day.
    fn trash(&mut self, folder: Option<usize>, finish: bool) {
        let change = match folder {
            Some(folder) => Some((self.papers[folder].id, Some(SpecialUse::Trash))),
            None => {
                let trash = self.fixture.read(|view| folder::by_use(view, ACCESS, SpecialUse::Trash));
                trash.map(|trash| (trash.id, None))
            }
        };
        if let Some((id, special)) = change {
            self.fixture.write(move |tx| folder::set_use(tx, ACCESS, id, special)).unwrap();
        }
        if finish {
            self.fixture.finish();
        }
    }

    /// A letter of the model with its key.
    fn pick(&self, letter: usize) -> Option<(u32, LetterKey)> {
        let number = *self.letters.keys().nth(letter % self.letters.len().max(1))?;
        let (paper, uid) = self.papers.iter().find_map(|paper| Some((paper, paper.uid_of(number)?)))?;
        let row = self.fixture.rows(paper.id).into_iter().find(|row| row.uid.get() == uid).unwrap();
        Some((number, row.letter))
    }

    fn visible(&self, letter: u32) -> Vec<FolderId> {
        let is_visible = |paper: &&Paper| paper.uid_of(letter).is_some_and(|uid| !paper.places[&uid].deleted);
        let mut folders: Vec<FolderId> = self.papers.iter().filter(is_visible).map(|paper| paper.id).collect();
        folders.sort_unstable();
        folders
    }

    /// Puts a letter into some of the folders and no others; and back where it was, perhaps.
    fn lay(&mut self, letter: usize, folders: [bool; 3], undo: bool) {
        let Some((number, key)) = self.pick(letter) else { return };
        let chosen = self.papers.iter().zip(folders).filter(|(_, chosen)| *chosen);
        let wanted: Vec<FolderId> = chosen.map(|(paper, _)| paper.id).collect();
        let before = self.visible(number);
        let asked = wanted.clone();
        let placed = self.fixture.write(move |tx| letter::set_folders(tx, ACCESS, key, &asked));
        if wanted.is_empty() {
            assert!(matches!(placed, Err(Error::Nowhere)), "{placed:?}");
            return;
        }
        let Some(placed) = placed.unwrap() else {
            assert_eq!(before, []);
            return;
        };
        assert_eq!(placed.before, before);
        assert_eq!(placed.change.is_none(), before.len() == wanted.len() && before.iter().all(|f| wanted.contains(f)));
        for (paper, is_wanted) in self.papers.iter_mut().zip(folders) {
            let uid = paper.uid_of(number).filter(|uid| !paper.places[uid].deleted);
            match (is_wanted, uid) {
                (true, _) => drop(paper.put(number, false)),
                (false, Some(uid)) => drop(paper.places.remove(&uid)),
                (false, None) => {}
            }
        }
        let uid = |folder: &FolderId| self.papers.iter().find(|paper| paper.id == *folder)?.uid_of(number);
        assert_eq!(placed.now.iter().map(|(folder, _)| *folder).collect::<Vec<_>>(), self.visible(number));
        assert!(placed.now.iter().all(|(folder, there)| uid(folder) == Some(there.get())), "{placed:?}");
        if undo {
            let back = self.papers.iter().map(|paper| before.contains(&paper.id)).collect::<Vec<_>>();
            self.lay(letter, back.try_into().unwrap(), false);
            assert_eq!(self.visible(number), before);
        }
    }

    fn add(&mut self, letter: usize, to: usize) {
        let Some((number, key)) = self.pick(letter) else { return };
        let folder = self.papers[to].id;
        let uid = self.fixture.write(move |tx| letter::add(tx, ACCESS, key, folder)).unwrap();
        assert_eq!(uid.map(Uid::get), Some(self.papers[to].put(number, false)));
    }

    fn remove(&mut self, letter: usize, from: usize) {
        let Some((number, key)) = self.pick(letter) else { return };
        let folder = self.papers[from].id;
        let gone = self.fixture.write(move |tx| letter::remove(tx, ACCESS, key, folder)).unwrap();
        let uid = self.papers[from].uid_of(number);
        assert_eq!(gone, uid.is_some());
        uid.map(|uid| self.papers[from].places.remove(&uid));
    }

    fn destroy(&mut self, letter: usize) {
        let Some((number, key)) = self.pick(letter) else { return };
        assert!(self.fixture.write(move |tx| letter::destroy(tx, ACCESS, key)).unwrap());
        self.papers.iter_mut().for_each(|paper| paper.places.retain(|_, place| place.letter != number));
    }

    /// Deletes a folder, and makes another one of the same name.
    fn delete(&mut self, folder: usize, finish: bool) {
        let name = self.papers[folder].name.clone();
        if name == "INBOX" {
            return;
        }
        let again = name.clone();
        self.fixture.write(move |tx| folder::delete(tx, ACCESS, &name)).unwrap();
        if finish {
            self.fixture.finish();
        }
        let made = again.clone();
        self.fixture.write(move |tx| folder::create(tx, ACCESS, &made, None)).unwrap();
        // The model knows nothing of a folder that is still being cleared away.
        self.fixture.finish();
        self.papers[folder] = Paper::new(&self.fixture.folder(&again));
    }

    /// The client that knows the account as a whole learns what changed, in small pieces, and then knows all.
    fn look_at_all(&mut self, limit: usize) {
        loop {
            let from = self.all_at;
            let changes = self.fixture.read(move |view| account_changes::letters(view, ACCESS, from, limit)).unwrap();
            for gone in &changes.destroyed {
                self.all.remove(&gone.0);
            }
            for key in changes.created.into_iter().chain(changes.updated) {
                let found =
                    self.fixture.read(move |view| mailbox::fetch::visible(view, ACCESS, key, mailbox::Want::ROW));
                let places = self.fixture.read(move |view| letter::places(view, ACCESS, key));
                let folders = places.iter().filter(|place| place.is_visible()).map(|place| place.folder.0).collect();
                match found {
                    Some((_, row)) => self.all.insert(key.0, (row.flags.system, row.thread, folders)),
                    None => self.all.remove(&key.0),
                };
            }
            self.all_at = changes.now;
            if !changes.more {
                break;
            }
        }
        let mut truth: BTreeMap<i64, Known> = BTreeMap::new();
        for paper in &self.papers {
            for row in self.fixture.rows(paper.id) {
                if !row.flags.system.contains(System::DELETED) {
                    let known = (row.flags.system, row.thread, BTreeSet::new());
                    truth.entry(row.letter.0).or_insert(known).2.insert(paper.id.0);
                }
            }
        }
        assert_eq!(self.all, truth);
    }

    fn expunge(&mut self, folder: usize) {
        let id = self.papers[folder].id;
        let gone = self.fixture.write(move |tx| expunge(tx, ACCESS, id, &Expunge::Deleted, 100)).unwrap();
        let places = &mut self.papers[folder].places;
        let doomed: Vec<u32> = places.iter().filter(|(_, place)| place.deleted).map(|(uid, _)| *uid).collect();
        assert_eq!(gone.uids.iter().map(|uid| uid.get()).collect::<Vec<_>>(), doomed);
        places.retain(|uid, _| !doomed.contains(uid));
    }

    fn rename(&mut self, folder: usize) {
        if self.papers[folder].name == "INBOX" {
            return;
        }
        let (from, to) = (self.papers[folder].name.clone(), format!("{}x", self.papers[folder].name));
        self.papers[folder].name.clone_from(&to);
        self.fixture.write(move |tx| folder::rename(tx, ACCESS, &from, &to)).unwrap();
    }

    fn checkpoint(&mut self, folder: usize) {
        let id = self.papers[folder].id;
        let sql = "UPDATE folder SET stale = 5000 WHERE folder = $1";
        self.fixture.write(move |tx| Ok(tx.execute(sql, store::params![id.0]).map(drop)?)).unwrap();
        common::runtime().block_on(mailbox::index::catch_up(&self.fixture.store)).unwrap();
    }

    /// The client learns what changed, in small pages, and then knows all.
    fn look(&mut self, folder: usize) {
        let truth = self.flags_in(folder);
        let paper = &mut self.papers[folder];
        loop {
            let (id, at) = (paper.id, paper.client_at);
            let page = self.fixture.read(move |view| changes_since(view, ACCESS, id, at, 3));
            for uid in page.vanished.iter() {
                paper.client.remove(&uid.get());
            }
            for row in page.changed {
                paper.client.insert(row.uid.get(), row.flags.system);
            }
            paper.client_at = page.now;
            if !page.more {
                break;
            }
        }
        assert_eq!(paper.client, truth);
    }

    fn flags_in(&self, folder: usize) -> BTreeMap<u32, System> {
        let flags = |place: &Place| match place.deleted {
            true => self.letters[&place.letter].flags.with(System::DELETED),
            false => self.letters[&place.letter].flags,
        };
        self.papers[folder].places.iter().map(|(uid, place)| (*uid, flags(place))).collect()
    }

    fn within(&self, folder: usize, range: (u32, u32)) -> Vec<u32> {
        let range = between(range);
        self.papers[folder].places.keys().copied().filter(|uid| range.contains(Uid::new(*uid).unwrap())).collect()
    }

    /// The mailbox is as the paper says.
    fn check(&self) {
        let mut keys: BTreeMap<u32, BTreeSet<i64>> = BTreeMap::new();
        for (number, paper) in self.papers.iter().enumerate() {
            let folder = self.fixture.folder(&paper.name);
            assert_eq!(folder.id, paper.id);
            let rows = self.fixture.rows(paper.id);
            let flags = self.flags_in(number);
            assert_eq!(rows.iter().map(|row| (row.uid.get(), row.flags.system)).collect::<BTreeMap<_, _>>(), flags);
            let known = self.fixture.read(|view| mailbox::Keywords::load(view, ACCESS));
            let mut size = 0;
            for (row, place) in rows.iter().zip(paper.places.values()) {
                let kept = &self.letters[&place.letter];
                assert!(kept.key == 0 || kept.key == row.letter.0);
                assert!(row.change <= folder.highest);
                assert_eq!(row.size, kept.size);
                let names: BTreeSet<&str> = row.flags.keywords().iter().filter_map(|id| known.name(*id)).collect();
                assert_eq!(names, kept.keywords);
                keys.entry(place.letter).or_default().insert(row.letter.0);
                size += kept.size;
            }
            let count = |test: &dyn Fn(System) -> bool| flags.values().filter(|flags| test(**flags)).count() as u32;
            assert_eq!(folder.total as usize, rows.len());
            assert_eq!(folder.unseen, count(&|flags| !flags.contains(System::SEEN)));
            assert_eq!(folder.deleted, count(&|flags| flags.contains(System::DELETED)));
            assert_eq!(folder.size, size);
            assert_eq!(folder.uid_next.get(), paper.next);
            let id = paper.id;
            let (uids, at) = self.fixture.read(move |view| Uids::load(view, ACCESS, id));
            assert_eq!(uids.iter().map(Uid::get).collect::<Vec<_>>(), paper.places.keys().copied().collect::<Vec<_>>());
            assert_eq!(at, folder.highest);
        }
        // A letter has one key in all its folders, and no other letter has it.
        assert!(keys.values().all(|keys| keys.len() == 1), "{keys:?}");
        assert_eq!(keys.values().flatten().collect::<BTreeSet<_>>().len(), self.letters.len());
        let used: u64 = self.letters.values().map(|kept| kept.size).sum();
        let usage = self.fixture.read(|view| account::usage(view, ACCESS));
        assert_eq!((usage.used, usage.letters), (used, self.letters.len() as u64));
        assert_eq!(self.fixture.count("letter"), self.letters.len() as i64);
        self.check_conversations();
        self.verify();
    }

    /// Letters of one talk, or of talks that were joined while both had letters, are one conversation.
    fn check_conversations(&self) {
        let mut threads: BTreeMap<usize, BTreeSet<ThreadId>> = BTreeMap::new();
        for paper in &self.papers {
            for (row, place) in self.fixture.rows(paper.id).iter().zip(paper.places.values()) {
                threads.entry(self.joined[self.letters[&place.letter].talk]).or_default().insert(row.thread);
            }
        }
        assert!(threads.values().all(|threads| threads.len() == 1), "{threads:?}");
    }

    /// Nothing is other than it should be, while work is still waiting and when all of it is done.
    fn verify(&self) {
        for done in [false, true] {
            if done {
                common::runtime().block_on(mailbox::index::catch_up(&self.fixture.store)).unwrap();
            }
            let mut found = Vec::new();
            let verify = Verify { store: &self.fixture.store, references: &[], repair: false };
            verify.run(&mut |finding| found.push(finding)).unwrap();
            assert_eq!(found, [], "done: {done}");
        }
    }
}

fn between((one, other): (u32, u32)) -> UidRange {
    UidRange::new(Uid::new(one).unwrap(), Uid::new(other).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_leaves_the_mailbox_as_the_model_says(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        for folder in 0..3 {
            world.look(folder);
        }
        world.look_at_all(3);
        world.check();
    }
}
