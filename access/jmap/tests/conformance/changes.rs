//! Email/changes, Thread/get, Thread/changes: exact, whoever made the changes (RFC 8621 §3, §4.3).

use mailbox::System;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::house::{House, letter};

fn answer(subject: &str, id: &str, to: &str) -> String {
    letter(subject, id, &format!("References: <{to}@alpha.test>\r\n"))
}

fn thread(house: &House, id: &str) -> String {
    let got = house.call("Email/get", json!({"ids": [id], "properties": ["threadId"]}));
    got["list"][0]["threadId"].as_str().unwrap_or_else(|| panic!("{got}")).to_owned()
}

#[test]
fn what_imap_and_deliveries_do_is_told() {
    let house = House::new();
    let old = house.deliver("inbox", &letter("old", "1", ""));
    let since = house.state("Email");
    assert_eq!(house.changes("Email", &since), (json!([]), json!([]), json!([])));
    let new = house.deliver("inbox", &letter("new", "2", ""));
    house.flag(&old, System::SEEN);
    assert_eq!(house.changes("Email", &since), (json!([new]), json!([old]), json!([])));
    house.expunge(&old);
    assert_eq!(house.changes("Email", &since), (json!([new]), json!([]), json!([old])));
    // What came and went is not told at all.
    house.expunge(&new);
    assert_eq!(house.changes("Email", &since), (json!([]), json!([]), json!([old])));
}

#[test]
fn what_is_flagged_deleted_is_gone_and_may_come_back() {
    let house = House::new();
    let id = house.deliver("inbox", &letter("one", "1", ""));
    let since = house.state("Email");
    house.flag(&id, System::DELETED);
    assert_eq!(house.changes("Email", &since), (json!([]), json!([]), json!([id])));
    assert_eq!(house.call("Email/get", json!({"ids": [id]}))["notFound"], json!([id]));
    assert_eq!(house.call("Email/query", json!({}))["ids"], json!([]));
    let deleted = house.state("Email");
    house.expunge(&id);
    assert_eq!(house.state("Email"), deleted, "it had gone already");

    let id = house.deliver("inbox", &letter("two", "2", ""));
    let since = house.state("Email");
    house.flag(&id, System::DELETED);
    let between = house.state("Email");
    house.unflag(&id, System::DELETED);
    assert_eq!(house.changes("Email", &since), (json!([]), json!([id]), json!([])));
    assert_eq!(house.changes("Email", &between), (json!([id]), json!([]), json!([])));
}

#[test]
fn conversations_come_grow_and_go() {
    let house = House::new();
    let since = house.state("Thread");
    let first = house.deliver("inbox", &letter("one", "1", ""));
    let id = thread(&house, &first);
    assert_eq!(house.changes("Thread", &since), (json!([id]), json!([]), json!([])));
    let since = house.state("Thread");
    let second = house.deliver("archive", &answer("re one", "2", "1"));
    assert_eq!(thread(&house, &second), id);
    assert_eq!(house.changes("Thread", &since), (json!([]), json!([id]), json!([])));
    let got = house.call("Thread/get", json!({"ids": [id, "t999"]}));
    assert_eq!(got["list"], json!([{"id": id, "emailIds": [first, second]}]));
    assert_eq!(got["notFound"], json!(["t999"]));

    let since = house.state("Thread");
    house.flag(&first, System::SEEN);
    assert_eq!(house.state("Thread"), since, "flags change no conversation");
    house.expunge(&first);
    house.flag(&second, System::DELETED);
    assert_eq!(house.changes("Thread", &since), (json!([]), json!([]), json!([id])));
    assert_eq!(house.call("Thread/get", json!({"ids": [id]}))["notFound"], json!([id]));
}

#[test]
fn letters_of_conversations_that_become_one_come_under_new_ids() {
    let house = House::new();
    let one = house.deliver("inbox", &letter("one", "1", ""));
    let again = house.deliver("inbox", &answer("one", "3", "1"));
    let two = house.deliver("archive", &letter("two", "2", ""));
    let (first, second) = (thread(&house, &one), thread(&house, &two));
    assert_ne!(first, second);
    let (emails, threads) = (house.state("Email"), house.state("Thread"));
    let both = "References: <1@alpha.test> <2@alpha.test>\r\n";
    let third = house.deliver("inbox", &letter("both", "4", both));
    // RFC 8621 §3: a letter's conversation never changes; the letter is destroyed and created anew.
    let (created, updated, destroyed) = house.changes("Email", &emails);
    assert_eq!((&updated, &destroyed), (&json!([]), &json!([two])));
    assert_eq!(created.as_array().unwrap().len(), 2);
    assert!(created.as_array().unwrap().contains(&json!(third)));
    assert_eq!(house.changes("Thread", &threads), (json!([]), json!([first]), json!([second])));
    let members = house.call("Thread/get", json!({"ids": [first]}))["list"][0]["emailIds"].clone();
    assert_eq!(members.as_array().unwrap().len(), 4);
    assert!(members.as_array().unwrap().contains(&json!(again)));
    let renewed = members
        .as_array()
        .unwrap()
        .iter()
        .find(|id| ![&one, &again, &third].contains(&&id.as_str().unwrap().to_owned()));
    let email = house.call("Email/get", json!({"ids": [renewed], "properties": ["subject", "mailboxIds"]}));
    assert_eq!(email["list"][0]["subject"], "two");
    assert_eq!(email["list"][0]["mailboxIds"], json!({house.role("archive"): true}));
}

