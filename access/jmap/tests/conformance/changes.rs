//! Email/changes, Thread/get, Thread/changes: exact, whoever made the changes (RFC 8621 §3, §4.3).

use mailbox::System;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Fixture, letter};

fn answer(subject: &str, id: &str, to: &str) -> String {
    letter(subject, id, &format!("References: <{to}@alpha.test>\r\n"))
}

fn thread(fixture: &Fixture, id: &str) -> String {
    let got = fixture.call("Email/get", json!({"ids": [id], "properties": ["threadId"]}));
    got["list"][0]["threadId"].as_str().unwrap_or_else(|| panic!("{got}")).to_owned()
}

#[test]
fn what_imap_and_deliveries_do_is_told() {
    let fixture = Fixture::new();
    let old = fixture.deliver("inbox", &letter("old", "1", ""));
    let since = fixture.state("Email");
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([]), json!([])));
    let new = fixture.deliver("inbox", &letter("new", "2", ""));
    fixture.flag(&old, System::SEEN);
    assert_eq!(fixture.changes("Email", &since), (json!([new]), json!([old]), json!([])));
    fixture.expunge(&old);
    assert_eq!(fixture.changes("Email", &since), (json!([new]), json!([]), json!([old])));
    // A letter that came and went does not appear at all.
    fixture.expunge(&new);
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([]), json!([old])));
}

#[test]
fn what_is_flagged_deleted_is_gone_and_may_come_back() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let since = fixture.state("Email");
    fixture.flag(&id, System::DELETED);
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([]), json!([id])));
    assert_eq!(fixture.call("Email/get", json!({"ids": [id]}))["notFound"], json!([id]));
    assert_eq!(fixture.call("Email/query", json!({}))["ids"], json!([]));
    let deleted = fixture.state("Email");
    fixture.expunge(&id);
    assert_eq!(fixture.state("Email"), deleted, "it had gone already");

    let id = fixture.deliver("inbox", &letter("two", "2", ""));
    let since = fixture.state("Email");
    fixture.flag(&id, System::DELETED);
    let between = fixture.state("Email");
    fixture.unflag(&id, System::DELETED);
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([id]), json!([])));
    assert_eq!(fixture.changes("Email", &between), (json!([id]), json!([]), json!([])));
}

#[test]
fn conversations_come_grow_and_go() {
    let fixture = Fixture::new();
    let since = fixture.state("Thread");
    let first = fixture.deliver("inbox", &letter("one", "1", ""));
    let id = thread(&fixture, &first);
    assert_eq!(fixture.changes("Thread", &since), (json!([id]), json!([]), json!([])));
    let since = fixture.state("Thread");
    let second = fixture.deliver("archive", &answer("re one", "2", "1"));
    assert_eq!(thread(&fixture, &second), id);
    assert_eq!(fixture.changes("Thread", &since), (json!([]), json!([id]), json!([])));
    let got = fixture.call("Thread/get", json!({"ids": [id, "t999"]}));
    assert_eq!(got["list"], json!([{"id": id, "emailIds": [first, second]}]));
    assert_eq!(got["notFound"], json!(["t999"]));

    let since = fixture.state("Thread");
    fixture.flag(&first, System::SEEN);
    assert_eq!(fixture.state("Thread"), since, "flags change no conversation");
    fixture.expunge(&first);
    fixture.flag(&second, System::DELETED);
    assert_eq!(fixture.changes("Thread", &since), (json!([]), json!([]), json!([id])));
    assert_eq!(fixture.call("Thread/get", json!({"ids": [id]}))["notFound"], json!([id]));
}

#[test]
fn letters_of_conversations_that_become_one_come_under_new_ids() {
    let fixture = Fixture::new();
    let one = fixture.deliver("inbox", &letter("one", "1", ""));
    let again = fixture.deliver("inbox", &answer("one", "3", "1"));
    let two = fixture.deliver("archive", &letter("two", "2", ""));
    let (first, second) = (thread(&fixture, &one), thread(&fixture, &two));
    assert_ne!(first, second);
    let (emails, threads) = (fixture.state("Email"), fixture.state("Thread"));
    let both = "References: <1@alpha.test> <2@alpha.test>\r\n";
    let third = fixture.deliver("inbox", &letter("both", "4", both));
    // RFC 8621 §3: a letter's conversation never changes; the letter is destroyed and created anew.
    let (created, updated, destroyed) = fixture.changes("Email", &emails);
    assert_eq!((&updated, &destroyed), (&json!([]), &json!([two])));
    assert_eq!(created.as_array().unwrap().len(), 2);
    assert!(created.as_array().unwrap().contains(&json!(third)));
    assert_eq!(fixture.changes("Thread", &threads), (json!([]), json!([first]), json!([second])));
    let members = fixture.call("Thread/get", json!({"ids": [first]}))["list"][0]["emailIds"].clone();
    assert_eq!(members.as_array().unwrap().len(), 4);
    assert!(members.as_array().unwrap().contains(&json!(again)));
    let renewed = members
        .as_array()
        .unwrap()
        .iter()
        .find(|id| ![&one, &again, &third].contains(&&id.as_str().unwrap().to_owned()));
    let email = fixture.call("Email/get", json!({"ids": [renewed], "properties": ["subject", "mailboxIds"]}));
    assert_eq!(email["list"][0]["subject"], "two");
    assert_eq!(email["list"][0]["mailboxIds"], json!({fixture.role("archive"): true}));
}

