//! Any sequence of changes leaves the mailbox as a naive model says.

mod common;

use std::collections::BTreeMap;

use common::{ALICE, House, letter};
use facteur_mailbox as mailbox;
use mailbox::letter::{Expunge, copy, expunge, move_, store_flags};
use mailbox::{Change, FlagChange, FolderId, System, Uid, UidRange, Uids, account, changes_since, folder};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    File { folder: usize, size: usize, flags: u8 },
    Copy { from: usize, to: usize, range: (u32, u32), limit: usize },
    Move { from: usize, to: usize, range: (u32, u32), limit: usize },
    Flag { folder: usize, range: (u32, u32), add: bool, flags: u8, unchanged_since: Option<u8> },
    Expunge { folder: usize },
    Rename { folder: usize },
    Checkpoint { folder: usize },
    Look { folder: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let f = || 0..3usize;
    let range = || (1..15u32, 1..15u32);
    let limit = || 1..8usize;
    let step = prop_oneof![
        4 => (f(), 0..200usize, 0..32u8).prop_map(|(folder, size, flags)| Step::File { folder, size, flags }),
        2 => (f(), f(), range(), limit()).prop_map(|(from, to, range, limit)| Step::Copy { from, to, range, limit }),
        2 => (f(), f(), range(), limit()).prop_map(|(from, to, range, limit)| Step::Move { from, to, range, limit }),
        3 => (f(), range(), any::<bool>(), 0..32u8, prop::option::of(any::<u8>()))
            .prop_map(|(folder, range, add, flags, unchanged_since)| Step::Flag { folder, range, add, flags, unchanged_since }),
        2 => f().prop_map(|folder| Step::Expunge { folder }),
        1 => f().prop_map(|folder| Step::Rename { folder }),
        1 => f().prop_map(|folder| Step::Checkpoint { folder }),
        2 => f().prop_map(|folder| Step::Look { folder }),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    flags: System,
    size: u64,
    key: i64,
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
    house: House,
    papers: Vec<Paper>,
}

impl World {
    fn new() -> Self {
        let house = House::new();
        let names = ["INBOX", "Archive", "Trash"];
        let papers = names.map(|name| {
            let folder = house.folder(name);
            Paper {
                id: folder.id,
                name: name.to_owned(),
                next: 1,
                letters: BTreeMap::new(),
                client: BTreeMap::new(),
                client_at: folder.highest,
            }
        });
        Self { house, papers: papers.into() }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::File { folder, size, flags } => self.file(*folder, *size, System::from_bits(*flags)),
            Step::Copy { from, to, range, limit } => self.carry(*from, *to, *range, *limit, false),
            Step::Move { from, to, range, limit } => self.carry(*from, *to, *range, *limit, true),
            Step::Flag { folder, range, add, flags, unchanged_since } => {
                self.flag(*folder, *range, *add, System::from_bits(*flags), *unchanged_since);
            }
            Step::Expunge { folder } => self.expunge(*folder),
            Step::Rename { folder } => self.rename(*folder),
            Step::Checkpoint { folder } => self.checkpoint(*folder),
            Step::Look { folder } => self.look(*folder),
        }
    }

    fn file(&mut self, folder: usize, size: usize, flags: System) {
        let text = letter(&"x".repeat(size), &format!("{size}@x"), "");
        let filed = self.house.file_with(self.papers[folder].id, text.clone(), flags.into(), common::NOW).unwrap();
        let paper = &mut self.papers[folder];
        assert_eq!(filed.uid.get(), paper.next);
        paper.letters.insert(paper.next, Kept { flags, size: text.len() as u64, key: filed.letter.0 });
        paper.next += 1;
    }

    fn carry(&mut self, from: usize, to: usize, range: (u32, u32), limit: usize, takes: bool) {
        let (source, target) = (self.papers[from].id, self.papers[to].id);
        let ranges = [between(range)];
        let done = self
            .house
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
            self.house.rows(id).iter().map(|row| (row.uid.get(), row.change)).collect();
        let change = if add { FlagChange::Add(flags.into()) } else { FlagChange::Remove(flags.into()) };
        let ranges = [between(range)];
        let stored = self.house.write(move |tx| store_flags(tx, id, &ranges, &change, since, 100)).unwrap();
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

    fn expunge(&mut self, folder: usize) {
        let id = self.papers[folder].id;
        let gone = self.house.write(move |tx| expunge(tx, id, &Expunge::Deleted, 100)).unwrap();
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
        self.house.write(move |tx| folder::rename(tx, ALICE, &from, &to)).unwrap();
    }

    fn checkpoint(&mut self, folder: usize) {
        let id = self.papers[folder].id;
        let sql = "UPDATE folder SET stale = 5000 WHERE folder = $1";
        self.house.write(move |tx| Ok(tx.execute(sql, store::params![id.0]).map(drop)?)).unwrap();
        common::runtime().block_on(mailbox::index::catch_up(&self.house.store)).unwrap();
    }

    /// The client learns what changed, in small pages, and then knows all.
    fn look(&mut self, folder: usize) {
        let paper = &mut self.papers[folder];
        loop {
            let (id, at) = (paper.id, paper.client_at);
            let page = self.house.read(move |view| changes_since(view, id, at, 3));
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
            let folder = self.house.folder(&paper.name);
            assert_eq!(folder.id, paper.id);
            let rows = self.house.rows(paper.id);
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
            let (uids, at) = self.house.read(move |view| Uids::load(view, id));
            assert_eq!(
                uids.iter().map(Uid::get).collect::<Vec<_>>(),
                paper.letters.keys().copied().collect::<Vec<_>>()
            );
            assert_eq!(at, folder.highest);
            (used, letters) = (used + folder.size, letters + u64::from(folder.total));
        }
        let usage = self.house.read(|view| account::usage(view, ALICE));
        assert_eq!((usage.used, usage.letters), (used, letters));
        assert_eq!(self.house.count("letter"), letters as i64);
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
        world.check();
    }
}
