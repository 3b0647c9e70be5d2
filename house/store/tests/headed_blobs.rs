//! One content behind many heads: a letter to many people.

mod common;

use bytes::Bytes;
use facteur_store::{BlobId, Error, Key, PreparedBlob, Store, View, params};

fn content(length: usize) -> Bytes {
    let words = (0..).flat_map(|n: u32| format!("line {n} of a letter\r\n").into_bytes());
    words.take(length).collect()
}

fn put(store: &Store, blob: &PreparedBlob) -> BlobId {
    let blob = blob.clone();
    store.write_blocking(Key::Everything, move |tx| tx.put_blob(&blob)).unwrap()
}

fn rows(view: &View) -> Result<(u64, u64), Error> {
    let count =
        |table: &str| view.query_one(&format!("SELECT count(*) FROM {table}"), params![], |row| row.get::<u64>(0));
    Ok((count("blob")?, count("blob_content")?))
}

fn check_every_range(length: usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = common::open(folder.path());
    let base = store.prepare_blob(content(length)).unwrap();
    let head = Bytes::from_static(b"Delivered-To: alice@alpha.test\r\n");
    let whole = [&head[..], &content(length)].concat();
    let id = put(&store, &base.headed(head.clone()));
    let (len, edge) = (whole.len() as u64, head.len() as u64);
    assert_eq!(store.read_blocking(move |view| view.blob_len(id)).unwrap(), len);
    let ends = [0, 1, edge - 1, edge, edge + 1, len / 2, len - 1, len, len + 10];
    for start in ends {
        for end in ends {
            let read: Bytes = store.read_blocking(move |view| view.read_blob(id, start..end)).unwrap();
            let cut = |at: u64| (at as usize).min(whole.len());
            let expected = if start < end { &whole[cut(start)..cut(end)] } else { &[] };
            assert!(read == expected, "{start}..{end} of {len}");
        }
    }
}

#[test]
fn every_range_reads_as_if_it_were_one() {
    check_every_range(50);
    check_every_range(20_000);
    check_every_range(600_000);
}

#[test]
fn the_content_is_kept_once_and_goes_with_the_last_head() {
    let folder = tempfile::tempdir().unwrap();
    let store = common::open(folder.path());
    let base = store.prepare_blob(content(5000)).unwrap();
    let ids: Vec<BlobId> = (0..100)
        .map(|n| put(&store, &base.headed(Bytes::from(format!("Delivered-To: u{n}@alpha.test\r\n")))))
        .collect();
    assert_eq!(store.read_blocking(rows).unwrap(), (101, 101));
    for (n, id) in ids.into_iter().enumerate() {
        assert_eq!(store.read_blocking(rows).unwrap().0, 101 - n as u64);
        store.write_blocking(Key::Everything, move |tx| tx.drop_blob(id)).unwrap();
    }
    assert_eq!(store.read_blocking(rows).unwrap(), (0, 0));
}

#[test]
fn the_same_head_before_the_same_content_is_the_same_blob() {
    let folder = tempfile::tempdir().unwrap();
    let store = common::open(folder.path());
    let head = Bytes::from_static(b"Delivered-To: alice@alpha.test\r\n");
    let one = put(&store, &store.prepare_blob(content(5000)).unwrap().headed(head.clone()));
    let two = put(&store, &store.prepare_blob(content(5000)).unwrap().headed(head));
    assert_eq!(one, two);
    store.write_blocking(Key::Everything, move |tx| tx.drop_blob(one)).unwrap();
    assert_eq!(store.read_blocking(rows).unwrap(), (2, 2));
    store.write_blocking(Key::Everything, move |tx| tx.drop_blob(two)).unwrap();
    assert_eq!(store.read_blocking(rows).unwrap(), (0, 0));
}

#[test]
fn a_large_content_is_one_file_for_all_and_nothing_stays_of_what_was_not_put() {
    let folder = tempfile::tempdir().unwrap();
    let store = common::open(folder.path());
    // Random enough not to shrink below the limit.
    let large: Bytes = (0..1_000_000u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let files = || walk(&folder.path().join("blobs"));
    drop(store.prepare_blob(large.clone()).unwrap().headed(Bytes::from_static(b"A: b\r\n")));
    assert_eq!(files(), 0);
    let base = store.prepare_blob(large).unwrap();
    for n in 0..3 {
        put(&store, &base.headed(Bytes::from(format!("A: {n}\r\n"))));
    }
    drop(base);
    assert_eq!(files(), 1);
}

fn walk(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let is_body = |entry: &std::fs::DirEntry| entry.file_name() != ".in-use";
    let each = |entry: std::fs::DirEntry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 };
    entries.flatten().filter(is_body).map(each).sum()
}
