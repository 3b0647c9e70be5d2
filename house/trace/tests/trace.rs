//! The trace on a store of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use facteur_trace as trace;
use mail::seam::AccountId;
use mail::trace::{Arrival, Attempt, AttemptOutcome, Event, Link, Observation, Step, Witness};
use mail::{LetterId, Timestamp};
use store::{Faults, Options, Store, Tx, View, params};
use trace::{Found, History, Journal, KEPT, Page, Scope, What, find, in_mailbox, note, note_all, sent_by};

struct Archive {
    store: Store,
    _folder: tempfile::TempDir,
}

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const CAROL: AccountId = AccountId(3);

fn name(number: u32) -> LetterId {
    let [a, b, c, d] = number.to_be_bytes();
    LetterId::from_random([7, 7, 7, 7, 7, 7, a, b, c, d])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn from_alice(to: &[&str], message_id: &str) -> Event {
    Event::Received(Arrival {
        by: Some(Link::Msa),
        peer: "192.0.2.7".into(),
        hello: "laptop".into(),
        login: "alice@alpha.test".into(),
        account: Some(ALICE.0),
        return_path: "alice@alpha.test".into(),
        recipients: to.iter().map(|to| (*to).to_owned()).collect(),
        message_id: message_id.into(),
        size: 1000,
        ..Arrival::default()
    })
}

fn filed(account: AccountId, key: i64, recipient: &str) -> Event {
    Event::Filed { account: account.0, key, recipient: recipient.into(), folder: "INBOX".into() }
}

impl Archive {
    fn new() -> Self {
        Self::with(Faults::default())
    }

    fn with(faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { faults, ..Options::new(folder.path()) };
        let store = Store::open(options, trace::MIGRATIONS).unwrap();
        Self { store, _folder: folder }
    }

    async fn write(&self, letter: u32, seconds: i64, events: Vec<Event>) {
        self.run(move |tx| note_all(tx, name(letter), at(seconds), events.clone())).await;
    }

    async fn run(&self, write: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + 'static) {
        self.store.write::<(), store::Error, _>(store::Key::Everything, write).await.unwrap();
    }

    async fn find(&self, scope: Scope, what: What, page: Page) -> Found {
        self.store.read(move |view| find(view, scope, &what, page)).await.unwrap()
    }

    async fn letter(&self, letter: u32) -> Option<History> {
        self.find(Scope::Everyone, What::Letter(name(letter)), Page::default()).await.letters.pop()
    }

    /// Counts the rows of a table.
    async fn rows(&self, table: &'static str) -> i64 {
        let count = move |view: &View| view.query_one(&format!("SELECT count(*) FROM {table}"), &[], |row| row.get(0));
        self.store.read::<i64, store::Error, _>(count).await.unwrap()
    }
}

fn address(text: &str) -> What {
    What::Address(text.into())
}

fn names(found: &Found) -> Vec<LetterId> {
    found.letters.iter().map(|letter| letter.letter).collect()
}

#[tokio::test]
async fn a_letter_is_found_by_name_message_id_address_and_mailbox_before_and_behind_the_index() {
    let archive = Archive::new();
    archive.write(1, 10, vec![from_alice(&["bob@alpha.test"], "one@test"), filed(BOB, 11, "bob@alpha.test")]).await;
    for round in ["before", "behind"] {
        for what in [
            What::Letter(name(1)),
            What::MessageId("<one@test>".into()),
            What::MessageId("one@test".into()),
            address("ALICE@alpha.test"),
            address("bob@alpha.test"),
            What::Mailbox(ALICE),
            What::Mailbox(BOB),
        ] {
            let found = archive.find(Scope::Everyone, what.clone(), Page::default()).await;
            assert_eq!(names(&found), [name(1)], "{what:?} {round} the index");
            assert_eq!((found.letters[0].steps.len(), found.next), (2, None));
        }
        assert!(names(&archive.find(Scope::Everyone, address("carol@alpha.test"), Page::default()).await).is_empty());
        trace::catch_up(&archive.store, at(20)).await.unwrap();
        assert!(archive.rows("trace_key").await > 0);
    }
}

#[tokio::test]
async fn pages_hold_each_letter_once_the_last_first_wherever_the_index_ends() {
    let archive = Archive::new();
    for number in 0..60 {
        archive.write(number, number.into(), vec![from_alice(&["bob@alpha.test"], &format!("{number}@test"))]).await;
        if number == 30 {
            trace::catch_up(&archive.store, at(60)).await.unwrap();
        }
        // Letters that come into the mailbox later than they came into the server are found by two rows.
        let earlier = number.saturating_sub(7);
        archive.write(earlier, number.into(), vec![filed(BOB, i64::from(number) + 1, "bob@alpha.test")]).await;
    }
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, most: 7, ..Page::default() };
        let found = archive.find(Scope::Everyone, address("bob@alpha.test"), page).await;
        assert!(found.letters.len() <= 7);
        all.extend(names(&found));
        before = found.next;
        if before.is_none() {
            break;
        }
    }
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!((all.len(), once.len()), (60, 60));
    assert_eq!(all[..2], [name(52), name(59)], "what came last into the mailbox stands first");
    let since = Page { since: at(55), ..Page::default() };
    let late = archive.find(Scope::Everyone, What::Mailbox(ALICE), since).await;
    assert_eq!(names(&late), [59, 58, 57, 56, 55].map(name));
}

