//! Killed processes, full disks, strangers in the same folder: acknowledged letters are there, and nothing by halves.
//!
//! The processes are this test program itself, started again with the name of one of the parts at the end.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{MIGRATIONS, add, all_texts, open, options, texts, write_note};
use facteur_store::{BlobId, Error, Key, Lock, Migration, OpenError, Store, Tx, params};

const FOLDER: &str = "STORE_TEST_FOLDER";

/// This program again, to play `part` in `folder`.
fn command(part: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", part, "--ignored", "--nocapture"]).env(FOLDER, folder).stdout(Stdio::piped());
    command
}

fn start(part: &str, folder: &Path) -> Child {
    command(part, folder).spawn().unwrap()
}

/// The folder, where this process was started to play a part.
fn my_folder() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}

fn body(name: &str) -> Bytes {
    // Some in the database, some outside it.
    let lines = if name.ends_with('7') { 60_000 } else { 300 };
    (0..lines).map(|line| format!("{name} says line {line}\r\n")).collect::<String>().into()
}

async fn write_letter(store: &Store, name: String) -> Result<(), Error> {
    let blob = store.prepare_blob(body(&name))?;
    store
        .write(Key::Everything, move |tx| {
            let blob = tx.put_blob(&blob)?;
            let note = add(tx, &name)?;
            tx.execute("UPDATE note SET weight = $1 WHERE id = $2", params![blob, note])?;
            tx.execute("INSERT INTO pair (a, b) VALUES ($1, $2)", params![note, blob])?;
            Ok(())
        })
        .await
}

