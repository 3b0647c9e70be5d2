//! Search finds what a person means, before and after the index has seen the letters.

mod common;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;

use common::{ACCESS, Fixture, only, runtime, uid};
use facteur_mailbox as mailbox;
use mail::Timestamp;
use mailbox::letter::{Expunge, copy, expunge, move_};
use mailbox::search::{Criteria, Day, run};
use mailbox::{FlagSet, System, UidRange, Uids, flags};
use store::{Faults, params};

const HOUR: i64 = 3_600_000;

fn letter_file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/letters/{name}.eml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// INBOX with the letters of the fixtures, UIDs in this order, received an hour apart.
const NAMES: [&str; 6] = ["attachment", "forwarded", "newsletter", "french", "eight-bit", "no-type"];
const FIRST: Timestamp = Timestamp(1_795_500_000_000);

fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    for (n, name) in NAMES.iter().enumerate() {
        let received = Timestamp(FIRST.0 + n as i64 * HOUR);
        let flags = if n % 2 == 0 { System::SEEN } else { System::NONE };
        fixture.file_with(inbox, letter_file(name), flags.into(), received).unwrap();
    }
    fixture
}

fn index(fixture: &Fixture) {
    runtime().block_on(mailbox::index::catch_up(&fixture.store)).unwrap();
}

fn find_in(fixture: &Fixture, folder: &str, criteria: Criteria) -> Vec<u32> {
    let now = Timestamp(FIRST.0 + 5 * HOUR);
    let folder = fixture.folder(folder).id;
    let found = runtime().block_on(run(&fixture.store, ACCESS, folder, criteria, now)).unwrap();
    found.iter().map(|uid| uid.get()).collect()
}

fn find(fixture: &Fixture, criteria: Criteria) -> Vec<u32> {
    find_in(fixture, "INBOX", criteria)
}

fn not(criteria: Criteria) -> Criteria {
    Criteria::Not(Box::new(criteria))
}

#[test]
fn seen_and_unseen_letters_are_found_whichever_are_fewer() {
    let fixture = fixture();
    let inbox = fixture.folder("INBOX").id;
    let seen = |fixture: &Fixture| {
        let seen = Criteria::Flags(System::SEEN);
        (find(fixture, seen.clone()), find(fixture, not(seen)))
    };
    assert_eq!(seen(&fixture), (vec![1, 3, 5], vec![2, 4, 6]));
    fixture.file(inbox, "Subject: one more\r\n\r\n").unwrap();
    assert_eq!(seen(&fixture), (vec![1, 3, 5], vec![2, 4, 6, 7]));
    for number in [2, 4] {
        fixture.flag(inbox, number, System::SEEN);
    }
    assert_eq!(seen(&fixture), (vec![1, 2, 3, 4, 5], vec![6, 7]));
}

