//! A full disk: no new letter is taken, everything is read, and deleting makes room again.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use common::{MIGRATIONS, add, options};
use facteur_store::{BlobId, Error, Key, Options, Store, params};
use waiting::wait_until;

/// A small file system, where this user may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).output();
        let mounted = done.is_ok_and(|done| done.status.success());
        if !mounted {
            eprintln!("skipped: this user may not mount a small file system");
        }
        mounted.then(|| Self(at.to_owned()))
    }

    /// Leaves not a single byte to others.
    fn fill(&self) {
        let mut ballast = fs::File::options().create(true).append(true).open(self.0.join("ballast")).unwrap();
        for piece in [64 * 1024, 4096, 1] {
            while ballast.write_all(&vec![1; piece]).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn serve(folder: &Path) -> Store {
    Store::open(Options { reserve: true, ..options(folder) }, MIGRATIONS).expect("the store opens")
}

fn letter(number: u32) -> Bytes {
    let mut bytes = vec![0; 20_000];
    blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes.into()
}

fn take(store: &Store, number: u32) -> Result<(), Error> {
    let blob = store.prepare_blob(letter(number))?;
    store.write_blocking(Key::Everything, move |tx| {
        let blob = tx.put_blob(&blob)?;
        let note = add(tx, &format!("letter {number}"))?;
        tx.execute("UPDATE note SET weight = $1 WHERE id = $2", params![blob, note]).map(|_| ())
    })
}

fn letters(store: &Store) -> Vec<BlobId> {
    store.read_blocking(|view| view.query("SELECT weight FROM note ORDER BY id", params![], |row| row.get(0))).unwrap()
}

fn delete(store: &Store, blob: BlobId) -> Result<(), Error> {
    store.write_blocking(Key::Everything, move |tx| {
        tx.execute("DELETE FROM note WHERE weight = $1", params![blob])?;
        tx.drop_blob(blob)
    })
}

fn delete_all(store: &Store) {
    for blob in letters(store) {
        assert_eq!(store.read_blocking(move |view| view.read_blob(blob, 0..10)).unwrap().len(), 10);
        delete(store, blob).expect("what is here can always be deleted");
    }
    assert!(letters(store).is_empty());
}

#[test]
fn on_a_full_disk_nothing_is_taken_and_everything_can_be_deleted_and_it_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "40m") else { return };
    let store = serve(folder.path());
    assert!(folder.path().join("facteur.reserve").exists());
    for number in 0..200 {
        take(&store, number).unwrap();
    }
    disk.fill();
    wait_until("it is seen that the disk is full", || store.may_grow().is_err());
    assert!(matches!(take(&store, 1000), Err(Error::Full(_))), "it is refused before anything is written");
    wait_until("the reserve is given up", || !folder.path().join("facteur.reserve").exists());
    delete_all(&store);
    assert!(store.may_grow().is_err(), "what the reserve gave is not room for letters");
    disk.empty();
    wait_until("it goes on by itself", || store.may_grow().is_ok());
    assert!(folder.path().join("facteur.reserve").exists(), "the reserve is made again");
    take(&store, 1000).unwrap();
    store.close_blocking();
}

#[test]
fn a_server_starts_on_a_full_disk_and_lets_people_read_and_delete() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "160m") else { return };
    let store = serve(folder.path());
    for number in 0..50 {
        take(&store, number).unwrap();
    }
    store.close_blocking();
    disk.fill();
    let store = serve(folder.path());
    assert!(store.may_grow().is_err());
    delete_all(&store);
    store.close_blocking();
    disk.empty();
    let store = serve(folder.path());
    take(&store, 1000).unwrap();
    store.close_blocking();
}

fn size(folder: &Path, file: &str) -> u64 {
    fs::metadata(folder.join(file)).unwrap().len()
}

#[test]
fn a_database_gives_room_back_behind_mass_deletion_while_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let store = serve(folder.path());
    for number in 0..1500 {
        take(&store, number).unwrap();
    }
    let kept = letters(&store).into_iter().take(10).collect::<Vec<_>>();
    for blob in letters(&store).into_iter().skip(10) {
        delete(&store, blob).unwrap();
    }
    wait_until("the file is small again", || size(folder.path(), "facteur.db") < 8 << 20);
    assert_eq!(letters(&store), kept);
    take(&store, 5000).unwrap();
    let whole: Vec<String> =
        store.read_blocking(|view| view.query("PRAGMA integrity_check", params![], |row| row.get(0))).unwrap();
    assert_eq!(whole, ["ok"]);
    store.close_blocking();
}

#[test]
fn a_database_of_an_earlier_version_learns_to_give_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = serve(folder.path());
    for number in 0..1000 {
        take(&store, number).unwrap();
    }
    store.close_blocking();
    let old = "import sqlite3,sys\nd=sqlite3.connect(sys.argv[1],isolation_level=None)\n\
               d.execute('PRAGMA journal_mode=DELETE')\nd.execute('PRAGMA auto_vacuum=0')\nd.execute('VACUUM')\n\
               d.execute('PRAGMA journal_mode=WAL')\nprint(d.execute('PRAGMA auto_vacuum').fetchone())";
    let made = Command::new("python3").args(["-c", old]).arg(folder.path().join("facteur.db")).output();
    if !made.is_ok_and(|made| String::from_utf8_lossy(&made.stdout).starts_with("(0,)")) {
        eprintln!("skipped: there is no python3 here");
        return;
    }
    let store = serve(folder.path());
    for blob in letters(&store).into_iter().skip(10) {
        delete(&store, blob).unwrap();
    }
    wait_until("the file is small again", || size(folder.path(), "facteur.db") < 8 << 20);
    assert_eq!(letters(&store).len(), 10);
    store.close_blocking();
}
