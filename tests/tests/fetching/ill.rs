//! Fetches from servers that are ill in one place: a fault belongs to the letter or the folder that has it.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tests::{Dovecot, Office};

use super::support::*;

fn put_many(dovecot: &Dovecot, folder: &str, count: usize) {
    let ids: Vec<String> = (0..count).map(|number| format!("{folder}-{number}")).collect();
    let letters: Vec<Put<'_>> = ids.iter().map(|id| Put { folder, id, info: "S", date: DAY, size: 900 }).collect();
    put(dovecot, &letters);
}

/// The file of a letter. Dovecot reads it as `nobody`, so that it can be kept from it.
fn file(dovecot: &Dovecot, id: &str) -> PathBuf {
    let files = std::fs::read_dir(dovecot.maildir("alice").join("cur")).expect("there").flatten();
    let part = format!(".{id}.test");
    files.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains(&part)).expect("it is there")
}

/// Writes the sizes of letters into the names of their files, as Dovecot does with those it delivers: so it can list a
/// letter that it cannot read.
fn name_sizes(dovecot: &Dovecot) {
    let files = std::fs::read_dir(dovecot.maildir("alice").join("cur")).expect("there").flatten();
    for path in files.map(|entry| entry.path()) {
        let raw = std::fs::read(&path).expect("read");
        let bare = raw.iter().zip(&raw[1..]).filter(|(before, octet)| **octet == b'\n' && **before != b'\r').count();
        let sizes = format!(",S={},W={}:2,", raw.len(), raw.len() + bare);
        std::fs::rename(&path, path.to_string_lossy().replace(":2,", &sizes)).expect("renamed");
    }
}

fn close(path: &Path) {
    set_permissions(path, Permissions::from_mode(0o000)).expect("closed");
}

fn open(path: &Path) {
    set_permissions(path, Permissions::from_mode(0o755)).expect("opened");
}

/// The events of this kind.
fn events<'r>(run: &'r Run, event: &str) -> Vec<&'r serde_json::Value> {
    run.told.iter().filter(|told| told["event"] == event).collect()
}

fn listed(office: &Office) -> serde_json::Value {
    let out = office.command(&["fetch", "list", "--json"]);
    serde_json::from_str::<serde_json::Value>(&out).expect("json")[0].clone()
}

#[test]
fn a_folder_and_a_letter_that_dovecot_cannot_read_keep_nothing_else_back() {
    let dovecot = Dovecot::start("");
    for (folder, count) in [("INBOX", 40), ("Closed", 10), ("Zed", 5)] {
        put_many(&dovecot, folder, count);
    }
    let (ill, folder) = (file(&dovecot, "INBOX-12"), dovecot.maildir("alice").join(".Closed"));
    close(&ill);
    close(&folder);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    for expected in [44, 0] {
        let run = run(&office);
        assert_eq!((run.state(), &run.end()["letters"]), ("partly", &expected.into()), "{:?}\n{}", run.told, run.err);
        let (letters, folders) = (events(&run, "left_there"), events(&run, "folder_left"));
        assert_eq!(letters.iter().map(|told| &told["folder"]).collect::<Vec<_>>(), ["INBOX"], "{:?}", run.told);
        assert_eq!(folders.iter().map(|told| &told["folder"]).collect::<Vec<_>>(), ["Closed"], "{:?}", run.told);
    }
    let source = listed(&office);
    assert_eq!((&source["state"], &source["left_there"]), (&"partly".into(), &2.into()), "{source}");
    let left = source["left"].as_array().expect("a list");
    assert!(left.iter().all(|left| left["said"].as_str().is_some_and(|said| !said.is_empty())), "{source}");
    let out = office.command(&["fetch", "list"]);
    assert!(out.contains("the folder Closed was left there"), "{out}");

    open(&ill);
    open(&folder);
    assert_eq!(run(&office).letters(), 11, "it comes when Dovecot can read it again");
    assert_eq!(listed(&office)["state"], "well");
    assert_eq!(look(&mut office).len(), 55);
}

