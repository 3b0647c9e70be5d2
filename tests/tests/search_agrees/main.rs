//! IMAP SEARCH answers as the letters say (RFC 3501 §6.4.4, RFC 9051 §6.4.4), and as Dovecot answers.
//!
//! Some 500 letters lie in a Facteur and in a Dovecot. Both are asked the same questions, made with a seed. If one
//! finds a letter and the other does not, a third reading of the letters (mail-parser's) judges. It explains the
//! difference in one of the classes of [`judge::Reason`], or the test fails.
//!
//! `SEARCH_QUESTIONS` says how many questions (2,000 in the test run, 40,000 in `cargo xtask soak search`), `SEARCH_SEED` with
//! which seed.

mod corpus;
mod judge;
mod questions;
mod server;

use std::collections::BTreeMap;

use tests::{Dovecot, OfficeBuilder};

use judge::{Judge, Reason};
use questions::Question;
use server::Server;

/// Questions of one session before their answers are read.
const AT_ONCE: usize = 50;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn every_answer_is_what_the_letters_say() {
    agree(setting("SEARCH_QUESTIONS", 2_000));
}

#[test]
#[ignore = "long: cargo xtask soak search"]
fn forty_thousand_answers_are_what_the_letters_say() {
    agree(setting("SEARCH_QUESTIONS", 40_000));
}

fn agree(count: u64) {
    let count = usize::try_from(count).expect("a number of questions");
    let seed = setting("SEARCH_SEED", 12);
    let letters = corpus::letters(seed);
    let (office, dovecot) = (OfficeBuilder::new("alpha.test").person("alice").start(), Dovecot::start(""));
    let person = office.first();
    let mut here = Server::log_in(office.ports.imaps, &person.address, &person.password);
    let mut there = Server::log_in(dovecot.imaps, "alice", "secret");
    for server in [&mut here, &mut there] {
        server.put(&letters);
        server.select(letters.len());
    }
    // Dovecot reads every letter for every question: it takes two sessions to keep two processors at it.
    let mut beside = Server::log_in(dovecot.imaps, "alice", "secret");
    beside.select(letters.len());
    let judge = Judge::of(&letters);
    let mut questions = questions::Questions::about(&letters, seed);
    let (mut hits, mut wrong) = (0, Vec::new());
    let mut reasons: BTreeMap<(&str, Reason), (usize, String)> = BTreeMap::new();
    let mut asked = 0;
    while asked < count {
        let some: Vec<Question> = (0..AT_ONCE.min(count - asked)).map(|_| questions.next()).collect();
        let (one, other) = some.split_at(some.len() / 2);
        let (ours, theirs) = std::thread::scope(|scope| {
            let ours = scope.spawn(|| here.ask(&some));
            let first = scope.spawn(|| there.ask(one));
            let rest = beside.ask(other);
            let mut theirs = first.join().expect("answers");
            theirs.extend(rest);
            (ours.join().expect("answers"), theirs)
        });
        for ((question, ours), theirs) in some.iter().zip(ours).zip(theirs) {
            hits += ours.len();
            for uid in ours.symmetric_difference(&theirs) {
                let difference = judge.explain(question, *uid as usize - 1, ours.contains(uid));
                match difference {
                    Ok(reason) => {
                        let example = || format!("{question} in letter {uid}");
                        let is_not = matches!(question, Question::Not(_));
                        let side = if ours.contains(uid) != is_not { "ours alone" } else { "Dovecot's alone" };
                        reasons.entry((side, reason)).or_insert_with(|| (0, example())).0 += 1;
                    }
                    Err(what) => wrong.push(format!("{question}: letter {uid}: {what}")),
                }
            }
        }
        asked += some.len();
    }
    println!("{asked} questions, {hits} hits; differences from Dovecot by reason:");
    for ((side, reason), (count, example)) in &reasons {
        println!("{count:6} {side}: {reason:?}, such as {example}");
    }
    let few = wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} answers nobody explains (seed {seed}), such as\n{few}", wrong.len());
    assert!(hits > asked, "the questions find too little to say anything: {hits} hits");
}
