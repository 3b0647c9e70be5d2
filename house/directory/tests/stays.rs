//! A connection ends with the proof that let it in: every proof against every way in which credentials change.

mod common;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Fixture, NOW, PASSWORD, address, password};
use facteur_directory::{Directory, Secret, account, domain, session};
use mail::seam::{AccountId, Login, LoginVerdict, Logins};
use mail::stay::{Doing, Leave, Proof, SharedStay};
use mail::{Password, Timestamp};
use store::{Key, params};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Two people at home, each with what can be open.
struct Town {
    fixture: Fixture,
    directory: Directory,
    alice: AccountId,
    /// The tokens of Alice's two browsers.
    tokens: [Password; 2],
    stays: Vec<(&'static str, SharedStay)>,
}

/// The open connections by name: the name tells who holds it and by which proof. `unknown` came in by a proof that
/// the directory does not know.
const OPEN: [&str; 6] = ["password", "browser 1", "browser 2", "unknown", "bob's password", "bob's browser"];

async fn log_in(directory: &Directory, name: &str) -> Login {
    match directory.check(name, &password(PASSWORD), HERE).await.unwrap() {
        LoginVerdict::Welcome(login) => login,
        other => panic!("{name} is not let in: {other:?}"),
    }
}

impl Town {
    async fn new() -> Self {
        let fixture = people().await;
        let directory = fixture.directory();
        let (alice, bob) = (log_in(&directory, "alice@alpha.test").await, log_in(&directory, "bob@alpha.test").await);
        let mut tokens = Vec::new();
        for (person, random) in [(&alice, 1), (&alice, 2), (&bob, 3)] {
            tokens.push(directory.begin_session(person, [random; 32]).await.unwrap());
        }
        let mut logins = vec![alice.clone()];
        for token in &tokens[..2] {
            logins.push(directory.session(token.reveal()).await.unwrap().expect("open"));
        }
        logins.push(Login::of(alice.account, alice.address.clone()));
        logins.push(bob);
        logins.push(directory.session(tokens[2].reveal()).await.unwrap().expect("open"));
        let begin = |login: &Login| directory.stay(login, Doing::Imap, HERE);
        let stays = OPEN.into_iter().zip(logins.iter().map(begin)).collect();
        tokens.truncate(2);
        let tokens = tokens.try_into().expect("two");
        Self { fixture, alice: alice.account, directory, tokens, stays }
    }

    /// Returns which of the open connections have ended, and why, once those that are `due` have; the others had the
    /// same time.
    async fn ended(&self, due: &[&str]) -> Vec<(&'static str, Leave)> {
        let directory = self.directory.clone();
        let keeper = tokio::spawn(async move { directory.watch_over(std::future::pending()).await });
        for (name, stay) in &self.stays {
            if due.contains(name) {
                let over = tokio::time::timeout(Duration::from_secs(600), stay.over()).await;
                assert!(over.is_ok(), "{name} goes on");
            }
        }
        // Everybody is looked at in the same round; a second one would find no more.
        // time passes: nothing may happen meanwhile
        tokio::time::sleep(Duration::from_millis(100)).await;
        keeper.abort();
        self.stays.iter().filter_map(|(name, stay)| Some((*name, stay.is_over()?))).collect()
    }

