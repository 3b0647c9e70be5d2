//! Fetches from POP3 servers.

use tests::{Dovecot, OldPop3};

use super::support::*;

fn old_server(letters: usize) -> (OldPop3, Source) {
    let pop3 = OldPop3::start();
    (0..letters).for_each(|number| pop3.add(&letter(&format!("p{number}"), 900)));
    let source = Source::new(pop3.url(), pop3.certificate(), "secret");
    (pop3, source)
}

fn ids(count: usize) -> Vec<String> {
    let mut ids: Vec<String> = (0..count).map(|number| format!("p{number}")).collect();
    ids.sort();
    ids
}

#[test]
fn letters_come_from_dovecots_pop3_once_and_stay_there() {
    let dovecot = Dovecot::start("");
    let names_there = ids(30);
    let letters: Vec<Put<'_>> =
        names_there.iter().map(|id| Put { folder: "INBOX", id, info: "", date: DAY, size: 900 }).collect();
    put(&dovecot, &letters);
    let mut office = office();
    Source::pop3(&dovecot).add(&office, &[]);
    assert_eq!(run(&office).letters(), 30);
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(names(&look(&mut office)), names_there);
    assert_eq!(std::fs::read_dir(dovecot.maildir("alice").join("cur")).expect("there").count(), 30);
}

#[test]
fn letters_are_taken_away_from_dovecots_pop3() {
    let dovecot = Dovecot::start("");
    let names_there = ids(10);
    let letters: Vec<Put<'_>> =
        names_there.iter().map(|id| Put { folder: "INBOX", id, info: "", date: DAY, size: 900 }).collect();
    put(&dovecot, &letters);
    let mut office = office();
    Source::pop3(&dovecot).add(&office, &["--delete"]);
    assert_eq!(run(&office).letters(), 10);
    assert_eq!(std::fs::read_dir(dovecot.maildir("alice").join("cur")).expect("there").count(), 0);
    assert_eq!(look(&mut office).len(), 10);
}

#[test]
fn a_server_without_uidl_gives_each_letter_once_over_two_fetches() {
    let (pop3, source) = old_server(20);
    let mut office = office();
    source.add(&office, &[]);
    assert_eq!(run(&office).letters(), 20);
    pop3.add(&letter("p20", 900));
    // Another client takes one away: all behind it move up.
    pop3.state().letters.remove(3);
    assert_eq!(run(&office).letters(), 1);
    assert_eq!(names(&look(&mut office)), ids(21));
}

#[test]
fn two_letters_that_are_alike_to_the_last_octet_are_two_in_one_drop() {
    let (pop3, source) = old_server(2);
    pop3.add(&letter("p0", 900));
    let mut office = office();
    source.add(&office, &[]);
    run(&office);
    run(&office);
    office.start();
    let alice = office.first().clone();
    let there = office.read(&alice, "INBOX", 2);
    // A server without UIDL cannot tell a double from the same letter; one copy is enough and two are not wrong.
    assert!((2..=3).contains(&there.len()), "{}", there.len());
}

#[test]
fn a_server_without_uidl_loses_letters_only_when_they_are_here() {
    let (pop3, source) = old_server(8);
    let mut office = office();
    source.add(&office, &["--delete"]);
    assert_eq!(run(&office).letters(), 8);
    assert_eq!(pop3.state().deleted.len(), 8);
    assert_eq!(look(&mut office).len(), 8);
}

#[test]
fn a_connection_that_breaks_at_quit_brings_nothing_twice() {
    let (pop3, source) = old_server(8);
    pop3.state().modern = true;
    pop3.state().cut_at_quit = 1;
    let mut office = office();
    source.add(&office, &["--delete"]);
    run(&office);
    run(&office);
    assert_eq!(look(&mut office).len(), 8);
    assert!(pop3.state().sent.values().all(|times| *times == 1), "a letter was read twice");
}

#[test]
fn a_drop_that_is_in_use_is_waited_for_and_its_password_is_not_doubted() {
    for (in_use, login_delay) in [(1, 0), (0, 1)] {
        let (pop3, source) = old_server(2);
        pop3.state().in_use = in_use;
        pop3.state().login_delay = login_delay;
        let mut office = office();
        source.add(&office, &[]);
        let mut waiting = start_run(&office);
        wait_until("it says that it waits", || told(&office).contains("\"waits\""));
        assert!(waiting.try_wait().expect("asked").is_none());
        assert_eq!(pop3.state().logins, 1);
        let _ = waiting.kill();
        let _ = waiting.wait();
        assert_eq!(run(&office).letters(), 2);
        assert_eq!(look(&mut office).len(), 2);
    }
}

#[test]
fn a_wrong_pop3_password_is_told_after_one_try() {
    let (pop3, mut source) = old_server(1);
    source.password = "wrong".into();
    let office = office();
    source.add(&office, &[]);
    assert_eq!(run(&office).state(), "refused");
    assert_eq!(pop3.state().logins, 1);
}
