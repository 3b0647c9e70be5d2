//! Nobody waits for another: no write of the mailbox takes longer because there are more letters.
//!
//! The tests count in steps of the database how long a write holds up the others; the steps are the same on a busy
//! machine. The large measurement, with clocks, is `bench fairness`.

#[path = "fairness/works.rs"]
mod works;

use mailbox::Access;
use std::collections::BTreeSet;
use std::path::Path;

extern crate facteur_mailbox as mailbox;
use store::{Options, Store};
use works::{BOB, Bound, READS, SMALL, Town, WORKS};

/// Steps that no write may take, however many there are.
const MOST: u64 = 1_000_000;

/// Steps of the most expensive write of each work, on so many letters.
fn measure(letters: u32) -> Vec<u64> {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Options::new(dir.path()), mailbox::MIGRATIONS).unwrap();
    let town = Town::build(store, letters, 5);
    READS.iter().for_each(|read| (read.run)(&town));
    let works = WORKS.iter().map(|work| {
        town.store.longest_write();
        (work.run)(&town);
        town.store.longest_write()
    });
    let steps = works.collect();
    assert_eq!(town.store.read_blocking(|view| mailbox::account::usage(view, Access::own(BOB))).unwrap().letters, 60);
    steps
}

#[test]
fn no_write_takes_longer_because_there_are_more_letters() {
    let (few, many) = (measure(1_200), measure(2_400));
    for ((work, few), many) in WORKS.iter().zip(few).zip(many) {
        // Twice as many letters; a slice is full in both.
        let most = match work.bound {
            Bound::Slice => few + few / 3 + 5_000,
            Bound::Folders => few * 3,
        };
        assert!(many <= most, "{}: {few} steps in one write, and {many} where there are more letters", work.function);
        assert!(many < MOST, "{}: {many} steps in one write", work.function);
        println!("{}: {few} steps in one write, {many} where there are twice as many letters", work.function);
    }
}

/// A function that is new here needs an entry: as a work, or as one that never touches many rows.
#[test]
fn every_public_function_that_writes_is_measured() {
    let mut written = BTreeSet::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut written);
    let measured: BTreeSet<String> =
        WORKS.iter().map(|work| work.function).chain(SMALL.iter().copied()).map(str::to_owned).collect();
    let missing: Vec<_> = written.difference(&measured).collect();
    assert!(missing.is_empty(), "these functions write and have no entry in tests/fairness/works.rs: {missing:?}");
    let stale: Vec<_> = measured.difference(&written).collect();
    assert!(stale.is_empty(), "there are no such functions any more: {stale:?}");
}

fn gather(folder: &Path, written: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, written);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = writers(&text).into_iter().map(|name| format!("{}::{name}", module(&path)));
            written.extend(names.filter(|name| !READERS.contains(&name.as_str())));
        }
    }
}

/// Returns the module under which the functions of a file are seen: those of `letter/copy.rs` under `letter`.
fn module(path: &Path) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = path.strip_prefix(source).unwrap().with_extension("");
    inside.iter().next().unwrap().to_string_lossy().into_owned()
}

/// Public functions that take a transaction, or a store to write to. Searches only read, and methods are no doors.
fn writers(text: &str) -> Vec<String> {
    let starts = text.split("\npub ").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
        let head = rest.split(" {\n").next()?;
        let name: String = head.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        Some((name, head))
    });
    starts
        .filter(|(_, head)| {
            head.contains("tx: &mut Tx") || head.contains("store: &Store") || head.contains("store: Store")
        })
        .map(|(name, _)| name)
        .collect()
}

/// They take a store to read from it, in pieces.
const READERS: &[&str] =
    &["search::run", "search::list", "search::placed", "prepare::prepare", "prepare::prepare_aside", "index::round"];
