//! `facteur fetch` brings letters home from a Dovecot.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Dovecot, Office, OfficeBuilder};

/// An office where Alice lives, not serving.
fn office() -> Office {
    OfficeBuilder::new("alpha.test").person("alice").prepare()
}

fn url(dovecot: &Dovecot) -> String {
    format!("imaps://alice@127.0.0.1:{}", dovecot.imaps)
}

/// Runs `facteur fetch run --json` with more words; returns its exit status and the objects that it printed.
fn run(office: &Office, words: &[&str]) -> (i32, Vec<Value>) {
    let (code, out, err) = office.try_command(&[&["fetch", "run", "--json"], words].concat(), b"secret");
    let told = out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}\n{err}")));
    (code, told.collect())
}

/// Returns how many letters the last fetch brought.
fn fetched(told: &[Value]) -> u64 {
    let end = told.iter().find(|told| told["event"] == "end").unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(end["ok"], true, "{told:?}");
    end["letters"].as_u64().expect("letters")
}

fn add(office: &Office, dovecot: &Dovecot, more: &[&str]) {
    let certificate = dovecot.certificate().display().to_string();
    let (url, to) = (url(dovecot), "alice@alpha.test");
    let words = ["fetch", "add", &url, "--name", "old", "--to", to, "--ca", &certificate, "--password-stdin"];
    office.command_with_input(&[&words, more].concat(), b"secret");
}

#[test]
fn a_mailbox_moves_house_with_its_folders_flags_and_dates_and_each_letter_comes_once() {
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 12, "(\\Seen $Forwarded)");
    dovecot.fill("alice", "Lists/rust", 3, "()");
    dovecot.fill("alice", "Sent", 2, "(\\Answered)");
    let mut office = office();
    add(&office, &dovecot, &[]);

    let (code, told) = run(&office, &["old"]);
    assert_eq!((code, fetched(&told)), (0, 17));
    assert_eq!(fetched(&run(&office, &[]).1), 0);
    dovecot.fill("alice", "INBOX", 2, "()");
    assert_eq!(fetched(&run(&office, &["old"]).1), 2);

    let list: Value = serde_json::from_str(&office.command(&["fetch", "list", "--json"])).expect("json");
    assert_eq!((&list[0]["state"], &list[0]["letters"]), (&"well".into(), &19.into()));

    office.start();
    let alice = office.first().clone();
    for (folder, count) in [("INBOX", 14), ("Lists/rust", 3), ("Sent", 2)] {
        let letters = office.read(&alice, folder, count);
        assert_eq!(letters.len(), count, "{folder}");
        let first = format!("<{}-0@test>", folder.replace('/', "-"));
        assert!(letters[0].contains(&first), "in their order: {}", letters[0]);
    }
    let flags = tests::curl(&office, &alice, "INBOX", &["-X", "FETCH 1 (FLAGS INTERNALDATE)"]).must_succeed().out;
    assert!(flags.contains("\\Seen") && flags.contains("$Forwarded"), "{flags}");
    assert!(flags.contains(" 1-Feb-2020 03:04:05 +0000"), "{flags}");
}

#[test]
fn a_source_that_is_removed_leaves_its_letters_and_its_memory_and_a_wrong_password_is_said_and_changed() {
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 3, "()");
    let mut office = office();
    add(&office, &dovecot, &[]);
    assert_eq!(fetched(&run(&office, &["old"]).1), 3);
    office.command(&["fetch", "remove", "old"]);
    assert!(!office.command(&["fetch", "list"]).contains("old"));
    let certificate = dovecot.certificate().display().to_string();
    let words = ["fetch", "add", &url(&dovecot), "--name", "new", "--to", "alice@alpha.test", "--ca", &certificate];
    // A mailbox that does not let us in is not set up, unless the person asks for that.
    let (code, _, err) = office.try_command(&[&words[..], &["--password-stdin"]].concat(), b"wrong");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("the log-in is refused") && !err.contains("wrong"), "{err}");
    assert!(!office.command(&["fetch", "list"]).contains("new"));
    office.command_with_input(&[&words[..], &["--password-stdin", "--untried"]].concat(), b"wrong");
    let (code, told) = run(&office, &["new"]);
    assert_eq!((code, &told.last().expect("told")["state"]), (1, &"refused".into()));
    let list = office.command(&["fetch", "list"]);
    assert!(list.contains("the log-in is refused") && !list.contains("wrong"), "{list}");
    office.command_with_input(&["fetch", "password", "new", "--password-stdin"], b"secret");
    // It is the same mailbox as the one that was removed: its letters are known again.
    assert_eq!(fetched(&run(&office, &["new"]).1), 0);
    office.start();
    assert_eq!(office.read(&office.first().clone(), "INBOX", 3).len(), 3);
}

