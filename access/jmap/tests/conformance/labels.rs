//! Letters in several mailboxes (RFC 8621 §4.1.1: `mailboxIds`), by whichever door they come, change and go.

use std::collections::{BTreeMap, BTreeSet};

use mailbox::{FolderId, LetterKey, System, UidRange};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::fixture::{ACCESS, Fixture, letter};

/// Makes a mailbox, and returns its id.
fn made(fixture: &Fixture, name: &str) -> String {
    let done = fixture.call("Mailbox/set", json!({"create": {"new": {"name": name}}}));
    done["created"]["new"]["id"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned()
}

fn all(mailboxes: &[&String]) -> Value {
    mailboxes.iter().map(|id| ((*id).clone(), Value::Bool(true))).collect::<Map<String, Value>>().into()
}

fn mailboxes_of(fixture: &Fixture, id: &str) -> Value {
    let got = fixture.call("Email/get", json!({"ids": [id], "properties": ["mailboxIds"]}));
    got["list"][0]["mailboxIds"].clone()
}

/// Returns totalEmails, unreadEmails, totalThreads and unreadThreads.
fn counters(fixture: &Fixture, mailbox: &str) -> [u64; 4] {
    let got = fixture.call("Mailbox/get", json!({"ids": [mailbox]}));
    ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"].map(|name| got["list"][0][name].as_u64().unwrap())
}

fn update(fixture: &Fixture, id: &str, patch: Value) -> Value {
    fixture.call("Email/set", json!({"update": {id: patch}}))
}

fn listed(fixture: &Fixture, filter: Value) -> BTreeSet<String> {
    let got = fixture.call("Email/query", json!({"filter": filter, "calculateTotal": true}));
    let ids: Vec<String> = got["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    let once: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!((ids.len(), got["total"].as_u64()), (once.len(), Some(once.len() as u64)), "{got}");
    once
}

fn draft(subject: &str, mailboxes: &Value) -> Value {
    json!({
        "mailboxIds": mailboxes,
        "subject": subject,
        "from": [{"email": "alice@alpha.test"}],
        "bodyStructure": {"type": "text/plain", "partId": "1"},
        "bodyValues": {"1": {"value": "Hello"}},
    })
}

/// Acts on the place of a letter in a folder, as IMAP does.
fn flag_in(fixture: &Fixture, id: &str, folder: &str, flags: System) {
    let (key, folder) = (LetterKey(id[1..].parse().unwrap()), FolderId(folder[1..].parse().unwrap()));
    fixture.write(move |tx| {
        let places = mailbox::letter::places(tx, ACCESS, key)?;
        let uid = places.iter().find(|place| place.folder == folder).expect("a place").uid;
        let change = mailbox::FlagChange::Add(flags.into());
        mailbox::letter::store_flags(tx, ACCESS, folder, &[UidRange::one(uid)], &change, None, 1)
    });
}

fn expunge_in(fixture: &Fixture, folder: &str) {
    let folder = FolderId(folder[1..].parse().unwrap());
    fixture.write(move |tx| mailbox::letter::expunge(tx, ACCESS, folder, &mailbox::letter::Expunge::Deleted, 100));
}

#[test]
fn a_letter_is_made_in_several_mailboxes_and_put_into_others_one_by_one() {
    let fixture = Fixture::new();
    let (inbox, work, home) = (fixture.role("inbox"), made(&fixture, "Work"), made(&fixture, "Home"));
    let done = fixture.call("Email/set", json!({"create": {"one": draft("one", &all(&[&inbox, &work]))}}));
    let id = done["created"]["one"]["id"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&inbox, &work]));
    assert_eq!((counters(&fixture, &inbox), counters(&fixture, &work)), ([1, 1, 1, 1], [1, 1, 1, 1]));

    let since = fixture.state("Email");
    assert_eq!(update(&fixture, &id, json!({format!("mailboxIds/{home}"): true}))["updated"], json!({&id: null}));
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&inbox, &work, &home]));
    update(&fixture, &id, json!({format!("mailboxIds/{inbox}"): null}));
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&work, &home]));
    assert_eq!(counters(&fixture, &inbox), [0, 0, 0, 0]);
    update(&fixture, &id, json!({"mailboxIds": all(&[&inbox, &home]), "keywords/$seen": true}));
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&inbox, &home]));
    assert_eq!((counters(&fixture, &inbox), counters(&fixture, &home)), ([1, 0, 1, 0], [1, 0, 1, 0]));
    assert_eq!(counters(&fixture, &work), [0, 0, 0, 0]);
    // To a client it is the same letter all the time.
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([id]), json!([])));
}

