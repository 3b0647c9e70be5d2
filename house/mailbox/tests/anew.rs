//! Letters that an earlier version kept are read anew behind everything else.

mod common;

use common::{ACCESS, ALICE, Fixture, NOW, runtime};
use facteur_mailbox as mailbox;
use mailbox::account_changes::{self, Cursor};
use mailbox::own::{self, Addresses};
use mailbox::parse::{Limits, scan};
use mailbox::verify::Verify;
use mailbox::{Change, FolderId, Row, Structure, Summary, System, changes_since, index, vanished_since};
use store::params;

/// A letter with a raw subject, and one whose inner multipart has the boundary of the outer one: an attachment was lost.
const RAW: &[u8] = b"From: Bob <bob@beta.test>\r\nTo: alice@alpha.test\r\nSubject: caf\xe9 noir\r\n\r\nHello\r\n";
const PARTS: &str = "From: bob@beta.test\r\nSubject: parts\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r\nContent-Type: application/pdf\r\n\
    Content-Disposition: attachment; filename=a.pdf\r\n\r\nPDF\r\n--b--\r\n";
const PLAIN: &str = "From: bob@beta.test\r\nSubject: plain\r\n\r\nHello\r\n";

/// Returns the columns that an earlier version may have read in them.
fn earlier(raw: &[u8], read_as: &[u8]) -> (Vec<u8>, Vec<u8>) {
    assert_eq!(raw.len(), read_as.len());
    let (mut summary, mut structure) = (Summary::parse(read_as).encode(), scan(read_as, Limits::default()).encode());
    (summary[0], structure[0]) = (1, 1);
    (summary, structure)
}

struct Old {
    fixture: Fixture,
    inbox: FolderId,
}

impl Old {
    /// Three letters, read as an earlier version did, and nothing read anew yet.
    fn new() -> Self {
        let fixture = Fixture::new();
        let inbox = fixture.folder("INBOX").id;
        fixture.file_with(inbox, RAW, System::FLAGGED.into(), NOW).unwrap();
        fixture.file(inbox, PARTS).unwrap();
        fixture.file(inbox, PLAIN).unwrap();
        runtime().block_on(index::catch_up(&fixture.store)).unwrap();
        let old = Self { fixture, inbox };
        let as_raw = [&RAW[..49], b"Subject: caf? noir\r\n\r\nHello\r\n"].concat();
        old.was_read(1, earlier(RAW, &as_raw));
        old.was_read(
            2,
            earlier(PARTS.as_bytes(), PARTS.replace("\r\n--b\r\nContent-T", "\r\n--x\r\nContent-T").as_bytes()),
        );
        old.was_read(3, earlier(PLAIN.as_bytes(), PLAIN.as_bytes()));
        old.forget_progress();
        old
    }

    fn was_read(&self, uid: u32, (summary, structure): (Vec<u8>, Vec<u8>)) {
        let inbox = self.inbox;
        self.fixture
            .write(move |tx| {
                tx.execute("UPDATE entry SET attached = 0 WHERE folder = $1 AND uid = $2", params![inbox.0, uid])?;
                let sql = "UPDATE letter SET summary = $3, structure = $4
                     WHERE letter = (SELECT letter FROM entry WHERE folder = $1 AND uid = $2)";
                assert_eq!(tx.execute(sql, params![inbox.0, uid, summary, structure])?, 1);
                Ok(())
            })
            .unwrap();
    }

    fn forget_progress(&self) {
        self.fixture.write(|tx| Ok(tx.execute("DELETE FROM read_anew", &[])?)).unwrap();
    }

    fn catch_up(&self) {
        runtime().block_on(index::catch_up(&self.fixture.store)).unwrap();
    }

    fn rows(&self) -> Vec<Row> {
        self.fixture.rows(self.inbox)
    }

    fn change(&self) -> Change {
        self.fixture.read(|view| mailbox::account::usage(view, ACCESS)).change
    }

    fn faults(&self) -> usize {
        let mut found = 0;
        let verify = Verify { store: &self.fixture.store, references: &[], repair: false };
        verify
            .run(&mut |finding| {
                println!("{finding:?}");
                found += 1;
            })
            .unwrap();
        found
    }
}

fn subject(row: &Row) -> String {
    let card = row.card.as_ref().unwrap();
    mailbox::parse::decode::words(card.summary.as_ref().unwrap().subject().unwrap())
}

fn structure(row: &Row) -> &Structure {
    row.card.as_ref().unwrap().structure.as_ref().unwrap()
}

