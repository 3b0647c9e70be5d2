//! Fetches from a Dovecot, and from another Facteur.

use tests::{Dovecot, OfficeBuilder};

use super::support::*;

#[test]
fn folders_flags_keywords_and_dates_come_along() {
    let dovecot = Dovecot::start("");
    let put_one = |folder, id, info, after| Put { folder, id, info, date: DAY + after, size: 900 };
    put(
        &dovecot,
        &[
            put_one("INBOX", "plain", "", 0),
            put_one("INBOX", "seen", "S", 1),
            put_one("INBOX", "all", "FRS", 2),
            put_one("Travail.Client A.2019", "deep", "S", 3),
            put_one("&AMk-t&AOk-", "summer", "", 4),
            put_one("INBOX", "keyword", "a", 5),
        ],
    );
    let keywords = dovecot.maildir("alice").join("dovecot-keywords");
    std::fs::write(&keywords, "0 $Important\n").expect("written");
    std::os::unix::fs::chown(&keywords, Some(65534), Some(65534)).expect("given");
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    assert_eq!(run(&office).letters(), 6);
    let here = look(&mut office);
    let known = |id: &str| {
        let known = &here[id];
        (known.folder.as_str(), known.flags.join(" "), known.date.as_str())
    };
    assert_eq!(known("plain"), ("INBOX", String::new(), shown(DAY).as_str()));
    assert_eq!(known("seen"), ("INBOX", "\\Seen".into(), shown(DAY + 1).as_str()));
    assert_eq!(known("all"), ("INBOX", "\\Answered \\Flagged \\Seen".into(), shown(DAY + 2).as_str()));
    assert_eq!(known("deep"), ("Travail/Client A/2019", "\\Seen".into(), shown(DAY + 3).as_str()));
    assert_eq!(known("summer"), ("&AMk-t&AOk-", String::new(), shown(DAY + 4).as_str()));
    assert_eq!(known("keyword"), ("INBOX", "$Important".into(), shown(DAY + 5).as_str()));
}

#[test]
fn drafts_sent_and_junk_come_to_ours_whatever_they_are_called_there() {
    let dovecot = Dovecot::start(
        "namespace inbox {\n  mailbox Envoyes {\n    special_use = \\Sent\n  }\n  mailbox Brouillons {\n    special_use = \\Drafts\n  }\n  mailbox Indesirables {\n    special_use = \\Junk\n  }\n}\n",
    );
    let put_one = |folder, id| Put { folder, id, info: "S", date: DAY, size: 900 };
    put(&dovecot, &[put_one("Envoyes", "sent"), put_one("Brouillons", "draft"), put_one("Indesirables", "junk")]);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    assert_eq!(run(&office).letters(), 3);
    let here = look(&mut office);
    let folders = ["sent", "draft", "junk"].map(|id| here[id].folder.clone());
    assert_eq!(folders, ["Sent", "Drafts", "Junk"]);
}

#[test]
fn a_dovecot_that_has_lost_its_numbers_brings_nothing_twice() {
    let dovecot = Dovecot::start("");
    let ids: Vec<String> = (0..60).map(|number| format!("u{number}")).collect();
    let letters: Vec<Put<'_>> =
        ids.iter().map(|id| Put { folder: "INBOX", id, info: "", date: DAY, size: 900 }).collect();
    put(&dovecot, &letters[..50]);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    assert_eq!(run(&office).letters(), 50);
    // An administrator who restores a Maildir does this: the lists and indexes are made anew, with a new UIDVALIDITY.
    // time passes: a clock has to move
    std::thread::sleep(std::time::Duration::from_millis(1100));
    for entry in std::fs::read_dir(dovecot.maildir("alice")).expect("there").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("dovecot") {
            std::fs::remove_file(entry.path()).expect("removed");
        }
    }
    put(&dovecot, &letters[50..]);
    assert_eq!(run(&office).letters(), 10);
    assert_eq!(look(&mut office).len(), 60);
}

#[test]
fn a_letter_read_or_flagged_there_is_not_a_new_letter() {
    let dovecot = Dovecot::start("");
    put(&dovecot, &[Put { folder: "INBOX", id: "one", info: "", date: DAY, size: 900 }]);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    assert_eq!(run(&office).letters(), 1);
    let cur = dovecot.maildir("alice").join("cur");
    let file = std::fs::read_dir(&cur).expect("there").flatten().next().expect("one").path();
    std::fs::rename(&file, format!("{}FS", file.display())).expect("renamed");
    assert_eq!(run(&office).letters(), 0);
    assert_eq!(look(&mut office).len(), 1);
}

