//! Sessions of the pages.

mod common;

use std::sync::atomic::Ordering;

use common::{Fixture, NOW, address, password};
use facteur_directory::{Secret, account, session};
use mail::seam::Login;
use tokio::runtime::Runtime;

fn alice(fixture: &Fixture) -> Login {
    Login::of(fixture.id("alice@alpha.test"), address("Alice@alpha.test"))
}

#[test]
fn a_session_says_whose_it_is_until_it_is_ended() {
    let fixture = Fixture::with_people();
    let (directory, runtime) = (fixture.directory(), Runtime::new().unwrap());
    let token = runtime.block_on(directory.begin_session(&alice(&fixture), [7; 32])).unwrap();
    let other = runtime.block_on(directory.begin_session(&alice(&fixture), [8; 32])).unwrap();
    let found = runtime.block_on(directory.session(token.reveal())).unwrap().expect("a person");
    assert_eq!((found.account, found.address), (alice(&fixture).account, alice(&fixture).address));
    assert_eq!(found.name.as_deref(), Some("Somebody"), "as it stands in the letters they write");
    runtime.block_on(directory.end_session(token.reveal())).unwrap();
    assert_eq!(runtime.block_on(directory.session(token.reveal())).unwrap(), None);
    assert!(runtime.block_on(directory.session(other.reveal())).unwrap().is_some());
    assert_eq!(runtime.block_on(directory.session("no such token")).unwrap(), None);
}

#[test]
fn a_session_that_is_used_stays_and_one_that_is_not_ends() {
    let fixture = Fixture::with_people();
    let (directory, runtime) = (fixture.directory(), Runtime::new().unwrap());
    let token = runtime.block_on(directory.begin_session(&alice(&fixture), [7; 32])).unwrap();
    let nearly = session::IDLE.as_millis() as i64 - 1;
    fixture.clock.store(NOW.0 + nearly, Ordering::Relaxed);
    assert!(runtime.block_on(directory.session(token.reveal())).unwrap().is_some());
    fixture.clock.store(NOW.0 + 2 * nearly, Ordering::Relaxed);
    assert!(runtime.block_on(directory.session(token.reveal())).unwrap().is_some(), "it was used meanwhile");
    fixture.clock.store(NOW.0 + 3 * nearly + 1, Ordering::Relaxed);
    assert_eq!(runtime.block_on(directory.session(token.reveal())).unwrap(), None);
}

#[test]
fn a_new_password_ends_every_session() {
    let fixture = Fixture::with_people();
    let (directory, runtime) = (fixture.directory(), Runtime::new().unwrap());
    let token = runtime.block_on(directory.begin_session(&alice(&fixture), [7; 32])).unwrap();
    let secret = Secret::make(&password("another one"), &[]).unwrap();
    let later = mail::Timestamp(NOW.0 + 1);
    let (account, digest) = (alice(&fixture).account, digest(token.reveal()));
    let is_session = || runtime.block_on(directory.is_session(digest)).unwrap();
    let has_kept = |since| runtime.block_on(directory.has_kept_password(account, since)).unwrap();
    assert!(is_session() && has_kept(NOW));
    fixture.write(move |tx| account::set_secret(tx, &address("alice@alpha.test"), &secret, later)).unwrap();
    assert_eq!(runtime.block_on(directory.session(token.reveal())).unwrap(), None);
    assert!(!is_session() && !has_kept(NOW) && has_kept(later));
    fixture.write(|tx| account::remove(tx, &address("alice@alpha.test"))).unwrap();
    assert!(!has_kept(later), "who is gone keeps nothing");
}

#[test]
fn who_changes_their_password_goes_on_and_everybody_else_ends() {
    let fixture = Fixture::with_people();
    let (directory, runtime) = (fixture.directory(), Runtime::new().unwrap());
    let begin = |random| runtime.block_on(directory.begin_session(&alice(&fixture), [random; 32])).unwrap();
    let (own, other) = (begin(7), begin(8));
    let is_open = |token: &mail::Password| runtime.block_on(directory.session(token.reveal())).unwrap();
    let proof = is_open(&own).expect("a person").proof;
    let secret = Secret::make(&password("another one"), &[]).unwrap();
    let account = alice(&fixture).account;
    let ended = fixture.write(move |tx| {
        account::set_secret(tx, &address("alice@alpha.test"), &secret, mail::Timestamp(NOW.0 + 1))?;
        session::go_on(tx, account, proof)?;
        session::end_others(tx, account, proof)
    });
    assert_eq!(ended.unwrap(), 1);
    assert!(is_open(&own).is_some() && is_open(&other).is_none());
    let bob = fixture.id("bob@alpha.test");
    assert_eq!(fixture.write(move |tx| session::end_others(tx, bob, proof)).unwrap(), 0);
    assert!(is_open(&own).is_some(), "nobody ends another's");
}

fn digest(token: &str) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().unwrap()
}
