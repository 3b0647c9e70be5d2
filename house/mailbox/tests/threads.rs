//! Tests that an answer that names no letter finds its conversation by its topic and by its people.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{ACCESS, ALICE, Fixture, NOW, only, runtime};
use facteur_mailbox as mailbox;
use mail::Timestamp;
use mailbox::account_changes::{self, Cursor};
use mailbox::letter::{Expunge, expunge};
use mailbox::own::{self, Addresses};
use mailbox::verify::{Fault, Verify};
use mailbox::{Change, FlagSet, FolderId, ThreadId, account, index};
use proptest::prelude::*;

const DAY: i64 = 86_400_000;
const ME: &str = "Alice <alice@alpha.test>";
const BOB: &str = "Bob <bob@beta.test>";
const CAROL: &str = "carol@gamma.test";
const EVE: &str = "eve@evil.test";

/// Alice's mailbox, whose addresses are known.
struct Desk {
    fixture: Fixture,
    inbox: FolderId,
    count: u32,
}

impl Desk {
    fn new() -> Self {
        let fixture = Fixture::new();
        fixture.write(|tx| own::know(tx, ALICE, &addresses())).unwrap();
        let inbox = fixture.folder("INBOX").id;
        Self { fixture, inbox, count: 0 }
    }

    /// Files a letter of a day, with an id of its own and these fields, and gives its conversation.
    fn file(&mut self, day: i64, fields: &str) -> ThreadId {
        self.count += 1;
        let raw = format!("Message-ID: <{}@x>\r\n{fields}\r\nHello\r\n", self.count);
        let received = Timestamp(NOW.0 + day * DAY);
        self.fixture.file_with(self.inbox, raw, FlagSet::default(), received).unwrap().thread
    }

    /// Files a letter from somebody to somebody.
    fn write(&mut self, day: i64, from: &str, to: &str, subject: &str) -> ThreadId {
        self.file(day, &format!("From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n"))
    }

    /// The conversations of all letters as they are now, in the order of their UIDs.
    fn threads(&self) -> Vec<ThreadId> {
        self.fixture.rows(self.inbox).iter().map(|row| row.thread).collect()
    }

    fn is_sound(&self) {
        let mut found = Vec::new();
        let verify = Verify { store: &self.fixture.store, references: &[], repair: false };
        verify.run(&mut |finding| found.push(finding)).unwrap();
        assert_eq!(found, []);
    }
}

fn addresses() -> Addresses {
    let mut own = Addresses::default();
    own.add("Alice@alpha.test");
    own.add("team@alpha.test");
    own
}

/// Returns true if all letters come to lie in one conversation, whichever comes first. Day, sender, readers, subject.
fn belong_together(letters: &[(i64, &str, &str, &str)]) -> bool {
    let orders = [letters.to_vec(), letters.iter().rev().copied().collect()];
    let found = orders.map(|letters| {
        let mut desk = Desk::new();
        for (day, from, to, subject) in letters {
            desk.write(day, from, to, subject);
        }
        desk.is_sound();
        desk.threads().iter().collect::<BTreeSet<_>>().len() == 1
    });
    assert_eq!(found[0], found[1], "the order matters for {letters:?}");
    found[0]
}

#[test]
fn an_answer_joins_what_it_answers_whichever_comes_first() {
    assert!(belong_together(&[(0, BOB, ME, "Lunch"), (1, ME, BOB, "Re: Lunch")]));
    assert!(belong_together(&[(0, ME, BOB, "Lunch"), (1, BOB, ME, "AW: lunch"), (2, ME, BOB, "RE: AW: Lunch")]));
    // A person who was only in copy answers.
    assert!(belong_together(&[(0, BOB, &format!("{ME}, {CAROL}"), "Lunch"), (1, CAROL, ME, "Re: Lunch")]));
    // Two answers have nothing in common but the letter that they answer.
    assert!(belong_together(&[
        (0, ME, &format!("{BOB}, {CAROL}"), "Lunch"),
        (1, BOB, ME, "Re: Lunch"),
        (1, CAROL, ME, "Re: Lunch")
    ]));
    assert!(belong_together(&[(0, BOB, ME, "=?utf-8?q?D=C3=A9jeuner?="), (0, ME, BOB, "Re: Déjeuner")]));
    assert!(belong_together(&[(0, BOB, ME, "会议通知"), (0, ME, BOB, "回复：=?utf-8?B?5Lya6K6u6YCa55+l?=")]));
}

