//! Mailbox (RFC 8621 §2).

use crate::fixture::{ACCESS, Fixture, letter};
use mailbox::System;
use mailbox::folder;
use serde_json::{Value, json};

#[test]
fn everybody_has_mailboxes_with_roles_from_the_start() {
    let fixture = Fixture::new();
    let all = fixture.call("Mailbox/get", json!({"ids": null}));
    let list = all["list"].as_array().unwrap();
    let roles: Vec<_> = list.iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["inbox", "archive", "drafts", "junk", "sent", "trash"]);
    assert_eq!(list[0]["name"], "Inbox");
    assert_eq!(list[0]["parentId"], Value::Null);
    assert_eq!(list[0]["isSubscribed"], true);
    assert_eq!(list[0]["myRights"]["mayRename"], false);
    assert_eq!(list[1]["myRights"]["mayDelete"], true);
    let some = fixture.call("Mailbox/get", json!({"ids": ["f1", "f1", "f999", "x"], "properties": ["name"]}));
    assert_eq!(some["list"], json!([{"id": "f1", "name": "Inbox"}]));
    assert_eq!(some["notFound"], json!(["f999", "x"]));
}

#[test]
fn the_counters_count_what_is_visible() {
    let fixture = Fixture::new();
    let first = fixture.deliver("inbox", &letter("one", "1", ""));
    fixture.deliver("inbox", &letter("re one", "2", "In-Reply-To: <1@alpha.test>\r\n"));
    let third = fixture.deliver("inbox", &letter("two", "3", ""));
    let counters = |fixture: &Fixture| {
        let inbox = fixture.call("Mailbox/get", json!({"ids": [fixture.role("inbox")]}))["list"][0].clone();
        ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"].map(|name| inbox[name].as_u64().unwrap())
    };
    assert_eq!(counters(&fixture), [3, 3, 2, 2]);
    fixture.flag(&first, System::SEEN);
    assert_eq!(counters(&fixture), [3, 2, 2, 2]);
    fixture.flag(&third, System::DRAFT);
    assert_eq!(counters(&fixture), [3, 1, 2, 1]);
    // RFC 8621 §4.1.1: a letter that is flagged \Deleted is not counted.
    fixture.flag(&third, System::DELETED);
    assert_eq!(counters(&fixture), [2, 1, 1, 1]);
    fixture.unflag(&third, System::DELETED);
    assert_eq!(counters(&fixture), [3, 1, 2, 1]);
    fixture.expunge(&first);
    assert_eq!(counters(&fixture), [2, 1, 2, 1]);
}

