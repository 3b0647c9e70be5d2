//! A data folder of which a part is missing, or is not the one that was there last, is not opened, and stays as it is.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use common::{MIGRATIONS, add, open, options, texts};
use facteur_store::{Check, Error, Key, OpenError, Store, has_office};
use waiting::wait_until;

const FOLDER: &str = "STORE_TEST_FOLDER";

fn refused(folder: &Path) -> OpenError {
    let before = contents(folder);
    let error = Store::open(options(folder), MIGRATIONS).err().expect("it is refused");
    assert_eq!(contents(folder), before, "what is refused is left as it is: {error}");
    error
}

/// Every file in the folder that holds data, with the hash of its bytes.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false if name.ends_with("-shm") || name.ends_with(".lock") || name.ends_with(".in-use") => {}
                // A process that looks at the database leaves an empty log.
                false if name.ends_with("-wal") && entry.metadata().unwrap().len() == 0 => {}
                false => drop(found.insert(name, blake3::hash(&fs::read(entry.path()).unwrap()).to_string())),
            }
        }
    }
    found
}

fn large(number: u8) -> Bytes {
    let mut bytes = vec![0; 300_000];
    blake3::Hasher::new().update(&[number]).finalize_xof().fill(&mut bytes);
    bytes.into()
}

fn take_letters(store: &Store, numbers: std::ops::Range<u8>) {
    for number in numbers {
        let blob = store.prepare_blob(large(number)).unwrap();
        let name = format!("letter {number}");
        store
            .write_blocking(Key::Everything, move |tx| {
                tx.put_blob(&blob)?;
                add(tx, &name).map(|_| ())
            })
            .unwrap();
    }
}

/// A folder in which an office has served, at rest.
fn office() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    take_letters(&store, 0..3);
    store.close_blocking();
    folder
}

fn bodies(folder: &Path) -> usize {
    let shards = fs::read_dir(folder.join("blobs")).unwrap().flatten().filter(|entry| entry.path().is_dir());
    shards.map(|shard| fs::read_dir(shard.path()).unwrap().count()).sum()
}

#[test]
fn a_database_that_is_missing_or_empty_is_not_made_anew_beside_what_is_left_of_it() {
    let whole = office();
    let database = fs::read(whole.path().join("facteur.db")).unwrap();
    for left in ["blobs", "facteur.state", "facteur.db-wal", "snapshots", "search.db"] {
        let folder = tempfile::tempdir().unwrap();
        match left {
            "blobs" => {
                fs::create_dir_all(folder.path().join("blobs/0a")).unwrap();
                fs::write(folder.path().join("blobs/0a/body"), "Dear Bob").unwrap();
            }
            "snapshots" => {
                fs::create_dir_all(folder.path().join("snapshots")).unwrap();
                fs::write(folder.path().join("snapshots/before-migration-1.db"), "a copy").unwrap();
            }
            file => fs::write(folder.path().join(file), "something").unwrap(),
        }
        let named = |error: OpenError| match error {
            OpenError::NoDatabase { found, .. } => assert!(found[0].starts_with(left), "{found:?}"),
            other => panic!("{left}: {other}"),
        };
        assert!(has_office(folder.path()).is_err());
        named(refused(folder.path()));
        fs::write(folder.path().join("facteur.db"), "").unwrap();
        named(refused(folder.path()));
    }
    // Nothing was unlinked or made: with its database it is the office it was.
    fs::remove_file(whole.path().join("facteur.db")).unwrap();
    assert!(matches!(refused(whole.path()), OpenError::NoDatabase { found, .. } if found.len() == 2));
    assert_eq!(bodies(whole.path()), 3);
    fs::write(whole.path().join("facteur.db"), database).unwrap();
    assert_eq!(open(whole.path()).read_blocking(texts).unwrap().len(), 3);
}

#[test]
fn a_database_without_tables_beside_bodies_is_refused_and_a_new_folder_is_not() {
    let folder = office();
    fs::remove_file(folder.path().join("facteur.db")).unwrap();
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(has_office(empty.path()).ok(), Some(false));
    fs::write(empty.path().join("facteur.db"), "").unwrap();
    open(empty.path()).close_blocking();
    assert_eq!(has_office(empty.path()).ok(), Some(true));
    // A database that was just made, and got no further.
    let bare = Command::new("python3")
        .args([
            "-c",
            "import sqlite3,sys\nd=sqlite3.connect(sys.argv[1])\nd.execute('PRAGMA user_version=1')\nd.commit()",
        ])
        .arg(folder.path().join("facteur.db"))
        .status();
    if bare.is_ok_and(|status| status.success()) {
        assert!(matches!(refused(folder.path()), OpenError::NoDatabase { .. }));
    }
}

