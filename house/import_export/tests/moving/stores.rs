//! Stores as other programs keep them: letters, folders, flags and dates come.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use facteur_import_export as import_export;
use import_export::{Beside, Fault, Foreign};
use mailbox::System;

use crate::fixture::{Fixture, Watcher};

/// A folder that is filled with files and imported.
pub struct Store {
    place: tempfile::TempDir,
}

/// A letter as it came: folder, subject, flags, keywords.
pub type Came = (String, String, System, Vec<String>);

impl Store {
    pub fn new() -> Self {
        Self { place: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self) -> &Path {
        self.place.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.place.path().join(name);
        fs::create_dir_all(path.parent().expect("below the place")).expect("made");
        fs::write(path, content).expect("written");
        self
    }

    /// A zip of some of the files.
    pub fn zip(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let path = self.place.path().join(name);
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).expect("made"));
        for (name, content) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("begun");
            zip.write_all(content.as_bytes()).expect("written");
        }
        zip.finish().expect("written");
        path
    }

    /// Imports all of it into an empty mailbox. Returns the letters by folder and subject, and what the import told.
    pub fn import(&self) -> (Vec<Came>, Watcher) {
        let fixture = Fixture::new();
        let (imported, watcher) = fixture.watched(self.path(), None);
        imported.expect("imported");
        (came(&fixture), watcher)
    }

    #[track_caller]
    pub fn must_give(&self, expected: &[(&str, &str, System, &str)]) {
        let (came, watcher) = self.import();
        assert_eq!(watcher.skipped, []);
        let expected = expected.iter().map(|(folder, subject, system, keywords)| {
            let keywords = keywords.split_whitespace().map(str::to_owned).collect();
            ((*folder).to_owned(), (*subject).to_owned(), *system, keywords)
        });
        assert_eq!(came, expected.collect::<Vec<Came>>());
    }
}

pub fn came(fixture: &Fixture) -> Vec<Came> {
    let mut came = Vec::new();
    for (folder, (_, _, letters)) in fixture.content() {
        for letter in letters {
            let subject = mail::header::find(&letter.raw, "Subject").map(|field| field.value().into_owned());
            let subject = String::from_utf8_lossy(&subject.unwrap_or_default()).into_owned();
            came.push((folder.clone(), subject, System::from_bits(letter.system), letter.keywords));
        }
    }
    came.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    came
}

/// A letter that begins with a field, as most do not.
pub fn letter(subject: &str) -> String {
    format!(
        "DKIM-Signature: v=1\nFrom: ann@one.test\nSubject: {subject}\nMessage-ID: <{subject}@one.test>\nDate: Tue, 24 Nov 2026 10:00:00 +0100\n\nx\n"
    )
}

pub fn in_mbox(subject: &str) -> String {
    format!("From ann@one.test Tue Nov 24 12:00:00 2026\n{}\n", letter(subject))
}

fn emlx(subject: &str, flags: u64) -> String {
    let letter = letter(subject);
    let list = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\n";
    let dates = "\t<key>date-received</key>\n\t<integer>1000000000</integer>\n";
    format!(
        "{:<10}\n{letter}{list}{dates}\t<key>flags</key>\n\t<integer>{flags}</integer>\n</dict></plist>\n",
        letter.len()
    )
}

const NONE: System = System::NONE;
const SEEN: System = System::SEEN;

#[test]
fn mh_folders_come_with_their_sequences_whatever_field_a_letter_begins_with() {
    let store = Store::new();
    store.write("inbox/1", letter("one")).write("inbox/2", format!("Replied: now\n{}", letter("two")));
    store
        .write("inbox/10", letter("ten"))
        .write("inbox/.mh_sequences", "cur: 2\nunseen: 1\nflagged: 2\nreplied: 10\ntodo: 10\n");
    store.write("inbox/,3", letter("removed")).write("lists/rust/7", letter("seven"));
    let answered = SEEN | System::ANSWERED;
    store.must_give(&[
        ("INBOX", "one", NONE, ""),
        ("INBOX", "ten", answered, "todo"),
        ("INBOX", "two", SEEN | System::FLAGGED, ""),
        ("lists/rust", "seven", SEEN, ""),
    ]);
    let (_, watcher) = store.import();
    let kinds: Vec<Beside> = watcher.beside.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [Beside::Deleted, Beside::Index]);
}

#[test]
fn mboxes_that_are_called_like_years_stay_mboxes() {
    let store = Store::new();
    store.write("2019", in_mbox("old")).write("2020", in_mbox("newer"));
    store.must_give(&[("2019", "old", NONE, ""), ("2020", "newer", NONE, "")]);
}

