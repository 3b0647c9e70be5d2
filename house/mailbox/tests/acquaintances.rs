//! The people that an account knows: those it wrote to, and those it heard from, whichever way a letter came.

mod common;

use bytes::Bytes;
use common::{ALICE, Fixture, NOW, runtime};
use facteur_mailbox as mailbox;
use mail::Address;
use mailbox::filing::{Deposit, Filer, Labels, Target};
use mailbox::own::{self, Addresses};
use mailbox::{Access, System, acquaintance, index, prepare};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// The house files and asks for Alice.
const OWN: Access = Access::house(ALICE);

/// Alice's mailbox, whose addresses are known.
fn desk() -> Fixture {
    let fixture = Fixture::new();
    let mut own = Addresses::default();
    own.add("alice@alpha.test");
    fixture.write(move |tx| own::know(tx, ALICE, &own)).unwrap();
    fixture
}

fn file(fixture: &Fixture, head: &str) {
    let prepared = prepare(&fixture.store, Bytes::from(format!("{head}\r\nHello\r\n"))).unwrap();
    let file = move |tx: &mut store::Tx| {
        let deposit = Deposit {
            prepared: &prepared,
            target: Target::Named("INBOX"),
            system: System::default(),
            labels: Labels::All(&[]),
            received: NOW,
            beyond: 0,
            begins: None,
        };
        Filer::new(OWN, NOW).file(tx, &deposit)
    };
    fixture.write(file).unwrap();
}

/// Those of these people whom Alice does not know, or did not know before this generation.
fn strangers(fixture: &Fixture, people: &[&str], generation: Option<i64>) -> Vec<String> {
    let people: Vec<Address> = people.iter().map(|person| address(person)).collect();
    fixture.read(move |view| {
        let strangers = acquaintance::strangers(view, OWN, &people, generation)?;
        Ok(strangers.into_iter().map(ToString::to_string).collect())
    })
}

#[test]
fn an_account_knows_those_it_wrote_to_and_those_it_heard_from() {
    let fixture = desk();
    file(&fixture, "From: Bob <Bob+list@Beta.test>\r\nTo: alice@alpha.test, carol@gamma.test\r\n");
    file(&fixture, "From: Alice <alice@alpha.test>\r\nTo: dave@delta.test\r\nCc: \"E, ve\" <eve@evil.test>\r\n");
    fixture.write(|tx| acquaintance::wrote_to(tx, OWN, &[address("frank@beta.test")])).unwrap();
    let all = ["bob@beta.test", "carol@gamma.test", "dave@delta.test", "eve@evil.test", "frank+x@beta.test"];
    assert_eq!(strangers(&fixture, &all, None), ["carol@gamma.test"], "who only got the same letter is a stranger");
}

#[test]
fn whoever_came_in_a_later_generation_was_not_known_before_it() {
    let fixture = desk();
    file(&fixture, "From: bob@beta.test\r\n");
    let generation = fixture.write(|tx| acquaintance::begin_generation(tx, OWN)).unwrap();
    file(&fixture, "From: carol@gamma.test\r\n");
    // Somebody who is known stays known from when they were.
    file(&fixture, "From: alice@alpha.test\r\nTo: bob@beta.test, dave@delta.test\r\n");
    let all = ["bob@beta.test", "carol@gamma.test", "dave@delta.test"];
    assert_eq!(strangers(&fixture, &all, Some(generation)), ["carol@gamma.test", "dave@delta.test"]);
    assert_eq!(strangers(&fixture, &all, None), Vec::<String>::new());
    let next = fixture.write(|tx| acquaintance::begin_generation(tx, OWN)).unwrap();
    assert_eq!(strangers(&fixture, &all, Some(next)), Vec::<String>::new());
}

#[test]
fn letters_of_before_there_was_a_memory_are_read_for_it() {
    let fixture = desk();
    for number in 0..1_200 {
        file(&fixture, &format!("From: friend{number}@beta.test\r\nMessage-ID: <{number}@x>\r\n"));
    }
    let forget = |tx: &mut store::Tx| {
        tx.execute("DELETE FROM acquaintance", &[])?;
        let sql = "UPDATE acquaintance_read SET last = (SELECT MAX(letter) FROM letter)";
        tx.execute(sql, &[])?;
        Ok::<_, mailbox::Error>(())
    };
    fixture.write(forget).unwrap();
    assert!(!fixture.read(acquaintance::is_complete));
    runtime().block_on(index::catch_up(&fixture.store)).unwrap();
    assert!(fixture.read(acquaintance::is_complete));
    let people: Vec<String> = (0..1_200).map(|number| format!("friend{number}@beta.test")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    // Two people may have one slot: the later one stays.
    assert!(strangers(&fixture, &people, None).len() <= 10);
}