#[tokio::test]
async fn a_sender_sees_that_a_letter_arrived_and_not_what_becomes_of_it_there() {
    let archive = Archive::new();
    let redirected =
        Event::Redirected { recipient: "team@alpha.test".into(), to: vec!["secret@elsewhere.test".into()] };
    let queued = Event::Queued { recipients: vec!["dora@beta.test".into(), "secret@elsewhere.test".into()] };
    let attempt = |recipient: &str| {
        let (by, said) = ("mx.test (192.0.2.1)".into(), "250 fine".into());
        let outcome = AttemptOutcome::Delivered;
        Event::Attempt(Attempt { recipient: recipient.into(), by, said, outcome, tls: String::new() })
    };
    let read = Event::Read { account: BOB.0, door: Link::Imap };
    let to = ["bob@alpha.test", "dora@beta.test", "team@alpha.test"];
    let events = vec![from_alice(&to, "a@test"), redirected, filed(BOB, 11, "bob@alpha.test"), queued];
    archive.write(1, 10, events).await;
    archive.write(1, 11, vec![attempt("dora@beta.test"), attempt("secret@elsewhere.test"), read]).await;
    let seen = archive.find(Scope::Account(ALICE), What::Letter(name(1)), Page::default()).await.letters.remove(0);
    let events: Vec<Event> = seen.steps.into_iter().map(|step| step.event).collect();
    let bobs = Event::Filed { account: 0, key: 0, recipient: "bob@alpha.test".into(), folder: String::new() };
    let waits = Event::Queued { recipients: vec!["dora@beta.test".into()] };
    assert_eq!(events, [from_alice(&to, "a@test"), bobs, waits, attempt("dora@beta.test")]);
}

#[tokio::test]
async fn a_recipient_sees_their_own_copy_and_not_who_else_got_one() {
    let archive = Archive::new();
    let to = ["bob@alpha.test", "carol@alpha.test"];
    let read = Event::Read { account: CAROL.0, door: Link::Imap };
    let copies = [filed(BOB, 11, to[0]), filed(CAROL, 12, to[1])];
    archive.write(1, 10, vec![from_alice(&to, "a@test"), copies[0].clone(), copies[1].clone(), read]).await;
    let seen = archive.find(Scope::Account(BOB), What::Mailbox(BOB), Page::default()).await.letters.remove(0);
    let events: Vec<Event> = seen.steps.into_iter().map(|step| step.event).collect();
    let [Event::Received(arrival), own] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((arrival.recipients.as_slice(), arrival.account), (&["bob@alpha.test".to_owned()][..], None));
    assert_eq!(own, &copies[0]);
    // Somebody else's letter is nobody's affair, by whatever it is asked for.
    archive.write(2, 11, vec![from_alice(&["carol@alpha.test"], "b@test"), filed(CAROL, 13, "carol@alpha.test")]).await;
    for what in [What::Letter(name(2)), What::MessageId("b@test".into()), address("carol@alpha.test")] {
        assert!(archive.find(Scope::Account(BOB), what, Page::default()).await.letters.is_empty());
    }
}

#[tokio::test]
async fn the_owner_finds_the_way_of_a_letter_by_its_key_and_nobody_else_does() {
    let archive = Archive::new();
    let to = ["bob@alpha.test", "carol@alpha.test"];
    archive.write(1, 10, vec![from_alice(&to, "a@test"), filed(BOB, 11, to[0]), filed(CAROL, 12, to[1])]).await;
    let look = |account, key| archive.store.read(move |view| in_mailbox(view, account, key));
    assert_eq!(look(BOB, 11).await.unwrap().map(|history| history.letter), Some(name(1)));
    for (account, key) in [(BOB, 12), (CAROL, 11), (BOB, 99)] {
        assert_eq!(look(account, key).await.unwrap(), None, "{account:?} {key}");
    }
}

