//! Measures the commands that a client sends when it opens a large folder.

use std::time::Instant;

use tests::{Dovecot, OfficeBuilder};

use crate::fill::{fill, fill_maildir};
use crate::imap::Imap;
use crate::report::{table, times};

const LETTERS: usize = 100_000;
const SIZE: usize = 2000;
const ROUNDS: usize = 5;

/// Fills both with the same letters, warms both, and measures the best of five rounds.
pub fn run() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    fill(office.ports.smtp, LETTERS, SIZE);
    let alice = office.first();
    let ours = measure(&mut || Imap::open(office.ports.imaps, &alice.address, &alice.password));

    let dovecot = Dovecot::start("");
    fill_maildir(&dovecot, LETTERS, SIZE);
    let theirs = measure(&mut || Imap::open(dovecot.imaps, "alice", "secret"));

    let rows: Vec<_> = COMMANDS
        .iter()
        .zip(ours.iter().zip(theirs))
        .map(|(command, (we, they))| {
            vec![(*command).into(), format!("{we:.1}"), format!("{they:.1}"), times(they, *we)]
        })
        .collect();
    table(
        &format!("A folder of {LETTERS} letters over TLS, milliseconds (best of {ROUNDS})"),
        &["command", "Facteur", "Dovecot", "ratio"],
        &rows,
    );
}

const COMMANDS: &[&str] = &[
    "SELECT INBOX",
    "FETCH 1:* (FLAGS)",
    "FETCH 1:* (UID FLAGS RFC822.SIZE)",
    "FETCH 1:* (ENVELOPE)",
    "FETCH 99951:* (UID FLAGS ENVELOPE BODYSTRUCTURE)",
    "UID SEARCH UNSEEN",
    "UID SEARCH SUBJECT \"letter o9999\"",
];

fn measure(open: &mut dyn FnMut() -> Imap) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; COMMANDS.len()];
    // The first round fills caches (Dovecot's index and cache file are made then) and does not count.
    for round in 0..=ROUNDS {
        let mut imap = open();
        for (command, best) in COMMANDS.iter().zip(&mut best) {
            let start = Instant::now();
            imap.ask(command);
            let took = start.elapsed().as_secs_f64() * 1000.0;
            if round > 0 {
                *best = best.min(took);
            }
        }
    }
    best
}
