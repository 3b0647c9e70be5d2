//! fetchmail, getmail and mpop, the programs that bring letters home, take them from our IMAP and POP3 doors.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Look, Office, OfficeBuilder, Output, Person, client, generated_letter, message_ids, sample, shown_client};

/// An office in which Alice has letters called `letter0`, `letter1`, …
fn office_with_letters(count: usize) -> Office {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    for i in 0..count {
        let letter = generated_letter(&format!("letter{i}"), "carol@elsewhere.test", &alice.address, 2000);
        office.hand_in("carol@elsewhere.test", &[&alice.address], &letter).must_succeed();
    }
    assert_eq!(office.read(alice, "INBOX", count).len(), count);
    office
}

/// The names of the letters in the files of a folder, in order.
fn fetched(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).map(|files| files.flatten().map(|file| file.path()).collect::<Vec<_>>());
    let letters: Vec<String> = files
        .unwrap_or_default()
        .iter()
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("a letter")).replace('\n', "\r\n"))
        .collect();
    let mut names = message_ids(&letters);
    names.sort();
    names
}

fn private_file(path: PathBuf, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
    path
}

/// The way in which a retriever comes in.
#[derive(Clone, Copy)]
enum Way {
    Imaps,
    Pop3s,
    /// POP3 with STLS.
    Pop3,
}

/// One run of fetchmail, which knows our certificate and checks it, and puts each letter into a file of `home/letters`.
fn fetchmail(office: &Office, way: Way, person: &Person, options: &str) -> Output {
    let home = office.folder().join("fetchmail");
    std::fs::create_dir_all(home.join("letters")).expect("a folder");
    let save = format!("/bin/sh -c 'exec cat > {}/letters/$$'", home.display());
    let (door, tls) = match way {
        Way::Imaps => (format!("IMAP port {}", office.ports.imaps), "ssl"),
        Way::Pop3s => (format!("POP3 port {} uidl", office.ports.pop3s), "ssl"),
        Way::Pop3 => (format!("POP3 port {} uidl", office.ports.pop3), "sslproto tls1.2+"),
    };
    let rc = format!(
        "poll 127.0.0.1 protocol {door} user \"{}\" password \"{}\" {tls} sslcertck sslcertfile \"{}\" \
         sslcommonname \"mail.{}\" {options} mda \"{save}\"\n",
        person.address,
        person.password,
        office.certificate().display(),
        office.domain
    );
    let mut fetchmail = Command::new("fetchmail");
    fetchmail.arg("--fetchmailrc").arg(private_file(home.join("rc"), &rc));
    fetchmail.arg("--pidfile").arg(home.join("pid")).arg("--idfile").arg(home.join("ids"));
    fetchmail.env("HOME", &home).env("FETCHMAILHOME", &home);
    client(&mut fetchmail, b"")
}

#[test]
fn fetchmail_takes_letters_from_our_imap_and_leaves_them_when_asked() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    let letters = office.folder().join("fetchmail/letters");
    fetchmail(&office, Way::Imaps, &alice, "keep").must_succeed();
    assert_eq!(fetched(&letters), ["letter0", "letter1", "letter2"]);
    // "No mail for you": letters that were seen are not taken again.
    assert_eq!(fetchmail(&office, Way::Imaps, &alice, "keep").code, 1);
    assert_eq!(fetched(&letters).len(), 3);
    assert_eq!(office.read(&alice, "INBOX", 3).len(), 3);
}

#[test]
fn fetchmail_takes_letters_away_from_our_imap() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    fetchmail(&office, Way::Imaps, &alice, "fetchall no keep").must_succeed();
    assert_eq!(fetched(&office.folder().join("fetchmail/letters")).len(), 3);
    assert!(office.read(&alice, "INBOX", 0).is_empty());
}

#[test]
fn fetchmail_takes_each_letter_from_our_pop3_once_and_leaves_it_when_asked() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    let letters = office.folder().join("fetchmail/letters");
    fetchmail(&office, Way::Pop3s, &alice, "keep").must_succeed();
    assert_eq!(fetched(&letters), ["letter0", "letter1", "letter2"]);
    // "No mail for you": it knows them by their unique-ids, through either door.
    assert_eq!(fetchmail(&office, Way::Pop3s, &alice, "keep").code, 1);
    assert_eq!(fetchmail(&office, Way::Pop3, &alice, "keep").code, 1);
    assert_eq!(fetched(&letters).len(), 3);
    assert_eq!(office.read(&alice, "INBOX", 3).len(), 3);
}

