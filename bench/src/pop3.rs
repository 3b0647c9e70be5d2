//! POP3 beside Dovecot's: a large drop opened and listed, and a download.

use std::io::{BufRead, Write};
use std::time::Instant;

use tests::{Dovecot, OfficeBuilder};

use crate::fill::{fill, fill_maildir};
use crate::report::{table, times};
use crate::tls;

const LISTED: usize = 100_000;
const DOWNLOADED: usize = 10_000;
const SIZE: usize = 10_000;
const ROUNDS: usize = 5;
/// Commands sent ahead of their answers.
const AHEAD: usize = 20;

/// Measures both on the same letters, best of some rounds after one that fills the caches.
pub fn run() {
    list();
    download();
}

/// Measures a client that leaves its letters on the server.
fn list() {
    let (ours, theirs) = beside(LISTED, 2000, |open| {
        let start = Instant::now();
        let mut pop3 = open();
        let opened = milliseconds(start);
        let lines = pop3.lines("LIST");
        let sizes = milliseconds(start);
        assert_eq!((lines, pop3.lines("UIDL")), (LISTED, LISTED));
        let all = milliseconds(start);
        pop3.quit();
        vec![opened, sizes - opened, all - sizes, all]
    });
    let names = ["connect and log in", "LIST", "UIDL", "together"];
    show(&format!("A drop of {LISTED} letters over TLS, milliseconds (best of {ROUNDS})"), &names, &ours, &theirs);
}

fn download() {
    let (ours, theirs) = beside(DOWNLOADED, SIZE, |open| {
        let one_by_one = timed(open, |pop3| (1..=DOWNLOADED).for_each(|number| pop3.retrieve(number..=number)));
        let ahead = timed(open, |pop3| {
            (1..=DOWNLOADED).step_by(AHEAD).for_each(|number| pop3.retrieve(number..=number + AHEAD - 1));
        });
        vec![one_by_one, ahead]
    });
    let rate = |ms: &Vec<f64>| ms.iter().map(|ms| DOWNLOADED as f64 / ms * 1000.0).collect::<Vec<_>>();
    let (ours, theirs) = (rate(&ours), rate(&theirs));
    let rows: Vec<_> = ["one by one", "20 at a time (PIPELINING)"]
        .iter()
        .zip(ours.iter().zip(&theirs))
        .map(|(name, (we, they))| vec![(*name).into(), format!("{we:.0}"), format!("{they:.0}"), times(*we, *they)])
        .collect();
    let title = format!("{DOWNLOADED} letters of {SIZE} octets over TLS, letters/s (best of {ROUNDS})");
    table(&title, &["RETR", "Facteur", "Dovecot", "ratio"], &rows);
}

fn show(title: &str, names: &[&str], ours: &[f64], theirs: &[f64]) {
    let rows: Vec<_> = names
        .iter()
        .zip(ours.iter().zip(theirs))
        .map(|(name, (we, they))| vec![(*name).into(), format!("{we:.1}"), format!("{they:.1}"), times(*they, *we)])
        .collect();
    table(title, &["", "Facteur", "Dovecot", "ratio"], &rows);
}

/// Milliseconds of each step, ours and theirs.
fn beside(letters: usize, size: usize, mut measure: impl FnMut(&dyn Fn() -> Pop3) -> Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    fill(office.ports.smtp, letters, size);
    let alice = office.first();
    let ours = best(|| measure(&|| Pop3::open(office.ports.pop3s, &alice.address, &alice.password)));
    let dovecot = Dovecot::start("");
    fill_maildir(&dovecot, letters, size);
    (ours, best(|| measure(&|| Pop3::open(dovecot.pop3s, "alice", "secret"))))
}

/// The first round fills caches (Dovecot's index files are made then) and does not count.
fn best(mut measure: impl FnMut() -> Vec<f64>) -> Vec<f64> {
    let mut best = measure();
    best.fill(f64::INFINITY);
    for _ in 0..ROUNDS {
        best.iter_mut().zip(measure()).for_each(|(best, took)| *best = best.min(took));
    }
    best
}

fn timed(open: &dyn Fn() -> Pop3, work: impl FnOnce(&mut Pop3)) -> f64 {
    let mut pop3 = open();
    let start = Instant::now();
    work(&mut pop3);
    let took = milliseconds(start);
    pop3.quit();
    took
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A blocking POP3 client over TLS, as small as it can be.
struct Pop3 {
    stream: tls::Stream,
    line: Vec<u8>,
}

impl Pop3 {
    fn open(port: u16, name: &str, password: &str) -> Self {
        let mut pop3 = Self { stream: tls::connect(port), line: Vec::new() };
        pop3.reply();
        pop3.send(&format!("USER {name}\r\n"));
        pop3.reply();
        pop3.send(&format!("PASS {password}\r\n"));
        pop3.reply();
        pop3
    }

    /// Sends a command and counts the lines of its long answer.
    fn lines(&mut self, command: &str) -> usize {
        self.send(&format!("{command}\r\n"));
        self.reply();
        self.body()
    }

    /// Sends RETR for each number, then reads all the letters.
    fn retrieve(&mut self, numbers: std::ops::RangeInclusive<usize>) {
        let commands: String = numbers.clone().map(|number| format!("RETR {number}\r\n")).collect();
        self.send(&commands);
        for _ in numbers {
            self.reply();
            self.body();
        }
    }

    fn quit(mut self) {
        self.send("QUIT\r\n");
        self.reply();
    }

    fn send(&mut self, text: &str) {
        let stream = self.stream.get_mut();
        stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).expect("sent");
    }

    fn reply(&mut self) {
        self.read_line();
        assert!(self.line.starts_with(b"+OK"), "{}", String::from_utf8_lossy(&self.line));
    }

    fn body(&mut self) -> usize {
        let mut lines = 0;
        loop {
            self.read_line();
            if self.line == b".\r\n" {
                return lines;
            }
            lines += 1;
        }
    }

    fn read_line(&mut self) {
        self.line.clear();
        let length = self.stream.read_until(b'\n', &mut self.line).expect("read");
        assert!(length > 0, "the server closed");
    }
}