#[test]
fn a_patch_of_mailboxes_is_made_whole_or_not_at_all() {
    let fixture = Fixture::new();
    let (inbox, work) = (fixture.role("inbox"), made(&fixture, "Work"));
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let before = fixture.state("Email");
    for patch in [
        json!({format!("mailboxIds/{work}"): true, "mailboxIds/f999": true, "keywords/$seen": true}),
        json!({format!("mailboxIds/{inbox}"): null}),
        json!({format!("mailboxIds/{inbox}"): null, format!("mailboxIds/{work}"): false}),
        json!({format!("mailboxIds/{work}"): true, format!("mailboxIds/{inbox}"): 1}),
        json!({"mailboxIds": {&work: true, "f999": true}}),
    ] {
        let answer = update(&fixture, &id, patch.clone());
        assert_eq!(answer["notUpdated"][&id]["properties"], json!(["mailboxIds"]), "{patch} {answer}");
    }
    let many: Map<String, Value> = (0..1001).map(|n| (format!("f{n}"), Value::Bool(true))).collect();
    assert_eq!(update(&fixture, &id, json!({"mailboxIds": many}))["notUpdated"][&id]["type"], "tooManyMailboxes");
    let refused = fixture.call("Email/set", json!({"create": {"one": draft("one", &many.into())}}));
    assert_eq!(refused["notCreated"]["one"]["type"], "tooManyMailboxes");
    assert_eq!((mailboxes_of(&fixture, &id), fixture.state("Email")), (all(&[&inbox]), before));
    // A mailbox that is made in the same request is named by its creation id.
    let responses = fixture.calls(json!([
        ["Mailbox/set", {"accountId": "a1", "create": {"new": {"name": "New"}}}, "0"],
        ["Email/set", {"accountId": "a1", "update": {&id: {"mailboxIds/#new": true}}}, "1"],
    ]));
    let new = responses[0][1]["created"]["new"]["id"].as_str().unwrap().to_owned();
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&inbox, &new]), "{responses:?}");
}

#[test]
fn a_letter_is_imported_into_several_mailboxes_and_takes_its_room_once() {
    let fixture = Fixture::new();
    let (inbox, work) = (fixture.role("inbox"), made(&fixture, "Work"));
    let used = || fixture.call("Quota/get", json!({"ids": null}))["list"][0]["used"].as_u64().unwrap();
    let empty = used();
    let octets = letter("one", "1", "");
    let wish = json!({"blobId": fixture.upload(octets.as_bytes()), "mailboxIds": all(&[&inbox, &work])});
    let done = fixture.call("Email/import", json!({"emails": {"one": wish}}));
    let id = done["created"]["one"]["id"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&inbox, &work]));
    assert_eq!(used() - empty, octets.len() as u64);
    update(&fixture, &id, json!({format!("mailboxIds/{inbox}"): null}));
    assert_eq!(used() - empty, octets.len() as u64);
    fixture.call("Email/set", json!({"destroy": [id]}));
    assert_eq!(used(), empty);
}