#[test]
fn a_conversation_whose_letter_was_read_or_moved_since_is_not_passed_over_in_pieces() {
    let house = House::new();
    let ids: Vec<String> = (0..4).map(|n| house.deliver("inbox", &letter("x", &n.to_string(), ""))).collect();
    // Flags and places change no conversation, but they change in which order letters are looked at.
    house.flag(&ids[1], System::SEEN);
    house.call("Email/set", json!({"update": {&ids[0]: {"mailboxIds": {house.role("archive"): true}}}}));
    for most in 1..5 {
        let (mut state, mut told) = (json!("0"), std::collections::BTreeSet::new());
        loop {
            let piece = house.call("Thread/changes", json!({"sinceState": state, "maxChanges": most}));
            told.extend(piece["created"].as_array().unwrap().iter().map(ToString::to_string));
            state = piece["newState"].clone();
            if piece["hasMoreChanges"] == false {
                break;
            }
        }
        assert_eq!((told.len(), state), (4, house.state("Thread")), "in pieces of {most}");
    }
}

/// What a client has that only ever calls Email/changes and Thread/changes.
#[derive(Default)]
struct Client {
    emails: std::collections::BTreeSet<String>,
    threads: std::collections::BTreeSet<String>,
    states: Option<(Value, Value)>,
}

impl Client {
    fn catch_up(&mut self, house: &House, most: u64) {
        let (emails, threads) = self.states.take().unwrap_or((json!("0"), json!("0")));
        let emails = Self::follow(house, "Email", emails, most, &mut self.emails);
        let threads = Self::follow(house, "Thread", threads, most, &mut self.threads);
        self.states = Some((emails, threads));
    }

