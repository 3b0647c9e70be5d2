//! fetchmail and getmail, the programs that bring letters home, take them from our IMAP and POP3 doors.

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

/// How a retriever comes in.
#[derive(Clone, Copy)]
enum Way {
    Imaps,
    Pop3s,
    /// POP3 with STLS.
    Pop3,
}

/// The certificate of an office, which signs itself.
fn certificate(office: &Office) -> PathBuf {
    office.data().join(format!("tls/self-signed-mail.{}.pem", office.domain))
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
        certificate(office).display(),
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
    // "No mail for you": what was seen is not taken again.
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
        certificate(office).display(),
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
