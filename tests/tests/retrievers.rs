//! fetchmail and getmail, the programs that bring letters home, take them from our IMAP door.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Office, OfficeBuilder, Output, Person, client, generated_letter, message_ids};

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

/// One run of fetchmail that puts each letter into a file of `home/letters`.
fn fetchmail(office: &Office, person: &Person, options: &str) -> Output {
    let home = office.folder().join("fetchmail");
    std::fs::create_dir_all(home.join("letters")).expect("a folder");
    let save = format!("/bin/sh -c 'exec cat > {}/letters/$$'", home.display());
    let rc = format!(
        "poll 127.0.0.1 protocol IMAP port {} user \"{}\" password \"{}\" ssl no sslcertck {options} mda \"{save}\"\n",
        office.ports.imaps, person.address, person.password
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
    fetchmail(&office, &alice, "keep").must_succeed();
    assert_eq!(fetched(&letters), ["letter0", "letter1", "letter2"]);
    // "No mail for you": what was seen is not taken again.
    assert_eq!(fetchmail(&office, &alice, "keep").code, 1);
    assert_eq!(fetched(&letters).len(), 3);
    assert_eq!(office.read(&alice, "INBOX", 3).len(), 3);
}

#[test]
fn fetchmail_takes_letters_away_from_our_imap() {
    let office = office_with_letters(3);
    let alice = office.first().clone();
    fetchmail(&office, &alice, "fetchall no keep").must_succeed();
    assert_eq!(fetched(&office.folder().join("fetchmail/letters")).len(), 3);
    assert!(office.read(&alice, "INBOX", 0).is_empty());
}

/// One run of getmail that puts each letter into a file of `home/letters`; its own Maildir is not for root.
fn getmail(office: &Office, person: &Person, delete: bool) -> Output {
    let home = office.folder().join("getmail");
    std::fs::create_dir_all(home.join("letters")).expect("a folder");
    let rc = format!(
        "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = 127.0.0.1\nport = {}\nusername = {}\npassword = {}\n\
         mailboxes = (\"INBOX\",)\n[destination]\ntype = MDA_external\npath = /bin/sh\n\
         arguments = (\"-c\", \"exec cat > {}/letters/$$\")\nallow_root_commands = true\n\
         [options]\nread_all = false\ndelete = {delete}\n",
        office.ports.imaps,
        person.address,
        person.password,
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
        getmail(&office, &alice, false).must_succeed();
        assert_eq!(fetched(&letters), ["letter0", "letter1", "letter2"]);
    }
    getmail(&office, &alice, true).must_succeed();
    assert_eq!(fetched(&letters).len(), 3);
    assert!(office.read(&alice, "INBOX", 0).is_empty());
}