#[test]
fn an_older_state_of_the_database_is_refused_until_somebody_says_that_it_is_meant() {
    let folder = office();
    let database = folder.path().join("facteur.db");
    let backup = fs::read(&database).unwrap();
    let store = open(folder.path());
    take_letters(&store, 3..6);
    store.close_blocking();
    fs::write(&database, backup).unwrap();
    assert!(matches!(refused(folder.path()), OpenError::Older { .. }));
    fs::remove_file(folder.path().join("facteur.state")).unwrap();
    let store = open(folder.path());
    assert_eq!(store.read_blocking(texts).unwrap().len(), 3);
    // The bodies of the newer letters are put aside, not removed.
    wait_until("orphans are put aside", || bodies(folder.path()) == 3);
    let aside = contents(folder.path()).into_iter().filter(|(name, _)| name.starts_with("lost+found/")).count();
    assert_eq!(aside, 3);
    store.close_blocking();
    open(folder.path()).close_blocking();
}

#[test]
fn the_database_of_another_office_is_refused() {
    let (folder, other) = (office(), office());
    fs::copy(other.path().join("facteur.db"), folder.path().join("facteur.db")).unwrap();
    assert!(matches!(refused(folder.path()), OpenError::OtherOffice { .. }));
    assert_eq!(bodies(folder.path()), 3);
}

#[test]
fn a_missing_folder_of_bodies_is_refused_until_somebody_makes_it_again() {
    let folder = office();
    let (bodies, away) = (folder.path().join("blobs"), folder.path().join("away"));
    fs::rename(&bodies, &away).unwrap();
    assert!(matches!(refused(folder.path()), OpenError::NoBodies { bodies: 3, .. }));
    // The same where only the place is there on which a disk should be mounted.
    fs::create_dir(&bodies).unwrap();
    assert!(matches!(refused(folder.path()), OpenError::NoBodies { .. }));
    fs::write(bodies.join(".in-use"), "").unwrap();
    open(folder.path()).close_blocking();
    fs::remove_dir_all(&bodies).unwrap();
    fs::rename(&away, &bodies).unwrap();
    open(folder.path()).close_blocking();
}