#[test]
fn a_letter_that_dovecots_pop3_cannot_read_keeps_no_other_back_and_is_not_deleted() {
    let dovecot = Dovecot::start("");
    put_many(&dovecot, "INBOX", 7);
    name_sizes(&dovecot);
    let ill = file(&dovecot, "INBOX-2");
    close(&ill);
    let mut office = office();
    Source::pop3(&dovecot).add(&office, &["--delete"]);
    let first = run(&office);
    assert_eq!((first.state(), &first.end()["letters"]), ("partly", &6.into()), "{:?}\n{}", first.told, first.err);
    assert!(ill.exists(), "what is not here stays there");
    open(&ill);
    assert_eq!(run(&office).letters(), 1);
    assert_eq!(look(&mut office).len(), 7);
    assert_eq!(std::fs::read_dir(dovecot.maildir("alice").join("cur")).expect("there").count(), 0);
}

#[test]
fn deleted_letters_empty_folders_keywords_and_subscriptions_come_along() {
    let dovecot = Dovecot::start("");
    let put_one = |folder, id, info| Put { folder, id, info, date: DAY, size: 900 };
    put(&dovecot, &[put_one("INBOX", "going", "ST"), put_one("Unread", "tagged", "ab"), put_one("Read", "plain", "")]);
    let root = dovecot.maildir("alice");
    let own = |path: &Path| chown(path, Some(65534), Some(65534)).expect("given");
    for part in ["", "cur", "new", "tmp"] {
        let path = root.join(".Empty.Below").join(part);
        std::fs::create_dir_all(&path).expect("made");
        own(&path);
    }
    let write = |path: PathBuf, text: &str| {
        std::fs::write(&path, text).expect("written");
        own(&path);
    };
    write(root.join(".Unread/dovecot-keywords"), "0 Facture\n1 $Forwarded\n");
    write(root.join("subscriptions"), "V\t2\n\nEmpty\tBelow\nRead\n");
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    assert_eq!(run(&office).letters(), 3);
    let here = look(&mut office);
    assert_eq!(here["going"].flags, ["\\Deleted", "\\Seen"]);
    assert_eq!(here["tagged"].flags, ["$Forwarded", "Facture"]);
    assert_eq!(folders(&mut office, "list"), ["Empty/Below", "Read", "Unread"]);
    assert_eq!(folders(&mut office, "lsub"), ["Empty/Below", "Read"]);

    // A person who removes an empty folder here does not get it back.
    remove_folder(&mut office, "Empty/Below");
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(folders(&mut office, "list"), ["Read", "Unread"]);
}

/// Says something to Alice's IMAP door, in Python's words; `m` is the connection.
fn say(office: &mut Office, words: &str) -> String {
    office.start();
    let (port, alice) = (office.ports.imaps, office.first().clone());
    let script = format!(
        "import imaplib, ssl\nm = imaplib.IMAP4_SSL('127.0.0.1', {port}, ssl_context=ssl._create_unverified_context())\n\
         m.login('{}', '{}')\n{words}",
        alice.address, alice.password
    );
    let said = tests::client(std::process::Command::new("python3").args(["-c", &script]), b"").must_succeed().out;
    office.stop();
    said
}

/// The folders of Alice that she did not have from the beginning, sorted; by `list` or `lsub`. Those that only hold others
/// do not count.
fn folders(office: &mut Office, verb: &str) -> Vec<String> {
    let out = say(office, &format!("for line in m.{verb}()[1]: print(line.decode())"));
    let own = ["INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash", "Empty"];
    let name = |line: &str| line.rsplit("\"/\" ").next().unwrap_or_default().trim_matches('"').to_owned();
    let mut names: Vec<String> = out.lines().map(name).filter(|name| !own.contains(&name.as_str())).collect();
    names.sort();
    names
}

fn remove_folder(office: &mut Office, name: &str) {
    say(office, &format!("assert m.delete('{name}')[0] == 'OK'\nm.delete('Empty')"));
}