#[test]
fn queries_find_a_letter_in_each_of_its_mailboxes_and_list_it_once() {
    let fixture = Fixture::new();
    let (inbox, work, home) = (fixture.role("inbox"), made(&fixture, "Work"), made(&fixture, "Home"));
    let both = fixture.deliver("inbox", &letter("both", "1", ""));
    let one = fixture.deliver("inbox", &letter("one", "2", ""));
    update(&fixture, &both, json!({format!("mailboxIds/{work}"): true}));
    let set = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<BTreeSet<String>>();
    assert_eq!(listed(&fixture, json!({"inMailbox": &inbox})), set(&[&both, &one]));
    assert_eq!(listed(&fixture, json!({"inMailbox": &work})), set(&[&both]));
    assert_eq!(listed(&fixture, json!({"inMailbox": &home})), set(&[]));
    assert_eq!(listed(&fixture, Value::Null), set(&[&both, &one]));
    // In a mailbox that is none of these, wherever else it lies (RFC 8621 §4.4.1).
    assert_eq!(listed(&fixture, json!({"inMailboxOtherThan": [&inbox]})), set(&[&both]));
    assert_eq!(listed(&fixture, json!({"inMailboxOtherThan": [&work]})), set(&[&both, &one]));
    assert_eq!(listed(&fixture, json!({"inMailboxOtherThan": [&inbox, &work]})), set(&[]));
    let and = |conditions: Value| json!({"operator": "AND", "conditions": conditions});
    assert_eq!(listed(&fixture, and(json!([{"inMailbox": &inbox}, {"inMailbox": &work}]))), set(&[&both]));
    let not_work = json!({"operator": "NOT", "conditions": [{"inMailbox": &work}]});
    assert_eq!(listed(&fixture, and(json!([{"inMailbox": &inbox}, not_work]))), set(&[&one]));
    let collapsed = fixture.call("Email/query", json!({"collapseThreads": true, "calculateTotal": true}));
    assert_eq!((collapsed["ids"].as_array().unwrap().len(), &collapsed["total"]), (2, &json!(2)), "{collapsed}");
    // The list of a mailbox tells when a letter comes to it and leaves it.
    let in_work = || json!({"filter": {"inMailbox": &work}});
    let before = fixture.call("Email/query", in_work())["queryState"].clone();
    update(&fixture, &one, json!({format!("mailboxIds/{work}"): true}));
    update(&fixture, &both, json!({format!("mailboxIds/{work}"): null}));
    let mut since = in_work();
    since["sinceQueryState"] = before;
    let told = fixture.call("Email/queryChanges", since);
    assert_eq!(told["added"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["added"][0]["id"], json!(one));
    assert!(told["removed"].as_array().unwrap().contains(&json!(both)), "{told}");
}

#[test]
fn a_mailbox_that_is_destroyed_takes_only_those_letters_along_that_lie_nowhere_else() {
    let fixture = Fixture::new();
    let (inbox, work) = (fixture.role("inbox"), made(&fixture, "Work"));
    let (both, alone) =
        (fixture.deliver("inbox", &letter("a", "1", "")), fixture.deliver("inbox", &letter("b", "2", "")));
    update(&fixture, &both, json!({format!("mailboxIds/{work}"): true}));
    update(&fixture, &alone, json!({"mailboxIds": all(&[&work])}));
    let since = fixture.state("Email");
    let kept = fixture.call("Mailbox/set", json!({"destroy": [&work]}));
    assert_eq!(kept["notDestroyed"][&work]["type"], "mailboxHasEmail", "{kept}");
    assert_eq!(fixture.state("Email"), since);
    let gone = fixture.call("Mailbox/set", json!({"destroy": [&work], "onDestroyRemoveEmails": true}));
    assert_eq!(gone["destroyed"], json!([&work]), "{gone}");
    assert_eq!(mailboxes_of(&fixture, &both), all(&[&inbox]));
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([both]), json!([alone])));
    assert_eq!(counters(&fixture, &inbox), [1, 1, 1, 1]);
}

#[test]
fn a_letter_that_is_destroyed_leaves_all_its_mailboxes() {
    let fixture = Fixture::new();
    let (inbox, work) = (fixture.role("inbox"), made(&fixture, "Work"));
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    update(&fixture, &id, json!({format!("mailboxIds/{work}"): true}));
    let since = fixture.state("Email");
    assert_eq!(fixture.call("Email/set", json!({"destroy": [id]}))["destroyed"], json!([id]));
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([]), json!([id])));
    assert_eq!((counters(&fixture, &inbox), counters(&fixture, &work)), ([0; 4], [0; 4]));
}

