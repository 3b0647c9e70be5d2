//! The tables of an account: they count its recipients, and remember the people it knows.

use std::net::IpAddr;
use std::time::Duration;

use conduct::hold::{self, Reason};
use conduct::{Outcome, Ran, Sending, weigh};
use directory::account::{self, New};
use directory::{Language, Secret, familiar};
use facteur_conduct as conduct;
use mail::seam::AccountId;
use mail::{Address, Domain, Password, Timestamp};
use mailbox::{Access, acquaintance};
use store::{Key, Options, Store, Tx};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const NOW: Timestamp = Timestamp(1_795_501_377_000);
/// The account is older than this when it sends.
const OLD: Duration = Duration::from_secs(60 * 24 * 3600);

const HOME: &str = "192.0.2.1";
const AWAY: &str = "198.51.100.1";

/// Alice's account, which has no letters yet.
struct Desk {
    store: Store,
    alice: AccountId,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let migrations = [directory::MIGRATIONS, mailbox::MIGRATIONS, conduct::MIGRATIONS].concat();
        let store = Store::open(Options::new(folder.path()), &migrations).unwrap();
        let alice = store.write_blocking(Key::Everything, |tx| {
            directory::domain::add(tx, &Domain::parse("alpha.test").unwrap(), NOW)?;
            let address = Address::parse("alice@alpha.test").unwrap();
            let new = New { address: &address, name: None, language: Language::English };
            let secret = Secret::make(&Password::new("correct horse battery".to_owned()), &[])?;
            let alice = account::add(tx, &new, &secret, NOW)?;
            mailbox::account::create(tx, alice, None).map_err(|_| directory::Error::BadName)?;
            Ok::<_, directory::Error>(alice)
        });
        Self { store, alice: alice.unwrap(), _folder: folder }
    }

    fn write<T: Send + 'static>(
        &self,
        write: impl FnMut(&mut Tx) -> Result<T, conduct::Error> + Send + 'static,
    ) -> Result<T, conduct::Error> {
        self.store.write_blocking(Key::Everything, write)
    }

    /// Sends to people with this prefix after so many hours of running, `refused` of which came back.
    fn send(&self, (at, hours): (&str, i64), people: &str, count: usize, refused: u64) -> Outcome {
        let recipients: Vec<Address> =
            (0..count).map(|number| Address::parse(&format!("{people}{number}@beta.test")).unwrap()).collect();
        let from: IpAddr = at.parse().unwrap();
        let sending = Sending { account: self.alice, from, recipients, aliases: 0 };
        let when = (NOW.after(OLD), Ran(hours * HOUR));
        self.write(move |tx| weigh(tx, &sending, refused, when)).unwrap()
    }

    fn is_held(&self, outcome: Outcome, reason: Reason) -> bool {
        let alice = self.alice;
        let holds = self.store.read_blocking(move |view| hold::open_of(view, alice)).unwrap();
        matches!(outcome, Outcome::Held(id) if holds.iter().any(|hold| hold.id == id && hold.reason == reason))
    }
}

#[test]
fn a_network_becomes_home_by_running_and_the_account_knows_whom_it_has_written_to() {
    let desk = Desk::new();
    assert_eq!(desk.send((AWAY, 0), "a", 25, 0), Outcome::Goes);
    assert!(desk.is_held(desk.send((AWAY, 1), "b", 1, 0), Reason::Strangers));
    // Writing to the same people again does not make them known, where it is new.
    assert!(desk.is_held(desk.send((AWAY, 1), "a", 1, 0), Reason::Strangers));
    desk.write(|tx| hold::release(tx, AccountId(1), Ran(HOUR))).unwrap();
    assert_eq!(desk.send((AWAY, 2), "c", 60, 0), Outcome::Goes, "its owner has vouched for it");
    // In another network, they are known by now, and others are not.
    assert_eq!(desk.send((HOME, 2), "a", 25, 0), Outcome::Goes);
    assert_eq!(desk.send((HOME, 2), "d", 20, 0), Outcome::Goes);
    assert!(desk.is_held(desk.send((HOME, 3), "e", 6, 0), Reason::Strangers));
}

#[test]
fn a_new_network_is_home_after_three_days_of_running_and_not_by_the_clock() {
    let desk = Desk::new();
    assert_eq!(desk.send((AWAY, 100), "a", 20, 0), Outcome::Goes);
    assert!(desk.is_held(desk.send((AWAY, 171), "b", 6, 0), Reason::Strangers));
    assert_eq!(desk.send((AWAY, 172), "c", 60, 0), Outcome::Goes);
}