#[tokio::test]
async fn a_letter_somebody_sent_is_found_by_its_message_id_and_by_them_alone() {
    let archive = Archive::new();
    archive.write(1, 10, vec![from_alice(&["bob@alpha.test"], "a@test"), filed(BOB, 11, "bob@alpha.test")]).await;
    let look = |account| archive.store.read(move |view| sent_by(view, account, "<a@test>"));
    let history = look(ALICE).await.unwrap().expect("hers");
    assert_eq!((history.letter, history.steps.len()), (name(1), 2));
    for other in [BOB, CAROL] {
        assert_eq!(look(other).await.unwrap(), None, "{other:?}");
    }
}

fn observed(keys: &[i64], door: Link) -> Observation {
    Observation::Read { account: BOB, keys: keys.to_vec(), door, at: at(20) }
}

/// Shows the journal something, and waits until all of it is written down.
async fn watched(archive: &Archive, observations: Vec<Observation>) -> u64 {
    let (journal, writer) = Journal::new(archive.store.clone());
    observations.into_iter().for_each(|observation| journal.saw(observation));
    writer.run(std::future::ready(())).await;
    journal.left_out()
}

#[tokio::test]
async fn opening_a_letter_is_noted_once_for_each_door_and_costs_no_commit_after_that() {
    let archive = Archive::new();
    archive.write(1, 10, vec![from_alice(&["bob@alpha.test"], "a@test"), filed(BOB, 11, "bob@alpha.test")]).await;
    let again = || vec![observed(&[11], Link::Imap), observed(&[11, 99], Link::Imap), observed(&[11], Link::Pop3)];
    watched(&archive, again()).await;
    let doors = |history: &History| -> Vec<Link> {
        let read = history.steps.iter().filter_map(|step| match step.event {
            Event::Read { door, .. } => Some(door),
            _ => None,
        });
        read.collect()
    };
    assert_eq!(doors(&archive.letter(1).await.unwrap()), [Link::Imap, Link::Pop3]);
    let commits = archive.store.statistics().commits;
    watched(&archive, again()).await;
    assert_eq!(archive.store.statistics().commits, commits);
}

#[tokio::test]
async fn a_letter_that_was_removed_is_not_noted_as_read_any_more() {
    let archive = Archive::new();
    archive.write(1, 10, vec![from_alice(&["bob@alpha.test"], "a@test"), filed(BOB, 11, "bob@alpha.test")]).await;
    let removed = Observation::Removed { account: BOB, keys: vec![11], door: Link::Pop3, at: at(21) };
    watched(&archive, vec![observed(&[11], Link::Pop3), removed.clone(), removed, observed(&[11], Link::Imap)]).await;
    let events: Vec<Event> =
        archive.letter(1).await.unwrap().steps.into_iter().skip(2).map(|step| step.event).collect();
    let (account, door) = (BOB.0, Link::Pop3);
    assert_eq!(events, [Event::Read { account, door }, Event::Removed { account, door }]);
}

fn refusal(number: u32, peer: &str) -> Observation {
    let arrival =
        Arrival { by: Some(Link::Mta), peer: peer.into(), return_path: "eve@evil.test".into(), ..Arrival::default() };
    let event = Event::Refused { arrival, reply: "550 5.1.1 nobody".into() };
    Observation::Step(Box::new(Step { letter: name(number), at: at(10), event }))
}

#[tokio::test]
async fn refusals_without_end_are_bounded_and_never_waited_for() {
    let archive = Archive::new();
    let flood = (0..100_000).map(|number| refusal(number, "192.0.2.9")).collect();
    let left_out = watched(&archive, flood).await;
    let kept = archive.rows("trace_step").await;
    assert!((1..1000).contains(&kept), "{kept}");
    assert_eq!(kept as u64 + left_out, 100_000);
}