#[test]
fn fetchmail_takes_letters_away_from_our_pop3_through_stls() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    fetchmail(&office, Way::Pop3, &alice, "no keep").must_succeed();
    assert_eq!(fetched(&office.folder().join("fetchmail/letters")).len(), 3);
    assert!(office.read(&alice, "INBOX", 0).is_empty());
}

/// One run of getmail, which knows our certificate and checks it, and puts each
/// letter into a file of `home/letters`; its own Maildir is not for root.
fn getmail(office: &Office, way: Way, person: &Person, delete: bool) -> Output {
    let home = office.folder().join("getmail");
    std::fs::create_dir_all(home.join("letters")).expect("a folder");
    let (retriever, port) = match way {
        Way::Imaps => ("SimpleIMAPSSLRetriever\nmailboxes = (\"INBOX\",)", office.ports.imaps),
        Way::Pop3s | Way::Pop3 => ("SimplePOP3SSLRetriever", office.ports.pop3s),
    };
    let rc = format!(
        "[retriever]\ntype = {retriever}\nserver = 127.0.0.1\nport = {port}\nusername = {}\npassword = {}\n\
         ca_certs = {}\nssl_cert_hostname = mail.{}\n[destination]\ntype = MDA_external\npath = /bin/sh\n\
         arguments = (\"-c\", \"exec cat > {}/letters/$$\")\nallow_root_commands = true\n\
         [options]\nread_all = false\ndelete = {delete}\n",
        person.address,
        person.password,
        office.certificate().display(),
        office.domain,
        home.display()
    );
    let rc = private_file(home.join("rc"), &rc);
    client(Command::new("getmail").arg("--getmaildir").arg(&home).arg("--rcfile").arg(rc).env("HOME", &home), b"")
}

#[test]
fn getmail_takes_each_letter_from_our_imap_once_and_then_takes_them_away() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    let letters = office.folder().join("getmail/letters");
    for _ in 0..2 {
        getmail(&office, Way::Imaps, &alice, false).must_succeed();
        assert_eq!(fetched(&letters), ["letter0", "letter1", "letter2"]);
    }
    getmail(&office, Way::Imaps, &alice, true).must_succeed();
    assert_eq!(fetched(&letters).len(), 3);
    assert!(office.read(&alice, "INBOX", 0).is_empty());
}

#[test]
fn getmail_takes_each_letter_from_our_pop3_once_and_then_takes_them_away() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    let letters = office.folder().join("getmail/letters");
    for _ in 0..2 {
        getmail(&office, Way::Pop3s, &alice, false).must_succeed();
        assert_eq!(fetched(&letters), ["letter0", "letter1", "letter2"]);
    }
    getmail(&office, Way::Pop3s, &alice, true).must_succeed();
    assert_eq!(fetched(&letters).len(), 3);
    assert!(office.read(&alice, "INBOX", 0).is_empty());
}

/// One run of mpop, which knows our certificate and checks it, and puts each letter into the Maildir `home/mail`. It is
/// configured as docs/clients.md shows.
fn mpop(home: &Path, office: &Office, person: &Person, keep: &str) -> Output {
    for part in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(home.join("mail").join(part)).expect("a Maildir");
    }
    let rc = shown_client(office, person, home, "mpop");
    let text = std::fs::read_to_string(&rc).expect("written").replace("keep on", &format!("keep {keep}"));
    std::fs::write(&rc, text).expect("written");
    client(Command::new("mpop").arg("--quiet").arg(format!("--file={}", rc.display())).arg("facteur"), b"")
}

#[test]
fn mpop_takes_each_letter_from_our_pop3_once_and_then_takes_them_away() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    let home = office.folder().join("mpop");
    let letters = home.join("mail/new");
    for _ in 0..2 {
        mpop(&home, &office, &alice, "on").must_succeed();
        assert_eq!(fetched(&letters), ["letter0", "letter1", "letter2"]);
    }
    mpop(&home, &office, &alice, "off").must_succeed();
    assert_eq!(fetched(&letters).len(), 3);
    assert!(office.read(&alice, "INBOX", 0).is_empty());
}