    async fn expect(&self, due: &[(&'static str, Leave)]) {
        let names: Vec<&str> = due.iter().map(|(name, _)| *name).collect();
        assert_eq!(self.ended(&names).await, due);
    }

    async fn write(&self, f: impl FnMut(&mut store::Tx) -> Result<(), facteur_directory::Error> + Send + 'static) {
        self.fixture.store.write(Key::Everything, f).await.unwrap();
    }
}

fn secret() -> Secret {
    Secret::make(&password("another one"), &[]).unwrap()
}

/// Makes the fixture on a blocking thread, since that may block.
async fn people() -> Fixture {
    tokio::task::spawn_blocking(Fixture::with_people).await.unwrap()
}

async fn id(fixture: &Fixture, name: &'static str) -> AccountId {
    fixture.store.read(move |view| account::find(view, &address(name))).await.unwrap().id
}

#[tokio::test]
async fn nothing_ends_while_nothing_changes() {
    let town = Town::new().await;
    town.expect(&[]).await;
}

#[tokio::test]
async fn a_new_password_ends_all_that_a_person_has_open_and_nothing_of_others() {
    let town = Town::new().await;
    let secret = secret();
    // The clock has been set back: the change counts all the same.
    let earlier = Timestamp(NOW.0 - 1_000_000);
    town.write(move |tx| account::set_secret(tx, &address("alice@alpha.test"), &secret, earlier).map(drop)).await;
    let due = ["password", "browser 1", "browser 2"].map(|name| (name, Leave::NewPassword));
    town.expect(&due).await;
    assert_eq!(town.directory.session(town.tokens[0].reveal()).await.unwrap(), None);
}

#[tokio::test]
async fn a_log_out_ends_what_that_browser_has_open_and_nothing_else() {
    let town = Town::new().await;
    town.directory.end_session(town.tokens[0].reveal()).await.unwrap();
    town.expect(&[("browser 1", Leave::SessionEnded)]).await;
    assert!(town.directory.session(town.tokens[1].reveal()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_session_that_is_ended_by_its_number_ends_what_it_has_open() {
    let town = Town::new().await;
    let alice = town.alice;
    let sessions = town.fixture.store.read(move |view| session::list(view, Some(alice), NOW)).await.unwrap();
    let second = sessions.iter().map(|session| session.number).max();
    town.write(move |tx| session::end(tx, alice, second).map(drop)).await;
    town.expect(&[("browser 2", Leave::SessionEnded)]).await;
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let town = Town::new().await;
    let (alice, bob) = (town.alice, id(&town.fixture, "bob@alpha.test").await);
    let of_bob = town.fixture.store.read(move |view| session::list(view, Some(bob), NOW)).await.unwrap();
    let number = of_bob[0].number;
    assert_eq!(
        town.fixture.store.write(Key::Everything, move |tx| session::end(tx, alice, Some(number))).await.unwrap(),
        0
    );
    town.expect(&[]).await;
}

#[tokio::test]
async fn all_sessions_of_a_person_end_together_and_what_the_password_opened_stays() {
    let town = Town::new().await;
    let alice = town.alice;
    town.write(move |tx| session::end(tx, alice, None).map(drop)).await;
    town.expect(&["browser 1", "browser 2"].map(|name| (name, Leave::SessionEnded))).await;
}

#[tokio::test]
async fn an_account_that_is_removed_ends_all_that_it_has_open() {
    let town = Town::new().await;
    town.write(|tx| account::remove(tx, &address("alice@alpha.test")).map(drop)).await;
    let due = ["password", "browser 1", "browser 2", "unknown"].map(|name| (name, Leave::AccountGone));
    town.expect(&due).await;
}

#[tokio::test]
async fn a_domain_that_is_removed_ends_what_its_people_have_open() {
    let town = Town::new().await;
    town.write(|tx| domain::remove(tx, &common::name("alpha.test"), true).map(drop)).await;
    town.expect(&OPEN.map(|name| (name, Leave::AccountGone))).await;
}

#[tokio::test]
async fn one_conversation_can_be_ended_and_its_neighbours_go_on() {
    let town = Town::new().await;
    let open = town.directory.open_conversations(Some(town.alice));
    assert_eq!(open.len(), 4);
    let first = open[0].number;
    assert_eq!(
        town.directory.end_conversations(id(&town.fixture, "bob@alpha.test").await, Some(first)),
        0,
        "it is not his"
    );
    assert_eq!(town.directory.end_conversations(town.alice, Some(first)), 1);
    town.expect(&[("password", Leave::Dismissed)]).await;
}

#[tokio::test]
async fn a_session_ends_at_its_longest_life_however_often_it_is_used() {
    let town = Town::new().await;
    let token = town.tokens[0].reveal();
    let (step, most) = (session::IDLE.as_millis() as i64 - 1, session::LONGEST.as_millis() as i64);
    for now in (step..most).step_by(step as usize).chain([most - 1]) {
        town.fixture.clock.store(NOW.0 + now, Ordering::Relaxed);
        assert!(town.directory.session(token).await.unwrap().is_some(), "it was used meanwhile");
    }
    town.fixture.clock.store(NOW.0 + most, Ordering::Relaxed);
    assert_eq!(town.directory.session(token).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_which_no_notice_came_is_found_all_the_same() {
    let town = Town::new().await;
    let directory = town.directory.clone();
    let keeper = tokio::spawn(async move { directory.watch_over(std::future::pending()).await });
    // Until all have been looked at.
    // time passes: the clock is paused
    tokio::time::sleep(Duration::from_secs(10)).await;
    let alice = town.alice.0;
    town.write(move |tx| {
        tx.execute("UPDATE password SET changed = changed + 1 WHERE account = $1", params![alice])?;
        Ok(())
    })
    .await;
    let (_, stay) = &town.stays[0];
    // The clock of this test leaps while the store is asked, so the patience is that of a real one.
    let (late, patience) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // time passes: a clock has to move
        std::thread::sleep(Duration::from_secs(60));
        let _ = late.send(());
    });
    tokio::select! {
        over = stay.over() => assert_eq!(over, Leave::NewPassword),
        _ = patience => panic!("nobody looked again"),
    }
    keeper.abort();
}

#[tokio::test]
async fn a_password_that_changes_between_the_log_in_and_the_conversation_lets_nobody_stay() {
    let fixture = people().await;
    let directory = fixture.directory();
    let alice = log_in(&directory, "alice@alpha.test").await;
    let Proof::Password(_) = alice.proof else { panic!("{alice:?}") };
    let secret = secret();
    fixture
        .store
        .write(Key::Everything, move |tx| account::set_secret(tx, &address("alice@alpha.test"), &secret, NOW))
        .await
        .unwrap();
    let keeper = directory.clone();
    let keeper = tokio::spawn(async move { keeper.watch_over(std::future::pending()).await });
    // The first look finds nobody, and takes the notice with it.
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stay = directory.stay(&alice, Doing::Imap, HERE);
    let over = tokio::time::timeout(Duration::from_secs(60), stay.over()).await;
    assert_eq!(over, Ok(Leave::NewPassword));
    // Nor does a session that begins with it.
    let token = directory.begin_session(&alice, [9; 32]).await.unwrap();
    assert_eq!(directory.session(token.reveal()).await.unwrap(), None);
    keeper.abort();
}

#[tokio::test]
async fn who_has_gone_by_themselves_is_in_no_list() {
    let town = Town::new().await;
    assert_eq!(town.directory.open_conversations(None).len(), OPEN.len());
    let directory = town.directory.clone();
    drop(town);
    assert!(directory.open_conversations(None).is_empty());
}
