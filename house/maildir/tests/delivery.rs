//! Delivering into a Maildir, looked at as other programs see it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use facteur_maildir::{Delivery, Error, FileName, Flags, Maildir};
use mail::Timestamp;

const LETTER: &[u8] = b"From: a@alpha.test\r\nSubject: Bonjour\r\n\r\nSalut\r\n";
const RECEIVED: Timestamp = Timestamp(1_795_501_377_250);

fn maildir() -> (tempfile::TempDir, Maildir) {
    let place = tempfile::tempdir().expect("a folder");
    let maildir = Maildir::at(place.path().join("of/alice/Maildir"));
    maildir.create().expect("a Maildir");
    (place, maildir)
}

fn files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder.join(part)).expect("part").map(|e| e.expect("entry").path()).collect();
    files.sort();
    files
}

#[test]
fn a_new_letter_lies_in_new_with_its_sizes_and_its_time() {
    let (_place, maildir) = maildir();
    let path = maildir.deliver(None, &Delivery::new(LETTER, RECEIVED)).expect("delivered");
    assert_eq!(files(maildir.root(), "new"), std::slice::from_ref(&path));
    assert!(files(maildir.root(), "tmp").is_empty() && files(maildir.root(), "cur").is_empty());
    assert_eq!(fs::read(&path).expect("letter"), b"From: a@alpha.test\nSubject: Bonjour\n\nSalut\n");
    let name = path.file_name().and_then(|name| name.to_str()).expect("name");
    assert!(name.ends_with(",S=43,W=47"), "{name}");
    assert_eq!(FileName::read(name).time(), Some(Timestamp::from_seconds(RECEIVED.seconds())));
    let modified = fs::metadata(&path).and_then(|about| about.modified()).expect("time");
    assert_eq!(modified, SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_501_377_250));
}

#[test]
fn a_letter_with_flags_and_keywords_lies_in_cur_of_a_folder_that_is_made() {
    let (_place, maildir) = maildir();
    let flags = Flags { seen: true, flagged: true, ..Flags::default() };
    let delivery = Delivery { flags, keywords: &["$Forwarded", "école"], ..Delivery::new(LETTER, RECEIVED) };
    let path = maildir.deliver(Some("Élèves/2026"), &delivery).expect("delivered");
    let folder = maildir.root().join(".&AMk-l&AOg-ves.2026");
    assert_eq!(path.parent(), Some(folder.join("cur").as_path()));
    assert!(path.to_string_lossy().ends_with(":2,FSab"), "{path:?}");
    assert!(folder.join("maildirfolder").is_file());
    assert_eq!(fs::read_to_string(folder.join("dovecot-keywords")).expect("keywords"), "0 $Forwarded\n1 école\n");
}

#[test]
fn a_delivery_that_is_repeated_after_a_crash_does_not_double() {
    let (_place, maildir) = maildir();
    let delivery = Delivery::new(LETTER, RECEIVED).called("q7abc.1");
    let first = maildir.deliver(None, &delivery).expect("delivered");
    assert_eq!(maildir.deliver(None, &delivery).expect("again"), first);
    // Its reader has seen it meanwhile.
    let seen = maildir.root().join("cur").join(format!("{}:2,S", first.file_name().expect("name").to_string_lossy()));
    fs::rename(&first, &seen).expect("seen");
    assert_eq!(maildir.deliver(None, &delivery).expect("again"), seen);
    assert_eq!(files(maildir.root(), "new").len() + files(maildir.root(), "cur").len(), 1);
}

#[test]
fn a_crash_in_the_middle_of_a_chosen_delivery_leaves_nothing_in_its_way() {
    let (_place, maildir) = maildir();
    fs::write(maildir.root().join("tmp/q1,S=43,W=47"), "half").expect("left behind");
    maildir.deliver(None, &Delivery::new(LETTER, RECEIVED).called("q1")).expect("delivered");
    assert_eq!(files(maildir.root(), "new").len(), 1);
}

#[test]
fn many_letters_of_a_batch_are_delivered_together_or_not_at_all() {
    let (_place, maildir) = maildir();
    let mut dropped = maildir.batch();
    dropped.add(None, &Delivery::new(LETTER, RECEIVED)).expect("written");
    drop(dropped);
    let mut batch = maildir.batch();
    for number in 0..100 {
        let folder = (number % 2 == 0).then_some("Archive");
        batch.add(folder, &Delivery::new(LETTER, RECEIVED)).expect("written");
    }
    assert_eq!(files(maildir.root(), "new").len(), 0);
    assert_eq!(batch.commit().expect("delivered").len(), 100);
    assert_eq!(files(maildir.root(), "new").len(), 50);
    assert_eq!(files(&maildir.root().join(".Archive"), "new").len(), 50);
    assert!(files(maildir.root(), "tmp").is_empty());
}

#[test]
fn a_letter_with_stray_line_ends_is_kept_byte_for_byte_and_says_so() {
    let (_place, maildir) = maildir();
    let odd = b"Subject: x\r\n\r\nbare\nline\rends\r\n";
    let path = maildir.deliver(None, &Delivery::new(odd, RECEIVED)).expect("delivered");
    assert_eq!(fs::read(&path).expect("letter"), odd);
    assert!(FileName::read(&path.file_name().expect("name").to_string_lossy()).exact);
}

#[test]
fn what_cannot_be_delivered_says_what_to_do() {
    let place = tempfile::tempdir().expect("a folder");
    let nowhere = Maildir::at(place.path().join("nothing"));
    let error = nowhere.deliver(None, &Delivery::new(LETTER, RECEIVED)).expect_err("nothing there");
    assert!(matches!(error, Error::NoMaildir(_)) && error.is_temporary(), "{error}");
    assert!(!place.path().join("nothing").exists(), "a mistyped path is not made up");
    let (_place, maildir) = maildir();
    let bad = maildir.deliver(Some("a//b"), &Delivery::new(LETTER, RECEIVED)).expect_err("a bad name");
    assert!(matches!(bad, Error::BadFolder(_)) && !bad.is_temporary());
    let unfit = maildir.deliver(None, &Delivery::new(LETTER, RECEIVED).called("../x")).expect_err("a bad name");
    assert!(matches!(unfit, Error::BadName(_)));
}

#[test]
fn a_folder_never_lies_outside_of_the_maildir() {
    let (place, maildir) = maildir();
    let path = maildir.deliver(Some("../../../evil"), &Delivery::new(LETTER, RECEIVED)).expect("delivered");
    assert!(path.starts_with(maildir.root()) && !place.path().join("evil").exists(), "{path:?}");
}