#[test]
fn apple_mails_bundles_come_with_flags_and_dates() {
    let store = Store::new();
    let account = "V10/01234567-89AB-CDEF-0123-456789ABCDEF";
    let data = "89ABCDEF-89AB-CDEF-0123-456789ABCDEF/Data/1/Messages";
    store.write(&format!("{account}/INBOX.mbox/{data}/1.emlx"), emlx("read", 1));
    store.write(&format!("{account}/INBOX.mbox/{data}/2.partial.emlx"), emlx("flagged", 1 << 4));
    store.write(&format!("{account}/INBOX.mbox/Info.plist"), "<plist/>");
    store.write(&format!("{account}/Sent Messages.mbox/{data}/3.emlx"), emlx("sent", 1 | 1 << 8));
    store.write("Mailboxes/Travail/Clients.mbox/Messages/4.emlx", emlx("client", (1 << 2) | (1 << 24)));
    store.write("MailData/Envelope Index", "SQLite format 3\0");
    store.must_give(&[
        ("INBOX", "flagged", System::FLAGGED, ""),
        ("INBOX", "read", SEEN, ""),
        ("Sent", "sent", SEEN, "$Forwarded"),
        ("Travail/Clients", "client", System::ANSWERED, "$Junk"),
    ]);
    let fixture = Fixture::new();
    fixture.import(store.path());
    assert!(fixture.content()["INBOX"].2.iter().all(|letter| letter.received == 1_000_000_000));
}

#[test]
fn a_bundle_that_is_named_itself_is_a_folder() {
    let store = Store::new();
    store.write("Travail.mbox/Messages/1.emlx", emlx("one", 1)).write("Vieux.mbox/mbox", in_mbox("old"));
    let fixture = Fixture::new();
    fixture.import(&store.path().join("Travail.mbox"));
    fixture.import(&store.path().join("Vieux.mbox"));
    let folders: Vec<String> = came(&fixture).into_iter().map(|came| came.0).collect();
    assert_eq!(folders, ["Travail", "Vieux"]);
}

#[test]
fn apples_attachments_that_lie_apart_are_told() {
    let store = Store::new();
    store
        .write("A.mbox/Messages/2.partial.emlx", emlx("partial", 0))
        .write("A.mbox/Attachments/2/2/photo.jpg", "\u{ff}");
    let (came, watcher) = store.import();
    assert_eq!(came.len(), 1);
    let [skipped] = &watcher.skipped[..] else { panic!("{:?}", watcher.skipped) };
    assert_eq!((skipped.file.as_str(), &skipped.fault), ("A.mbox/Attachments/2/2/photo.jpg", &Fault::Apart));
}

#[test]
fn kmails_mixture_of_maildirs_and_mboxes_keeps_its_folders() {
    let store = Store::new();
    store.write("inbox/cur/1.a:2,S", letter("in")).write("inbox/new/2.b", letter("new"));
    store.write(".inbox.directory/clients/cur/3.c:2,F", letter("client"));
    store
        .write("sent-mail/cur/4.d:2,S", letter("sent"))
        .write(".sent-mail.index", "index")
        .write(".sent-mail.index.ids", "i");
    store.write("travail", in_mbox("work")).write(".travail.index", "index");
    store.write(".travail.directory/2024", in_mbox("older")).write(".travail.directory/.2024.index", "index");
    store.must_give(&[
        ("INBOX", "in", SEEN, ""),
        ("INBOX", "new", NONE, ""),
        ("INBOX/clients", "client", System::FLAGGED, ""),
        ("Sent", "sent", SEEN, ""),
        ("travail", "work", NONE, ""),
        ("travail/2024", "older", NONE, ""),
    ]);
}

#[test]
fn the_trees_of_readpst_come_with_and_without_mboxes() {
    let store = Store::new();
    store
        .write("Outlook Data File/Inbox/mbox", in_mbox("in"))
        .write("Outlook Data File/Sent Items/mbox", in_mbox("sent"));
    store.write("Outlook Data File/Inbox/Clients/mbox", in_mbox("client"));
    store.write("Outlook Data File/Contacts/mbox", "BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n");
    store.write("Outlook Data File/Calendar/mbox", "BEGIN:VCALENDAR\nEND:VCALENDAR\n");
    store.must_give(&[("INBOX", "in", NONE, ""), ("INBOX/Clients", "client", NONE, ""), ("Sent", "sent", NONE, "")]);
    let store = Store::new();
    store
        .write("Persönliche Ordner/Posteingang/1", letter("in"))
        .write("Persönliche Ordner/Posteingang/2", letter("two"));
    store.write("Persönliche Ordner/Gesendete Elemente/1", letter("sent"));
    store.write("Persönliche Ordner/Posteingang/2-invoice.pdf", "%PDF-1.4");
    let (came, watcher) = store.import();
    let folders: Vec<&str> = came.iter().map(|came| came.0.as_str()).collect();
    assert_eq!(folders, ["INBOX", "INBOX", "Sent"]);
    assert_eq!(watcher.skipped.len(), 1, "the attachment that readpst -S put beside its letter");
}

