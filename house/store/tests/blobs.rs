//! Bodies: kept once, counted, read in ranges, never lost and never left behind.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{open, options, refused};
use facteur_store::{BlobId, Error, Key, PreparedBlob, Store, params};
use waiting::wait_until;

const INLINE_MAX: usize = 256 * 1024;

fn text(length: usize) -> Bytes {
    let mut text = String::new();
    for line in 0_u64.. {
        if text.len() >= length {
            break;
        }
        text.push_str(&format!("Line {line} of a letter that says {} times hello.\r\n", line * 7919 % 104_729));
    }
    text.truncate(length);
    Bytes::from(text)
}

fn noise(length: usize) -> Bytes {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(length)
    .collect()
}

fn put(store: &Store, blob: &PreparedBlob) -> BlobId {
    let blob = blob.clone();
    store.write_blocking(Key::Everything, move |tx| tx.put_blob(&blob)).unwrap()
}

fn read(store: &Store, blob: BlobId, range: std::ops::Range<u64>) -> Result<Bytes, Error> {
    store.read_blocking(move |view| view.read_blob(blob, range))
}

fn count(store: &Store, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    store.read_blocking(move |view| view.query_one(&sql, params![], |row| row.get(0))).unwrap()
}

fn files(folder: &Path) -> usize {
    let shards = std::fs::read_dir(folder.join("blobs")).unwrap().flatten().filter(|entry| entry.path().is_dir());
    shards.map(|shard| std::fs::read_dir(shard.path()).unwrap().count()).sum()
}

#[test]
fn every_size_and_kind_comes_back_whole_and_in_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let sizes = [
        0,
        1,
        255,
        256,
        8_191,
        8_192,
        8_193,
        10_000,
        73_727,
        73_728,
        73_729,
        200_000,
        INLINE_MAX,
        INLINE_MAX + 1,
        3_000_000,
    ];
    for content in sizes.into_iter().flat_map(|size| [text(size), noise(size)]) {
        let length = content.len() as u64;
        let blob = put(&store, &store.prepare_blob(content.clone()).unwrap());
        assert_eq!(store.read_blocking(move |view| view.blob_len(blob)).unwrap(), length);
        let ranges = [
            0..length,
            0..0,
            0..1,
            length / 2..length / 2 + 100,
            length / 3..length,
            length..length + 5,
            0..u64::MAX,
            0..8_192,
            0..8_193,
            8_191..8_193,
            8_192..8_300,
            73_720..73_735,
            131_072..131_073,
        ];
        for range in ranges {
            let cut = range.start.min(length) as usize..range.end.min(length) as usize;
            assert!(read(&store, blob, range.clone()).unwrap() == content.slice(cut), "{range:?} of {length}");
        }
    }
}

#[test]
fn the_same_content_is_kept_once_until_its_last_reference_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for content in [text(10_000), text(1_000_000)] {
        let first = put(&store, &store.prepare_blob(content.clone()).unwrap());
        let second = put(&store, &store.prepare_blob(content.clone()).unwrap());
        assert_eq!(first, second);
        store.write_blocking(Key::Everything, move |tx| tx.keep_blob(first)).unwrap();
        for _ in 0..2 {
            store.write_blocking(Key::Everything, move |tx| tx.drop_blob(first)).unwrap();
            assert_eq!(read(&store, first, 0..u64::MAX).unwrap(), content);
        }
        store.write_blocking(Key::Everything, move |tx| tx.drop_blob(first)).unwrap();
        assert_eq!(read(&store, first, 0..10), Err(Error::NoBlob(first)));
        assert_eq!(store.write_blocking(Key::Everything, move |tx| tx.drop_blob(first)), Err(Error::NoBlob(first)));
        assert_eq!(store.write_blocking(Key::Everything, move |tx| tx.keep_blob(first)), Err(Error::NoBlob(first)));
        assert_eq!((count(&store, "blob"), count(&store, "blob_content")), (0, 0));
    }
}

#[test]
fn text_is_packed_and_a_slice_of_a_large_letter_does_not_read_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let content = text(25_000_000);
    let blob = put(&store, &store.prepare_blob(content.clone()).unwrap());
    let packed: u64 = store
        .read_blocking(move |view| {
            view.query_one("SELECT packed FROM blob WHERE id = $1", params![blob], |row| row.get(0))
        })
        .unwrap();
    assert!(packed < 25_000_000 / 2, "{packed}");
    let started = Instant::now();
    for number in 0..100_u64 {
        let at = number * 240_000;
        assert_eq!(read(&store, blob, at..at + 100).unwrap(), content.slice(at as usize..at as usize + 100));
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?} for 100 slices", started.elapsed());
}