#[test]
fn a_conversation_is_unread_wherever_its_unread_letter_lies_but_the_trash_is_apart() {
    // RFC 8621 §2, unreadThreads.
    let fixture = Fixture::new();
    let answer = |id: &str| letter("re", id, "In-Reply-To: <1@alpha.test>\r\n");
    let first = fixture.deliver("inbox", &letter("one", "1", ""));
    let second = fixture.deliver("archive", &answer("2"));
    let unread = |role: &str| {
        let got = fixture.call("Mailbox/get", json!({"ids": [fixture.role(role)]}))["list"][0].clone();
        (got["unreadEmails"].as_u64().unwrap(), got["unreadThreads"].as_u64().unwrap())
    };
    assert_eq!((unread("inbox"), unread("archive")), ((1, 1), (1, 1)));
    let since = fixture.state("Mailbox");
    fixture.flag(&first, System::SEEN);
    assert_eq!((unread("inbox"), unread("archive")), ((0, 1), (1, 1)), "there is one in the archive");
    assert_eq!(fixture.changes("Mailbox", &since).1, json!([fixture.role("inbox")]));
    let since = fixture.state("Mailbox");
    fixture.flag(&second, System::SEEN);
    assert_eq!((unread("inbox"), unread("archive")), ((0, 0), (0, 0)));
    let changed = fixture.call("Mailbox/changes", json!({"sinceState": since}));
    assert_eq!(changed["updated"].as_array().unwrap().len(), 2, "both: {changed}");
    assert_eq!(changed["updatedProperties"].as_array().unwrap().len(), 4);

    // A letter in the trash counts in the trash alone.
    fixture.unflag(&second, System::SEEN);
    let move_to = |id: &str, role: &str| {
        let done = fixture.call("Email/set", json!({"update": {id: {"mailboxIds": {fixture.role(role): true}}}}));
        assert!(done["updated"].is_object(), "{done}");
    };
    move_to(&second, "trash");
    assert_eq!((unread("inbox"), unread("archive"), unread("trash")), ((0, 0), (0, 0), (1, 1)));
    move_to(&second, "junk");
    assert_eq!((unread("inbox"), unread("junk"), unread("trash")), ((0, 1), (1, 1), (0, 0)));
    // Another mailbox becomes the trash, and the old one is no longer the trash.
    let (junk, trash) = (fixture.role("junk"), fixture.role("trash"));
    fixture.call("Mailbox/set", json!({"update": {&trash: {"role": null}, &junk: {"role": "trash"}}}));
    assert_eq!((unread("inbox"), unread("trash")), ((0, 0), (1, 1)));
    fixture.call("Mailbox/set", json!({"update": {&junk: {"role": null}}}));
    assert_eq!(unread("inbox"), (0, 1));
    // A mailbox goes with its letters.
    let gone = fixture.call("Mailbox/set", json!({"destroy": [junk], "onDestroyRemoveEmails": true}));
    assert_eq!(gone["destroyed"], json!([junk]));
    assert_eq!(unread("inbox"), (0, 0));
    // Two conversations become one.
    let third = fixture.deliver("archive", &letter("three", "3", ""));
    assert_eq!((unread("inbox"), unread("archive")), ((0, 0), (1, 1)));
    let both = fixture.deliver("inbox", &letter("both", "4", "References: <1@alpha.test> <3@alpha.test>\r\n"));
    assert_eq!((unread("inbox"), unread("archive")), ((1, 1), (1, 1)));
    fixture.expunge(&both);
    assert_eq!((unread("inbox"), unread("archive")), ((0, 1), (1, 1)));
    assert!(!third.is_empty());
}

#[test]
fn mailboxes_are_made_renamed_moved_and_destroyed() {
    let fixture = Fixture::new();
    let made = fixture.call(
        "Mailbox/set",
        json!({"create": {
            "child": {"name": "Child", "parentId": "#parent", "sortOrder": 7},
            "parent": {"name": "Été", "isSubscribed": false},
        }}),
    );
    let id = |key: &str| made["created"][key]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    assert_eq!(made["created"]["child"]["role"], Value::Null);
    assert_eq!(made["created"]["child"].get("name"), None, "only what the client does not know");
    let child = fixture.call("Mailbox/get", json!({"ids": [id("child")]}))["list"][0].clone();
    assert_eq!((&child["parentId"], &child["sortOrder"]), (&json!(id("parent")), &json!(7)));

    let moved = fixture.call(
        "Mailbox/set",
        json!({"update": {id("child"): {"name": "Enfant", "parentId": null, "sortOrder": null, "role": "archive"}}}),
    );
    // Only one mailbox has a role; the other one must give it up first.
    assert_eq!(moved["notUpdated"][id("child")]["properties"], json!(["role"]));
    let archive = fixture.role("archive");
    let moved = fixture.call(
        "Mailbox/set",
        json!({"update": {archive.clone(): {"role": null}, id("child"): {"name": "Enfant", "parentId": null, "role": "junk"}}}),
    );
    assert!(moved["updated"].as_object().unwrap().contains_key(&archive));
    let moved = fixture
        .call("Mailbox/set", json!({"update": {id("child"): {"name": "Enfant", "parentId": null, "role": "archive"}}}));
    assert_eq!(moved["updated"], json!({id("child"): null}));
    assert_eq!(fixture.role("archive"), id("child"));

    let gone = fixture.call("Mailbox/set", json!({"destroy": [id("parent"), "f999", fixture.role("inbox")]}));
    assert_eq!(gone["destroyed"], json!([id("parent")]));
    assert_eq!(gone["notDestroyed"]["f999"]["type"], "notFound");
    assert_eq!(gone["notDestroyed"][fixture.role("inbox")]["type"], "forbidden");
}