/// One run of fetchmail as docs/clients.md shows it, with another way to deliver: nobody's own mailbox is touched.
fn fetchmail_as_shown(home: &Path, office: &Office, person: &Person) -> Output {
    std::fs::create_dir_all(home.join("mail")).expect("a folder");
    let rc = shown_client(office, person, home, "fetchmail");
    let save = format!("/bin/sh -c 'exec cat > {}/mail/$$'", home.display());
    let mut fetchmail = Command::new("fetchmail");
    fetchmail.arg("--fetchmailrc").arg(rc).args(["--mda", &save]).env("HOME", home).env("FETCHMAILHOME", home);
    client(&mut fetchmail, b"")
}

/// One run of getmail as docs/clients.md shows it, with another way to deliver: its own Maildir is not for root.
fn getmail_as_shown(home: &Path, office: &Office, person: &Person) -> Output {
    std::fs::create_dir_all(home.join("mail")).expect("a folder");
    let rc = shown_client(office, person, home, "getmail");
    let text = std::fs::read_to_string(&rc).expect("written");
    let maildir = format!("type = Maildir\npath = {}/mail/", home.display());
    assert!(text.contains(&maildir), "{text}");
    let external = format!(
        "type = MDA_external\npath = /bin/sh\narguments = (\"-c\", \"exec cat > {}/mail/$$\")\nallow_root_commands = true",
        home.display()
    );
    std::fs::write(&rc, text.replace(&maildir, &external)).expect("written");
    client(Command::new("getmail").arg("--getmaildir").arg(home).arg("--rcfile").arg(rc).env("HOME", home), b"")
}

/// One run of a program that brings the letters of a person into a folder.
type Retriever = fn(&Path, &Office, &Person) -> Output;

/// All files of letters below a folder, with the ends of lines that the network has.
fn letters_below(home: &Path) -> Vec<String> {
    let files = tests::below(&home.join("mail")).into_iter().filter(|path| path.is_file());
    let read = |path: PathBuf| String::from_utf8_lossy(&std::fs::read(path).expect("a letter")).into_owned();
    files.map(read).map(|text| text.replace("\r\n", "\n").replace('\n', "\r\n")).collect()
}

/// Returns a letter as its sender wrote it: without the fields that each program puts before it, and without blank
/// lines, one of which getmail puts before the first part, with a field of its own at the end of the header.
fn as_written(letter: &str) -> String {
    let own = letter.find("From: ").map_or("", |at| &letter[at..]);
    own.lines()
        .filter(|line| !line.is_empty() && !line.starts_with("X-getmail-"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn what_they_bring_is_the_letter_as_it_was_written_and_later_only_what_is_new() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first().clone();
    let mut look = Look::at(&office, &alice);
    let photos =
        String::from_utf8(sample("attachment.eml")).expect("ASCII").replace("\r\n", "\n").replace('\n', "\r\n");
    let accents = "From: Jos\u{e9} <jose@elsewhere.test>\r\nSubject: Gr\u{fc}\u{df}e\r\nMessage-ID: <accents@test>\r\n\r\n\
                   Le c\u{153}ur a ses raisons.\r\n.\r\n..\r\n";
    look.add("INBOX", photos.as_bytes(), &[]);
    look.add("INBOX", accents.as_bytes(), &[]);
    let at = |name: &str| office.folder().join(name);
    let all_run = || {
        let runs: [(&str, Retriever); 3] = [
            ("fetchmail", fetchmail_as_shown),
            ("getmail", getmail_as_shown),
            ("mpop", |home, office, person| mpop(home, office, person, "on")),
        ];
        runs.map(|(name, run)| {
            run(&at(name), &office, &alice).must_succeed();
            at(name)
        })
    };
    for home in all_run() {
        let brought = letters_below(&home);
        let mut brought: Vec<String> = brought.iter().map(|letter| as_written(letter)).collect();
        brought.sort_unstable();
        assert_eq!(brought, [as_written(&photos), as_written(accents)], "{}", home.display());
    }
    look.add("INBOX", &generated_letter("new", "carol@elsewhere.test", &alice.address, 2000), &[]);
    for home in all_run() {
        let brought = letters_below(&home);
        let new: Vec<_> = brought.iter().filter(|letter| letter.contains("<new@test>")).collect();
        assert_eq!((new.len(), brought.len()), (1, 3), "{}", home.display());
    }
}