#[test]
fn strangers_with_one_subject_stay_strangers() {
    let apart = |letters: &[(i64, &str, &str, &str)]| assert!(!belong_together(letters), "{letters:?}");
    apart(&[(0, BOB, ME, "Invoice"), (1, EVE, ME, "Re: Invoice")]);
    apart(&[(0, BOB, ME, "Invoice"), (1, EVE, "Team <team@alpha.test>", "Re: Invoice")]);
    apart(&[(0, BOB, "alice+shop@alpha.test", "Invoice"), (1, EVE, "ALICE@alpha.test", "Re: Invoice")]);
    apart(&[(0, ME, BOB, "Invoice"), (1, EVE, ME, "Re: Invoice")]);
    apart(&[(0, BOB, ME, "Invoice"), (1, ME, EVE, "Re: Invoice")]);
    // Both are written to Carol as well: she has said nothing.
    apart(&[(0, BOB, &format!("{ME}, {CAROL}"), "Invoice"), (1, EVE, &format!("{ME}, {CAROL}"), "Re: Invoice")]);
    apart(&[(0, BOB, ME, "Invoice 17"), (1, ME, BOB, "Re: Invoice 18")]);
    apart(&[(0, BOB, ME, "hi"), (1, ME, BOB, "Re: hi")]);
    apart(&[(0, BOB, ME, ""), (1, ME, BOB, "Re:")]);
    apart(&[(0, BOB, ME, "(no subject)"), (1, ME, BOB, "Re: (no subject)")]);
}

#[test]
fn only_an_answer_joins() {
    let apart = |letters: &[(i64, &str, &str, &str)]| assert!(!belong_together(letters), "{letters:?}");
    apart(&[(0, BOB, ME, "Report"), (1, BOB, ME, "Report")]);
    apart(&[(0, BOB, ME, "Report"), (1, BOB, ME, "Fwd: Report")]);
    apart(&[(0, BOB, ME, "Report"), (1, ME, BOB, "TR : Report")]);
    apart(&[(0, BOB, ME, "Report"), (1, BOB, ME, "Fwd: Re: Report")]);
    apart(&[(0, BOB, ME, "Report"), (1, ME, BOB, "Re: Fwd: Report")]);
    assert!(belong_together(&[(0, BOB, ME, "Fwd: Report"), (1, ME, BOB, "Re: Fwd: Report")]));
}

#[test]
fn thirty_days_are_the_limit() {
    assert!(belong_together(&[(0, BOB, ME, "Lunch"), (30, ME, BOB, "Re: Lunch")]));
    assert!(!belong_together(&[(0, BOB, ME, "Lunch"), (31, ME, BOB, "Re: Lunch")]));
    // The day that a letter was sent counts where it says that, not the day it came.
    let mut desk = Desk::new();
    let lunch = |date: &str, from: &str, to: &str, re: &str| {
        format!("From: {from}\r\nTo: {to}\r\nDate: {date}\r\nSubject: {re}Lunch\r\n")
    };
    let first = desk.file(0, &lunch("Mon, 1 Jun 2026 10:00:00 +0000", BOB, ME, ""));
    let late = desk.file(0, &lunch("Thu, 2 Jul 2026 10:00:00 +0000", ME, BOB, "Re: "));
    let soon = desk.file(400, &lunch("Tue, 2 Jun 2026 10:00:00 +0000", ME, BOB, "Re: "));
    assert!(first == soon && first != late);
}