/// Lets a process take letters, and kills it when the log holds them and the mark knows.
fn killed_office(folder: &Path) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "takes_letters_and_waits", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("taken") {}
    let state = folder.join("facteur.state");
    wait_until("the mark follows the letters", || {
        fs::read_to_string(&state).is_ok_and(|text| text.contains("log-needed") && text.contains("seen 13 note"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[ignore = "a part in another test"]
fn takes_letters_and_waits() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(Path::new(&folder));
    take_letters(&store, 10..20);
    println!("taken");
    // time passes: until it is killed
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn a_log_that_was_taken_away_after_a_kill_is_missed_and_one_that_is_there_is_not() {
    let folder = office();
    killed_office(folder.path());
    let (log, away) = (folder.path().join("facteur.db-wal"), folder.path().join("away"));
    fs::rename(&log, &away).unwrap();
    assert!(matches!(refused(folder.path()), OpenError::NoLog { .. }));
    // An empty one is no better.
    fs::write(&log, "").unwrap();
    assert!(matches!(refused(folder.path()), OpenError::NoLog { .. }));
    fs::rename(&away, &log).unwrap();
    let store = open(folder.path());
    assert_eq!(store.read_blocking(texts).unwrap().len(), 13);
    store.close_blocking();
    assert_eq!(open(folder.path()).read_blocking(texts).unwrap().len(), 13);
}

#[test]
fn a_log_that_somebody_else_carried_into_the_database_is_not_missed() {
    let folder = office();
    killed_office(folder.path());
    let carry =
        "import sqlite3,sys\nd=sqlite3.connect(sys.argv[1])\nd.execute('SELECT * FROM note').fetchall()\nd.close()";
    let carried = Command::new("python3").args(["-c", carry]).arg(folder.path().join("facteur.db")).status();
    if !carried.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no python3 here");
        return;
    }
    assert!(!folder.path().join("facteur.db-wal").exists(), "it was the last to close");
    assert_eq!(open(folder.path()).read_blocking(texts).unwrap().len(), 13);
}

#[test]
fn letters_that_are_missing_in_a_shortened_log_are_missed() {
    let folder = office();
    killed_office(folder.path());
    let log = fs::File::options().write(true).open(folder.path().join("facteur.db-wal")).unwrap();
    log.set_len(log.metadata().unwrap().len() / 2).unwrap();
    drop(log);
    assert!(matches!(refused(folder.path()), OpenError::Older { .. }));
}

#[test]
fn a_mark_that_is_torn_or_not_there_refuses_nothing() {
    let folder = office();
    let state = folder.path().join("facteur.state");
    for damaged in ["", "torn", "office ff\nsum 0"] {
        fs::write(&state, damaged).unwrap();
        open(folder.path()).close_blocking();
    }
    fs::remove_file(&state).unwrap();
    open(folder.path()).close_blocking();
    assert!(fs::read_to_string(&state).unwrap().contains("office "), "it is made again");
}

fn damage(folder: &Path) {
    let file = fs::File::options().read(true).write(true).open(folder.join("facteur.db")).unwrap();
    let mut page = [0; 4096];
    let pages = file.metadata().unwrap().len() / 4096;
    let is_leaf = |at: &u64| {
        file.read_exact_at(&mut page, at * 4096).unwrap();
        page[0] == 13 && page.windows(7).any(|window| window == b"letter ")
    };
    let at = (1..pages).rev().find(is_leaf).unwrap();
    file.write_all_at(&[0xFF; 4096], at * 4096).unwrap();
}

#[test]
fn a_small_damaged_database_is_refused_by_a_server_before_its_doors_open() {
    let folder = office();
    damage(folder.path());
    let pages = || facteur_store::Options { check: Check::Pages, ..options(folder.path()) };
    for _ in 0..2 {
        let error = Store::open(pages(), MIGRATIONS).err().expect("it is refused");
        assert!(matches!(&error, OpenError::Damaged { what, .. } if !what.is_empty()), "{error}");
    }
    let sound = office();
    Store::open(facteur_store::Options { check: Check::Pages, ..options(sound.path()) }, MIGRATIONS)
        .unwrap()
        .close_blocking();
}

#[test]
fn a_large_damaged_database_is_read_and_no_longer_written_once_the_damage_is_found() {
    let folder = office();
    let store = open(folder.path());
    // Past the size that is waited for; none of it compresses.
    for number in 0..70_u32 {
        let mut bytes = vec![0; 1 << 20];
        blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut bytes);
        let write = move |tx: &mut facteur_store::Tx| {
            tx.execute(
                "INSERT INTO note (text, body) VALUES ($1, $2)",
                facteur_store::params![format!("{number}"), bytes],
            )
        };
        store.write_blocking::<_, Error, _>(Key::Everything, write).unwrap();
    }
    store.close_blocking();
    damage(folder.path());
    let pages = || facteur_store::Options { check: Check::Pages, ..options(folder.path()) };
    let store = Store::open(pages(), MIGRATIONS).unwrap();
    let write = || {
        store.write_blocking::<_, Error, _>(Key::Everything, |tx| {
            tx.execute("UPDATE pair SET a = a", facteur_store::params![])
        })
    };
    wait_until("the damage is found", || matches!(write(), Err(Error::Corrupt(_))));
    store
        .read_blocking(|view| view.query_one("SELECT count(*) FROM pair", facteur_store::params![], |_| Ok(())))
        .unwrap();
    store.close_blocking();
    // The next start knows, and looks before it serves.
    let error = Store::open(pages(), MIGRATIONS).err().expect("it is refused");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

/// The data folder that `main` made on 30 November 2026, before each room had one first step.
#[test]
fn a_database_with_the_former_tables_is_refused_with_what_to_do() {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/folders/2026-11-30-former-tables.tar.gz");
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()).status().unwrap().success());
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::FormerTables { .. }), "{error}");
    assert!(error.to_string().contains("facteur export"), "{error}");
}

#[test]
fn a_database_of_an_earlier_edition_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let sql = "DELETE FROM migration WHERE room = 'edition' AND number > 1";
    let gone = store.write_blocking(Key::Everything, move |tx| tx.execute(sql, &[]));
    store.close_blocking();
    assert_eq!(gone.unwrap(), 1);
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::FormerTables { .. }), "{error}");
}