    fn follow(
        house: &House,
        kind: &str,
        mut state: Value,
        most: u64,
        known: &mut std::collections::BTreeSet<String>,
    ) -> Value {
        for _ in 0..500 {
            let method = format!("{kind}/changes");
            let changes = house.call(&method, json!({"sinceState": state, "maxChanges": most}));
            let ids = |list: &str| -> Vec<String> {
                let list = changes[list].as_array().unwrap_or_else(|| panic!("{changes}"));
                list.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
            };
            let count = ids("created").len() + ids("updated").len() + ids("destroyed").len();
            assert!(count as u64 <= most, "{changes}");
            known.extend(ids("created"));
            for updated in ids("updated") {
                assert!(known.contains(&updated), "{updated} was never told of: {changes}");
            }
            for gone in ids("destroyed") {
                known.remove(&gone);
            }
            state = changes["newState"].clone();
            if changes["hasMoreChanges"] == false {
                return state;
            }
        }
        panic!("there is no end of changes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// However the steps fall, a client that follows the changes in pieces of any size knows what there is.
    #[test]
    fn who_follows_the_changes_knows_what_there_is(steps in proptest::collection::vec((0u8..8, 0usize..40, 1u64..6), 1..40)) {
        let house = House::new();
        let (mut client, mut made) = (Client::default(), Vec::new());
        for (number, (step, which, most)) in steps.into_iter().enumerate() {
            let all = house.call("Email/query", json!({}))["ids"].as_array().unwrap().clone();
            let some = || all.get(which % all.len().max(1)).and_then(Value::as_str).map(str::to_owned);
            match (step, some()) {
                (0..=2, _) | (_, None) => {
                    // Some answer two others, so that conversations become one.
                    let references = format!("References: <{}@alpha.test> <{}@alpha.test>\r\n", which % 7, (which + 3) % 11);
                    let references = if step == 0 { references } else { String::new() };
                    made.push(house.deliver("inbox", &letter("x", &number.to_string(), &references)));
                }
                (3, Some(id)) => house.flag(&id, System::SEEN),
                (4, Some(id)) => house.flag(&id, System::DELETED),
                (5, Some(id)) => house.expunge(&id),
                (6, Some(id)) => {
                    let to = json!({house.role("archive"): true});
                    house.call("Email/set", json!({"update": {id: {"mailboxIds": to}}}));
                }
                (_, Some(_)) => client.catch_up(&house, most),
            }
        }
        client.catch_up(&house, 3);
        let ids = house.call("Email/query", json!({}))["ids"].clone();
        let emails: std::collections::BTreeSet<String> = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(&client.emails, &emails);
        let got = house.call("Email/get", json!({"ids": ids, "properties": ["threadId"]}));
        let threads: std::collections::BTreeSet<String> = got["list"].as_array().unwrap().iter().map(|one| one["threadId"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(&client.threads, &threads);
        // The counters are what they count.
        let inbox = house.call("Mailbox/get", json!({"ids": [house.role("inbox")]}))["list"][0].clone();
        let count = |filter: Value, collapse: bool| {
            let found = house.call("Email/query", json!({"filter": filter, "collapseThreads": collapse, "limit": 1000}));
            found["ids"].as_array().unwrap().len()
        };
        let here = json!({"inMailbox": house.role("inbox")});
        let unread = json!({"operator": "AND", "conditions": [here, {"notKeyword": "$seen"}, {"notKeyword": "$draft"}]});
        prop_assert_eq!(&inbox["totalEmails"], &json!(count(here.clone(), false)));
        prop_assert_eq!(&inbox["totalThreads"], &json!(count(here.clone(), true)));
        prop_assert_eq!(&inbox["unreadEmails"], &json!(count(unread, false)));
        // RFC 8621 §2: a conversation is unread wherever its unread letter lies.
        let all = json!({"operator": "AND", "conditions": [{"notKeyword": "$seen"}, {"notKeyword": "$draft"}]});
        let conversations = |filter: Value| -> std::collections::BTreeSet<String> {
            let ids = house.call("Email/query", json!({"filter": filter, "limit": 1000}))["ids"].clone();
            let got = house.call("Email/get", json!({"ids": ids, "properties": ["threadId"]}));
            got["list"].as_array().unwrap().iter().map(|one| one["threadId"].as_str().unwrap().to_owned()).collect()
        };
        let unread_threads = conversations(here).intersection(&conversations(all)).count();
        prop_assert_eq!(&inbox["unreadThreads"], &json!(unread_threads));
    }
}

#[test]
fn an_answer_that_names_no_letter_is_told_in_its_conversation() {
    let house = House::new();
    house.write(|tx| {
        let mut own = mailbox::own::Addresses::default();
        own.add("alice@alpha.test");
        mailbox::own::know(tx, crate::house::ALICE, &own)
    });
    let letter = |from: &str, id: &str, subject: &str, date: &str| {
        format!(
            "From: {from}\r\nTo: alice@alpha.test\r\nMessage-ID: <{id}@x>\r\nSubject: {subject}\r\nDate: {date}\r\n\r\nHi\r\n"
        )
    };
    let (monday, tuesday) = ("Mon, 23 Nov 2026 10:00:00 +0000", "Tue, 24 Nov 2026 10:00:00 +0000");
    // Two answers whose beginning has not come: each for itself.
    let bob = house.deliver("inbox", &letter("bob@beta.test", "1", "Re: Outing", tuesday));
    let carol = house.deliver("inbox", &letter("carol@gamma.test", "2", "AW: outing", tuesday));
    let thread = |id: &str| {
        house.call("Email/get", json!({"ids": [id], "properties": ["threadId"]}))["list"][0]["threadId"].clone()
    };
    assert_ne!(thread(&bob), thread(&carol));
    let emails = house.call("Email/get", json!({"ids": []}))["state"].clone();
    let threads = house.call("Thread/get", json!({"ids": []}))["state"].clone();
    // What Alice wrote to both makes one conversation of them.
    let begun = "From: alice@alpha.test\r\nTo: bob@beta.test, carol@gamma.test\r\nSubject: Outing\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nHi\r\n";
    let begun = house.deliver("sent", begun);
    let first = thread(&begun);
    assert_eq!(first, thread(&bob));
    let members = house.call("Thread/get", json!({"ids": [first]}))["list"][0]["emailIds"].clone();
    assert_eq!(members.as_array().unwrap().len(), 3);
    // The letter of the conversation that was joined to the other is another one now, and clients are told so.
    let changes = house.call("Email/changes", json!({"sinceState": emails}));
    assert_eq!(changes["destroyed"], json!([carol]));
    assert_eq!(changes["created"].as_array().unwrap().len(), 2);
    let changes = house.call("Thread/changes", json!({"sinceState": threads}));
    assert_eq!((&changes["updated"], changes["destroyed"].as_array().unwrap().len()), (&json!([first]), 1));
    // A stranger with the same subject belongs to nobody.
    let eve = house.deliver("inbox", &letter("eve@evil.test", "3", "Re: Outing", monday));
    assert_ne!(thread(&eve), first);
}