#[test]
fn the_nearest_conversation_before_it_is_what_an_answer_answers() {
    let mut desk = Desk::new();
    let may = desk.write(0, BOB, ME, "Rent");
    let june = desk.write(20, BOB, ME, "Rent");
    let july = desk.write(45, BOB, ME, "Rent");
    assert_eq!([may, june, july].iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(desk.write(10, ME, BOB, "Re: Rent"), may);
    assert_eq!(desk.write(25, ME, BOB, "Re: Rent"), june);
    assert_eq!(desk.write(60, ME, BOB, "Re: Rent"), july);
}

#[test]
fn an_answer_that_has_found_its_conversation_waits_for_no_other() {
    let mut desk = Desk::new();
    let answer = desk.write(5, ME, BOB, "Re: Rent");
    assert_eq!(desk.write(4, BOB, ME, "Rent"), answer);
    assert_ne!(desk.write(3, BOB, ME, "Rent"), answer);
}

#[test]
fn who_names_a_letter_belongs_to_it_alone() {
    let mut desk = Desk::new();
    let first = desk.write(0, BOB, ME, "Lunch");
    // An answer that names nothing that could be an id finds its conversation by its subject.
    let vague =
        "From: bob@beta.test\r\nTo: alice@alpha.test\r\nIn-Reply-To: Your message of Monday\r\nSubject: Re: Lunch\r\n";
    assert_eq!(desk.file(0, vague), first);
    let named = "From: bob@beta.test\r\nTo: alice@alpha.test\r\nIn-Reply-To: <other@x>\r\nSubject: Re: Lunch\r\n";
    assert_ne!(desk.file(0, named), first);
    // And both ways together make one conversation of two.
    let mut desk = Desk::new();
    desk.write(0, BOB, ME, "Lunch");
    let naming = "From: carol@gamma.test\r\nTo: alice@alpha.test\r\nReferences: <3@x>\r\nSubject: Dinner\r\n";
    desk.file(0, naming);
    desk.write(1, ME, BOB, "Re: Lunch");
    assert_eq!(desk.threads().iter().collect::<BTreeSet<_>>().len(), 1);
    desk.is_sound();
}

#[test]
fn a_list_is_a_common_participant() {
    let list = "The club <club@lists.test>";
    assert!(belong_together(&[(0, BOB, list, "[club] Outing"), (1, CAROL, list, "[club] Re: Outing")]));
    assert!(!belong_together(&[(0, BOB, ME, "[external] Outing"), (1, CAROL, ME, "[external] Re: Outing")]));
    let mut desk = Desk::new();
    let letter = |from: &str, subject: &str| {
        format!("From: {from}\r\nTo: x@lists.test\r\nList-Id: <x.lists.test>\r\nSubject: {subject}\r\n")
    };
    let first = desk.file(0, &letter(BOB, "Outing"));
    assert_eq!(desk.file(0, &letter(CAROL, "Re: Outing")), first);
}

#[test]
fn where_it_is_not_known_who_the_owner_is_no_subject_joins() {
    let mut desk = Desk::new();
    desk.fixture.write(|tx| own::know(tx, ALICE, &Addresses::default())).unwrap();
    let first = desk.write(0, BOB, ME, "Lunch");
    assert_ne!(desk.write(0, ME, BOB, "Re: Lunch"), first);
    desk.fixture.write(|tx| own::know(tx, ALICE, &addresses())).unwrap();
    assert_eq!(desk.write(0, CAROL, BOB, "Re: Lunch"), first);
    // Everybody of a domain that is all the owner's is the owner.
    desk.fixture
        .write(|tx| {
            let mut own = addresses();
            own.add("*@beta.test");
            own::know(tx, ALICE, &own)
        })
        .unwrap();
    let other = desk.write(0, BOB, ME, "Dinner");
    assert_ne!(desk.write(0, ME, BOB, "Re: Dinner"), other);
}

#[test]
fn what_leads_to_a_conversation_goes_with_it() {
    let mut desk = Desk::new();
    desk.write(0, BOB, ME, "Lunch");
    desk.write(0, CAROL, ME, "Re: Dinner");
    assert_eq!(desk.fixture.count("thread_subject"), 6);
    let inbox = desk.inbox;
    desk.fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(1)]), 1)).unwrap();
    assert_eq!(desk.fixture.count("thread_subject"), 4);
    desk.fixture.write(|tx| account::delete(tx, ALICE)).unwrap();
    runtime().block_on(index::catch_up(&desk.fixture.store)).unwrap();
    assert_eq!((desk.fixture.count("thread_subject"), desk.fixture.count("own_address")), (0, 0));
}

#[test]
fn conversations_of_long_ago_are_forgotten_and_the_last_ones_are_not() {
    let mut desk = Desk::new();
    desk.write(0, BOB, ME, "Lunch");
    desk.fixture.write(|tx| Ok(tx.execute("UPDATE account_mail SET change = 30000", &[])?)).unwrap();
    let dinner = desk.write(0, BOB, ME, "Dinner");
    runtime().block_on(index::catch_up(&desk.fixture.store)).unwrap();
    assert_eq!(desk.fixture.count("thread_subject"), 2);
    assert_eq!(desk.write(0, ME, BOB, "Re: Dinner"), dinner);
    assert!(!desk.threads()[2..].contains(&desk.write(0, ME, BOB, "Re: Lunch")));
}

