//! A body that is damaged, one that is lost, and one of which nobody can say anything now: three errors, never a wrong
//! byte, and the other bodies are served.

mod common;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use common::{MIGRATIONS, options};
use facteur_store::{BlobId, BlobState, Error, Key, Store, params};

const INLINE_MAX: usize = 100_000;

fn open(folder: &Path) -> Store {
    let mut options = options(folder);
    options.blob_inline_max = INLINE_MAX;
    Store::open(options, MIGRATIONS).expect("the store opens")
}

fn text(length: usize) -> Bytes {
    let mut text: String = (0..length / 20).map(|line| format!("line {line} says {}\r\n", line * 7919)).collect();
    text.truncate(length);
    text.into()
}

fn noise(length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes.into()
}

fn put(store: &Store, content: &Bytes) -> BlobId {
    let blob = store.prepare_blob(content.clone()).unwrap();
    store.write_blocking(Key::Everything, move |tx| tx.put_blob(&blob)).unwrap()
}

fn read(store: &Store, blob: BlobId, range: std::ops::Range<u64>) -> Result<Bytes, Error> {
    store.read_blocking(move |view| view.read_blob(blob, range))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let shards = std::fs::read_dir(folder.join("blobs")).unwrap().flatten().filter(|entry| entry.path().is_dir());
    shards.flat_map(|shard| std::fs::read_dir(shard.path()).unwrap().flatten()).map(|file| file.path()).collect()
}

/// No part of the content is served wrong, and the whole is not served.
fn assert_damaged(store: &Store, blob: BlobId, content: &[u8], what: &str) {
    let whole = read(store, blob, 0..u64::MAX);
    let permanent = whole.as_ref().is_err_and(Error::is_permanent);
    assert!(matches!(whole, Err(Error::Damaged { .. })) && permanent, "{what}: {:?}", whole.map(|bytes| bytes.len()));
    for start in (0..content.len() as u64).step_by(content.len() / 9 + 1) {
        match read(store, blob, start..start + 1000) {
            Ok(part) => {
                let end = content.len().min(start as usize + 1000);
                assert!(part[..] == content[start as usize..end], "{what}: a wrong part at {start} was served");
            }
            Err(error) => assert!(matches!(error, Error::Damaged { .. }), "{what}: {error}"),
        }
    }
    let state = store.read_blocking(move |view| view.check_blob(blob)).unwrap();
    assert!(matches!(state, BlobState::Damaged(_)), "{what}: {state:?}");
}

#[test]
fn a_changed_or_cut_row_is_damaged_and_its_neighbours_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let bodies = [text(300), text(9_000), text(90_000), noise(20), noise(8_000), noise(90_000)];
    for content in &bodies {
        let neighbour = put(&store, &text(5_000));
        let blob = put(&store, content);
        let (head, rest) = store
            .read_blocking(move |view| {
                let sql = "SELECT head, bytes FROM blob_content WHERE blob = $1";
                view.query_one(sql, params![blob], |row| Ok((row.get::<Vec<u8>>(0)?, row.get::<Vec<u8>>(1)?)))
            })
            .unwrap();
        let set = |head: &[u8], rest: &[u8]| {
            let (head, rest) = (head.to_vec(), rest.to_vec());
            let sql = "UPDATE blob_content SET head = $1, bytes = $2 WHERE blob = $3";
            store.write_blocking(Key::Everything, move |tx| tx.execute(sql, params![head, rest, blob])).unwrap();
        };
        for part in 0..8 {
            let (mut bad_head, mut bad_rest) = (head.clone(), rest.clone());
            // Behind a single frame there is only its length, which nobody needs.
            let damaged = if part % 2 == 0 || rest.len() <= 4 { &mut bad_head } else { &mut bad_rest };
            let at = damaged.len() * part / 8;
            damaged[at] ^= 1 << part;
            set(&bad_head, &bad_rest);
            assert_damaged(&store, blob, content, &format!("{} bytes, a bit at {at}", content.len()));
            assert_eq!(read(&store, neighbour, 0..u64::MAX).unwrap(), text(5_000));
        }
        set(&head[..head.len() / 2], &rest);
        assert_damaged(&store, blob, content, "a head cut short");
        if rest.len() > 4 {
            set(&head, &rest[..rest.len() - 1]);
            assert_damaged(&store, blob, content, "a rest cut short");
        }
        set(&head, &rest);
        assert_eq!(&read(&store, blob, 0..u64::MAX).unwrap(), content, "restored, it is served again");
    }
}

