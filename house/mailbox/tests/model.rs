//! Any sequence of changes leaves the mailbox as a naive model says.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{ALICE, Fixture, letter};
use facteur_mailbox as mailbox;
use mailbox::account_changes::{self, Cursor};
use mailbox::letter::{Expunge, copy, expunge, move_, store_flags};
use mailbox::verify::Verify;
use mailbox::{
    Change, FlagChange, FolderId, SpecialUse, System, ThreadId, Uid, UidRange, Uids, account, changes_since, flags,
    folder,
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
    Checkpoint { folder: usize },
    Look { folder: usize },
    Keyword { folder: usize, range: (u32, u32), add: bool, keyword: usize },
    Join { folder: usize, one: usize, other: usize },
    Trash { folder: Option<usize>, finish: bool },
    LookAtAll { limit: usize },
}

/// The number of conversations that letters belong to, by the letters that they answer.
const TALKS: usize = 4;
const KEYWORDS: [&str; 3] = ["$Work", "Later", "$Forwarded"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let f = || 0..3usize;
    let range = || (1..15u32, 1..15u32);
    let limit = || 1..8usize;
    let step = prop_oneof![
        4 => (f(), 0..200usize, 0..32u8, 0..TALKS)
            .prop_map(|(folder, size, flags, talk)| Step::File { folder, size, flags, talk }),
        2 => (f(), f(), range(), limit()).prop_map(|(from, to, range, limit)| Step::Copy { from, to, range, limit }),
        2 => (f(), f(), range(), limit()).prop_map(|(from, to, range, limit)| Step::Move { from, to, range, limit }),
        3 => (f(), range(), any::<bool>(), 0..32u8, prop::option::of(any::<u8>()))
            .prop_map(|(folder, range, add, flags, unchanged_since)| Step::Flag { folder, range, add, flags, unchanged_since }),
        2 => f().prop_map(|folder| Step::Expunge { folder }),
        1 => f().prop_map(|folder| Step::Rename { folder }),
        1 => f().prop_map(|folder| Step::Checkpoint { folder }),
        2 => f().prop_map(|folder| Step::Look { folder }),
        2 => (f(), range(), any::<bool>(), 0..KEYWORDS.len())
            .prop_map(|(folder, range, add, keyword)| Step::Keyword { folder, range, add, keyword }),
        1 => (f(), 0..TALKS, 0..TALKS).prop_map(|(folder, one, other)| Step::Join { folder, one, other }),
        1 => (prop::option::of(f()), any::<bool>()).prop_map(|(folder, finish)| Step::Trash { folder, finish }),
        2 => (1..6usize).prop_map(|limit| Step::LookAtAll { limit }),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    flags: System,
    size: u64,
    key: i64,
    keywords: BTreeSet<&'static str>,
    /// The talk that it was filed in: letters of talks that were joined share a conversation.
    talk: usize,
}

/// A folder as somebody would write it down on paper, and a client that looks at it now and then.
struct Paper {
    id: FolderId,
    name: String,
    next: u32,
    letters: BTreeMap<u32, Kept>,
    client: BTreeMap<u32, System>,
    client_at: Change,
}

struct World {
    fixture: Fixture,
    papers: Vec<Paper>,
    /// For each talk, the one that it has been joined to by now.
    joined: [usize; TALKS],
    filed: u32,
    /// A client that knows the account as a whole: letters with their flags, and how far it has come.
    all: BTreeMap<i64, (System, ThreadId)>,
    all_at: Cursor,
}

impl World {
    fn new() -> Self {
        let fixture = Fixture::new();
        let names = ["INBOX", "Archive", "Trash"];
        let papers = names.map(|name| {
            let folder = fixture.folder(name);
            Paper {
                id: folder.id,
                name: name.to_owned(),
                next: 1,
                letters: BTreeMap::new(),
                client: BTreeMap::new(),
                client_at: folder.highest,
            }
        });
        let all_at = Cursor::at(fixture.read(|view| account_changes::states(view, ALICE)).emails);
        let joined = std::array::from_fn(|talk| talk);
        Self { fixture, papers: papers.into(), joined, filed: 0, all: BTreeMap::new(), all_at }
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
            Step::Checkpoint { folder } => self.checkpoint(*folder),
            Step::Look { folder } => self.look(*folder),
            Step::Keyword { folder, range, add, keyword } => self.keyword(*folder, *range, *add, KEYWORDS[*keyword]),
            Step::Join { folder, one, other } => self.join(*folder, *one, *other),
            Step::Trash { folder, finish } => self.trash(*folder, *finish),
            Step::LookAtAll { limit } => self.look_at_all(*limit),
        }
    }

    fn file(&mut self, folder: usize, size: usize, flags: System, talk: usize, references: &str) {
        self.forget_empty_talks();
        self.filed += 1;
        let text = letter(&"x".repeat(size), &format!("{}@x", self.filed), references);
        let filed = self.fixture.file_with(self.papers[folder].id, text.clone(), flags.into(), common::NOW).unwrap();
        let paper = &mut self.papers[folder];
        assert_eq!(filed.uid.get(), paper.next);
        paper.letters.insert(
            paper.next,
            Kept { flags, size: text.len() as u64, key: filed.letter.0, keywords: BTreeSet::new(), talk },
        );
        paper.next += 1;
    }

    fn carry(&mut self, from: usize, to: usize, range: (u32, u32), limit: usize, takes: bool) {
        let (source, target) = (self.papers[from].id, self.papers[to].id);
        let ranges = [between(range)];
        let done = self
            .fixture
            .write(move |tx| match takes {
                true => move_(tx, source, &ranges, target, limit),
                false => copy(tx, source, &ranges, target, limit),
            })
            .unwrap();
        let wanted: Vec<u32> = self.within(from, range);
        assert_eq!(done.next.map(Uid::get), wanted.get(limit).copied());
        let mut pairs = done.pairs.into_iter();
        for uid in wanted.into_iter().take(limit) {
            let (old, new) = pairs.next().unwrap();
            assert_eq!((old.get(), new.get()), (uid, self.papers[to].next));
            let mut kept = self.papers[from].letters[&uid].clone();
            if takes {
                self.papers[from].letters.remove(&uid);
            } else {
                kept.key = 0;
            }
            self.papers[to].letters.insert(new.get(), kept);
            self.papers[to].next += 1;
        }
        assert_eq!(pairs.next(), None);
    }

    fn flag(&mut self, folder: usize, range: (u32, u32), add: bool, flags: System, since: Option<u8>) {
        let id = self.papers[folder].id;
        let since = since.map(|since| Change(u64::from(since)));
        let changes: BTreeMap<u32, Change> =
            self.fixture.rows(id).iter().map(|row| (row.uid.get(), row.change)).collect();
        let change = if add { FlagChange::Add(flags.into()) } else { FlagChange::Remove(flags.into()) };
        let ranges = [between(range)];
        let stored = self.fixture.write(move |tx| store_flags(tx, id, &ranges, &change, since, 100)).unwrap();
        let mut modified = Vec::new();
        for uid in self.within(folder, range) {
            if since.is_some_and(|since| changes[&uid] > since) {
                modified.push(uid);
                continue;
            }
            let kept = self.papers[folder].letters.get_mut(&uid).unwrap();
            kept.flags = if add { kept.flags.with(flags) } else { kept.flags.without(flags) };
        }
        assert_eq!(stored.modified.iter().map(|uid| uid.get()).collect::<Vec<_>>(), modified);
    }

    /// A conversation ends with its last letter: its talks are as if they had never been joined.
    fn forget_empty_talks(&mut self) {
        let alive: BTreeSet<usize> =
            self.papers.iter().flat_map(|paper| paper.letters.values()).map(|kept| self.joined[kept.talk]).collect();
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
            self.papers.iter().flat_map(|paper| paper.letters.values()).any(|kept| self.joined[kept.talk] == of)
        };
        if !has_letters(one) || !has_letters(other) {
            return;
        }
        self.file(folder, 0, System::NONE, one, &format!("<talk{one}@x> <talk{other}@x>"));
        let (from, to) = (self.joined[other], self.joined[one]);
        self.joined.iter_mut().filter(|talk| **talk == from).for_each(|talk| *talk = to);
        for kept in self.papers.iter_mut().flat_map(|paper| paper.letters.values_mut()) {
            kept.key = 0;
        }
    }

    fn keyword(&mut self, folder: usize, range: (u32, u32), add: bool, keyword: &'static str) {
        let id = self.papers[folder].id;
        let ranges = [between(range)];
        self.fixture
            .write(move |tx| {
                let change = match add {
                    true => FlagChange::Add(flags::intern(tx, ALICE, System::NONE, &[keyword])?),
                    false => FlagChange::Remove(flags::used(tx, ALICE, System::NONE, &[keyword])?),
                };
                store_flags(tx, id, &ranges, &change, None, 100)
            })
            .unwrap();
        for uid in self.within(folder, range) {
            let keywords = &mut self.papers[folder].letters.get_mut(&uid).unwrap().keywords;
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
                let trash = self.fixture.read(|view| folder::by_use(view, ALICE, SpecialUse::Trash));
                trash.map(|trash| (trash.id, None))
            }
        };
        if let Some((id, special)) = change {
            self.fixture.write(move |tx| folder::set_use(tx, id, special)).unwrap();
        }
        if finish {
            self.fixture.finish();
        }
    }

    /// The client that knows the account as a whole learns what changed, in small pieces, and then knows all.
    fn look_at_all(&mut self, limit: usize) {
        loop {
            let from = self.all_at;
            let changes = self.fixture.read(move |view| account_changes::letters(view, ALICE, from, limit)).unwrap();
            for gone in &changes.destroyed {
                self.all.remove(&gone.0);
            }
            for key in changes.created.into_iter().chain(changes.updated) {
                let found =
                    self.fixture.read(move |view| mailbox::fetch::visible(view, ALICE, key, mailbox::Want::ROW));
                match found {
                    Some((_, row)) => self.all.insert(key.0, (row.flags.system, row.thread)),
                    None => self.all.remove(&key.0),
                };
            }
            self.all_at = changes.now;
            if !changes.more {
                break;
            }
        }
        let rows = self.papers.iter().flat_map(|paper| self.fixture.rows(paper.id));
        let truth: BTreeMap<i64, (System, ThreadId)> = rows
            .filter(|row| !row.flags.system.contains(System::DELETED))
            .map(|row| (row.letter.0, (row.flags.system, row.thread)))
            .collect();
        assert_eq!(self.all, truth);
    }

    fn expunge(&mut self, folder: usize) {
        let id = self.papers[folder].id;
        let gone = self.fixture.write(move |tx| expunge(tx, id, &Expunge::Deleted, 100)).unwrap();
        let letters = &mut self.papers[folder].letters;
        let doomed: Vec<u32> =
            letters.iter().filter(|(_, kept)| kept.flags.contains(System::DELETED)).map(|(uid, _)| *uid).collect();
        assert_eq!(gone.uids.iter().map(|uid| uid.get()).collect::<Vec<_>>(), doomed);
        letters.retain(|uid, _| !doomed.contains(uid));
    }

    fn rename(&mut self, folder: usize) {
        if self.papers[folder].name == "INBOX" {
            return;
        }
        let (from, to) = (self.papers[folder].name.clone(), format!("{}x", self.papers[folder].name));
        self.papers[folder].name.clone_from(&to);
        self.fixture.write(move |tx| folder::rename(tx, ALICE, &from, &to)).unwrap();
    }

    fn checkpoint(&mut self, folder: usize) {
        let id = self.papers[folder].id;
        let sql = "UPDATE folder SET stale = 5000 WHERE folder = $1";
        self.fixture.write(move |tx| Ok(tx.execute(sql, store::params![id.0]).map(drop)?)).unwrap();
        common::runtime().block_on(mailbox::index::catch_up(&self.fixture.store)).unwrap();
    }

    /// The client learns what changed, in small pages, and then knows all.
    fn look(&mut self, folder: usize) {
        let paper = &mut self.papers[folder];
        loop {
            let (id, at) = (paper.id, paper.client_at);
            let page = self.fixture.read(move |view| changes_since(view, id, at, 3));
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
        let truth: BTreeMap<u32, System> = paper.letters.iter().map(|(uid, kept)| (*uid, kept.flags)).collect();
        assert_eq!(paper.client, truth);
    }

    fn within(&self, folder: usize, range: (u32, u32)) -> Vec<u32> {
        let range = between(range);
        self.papers[folder].letters.keys().copied().filter(|uid| range.contains(Uid::new(*uid).unwrap())).collect()
    }

    /// The mailbox is as the paper says.
    fn check(&self) {
        let (mut used, mut letters) = (0, 0);
        for paper in &self.papers {
            let folder = self.fixture.folder(&paper.name);
            assert_eq!(folder.id, paper.id);
            let rows = self.fixture.rows(paper.id);
            let kept: Vec<_> = paper.letters.iter().map(|(uid, kept)| (*uid, kept.flags, kept.size)).collect();
            assert_eq!(rows.iter().map(|r| (r.uid.get(), r.flags.system, r.size)).collect::<Vec<_>>(), kept);
            for (row, kept) in rows.iter().zip(paper.letters.values()) {
                assert!(kept.key == 0 || kept.key == row.letter.0);
                assert!(row.change <= folder.highest);
            }
            let count = |test: &dyn Fn(&Kept) -> bool| paper.letters.values().filter(|kept| test(kept)).count() as u32;
            assert_eq!(folder.total as usize, rows.len());
            assert_eq!(folder.unseen, count(&|kept| !kept.flags.contains(System::SEEN)));
            assert_eq!(folder.deleted, count(&|kept| kept.flags.contains(System::DELETED)));
            assert_eq!(folder.size, paper.letters.values().map(|kept| kept.size).sum::<u64>());
            assert_eq!(folder.uid_next.get(), paper.next);
            let id = paper.id;
            let (uids, at) = self.fixture.read(move |view| Uids::load(view, id));
            assert_eq!(
                uids.iter().map(Uid::get).collect::<Vec<_>>(),
                paper.letters.keys().copied().collect::<Vec<_>>()
            );
            assert_eq!(at, folder.highest);
            let known = self.fixture.read(|view| mailbox::Keywords::load(view, ALICE));
            for (row, kept) in rows.iter().zip(paper.letters.values()) {
                let names: BTreeSet<&str> = row.flags.keywords().iter().filter_map(|id| known.name(*id)).collect();
                assert_eq!(names, kept.keywords);
            }
            (used, letters) = (used + folder.size, letters + u64::from(folder.total));
        }
        let usage = self.fixture.read(|view| account::usage(view, ALICE));
        assert_eq!((usage.used, usage.letters), (used, letters));
        assert_eq!(self.fixture.count("letter"), letters as i64);
        self.check_conversations();
        self.verify();
    }

    /// Letters of one talk, or of talks that were joined while both had letters, are one conversation.
    fn check_conversations(&self) {
        let mut threads: BTreeMap<usize, BTreeSet<ThreadId>> = BTreeMap::new();
        for paper in &self.papers {
            for (row, kept) in self.fixture.rows(paper.id).iter().zip(paper.letters.values()) {
                threads.entry(self.joined[kept.talk]).or_default().insert(row.thread);
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