#[test]
fn a_server_that_nobody_vouches_for_never_sees_the_password() {
    let dovecot = Dovecot::start("");
    let office = office();
    let words = ["fetch", "add", &url(&dovecot), "--name", "old", "--to", "alice@alpha.test", "--password-stdin"];
    let (code, _, err) = office.try_command(&words, b"secret");
    assert_eq!(code, 1, "{err}");
    let shown = fingerprint(&dovecot);
    assert!(err.contains("no password was sent") && err.contains("is signed by itself"), "{err}");
    assert!(err.contains(&format!("--fingerprint {shown}")), "{err} has no {shown}");
    office.command_with_input(&[&words[..], &["--untried"]].concat(), b"secret");
    let (code, told) = run(&office, &["old"]);
    assert_eq!((code, &told.last().expect("told")["state"]), (1, &"untrusted".into()));
    assert!(told.last().expect("told")["said"].as_str().is_some_and(|said| said.contains(&shown)), "{told:?}");
    // The fingerprint is all that is needed, whatever the certificate says.
    office.command(&["fetch", "remove", "old"]);
    dovecot.fill("alice", "INBOX", 2, "()");
    office.command_with_input(&[&words[..], &["--fingerprint", &shown]].concat(), b"secret");
    assert_eq!(fetched(&run(&office, &["old"]).1), 2);
}

fn fingerprint(dovecot: &Dovecot) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(dovecot.certificate());
    let said = openssl.output().expect("openssl");
    let said = String::from_utf8(said.stdout).expect("text");
    said.trim().rsplit('=').next().expect("a fingerprint").to_owned()
}

#[test]
fn a_scheme_that_does_not_go_with_the_port_is_told_in_seconds() {
    let dovecot = Dovecot::start("");
    let office = office();
    let certificate = dovecot.certificate().display().to_string();
    for (scheme, port) in [("imap", dovecot.imaps), ("pop3", dovecot.pop3s)] {
        let begun = Instant::now();
        let url = format!("{scheme}://alice@localhost:{port}");
        let words = ["fetch", "add", &url, "--to", "alice@alpha.test", "--ca", &certificate, "--password-stdin"];
        let (code, _, err) = office.try_command(&words, b"secret");
        assert_eq!(code, 1, "{err}");
        assert!(err.contains("takes TLS there: write imaps:// or pop3s://"), "{err}");
        assert!(begun.elapsed() < Duration::from_secs(60), "a greeting would be waited for for minutes");
    }
    // The other way round: a server that greets where TLS should come first.
    let greeting = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("imaps://alice@localhost:{}", greeting.local_addr().expect("bound").port());
    std::thread::spawn(move || {
        for stream in greeting.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut &stream, b"* OK ready\r\n");
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_secs(5));
        }
    });
    let words = ["fetch", "add", &url, "--to", "alice@alpha.test", "--password-stdin"];
    let (code, _, err) = office.try_command(&words, b"secret");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("does not begin with TLS") && err.contains("write imap://"), "{err}");
}

