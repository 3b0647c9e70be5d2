//! kill -9 in the middle of work: every letter that got its 250 is there once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tests::{Dialogue, Office, OfficeBuilder, Person, Secure, Sink, generated_letter, message_ids};
use waiting::wait_until;

/// Counts how often each name occurs.
fn counts(names: impl IntoIterator<Item = String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Sends letter after letter until the office breaks off; names each one before the sending and after its 250.
fn send_until_the_end(port: u16, session: usize, to: &str, acknowledged: &Mutex<Vec<String>>, count: &AtomicUsize) {
    let run = || -> std::io::Result<()> {
        let mut office = Dialogue::open(port)?;
        office.reply()?;
        office.ask("EHLO client.test")?;
        for number in 0.. {
            let id = format!("s{session}-{number}");
            let letter = generated_letter(&id, "carol@elsewhere.test", to, 2000);
            if office.send("carol@elsewhere.test", to, &letter)? {
                acknowledged.lock().expect("lock").push(id);
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    };
    let _ = run();
}

#[test]
fn letters_acknowledged_to_64_sessions_before_a_kill_are_there_once_after_it() {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first().clone();
    let port = office.ports.smtp;
    let (acknowledged, count) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for session in 0..64 {
            let (to, acknowledged, count) = (&alice.address, &acknowledged, &count);
            scope.spawn(move || send_until_the_end(port, session, to, acknowledged, count));
        }
        let patience = Instant::now() + Duration::from_secs(60);
        while count.load(Ordering::Relaxed) < 1500 && Instant::now() < patience {
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(1));
        }
        office.kill();
    });
    let acknowledged = acknowledged.into_inner().expect("lock");
    assert!(acknowledged.len() >= 1500, "too slow to test anything: {}", acknowledged.len());
    // The data are as the kill left them, before anything was put in order.
    office.verify();
    office.start();
    let there = counts(message_ids(&office.read(&alice, "INBOX", acknowledged.len())));
    for id in &acknowledged {
        assert_eq!(there.get(id), Some(&1), "{id} was acknowledged");
    }
    assert!(there.values().all(|&times| times == 1), "a letter is there twice");
}