#[test]
fn a_conversation_whose_letter_was_read_or_moved_since_is_not_passed_over_in_pieces() {
    let fixture = Fixture::new();
    let ids: Vec<String> = (0..4).map(|n| fixture.deliver("inbox", &letter("x", &n.to_string(), ""))).collect();
    // Flags and places change no conversation, but they change the order in which letters are looked at.
    fixture.flag(&ids[1], System::SEEN);
    fixture.call("Email/set", json!({"update": {&ids[0]: {"mailboxIds": {fixture.role("archive"): true}}}}));
    for most in 1..5 {
        let (mut state, mut told) = (json!("0"), std::collections::BTreeSet::new());
        loop {
            let piece = fixture.call("Thread/changes", json!({"sinceState": state, "maxChanges": most}));
            told.extend(piece["created"].as_array().unwrap().iter().map(ToString::to_string));
            state = piece["newState"].clone();
            if piece["hasMoreChanges"] == false {
                break;
            }
        }
        assert_eq!((told.len(), state), (4, fixture.state("Thread")), "in pieces of {most}");
    }
}

/// The state of a client that only ever calls Email/changes and Thread/changes.
#[derive(Default)]
struct Client {
    emails: std::collections::BTreeSet<String>,
    threads: std::collections::BTreeSet<String>,
    states: Option<(Value, Value)>,
}

impl Client {
    fn catch_up(&mut self, fixture: &Fixture, most: u64) {
        let (emails, threads) = self.states.take().unwrap_or((json!("0"), json!("0")));
        let emails = Self::follow(fixture, "Email", emails, most, &mut self.emails);
        let threads = Self::follow(fixture, "Thread", threads, most, &mut self.threads);
        self.states = Some((emails, threads));
    }