#[test]
fn what_was_prepared_and_not_put_or_undone_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    drop(store.prepare_blob(text(1_000_000)).unwrap());
    assert_eq!(files(folder.path()), 0);
    let blob = store.prepare_blob(text(1_000_000)).unwrap();
    let undone: Result<(), Error> = store.write_blocking(Key::Everything, move |tx| {
        tx.put_blob(&blob)?;
        Err(refused())
    });
    assert_eq!(undone, Err(refused()));
    wait_until("the file goes with its last handle", || files(folder.path()) == 0);
    assert_eq!(count(&store, "blob"), 0);
}

#[test]
fn large_content_that_came_twice_keeps_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let first = store.prepare_blob(text(1_000_000)).unwrap();
    let second = store.prepare_blob(text(1_000_000)).unwrap();
    assert_eq!(files(folder.path()), 2);
    assert_eq!(put(&store, &first), put(&store, &second));
    drop((first, second));
    wait_until("the second file goes", || files(folder.path()) == 1);
}

#[test]
fn a_prepared_body_can_be_put_again_after_its_row_was_released() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let prepared = store.prepare_blob(text(1_000_000)).unwrap();
    let blob = put(&store, &prepared);
    store.write_blocking(Key::Everything, move |tx| tx.drop_blob(blob)).unwrap();
    let again = put(&store, &prepared);
    // And within one transaction.
    let its_prepared = prepared.clone();
    let again = store
        .write_blocking(Key::Everything, move |tx| {
            tx.drop_blob(again)?;
            tx.put_blob(&its_prepared)
        })
        .unwrap();
    drop(prepared);
    assert_eq!(files(folder.path()), 1);
    assert_eq!(read(&store, again, 0..u64::MAX).unwrap(), text(1_000_000));
}

#[test]
fn orphans_of_a_crash_are_put_aside_at_the_next_start_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let kept = put(&store, &store.prepare_blob(text(1_000_000)).unwrap());
    // A process leaves this file if it dies between writing the file and the commit.
    std::fs::create_dir_all(folder.path().join("blobs/00")).unwrap();
    std::fs::write(folder.path().join("blobs/00/half-a-letter"), "Dear Bob, ").unwrap();
    assert_eq!(files(folder.path()), 2);
    store.close_blocking();

    let store = open(folder.path());
    wait_until("the orphan goes", || files(folder.path()) == 1);
    let aside = std::fs::read_dir(folder.path().join("lost+found")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read(aside.join("half-a-letter")).unwrap(), b"Dear Bob, ");
    assert_eq!(read(&store, kept, 0..u64::MAX).unwrap(), text(1_000_000));
    // A second opening while the first is in use must not take away what the first has just prepared.
    let prepared = store.prepare_blob(noise(1_000_000)).unwrap();
    let second = open(folder.path());
    // time passes: nothing may happen meanwhile
    std::thread::sleep(Duration::from_millis(100));
    let blob = put(&store, &prepared);
    assert_eq!(read(&second, blob, 0..u64::MAX).unwrap(), noise(1_000_000));
}

#[test]
fn a_large_body_that_somebody_removed_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let blob = put(&store, &store.prepare_blob(noise(1_000_000)).unwrap());
    let shards = std::fs::read_dir(folder.path().join("blobs")).unwrap().flatten();
    shards.filter(|shard| shard.path().is_dir()).for_each(|shard| std::fs::remove_dir_all(shard.path()).unwrap());
    assert!(matches!(read(&store, blob, 0..10), Err(Error::Missing { what, .. }) if what.contains("blobs/")));
}

#[test]
fn the_inline_limit_is_a_matter_of_options() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    options.blob_inline_max = 0;
    let store = Store::open(options, common::MIGRATIONS).unwrap();
    let blob = put(&store, &store.prepare_blob(text(100)).unwrap());
    assert_eq!(files(folder.path()), 1);
    assert_eq!(read(&store, blob, 0..u64::MAX).unwrap(), text(100));
}