/// Labels letters of INBOX, flags them, and takes them out of the labels again, until the office breaks off.
fn label_until_the_end(office: (u16, &Person), session: usize, letters: usize, count: &AtomicUsize) {
    let (port, person) = office;
    let mut wire = Secure::open(port);
    wire.hear("ready");
    wire.ask(&format!("a LOGIN {} \"{}\"", person.address, person.password), "a OK");
    let label = format!("Label {}", session % 2);
    for round in 0.. {
        let uid = round * 7 % letters + 1;
        let sign = if round % 2 == 0 { '+' } else { '-' };
        for command in [
            "SELECT INBOX".to_owned(),
            format!("UID COPY {uid}:{} \"{label}\"", uid + 9),
            format!("UID STORE {uid} {sign}FLAGS (\\Flagged $Work)"),
            format!("SELECT \"{label}\""),
            format!("STORE 1:* {sign}FLAGS (\\Seen)"),
            "MOVE 1:3 Archive".to_owned(),
            "STORE 1:2 +FLAGS (\\Deleted)".to_owned(),
            "EXPUNGE".to_owned(),
            format!("CREATE \"Own {session}\""),
            format!("COPY 1:* \"Own {session}\""),
            format!("DELETE \"Own {session}\""),
        ] {
            if !wire.imap("x", &command) {
                return;
            }
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn kill_while_labels_change(office: &mut Office, person: &Person, letters: usize) {
    let (count, port) = (AtomicUsize::new(0), office.ports.imaps);
    std::thread::scope(|scope| {
        for session in 0..4 {
            let count = &count;
            scope.spawn(move || label_until_the_end((port, person), session, letters, count));
        }
        wait_until("clients are at work", || count.load(Ordering::Relaxed) > 200);
        office.kill();
    });
}

#[test]
fn letters_that_lie_in_many_folders_survive_kills_between_their_places() {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first().clone();
    let letters = 40;
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    peer.reply().expect("greeted");
    peer.ask("EHLO client.test").expect("answered");
    for number in 0..letters {
        let letter = generated_letter(&format!("l{number}"), "carol@elsewhere.test", &alice.address, 500);
        assert!(peer.send("carol@elsewhere.test", &alice.address, &letter).expect("sent"));
    }
    let mut wire = Secure::open(office.ports.imaps);
    wire.hear("ready");
    wire.ask(&format!("a LOGIN {} \"{}\"", alice.address, alice.password), "a OK");
    for label in 0..2 {
        assert!(wire.imap("c", &format!("CREATE \"Label {label}\"")));
    }
    for _ in 0..2 {
        kill_while_labels_change(&mut office, &alice, letters);
        office.verify();
        office.start();
        // Nobody took a letter out of INBOX.
        let there = counts(message_ids(&office.read(&alice, "INBOX", letters)));
        assert!((0..letters).all(|number| there.get(&format!("l{number}")) == Some(&1)), "{there:?}");
    }
}

#[test]
fn queued_letters_survive_kills_in_the_middle_of_delivery() {
    let sink = Sink::start(Duration::from_millis(60));
    let mut office = OfficeBuilder::new("alpha.test").person("alice").route("*", sink.port).prepare();
    let alice = office.first().clone();
    let letters = 120;
    for number in 0..letters {
        let letter = generated_letter(&format!("q{number}"), &alice.address, "dora@sink.test", 2000);
        office.command_with_input(&["send", "-f", &alice.address, "dora@sink.test"], &letter);
    }
    let kills = 3;
    for kill in 1..=kills {
        office.start();
        wait_until("letters come", || sink.count() > kill * letters / 5);
        office.kill();
        office.verify();
        assert!(sink.count() < letters, "the kill came too late to test anything");
    }
    office.start();
    let all_came = || {
        let came = counts(sink.taken.lock().expect("lock").clone());
        (0..letters).all(|number| came.contains_key(&format!("q{number}")))
    };
    wait_until("all came", all_came);
    // The queue must also know that it is done.
    wait_until("the queue is empty", || office.command(&["queue", "list", "--json"]).trim() == "[]");
    let came = counts(sink.taken.lock().expect("lock").clone());
    let doubles: usize = came.values().map(|times| times - 1).sum();
    // Only letters between the foreign 250 and our record when a kill fell: one letter a connection.
    let connections = 8;
    assert!(doubles <= kills * connections, "{doubles} letters came twice");
}

#[test]
fn letters_wait_in_the_queue_while_the_other_office_is_shut() {
    let port = tests::free_port();
    let alpha = OfficeBuilder::new("alpha.test").person("alice").route("beta.test", port).start();
    let alice = alpha.first();
    alpha
        .submit(alice, &["bob@beta.test"], &generated_letter("later", &alice.address, "bob@beta.test", 500))
        .must_succeed();
    wait_until("the letter waits", || alpha.command(&["queue", "list", "--json"]).contains("bob@beta.test"));
    let beta = OfficeBuilder::new("beta.test").person("bob").smtp_port(port).start();
    alpha.command(&["queue", "retry", "--all"]);
    assert_eq!(message_ids(&beta.read(beta.first(), "INBOX", 1)), ["later"]);
    wait_until("the queue is empty", || alpha.command(&["queue", "list", "--json"]).trim() == "[]");
}

#[test]
fn many_letters_for_one_host_use_few_connections() {
    let sink = Sink::start(Duration::from_millis(1));
    let mut office = OfficeBuilder::new("alpha.test").person("alice").route("*", sink.port).prepare();
    let alice = office.first().clone();
    for number in 0..60 {
        let letter = generated_letter(&format!("n{number}"), &alice.address, "dora@sink.test", 2000);
        office.command_with_input(&["send", "-f", &alice.address, "dora@sink.test"], &letter);
    }
    office.start();
    wait_until("60 letters come", || sink.count() == 60);
    assert!(sink.connections() <= 10, "{} connections for 60 letters", sink.connections());
}

/// Octets that do not compress: a letter of them is kept in a file beside the database.
fn large_letter(id: &str, to: &str) -> Vec<u8> {
    let mut letter = generated_letter(id, "carol@elsewhere.test", to, 500);
    let mut state = 1_u64;
    while letter.len() < 600_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        letter.extend_from_slice(format!("{state:016x}\r\n").as_bytes());
    }
    letter
}

fn bodies(office: &tests::Office) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    count(&office.data().join("blobs"))
}

#[test]
fn a_database_that_is_missing_is_said_and_no_body_is_touched() {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first().clone();
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    peer.reply().expect("greeted");
    peer.ask("EHLO client.test").expect("answered");
    assert!(peer.send("carol@elsewhere.test", &alice.address, &large_letter("large", &alice.address)).expect("sent"));
    drop(peer);
    office.stop();
    let before = bodies(&office);
    assert!(before > 0, "the letter lies in a file");
    let (database, aside) = (office.data().join("facteur.db"), office.folder().join("aside.db"));
    std::fs::rename(&database, &aside).expect("taken away");
    for words in [&["serve"][..], &["account", "list"], &["domain", "add", "beta.test"], &["verify"]] {
        let (code, _, told) = office.try_command(words, b"");
        assert!(code == 1 && told.contains("facteur.db"), "{words:?}: {code} {told}");
    }
    assert!(!database.exists(), "nothing was begun anew");
    assert_eq!(bodies(&office), before);
    std::fs::rename(&aside, &database).expect("put back");
    office.start();
    assert_eq!(message_ids(&office.read(&alice, "INBOX", 1)), ["large"]);
}

#[test]
fn an_office_without_a_domain_tells_senders_to_come_again() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    office.command(&["domain", "remove", "alpha.test", "--force"]);
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    peer.reply().expect("greeted");
    peer.ask("EHLO client.test").expect("answered");
    peer.ask("MAIL FROM:<carol@elsewhere.test>").expect("answered");
    let told = peer.ask("RCPT TO:<alice@alpha.test>").expect("answered");
    assert!(told.starts_with("451 4.3."), "it may have lost its data: {told}");
}