#[test]
fn a_changed_or_cut_file_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for content in [text(400_000), noise(400_000)] {
        let blob = put(&store, &content);
        let file = files(folder.path()).pop().unwrap();
        let whole = std::fs::read(&file).unwrap();
        for part in 0..8 {
            let mut bad = whole.clone();
            let at = whole.len() * part / 8 + 11;
            bad[at] ^= 1 << part;
            std::fs::write(&file, bad).unwrap();
            assert_damaged(&store, blob, &content, &format!("a bit at {at} of {}", whole.len()));
        }
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&file, &whole[..length]).unwrap();
            assert_damaged(&store, blob, &content, &format!("cut to {length}"));
        }
        std::fs::write(&file, &whole).unwrap();
        assert_eq!(read(&store, blob, 0..u64::MAX).unwrap(), content);
        store.write_blocking(Key::Everything, move |tx| tx.drop_blob(blob)).unwrap();
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_head_before_a_body_is_told_from_one_that_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let head = Bytes::from_static(b"Return-Path: <alice@alpha.test>\r\n");
    let body = text(9_000);
    let headed = store.prepare_blob(body.clone()).unwrap().headed(head.clone());
    let blob = store.write_blocking(Key::Everything, move |tx| tx.put_blob(&headed)).unwrap();
    let content = [&head[..], &body].concat();
    assert_eq!(read(&store, blob, 0..u64::MAX).unwrap(), content);
    let set = |sql: &'static str| store.write_blocking(Key::Everything, move |tx| tx.execute(sql, params![])).unwrap();
    set("UPDATE blob_content SET head = CAST(replace(CAST(head AS TEXT), 'alice', 'malle') AS BLOB) WHERE base > 0");
    assert_damaged(&store, blob, &content, "another name in the head");
    assert_eq!(read(&store, blob, 100..200).unwrap(), content[100..200], "what stands behind it is as it was");
    set("UPDATE blob_content SET head = CAST(replace(CAST(head AS TEXT), 'malle', 'alice') AS BLOB) WHERE base > 0");
    set("UPDATE blob_content SET head = zeroblob(length(head)) WHERE base IS NULL");
    assert!(matches!(read(&store, blob, 0..u64::MAX), Err(Error::Damaged { .. })));
    assert_eq!(read(&store, blob, 0..33).unwrap(), head);
}

#[test]
fn numbers_of_a_row_that_cannot_be_are_damage_and_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for content in [text(9_000), noise(9_000), text(400_000), noise(400_000)] {
        let blob = put(&store, &content);
        for column in ["length", "packed", "form"] {
            let get = format!("SELECT {column} FROM blob WHERE id = $1");
            let old: i64 =
                store.read_blocking(move |view| view.query_one(&get, params![blob], |row| row.get(0))).unwrap();
            for wrong in [i64::MAX, 1 << 50, old + 1, -1] {
                let set = format!("UPDATE blob SET {column} = $1 WHERE id = $2");
                let write = |number: i64, set: String| {
                    store.write_blocking(Key::Everything, move |tx| tx.execute(&set, params![number, blob])).unwrap();
                };
                write(wrong, set.clone());
                let outcome = read(&store, blob, 0..u64::MAX);
                // A sealed body does not need the length with its seals.
                let harmless = column == "packed" && outcome.as_ref().is_ok_and(|read| *read == content);
                assert!(harmless || matches!(outcome, Err(Error::Damaged { .. })), "{column} {wrong}: {outcome:?}");
                write(old, set);
            }
        }
        assert_eq!(read(&store, blob, 0..u64::MAX).unwrap(), content);
    }
}

