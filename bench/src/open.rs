//! What a client asks when it opens a large folder.

use std::os::unix::fs::chown;
use std::time::Instant;

use tests::{Dialogue, Dovecot, OfficeBuilder, generated_letter};

use crate::imap::Imap;
use crate::report::{table, times};

const LETTERS: usize = 100_000;
const ROUNDS: usize = 5;

/// Fills both with the same letters, warms both, and measures the best of five rounds.
pub fn run() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    fill(office.ports.smtp);
    let alice = office.first();
    let ours = measure(&mut || Imap::open(office.ports.imaps, &alice.address, &alice.password));

    let dovecot = Dovecot::start("");
    fill_maildir(&dovecot);
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

fn letter(number: usize) -> Vec<u8> {
    generated_letter(&format!("o{number}"), "bench@elsewhere.test", "alice@alpha.test", 2000)
}

fn fill(port: u16) {
    std::thread::scope(|scope| {
        for session in 0..64 {
            scope.spawn(move || {
                let mut dialogue = Dialogue::open(port).expect("connected");
                dialogue.reply().expect("greeted");
                dialogue.ask("EHLO client.test").expect("answered");
                for number in (session..LETTERS).step_by(64) {
                    let sent = dialogue.send("bench@elsewhere.test", "alice@alpha.test", &letter(number));
                    assert!(sent.expect("answered"), "a letter was refused");
                }
            });
        }
    });
}

fn fill_maildir(dovecot: &Dovecot) {
    let folder = dovecot.maildir("alice");
    for part in ["", "cur", "new", "tmp"] {
        std::fs::create_dir_all(folder.join(part)).expect("made");
        chown(folder.join(part), Some(65534), Some(65534)).expect("given");
    }
    for number in 0..LETTERS {
        let path = folder.join(format!("cur/{}.{number}.bench:2,", 1_700_000_000 + number));
        std::fs::write(&path, letter(number)).expect("written");
        chown(&path, Some(65534), Some(65534)).expect("given");
    }
}