#[test]
fn flags_belong_to_the_letter_and_deleted_belongs_to_the_place() {
    let fixture = Fixture::new();
    let (inbox, work) = (fixture.role("inbox"), made(&fixture, "Work"));
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    update(&fixture, &id, json!({format!("mailboxIds/{work}"): true}));
    let since = fixture.state("Email");
    flag_in(&fixture, &id, &work, System::SEEN);
    assert_eq!((counters(&fixture, &inbox), counters(&fixture, &work)), ([1, 0, 1, 0], [1, 0, 1, 0]));
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([&id]), json!([])));

    let since = fixture.state("Email");
    flag_in(&fixture, &id, &inbox, System::DELETED);
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&work]));
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([&id]), json!([])));
    expunge_in(&fixture, &inbox);
    assert_eq!(mailboxes_of(&fixture, &id), all(&[&work]));
    flag_in(&fixture, &id, &work, System::DELETED);
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([]), json!([&id])));
}

#[test]
fn conversations_that_become_one_tell_a_change_of_each_letter() {
    let fixture = Fixture::new();
    let work = made(&fixture, "Work");
    let first = fixture.deliver("inbox", &letter("apples", "1", ""));
    let second = fixture.deliver("inbox", &letter("pears", "2", ""));
    for id in [&first, &second] {
        update(&fixture, id, json!({format!("mailboxIds/{work}"): true}));
    }
    let (emails, threads) = (fixture.state("Email"), fixture.state("Thread"));
    let joins = "References: <1@alpha.test> <2@alpha.test>\r\n";
    let third = fixture.deliver("inbox", &letter("fruit", "3", joins));
    let thread_of =
        |id: &str| fixture.call("Email/get", json!({"ids": [id], "properties": ["threadId"]}))["list"][0].clone();
    let thread = thread_of(&third)["threadId"].as_str().unwrap().to_owned();
    let got = fixture.call("Thread/get", json!({"ids": [&thread]}));
    let members: Vec<String> = serde_json::from_value(got["list"][0]["emailIds"].clone()).unwrap();
    assert_eq!(members.len(), 3, "{got}");
    let (created, updated, destroyed) = fixture.changes("Email", &emails);
    // A letter's threadId never changes (RFC 8621 §4.1.1): a letter whose conversation is another one now has a new id.
    let told: BTreeSet<String> = [&created, &updated]
        .into_iter()
        .flat_map(|ids| serde_json::from_value::<Vec<String>>(ids.clone()).unwrap())
        .collect();
    let moved = members.iter().filter(|id| ![&first, &second].contains(id));
    assert!(moved.clone().all(|id| told.contains(id)), "{members:?} {created} {updated}");
    let gone: BTreeSet<String> = serde_json::from_value(destroyed).unwrap();
    let left: BTreeSet<String> = [&first, &second].into_iter().filter(|id| !members.contains(id)).cloned().collect();
    assert_eq!(gone, left);
    assert!(!left.is_empty());
    // Whatever their ids, both still lie in both mailboxes, and each is listed once.
    assert_eq!(counters(&fixture, &work), [2, 2, 1, 1]);
    assert_eq!(listed(&fixture, json!({"inMailbox": &work})).len(), 2);
    let (.., gone_threads) = fixture.changes("Thread", &threads);
    assert_eq!(gone_threads.as_array().unwrap().len(), 1);
}

