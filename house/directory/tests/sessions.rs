//! Sessions of the pages.

mod common;

use std::sync::atomic::Ordering;

use common::{House, NOW, address, password};
use facteur_directory::{Secret, account, session};
use mail::seam::Login;
use tokio::runtime::Runtime;

fn alice(house: &House) -> Login {
    Login::of(house.id("alice@alpha.test"), address("Alice@alpha.test"))
}

#[test]
fn a_session_says_whose_it_is_until_it_is_ended() {
    let house = House::with_people();
    let (directory, runtime) = (house.directory(), Runtime::new().unwrap());
    let token = runtime.block_on(directory.begin_session(&alice(&house), [7; 32])).unwrap();
    let other = runtime.block_on(directory.begin_session(&alice(&house), [8; 32])).unwrap();
    let found = runtime.block_on(directory.session(token.reveal())).unwrap().expect("a person");
    assert_eq!((found.account, found.address), (alice(&house).account, alice(&house).address));
    assert_eq!(found.name.as_deref(), Some("Somebody"), "as it stands in the letters they write");
    runtime.block_on(directory.end_session(token.reveal())).unwrap();
    assert_eq!(runtime.block_on(directory.session(token.reveal())).unwrap(), None);
    assert!(runtime.block_on(directory.session(other.reveal())).unwrap().is_some());
    assert_eq!(runtime.block_on(directory.session("no such token")).unwrap(), None);
}

#[test]
fn a_session_that_is_used_stays_and_one_that_is_not_ends() {
    let house = House::with_people();
    let (directory, runtime) = (house.directory(), Runtime::new().unwrap());
    let token = runtime.block_on(directory.begin_session(&alice(&house), [7; 32])).unwrap();
    let nearly = session::IDLE.as_millis() as i64 - 1;
    house.clock.store(NOW.0 + nearly, Ordering::Relaxed);
    assert!(runtime.block_on(directory.session(token.reveal())).unwrap().is_some());
    house.clock.store(NOW.0 + 2 * nearly, Ordering::Relaxed);
    assert!(runtime.block_on(directory.session(token.reveal())).unwrap().is_some(), "it was used meanwhile");
    house.clock.store(NOW.0 + 3 * nearly + 1, Ordering::Relaxed);
    assert_eq!(runtime.block_on(directory.session(token.reveal())).unwrap(), None);
}

#[test]
fn a_new_password_ends_every_session() {
    let house = House::with_people();
    let (directory, runtime) = (house.directory(), Runtime::new().unwrap());
    let token = runtime.block_on(directory.begin_session(&alice(&house), [7; 32])).unwrap();
    let secret = Secret::make(&password("another one"), &[]).unwrap();
    let later = mail::Timestamp(NOW.0 + 1);
    let (account, digest) = (alice(&house).account, digest(token.reveal()));
    let is_session = || runtime.block_on(directory.is_session(digest)).unwrap();
    let has_kept = |since| runtime.block_on(directory.has_kept_password(account, since)).unwrap();
    assert!(is_session() && has_kept(NOW));
    house.write(move |tx| account::set_secret(tx, &address("alice@alpha.test"), &secret, later)).unwrap();
    assert_eq!(runtime.block_on(directory.session(token.reveal())).unwrap(), None);
    assert!(!is_session() && !has_kept(NOW) && has_kept(later));
    house.write(|tx| account::remove(tx, &address("alice@alpha.test"))).unwrap();
    assert!(!has_kept(later), "who is gone keeps nothing");
}

#[test]
fn who_changes_their_password_goes_on_and_everybody_else_ends() {
    let house = House::with_people();
    let (directory, runtime) = (house.directory(), Runtime::new().unwrap());
    let begin = |random| runtime.block_on(directory.begin_session(&alice(&house), [random; 32])).unwrap();
    let (own, other) = (begin(7), begin(8));
    let is_open = |token: &mail::Password| runtime.block_on(directory.session(token.reveal())).unwrap();
    let proof = is_open(&own).expect("a person").proof;
    let secret = Secret::make(&password("another one"), &[]).unwrap();
    let account = alice(&house).account;
    let ended = house.write(move |tx| {
        account::set_secret(tx, &address("alice@alpha.test"), &secret, mail::Timestamp(NOW.0 + 1))?;
        session::go_on(tx, account, proof)?;
        session::end_others(tx, account, proof)
    });
    assert_eq!(ended.unwrap(), 1);
    assert!(is_open(&own).is_some() && is_open(&other).is_none());
    let bob = house.id("bob@alpha.test");
    assert_eq!(house.write(move |tx| session::end_others(tx, bob, proof)).unwrap(), 0);
    assert!(is_open(&own).is_some(), "nobody ends another's");
}

fn digest(token: &str) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().unwrap()
}