/// Every letter there is whole, and the database is sound.
fn check_whole(store: &Store) {
    let broken: Vec<String> =
        store.read_blocking(|view| view.query("PRAGMA integrity_check", params![], |row| row.get(0))).unwrap();
    assert_eq!(broken, ["ok"]);
    store
        .read_blocking(|view| {
            let letters = view.query("SELECT text, weight FROM note ORDER BY id", params![], |row| {
                Ok((row.get::<String>(0)?, row.get::<BlobId>(1)?))
            })?;
            for (name, blob) in &letters {
                assert!(view.read_blob(*blob, 0..u64::MAX)? == body(name), "{name}");
            }
            let count = |table| view.query_one(table, params![], |row| row.get::<usize>(0));
            assert_eq!(count("SELECT count(*) FROM pair")?, letters.len());
            assert_eq!(count("SELECT coalesce(sum(refs), 0) FROM blob")?, letters.len());
            Ok::<_, Error>(())
        })
        .unwrap();
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_once_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..4_u64 {
        let mut child = start("plays_a_post_office_until_it_is_killed", folder.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let deadline = Instant::now() + Duration::from_millis(300 + 150 * round);
        let mut seen = 0;
        for line in lines {
            // Past the deadline, and in the middle of whatever it does.
            if seen > 100 && Instant::now() > deadline {
                child.kill().unwrap();
            }
            let line = line.unwrap();
            if let Some(name) = line.strip_prefix("acknowledged ") {
                acknowledged.push(name.to_owned());
                seen += 1;
            }
        }
        child.wait().unwrap();
        let store = open(folder.path());
        check_whole(&store);
        let mut found = store.read_blocking(texts).unwrap();
        let total = found.len();
        found.sort();
        found.dedup();
        assert_eq!(found.len(), total, "none is there twice");
        for name in &acknowledged {
            assert!(found.binary_search(name).is_ok(), "{name} was acknowledged and is lost");
        }
        store.close_blocking();
    }
    assert!(acknowledged.len() > 400);
    let files = walk(&folder.path().join("blobs"));
    let store = open(folder.path());
    let rows: usize = store
        .read_blocking(|view| {
            view.query_one("SELECT count(*) FROM blob WHERE file IS NOT NULL", params![], |row| row.get(0))
        })
        .unwrap();
    assert!(files >= rows);
    waiting::wait_until("orphans are swept", || walk(&folder.path().join("blobs")) == rows);
}

fn walk(folder: &Path) -> usize {
    let shards = std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir());
    shards.map(|shard| std::fs::read_dir(shard.path()).unwrap().count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_write_to_one_folder_and_neither_loses_anything() {
    let folder = tempfile::tempdir().unwrap();
    let mut children =
        [start("writes_two_hundred_notes", folder.path()), start("writes_two_hundred_notes", folder.path())];
    let store = open(folder.path());
    for number in 0..200 {
        write_note(&store, &format!("{} {number}", std::process::id())).await.unwrap();
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(all_texts(&store).await.len(), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_refuses_what_does_not_fit_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.faults.max_pages = Some(100);
    let store = Store::open(options, MIGRATIONS).unwrap();
    let writes: Vec<_> = (0..1000)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { write_letter(&store, format!("letter {number}0")).await.map(|()| number) })
        })
        .collect();
    let (mut kept, mut refused) = (Vec::new(), 0);
    for write in writes {
        match write.await.unwrap() {
            Ok(number) => kept.push(format!("letter {number}0")),
            Err(Error::Full(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(!kept.is_empty() && refused > 0, "{} kept, {refused} refused", kept.len());
    let mut found = all_texts(&store).await;
    found.sort();
    kept.sort();
    assert_eq!(found, kept);
    tokio::task::block_in_place(|| check_whole(&store));
    // People delete something, and it goes on. Without a page to spare some deletions are refused, too: on a real disk
    // the reserve is there for them.
    let sql = "SELECT weight FROM note ORDER BY id";
    let blobs: Vec<BlobId> = store.read(|view| view.query(sql, params![], |row| row.get(0))).await.unwrap();
    let mut deleted = 0;
    for blob in blobs {
        let delete = move |tx: &mut Tx| {
            tx.drop_blob(blob)?;
            tx.execute("DELETE FROM note WHERE weight = $1", params![blob])?;
            tx.execute("DELETE FROM pair WHERE b = $1", params![blob])
        };
        match store.write(Key::Everything, delete).await {
            Ok(_) => deleted += 1,
            Err(Error::Full(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(deleted > 0);
    write_note(&store, "room again").await.unwrap();
}

/// Mounts a small file system, where we may.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).output();
        done.is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_every_kind_of_write_with_the_same_word_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "6m") else {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    };
    let ballast = folder.path().join("ballast");
    let store = open(folder.path());
    std::fs::write(&ballast, vec![1_u8; 1_000_000]).unwrap();
    let mut kept = Vec::new();
    let mut refused = 0;
    for number in 0..3000 {
        let name = format!("letter {number}");
        match write_letter(&store, name.clone()).await {
            Ok(()) => kept.push(name),
            Err(Error::Full(_)) => refused += 1,
            Err(error) => panic!("{name}: {error}"),
        }
        if refused > 20 {
            break;
        }
    }
    assert!(!kept.is_empty() && refused > 20, "{} kept, {refused} refused", kept.len());
    assert_eq!(all_texts(&store).await, kept);
    tokio::task::block_in_place(|| check_whole(&store));
    std::fs::remove_file(&ballast).unwrap();
    waiting::until("it goes on by itself", || store.may_grow().is_ok()).await;
    write_letter(&store, "room again".to_owned()).await.unwrap();
    kept.push("room again".to_owned());
    store.close().await;
    let store = open(folder.path());
    assert_eq!(all_texts(&store).await, kept);
    tokio::task::block_in_place(|| check_whole(&store));
    store.close().await;
    drop(disk);
}

#[test]
fn a_start_on_a_full_disk_says_that_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "2m") else {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    };
    open(folder.path()).close_blocking();
    let ballast = std::fs::File::create(folder.path().join("ballast")).unwrap();
    while std::io::Write::write_all(&mut &ballast, &[1; 4096]).is_ok() {}
    while std::io::Write::write_all(&mut &ballast, &[1]).is_ok() {}
    let error = Store::open(options(folder.path()), MIGRATIONS).err().expect("it does not open");
    assert!(error.to_string().contains("full"), "{error}");
    drop(ballast);
    std::fs::remove_file(folder.path().join("ballast")).unwrap();
    open(folder.path()).close_blocking();
    drop(disk);
}

#[test]
fn a_disk_that_fails_in_the_middle_of_writing_gives_errors_and_no_lies() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close_blocking();
    let program = std::env::current_exe().unwrap();
    // Past this size of a file each write fails, as on a disk with bad sectors.
    let mut child = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 1500; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--exact", "writes_until_the_disk_fails", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).collect();
    assert!(child.wait().unwrap().success(), "{lines:?}");
    let acknowledged: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("acknowledged ")).collect();
    assert!(!acknowledged.is_empty() && lines.iter().any(|line| line.starts_with("refused ")));
    let store = open(folder.path());
    check_whole(&store);
    let found = store.read_blocking(texts).unwrap();
    for name in acknowledged {
        assert!(found.iter().any(|text| text == name), "{name} was acknowledged and is lost");
    }
}

#[test]
fn a_command_of_the_next_version_does_not_migrate_under_a_running_post_office() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).close_blocking();
    let mut child = start("holds_the_lock", folder.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("holding") {}
    let next = [MIGRATIONS, &[Migration { room: "notes", number: 2, sql: "CREATE TABLE next (id {id});" }]].concat();
    let error = Store::open(options(folder.path()), &next).err().expect("it is refused");
    assert!(matches!(&error, OpenError::InUse { process, .. } if *process == child.id().to_string()), "{error}");
    assert!(matches!(Lock::take(folder.path()), Err(OpenError::InUse { .. })));
    // A command of the same version works beside it.
    open(folder.path()).close_blocking();
    child.kill().unwrap();
    child.wait().unwrap();
    let _lock = Lock::take(folder.path()).expect("the lock goes with the process");
    Store::open(options(folder.path()), &next).expect("and then the next version may migrate").close_blocking();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_stays_bounded_under_load_and_beside_readers() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let until = Instant::now() + Duration::from_secs(4);
    let mut tasks = Vec::new();
    for writer in 0..32 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut number = 0;
            while Instant::now() < until {
                write_letter(&store, format!("letter {writer} {number}0")).await.unwrap();
                number += 1;
            }
        }));
    }
    for _ in 0..4 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            while Instant::now() < until {
                store
                    .read(|view| view.query_one("SELECT count(*) FROM blob", params![], |row| row.get::<i64>(0)))
                    .await
                    .unwrap();
            }
        }));
    }
    let mut largest = 0;
    while Instant::now() < until {
        largest = largest.max(std::fs::metadata(folder.path().join("facteur.db-wal")).map_or(0, |file| file.len()));
        // time passes: between two looks
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert!(largest < 128 << 20, "the log grew to {largest} bytes");
    assert!(store.statistics().checkpoints > 0);
}

