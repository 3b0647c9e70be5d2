//! Fetches from servers that lie. Each fetch must end in an error that says what was wrong, soon, and with little
//! memory.

use std::time::{Duration, Instant};

use tests::{Gmail, Hostile};

use super::support::*;

fn meet(how: Hostile) -> Run {
    let gmail = Gmail::start(None);
    gmail.state().mailbox.add(&letter("one", 900), &["\\Inbox"], &[], "17-Jul-2024 02:44:25 +0000");
    gmail.state().mood.hostile = Some(how);
    let office = office();
    Source::gmail(&gmail).add(&office, &[]);
    let started = Instant::now();
    // 300 MB of address space for a program that streams is plenty; a literal of 2^63 octets is not.
    let run = run(&office);
    assert!(started.elapsed() < Duration::from_secs(90), "{how:?} held it up for {:?}", started.elapsed());
    let taken = gmail.state().counts.octets;
    assert!(taken < 500_000_000, "{how:?}: {taken} octets were taken");
    run
}

#[track_caller]
fn must_fail_well(how: Hostile) {
    let run = meet(how);
    let state = run.state().to_owned();
    assert!(["server", "cut"].contains(&state.as_str()), "{how:?}: {state}");
    let said = run.end()["said"].as_str().unwrap_or_default();
    assert!(!said.is_empty() && said.len() < 1000 && !said.chars().any(char::is_control), "{how:?}: {said:?}");
    assert!(!run.err.contains("panicked"), "{how:?}: {}", run.err);
}

#[test]
fn a_literal_of_nine_quintillion_octets_is_not_waited_for() {
    must_fail_well(Hostile::HugeLiteral);
}

#[test]
fn a_line_without_end_ends_the_fetch() {
    must_fail_well(Hostile::EndlessLine);
}

#[test]
fn parentheses_without_end_end_the_fetch() {
    must_fail_well(Hostile::Nested);
}

#[test]
fn a_flood_of_what_nobody_asked_for_ends_the_fetch() {
    must_fail_well(Hostile::Flood);
}

#[test]
fn octets_that_are_no_imap_are_no_letter() {
    let run = meet(Hostile::Garbage);
    // It said OK and gave nothing that makes sense: an error, or a letter left there, but never a letter here.
    assert!(!run.err.contains("panicked"), "{}", run.err);
    assert_eq!(run.end()["letters"], 0, "{:?}", run.told);
}
