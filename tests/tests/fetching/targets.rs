//! Fetches to other places than a mailbox here, and tests how a fetch reports and how it is held back.

use std::time::{Duration, Instant};

use tests::{Cut, Dovecot, Gmail, OfficeBuilder};

use super::support::*;

fn filled(letters: usize, size: usize) -> Dovecot {
    let dovecot = Dovecot::start("");
    let ids: Vec<String> = (0..letters).map(|number| format!("t{number}")).collect();
    let letters: Vec<Put<'_>> = ids.iter().map(|id| Put { folder: "INBOX", id, info: "S", date: DAY, size }).collect();
    put(&dovecot, &letters);
    dovecot
}

#[test]
fn a_maildir_is_filled_once_from_gmail_with_flags_and_dates() {
    let gmail = Gmail::start(None);
    for (id, labels) in [("a", vec!["\\Inbox", "Work"]), ("b", vec!["Work"]), ("c", vec![])] {
        gmail.state().mailbox.add(&letter(id, 900), &labels, &["\\Seen"], "01-Feb-2020 03:04:05 +0000");
    }
    let office = OfficeBuilder::new("alpha.test").prepare();
    let maildir = office.folder().join("Maildir");
    let source = Source::gmail(&gmail);
    let target = format!("maildir:{}", maildir.display());
    let words = ["--once", &source.url, "--to", &target, "--ca", &source.certificate, "--password-stdin"];
    for expected in [3, 0, 0] {
        assert_eq!(run_with(&office, &words, source.password.as_bytes()).letters(), expected);
    }
    let files = maildir_files(&maildir);
    // A Maildir knows no letter in two folders: `a` has a copy in the folder of its label.
    let in_work = files.iter().filter(|file| file.to_string_lossy().contains("/.Work/cur/")).count();
    assert_eq!((files.len(), in_work), (4, 2), "{files:?}");
    for file in &files {
        assert!(file.to_string_lossy().contains(":2,S"), "{file:?}");
        let date = std::fs::metadata(file).expect("there").modified().expect("dated");
        assert_eq!(date.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs(), DAY, "{file:?}");
    }
}

#[test]
fn letters_go_on_to_another_server_over_lmtp() {
    let source = filled(10, 900);
    let home = Dovecot::start("");
    let office = OfficeBuilder::new("alpha.test").prepare();
    let target = format!("lmtp:alice@dovecot.test@127.0.0.1:{}", home.lmtp);
    Source::imap(&source).add_to(&office, &target, &[]);
    assert_eq!(run(&office).letters(), 10);
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(maildir_files(&home.maildir("alice@dovecot.test")).len(), 10);
}

#[test]
fn scripts_are_told_of_each_step() {
    let dovecot = filled(300, 900);
    let office = office();
    Source::imap(&dovecot).add(&office, &[]);
    let run = run(&office);
    assert_eq!(run.letters(), 300);
    assert!(run.told.iter().all(|told| told["source"] == "old" && told["event"].is_string()), "{:?}", run.told);
    assert!(run.told.len() > 1 && run.told.len() < 200, "{} lines for 300 letters", run.told.len());
    let end = run.end();
    assert!(end["octets"].as_u64() > Some(300 * 900) && end["seconds"].as_f64() > Some(0.0), "{end}");
}

#[test]
fn a_rate_is_kept_to() {
    let dovecot = filled(40, 25_000);
    let cut = Cut::to(dovecot.imaps);
    let office = office();
    Source::imap(&dovecot).through(cut.port).add(&office, &["--rate", "300k"]);
    let started = Instant::now();
    assert_eq!(run(&office).letters(), 40);
    let took = started.elapsed();
    assert!(took > Duration::from_millis(2300), "a megabyte at 300 kB a second took {took:?}");
}
