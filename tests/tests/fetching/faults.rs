//! Kills and broken lines in the middle of a fetch: in the end each letter is here once, with its flags and its date.

use std::time::{Duration, Instant};

use tests::{Cut, Dovecot, Line, Office, OldPop3};

use super::support::*;

const LETTERS: usize = 1200;
const INFOS: [&str; 4] = ["", "S", "FS", "RS"];
const FLAGS: [&str; 4] = ["", "\\Seen", "\\Flagged \\Seen", "\\Answered \\Seen"];
const FOLDERS: [&str; 3] = ["INBOX", "Lists.rust", "Sent"];

fn fill(dovecot: &Dovecot) {
    let ids: Vec<String> = (0..LETTERS).map(|number| format!("k{number}")).collect();
    let letters: Vec<Put<'_>> = ids
        .iter()
        .enumerate()
        .map(|(number, id)| Put {
            folder: FOLDERS[number % 3],
            id,
            info: INFOS[number % 4],
            date: DAY + number as u64 % 40,
            size: 3000,
        })
        .collect();
    put(dovecot, &letters);
}

#[track_caller]
fn all_is_here_once(office: &mut Office) {
    let here = look(office);
    assert_eq!(here.len(), LETTERS);
    for (id, known) in here {
        let number: usize = id.trim_start_matches('k').parse().expect("a number");
        assert_eq!(known.folder, FOLDERS[number % 3].replace('.', "/"), "{id}");
        assert_eq!(known.flags.join(" "), FLAGS[number % 4], "{id}");
        assert_eq!(known.date, shown(DAY + number as u64 % 40), "{id}");
    }
}

/// Fetches, and kills that once so many octets have come. False: it had ended before.
fn killed_within(office: &Office, cut: &Cut, octets: u64) -> bool {
    let enough = cut.octets() + octets;
    let mut run = start_run(office);
    let patience = Instant::now() + Duration::from_secs(20);
    while cut.octets() < enough && Instant::now() < patience && run.try_wait().expect("asked").is_none() {
        // time passes: between two looks
        std::thread::sleep(Duration::from_millis(1));
    }
    let in_the_middle = run.try_wait().expect("asked").is_none();
    let _ = run.kill();
    let _ = run.wait();
    in_the_middle
}

#[test]
fn a_fetch_that_is_killed_again_and_again_brings_each_letter_once() {
    let dovecot = Dovecot::start("");
    fill(&dovecot);
    // Slow enough that every kill falls into the middle.
    let cut = Cut::to(dovecot.imaps);
    cut.line().rate = Some(1_500_000);
    let mut office = office();
    Source::imap(&dovecot).through(cut.port).add(&office, &[]);
    let mut in_the_middle = 0;
    for kill in 0..8_u64 {
        in_the_middle += usize::from(killed_within(&office, &cut, 30_000 + kill * 37_000 % 200_000));
    }
    assert!(in_the_middle >= 5, "only {in_the_middle} kills fell into a fetch");
    cut.line().rate = None;
    run(&office).letters();
    assert_eq!(run(&office).letters(), 0);
    all_is_here_once(&mut office);
}

#[test]
fn an_office_that_is_killed_while_it_fetches_brings_each_letter_once() {
    let dovecot = Dovecot::start("");
    fill(&dovecot);
    let cut = Cut::to(dovecot.imaps);
    cut.line().rate = Some(1_500_000);
    let mut office = office();
    Source::imap(&dovecot).through(cut.port).add(&office, &[]);
    for kill in 1..=4_u64 {
        let before = cut.octets();
        office.start();
        let patience = Instant::now() + Duration::from_secs(30);
        while cut.octets() < before + 150_000 * kill && Instant::now() < patience {
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(2));
        }
        office.kill();
    }
    cut.line().rate = None;
    run(&office).letters();
    all_is_here_once(&mut office);
}

