//! The fuzz workspace stands beside the house and has a lock file of its own, which cargo brings up to date only where
//! somebody fuzzes.

use std::collections::{BTreeMap, BTreeSet};

use crate::packages::{dependencies, name, packages};

/// Returns the name of an entry of a lock file, and the names of its dependencies. A name of which there are two versions
/// has one of them behind it.
fn read(entry: &str) -> Option<(&str, BTreeSet<&str>)> {
    let name = entry.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
    let dependencies = entry.lines().filter_map(|line| line.strip_prefix(" \"")?.split(['"', ' ']).next());
    Some((name, dependencies.collect()))
}

#[test]
fn the_lock_file_of_the_fuzz_workspace_knows_what_the_rooms_need() {
    let lock = std::fs::read_to_string(tests::root().join("fuzz/Cargo.lock")).expect("the lock file");
    let known: BTreeMap<&str, BTreeSet<&str>> = lock.split("[[package]]\n").filter_map(read).collect();
    let rooms = packages();
    let rooms = || rooms.iter().filter_map(|room| Some((room, known.get(name(room))?)));
    assert!(rooms().count() > 10, "the lock file is read wrongly");
    for (room, known) in rooms() {
        let missing: Vec<&str> = dependencies(room).into_iter().filter(|needed| !known.contains(needed)).collect();
        assert!(missing.is_empty(), "{} needs {missing:?}: cargo fetch --manifest-path fuzz/Cargo.toml", name(room));
    }
}