#[test]
fn what_is_read_otherwise_is_kept_so_and_told() {
    let old = Old::new();
    assert_eq!(old.faults(), 0, "an earlier reading is no fault");
    let before = old.rows();
    assert_eq!((subject(&before[0]).as_str(), structure(&before[1]).root.children().len()), ("caf? noir", 1));
    let (at, inbox) = (old.change(), old.inbox);
    old.catch_up();
    let now = old.rows();
    assert_eq!((old.faults(), now.len()), (0, 3));
    // The subject is read better; the letter keeps its identity.
    let better = &now[0];
    assert_eq!((subject(better).as_str(), better.uid, better.letter), ("café noir", before[0].uid, before[0].letter));
    // The one that only its version tells apart was not touched.
    assert_eq!((now[1].uid, now[1].change), (before[2].uid, before[2].change));
    // The one with another part is another letter, with what people have made of it.
    let (other, was) = (&now[2], &before[1]);
    assert!(other.uid > before[2].uid && other.letter != was.letter && other.thread == was.thread);
    assert_eq!((structure(other).root.children().len(), other.received), (2, was.received));
    // IMAP: one change, one that went, one that came.
    let changed = old.fixture.read(move |view| changes_since(view, ACCESS, inbox, at, 100));
    let changed: Vec<u32> = changed.changed.iter().map(|row| row.uid.get()).collect();
    assert_eq!(changed, [1, 4]);
    let gone = old.fixture.read(move |view| vanished_since(view, ACCESS, inbox, at));
    assert!(gone.contains(before[1].uid));
    // JMAP the same.
    let changes = old.fixture.read(move |view| account_changes::letters(view, ACCESS, Cursor::at(at), 100)).unwrap();
    assert_eq!(
        (changes.created, changes.updated, changes.destroyed),
        (vec![other.letter], vec![better.letter], vec![was.letter])
    );
    let again = old.change();
    old.catch_up();
    assert_eq!(old.change(), again, "once is enough");
}

#[test]
fn the_walk_goes_on_where_it_stopped() {
    let old = Old::new();
    // The first letter had been looked at when the post office was stopped.
    let sql = "INSERT INTO read_anew (version, after, done) VALUES ($1, (SELECT MIN(letter) FROM letter), 0)";
    let summary = Summary::parse(b"\r\n").encode();
    old.fixture.write(move |tx| Ok(tx.execute(sql, params![i64::from(summary[0])])?)).unwrap();
    let old = Old { fixture: old.fixture.reopened(), ..old };
    old.catch_up();
    let now = old.rows();
    assert_eq!((subject(&now[0]).as_str(), structure(&now[2]).root.children().len()), ("caf? noir", 2));
    assert_eq!(old.faults(), 0);
}

#[test]
fn a_damaged_letter_stays_as_it_is_and_keeps_no_other_back() {
    let old = Old::new();
    let before = old.rows();
    let sql = "UPDATE blob_content SET head = x'00112233' WHERE blob = (SELECT MIN(blob) FROM letter)";
    old.fixture.write(move |tx| Ok(tx.execute(sql, &[])?)).unwrap();
    old.catch_up();
    let now = old.rows();
    assert_eq!((subject(&now[0]), now[0].change), (subject(&before[0]), before[0].change));
    assert_eq!(structure(&now[2]).root.children().len(), 2);
}

#[test]
fn answers_find_letters_from_before_subjects_were_noted() {
    let old = Old::new();
    old.fixture
        .write(|tx| {
            tx.execute("DELETE FROM thread_subject", &[])?;
            let mut own = Addresses::default();
            own.add("alice@alpha.test");
            own::know(tx, ALICE, &own)
        })
        .unwrap();
    let answer = "From: alice@alpha.test\r\nTo: bob@beta.test\r\nSubject: Re: caf\u{e9} noir\r\n\r\nYes\r\n";
    let first = old.rows()[0].thread;
    assert_ne!(old.fixture.file(old.inbox, answer).unwrap().thread, first);
    old.catch_up();
    assert_eq!(old.fixture.file(old.inbox, answer).unwrap().thread, first);
}

#[test]
fn very_many_old_letters_are_read_in_slices() {
    let old = Old::new();
    for n in 0..200 {
        let now = PLAIN.replace("plain", &format!("plain {n}"));
        old.fixture.file(old.inbox, now.clone()).unwrap();
        let was = now.replace("plain", "dull!");
        old.was_read(n + 4, earlier(now.as_bytes(), was.as_bytes()));
    }
    old.forget_progress();
    old.catch_up();
    let now = old.rows();
    assert!(now.iter().all(|row| !subject(row).contains("dull")));
    assert_eq!((now.len(), old.faults()), (203, 0));
}