#[test]
fn flags_keywords_and_uids_are_found() {
    let fixture = fixture();
    let inbox = fixture.folder("INBOX").id;
    let set = fixture.write(|tx| flags::intern(tx, ACCESS, System::NONE, &["Work"])).unwrap();
    fixture.file_with(inbox, "Subject: x\r\n\r\n", set, FIRST).unwrap();
    fixture.flag(inbox, 2, System::FLAGGED);
    assert_eq!(find(&fixture, Criteria::All), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(find(&fixture, Criteria::Flags(System::SEEN)), [1, 3, 5]);
    assert_eq!(find(&fixture, not(Criteria::Flags(System::SEEN))), [2, 4, 6, 7]);
    assert_eq!(find(&fixture, Criteria::Flags(System::FLAGGED | System::SEEN)), []);
    assert_eq!(find(&fixture, Criteria::Keyword("work".into())), [7]);
    assert_eq!(find(&fixture, Criteria::Keyword("unknown".into())), []);
    let some: Uids = [uid(2), uid(3), uid(99)].into_iter().collect();
    assert_eq!(
        find(&fixture, Criteria::And(vec![Criteria::Uids(some.clone()), not(Criteria::Flags(System::SEEN))])),
        [2]
    );
    assert_eq!(find(&fixture, Criteria::Or(vec![Criteria::Uids(some), Criteria::Flags(System::SEEN)])), [1, 2, 3, 5]);
    assert_eq!(find(&fixture, Criteria::And(vec![])), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(find(&fixture, Criteria::Or(vec![])), []);
    let last = fixture.folder("INBOX").highest;
    assert_eq!(find(&fixture, Criteria::ChangedSince(last)), [2]);
}

#[test]
fn what_indexes_tell_is_what_a_look_at_each_letter_tells() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    for n in 0..40u8 {
        let flags = System::from_bits(n % 16);
        fixture.file_with(inbox, format!("Subject: {n}\r\n\r\n"), flags.into(), FIRST).unwrap();
    }
    fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(7), only(12)]), 10)).unwrap();
    let change = fixture.rows(inbox)[20].change;
    let all: Uids = [UidRange::ALL].into_iter().collect();
    let exact = [
        Criteria::All,
        Criteria::Flags(System::SEEN),
        Criteria::Flags(System::DELETED),
        Criteria::Flags(System::FLAGGED),
        not(Criteria::Flags(System::SEEN)),
        not(Criteria::Flags(System::DELETED)),
        Criteria::ChangedSince(change),
        Criteria::Uids(all),
        Criteria::Or(vec![Criteria::Flags(System::SEEN), Criteria::Flags(System::DELETED)]),
        not(Criteria::And(vec![Criteria::Flags(System::SEEN), not(Criteria::Flags(System::DELETED))])),
        not(Criteria::Or(vec![])),
    ];
    // If a criterion that every letter passes needs a look at each, the answer is the same.
    for one in &exact {
        for other in &exact {
            let both = Criteria::And(vec![one.clone(), other.clone()]);
            let looked = Criteria::And(vec![both.clone(), Criteria::Smaller(1000)]);
            assert_eq!(find(&fixture, both.clone()), find(&fixture, looked), "{both:?}");
        }
        let looked = Criteria::Or(vec![one.clone(), Criteria::Larger(1000)]);
        assert_eq!(find(&fixture, one.clone()), find(&fixture, looked), "{one:?}");
    }
}

#[test]
fn dates_and_sizes_are_found() {
    let fixture = fixture();
    let day = |d| Day::of(2026, 11, d).unwrap();
    // The letters were received on the 24th from 06:00 to 11:00, and written on other days.
    assert_eq!(find(&fixture, Criteria::ReceivedOn(day(24))).len(), 6);
    assert_eq!(find(&fixture, Criteria::ReceivedBefore(day(24))), []);
    assert_eq!(find(&fixture, Criteria::ReceivedSince(day(25))), []);
    assert_eq!(find(&fixture, Criteria::SentOn(day(23))), [1, 4]);
    assert_eq!(find(&fixture, Criteria::SentBefore(day(1))), [5]);
    assert_eq!(find(&fixture, Criteria::SentSince(day(24))), [2, 3, 6]);
    assert_eq!(find(&fixture, Criteria::Younger(2 * 3600)), [4, 5, 6]);
    assert_eq!(find(&fixture, Criteria::Older(4 * 3600)), [1, 2]);
    let sizes: Vec<u64> = NAMES.iter().map(|name| letter_file(name).len() as u64).collect();
    let larger = (1..=6).filter(|n| sizes[*n as usize - 1] > 700).collect::<Vec<u32>>();
    assert_eq!(find(&fixture, Criteria::Larger(700)), larger);
    assert_eq!(find(&fixture, not(Criteria::Smaller(701))), larger);
}

#[test]
fn header_fields_are_found_decoded_and_whatever_their_case() {
    let fixture = fixture();
    assert_eq!(find(&fixture, Criteria::Subject("RÉUNION D'ÉQUIPE À SAINT".into())), [4]);
    assert_eq!(find(&fixture, Criteria::Subject("de\u{301}cembre".into())), [3]);
    assert_eq!(find(&fixture, Criteria::Subject("café".into())), [5]);
    assert_eq!(find(&fixture, Criteria::From("léonard".into())), [4]);
    assert_eq!(find(&fixture, Criteria::From("ALICE@alpha".into())), [1, 6]);
    assert_eq!(find(&fixture, Criteria::To("hélène".into())), [4]);
    assert_eq!(find(&fixture, Criteria::Cc("luc@".into())), [4]);
    assert_eq!(find(&fixture, Criteria::Bcc("luc@".into())), []);
    assert_eq!(find(&fixture, Criteria::Header("Message-ID".into(), "<fwd-1@".into())), [2]);
    assert_eq!(find(&fixture, Criteria::Header("References".into(), String::new())), [4]);
    // Fields that are not kept are read from the letters.
    assert_eq!(find(&fixture, Criteria::Header("received".into(), "LAPTOP.alpha".into())), [1]);
    assert_eq!(find(&fixture, Criteria::Header("X-Nowhere".into(), String::new())), []);
    assert_eq!(
        find(
            &fixture,
            Criteria::And(vec![not(Criteria::Header("Received".into(), String::new())), Criteria::Subject("f".into())])
        ),
        [2, 5]
    );
}