#[test]
fn letters_that_are_here_are_deleted_there_when_that_is_asked_for() {
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 5, "()");
    let office = office();
    add(&office, &dovecot, &["--delete"]);
    assert_eq!(fetched(&run(&office, &["old"]).1), 5);
    assert_eq!(files(&dovecot.maildir("alice")), 0);
}

#[test]
fn a_maildir_is_filled_with_nothing_else_set_up() {
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 4, "()");
    dovecot.fill("alice", "Lists/rust", 3, "(\\Seen)");
    let office = OfficeBuilder::new("alpha.test").prepare();
    let maildir = office.folder().join("Maildir");
    let target = format!("maildir:{}", maildir.display());
    let certificate = dovecot.certificate().display().to_string();
    let words = ["--once", &url(&dovecot), "--to", &target, "--ca", &certificate, "--password-stdin"];
    assert_eq!(fetched(&run(&office, &words).1), 7);
    assert_eq!((files(&maildir), files(&maildir.join(".Lists.rust"))), (4, 3));
    assert_eq!(fetched(&run(&office, &words).1), 0);
    // Forgetting the known letters costs time, not doubles.
    std::fs::remove_dir_all(maildir.join("facteur-fetch")).expect("removed");
    run(&office, &words);
    assert_eq!((files(&maildir), files(&maildir.join(".Lists.rust"))), (4, 3));
}

#[test]
fn an_open_office_hears_of_new_letters_and_brings_them_at_once() {
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 2, "()");
    let mut office = office();
    add(&office, &dovecot, &["--deliver"]);
    office.start();
    let alice = office.first().clone();
    assert_eq!(office.read(&alice, "INBOX", 2).len(), 2);
    // Looks are five minutes apart: this comes because the server tells of it.
    dovecot.fill("alice", "INBOX", 1, "()");
    let letters = office.read(&alice, "INBOX", 3);
    assert_eq!(letters.len(), 3);
    assert!(letters[2].starts_with("Return-Path: <>\r\nDelivered-To: alice@alpha.test\r\n"), "{}", letters[2]);
    office.stop();
}

#[test]
fn a_maildrop_is_fetched_over_pop3_and_emptied_when_that_is_asked_for() {
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 30, "()");
    let mut office = office();
    let certificate = dovecot.certificate().display().to_string();
    let url = format!("pop3s://alice@127.0.0.1:{}", dovecot.pop3s);
    let to_alice = ["--to", "alice@alpha.test", "--ca", &certificate, "--password-stdin"];
    let once = [&["--once", &url], &to_alice[..]].concat();
    assert_eq!(fetched(&run(&office, &once).1), 30);
    dovecot.fill("alice", "INBOX", 3, "()");
    assert_eq!(fetched(&run(&office, &once).1), 3);
    assert_eq!(fetched(&run(&office, &[&once[..], &["--delete"]].concat()).1), 0);
    assert_eq!(files(&dovecot.maildir("alice")), 0);
    office.start();
    let letters = office.read(&office.first().clone(), "INBOX", 33);
    assert_eq!(letters.len(), 33);
    assert!(letters[0].starts_with("Return-Path: <>\r\nDelivered-To: alice@alpha.test\r\nFrom:"), "{}", letters[0]);
}

#[test]
fn letters_are_handed_to_a_delivery_agent_elsewhere() {
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 6, "()");
    let office = office();
    let target = format!("lmtp:bob@dovecot.test@127.0.0.1:{}", dovecot.lmtp);
    let certificate = dovecot.certificate().display().to_string();
    let words = ["--once", &url(&dovecot), "--to", &target, "--ca", &certificate, "--password-stdin"];
    assert_eq!(fetched(&run(&office, &words).1), 6);
    assert_eq!(fetched(&run(&office, &words).1), 0);
    assert_eq!(files(&dovecot.maildir("bob@dovecot.test")), 6);
}

/// The letters of one folder of a Maildir.
fn files(maildir: &Path) -> usize {
    let count = |part: &str| std::fs::read_dir(maildir.join(part)).map_or(0, Iterator::count);
    count("new") + count("cur")
}
