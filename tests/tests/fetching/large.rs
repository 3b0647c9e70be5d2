//! A large mailbox.

use std::time::Instant;

use tests::Dovecot;

use super::support::*;

#[test]
fn fifty_thousand_letters_come_once_and_a_second_look_costs_little() {
    const LETTERS: usize = 50_000;
    let dovecot = Dovecot::start("");
    let ids: Vec<String> = (0..LETTERS).map(|number| format!("l{number}")).collect();
    let letters: Vec<Put<'_>> = ids
        .iter()
        .enumerate()
        .map(|(number, id)| Put { folder: "INBOX", id, info: "S", date: DAY + number as u64 % 40, size: 500 })
        .collect();
    put(&dovecot, &letters);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    let started = Instant::now();
    assert_eq!(run(&office).letters(), LETTERS as u64);
    let first = started.elapsed();
    let started = Instant::now();
    assert_eq!(run(&office).letters(), 0);
    let second = started.elapsed();
    println!("{LETTERS} letters in {first:?}, a second look in {second:?}");
    assert!(second < first / 5, "a second look took {second:?}, the first {first:?}");
    assert_eq!(look(&mut office).len(), LETTERS);
}