#[test]
fn a_name_that_is_kept_otherwise_than_it_was_written_is_told() {
    // RFC 8620 §5.3: the answer contains the values that differ from the client's. Names are stored composed (RFC 8621
    // §2, RFC 5198).
    let fixture = Fixture::new();
    let made = fixture.call("Mailbox/set", json!({"create": {"k": {"name": "e\u{301}te\u{301}"}}}));
    assert_eq!(made["created"]["k"]["name"], "été", "{made}");
    let id = made["created"]["k"]["id"].as_str().unwrap();
    let renamed = json!({id: {"name": "Envoye\u{301}s"}});
    let set = fixture.call("Mailbox/set", json!({"update": renamed}));
    assert_eq!(set["updated"], json!({id: {"name": "Envoyés"}}));
    // Beside an impossible change, the changes are made one after the other.
    let set = fixture.call("Mailbox/set", json!({"update": {id: {"name": "Pe\u{300}re"}}, "destroy": ["f999"]}));
    assert_eq!(set["updated"], json!({id: {"name": "Père"}}));
    let set = fixture.call("Mailbox/set", json!({"update": {id: {"name": "Père", "sortOrder": 4}}}));
    assert_eq!(set["updated"], json!({id: null}));
}

#[test]
fn what_cannot_be_a_mailbox_is_told_with_the_properties_that_are_wrong() {
    let fixture = Fixture::new();
    for (object, properties) in [
        (json!({"name": ""}), json!(["name"])),
        (json!({"name": "a/b"}), json!(["name"])),
        (json!({"name": "Sent"}), json!(["name"])),
        (json!({"name": "a", "parentId": "f999"}), json!(["parentId"])),
        (json!({"name": "a", "role": "boss"}), json!(["role"])),
        (json!({"name": "a", "role": "inbox"}), json!(["role"])),
        (json!({"name": "a", "sortOrder": -1}), json!(["sortOrder"])),
        (json!({"name": "a", "totalEmails": 1}), json!(["totalEmails"])),
        (json!({"name": "a", "parentId": "#k"}), json!(["parentId"])),
    ] {
        let answer = fixture.call("Mailbox/set", json!({"create": {"k": object}}));
        assert_eq!(answer["notCreated"]["k"]["properties"], properties, "{object} {answer}");
    }
    let inbox = fixture.role("inbox");
    for (patch, kind) in [
        (json!({"name": "Other"}), "invalidProperties"),
        (json!({"totalEmails": 5}), "invalidProperties"),
        (json!({"none/a": 5}), "invalidPatch"),
        (json!({"id": "f2"}), "invalidProperties"),
    ] {
        let answer = fixture.call("Mailbox/set", json!({"update": {&inbox: patch}}));
        assert_eq!(answer["notUpdated"][&inbox]["type"], kind, "{answer}");
    }
    // The whole object, unchanged, is a patch that changes nothing.
    let whole = fixture.call("Mailbox/get", json!({"ids": [inbox]}))["list"][0].clone();
    assert_eq!(fixture.call("Mailbox/set", json!({"update": {&inbox: whole}}))["updated"], json!({&inbox: null}));
}

#[test]
fn a_mailbox_with_letters_or_children_is_destroyed_only_when_that_is_meant() {
    let fixture = Fixture::new();
    let made =
        fixture.call("Mailbox/set", json!({"create": {"a": {"name": "A"}, "b": {"name": "B", "parentId": "#a"}}}));
    let (a, b) = (made["created"]["a"]["id"].clone(), made["created"]["b"]["id"].clone());
    let destroy = |what: Value| fixture.call("Mailbox/set", what);
    let kept = destroy(json!({"destroy": [a]}));
    assert_eq!(kept["notDestroyed"][a.as_str().unwrap()]["type"], "mailboxHasChild");
    // Together they can go, in any order.
    assert_eq!(destroy(json!({"destroy": [a, b]}))["destroyed"], json!([b, a]));

    let id = fixture.deliver("archive", &letter("one", "1", ""));
    let archive = fixture.role("archive");
    let kept = destroy(json!({"destroy": [archive]}));
    assert_eq!(kept["notDestroyed"][&archive]["type"], "mailboxHasEmail");
    let since = fixture.state("Email");
    let gone = destroy(json!({"destroy": [archive], "onDestroyRemoveEmails": true}));
    assert_eq!(gone["destroyed"], json!([archive]));
    assert_eq!(fixture.call("Email/get", json!({"ids": [id]}))["notFound"], json!([id]));
    assert_eq!(fixture.changes("Email", &since), (json!([]), json!([]), json!([id])));
}

