//! Whatever lies in a folder, each file of it is told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::fixture::Fixture;
use crate::stores::{Store, in_mbox, letter};

/// Files of all kinds, none with more than one letter, and none that holds two.
fn zoo() -> Store {
    let store = Store::new();
    for (number, name) in [
        "a.eml",
        "b.EML",
        "Famille/c.eml",
        "plain",
        "1",
        "mh/1",
        "mh/22",
        "mh/7.",
        ".hidden",
        "x.txt",
        "y.html",
        "noend.",
    ]
    .into_iter()
    .enumerate()
    {
        store.write(name, letter(&format!("letter {number}")));
    }
    for (number, name) in ["box", "box.mbox", "Travail.sbd/Clients", "2019", ".inbox.directory/x", "b.json", "c.mbx"]
        .into_iter()
        .enumerate()
    {
        store.write(name, in_mbox(&format!("mbox {number}")));
    }
    store.write("md/cur/1.a:2,S", letter("cur")).write("md/new/2.b", letter("new")).write("md/tmp/3.c", letter("tmp"));
    store
        .write("md/cur/.nfs01", letter("hidden"))
        .write("md/dovecot.index.cache", "\x01")
        .write("md/notes", "no letter");
    store.write("A.mbox/Messages/9.emlx", "3\nno\n").write("A.mbox/Messages/10.emlx", "500\nSubject: short\n\n");
    store.write("A.mbox/table_of_contents", "x").write("A.mbox/Attachments/9/2/p.png", "\u{89}PNG");
    for (name, content) in [
        (".DS_Store", "\0\0\0\x01Bud1"),
        ("Thumbs.db", "x"),
        ("empty", ""),
        ("empty.mbox", ""),
        ("empty.eml", ""),
        ("prefs.js", "user_pref();"),
        ("Inbox.msf", "// <!-- <mdb:mork:z v=\"1.4\"/> -->"),
        ("contacts.vcf", "BEGIN:VCARD\n"),
        ("agenda", "BEGIN:VCALENDAR\n"),
        ("mail.pst", "!BDN\0"),
        ("old.mbx", "*mbx*\r\n12345678\r\n"),
        ("picture.jpg", "\u{ff}\u{d8}"),
        ("letter.doc", "Dear Bob"),
        ("README", "Read me first: this is no letter.\n"),
        ("noise.eml", "\0\0\0\0"),
        ("data.bin", "\0\x01\x02"),
        ("7z.7z", "7z\u{bc}"),
        ("x.metadata.json", "{}"),
        ("labels.json", "[]"),
        ("broken.zip", "PK\x03\x04 and no more"),
        ("not.zip", "text"),
        ("broken.tar.gz", "\x1f\u{8b}"),
        ("weird\u{1b}[31m", "?"),
    ] {
        store.write(name, content);
    }
    store.zip("inside.zip", &[("in/z.eml", &letter("zipped")), ("in/z.jpg", "no"), ("in/deep.zip", "PK\x03\x04")]);
    std::os::unix::fs::symlink("/etc/passwd", store.path().join("link.eml")).expect("linked");
    std::os::unix::fs::symlink(store.path(), store.path().join("circle")).expect("linked");
    rustix::fs::mknodat(rustix::fs::CWD, store.path().join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .expect("a pipe");
    store
}

/// Lists all files, with those in the one archive that opens.
fn files(place: &Path, prefix: &str, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(place).expect("read").flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type().expect("known").is_dir() {
            true => files(&entry.path(), &format!("{name}/"), into),
            false if name == "inside.zip" => {
                into.extend(["in/z.eml", "in/z.jpg", "in/deep.zip"].map(|inside| format!("{name}/{inside}")));
            }
            false => drop(into.insert(name)),
        }
    }
}

#[test]
fn every_file_of_a_zoo_is_taken_or_told() {
    let (zoo, fixture, mut all) = (zoo(), Fixture::new(), BTreeSet::new());
    files(zoo.path(), "", &mut all);
    let (imported, watcher) = fixture.watched(zoo.path(), None);
    let imported = imported.expect("imported");
    let told: Vec<&str> = watcher.skipped.iter().map(|skipped| skipped.file.as_str()).collect();
    let beside: Vec<&str> = watcher.beside.iter().map(|(_, file)| file.as_str()).collect();
    let listed: BTreeSet<&str> = told.iter().chain(&beside).copied().collect();
    assert_eq!(listed.len(), told.len() + beside.len(), "no file is told twice: {told:#?} {beside:#?}");
    let letters: usize = fixture.content().values().map(|(_, _, letters)| letters.len()).sum();
    assert_eq!((imported.letters, imported.known), (letters as u64, 0));
    let untold: Vec<&String> = all.iter().filter(|file| !listed.contains(file.as_str())).collect();
    assert_eq!(untold.len(), letters, "each of these gave its one letter: {untold:#?}\ntold: {:#?}", watcher.skipped);
    assert_eq!(letters, 12 + 7 + 2 + 1, "{untold:#?}");
    assert!(listed.iter().all(|file| all.contains(*file)), "{listed:#?}");
    assert_eq!((imported.skipped, imported.beside), (told.len() as u64, beside.len() as u64));
}

#[test]
fn nothing_of_a_long_name_in_an_archive_is_kept() {
    let store = Store::new();
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for kind in [tar::EntryType::GNULongName, tar::EntryType::XHeader] {
        let size = 40 << 20;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        tar.append_data(&mut header, "long", std::io::Read::take(std::io::repeat(b'a'), size)).expect("written");
        append(&mut tar, "a.eml", &letter("behind a long name"));
    }
    append(&mut tar, "b.eml", &letter("usual"));
    append(&mut tar, &format!("{}/c.eml", "deep".repeat(60)), &letter("long enough"));
    let packed = tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("written");
    assert!(packed.len() < 1 << 20);
    store.write("long.tar.gz", packed);
    let (came, watcher) = store.import();
    let subjects: Vec<&str> = came.iter().map(|came| came.1.as_str()).collect();
    assert_eq!(subjects, ["usual", "long enough"]);
    assert_eq!(watcher.skipped.len(), 2, "{:?}", watcher.skipped);
}

#[test]
fn an_archive_that_breaks_off_at_once_is_told_and_not_taken_for_empty() {
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, "a.eml", &letter("lost"));
    let whole = tar.into_inner().expect("written");
    let store = Store::new();
    store.write("torn.tar", &whole[..300]);
    let (imported, watcher) = Fixture::new().watched(&store.path().join("torn.tar"), None);
    assert_eq!((imported.expect("read").letters, watcher.skipped.len()), (0, 1));
    assert!(watcher.skipped[0].file.ends_with("torn.tar"), "{:?}", watcher.skipped);
}

fn append<W: std::io::Write>(tar: &mut tar::Builder<W>, name: &str, content: &str) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, name, content.as_bytes()).expect("written");
}