#[derive(Clone, Debug)]
enum Deed {
    /// Puts a letter into a mailbox, or takes it out.
    Patch(usize, usize, bool),
    /// Puts a letter into exactly these mailboxes.
    Whole(usize, [bool; 3]),
    Read(usize, bool),
    /// `\Deleted` and EXPUNGE in a mailbox.
    Expunge(usize, usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let (letter, mailbox) = (0..3usize, 0..3usize);
    prop_oneof![
        (letter.clone(), mailbox.clone(), any::<bool>()).prop_map(|(l, m, on)| Deed::Patch(l, m, on)),
        (letter.clone(), any::<[bool; 3]>()).prop_map(|(l, on)| Deed::Whole(l, on)),
        (letter.clone(), any::<bool>()).prop_map(|(l, on)| Deed::Read(l, on)),
        (letter, mailbox).prop_map(|(l, m)| Deed::Expunge(l, m)),
    ]
}

/// A letter of the model: its mailboxes, and whether it is read.
type Letter = (BTreeSet<usize>, bool);

fn act(fixture: &Fixture, ids: &[String], boxes: &[String], model: &mut BTreeMap<usize, Letter>, deed: &Deed) {
    let (Deed::Patch(l, ..) | Deed::Whole(l, _) | Deed::Read(l, _) | Deed::Expunge(l, _)) = deed;
    let Some((places, seen)) = model.get_mut(l) else { return };
    let id = &ids[*l];
    let mut wanted = places.clone();
    let patch = match deed {
        Deed::Patch(_, m, true) => {
            wanted.insert(*m);
            json!({format!("mailboxIds/{}", boxes[*m]): true})
        }
        Deed::Patch(_, m, false) => {
            wanted.remove(m);
            json!({format!("mailboxIds/{}", boxes[*m]): null})
        }
        Deed::Whole(_, on) => {
            wanted = (0..3).filter(|m| on[*m]).collect();
            json!({"mailboxIds": all(&wanted.iter().map(|m| &boxes[*m]).collect::<Vec<_>>())})
        }
        Deed::Read(_, on) => {
            *seen = *on;
            json!({"keywords/$seen": if *on { Value::Bool(true) } else { Value::Null }})
        }
        Deed::Expunge(_, m) => {
            if places.contains(m) {
                flag_in(fixture, id, &boxes[*m], System::DELETED);
                expunge_in(fixture, &boxes[*m]);
                places.remove(m);
            }
            if places.is_empty() {
                model.remove(l);
            }
            return;
        }
    };
    let answer = update(fixture, id, patch);
    match wanted.is_empty() {
        true => assert_eq!(answer["notUpdated"][id]["type"], "invalidProperties", "{answer}"),
        false => {
            assert_eq!(answer["updated"], json!({id: null}), "{answer}");
            *places = wanted;
        }
    }
}

fn agrees(fixture: &Fixture, ids: &[String], boxes: &[String], model: &BTreeMap<usize, Letter>) {
    for (m, id) in boxes.iter().enumerate() {
        let here: Vec<(&usize, &Letter)> = model.iter().filter(|(_, (places, _))| places.contains(&m)).collect();
        let unread = here.iter().filter(|(_, (_, seen))| !seen).count() as u64;
        let total = here.len() as u64;
        assert_eq!(counters(fixture, id), [total, unread, total, unread]);
        let wanted: BTreeSet<String> = here.iter().map(|(l, _)| ids[**l].clone()).collect();
        assert_eq!(listed(fixture, json!({"inMailbox": id})), wanted);
    }
    let wanted: BTreeSet<String> = model.keys().map(|l| ids[*l].clone()).collect();
    assert_eq!(listed(fixture, Value::Null), wanted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn counters_lists_and_changes_follow_every_place(deeds in prop::collection::vec(deed(), 1..14)) {
        let fixture = Fixture::new();
        let boxes: Vec<String> = ["One", "Two", "Three"].iter().map(|name| made(&fixture, name)).collect();
        let ids: Vec<String> = (0..3).map(|n| fixture.deliver("inbox", &letter(&format!("s{n}"), &n.to_string(), ""))).collect();
        let mut model: BTreeMap<usize, Letter> = (0..3).map(|n| (n, (BTreeSet::from([n]), false))).collect();
        for (n, id) in ids.iter().enumerate() {
            update(&fixture, id, json!({"mailboxIds": all(&[&boxes[n]])}));
        }
        let since = fixture.state("Email");
        for deed in &deeds {
            act(&fixture, &ids, &boxes, &mut model, deed);
            agrees(&fixture, &ids, &boxes, &model);
        }
        let (created, _, destroyed) = fixture.changes("Email", &since);
        let gone: Vec<&String> = ids.iter().enumerate().filter(|(n, _)| !model.contains_key(n)).map(|(_, id)| id).collect();
        let mut told: Vec<String> = serde_json::from_value(destroyed).unwrap();
        told.sort();
        prop_assert_eq!(created, json!([]));
        prop_assert_eq!(told.iter().collect::<Vec<_>>(), gone);
    }
}
