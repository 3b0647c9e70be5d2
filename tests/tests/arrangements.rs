//! The arrangements of `docs/arrangements.md`, each run as the page shows it, with the real programs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tests::{Dialogue, Office, OfficeBuilder, Page, Postfix, generated_letter, message_ids, sample};

const TOML: &str = "/etc/facteur/facteur.toml";

/// `install -d -g GROUP -m 2750 FOLDER`
fn folder_of_group(folder: &Path, group: &str) {
    std::fs::create_dir(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o2750)).unwrap();
    let done = Command::new("chgrp").arg(group).arg(folder).status().unwrap();
    assert!(done.success(), "chgrp {group}");
}

/// `key = value`, line by line.
fn settings(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

fn start_postfix(main_cf: &str) -> Postfix {
    let settings = settings(main_cf);
    let borrowed: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Postfix::start_with(&borrowed)
}

/// The answer of the server at `port` to a recipient, from a stranger's point of view.
fn answer_to_recipient(port: u16, to: &str) -> String {
    let mut dialogue = Dialogue::open(port).unwrap();
    dialogue.reply().unwrap();
    dialogue.ask("EHLO client.test").unwrap();
    dialogue.ask("MAIL FROM:<carol@foreign.test>").unwrap();
    let mut said = dialogue.ask(&format!("RCPT TO:<{to}>")).unwrap();
    // Postfix asks the server behind it, and says 450 while it has no answer yet.
    for _ in 0..50 {
        if !said.starts_with("450") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        said = dialogue.ask(&format!("RCPT TO:<{to}>")).unwrap();
    }
    said
}

/// Postfix of arrangement 1 and the office behind it.
fn behind_postfix() -> (Postfix, Office) {
    let page = Page::arrangement(1);
    let main_cf = page.file("/etc/postfix/main.cf", &[("permit_mynetworks, ", "")]);
    let postfix = start_postfix(&main_cf);
    folder_of_group(&postfix.path("queue/facteur"), "postfix");
    let queue = postfix.path("queue");
    let port = format!("\"127.0.0.1:{}\"", postfix.port);
    let toml = page.file(TOML, &[("/var/spool/postfix", queue.to_str().unwrap()), ("\"127.0.0.1:25\"", &port)]);
    let office = OfficeBuilder::new("example.org").person("alice").person("bob").as_shown(&toml).start();
    (postfix, office)
}

#[test]
fn postfix_hands_letters_to_facteur_by_lmtp_and_facteur_serves_them_by_imap() {
    let (postfix, office) = behind_postfix();
    let (alice, bob) = (&office.people[0], &office.people[1]);

    postfix.send("carol@foreign.test", &[&alice.address], &sample("plain.eml"));
    let letter = office.read(alice, "INBOX", 1).remove(0);
    assert!(letter.contains("with LMTP id"), "{letter}");
    assert!(letter.starts_with("Return-Path: <carol@foreign.test>"), "{letter}");
    assert!(answer_to_recipient(postfix.port, "nobody@example.org").starts_with("550"));
    assert!(answer_to_recipient(postfix.port, "bob@example.org").starts_with("250"));

    let both = generated_letter("both", "carol@foreign.test", &alice.address, 2000);
    postfix.send("carol@foreign.test", &[&bob.address, &alice.address], &both);
    assert_eq!(message_ids(&office.read(bob, "INBOX", 1)), ["both"]);
    assert_eq!(office.read(alice, "INBOX", 2).len(), 2);
}

#[test]
fn a_mailbox_that_is_full_keeps_nobody_else_waiting_and_postfix_tries_it_again() {
    let (postfix, office) = behind_postfix();
    let alice = office.first();
    let add = ["account", "add", "dora@example.org", "--password-stdin", "--quota", "1K"];
    office.command_with_input(&add, b"correct horse");
    let large = generated_letter("large", "carol@foreign.test", &alice.address, 20_000);
    postfix.send("carol@foreign.test", &["dora@example.org", &alice.address], &large);
    assert_eq!(message_ids(&office.read(alice, "INBOX", 1)), ["large"]);
    let waiting = || std::fs::read_to_string(postfix.path("log")).unwrap_or_default();
    for _ in 0..100 {
        if waiting().contains("452 4.2.2") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let log = waiting();
    assert!(log.contains("452 4.2.2") && log.contains("status=deferred"), "{log}");
}
