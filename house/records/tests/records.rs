//! Tests of the records beside letters, and of telling their changes.

use facteur_records::{
    Absence, Identity, Kind, MIGRATIONS, Object, SubmissionId, absence, changes, forget, identity, preferences, state,
    submission,
};
use mail::LetterId;
use mail::seam::AccountId;
use mailbox::Change;
use mailbox::account_changes::Cursor;
use serde_json::json;
use store::{Key, Options, Store, Tx, View};
use submission::SentLetter;

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);

struct Fixture {
    store: Store,
    _folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), MIGRATIONS).unwrap();
        Self { store, _folder: folder }
    }

    fn write<T: Send + 'static>(&self, work: impl FnMut(&mut Tx) -> Result<T, store::Error> + Send + 'static) -> T {
        self.store.write_blocking(Key::Everything, work).unwrap()
    }

    fn read<T: Send + 'static>(&self, look: impl FnOnce(&View) -> Result<T, store::Error> + Send + 'static) -> T {
        self.store.read_blocking(look).unwrap()
    }

    fn state(&self, account: AccountId, kind: Kind) -> u64 {
        self.read(move |view| state(view, account, kind)).0
    }
}

fn object(value: serde_json::Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn sent(number: u8, message_id: &str) -> (LetterId, String) {
    (LetterId::from_random([number; 10]), message_id.to_owned())
}

fn begin(tx: &mut Tx, account: AccountId, (letter, message_id): &(LetterId, String)) -> SubmissionId {
    let letter = SentLetter { letter: *letter, message_id: Some(message_id), since: 7 };
    submission::begin(tx, account, letter, &object(json!({"undoStatus": "pending"}))).unwrap()
}

#[test]
fn each_kind_of_each_account_counts_its_own_changes() {
    let fixture = Fixture::new();
    fixture.write(|tx| {
        identity::ensure_own(tx, ALICE, "alice@alpha.test", "Alice")?;
        identity::ensure_own(tx, ALICE, "alice@alpha.test", "Alice")?;
        absence::set(tx, ALICE, &Absence::default())?;
        absence::set(tx, ALICE, &Absence { text_body: Some("Away".into()), ..Absence::default() })?;
        preferences::set(tx, BOB, &object(json!({"theme": "dark"})))
    });
    let states = |account| {
        [Kind::Identity, Kind::Vacation, Kind::Preferences, Kind::Submission].map(|kind| fixture.state(account, kind))
    };
    assert_eq!((states(ALICE), states(BOB)), ([1, 2, 0, 0], [0, 0, 1, 0]));
    let absence = fixture.read(|view| absence::get(view, ALICE));
    assert_eq!(absence.text_body.as_deref(), Some("Away"));
    assert_eq!(fixture.read(|view| absence::get(view, BOB)), Absence::default());
    assert_eq!(fixture.read(|view| preferences::get(view, BOB)), object(json!({"theme": "dark"})));
}

#[test]
fn changes_tell_exactly_what_came_changed_and_went() {
    let fixture = Fixture::new();
    let named = |name: &str| Identity { name: name.to_owned(), ..Identity::default() };
    let (one, two) = (named("one"), named("two"));
    let [first, second] = fixture.write(move |tx| {
        let made = [identity::create(tx, ALICE, &one)?, identity::create(tx, ALICE, &two)?];
        Ok(made.map(|id| id.expect("there is room")))
    });
    let third = fixture.write(move |tx| {
        identity::update(tx, ALICE, second, &named("other"))?;
        assert!(identity::destroy(tx, ALICE, first)? && !identity::destroy(tx, ALICE, first)?);
        assert!(!identity::destroy(tx, BOB, second)?, "it is Alice's");
        Ok(identity::create(tx, ALICE, &named("three"))?.expect("there is room"))
    });
    let since = |from: u64, limit| {
        let cursor = Cursor::at(Change(from));
        fixture.read(move |view| changes(view, ALICE, Kind::Identity, cursor, limit))
    };
    let all = since(2, 10).unwrap();
    assert_eq!((all.created, all.updated, all.destroyed), (vec![third.0], vec![second.0], vec![first.0]));
    assert_eq!((all.now, all.more), (Cursor::at(Change(5)), false));
    let part = since(2, 1).unwrap();
    assert_eq!((part.updated, part.now.known, part.more), (vec![second.0], Change(2), true));
    let anew = since(0, 10).unwrap();
    assert_eq!(
        (anew.created, anew.destroyed),
        (vec![second.0, third.0], vec![]),
        "who never saw it need not forget it"
    );
    assert!(since(6, 10).is_none(), "there is no such state yet");
}

#[test]
fn a_submission_is_found_by_its_letter_until_that_is_settled_and_by_its_message_id_as_long_as_it_is_there() {
    let fixture = Fixture::new();
    let (one, again) = (sent(1, "a@alpha.test"), sent(2, "a@alpha.test"));
    let letters = [one.0, again.0];
    let ids = fixture.write(move |tx| Ok([begin(tx, ALICE, &one), begin(tx, ALICE, &again)]));
    let on_their_way = || {
        fixture.read(move |view| {
            letters.map(|letter| submission::on_its_way(view, letter)).into_iter().collect::<Result<Vec<_>, _>>()
        })
    };
    let under_the_id = |account| fixture.read(move |view| submission::under_message_id(view, account, "a@alpha.test"));
    assert_eq!(on_their_way(), [Some((ALICE, ids[0])), Some((ALICE, ids[1]))]);
    assert_eq!((under_the_id(ALICE), under_the_id(BOB)), (vec![ids[1], ids[0]], vec![]));
    assert_eq!(fixture.read(submission::followed_from), Some(7));

    fixture.write(move |tx| {
        submission::followed(tx, ids[1], 90)?;
        submission::end(tx, ids[0])
    });
    assert_eq!(on_their_way(), [None, Some((ALICE, ids[1]))]);
    assert_eq!((under_the_id(ALICE).len(), fixture.read(submission::followed_from)), (2, Some(90)));

    fixture.write(move |tx| submission::destroy(tx, ALICE, ids[1]));
    assert_eq!((on_their_way(), under_the_id(ALICE)), (vec![None, None], vec![ids[0]]));
    assert_eq!(fixture.read(submission::followed_from), None);
}

#[test]
fn a_damaged_record_reads_as_an_empty_one_and_can_be_destroyed() {
    let fixture = Fixture::new();
    let id = fixture.write(|tx| Ok(identity::create(tx, ALICE, &Identity::default())?.expect("there is room")));
    fixture.write(|tx| tx.execute("UPDATE record_object SET data = '{\"email\": 7'", &[]));
    assert_eq!(fixture.read(move |view| identity::get(view, ALICE, id)), Some(Identity::default()));
    assert!(fixture.write(move |tx| identity::destroy(tx, ALICE, id)));
}

#[test]
fn all_records_of_one_who_is_removed_go_slice_by_slice_and_nobody_elses() {
    let fixture = Fixture::new();
    let bobs = fixture.write(|tx| {
        for number in 0..1200_u32 {
            let [_, _, high, low] = number.to_be_bytes();
            let letter = LetterId::from_random([high, low, 0, 0, 0, 0, 0, 0, 0, 0]);
            begin(tx, ALICE, &(letter, "a@alpha.test".to_owned()));
        }
        identity::ensure_own(tx, ALICE, "alice@alpha.test", "")?;
        Ok(begin(tx, BOB, &sent(250, "a@alpha.test")))
    });
    let mut slices = 1;
    while fixture.write(|tx| forget(tx, ALICE)) {
        slices += 1;
    }
    assert_eq!(slices, 3);
    let rows = |table: &'static str| {
        let sql = format!("SELECT count(*) FROM {table}");
        fixture.read(move |view| view.query_one(&sql, &[], |row| row.get::<i64>(0)))
    };
    for table in ["record_object", "record_sending", "record_sent", "record_state"] {
        assert_eq!(rows(table), 1, "{table}");
    }
    assert_eq!(fixture.read(|view| submission::under_message_id(view, BOB, "a@alpha.test")), [bobs]);
    assert_eq!((fixture.state(ALICE, Kind::Submission), fixture.state(BOB, Kind::Submission)), (0, 1));
}