#[test]
fn a_line_that_breaks_again_and_again_is_gone_on_with_where_it_broke() {
    let dovecot = Dovecot::start("");
    fill(&dovecot);
    let cut = Cut::to(dovecot.imaps);
    *cut.line() = Line { cut_after: Some(900_000), ..Line::default() };
    let mut office = office();
    Source::imap(&dovecot).through(cut.port).add(&office, &[]);
    assert_eq!(run(&office).letters(), LETTERS as u64);
    assert!(cut.cuts() >= 3, "the line broke {} times", cut.cuts());
    // The letters that had come were not asked for again: no more came than was on its way when the line broke.
    let all = LETTERS as u64 * 3300;
    assert!(cut.octets() < all + cut.cuts() as u64 * 400_000 + 2_000_000, "{} octets", cut.octets());
    all_is_here_once(&mut office);
}

#[test]
fn a_line_that_breaks_anywhere_loses_nothing_and_doubles_nothing() {
    let dovecot = Dovecot::start("");
    fill(&dovecot);
    let cut = Cut::to(dovecot.imaps);
    *cut.line() = Line { cut_before: Some(1_000_000), ..Line::default() };
    let mut office = office();
    Source::imap(&dovecot).through(cut.port).add(&office, &[]);
    let mut done = false;
    for _ in 0..12 {
        done = done || run(&office).code == 0;
        if done {
            break;
        }
    }
    *cut.line() = Line::default();
    run(&office).letters();
    assert!(cut.cuts() >= 2, "the line broke {} times", cut.cuts());
    all_is_here_once(&mut office);
}

#[test]
fn a_server_that_is_down_is_told_of_and_fetched_from_when_it_is_back() {
    let dovecot = Dovecot::start("");
    put(&dovecot, &[Put { folder: "INBOX", id: "one", info: "", date: DAY, size: 900 }]);
    let gone = tests::free_port();
    let office = office();
    Source::imap(&dovecot).through(gone).add(&office, &[]);
    let run_down = run(&office);
    assert_eq!(run_down.state(), "unreachable");
    office.command(&["fetch", "remove", "old"]);
    Source::imap(&dovecot).add(&office, &[]);
    assert_eq!(run(&office).letters(), 1);
}

#[test]
fn kills_while_letters_are_taken_away_from_an_old_pop3_server_lose_none() {
    for modern in [false, true] {
        let pop3 = OldPop3::start();
        let letters = 300;
        (0..letters).for_each(|number| pop3.add(&letter(&format!("p{number}"), 3000)));
        pop3.state().modern = modern;
        let cut = Cut::to(pop3.pop3s);
        cut.line().rate = Some(700_000);
        let mut office = office();
        let source = Source::new(pop3.url(), pop3.certificate(), "secret").through(cut.port);
        source.add(&office, &["--delete"]);
        for kill in 0..5_u64 {
            killed_within(&office, &cut, 20_000 + kill * 60_000);
        }
        cut.line().rate = None;
        run(&office).letters();
        assert_eq!(pop3.state().letters.len(), 0, "all are taken away in the end");
        assert_eq!(look(&mut office).len(), letters);
    }
}

#[test]
fn kills_while_a_maildir_is_filled_leave_each_letter_in_it_once() {
    let dovecot = Dovecot::start("");
    fill(&dovecot);
    let cut = Cut::to(dovecot.imaps);
    cut.line().rate = Some(1_500_000);
    let office = office();
    let maildir = office.folder().join("Maildir");
    Source::imap(&dovecot).through(cut.port).add_to(&office, &format!("maildir:{}", maildir.display()), &[]);
    for kill in 0..5_u64 {
        killed_within(&office, &cut, 60_000 + kill * 90_000);
    }
    cut.line().rate = None;
    run(&office).letters();
    let mut names: Vec<String> = maildir_files(&maildir)
        .iter()
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("a letter")).replace("\r\n", "\n"))
        .collect();
    names = tests::message_ids(&names);
    let all = names.len();
    names.dedup();
    assert_eq!((all, names.len()), (LETTERS, LETTERS));
}