#[test]
fn a_network_that_the_account_has_read_from_for_long_is_home_and_one_of_a_moment_ago_is_not() {
    let desk = Desk::new();
    let (home, away): (IpAddr, IpAddr) = (HOME.parse().unwrap(), AWAY.parse().unwrap());
    desk.write(move |tx| {
        let sql = "INSERT INTO familiar_place (network, name, account, seen, since) VALUES ($1, 'alice', 1, $2, $3)";
        let now = NOW.after(OLD).0;
        tx.execute(sql, store::params![home.to_string(), now, now - 10 * DAY])?;
        tx.execute(sql, store::params![away.to_string(), now, now])?;
        assert_eq!(familiar::known_for(tx, AccountId(1), "203.0.113.1".parse().unwrap(), NOW)?, None);
        Ok(())
    })
    .unwrap();
    assert_eq!(desk.send((HOME, 1_000), "a", 100, 0), Outcome::Goes);
    assert!(desk.is_held(desk.send((AWAY, 1_000), "b", 26, 0), Reason::Strangers));
    // A clock that jumped makes no network older than the office.
    let desk = Desk::new();
    desk.write(move |tx| {
        let sql = "INSERT INTO familiar_place (network, name, account, seen, since) VALUES ($1, 'alice', 1, $2, 0)";
        tx.execute(sql, store::params![away.to_string(), NOW.0])?;
        Ok(())
    })
    .unwrap();
    assert!(desk.is_held(desk.send((AWAY, 10), "b", 26, 0), Reason::Strangers));
}

#[test]
fn days_are_counted_in_hours_of_running_and_good_ones_raise_the_limit() {
    let desk = Desk::new();
    let alice = desk.alice;
    desk.write(move |tx| acquaintance::wrote_to(tx, Access::house(alice), &people("a", 300)).map_err(Into::into))
        .unwrap();
    assert_eq!(desk.send((HOME, 0), "a", 200, 0), Outcome::Goes);
    assert!(desk.is_held(desk.send((HOME, 23), "a", 1, 0), Reason::DayLimit));
    assert_eq!(desk.send((HOME, 24), "a", 220, 0), Outcome::Goes, "a good day more");
    // A day of which a tenth came back brings nothing.
    assert_eq!(desk.send((HOME, 48), "a", 220, 22), Outcome::Goes);
    assert_eq!(desk.send((HOME, 48), "a", 221, 0), Outcome::TooMany(220));
    desk.write(move |tx| conduct::set_sends(tx, alice, Some(300), Ran(48 * HOUR))).unwrap();
    assert_eq!(desk.send((HOME, 48), "a", 80, 0), Outcome::Goes);
    assert!(desk.is_held(desk.send((HOME, 48), "a", 1, 0), Reason::DayLimit));
}

#[test]
fn what_waits_for_another_day_takes_its_room_and_a_letter_larger_than_a_day_has_one_for_itself() {
    let desk = Desk::new();
    let alice = desk.alice;
    desk.write(move |tx| acquaintance::wrote_to(tx, Access::house(alice), &people("a", 200)).map_err(Into::into))
        .unwrap();
    assert_eq!(desk.send((HOME, 0), "a", 150, 0), Outcome::Goes);
    let take =
        |recipients, hours| desk.write(move |tx| conduct::take_room(tx, alice, recipients, Ran(hours * HOUR))).unwrap();
    assert!(!take(51, 1) && take(50, 1) && !take(1, 1));
    assert!(take(500, 24) && !take(1, 25), "a day for itself");
}

#[test]
fn refused_letters_hold_an_account_and_its_owner_answers_friends_meanwhile() {
    let desk = Desk::new();
    let alice = desk.alice;
    desk.write(move |tx| acquaintance::wrote_to(tx, Access::house(alice), &people("friend", 3)).map_err(Into::into))
        .unwrap();
    assert_eq!(desk.send((HOME, 0), "friend", 1, 0), Outcome::Goes);
    assert_eq!(desk.send((HOME, 100), "a", 60, 19), Outcome::Goes);
    assert!(desk.is_held(desk.send((HOME, 100), "b", 1, 20), Reason::Refusals));
    assert_eq!(desk.send((HOME, 100), "friend", 3, 20), Outcome::Goes);
    let dropped = desk.write(move |tx| hold::drop_letters(tx, alice, Ran(100 * HOUR))).unwrap();
    assert_eq!(dropped.len(), 1);
    assert_eq!(desk.send((HOME, 100), "c", 1, 0), Outcome::Goes);
}

#[test]
fn a_hold_is_one_however_many_letters_it_keeps_and_tells_once() {
    let desk = Desk::new();
    let held: Vec<Outcome> = (0..3).map(|_| desk.send((AWAY, 0), "a", 26, 0)).collect();
    assert!(held.iter().all(|outcome| *outcome == held[0]), "{held:?}");
    let Outcome::Held(id) = held[0] else { panic!("{held:?}") };
    assert_eq!([(); 2].map(|()| desk.write(move |tx| hold::tell(tx, id)).unwrap()), [true, false]);
    let alice = desk.alice;
    desk.write(move |tx| Ok(conduct::forget(tx, alice)?)).unwrap();
    let left = desk.store.read_blocking(|view| conduct::next_account(view, AccountId(0))).unwrap();
    assert_eq!(left, None);
}

fn people(prefix: &str, count: usize) -> Vec<Address> {
    (0..count).map(|number| Address::parse(&format!("{prefix}{number}@beta.test")).unwrap()).collect()
}