#[test]
fn verify_tells_of_subjects_that_lead_nowhere() {
    let desk = Desk::new();
    let sql = "INSERT INTO thread_subject (account, hash, day, thread) VALUES (1, 7, 7, 8888)";
    desk.fixture.write(move |tx| Ok(tx.execute(sql, &[])?)).unwrap();
    let found = |repair| {
        let mut found = Vec::new();
        let verify = Verify { store: &desk.fixture.store, references: &[], repair };
        verify.run(&mut |finding| found.push((finding.fault, finding.mended))).unwrap();
        found
    };
    assert_eq!(found(true), [(Fault::LooseIds(ThreadId(8888)), true)]);
    runtime().block_on(index::catch_up(&desk.fixture.store)).unwrap();
    assert_eq!((desk.fixture.count("thread_subject"), found(false)), (0, vec![]));
}

#[test]
fn a_flood_of_answers_is_filed_all_the_same() {
    let mut desk = Desk::new();
    let everybody: Vec<String> = (0..3000).map(|n| format!("p{n}@x.test")).collect();
    for day in 0..20 {
        desk.write(day * 40, EVE, &everybody.join(", "), &format!("Re: {}", "Lunch ".repeat(5000)));
    }
    assert!(desk.fixture.count("thread_subject") <= 20 * 32);
    desk.is_sound();
}

/// A letter of a conversation: which one, an answer or its beginning, and how many days after it.
#[derive(Clone, Debug)]
struct Said {
    talk: usize,
    answer: bool,
    from_owner: bool,
    after: i64,
}

/// Conversations in which nothing is in doubt: people and subjects, of which each pair comes once.
const TALKS: [(&str, &str); 6] = [
    ("bob@beta.test", "Lunch"),
    ("carol@gamma.test", "Lunch"),
    ("bob@beta.test", "Dinner"),
    ("dan@delta.test", "Invoice"),
    ("eve@evil.test", "Invoice"),
    ("fred@phi.test", "Fwd: Invoice"),
];

fn correspondence() -> impl Strategy<Value = Vec<Said>> {
    let said = (0..TALKS.len(), any::<bool>(), 0..15i64).prop_map(|(talk, from_owner, after)| Said {
        talk,
        answer: true,
        from_owner,
        after,
    });
    let first = |talk| Said { talk, answer: false, from_owner: false, after: 0 };
    prop::collection::vec(said, 0..24)
        .prop_map(move |said| (0..TALKS.len()).map(first).chain(said).collect::<Vec<_>>())
        .prop_shuffle()
}

impl Desk {
    fn say(&mut self, said: &Said) {
        let (other, subject) = TALKS[said.talk];
        let (from, to) = if said.from_owner { (ME, other) } else { (other, ME) };
        let re = if said.answer { "Re: " } else { "" };
        self.write(said.after, from, to, &format!("{re}{subject}"));
    }
}

/// A client that knows the account as a whole (JMAP) and is told of changes.
#[derive(Default)]
struct Client {
    at: Option<Cursor>,
    letters: BTreeMap<i64, ThreadId>,
}

impl Client {
    fn look(&mut self, fixture: &Fixture) {
        let from = self.at.unwrap_or(Cursor::at(Change::default()));
        let changes = fixture.read(move |view| account_changes::letters(view, ACCESS, from, 1000)).unwrap();
        for gone in changes.destroyed {
            self.letters.remove(&gone.0);
        }
        for key in changes.created.into_iter().chain(changes.updated) {
            let want = mailbox::Want::ROW;
            let found = fixture.read(move |view| mailbox::fetch::visible(view, ACCESS, key, want));
            self.letters.insert(key.0, found.unwrap().1.thread);
        }
        self.at = Some(changes.now);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 100, ..ProptestConfig::default() })]

    /// Whatever the order, letters lie together that belong together and no others, and a client that follows the changes
    /// knows it.
    #[test]
    fn conversations_are_the_same_in_any_order(letters in correspondence()) {
        let mut desk = Desk::new();
        let mut client = Client::default();
        for said in &letters {
            desk.say(said);
            client.look(&desk.fixture);
        }
        let truth: BTreeMap<i64, ThreadId> =
            desk.fixture.rows(desk.inbox).iter().map(|row| (row.letter.0, row.thread)).collect();
        prop_assert_eq!(&client.letters, &truth);
        let mut talks: BTreeMap<usize, BTreeSet<ThreadId>> = BTreeMap::new();
        for (said, thread) in letters.iter().zip(desk.threads()) {
            talks.entry(said.talk).or_default().insert(thread);
        }
        prop_assert!(talks.values().all(|threads| threads.len() == 1), "{:?}", talks);
        let all: BTreeSet<ThreadId> = talks.values().flatten().copied().collect();
        prop_assert_eq!(all.len(), TALKS.len());
        desk.is_sound();
    }
}
