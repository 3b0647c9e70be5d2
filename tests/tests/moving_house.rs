//! `facteur import` and `facteur export`: letters of other programs come in, ours go out and are read by others.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::{Dovecot, Office, OfficeBuilder, Person, client, facteur, python};

/// A letter as a client sees it: folder, Message-ID, flags, INTERNALDATE in seconds.
type Seen = (String, String, Vec<String>, i64);

fn seen(port: u16, person: &Person) -> Vec<Seen> {
    let port = port.to_string();
    let output = python("moving.py", &["imap", &port, &person.address, &person.password], b"").must_succeed();
    serde_json::from_str(&output.out).expect("a list of letters")
}

fn office() -> Office {
    OfficeBuilder::new("alpha.test").person("alice").person("bob").start()
}

fn letters(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("letters").join(name)
}

fn import(office: &Office, path: &Path, more: &[&str]) -> (i32, String, String) {
    let path = path.to_string_lossy();
    office.try_command(&[&["import", "alice@alpha.test", &path], more].concat(), b"")
}

#[track_caller]
fn must_import(office: &Office, path: &Path, said: &str) {
    let (code, out, err) = import(office, path, &[]);
    assert_eq!((code, last(&out), err.as_str()), (0, said, ""));
}

/// The line that says what came of it.
fn last(out: &str) -> &str {
    out.lines().last().unwrap_or_default()
}

fn places(seen: &[Seen]) -> Vec<(&str, &str, String)> {
    seen.iter().map(|(folder, id, flags, _)| (folder.as_str(), id.as_str(), flags.join(" "))).collect()
}

fn place<'a>(folder: &'a str, id: &'a str, flags: &str) -> (&'a str, &'a str, String) {
    (folder, id, flags.to_owned())
}

#[test]
fn a_takeout_is_sorted_by_its_labels_from_its_zip_too() {
    let office = office();
    let zip = office.folder().join("takeout.zip");
    client(Command::new("zip").args(["-qr"]).arg(&zip).arg(".").current_dir(letters("takeout")), b"").must_succeed();
    must_import(&office, &zip, "letters imported: 5; here already: 0; passed over: 0");
    let seen = seen(office.ports.imaps, office.first());
    let expected = vec![
        place("Archive", "annee@liste.test", "\\Seen"),
        place("Famille/Vacances", "photos@exemple.test", "\\Flagged \\Seen"),
        place("INBOX", "dejeuner@exemple.test", "$Important"),
        place("Junk", "casino@mauvais.test", ""),
        place("Photos, vid&AOk-os", "photos@exemple.test", "\\Flagged \\Seen"),
        place("Sent", "reponse@gmail.test", "\\Seen"),
    ];
    assert_eq!(places(&seen), expected);
    let noon = seen.iter().find(|letter| letter.1 == "dejeuner@exemple.test").expect("there");
    assert_eq!(noon.3, 1_744_036_263, "as Received says, whose zone is known");
    let inbox = office.read(office.first(), "INBOX", 1);
    assert!(inbox[0].contains("\r\nFrom noon on") && !inbox[0].contains("X-Gmail-Labels"), "{}", inbox[0]);
    let told = office.command(&["trace", "dejeuner@exemple.test"]);
    assert!(told.contains(".mbox ─▶ import ─") && told.contains("▶ alice@alpha.test/INBOX"), "{told}");
    assert!(told.contains("imported from ") && told.contains("filed for alice@alpha.test in INBOX"), "{told}");
    // The unpacked folder has the same letters.
    must_import(&office, &letters("takeout"), "letters imported: 0; here already: 5; passed over: 0");
}

#[test]
fn a_thunderbird_profile_comes_with_its_flags_and_without_what_was_deleted_there() {
    let office = office();
    must_import(&office, &letters("thunderbird"), "letters imported: 5; here already: 0; passed over: 0");
    let seen = seen(office.ports.imaps, office.first());
    let expected = vec![
        place("INBOX", "facture42@exemple.test", "$label1 \\Answered \\Seen facture"),
        place("INBOX", "new@exemple.test", ""),
        place("Sent", "recommande@exemple.test", "\\Seen"),
        place("Trash", "trash@exemple.test", "\\Seen"),
        place("Travail/Clients", "commande@exemple.test", "$Forwarded \\Flagged \\Seen"),
    ];
    assert_eq!(places(&seen), expected);
}