#[test]
fn changes_are_exact_and_say_when_only_counters_changed() {
    let fixture = Fixture::new();
    let inbox = fixture.role("inbox");
    let since = fixture.state("Mailbox");
    assert_eq!(fixture.changes("Mailbox", &since), (json!([]), json!([]), json!([])));

    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let changes = fixture.call("Mailbox/changes", json!({"sinceState": since}));
    assert_eq!(changes["updated"], json!([inbox]));
    let counters = json!(["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]);
    assert_eq!(changes["updatedProperties"], counters);

    // A flag that no counter counts changes no mailbox.
    let since = fixture.state("Mailbox");
    fixture.flag(&id, System::FLAGGED);
    assert_eq!(fixture.state("Mailbox"), since);

    // IMAP makes the folder in this way.
    fixture.write(|tx| folder::create(tx, ACCESS, "A/B", None));
    fixture.write(|tx| folder::rename(tx, ACCESS, "Archive", "Old"));
    fixture.write(|tx| folder::unsubscribe(tx, ACCESS, "Sent"));
    fixture.write(|tx| folder::delete(tx, ACCESS, "Junk"));
    let changes = fixture.call("Mailbox/changes", json!({"sinceState": since}));
    assert_eq!(changes["created"].as_array().unwrap().len(), 2);
    assert_eq!(changes["updated"].as_array().unwrap().len(), 2);
    assert_eq!(changes["destroyed"].as_array().unwrap().len(), 1);
    assert_eq!(changes["updatedProperties"], Value::Null);

    // The client fetches the same changes in pieces of one.
    let (mut state, mut told) = (since, Vec::new());
    loop {
        let piece = fixture.call("Mailbox/changes", json!({"sinceState": state, "maxChanges": 1}));
        for list in ["created", "updated", "destroyed"] {
            told.extend(piece[list].as_array().unwrap().iter().map(|id| (list, id.clone())));
        }
        state = piece["newState"].clone();
        if piece["hasMoreChanges"] == false {
            break;
        }
    }
    assert_eq!(told.len(), 5);
    assert_eq!(state, fixture.state("Mailbox"));
}

#[test]
fn mailboxes_are_found_and_sorted_and_what_changed_in_a_query_is_told() {
    let fixture = Fixture::new();
    let made = fixture.call(
        "Mailbox/set",
        json!({"create": {"z": {"name": "Zoo"}, "a": {"name": "ant", "parentId": "#z"}, "b": {"name": "Bee", "sortOrder": 9}}}),
    );
    let id = |key: &str| made["created"][key]["id"].as_str().unwrap().to_owned();
    let names = |arguments: Value| {
        let found = fixture.call("Mailbox/query", arguments);
        let list = fixture.call("Mailbox/get", json!({"ids": found["ids"], "properties": ["name"]}));
        let name = |id: &Value| {
            let list = list["list"].as_array().unwrap();
            list.iter().find(|one| one["id"] == *id).unwrap()["name"].as_str().unwrap().to_owned()
        };
        found["ids"].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
    };
    let by_name = json!([{"property": "name"}]);
    assert_eq!(names(json!({"sort": by_name, "filter": {"hasAnyRole": false}})), "ant Bee Zoo");
    assert_eq!(names(json!({"sort": by_name, "sortAsTree": true, "filter": {"hasAnyRole": false}})), "Bee Zoo ant");
    assert_eq!(names(json!({"filter": {"parentId": id("z")}})), "ant");
    assert_eq!(names(json!({"filter": {"name": "NT"}, "sort": by_name})), "ant Sent");
    let operators = json!({"operator": "NOT", "conditions": [{"hasAnyRole": true}, {"parentId": id("z")}]});
    assert_eq!(names(json!({"filter": operators, "sort": by_name})), "Bee Zoo");
    assert_eq!(names(json!({"filter": {"name": "ant"}, "filterAsTree": true})), "");
    let sorted = json!([{"property": "sortOrder", "isAscending": false}, {"property": "name", "isAscending": false}]);
    assert_eq!(names(json!({"sort": sorted, "limit": 2})), "Bee Zoo");

    let listing = json!({"sort": by_name, "filter": {"hasAnyRole": false}, "calculateTotal": true});
    let before = fixture.call("Mailbox/query", listing.clone());
    assert_eq!((&before["total"], &before["position"]), (&json!(3), &json!(0)));
    fixture.call(
        "Mailbox/set",
        json!({"update": {id("z"): {"name": "Aal"}}, "destroy": [id("b")], "create": {"c": {"name": "Cat"}}}),
    );
    let mut changed = listing;
    changed["sinceQueryState"] = before["queryState"].clone();
    let changed = fixture.call("Mailbox/queryChanges", changed);
    assert_eq!(changed["total"], 3);
    let mut ids: Vec<Value> = before["ids"].as_array().unwrap().clone();
    ids.retain(|id| !changed["removed"].as_array().unwrap().contains(id));
    for added in changed["added"].as_array().unwrap() {
        ids.insert(added["index"].as_u64().unwrap() as usize, added["id"].clone());
    }
    let after = fixture.call("Mailbox/query", json!({"sort": by_name, "filter": {"hasAnyRole": false}}));
    assert_eq!(json!(ids), after["ids"]);
    assert_eq!(changed["newQueryState"], after["queryState"]);
}

#[test]
fn names_may_be_swapped_and_handed_on_in_one_call() {
    // RFC 8620 §5.3: a valid final state is allowed, even if a step in between would be blocked.
    let fixture = Fixture::new();
    let made = fixture.call(
        "Mailbox/set",
        json!({"create": {
            "a": {"name": "A", "sortOrder": 1}, "b": {"name": "B"}, "c": {"name": "C"},
            "below": {"name": "Below", "parentId": "#a"},
        }}),
    );
    let id = |key: &str| made["created"][key]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let (a, b, c, below) = (id("a"), id("b"), id("c"), id("below"));
    fixture.deliver("inbox", &letter("one", "1", ""));
    let letters = fixture.call("Email/query", json!({}))["ids"].clone();
    fixture.call("Email/set", json!({"update": {letters[0].as_str().unwrap(): {"mailboxIds": {&below: true}}}}));
    let since = fixture.state("Mailbox");
    let swapped = fixture.call("Mailbox/set", json!({"update": {&a: {"name": "B"}, &b: {"name": "A"}}}));
    assert_eq!(swapped["updated"], json!({&a: null, &b: null}), "{swapped}");
    let name = |id: &str| fixture.call("Mailbox/get", json!({"ids": [id]}))["list"][0]["name"].clone();
    assert_eq!((name(&a), name(&b)), (json!("B"), json!("A")));
    let child = fixture.call("Mailbox/get", json!({"ids": [below]}))["list"][0].clone();
    assert_eq!((&child["parentId"], &child["totalEmails"]), (&json!(a), &json!(1)), "what is below goes along");
    let (created, updated, destroyed) = fixture.changes("Mailbox", &since);
    assert_eq!((created, destroyed), (json!([]), json!([])));
    assert!([&a, &b].iter().all(|id| updated.as_array().unwrap().contains(&json!(id))));

    // The mailboxes move on and on: one is made in the place that becomes free, and one goes below it.
    let moved = fixture.call(
        "Mailbox/set",
        json!({
            "update": {&a: {"name": "A"}, &b: {"name": "C"}, &c: {"name": "D", "parentId": "#new", "isSubscribed": false}},
            "create": {"new": {"name": "B", "role": null}},
        }),
    );
    assert_eq!(moved["notUpdated"], Value::Null, "{moved}");
    assert_eq!((name(&a), name(&b), name(&c)), (json!("A"), json!("C"), json!("D")));
    let c_now = fixture.call("Mailbox/get", json!({"ids": [c]}))["list"][0].clone();
    assert_eq!((&c_now["parentId"], &c_now["isSubscribed"]), (&moved["created"]["new"]["id"], &json!(false)));

    // Parent and child change places.
    let turned = fixture.call("Mailbox/set", json!({"update": {&a: {"parentId": &below}, &below: {"parentId": null}}}));
    assert_eq!(turned["updated"], json!({&a: null, &below: null}), "{turned}");
    let a_now = fixture.call("Mailbox/get", json!({"ids": [a]}))["list"][0].clone();
    assert_eq!((&a_now["parentId"], &a_now["sortOrder"]), (&json!(below), &json!(1)));
    assert_eq!(fixture.call("Mailbox/get", json!({"ids": [below]}))["list"][0]["totalEmails"], 1);
}

#[test]
fn roles_may_be_swapped_and_circles_are_refused() {
    let fixture = Fixture::new();
    let (junk, trash, archive) = (fixture.role("junk"), fixture.role("trash"), fixture.role("archive"));
    let swapped = fixture.call("Mailbox/set", json!({"update": {&junk: {"role": "trash"}, &trash: {"role": "junk"}}}));
    assert_eq!(swapped["notUpdated"], Value::Null, "{swapped}");
    assert_eq!((fixture.role("junk"), fixture.role("trash")), (trash.clone(), junk.clone()));
    let gone = fixture.call("Mailbox/set", json!({"destroy": [archive], "update": {&junk: {"role": "archive"}}}));
    assert_eq!(gone["destroyed"], json!([archive]), "{gone}");
    assert_eq!(fixture.role("archive"), junk);

    let circle =
        fixture.call("Mailbox/set", json!({"update": {&junk: {"parentId": &trash}, &trash: {"parentId": &junk}}}));
    // In order, the first change is possible and the second is not.
    assert_eq!(circle["updated"].as_object().unwrap().len(), 1, "{circle}");
    let error = circle["notUpdated"].as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(error["properties"], json!(["parentId"]), "{circle}");
    let own = fixture.call("Mailbox/set", json!({"update": {&junk: {"parentId": &junk}}}));
    assert_eq!(own["notUpdated"][&junk]["properties"], json!(["parentId"]));
}

#[test]
fn what_is_made_in_a_call_can_be_changed_and_destroyed_in_it() {
    let fixture = Fixture::new();
    let done = fixture.call(
        "Mailbox/set",
        json!({"create": {"a": {"name": "A"}, "b": {"name": "B"}}, "update": {"#a": {"name": "C"}}, "destroy": ["#b"]}),
    );
    let id = |key: &str| done["created"][key]["id"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
    assert_eq!(done["updated"], json!({id("a"): null}), "{done}");
    assert_eq!(done["destroyed"], json!([id("b")]));
    let refused = fixture.call("Mailbox/set", json!({"create": {"d": {"name": "C"}, "e": {"name": "E"}}}));
    assert_eq!(refused["notCreated"]["d"]["properties"], json!(["name"]));
    assert_eq!(refused["created"].as_object().unwrap().len(), 1, "the others are made");
}

#[test]
fn a_state_that_is_not_the_one_stops_a_change() {
    let fixture = Fixture::new();
    let wrong = json!({"ifInState": "0", "create": {"a": {"name": "A"}}});
    assert_eq!(fixture.error("Mailbox/set", wrong), "stateMismatch");
    let right = json!({"ifInState": fixture.state("Mailbox"), "create": {"a": {"name": "A"}}});
    let made = fixture.call("Mailbox/set", right);
    assert_ne!(made["oldState"], made["newState"]);
}

#[test]
fn states_survive_a_restart() {
    let fixture = Fixture::new();
    fixture.deliver("inbox", &letter("one", "1", ""));
    let before = ["Mailbox", "Email", "Thread", "Identity"].map(|kind| fixture.state(kind));
    let fixture = fixture.reopened();
    assert_eq!(["Mailbox", "Email", "Thread", "Identity"].map(|kind| fixture.state(kind)), before);
    let id = fixture.deliver("inbox", &letter("two", "2", ""));
    assert_eq!(fixture.changes("Email", &before[1]), (json!([id]), json!([]), json!([])));
}