#[test]
fn protons_export_comes_with_folders_labels_and_flags() {
    let store = Store::new();
    let labels = r#"{"Version":1,"Payload":[{"ID":"f==","Name":"Clients","Path":"Travail/Clients","Type":3},{"ID":"l==","Name":"Urgent","Path":"Urgent","Type":1}]}"#;
    store.write("mail_1/labels.json", labels);
    let describe = |labels: &str, more: &str| {
        format!(r#"{{"Version":1,"Payload":{{"LabelIDs":[{labels}],"Time":1000000000{more}}}}}"#)
    };
    for (name, labels, more) in [
        ("a", r#""5","0""#, r#","Unread":1"#),
        ("b", r#""5","f==","10","l==""#, r#","Unread":0,"IsRepliedAll":1"#),
        ("c", r#""5","7","2""#, r#","Unread":0"#),
    ] {
        store.write(&format!("mail_1/{name}.eml"), letter(name));
        store.write(&format!("mail_1/{name}.metadata.json"), describe(labels, more));
    }
    store.must_give(&[
        ("INBOX", "a", NONE, ""),
        ("Sent", "c", SEEN, ""),
        ("Travail/Clients", "b", SEEN | System::FLAGGED | System::ANSWERED, ""),
        ("Urgent", "b", SEEN | System::FLAGGED | System::ANSWERED, ""),
    ]);
    fs::remove_file(store.path().join("mail_1/c.eml")).expect("removed");
    let (came, watcher) = store.import();
    assert_eq!((came.len(), watcher.skipped[0].fault.clone()), (3, Fault::Orphan), "a letter that is missing is told");
}

#[test]
fn a_folder_with_the_parts_of_a_takeout_is_one_takeout() {
    let store = Store::new();
    let labelled = |labels: &str, subject: &str| {
        format!("From 1@xxx Tue Nov 24 12:00:00 +0000 2026\nX-Gmail-Labels: {labels}\n{}\n", letter(subject))
    };
    let first = labelled("Inbox,Unread", "one") + &labelled("Travail,Starred", "two");
    let name = "Takeout/Mail/All mail Including Spam and Trash-001.mbox";
    store.zip("takeout-20261124T100000Z-001.zip", &[(name, &first), ("Takeout/archive_browser.html", "<html>")]);
    let again = labelled("Inbox,Unread", "one") + &labelled("Sent", "three");
    store.zip(
        "takeout-20261124T100000Z-002.zip",
        &[("Takeout/Mail/All mail Including Spam and Trash-002.mbox", &again)],
    );
    store.must_give(&[
        ("INBOX", "one", NONE, ""),
        ("Sent", "three", SEEN, ""),
        ("Travail", "two", SEEN | System::FLAGGED, ""),
    ]);
}

#[test]
fn one_damaged_archive_in_a_folder_is_told_and_the_others_come() {
    let store = Store::new();
    store.zip("a.zip", &[("x.eml", &letter("one"))]);
    let path = store.zip("b.zip", &[("y.eml", &letter("two"))]);
    let whole = fs::read(&path).expect("read");
    fs::write(&path, &whole[..whole.len() / 2]).expect("torn");
    let (came, watcher) = store.import();
    assert_eq!((came.len(), watcher.skipped.len()), (1, 1));
    assert_eq!(watcher.skipped[0].file, "b.zip");
}

#[test]
fn forms_that_are_not_read_are_refused_by_what_stands_in_them() {
    for (start, foreign) in [
        (&b"!BDN\x00\x00\x00\x00SM\x17\x00"[..], Foreign::Pst),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", Foreign::Msg),
        (b"*mbx*\r\n4a3b2c1d00000001\r\n", Foreign::Mbx),
        (b"\xcf\xad\x12\xfe\xc5\xfd\x74\x6f", Foreign::Dbx),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", Foreign::Archive),
    ] {
        let store = Store::new();
        store.write("Old mail", start).write("a.eml", letter("a"));
        let (came, watcher) = store.import();
        let [skipped] = &watcher.skipped[..] else { panic!("{foreign:?}: {:?}", watcher.skipped) };
        assert_eq!((came.len(), &skipped.fault), (1, &Fault::Foreign(foreign)));
    }
}

#[test]
fn a_from_with_a_blank_before_its_colon_is_a_field() {
    let wide = "From : ann@one.test\nSubject: wide\nMessage-ID: <fsc@small.test>\n\nx\n";
    let store = Store::new();
    store.write("a.eml", wide).write("plain", wide.replace("wide", "plain").replace("fsc", "other"));
    let body = "From : is a field\nSubject: no letter\n\nstill the first\n";
    store.write(
        "b.mbox",
        format!("From a@b.test Tue Nov 24 12:00:00 2026\n{}\n{body}", wide.replace("wide", "in mbox")),
    );
    let fixture = Fixture::new();
    let (imported, skipped) = fixture.import(store.path());
    assert_eq!((imported.letters, skipped), (3, vec![]));
    let content = fixture.content();
    let raw = |folder: &str| content[folder].2.iter().map(|letter| letter.raw.clone()).collect::<Vec<_>>();
    assert!(raw("INBOX").contains(&wide.replace('\n', "\r\n").into_bytes()), "octet for octet");
    assert!(raw("b")[0].starts_with(b"From : ann@one.test\r\n") && raw("b")[0].ends_with(b"still the first\r\n"));
}
