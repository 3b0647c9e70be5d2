//! Measures Facteur beside its peers in one run and prints ratios. Never a timed test: numbers are for people to read.

mod deliver;
mod fairness;
mod fetch;
mod fill;
mod growth;
mod idle;
mod imap;
mod jmap;
mod open;
mod pages;
mod pop3;
mod report;
mod shim;
mod tls;
mod trace;

use std::process::ExitCode;

const HELP: &str = "\
deliver   durable letters/s into the mailbox beside Postfix + Dovecot, syncs per letter, latency
idle      memory of an idle IMAP connection beside Dovecot's
open      SELECT, FETCH FLAGS and FETCH ENVELOPE of 100,000 letters beside Dovecot's
pop3      a drop of 100,000 letters listed, and 10,000 letters downloaded, beside Dovecot's
fetch     letters brought home from a Dovecot beside getmail, fetchmail and mbsync
jmap      a folder of 100,000 letters: first pages, requests/s, memory of an open event source
pages     the web pages on 100,000 letters in Chromium: weight, letters on the screen
growth    filing, opening and changing a folder of 10, 10,000 and 1,000,000 letters
fairness  how long others wait while each function of the mailbox works on 100,000 letters in 50 folders
trace     filing with and without the history of each letter, the space it takes, and how soon it is found";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let all = ["deliver", "idle", "open", "pop3", "fetch", "jmap", "pages", "growth", "fairness", "trace"];
    let chosen: Vec<&str> = if words.is_empty() { all.to_vec() } else { words.iter().map(String::as_str).collect() };
    for name in chosen {
        match name {
            "deliver" => deliver::run(),
            "idle" => idle::run(),
            "open" => open::run(),
            "pop3" => pop3::run(),
            "fetch" => fetch::run(),
            "jmap" => jmap::run(),
            "pages" => pages::run(),
            "growth" => growth::run(),
            "fairness" if !fairness::run() => return ExitCode::FAILURE,
            "fairness" => {}
            "trace" => trace::run(),
            _ => {
                eprintln!("{HELP}");
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}