fn words_are_found(fixture: &Fixture) {
    let body = |text: &str| find(fixture, Criteria::Body(text.into()));
    let text = |words: &str| find(fixture, Criteria::Text(words.into()));
    assert_eq!(body("report is attached"), [1]);
    assert_eq!(body("attach"), [1]);
    assert_eq!(body("report 2026.pdf"), [1]);
    assert_eq!(body("At noon"), [2]);
    assert_eq!(body("élèves"), [3]);
    assert_eq!(body("DÉCISION"), [4]);
    assert_eq!(body("réunion"), [4]);
    assert_eq!(body("caractères"), [5]);
    assert_eq!(body("rEpOr"), [1]);
    assert_eq!(body("OON"), [2]);
    assert_eq!(body("t no"), [2]);
    assert_eq!(body("decision"), []);
    assert_eq!(body("Alice"), [2]);
    assert_eq!(text("alice"), [1, 2, 6]);
    assert_eq!(text("gazette"), [3]);
    assert_eq!(text("lunch"), [2]);
    assert_eq!(body("zebra"), []);
    assert_eq!(find(fixture, not(Criteria::Body("noon".into()))), [1, 3, 4, 5, 6]);
    assert_eq!(body(""), [1, 2, 3, 4, 5, 6]);
    let both = Criteria::And(vec![Criteria::Text("bob".into()), not(Criteria::Flags(System::SEEN))]);
    assert_eq!(find(fixture, both), [2, 6]);
    let either =
        Criteria::Or(vec![Criteria::Body("noon".into()), Criteria::Header("Received".into(), "laptop".into())]);
    assert_eq!(find(fixture, either), [1, 2]);
}

#[test]
fn words_are_found_before_the_index_has_seen_the_letters() {
    words_are_found(&fixture());
}

#[test]
fn words_are_found_by_the_index() {
    let fixture = fixture();
    index(&fixture);
    words_are_found(&fixture);
}

#[test]
fn words_are_found_where_the_index_has_seen_half() {
    let fixture = fixture();
    index(&fixture);
    let inbox = fixture.folder("INBOX").id;
    fixture.file(inbox, letter_file("french")).unwrap();
    assert_eq!(find(&fixture, Criteria::Body("décision".into())), [4, 7]);
}

#[test]
fn letters_are_found_where_they_are_now_and_not_where_they_were() {
    let fixture = fixture();
    index(&fixture);
    let (inbox, trash) = (fixture.folder("INBOX").id, fixture.folder("Trash").id);
    fixture.write(move |tx| move_(tx, ACCESS, inbox, &[only(4)], trash, 10)).unwrap();
    fixture.write(move |tx| copy(tx, ACCESS, inbox, &[only(1)], trash, 10)).unwrap();
    fixture.write(move |tx| expunge(tx, ACCESS, inbox, &Expunge::All(&[only(2)]), 10)).unwrap();
    for _ in 0..2 {
        assert_eq!(find(&fixture, Criteria::Body("décision".into())), []);
        assert_eq!(find(&fixture, Criteria::Body("noon".into())), []);
        assert_eq!(find_in(&fixture, "Trash", Criteria::Body("décision".into())), [1]);
        assert_eq!(find_in(&fixture, "Trash", Criteria::Body("report".into())), [2]);
        index(&fixture);
    }
    assert_eq!(fixture.count("gone"), 0);
}