#[test]
fn only_what_is_young_enough_comes_with_since() {
    let dovecot = Dovecot::start("");
    let put_one = |id, date| Put { folder: "INBOX", id, info: "", date, size: 900 };
    put(&dovecot, &[put_one("old", DAY - 86_400 * 400), put_one("young", DAY)]);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &["--since", "2020-01-31"]);
    assert_eq!(run(&office).letters(), 1);
    assert_eq!(names(&look(&mut office)), ["young"]);
}

#[test]
fn what_is_here_is_deleted_there_and_what_is_not_stays() {
    let dovecot = Dovecot::start("");
    let put_one = |id, size| Put { folder: "INBOX", id, info: "", date: DAY, size };
    put(&dovecot, &[put_one("small", 900), put_one("large", 200_000), put_one("small2", 900)]);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &["--delete", "--largest", "100k"]);
    assert_eq!(run(&office).letters(), 2);
    let left: Vec<String> = std::fs::read_dir(dovecot.maildir("alice").join("cur"))
        .expect("there")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(left.len() == 1 && left[0].contains(".large."), "{left:?}");
    assert_eq!(names(&look(&mut office)), ["small", "small2"]);
}

#[test]
fn letters_stay_there_for_as_many_days_as_was_said() {
    let dovecot = Dovecot::start("");
    put(&dovecot, &[Put { folder: "INBOX", id: "one", info: "", date: DAY, size: 900 }]);
    let office = office();
    Source::imap(&dovecot).add(&office, &["--delete-after", "7"]);
    assert_eq!(run(&office).letters(), 1);
    assert_eq!(run(&office).letters(), 0);
    // Fetched today, not seven days ago, however old the letter itself is.
    assert_eq!(std::fs::read_dir(dovecot.maildir("alice").join("cur")).expect("there").count(), 1);
}

#[test]
fn an_open_office_brings_what_arrives_at_a_dovecot_within_seconds() {
    let dovecot = Dovecot::start("");
    put(&dovecot, &[Put { folder: "INBOX", id: "first", info: "", date: DAY, size: 900 }]);
    let mut office = office();
    Source::imap(&dovecot).add(&office, &[]);
    office.start();
    let alice = office.first().clone();
    wait_until("the first letter", || inventory(&office, &alice).len() == 1);
    let mut lmtp = tests::Dialogue::open(dovecot.lmtp).expect("connected");
    lmtp.reply().expect("greeted");
    lmtp.ask("LHLO client.test").expect("answered");
    assert!(lmtp.send("carol@elsewhere.test", "alice", &letter("second", 900)).expect("answered"));
    wait_until("the second letter", || inventory(&office, &alice).contains_key("second"));
    office.stop();
}

#[test]
fn a_person_moves_from_one_facteur_to_another() {
    let old = OfficeBuilder::new("beta.test").person("bob").start();
    let bob = old.first().clone();
    let port = old.ports.imaps;
    let append = |folder: &str, flags: &str, id: &str| {
        let script = format!(
            "import imaplib, ssl, sys\nm = imaplib.IMAP4_SSL('127.0.0.1', {port}, ssl_context=ssl._create_unverified_context())\n\
             m.login('{}', '{}')\nm.create('{folder}')\n\
             assert m.append('{folder}', r'{flags}', '\"01-Feb-2020 03:04:05 +0000\"', sys.stdin.buffer.read())[0] == 'OK'",
            bob.address, bob.password
        );
        tests::client(std::process::Command::new("python3").args(["-c", &script]), &letter(id, 900)).must_succeed();
    };
    append("INBOX", r"(\Seen)", "one");
    append("INBOX", r"(\Flagged $Label1)", "two");
    append("Lists/Rust", "()", "three");
    append("Sent", r"(\Seen)", "four");
    let certificate = old.certificate();
    let url = format!("imaps://bob@beta.test@localhost:{port}");
    let mut source = Source::new(url, &certificate, &bob.password);
    source.certificate = certificate.display().to_string();
    let mut new = office();
    source.add(&new, &[]);
    assert_eq!(run(&new).letters(), 4);
    assert_eq!(run(&new).letters(), 0);
    new.start();
    let alice = new.first().clone();
    assert_eq!(inventory(&new, &alice), inventory(&old, &bob));
}