    fn follow(
        fixture: &Fixture,
        kind: &str,
        mut state: Value,
        most: u64,
        known: &mut std::collections::BTreeSet<String>,
    ) -> Value {
        for _ in 0..500 {
            let method = format!("{kind}/changes");
            let changes = fixture.call(&method, json!({"sinceState": state, "maxChanges": most}));
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
    /// Whatever the order of the steps, a client that follows the changes in pieces of any size knows the whole
    /// mailbox.
    #[test]
    fn who_follows_the_changes_knows_what_there_is(steps in proptest::collection::vec((0u8..8, 0usize..40, 1u64..6), 1..40)) {
        let fixture = Fixture::new();
        let (mut client, mut made) = (Client::default(), Vec::new());
        for (number, (step, which, most)) in steps.into_iter().enumerate() {
            let all = fixture.call("Email/query", json!({}))["ids"].as_array().unwrap().clone();
            let some = || all.get(which % all.len().max(1)).and_then(Value::as_str).map(str::to_owned);
            match (step, some()) {
                (0..=2, _) | (_, None) => {
                    // Some letters answer two others, so that conversations become one.
                    let references = format!("References: <{}@alpha.test> <{}@alpha.test>\r\n", which % 7, (which + 3) % 11);
                    let references = if step == 0 { references } else { String::new() };
                    made.push(fixture.deliver("inbox", &letter("x", &number.to_string(), &references)));
                }
                (3, Some(id)) => fixture.flag(&id, System::SEEN),
                (4, Some(id)) => fixture.flag(&id, System::DELETED),
                (5, Some(id)) => fixture.expunge(&id),
                (6, Some(id)) => {
                    let to = json!({fixture.role("archive"): true});
                    fixture.call("Email/set", json!({"update": {id: {"mailboxIds": to}}}));
                }
                (_, Some(_)) => client.catch_up(&fixture, most),
            }
        }
        client.catch_up(&fixture, 3);
        let ids = fixture.call("Email/query", json!({}))["ids"].clone();
        let emails: std::collections::BTreeSet<String> = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(&client.emails, &emails);
        let got = fixture.call("Email/get", json!({"ids": ids, "properties": ["threadId"]}));
        let threads: std::collections::BTreeSet<String> = got["list"].as_array().unwrap().iter().map(|one| one["threadId"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(&client.threads, &threads);
        // The counters agree with the letters that they count.
        let inbox = fixture.call("Mailbox/get", json!({"ids": [fixture.role("inbox")]}))["list"][0].clone();
        let count = |filter: Value, collapse: bool| {
            let found = fixture.call("Email/query", json!({"filter": filter, "collapseThreads": collapse, "limit": 1000}));
            found["ids"].as_array().unwrap().len()
        };
        let here = json!({"inMailbox": fixture.role("inbox")});
        let unread = json!({"operator": "AND", "conditions": [here, {"notKeyword": "$seen"}, {"notKeyword": "$draft"}]});
        prop_assert_eq!(&inbox["totalEmails"], &json!(count(here.clone(), false)));
        prop_assert_eq!(&inbox["totalThreads"], &json!(count(here.clone(), true)));
        prop_assert_eq!(&inbox["unreadEmails"], &json!(count(unread, false)));
        // RFC 8621 §2: a conversation is unread wherever its unread letter lies.
        let all = json!({"operator": "AND", "conditions": [{"notKeyword": "$seen"}, {"notKeyword": "$draft"}]});
        let conversations = |filter: Value| -> std::collections::BTreeSet<String> {
            let ids = fixture.call("Email/query", json!({"filter": filter, "limit": 1000}))["ids"].clone();
            let got = fixture.call("Email/get", json!({"ids": ids, "properties": ["threadId"]}));
            got["list"].as_array().unwrap().iter().map(|one| one["threadId"].as_str().unwrap().to_owned()).collect()
        };
        let unread_threads = conversations(here).intersection(&conversations(all)).count();
        prop_assert_eq!(&inbox["unreadThreads"], &json!(unread_threads));
    }
}

#[test]
fn an_answer_that_names_no_letter_is_told_in_its_conversation() {
    let fixture = Fixture::new();
    fixture.write(|tx| {
        let mut own = mailbox::own::Addresses::default();
        own.add("alice@alpha.test");
        mailbox::own::know(tx, crate::fixture::ALICE, &own)
    });
    let letter = |from: &str, id: &str, subject: &str, date: &str| {
        format!(
            "From: {from}\r\nTo: alice@alpha.test\r\nMessage-ID: <{id}@x>\r\nSubject: {subject}\r\nDate: {date}\r\n\r\nHi\r\n"
        )
    };
    let (monday, tuesday) = ("Mon, 23 Nov 2026 10:00:00 +0000", "Tue, 24 Nov 2026 10:00:00 +0000");
    // Two answers to a letter that has not come: each stands for itself.
    let bob = fixture.deliver("inbox", &letter("bob@beta.test", "1", "Re: Outing", tuesday));
    let carol = fixture.deliver("inbox", &letter("carol@gamma.test", "2", "AW: outing", tuesday));
    let thread = |id: &str| {
        fixture.call("Email/get", json!({"ids": [id], "properties": ["threadId"]}))["list"][0]["threadId"].clone()
    };
    assert_ne!(thread(&bob), thread(&carol));
    let emails = fixture.call("Email/get", json!({"ids": []}))["state"].clone();
    let threads = fixture.call("Thread/get", json!({"ids": []}))["state"].clone();
    // Letters from Alice to both make one conversation of them.
    let begun = "From: alice@alpha.test\r\nTo: bob@beta.test, carol@gamma.test\r\nSubject: Outing\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nHi\r\n";
    let begun = fixture.deliver("sent", begun);
    let first = thread(&begun);
    assert_eq!(first, thread(&bob));
    let members = fixture.call("Thread/get", json!({"ids": [first]}))["list"][0]["emailIds"].clone();
    assert_eq!(members.as_array().unwrap().len(), 3);
    // The letter of the conversation that joined the other one has a new thread id, and clients learn of it.
    let changes = fixture.call("Email/changes", json!({"sinceState": emails}));
    assert_eq!(changes["destroyed"], json!([carol]));
    assert_eq!(changes["created"].as_array().unwrap().len(), 2);
    let changes = fixture.call("Thread/changes", json!({"sinceState": threads}));
    assert_eq!((&changes["updated"], changes["destroyed"].as_array().unwrap().len()), (&json!([first]), 1));
    // A stranger's letter with the same subject belongs to no conversation.
    let eve = fixture.deliver("inbox", &letter("eve@evil.test", "3", "Re: Outing", monday));
    assert_ne!(thread(&eve), first);
}
