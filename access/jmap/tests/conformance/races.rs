//! Changes that somebody else makes in the middle of a call (RFC 8620 §5.3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mailbox::{FlagSet, System};
use serde_json::{Value, json};

use crate::fixture::{ACCESS, Fixture, NOW, letter};

/// Carries out a call while the writer is held, and lets another change slip in before the call's own write.
fn raced(
    fixture: &Fixture,
    method: &str,
    arguments: Value,
    other: impl FnMut(&mut store::Tx) + Send + 'static,
) -> Value {
    let (started, released) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (its_started, its_released, mut other) = (started.clone(), released.clone(), other);
    let store = fixture.store.clone();
    std::thread::scope(|threads| {
        let holder = threads.spawn(move || {
            store.write_blocking(store::Key::Everything, move |tx| {
                its_started.store(true, Ordering::Release);
                waiting::wait_until("the writer is let go", || its_released.load(Ordering::Acquire));
                other(tx);
                Ok::<(), store::Error>(())
            })
        });
        waiting::wait_until("the writer is held", || started.load(Ordering::Acquire));
        // The call sees the state before, and its write waits behind the other one.
        let calling = threads.spawn(|| fixture.call(method, arguments));
        waiting::wait_until("its write waits", || fixture.store.statistics().waiting > 0);
        released.store(true, Ordering::Release);
        holder.join().unwrap().unwrap();
        calling.join().unwrap()
    })
}

fn another_letter(fixture: &Fixture) -> impl FnMut(&mut store::Tx) + Send + 'static {
    let folder = fixture.folder("inbox");
    let prepared = mailbox::prepare(&fixture.store, letter("other", "other", "").into_bytes().into()).unwrap();
    move |tx| {
        mailbox::letter::file(tx, ACCESS, folder, &prepared, &FlagSet::from(System::NONE), NOW).unwrap();
    }
}

fn another_folder(tx: &mut store::Tx) {
    mailbox::folder::create(tx, ACCESS, "Other", None).unwrap();
}

#[test]
fn if_in_state_is_compared_in_the_write_that_makes_the_change() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let blob = fixture.upload(letter("two", "2", "").as_bytes());
    let state = fixture.state("Email");
    let seen = json!({"update": {&id: {"keywords/$seen": true}}, "ifInState": state});
    let answer = raced(&fixture, "Email/set", seen, another_letter(&fixture));
    assert_eq!(answer["type"], "stateMismatch", "{answer}");
    let got = fixture.call("Email/get", json!({"ids": [id], "properties": ["keywords"]}));
    assert_eq!(got["list"][0]["keywords"], json!({}), "nothing was changed");

    let inbox = fixture.role("inbox");
    let mut import =
        json!({"emails": {"k": {"blobId": blob, "mailboxIds": {inbox: true}}}, "ifInState": fixture.state("Email")});
    let answer = raced(&fixture, "Email/import", import.clone(), another_letter(&fixture));
    assert_eq!(answer["type"], "stateMismatch", "{answer}");
    import["ifInState"] = fixture.state("Email");
    assert!(fixture.call("Email/import", import)["created"]["k"].is_object());

    let state = fixture.state("Mailbox");
    let create = json!({"create": {"k": {"name": "New"}}, "ifInState": state});
    let answer = raced(&fixture, "Mailbox/set", create, another_folder);
    assert_eq!(answer["type"], "stateMismatch", "{answer}");
    assert_eq!(fixture.call("Mailbox/query", json!({"filter": {"name": "New"}}))["ids"], json!([]));
}

#[test]
fn all_that_a_conditional_call_asks_for_is_one_change() {
    let fixture = Fixture::new();
    let ids: Vec<String> = (0..120).map(|n| fixture.deliver("inbox", &letter("x", &n.to_string(), ""))).collect();
    let mut update = serde_json::Map::new();
    ids.iter().take(110).for_each(|id| drop(update.insert(id.clone(), json!({"keywords/$seen": true}))));
    update.insert("m9999".into(), json!({"keywords/$seen": true}));
    let drafts = fixture.role("drafts");
    let all = json!({
        "ifInState": fixture.state("Email"), "update": update, "destroy": &ids[110..],
        "create": {"k": {"mailboxIds": {&drafts: true}, "subject": "made", "from": [{"email": "alice@alpha.test"}]}},
    });
    let done = fixture.call("Email/set", all);
    assert_eq!(done["updated"].as_object().unwrap().len(), 110, "{done}");
    assert_eq!(done["notUpdated"]["m9999"]["type"], "notFound", "one that cannot be harms no other");
    assert_eq!(done["destroyed"].as_array().unwrap().len(), 10);
    assert_eq!(done["newState"], fixture.state("Email"));
    let refers = fixture.call(
        "Email/set",
        json!({
            "ifInState": fixture.state("Email"),
            "create": {"n": {"mailboxIds": {&drafts: true}, "subject": "new"}},
            "update": {"#n": {"keywords/$draft": true}},
        }),
    );
    let made = refers["created"]["n"]["id"].as_str().unwrap_or_else(|| panic!("{refers}"));
    assert_eq!(refers["updated"], json!({made: null}));
}

#[test]
fn a_conditional_call_for_very_many_letters_is_made_in_pieces_that_know_each_other() {
    let fixture = Fixture::new();
    let ids: Vec<String> = (0..300).map(|n| fixture.deliver("inbox", &letter("x", &n.to_string(), ""))).collect();
    let update: serde_json::Map<String, Value> =
        ids.iter().map(|id| (id.clone(), json!({"keywords/$seen": true}))).collect();
    let (drafts, state) = (fixture.role("drafts"), fixture.state("Email"));
    let create = json!({"n": {"mailboxIds": {&drafts: true}, "subject": "new"}});
    // It comes behind all the others, in another write than the one that makes it.
    let all = json!({"ifInState": state, "create": create, "update": update, "destroy": ["#n"]});
    let done = fixture.call("Email/set", all);
    assert_eq!(done["updated"].as_object().map(serde_json::Map::len), Some(300), "{done}");
    assert_eq!(done["destroyed"], json!([done["created"]["n"]["id"]]));
    assert_eq!((&done["oldState"], &done["newState"]), (&json!(state), &json!(fixture.state("Email"))));
}

#[test]
fn a_client_misses_no_change_that_comes_between_the_states_it_is_told() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let known = fixture.state("Email");
    let seen = json!({"update": {&id: {"keywords/$seen": true}}});
    let answer = raced(&fixture, "Email/set", seen, another_letter(&fixture));
    assert_eq!(answer["updated"], json!({&id: null}), "{answer}");
    // The client is at `known`, gets another old state, and asks for the changes.
    assert_ne!(answer["oldState"], known);
    let (created, updated, _) = fixture.changes("Email", &known);
    assert_eq!((created.as_array().unwrap().len(), updated), (1, json!([id])));
}
