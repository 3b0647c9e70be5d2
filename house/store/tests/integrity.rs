//! Damage on the disk is found, table by table and body by body, and called by its name.

mod common;

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use common::{MIGRATIONS, open, options, write_note};
use facteur_store::{BlobId, BlobState, Depth, Error, Key, Store, params};

fn put(store: &Store, content: impl Into<Bytes>) -> BlobId {
    let blob = store.prepare_blob(content.into()).unwrap();
    store.write_blocking(Key::Everything, move |tx| tx.put_blob(&blob)).unwrap()
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

fn state(store: &Store, blob: BlobId) -> BlobState {
    store.read_blocking(move |view| view.check_blob(blob)).unwrap()
}

fn only_file(folder: &Path) -> PathBuf {
    let shards = std::fs::read_dir(folder.join("blobs")).unwrap().flatten().filter(|entry| entry.path().is_dir());
    let mut files = shards.flat_map(|shard| std::fs::read_dir(shard.path()).unwrap().flatten());
    files.next().unwrap().path()
}

#[test]
fn every_blob_is_listed_once_and_is_what_its_name_says() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let base = store.prepare_blob(noise(400_000).into()).unwrap();
    let headed = base.headed(Bytes::from_static(b"Delivered-To: bob@beta.test\r\n"));
    store.write_blocking(Key::Everything, move |tx| tx.put_blob(&headed)).unwrap();
    for number in 0..50 {
        put(&store, format!("letter {number}").repeat(number * 40));
    }
    let mut seen = Vec::new();
    let mut after = BlobId(0);
    loop {
        let slice = store.read_blocking(move |view| view.blobs_after(after, 7)).unwrap();
        let Some(last) = slice.last() else { break };
        after = last.id;
        seen.extend(slice);
    }
    let rows: usize =
        store.read_blocking(|view| view.query_one("SELECT count(*) FROM blob", params![], |row| row.get(0))).unwrap();
    assert_eq!(seen.len(), rows);
    assert!(seen.iter().all(|entry| state(&store, entry.id) == BlobState::Sound));
    let headed = seen.iter().find(|entry| entry.base.is_some()).unwrap();
    let base = seen.iter().find(|entry| Some(entry.id) == headed.base).unwrap();
    assert_eq!((base.length, base.references), (400_000, 1));
    let none = BlobId(9_999);
    assert_eq!(store.read_blocking(move |view| view.check_blob(none)), Err(Error::NoBlob(none)));
}

#[test]
fn a_body_that_was_changed_cut_or_taken_away_is_told_from_a_sound_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let blob = put(&store, noise(700_000));
    let file = only_file(folder.path());
    let whole = std::fs::read(&file).unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().write_all_at(b"bitrot", 600_000).unwrap();
    assert!(matches!(state(&store, blob), BlobState::Damaged(what) if what.contains("checksum")));
    std::fs::write(&file, &whole[..500_000]).unwrap();
    assert!(matches!(state(&store, blob), BlobState::Damaged(_)));
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(state(&store, blob), BlobState::Missing(what) if what.contains("blobs/")));
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(state(&store, blob), BlobState::Sound);
    store
        .write_blocking(Key::Everything, |tx| {
            tx.execute("UPDATE blob SET form = 4 WHERE form = 3", params![]).map(|_| ())
        })
        .unwrap();
    assert!(matches!(state(&store, blob), BlobState::Damaged(_)), "what cannot be unpacked is damaged");
}

#[test]
fn content_that_lost_its_row_or_what_stands_behind_its_head_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let plain = put(&store, "Dear Bob");
    let base = store.prepare_blob(Bytes::from_static(b"behind")).unwrap();
    let headed = base.headed(Bytes::from_static(b"head"));
    let headed = store.write_blocking(Key::Everything, move |tx| tx.put_blob(&headed)).unwrap();
    assert_eq!(state(&store, headed), BlobState::Sound);
    store
        .write_blocking(Key::Everything, move |tx| {
            tx.execute("DELETE FROM blob_content WHERE blob = $1", params![plain])?;
            tx.execute("DELETE FROM blob WHERE length = 6", params![]).map(|_| ())
        })
        .unwrap();
    assert!(matches!(state(&store, plain), BlobState::Missing(_)));
    assert!(matches!(state(&store, headed), BlobState::Missing(_)));
}

#[tokio::test]
async fn a_damaged_page_is_found_in_its_table_and_the_others_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..2_000 {
        write_note(&store, &format!("note {number} {}", "x".repeat(200))).await.unwrap();
    }
    let check = |store: Store, depth| {
        tokio::task::spawn_blocking(move || {
            let tables = store.tables().unwrap();
            assert!(tables.contains(&"note".to_owned()) && tables.contains(&"blob".to_owned()));
            let damaged = |table: &String| !store.check_table(table, depth).unwrap().is_empty();
            tables.into_iter().filter(damaged).collect::<Vec<_>>()
        })
    };
    assert!(check(store.clone(), Depth::Full).await.unwrap().is_empty());
    let unknown = store.check_table("no'such", Depth::Quick);
    assert!(matches!(unknown, Err(Error::Sql(_))), "{unknown:?}");
    store.close().await;

    let file = std::fs::File::options().read(true).write(true).open(folder.path().join("facteur.db")).unwrap();
    let mut page = [0; 4096];
    let pages = file.metadata().unwrap().len() / 4096;
    // One that holds rows of notes.
    let at = (1..pages).rev().find(|at| {
        file.read_exact_at(&mut page, at * 4096).unwrap();
        page[0] == 13 && page.windows(8).any(|window| window == b"xxxxxxxx")
    });
    file.write_all_at(&[0xFF; 4096], at.unwrap() * 4096).unwrap();
    let store = Store::open(options(folder.path()), MIGRATIONS).unwrap();
    assert_eq!(check(store.clone(), Depth::Quick).await.unwrap(), ["note"]);
    store.close().await;
}