#[test]
fn a_maildir_of_dovecot_comes_with_folders_flags_keywords_and_dates() {
    let dovecot = Dovecot::start("");
    let there = Person { address: "carole".into(), password: "secret".into() };
    let port = dovecot.imaps.to_string();
    python("moving.py", &["fill", &port, &there.address, &there.password], b"").must_succeed();
    let expected = seen(dovecot.imaps, &there);
    assert_eq!(expected.len(), 6);
    let office = office();
    must_import(&office, &dovecot.maildir("carole"), "letters imported: 6; here already: 0; passed over: 0");
    assert_eq!(seen(office.ports.imaps, office.first()), expected);
}

#[test]
fn letters_come_while_the_office_serves_and_into_a_folder_that_is_named() {
    let office = office();
    let (code, out, err) = import(&office, &letters("takeout"), &["--folder", "Ancien/Gmail"]);
    assert_eq!(code, 0, "{out}{err}");
    let folders: BTreeSet<String> = seen(office.ports.imaps, office.first()).into_iter().map(|seen| seen.0).collect();
    let expected = [
        "Ancien/Gmail",
        "Ancien/Gmail/Archive",
        "Ancien/Gmail/Famille/Vacances",
        "Ancien/Gmail/Junk",
        "Ancien/Gmail/Photos, vid&AOk-os",
        "Ancien/Gmail/Sent",
    ];
    assert_eq!(folders, expected.map(str::to_owned).into());
    // A letter that was sent the old way still comes.
    office.hand_in("eve@elsewhere.test", &["alice@alpha.test"], b"Subject: fresh\r\n\r\nhi\r\n").must_succeed();
    assert_eq!(office.read(office.first(), "INBOX", 1).len(), 1);
}

#[test]
fn an_import_that_is_killed_goes_on_and_doubles_nothing() {
    const LETTERS: usize = 6000;
    let mut office = office();
    let mbox = office.folder().join("many.mbox");
    python("moving.py", &["letters", &mbox.to_string_lossy(), "0", &LETTERS.to_string()], b"").must_succeed();
    office.stop();
    let kills = (0..3).filter(|_| killed_when_some_are_there(&office, &mbox)).count();
    assert!(kills > 0, "the imports were too quick to be killed");
    let (code, out, err) = import(&office, &mbox, &["--json"]);
    assert_eq!(code, 0, "{err}");
    let done: Value = serde_json::from_str(out.lines().last().expect("a last line")).expect("json");
    assert_eq!(
        done["letters"].as_u64().zip(done["known"].as_u64()).map(|(new, known)| new + known),
        Some(LETTERS as u64),
        "{out}"
    );
    println!("{kills} kills, {} letters were left to do", done["letters"]);
    office.start();
    let ids: Vec<String> = seen(office.ports.imaps, office.first()).into_iter().map(|seen| seen.1).collect();
    let once: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), once.len()), (LETTERS, LETTERS), "each letter once");
}

