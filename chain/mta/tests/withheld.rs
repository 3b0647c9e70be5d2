//! Letters that are kept back: they stay until they are let go or dropped, and what others refuse is counted for their author.

use bytes::Bytes;
use facteur_mta as mta;
use mail::{Address, BodyKind, Enhanced, Envelope, Letter, LetterId, Recipient, ReturnPath, Timestamp};
use mta::backoff::Schedule;
use mta::outgoing::Outgoing;
use mta::queue::{self, Entry, Outcome, Ran, Said, Terms, Withheld};
use store::{Key, Options, Store, Tx, params};

const NOW: Timestamp = Timestamp(1_795_501_377_000);
const ALICE: i64 = 7;
const HOLD: i64 = 3;
const DAY: i64 = 24 * 3_600_000;

struct Desk {
    store: Store,
    letters: u8,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), &[mta::MIGRATIONS, trace::MIGRATIONS].concat()).unwrap();
        Self { store, letters: 0, _folder: folder }
    }

    fn write<T: Send + 'static>(&self, write: impl FnMut(&mut Tx) -> Result<T, store::Error> + Send + 'static) -> T {
        self.store.write_blocking(Key::Everything, write).unwrap()
    }

    /// Puts a letter of Alice's to so many people into the queue, perhaps kept back, perhaps for later.
    fn put(&mut self, recipients: usize, hold: Option<i64>, until: Option<Timestamp>) {
        self.letters += 1;
        let raw =
            Bytes::from_static(b"From: <alice@alpha.test>\r\nSubject: =?utf-8?Q?=C3=A9t=C3=A9?=\r\n\r\nHello\r\n");
        let outgoing = Outgoing::passing_through(Letter { id: LetterId::from_random([self.letters; 10]), raw });
        let recipients =
            (0..recipients).map(|number| Recipient::new(address(&format!("p{number}@beta.test")))).collect();
        let return_path = ReturnPath::Address(address("alice@alpha.test"));
        let envelope = Envelope {
            return_path,
            recipients,
            body: BodyKind::SevenBit,
            smtputf8: false,
            hold: None,
            wishes: mail::LetterWishes::default(),
        };
        let schedule = Schedule::default();
        let terms = until.map_or_else(|| Terms::new(NOW, &schedule), |until| Terms::postponed(NOW, until, &schedule));
        let prepared = queue::prepare(&self.store, &outgoing, &envelope, terms).unwrap().with_author(Some(ALICE));
        self.write(move |tx| match hold {
            Some(hold) => prepared.put_withheld(tx, hold),
            None => prepared.put(tx),
        });
    }

    fn states(&self) -> Vec<i64> {
        let sql = "SELECT state FROM queue_recipient ORDER BY id";
        self.store.read_blocking(|view| view.query(sql, &[], |row| row.get(0))).unwrap()
    }

    fn withheld(&self) -> Vec<Withheld> {
        self.store.read_blocking(|view| queue::withheld(view, HOLD, 0, 10)).unwrap()
    }

    /// Records that the first recipient in the queue failed for good with this status.
    fn fails(&self, status: Enhanced) {
        self.write(move |tx| {
            let sql = "SELECT id, letter FROM queue_recipient WHERE state = 0 ORDER BY id LIMIT 1";
            let (recipient, letter) = tx.query_one(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let said = Said::by(status, "no", "mx.beta.test");
            queue::record(tx, letter, NOW, &[Entry { recipient, outcome: Outcome::Failed, said, tls: "" }])
        });
    }

    fn refusals(&self, ran: i64) -> u64 {
        self.store.read_blocking(move |view| queue::refusals_of(view, ALICE, Ran(ran))).unwrap()
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn a_letter_that_is_kept_back_stays_until_it_is_let_go_whole() {
    let mut desk = Desk::new();
    desk.put(450, Some(HOLD), None);
    desk.put(2, None, None);
    assert_eq!(desk.states().iter().filter(|state| **state == 1).count(), 450);
    let count = desk.store.read_blocking(|view| queue::withheld_count(view, HOLD)).unwrap();
    assert_eq!((count.letters, count.recipients), (1, 450));
    let letter = desk.withheld().remove(0);
    assert_eq!((letter.recipients.len(), letter.recipients_in_all), (100, 450));
    let row = letter.row;
    assert_eq!(desk.store.read_blocking(move |view| queue::subject_of(view, row)).unwrap(), "été");
    // A month of running later it has as much time as a new one.
    desk.write(|tx| queue::keep_running(tx, Ran(30 * DAY)));
    let mut slices = 1;
    let again = letter.clone();
    while desk.write({
        let letter = again.clone();
        move |tx| queue::let_go_withheld(tx, &letter, NOW)
    }) {
        slices += 1;
    }
    assert_eq!((slices, desk.withheld()), (3, Vec::new()));
    assert!(desk.states().iter().all(|state| *state == 0));
    let sql = "SELECT give_up FROM queue_letter WHERE id = $1";
    let give_up: i64 =
        desk.store.read_blocking(move |view| view.query_one(sql, params![row], |row| row.get(0))).unwrap();
    assert!(give_up > 30 * DAY, "{give_up}");
}

#[test]
fn a_letter_for_later_that_is_kept_back_leaves_neither_at_its_time_nor_before_it() {
    let mut desk = Desk::new();
    let hour = Timestamp(NOW.0 + 3_600_000);
    desk.put(1, Some(HOLD), Some(hour));
    desk.put(1, Some(HOLD), Some(hour));
    let (first, second) = (desk.withheld().remove(0), desk.withheld().remove(1));
    // Let go before its time, it waits for that.
    desk.write(move |tx| queue::let_go_withheld(tx, &first, NOW));
    assert_eq!(desk.states(), [3, 3]);
    desk.write(move |tx| queue::let_go(tx, hour, 10));
    assert_eq!(desk.states(), [0, 1], "the other is held still");
    desk.write(move |tx| queue::let_go_withheld(tx, &second, hour));
    assert_eq!(desk.states(), [0, 0]);
}

#[test]
fn what_is_dropped_is_gone_with_its_body_and_what_the_postmaster_let_go_is_not() {
    let mut desk = Desk::new();
    desk.put(300, Some(HOLD), None);
    desk.write(|tx| tx.execute("UPDATE queue_recipient SET state = 0 WHERE id = 1", &[]).map(drop));
    let letter = desk.withheld().remove(0);
    while desk.write({
        let letter = letter.clone();
        move |tx| queue::drop_withheld(tx, &letter, NOW)
    }) {}
    assert_eq!((desk.states(), desk.withheld()), (vec![0], Vec::new()));
}

#[test]
fn refusals_that_tell_of_strangers_or_spam_are_counted_for_a_day_of_running() {
    let mut desk = Desk::new();
    desk.put(6, None, None);
    for status in [Enhanced(5, 1, 1), Enhanced(5, 7, 1), Enhanced(5, 2, 2), Enhanced(5, 3, 4), Enhanced(5, 4, 4)] {
        desk.fails(status);
    }
    assert_eq!((desk.refusals(0), desk.refusals(DAY - 1), desk.refusals(DAY)), (2, 2, 0));
    desk.write(|tx| queue::keep_running(tx, Ran(2 * DAY)));
    desk.fails(Enhanced(5, 1, 10));
    assert_eq!(desk.refusals(2 * DAY), 1, "the day before counts no more");
    desk.write(|tx| queue::forgive(tx, ALICE));
    assert_eq!(desk.refusals(2 * DAY), 0);
}