#[test]
fn absent_lost_and_unknown_are_three_things() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (small, large) = (put(&store, &text(3_000)), put(&store, &noise(400_000)));
    let never = BlobId(999);
    assert_eq!(read(&store, never, 0..10), Err(Error::NoBlob(never)));
    assert!(Error::NoBlob(never).is_permanent());

    // The disk of the large bodies is not mounted: nothing is proven by that.
    let (blobs, away) = (folder.path().join("blobs"), folder.path().join("away"));
    std::fs::rename(&blobs, &away).unwrap();
    let unknown = read(&store, large, 0..10).unwrap_err();
    assert!(matches!(unknown, Error::Io(_)) && !unknown.is_permanent() && unknown.is_temporary(), "{unknown}");
    assert_eq!(read(&store, small, 0..u64::MAX).unwrap(), text(3_000));
    std::fs::create_dir(&blobs).unwrap();
    assert!(matches!(read(&store, large, 0..10), Err(Error::Io(_))), "nor by the empty folder under it");
    std::fs::remove_dir(&blobs).unwrap();
    std::fs::rename(&away, &blobs).unwrap();
    assert_eq!(read(&store, large, 0..u64::MAX).unwrap(), noise(400_000));

    std::fs::remove_file(files(folder.path()).pop().unwrap()).unwrap();
    let lost = read(&store, large, 0..10).unwrap_err();
    assert!(matches!(&lost, Error::Missing { blob, .. } if *blob == large), "{lost}");
    assert!(lost.is_permanent() && !lost.is_temporary());
    store
        .write_blocking(Key::Everything, move |tx| {
            tx.execute("DELETE FROM blob_content WHERE blob = $1", params![small])
        })
        .unwrap();
    assert!(matches!(read(&store, small, 0..10), Err(Error::Missing { blob, .. }) if blob == small));
}

#[test]
fn bodies_of_the_first_versions_have_no_checksums_and_are_looked_at_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let content = noise(50_000);
    let old = |content: &[u8], row: i64| {
        let (content, hash) = (content.to_vec(), *blake3::hash(content).as_bytes());
        store
            .write_blocking(Key::Everything, move |tx| {
                let sql = "INSERT INTO blob (id, hash, length, packed, form, refs) VALUES ($1, $2, $3, $3, 0, 1)";
                tx.execute(sql, params![row, hash, content.len()])?;
                let (head, rest) = content.split_at(8192);
                let sql = "INSERT INTO blob_content (blob, head, bytes) VALUES ($1, $2, $3)";
                tx.execute(sql, params![row, head, rest])
            })
            .unwrap();
        BlobId(row)
    };
    let blob = old(&content, 100);
    assert_eq!(read(&store, blob, 0..u64::MAX).unwrap(), content);
    assert_eq!(read(&store, blob, 10..500).unwrap(), content[10..500]);
    let sql = "UPDATE blob_content SET bytes = zeroblob(length(bytes)) WHERE blob = 100";
    store.write_blocking(Key::Everything, move |tx| tx.execute(sql, params![])).unwrap();
    assert!(matches!(read(&store, blob, 10..500), Err(Error::Damaged { .. })));
    assert!(matches!(read(&store, blob, 0..u64::MAX), Err(Error::Damaged { .. })));

    // A file: proven once, and then read in parts.
    let large = put(&store, &noise(400_000));
    let file = files(folder.path()).pop().unwrap();
    std::fs::write(&file, noise(400_000)).unwrap();
    let form = "UPDATE blob SET form = 0, packed = length WHERE id = $1";
    store.write_blocking(Key::Everything, move |tx| tx.execute(form, params![large])).unwrap();
    std::fs::write(&file, [&noise(400_000)[..399_999], b"?"].concat()).unwrap();
    assert!(matches!(read(&store, large, 0..10), Err(Error::Damaged { .. })));
    std::fs::write(&file, noise(400_000)).unwrap();
    assert_eq!(read(&store, large, 399_000..u64::MAX).unwrap(), noise(400_000)[399_000..]);
}