#[tokio::test]
async fn more_than_the_journal_holds_is_left_out_and_counted() {
    let archive = Archive::new();
    let (journal, writer) = Journal::new(archive.store.clone());
    // Nobody writes yet.
    (0..10_000).for_each(|key| journal.saw(observed(&[key], Link::Imap)));
    assert!(journal.left_out() > 0);
    writer.run(std::future::ready(())).await;
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_with_its_keys_and_what_is_young_stays() {
    let archive = Archive::new();
    let many = |tx: &mut Tx| {
        for number in 0..70_000_u32 {
            let key = i64::from(number) + 1;
            note_all(tx, name(number), at(0), vec![filed(BOB, key, "bob@alpha.test")])?;
        }
        Ok(())
    };
    archive.run(many).await;
    let now = i64::try_from(KEPT.as_secs()).unwrap();
    archive.write(80_000, now, vec![filed(BOB, 80_001, "bob@alpha.test")]).await;
    trace::catch_up(&archive.store, at(now)).await.unwrap();
    assert_eq!(archive.rows("trace_step").await, 70_001, "it is not older than it may be");
    trace::catch_up(&archive.store, at(now).after(Duration::from_secs(1))).await.unwrap();
    assert_eq!((archive.rows("trace_step").await, archive.rows("trace_filed").await), (1, 1));
    assert!(archive.rows("trace_key").await < 14_000, "of 210,000 keys the whole stretches are gone");
    assert_eq!(names(&archive.find(Scope::Everyone, What::Mailbox(BOB), Page::default()).await), [name(80_000)]);
    assert!(archive.letter(5).await.is_none());
}

#[tokio::test]
async fn a_damaged_row_is_said_and_hides_nothing_else() {
    let archive = Archive::new();
    archive.write(1, 10, vec![from_alice(&["bob@alpha.test"], "a@test")]).await;
    let step = Step { letter: name(1), at: at(11), event: filed(BOB, 11, "bob@alpha.test") };
    archive.run(move |tx| note(tx, &step)).await;
    archive
        .run(|tx| {
            tx.execute("UPDATE trace_step SET steps = $1 WHERE entry = 2", store::params![&b"\x01\xff\xff"[..]])
                .map(drop)
        })
        .await;
    for _ in 0..2 {
        let history = archive.letter(1).await.unwrap();
        assert_eq!((history.steps.len(), history.damaged), (1, 1));
        trace::catch_up(&archive.store, at(12)).await.unwrap();
    }
}

#[tokio::test]
async fn rows_of_a_clock_that_was_wrong_neither_stay_for_ever_nor_go_too_soon() {
    let archive = Archive::new();
    let kept = i64::try_from(KEPT.as_secs()).unwrap();
    let (now, ahead) = (2 * kept, 20 * kept);
    for (number, seconds) in [(1, 0), (2, ahead), (3, 1), (4, ahead), (5, now - 10), (6, ahead)] {
        archive.write(number, seconds, vec![filed(BOB, i64::from(number), "bob@alpha.test")]).await;
    }
    trace::catch_up(&archive.store, at(now)).await.unwrap();
    for number in [1, 2, 3] {
        assert!(archive.letter(number).await.is_none(), "{number} is old, or stands before one that is");
    }
    for number in [4, 5, 6] {
        assert!(archive.letter(number).await.is_some(), "{number} may be young");
    }
}

/// A second writer has been given the number 2 and commits its row when that of number 3 has long been seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_a_second_writer_commits_late_is_found_and_followed() {
    let unsettled = Arc::new(AtomicI64::new(1));
    let archive = Archive::with(Faults { unsettled: Some(Arc::clone(&unsettled)), ..Faults::default() });
    for letter in 1..=3 {
        archive.write(letter, 100, vec![from_alice(&[&format!("{letter}@beta.test")], &format!("<{letter}@x>"))]).await;
    }
    let late = archive.take(2).await;
    trace::catch_up(&archive.store, at(200)).await.unwrap();
    let seen = archive.follow(0).await;
    assert_eq!(seen.upto, 1, "what is noted as seen ends before the row that is missing");
    assert_eq!(archive.find(Scope::Everyone, address("3@beta.test"), Page::default()).await.letters.len(), 1);

    archive.put(late).await;
    unsettled.store(i64::MAX, Relaxed);
    trace::catch_up(&archive.store, at(200)).await.unwrap();
    for letter in 1..=3 {
        let found = archive.find(Scope::Everyone, address(&format!("{letter}@beta.test")), Page::default()).await;
        assert_eq!(found.letters.len(), 1, "letter {letter}");
    }
    let rest = archive.follow(seen.upto).await;
    assert_eq!(rest.steps.iter().map(|(letter, _)| *letter).collect::<Vec<_>>(), [name(2), name(3)]);
    assert_eq!((rest.upto, rest.more), (3, false));
}

/// The row of a number: its letter, when, and its steps.
type Row = (i64, [u8; 10], i64, Vec<u8>);

impl Archive {
    async fn follow(&self, after: i64) -> trace::Followed {
        self.store.read(move |view| trace::follow(view, after, 100, |_| Ok(true))).await.unwrap()
    }

    async fn take(&self, entry: i64) -> Row {
        let sql = "DELETE FROM trace_step WHERE entry = $1 RETURNING entry, letter, at, steps";
        let take = move |tx: &mut Tx| {
            tx.query_one(sql, params![entry], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        };
        self.store.write::<Row, store::Error, _>(store::Key::Trace, take).await.unwrap()
    }

    async fn put(&self, (entry, letter, at, steps): Row) {
        self.run(move |tx| {
            let sql = "INSERT INTO trace_step (entry, letter, at, steps) VALUES ($1, $2, $3, $4)";
            tx.execute(sql, params![entry, letter, at, steps]).map(|_| ())
        })
        .await;
    }
}