#[test]
fn a_long_search_goes_through_every_batch() {
    let fixture = Fixture::new();
    let inbox = fixture.folder("INBOX").id;
    for n in 0..300 {
        let text = format!("Subject: letter\r\nX-Number: n{n}.\r\n\r\nword{n} common\r\n");
        fixture.file_with(inbox, text, FlagSet::default(), FIRST).unwrap();
    }
    assert_eq!(find(&fixture, Criteria::Header("X-Number".into(), "n257.".into())), [258]);
    assert_eq!(find(&fixture, Criteria::Body("common".into())).len(), 300);
    assert_eq!(find(&fixture, Criteria::Body("word299".into())), [300]);
    let part: Uids = [UidRange::new(uid(100), uid(290))].into_iter().collect();
    let criteria = Criteria::And(vec![Criteria::Uids(part), Criteria::Header("X-Number".into(), "n".into())]);
    assert_eq!(find(&fixture, criteria).len(), 191);
}

#[test]
fn the_index_goes_on_where_it_stopped() {
    let fixture = fixture();
    index(&fixture);
    let reached = runtime().block_on(fixture.store.search().reached()).unwrap();
    let fixture = fixture.reopened();
    assert_eq!(runtime().block_on(fixture.store.search().reached()).unwrap(), reached);
    fixture.file(fixture.folder("INBOX").id, letter_file("flowed")).unwrap();
    index(&fixture);
    assert_eq!(runtime().block_on(fixture.store.search().reached()).unwrap(), reached + 1);
    assert_eq!(find(&fixture, Criteria::Body("wrapped by the program".into())), [7]);
}

/// A second writer has been given the number 2 and commits its letter when the one after it has long been there.
#[test]
fn a_letter_that_a_second_writer_commits_late_is_indexed_all_the_same() {
    let unsettled = Arc::new(AtomicI64::new(1));
    let fixture = Fixture::with(Faults { unsettled: Some(Arc::clone(&unsettled)), ..Faults::default() });
    let inbox = fixture.folder("INBOX").id;
    for word in ["first", "second", "third"] {
        fixture.file(inbox, common::letter(word, &format!("{word}@x"), "")).unwrap();
    }
    let renumber = |from: i64, to: i64| {
        let sql = "UPDATE letter SET letter = $2 WHERE letter = $1";
        fixture.write(move |tx| Ok(tx.execute(sql, params![from, to])?)).unwrap();
    };
    let indexed = || fixture.store.search().letters_blocking(0, 10).unwrap();
    renumber(2, -2);
    index(&fixture);
    assert_eq!(indexed(), [1], "the index ends before the letter that is missing");

    renumber(-2, 2);
    for (word, uid) in [("second", 2), ("third", 3)] {
        assert_eq!(find(&fixture, Criteria::Text(word.into())), [uid], "what is not in the index is looked at");
    }
    unsettled.store(i64::MAX, Relaxed);
    index(&fixture);
    assert_eq!(indexed(), [1, 2, 3]);
    assert_eq!(find(&fixture, Criteria::Text("second".into())), [2]);
}

#[test]
fn the_background_task_works_until_it_is_told_to_stop() {
    let fixture = fixture();
    let last = fixture.rows(fixture.folder("INBOX").id).last().unwrap().letter.0;
    let store = fixture.store.clone();
    runtime().block_on(async move {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = tokio::spawn(mailbox::index::run(store.clone(), async move { drop(stopped.await) }));
        let reached = async || (store.search().reached().await.unwrap() >= last).then_some(());
        waiting::found("all is indexed", reached).await;
        stop.send(()).unwrap();
        task.await.unwrap();
    });
}

#[test]
fn a_search_without_bounds_is_refused() {
    let fixture = fixture();
    let mut deep = Criteria::All;
    for _ in 0..100 {
        deep = not(deep);
    }
    let many = Criteria::Or(vec![Criteria::Body("x".into()); 1000]);
    let fields = Criteria::Or(vec![Criteria::From("x".into()); 2000]);
    let inbox = fixture.folder("INBOX").id;
    for criteria in [deep, many, fields] {
        let refused = runtime().block_on(run(&fixture.store, ACCESS, inbox, criteria, FIRST));
        assert!(matches!(refused, Err(mailbox::Error::TooComplex)));
    }
}

#[test]
fn a_letter_whose_body_is_damaged_does_not_keep_the_others_from_being_found() {
    let fixture = fixture();
    fixture.write(|tx| Ok(tx.execute("DELETE FROM blob WHERE id = 1", store::params![]).map(drop)?)).unwrap();
    for _ in 0..2 {
        assert_eq!(find(&fixture, Criteria::Body("décision".into())), [4]);
        assert_eq!(find(&fixture, Criteria::Text("promised".into())), [1]);
        index(&fixture);
    }
}