/// Runs an import and kills it as soon as it says that some letters are there. False: it was quicker.
fn killed_when_some_are_there(office: &Office, mbox: &Path) -> bool {
    let mut import = Command::new(facteur());
    import.args(["import", "alice@alpha.test"]).arg(mbox).arg("--json").arg("--config").arg(&office.config);
    let mut import = import.stdout(Stdio::piped()).spawn().expect("facteur starts");
    let lines = BufReader::new(import.stdout.take().expect("piped")).lines();
    for line in lines.map_while(Result::ok) {
        let line: Value = serde_json::from_str(&line).expect("json");
        if line["event"] == "progress" && line["letters"].as_u64() > Some(0) {
            break;
        }
    }
    let _ = import.kill();
    !import.wait().expect("ended").success()
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_taken() {
    let office = office();
    let place = office.folder().join("old");
    std::fs::create_dir(&place).expect("made");
    std::fs::write(
        place.join("a.mbox"),
        "rubbish before\n\nFrom a@b.test Tue Nov 24 12:00:00 2026\nSubject: one\nMessage-ID: <one@test>\n\nx\n",
    )
    .expect("written");
    std::fs::write(place.join("b.eml"), "\0\0\0 no letter").expect("written");
    std::fs::write(place.join("c.eml"), "Subject: two\nMessage-ID: <two@test>\n\nx\n").expect("written");
    std::fs::write(place.join("picture.jpg"), [0xff, 0xd8, 0xff]).expect("written");
    std::fs::write(place.join("Inbox.msf"), "index").expect("written");
    std::os::unix::fs::symlink("/etc/passwd", place.join("d.eml")).expect("linked");
    let (code, out, err) = import(&office, &place, &[]);
    assert_eq!((code, last(&out)), (1, "letters imported: 2; here already: 0; passed over: 4"), "{err}");
    assert!(out.contains("not letters: indexes and lists: 1"), "{out}");
    assert!(err.contains("d.eml: it is a link") && err.contains("picture.jpg: this is no letter"), "{err}");
    assert!(err.contains("a.mbox, octet 0: this is no letter") && err.contains("b.eml: this is no letter"), "{err}");
    let (_, out, _) = import(&office, &place, &["--json"]);
    let skipped: Value =
        serde_json::from_str(out.lines().find(|line| line.contains("b.eml")).expect("told")).expect("json");
    assert_eq!((&skipped["event"], &skipped["at"]), (&"skipped".into(), &Value::Null));
    // A tar that breaks off gives the letters before the break.
    let tar = office.folder().join("torn.tar.gz");
    client(Command::new("tar").arg("-czf").arg(&tar).arg("-C").arg(letters("thunderbird")).arg("."), b"")
        .must_succeed();
    let whole = std::fs::read(&tar).expect("read");
    std::fs::write(&tar, &whole[..whole.len() * 3 / 4]).expect("torn");
    let (code, out, err) = import(&office, &tar, &[]);
    assert!(code == 1 && err.contains("cannot be read"), "{out}{err}");
    assert_eq!(import(&office, &office.folder().join("nowhere"), &[]).0, 1);
    assert_eq!(import(&office, Path::new("/bin/true"), &[]).0, 1);
}

#[test]
fn an_archive_neither_reaches_out_nor_unpacks_without_end() {
    let office = office();
    let (bomb, slip) = (office.folder().join("bomb.zip"), office.folder().join("slip.zip"));
    python("moving.py", &["bomb", &bomb.to_string_lossy()], b"").must_succeed();
    python("moving.py", &["slip", &slip.to_string_lossy()], b"").must_succeed();
    let (code, out, err) = import(&office, &bomb, &[]);
    assert!(code == 1 && err.contains("a-bomb.mbox: it unpacks to far more than letters do"), "{out}{err}");
    assert!(out.contains("letters imported: 1;"), "{out}");
    must_import(&office, &slip, "letters imported: 5; here already: 0; passed over: 0");
    let folders: BTreeSet<String> = seen(office.ports.imaps, office.first()).into_iter().map(|seen| seen.0).collect();
    assert!(folders.iter().all(|folder| !folder.contains("..") && !folder.starts_with('/')), "{folders:?}");
    let outside = office.folder().parent().expect("a parent").join("evil.eml");
    assert!(!outside.exists() && !Path::new("/etc/evil.eml").exists());
}

#[test]
fn every_format_brings_a_mailbox_to_another_person() {
    let office = office();
    must_import(&office, &letters("takeout"), "letters imported: 5; here already: 0; passed over: 0");
    must_import(&office, &letters("thunderbird"), "letters imported: 5; here already: 0; passed over: 0");
    let expected = seen(office.ports.imaps, office.first());
    for (format, name) in [("maildir", "m"), ("mbox", "b"), ("eml", "e"), ("zip", "z.zip"), ("tar.gz", "t.tgz")] {
        let path = office.folder().join(name).to_string_lossy().into_owned();
        let said = office.command(&["export", "alice@alpha.test", &path, "--format", format]);
        // One of the ten letters lies in two folders, and each of these gets it whole.
        assert!(said.contains("letters: 11"), "{said}");
        let (code, out, err) = office.try_command(&["import", "bob@alpha.test", &path, "--again"], b"");
        assert_eq!((code, last(&out), err.as_str()), (0, "letters imported: 10; here already: 1; passed over: 0", ""));
        let bob = &office.people[1];
        assert_eq!(seen(office.ports.imaps, bob), expected, "{format}");
        let (code, _, err) = office.try_command(&["export", "alice@alpha.test", &path, "--format", format], b"");
        assert!(code == 1 && err.contains("is there already"), "{err}");
        office.command(&["account", "remove", "bob@alpha.test", "--yes"]);
        office.command_with_input(&["account", "add", "bob@alpha.test", "--password-stdin"], bob.password.as_bytes());
    }
}

#[test]
fn other_programs_read_what_is_exported() {
    let office = office();
    must_import(&office, &letters("thunderbird"), "letters imported: 5; here already: 0; passed over: 0");
    let (mbox, maildir) = (office.folder().join("mboxes"), office.folder().join("Maildir"));
    office.command(&["export", "alice@alpha.test", &mbox.to_string_lossy(), "--format", "mbox"]);
    office.command(&["export", "alice@alpha.test", &maildir.to_string_lossy()]);

    let inbox = mbox.join("INBOX.mbox").to_string_lossy().into_owned();
    let read: Value =
        serde_json::from_str(&python("moving.py", &["mbox", &inbox], b"").must_succeed().out).expect("json");
    let expected =
        serde_json::json!([["<facture42@exemple.test>", "ROA", "Facture 42"], ["<new@exemple.test>", "O", "new"]]);
    assert_eq!(read, expected);

    let path = maildir.to_string_lossy().into_owned();
    let read: Vec<(String, String, String, i64)> =
        serde_json::from_str(&python("moving.py", &["maildir", &path], b"").must_succeed().out).expect("json");
    let expected = vec![
        ("INBOX".to_owned(), "<facture42@exemple.test>".to_owned(), "RSa".to_owned(), 1_741_079_518),
        ("INBOX".to_owned(), "<new@exemple.test>".to_owned(), String::new(), 1_741_161_600),
        ("Sent".to_owned(), "<recommande@exemple.test>".to_owned(), "S".to_owned(), 1_741_266_000),
        ("Trash".to_owned(), "<trash@exemple.test>".to_owned(), "S".to_owned(), 1_741_352_400),
        ("Travail.Clients".to_owned(), "<commande@exemple.test>".to_owned(), "FPS".to_owned(), 1_741_262_400),
    ];
    let without_keyword_letters = |read: Vec<(String, String, String, i64)>| {
        read.into_iter().map(|(a, b, flags, d)| (a, b, flags.replace('b', ""), d)).collect::<Vec<_>>()
    };
    assert_eq!(without_keyword_letters(read), expected);
    mbsync_copies(&office, &maildir);
}

/// mbsync takes our Maildir for one of its own.
fn mbsync_copies(office: &Office, maildir: &Path) {
    let copy = office.folder().join("copy");
    std::fs::create_dir(&copy).expect("made");
    let config = office.folder().join("mbsyncrc");
    let text = format!(
        "MaildirStore ours\nInbox {0}\nSubFolders Maildir++\n\nMaildirStore copy\nPath {1}/\nInbox {1}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :ours:\nNear :copy:\nPatterns *\nCreate Near\nSync Pull\nSyncState {1}/state-\n",
        maildir.display(),
        copy.display()
    );
    std::fs::write(&config, text).expect("written");
    client(Command::new("mbsync").arg("-c").arg(&config).arg("-a"), b"").must_succeed();
    let clients = copy.join("Travail/Clients");
    let letters: Vec<_> = std::fs::read_dir(clients.join("cur")).expect("copied").collect();
    assert_eq!(letters.len(), 1, "{clients:?}");
    // The files that mbsync wrote are a Maildir that we read: nested, this time.
    let path = copy.to_string_lossy().into_owned();
    let (code, out, err) = office.try_command(&["import", "bob@alpha.test", &path], b"");
    assert_eq!((code, last(&out)), (0, "letters imported: 5; here already: 0; passed over: 0"), "{err}");
    let folders: BTreeSet<String> =
        seen(office.ports.imaps, &office.people[1]).into_iter().map(|seen| seen.0).collect();
    assert_eq!(folders, ["INBOX", "Sent", "Trash", "Travail/Clients"].map(str::to_owned).into());
}

#[test]
fn an_import_is_rehearsed_done_listed_and_taken_back() {
    let office = office();
    let (code, out, err) = import(&office, &letters("takeout"), &["--dry-run"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("Famille/Vacances") && out.contains("new folder"), "{out}");
    assert!(last(&out).starts_with("nothing was changed; letters that would come: 5;"), "{out}");
    assert_eq!(seen(office.ports.imaps, office.first()), []);

    let (_, out, _) = import(&office, &letters("takeout"), &["--json"]);
    let done: Value = serde_json::from_str(last(&out)).expect("json");
    let run = done["run"].as_i64().expect("a number").to_string();
    assert!(office.command(&["import", "list", "alice@alpha.test"]).contains(&run));
    let undone = office.command(&["import", "undo", &run]);
    assert!(undone.starts_with("letters taken away: 5;") && undone.contains("folders taken away: 3"), "{undone}");
    assert_eq!(seen(office.ports.imaps, office.first()), []);
    let (code, _, err) = office.try_command(&["import", "undo", &run], b"");
    assert!(code == 1 && err.contains("taken back already"), "{err}");
    must_import(&office, &letters("takeout"), "letters imported: 5; here already: 0; passed over: 0");
    let (_, out, _) = import(&office, &letters("thunderbird"), &[]);
    assert!(out.contains("to take it back: facteur import undo "), "{out}");
}

#[test]
fn an_export_fills_no_disk_that_is_not_mounted() {
    let office = office();
    let missing = office.folder().join("disk");
    for format in ["maildir", "mbox", "eml", "zip", "tar.gz"] {
        let path = missing.join("backup").to_string_lossy().into_owned();
        let (code, _, err) = office.try_command(&["export", "alice@alpha.test", &path, "--format", format], b"");
        assert!(code == 1 && err.contains("there is no folder") && !missing.exists(), "{format}: {err}");
    }
}