#[tokio::test]
#[ignore = "a part in another test"]
async fn plays_a_post_office_until_it_is_killed() {
    let Some(folder) = my_folder() else { return };
    let store = open(&folder);
    let tasks = (0..64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0_u32.. {
                let name = format!("letter {} {writer} {number}", std::process::id());
                write_letter(&store, name.clone()).await.unwrap();
                println!("acknowledged {name}");
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[tokio::test]
#[ignore = "a part in another test"]
async fn writes_two_hundred_notes() {
    let Some(folder) = my_folder() else { return };
    let store = open(&folder);
    for number in 0..200 {
        write_note(&store, &format!("{} {number}", std::process::id())).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
#[ignore = "a part in another test"]
async fn writes_until_the_disk_fails() {
    let Some(folder) = my_folder() else { return };
    let store = open(&folder);
    let mut refused = 0;
    for number in 0.. {
        let name = format!("letter {number}");
        match write_letter(&store, name.clone()).await {
            Ok(()) => println!("acknowledged {name}"),
            Err(error) => {
                println!("refused {name}: {error}");
                refused += 1;
            }
        }
        if refused > 30 {
            break;
        }
    }
    store.close().await;
}

#[test]
#[ignore = "a part in another test"]
fn holds_the_lock() {
    let Some(folder) = my_folder() else { return };
    let _lock = Lock::take(&folder).unwrap();
    println!("holding");
    // time passes: until it is killed
    std::thread::sleep(Duration::from_secs(60));
}
