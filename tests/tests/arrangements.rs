//! The arrangements of `docs/arrangements.md`, each run as the page shows it, with the real programs.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::{Dialogue, Dovecot, Office, OfficeBuilder, Page, Postfix, generated_letter, message_ids, sample};

const TOML: &str = "/etc/facteur/facteur.toml";

/// `install -d -g GROUP -m 2750 FOLDER`
fn folder_of_group(folder: &Path, group: &str) {
    std::fs::create_dir(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o2750)).unwrap();
    let done = Command::new("chgrp").arg(group).arg(folder).status().unwrap();
    assert!(done.success(), "chgrp {group}");
}

/// `key = value`, line by line.
fn settings(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

fn start_postfix(main_cf: &str) -> Postfix {
    let settings = settings(main_cf);
    let borrowed: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Postfix::start_with(&borrowed)
}

/// The answer of the server at `port` to a recipient, from a stranger's point of view.
fn answer_to_recipient(port: u16, to: &str) -> String {
    let mut dialogue = Dialogue::open(port).unwrap();
    dialogue.reply().unwrap();
    dialogue.ask("EHLO client.test").unwrap();
    dialogue.ask("MAIL FROM:<carol@foreign.test>").unwrap();
    // Postfix asks the server behind it, and says 450 while it has no answer yet.
    waiting::wait_for(format!("it is known whether {to} is there"), || {
        let said = dialogue.ask(&format!("RCPT TO:<{to}>")).unwrap();
        (!said.starts_with("450")).then_some(said)
    })
}

/// Postfix of arrangement 1 and the office behind it.
fn behind_postfix() -> (Postfix, Office) {
    let page = Page::arrangement(1);
    let main_cf = page.file("/etc/postfix/main.cf", &[("permit_mynetworks, ", "")]);
    let postfix = start_postfix(&main_cf);
    folder_of_group(&postfix.path("queue/facteur"), "postfix");
    let queue = postfix.path("queue");
    let port = format!("\"127.0.0.1:{}\"", postfix.port);
    let toml = page.file(TOML, &[("/var/spool/postfix", queue.to_str().unwrap()), ("\"127.0.0.1:25\"", &port)]);
    let office = OfficeBuilder::new("example.org").person("alice").person("bob").as_shown(&toml).start();
    (postfix, office)
}

#[test]
fn postfix_hands_letters_to_facteur_by_lmtp_and_facteur_serves_them_by_imap() {
    let (postfix, office) = behind_postfix();
    let (alice, bob) = (&office.people[0], &office.people[1]);

    postfix.send("carol@foreign.test", &[&alice.address], &sample("plain.eml"));
    let letter = office.read(alice, "INBOX", 1).remove(0);
    assert!(letter.contains("with LMTP id"), "{letter}");
    assert!(letter.starts_with("Return-Path: <carol@foreign.test>"), "{letter}");
    assert!(answer_to_recipient(postfix.port, "nobody@example.org").starts_with("550"));
    assert!(answer_to_recipient(postfix.port, "bob@example.org").starts_with("250"));

    let both = generated_letter("both", "carol@foreign.test", &alice.address, 2000);
    postfix.send("carol@foreign.test", &[&bob.address, &alice.address], &both);
    assert_eq!(message_ids(&office.read(bob, "INBOX", 1)), ["both"]);
    assert_eq!(office.read(alice, "INBOX", 2).len(), 2);
}

#[test]
fn a_mailbox_that_is_full_keeps_nobody_else_waiting_and_postfix_tries_it_again() {
    let (postfix, office) = behind_postfix();
    let alice = office.first();
    let add = ["account", "add", "dora@example.org", "--password-stdin", "--quota", "1K"];
    office.command_with_input(&add, b"correct horse");
    let large = generated_letter("large", "carol@foreign.test", &alice.address, 20_000);
    postfix.send("carol@foreign.test", &["dora@example.org", &alice.address], &large);
    assert_eq!(message_ids(&office.read(alice, "INBOX", 1)), ["large"]);
    waiting::wait_until("Postfix puts Dora's letter off", || {
        let log = std::fs::read_to_string(postfix.path("log")).unwrap_or_default();
        log.contains("452 4.2.2") && log.contains("status=deferred")
    });
}

/// An office with a configuration of the page, which knows no person and no domain but its own name's.
fn office(toml: &str) -> Office {
    OfficeBuilder::new("office.test").as_shown(toml).start()
}

/// The letters in a folder, once there are `count` of them.
fn letters_in(folder: &Path, count: usize, office: &Office) -> Vec<String> {
    let what = std::fmt::from_fn(|f| write!(f, "{} has {count} letters\n{}", folder.display(), office.log()));
    let paths = waiting::wait_for(what, || {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        Some(paths).filter(|paths| paths.len() >= count)
    });
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn facteur_receives_for_a_domain_and_hands_everything_to_dovecot_by_lmtp() {
    let page = Page::arrangement(2);
    let extra = page.file("/etc/dovecot/conf.d/90-facteur.conf", &[("group = facteur", "group = root")]);
    let people = ["alice@example.org", "bob@example.org"];
    let dovecot = Dovecot::start_with(|_| extra, &people);
    let sockets = dovecot.sockets();
    let mut office = office(&page.file(TOML, &[("/run/dovecot", sockets.to_str().unwrap())]));

    assert!(answer_to_recipient(office.ports.smtp, "nobody@example.org").starts_with("550 5.1.1"));
    assert!(answer_to_recipient(office.ports.smtp, "victim@elsewhere.test").starts_with("550 5.7.1"));
    let letter = generated_letter("behind", "carol@foreign.test", people[0], 3000);
    office.hand_in("carol@foreign.test", &people, &letter).must_succeed();
    for person in people {
        let found = letters_in(&dovecot.maildir(person).join("new"), 1, &office).remove(0);
        assert!(found.contains("behind") && found.contains("with ESMTP"), "{found}");
    }

    // Its history says how it was handed over; that is written down behind the hand-over.
    let told = waiting::wait_for("the hand-over stands in its history", || {
        let told = office.command(&["trace", people[1]]);
        (told.contains("⇢ LMTP ⇢ unix:/") && told.contains("├ LMTP ")).then_some(told)
    });
    assert!(!told.contains("SMTP") && !told.contains("lmtp:"), "{told}");

    // Dovecot goes: Alice is known, and her letters wait; nobody has heard of Dora.
    let before = dovecot.maildir("alice@example.org").join("new");
    dovecot.pause();
    // A connection that is still open would be used for the next letter.
    // time passes: a clock has to move
    std::thread::sleep(Duration::from_secs(4));
    assert!(answer_to_recipient(office.ports.smtp, "dora@example.org").starts_with("451"));
    office.hand_in("carol@foreign.test", &people[..1], &letter).must_succeed();
    assert!(office.command(&["queue", "list"]).contains("alice@example.org"));
    office.stop();
    dovecot.go_on();
    office.start();
    office.command(&["queue", "retry", "--all"]);
    letters_in(&before, 2, &office);
}

/// A user of this machine, for the time of a test.
struct UnixUser {
    name: String,
    home: tempfile::TempDir,
}

impl UnixUser {
    fn make() -> Self {
        let home = tempfile::tempdir().unwrap();
        let name = format!("facteur{}", std::process::id());
        let mut useradd = Command::new("/usr/sbin/useradd");
        useradd.args(["--no-create-home", "--home-dir"]).arg(home.path()).arg(&name);
        assert!(useradd.status().unwrap().success(), "the test runs as root");
        let owned = Command::new("chown").arg(&name).arg(home.path()).status().unwrap();
        assert!(owned.success());
        Self { name, home }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        assert!(Command::new("chown").arg(&self.name).arg(&path).status().unwrap().success());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn maildir(&self, folder: &str) -> PathBuf {
        self.home.path().join("Maildir").join(folder)
    }
}

impl Drop for UnixUser {
    fn drop(&mut self) {
        let _ = Command::new("/usr/sbin/userdel").arg(&self.name).output();
        // procmail makes it, whatever its rules say.
        let _ = std::fs::remove_file(Path::new("/var/mail").join(&self.name));
    }
}

#[test]
fn facteur_gives_letters_to_procmail_or_maildrop_and_they_sort_them_into_a_maildir() {
    let page = Page::arrangement(3);
    let user = UnixUser::make();
    user.write(".procmailrc", &page.file("~/.procmailrc", &[]));
    let address = format!("{}@example.org", user.name);
    let with_procmail = office(&page.file(TOML, &[]));
    assert!(answer_to_recipient(with_procmail.ports.smtp, "nobody-at-all@example.org").starts_with("550 5.1.1"));
    assert!(answer_to_recipient(with_procmail.ports.smtp, "root@example.org").starts_with("550 5.1.1"));

    let letter = generated_letter("plain", "carol@foreign.test", &address, 2000);
    with_procmail.hand_in("carol@foreign.test", &[&address], &letter).must_succeed();
    let found = letters_in(&user.maildir("new"), 1, &with_procmail).remove(0);
    assert!(found.contains("Return-Path: <carol@foreign.test>\nDelivered-To: ") && !found.contains('\r'), "{found}");
    let announced = [b"List-Id: News <announce.example.org>\r\n", &letter[..]].concat();
    let detailed = format!("{}+news@example.org", user.name);
    with_procmail.hand_in("carol@foreign.test", &[&detailed], &announced).must_succeed();
    letters_in(&user.maildir(".announce/new"), 1, &with_procmail);
    drop(with_procmail);

    user.write(".mailfilter", "to \"$HOME/Maildir\"\n");
    let maildrop = "command:/usr/bin/maildrop -d $USER";
    let with_maildrop = office(&page.file(TOML, &[("command:/usr/bin/procmail -a $EXTENSION -d $USER", maildrop)]));
    with_maildrop.hand_in("carol@foreign.test", &[&address], &letter).must_succeed();
    letters_in(&user.maildir("new"), 2, &with_maildrop);
}

#[test]
fn facteur_brings_letters_from_elsewhere_into_a_maildir() {
    let page = Page::arrangement(4);
    let dovecot = Dovecot::start("");
    dovecot.fill("alice", "INBOX", 3, "()");
    let nobody = OfficeBuilder::new("office.test").prepare();
    let home = nobody.folder().join("alice");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(".imap-password"), "secret").unwrap();
    let host = format!("127.0.0.1:{}", dovecot.imaps);
    let line = page.file("crontab", &[("imap.example.org", &host), ("/home/alice", home.to_str().unwrap())]);
    let certificate = dovecot.certificate().display().to_string();
    let words: Vec<&str> = line.split_whitespace().skip(1).chain(["--ca", &certificate]).collect();
    for _ in 0..2 {
        nobody.command(&words);
        assert_eq!(letters_in(&home.join("Maildir/new"), 3, &nobody).len(), 3);
    }
}

#[test]
fn facteur_writes_into_the_maildirs_that_dovecot_serves() {
    let page = Page::arrangement(5);
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let at = folder.path().to_str().unwrap().to_owned();
    let alice = folder.path().join("example.org/alice");
    std::fs::create_dir_all(&alice).unwrap();
    // The Dovecot of the tests reads as `nobody`, who is vmail here.
    chown(folder.path().join("example.org"), Some(65534), Some(65534)).unwrap();
    chown(&alice, Some(65534), Some(65534)).unwrap();
    let extra = page.file("/etc/dovecot/conf.d/90-facteur.conf", &[("/srv/mail", &at)]);
    let dovecot = Dovecot::start(&extra);
    let office = office(&page.file(TOML, &[("/srv/mail", &at), ("\"vmail\"", "\"nobody\"")]));

    assert!(answer_to_recipient(office.ports.smtp, "bob@example.org").starts_with("550 5.1.1"));
    assert!(answer_to_recipient(office.ports.smtp, "\"../example.org\"@example.org").starts_with("550 5.1.1"));
    let letter = generated_letter("filed", "carol@foreign.test", "alice@example.org", 3000);
    office.hand_in("carol@foreign.test", &["Alice+x@example.org"], &letter).must_succeed();
    letters_in(&alice.join("new"), 1, &office);
    let url = format!("imaps://127.0.0.1:{}/INBOX;MAILINDEX=1", dovecot.imaps);
    let words = ["--silent", "--show-error", "--insecure", "--user", "alice@example.org:secret", &url];
    let read = tests::client(Command::new("curl").args(words), b"").must_succeed();
    assert!(read.out.contains("filed"), "{}", read.out);
}

/// Switching off this or that leaves the rest as it was.
#[test]
fn every_role_can_be_switched_off() {
    let closed = |open: &[&str]| -> String {
        let doors = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"];
        let line = |door: &&str| {
            if open.contains(door) { format!("{door} = [\"0.0.0.0:1\"]\n") } else { format!("{door} = []\n") }
        };
        format!("hostname = \"mail.office.test\"\n[listen]\n{}", doors.iter().map(line).collect::<String>())
    };
    let letter = generated_letter("hello", "carol@foreign.test", "alice@office.test", 1000);

    let reception_only = OfficeBuilder::new("office.test").person("alice").as_shown(&closed(&["smtp"])).start();
    reception_only.hand_in("carol@foreign.test", &["alice@office.test"], &letter).must_succeed();
    drop(reception_only);

    // Nothing but the mailboxes: letters of before are read, and nobody brings new ones.
    let mut readers_only =
        OfficeBuilder::new("office.test").person("alice").as_shown(&closed(&["imaps", "pop3s"])).start();
    readers_only.read(&readers_only.people[0].clone(), "INBOX", 0);
    assert!(!readers_only.log().contains("smtp"));
    readers_only.stop();

    // No door is open at all: the letters in the queue are carried all the same.
    let sink = tests::Sink::start(Duration::ZERO);
    let toml = closed(&[]) + &format!("[[route]]\ndomain = \"*\"\nto = \"127.0.0.1:{}\"\n", sink.port);
    let mut carrier_only = OfficeBuilder::new("office.test").person("alice").as_shown(&toml).prepare();
    let to = ["send", "-f", "alice@office.test", "carol@foreign.test"];
    carrier_only.command_with_input(&to, &letter);
    carrier_only.start();
    waiting::wait_until("the letter is carried", || sink.count() > 0);
    carrier_only.stop();
}
