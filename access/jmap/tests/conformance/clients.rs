//! Requests that clients met in the wild send, and the answers that they need when a request cannot be carried out.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::fixture::{ACCESS, Fixture, USING, letter};
use serde_json::{Value, json};

/// All methods but the echo.
const METHODS: [&str; 37] = [
    "Blob/copy",
    "Blob/get",
    "Blob/lookup",
    "Blob/upload",
    "Email/changes",
    "Email/copy",
    "Email/get",
    "Email/import",
    "Email/parse",
    "Email/query",
    "Email/queryChanges",
    "Email/set",
    "EmailSubmission/changes",
    "EmailSubmission/get",
    "EmailSubmission/query",
    "EmailSubmission/queryChanges",
    "EmailSubmission/set",
    "Identity/changes",
    "Identity/get",
    "Identity/set",
    "Mailbox/changes",
    "Mailbox/get",
    "Mailbox/query",
    "Mailbox/queryChanges",
    "Mailbox/set",
    "Preferences/get",
    "Preferences/set",
    "PushSubscription/get",
    "PushSubscription/set",
    "Quota/changes",
    "Quota/get",
    "Quota/query",
    "Quota/queryChanges",
    "SearchSnippet/get",
    "Thread/changes",
    "VacationResponse/get",
    "VacationResponse/set",
];

/// Checks that each error in a response gives its type and a description, and that `invalidProperties` names
/// properties. Returns the number of errors.
fn all_errors_speak(response: &Value) -> usize {
    let mut count = 0;
    let mut check = |error: &Value| {
        count += 1;
        assert!(error["type"].as_str().is_some_and(|kind| !kind.is_empty()), "{response}");
        let description = error["description"].as_str().unwrap_or_else(|| panic!("no word: {error} in {response}"));
        assert!(description.len() > 10 && description.contains(' '), "{description:?} in {response}");
        if error["type"] == "invalidProperties" {
            let properties = error["properties"].as_array().unwrap_or_else(|| panic!("of what? {response}"));
            assert!(!properties.is_empty() && properties.iter().all(Value::is_string), "{response}");
        }
    };
    if response[0] == "error" {
        check(&response[1]);
    }
    for list in ["notCreated", "notUpdated", "notDestroyed", "notCopied"] {
        response[1][list].as_object().into_iter().flatten().for_each(|(_, error)| check(error));
    }
    count
}

#[test]
fn every_error_of_every_method_says_in_words_what_is_wrong() {
    let fixture = Fixture::new();
    let email = fixture.deliver("inbox", &letter("one", "1", ""));
    let inbox = fixture.role("inbox");
    for method in METHODS {
        let mut errors = 0;
        for arguments in [
            json!({}),
            json!({"accountId": 1}),
            json!({"accountId": "a2"}),
            json!({"accountId": "a2", "fromAccountId": "a3", "create": {}, "blobIds": []}),
            json!({"accountId": "a1", "unheardOf": 1}),
            json!({"accountId": "a1", "ids": "x", "filter": 1, "create": 1, "sinceState": 1}),
            json!({"accountId": "a1", "ids": ["x"], "properties": ["unheardOf"]}),
            json!({"accountId": "a1", "sinceState": "999999", "maxChanges": 0}),
            json!({"accountId": "a1", "sinceState": "nonsense"}),
            json!({"accountId": "a1", "sinceQueryState": "nonsense"}),
            json!({"accountId": "a1", "filter": {"unheardOf": 1}}),
            json!({"accountId": "a1", "sort": [{"property": "unheardOf"}]}),
            json!({"accountId": "a1", "anchor": "x9"}),
            json!({"accountId": "a1", "ifInState": "nonsense"}),
            json!({"accountId": "a1", "typeNames": ["Unheard"], "ids": ["x"]}),
            json!({"accountId": "a1", "emails": {"k": {}, "l": {"blobId": "x", "mailboxIds": {&inbox: true}}}}),
        ] {
            let responses = fixture.calls(json!([[method, arguments, "0"]]));
            errors += responses.iter().map(all_errors_speak).sum::<usize>();
        }
        assert!(errors >= 3, "{method} was called wrongly, and complained {errors} times");
    }
    let each_wrong = |method: &str, objects: Vec<Value>, ids: &[&str]| {
        let mut errors = 0;
        for object in &objects {
            let create = json!({"accountId": "a1", "create": {"k": object}});
            errors += fixture.calls(json!([[method, create, "0"]])).iter().map(all_errors_speak).sum::<usize>();
            for id in ids {
                let update = json!({"accountId": "a1", "update": {*id: object}});
                errors += fixture.calls(json!([[method, update, "0"]])).iter().map(all_errors_speak).sum::<usize>();
            }
        }
        let destroy = json!({"accountId": "a1", "destroy": ids});
        errors += fixture.calls(json!([[method, destroy, "0"]])).iter().map(all_errors_speak).sum::<usize>();
        assert!(errors > objects.len(), "{method}: {errors}");
    };
    let nonsense = || vec![json!({"unheardOf": 1}), json!({"a/b/c": 1}), json!({"id": 7})];
    let drafts = fixture.role("drafts");
    let both = json!({&drafts: true, &inbox: true});
    let emails = vec![
        json!({"mailboxIds": both}),
        json!({"mailboxIds": {&drafts: true}, "attachments": [{"blobId": "U999", "type": "a/b"}]}),
        json!({"mailboxIds": {&drafts: true}, "textBody": 5}),
        json!({"keywords": {"a b": true}}),
    ];
    each_wrong("Email/set", [nonsense(), emails].concat(), &[&email, "m999", "x"]);
    let mailboxes = vec![json!({"name": "Sent"}), json!({"name": "a/b"}), json!({"name": "a", "parentId": "f99"})];
    each_wrong("Mailbox/set", [nonsense(), mailboxes].concat(), &[&inbox, &drafts, "f999", "x"]);
    let identities = vec![json!({"email": "eve@evil.test"}), json!({"email": "alice@alpha.test", "name": 1})];
    each_wrong("Identity/set", [nonsense(), identities].concat(), &["i1", "i999", "x"]);
    let identity = fixture.call("Identity/get", json!({"ids": null}))["list"][0]["id"].clone();
    let submission = |envelope: Value| json!({"identityId": identity, "emailId": email, "envelope": envelope});
    let submissions = vec![
        json!({"identityId": "i999", "emailId": "m999"}),
        submission(json!({"mailFrom": 1})),
        submission(json!({"mailFrom": {"email": "alice@alpha.test"}, "rcptTo": []})),
        submission(Value::Null),
    ];
    each_wrong("EmailSubmission/set", [nonsense(), submissions].concat(), &["s999", "x"]);
    each_wrong("VacationResponse/set", nonsense(), &["singleton", "x"]);
    let choices = vec![json!({"theme": "pink"}), json!({"picturesFrom": {"nobody": true}})];
    each_wrong("Preferences/set", [nonsense(), choices].concat(), &["singleton", "x"]);
    each_wrong("PushSubscription/set", nonsense(), &["p999", "x"]);
}

#[test]
fn null_is_what_was_not_given_for_every_argument_with_a_default() {
    let fixture = Fixture::new();
    let email = fixture.deliver("inbox", &letter("one", "1", ""));
    let identity = fixture.call("Identity/get", json!({"ids": null}));
    assert!(identity["list"].is_array(), "{identity}");
    let sort = json!([{"property": "receivedAt", "isAscending": null, "collation": null, "keyword": null}]);
    let listing = json!({
        "filter": null, "position": null, "anchor": null, "anchorOffset": null, "limit": null, "calculateTotal": null,
    });
    let more = |mut listing: Value, more: Value| {
        listing.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        listing
    };
    let set = json!({"ifInState": null, "create": null, "update": null, "destroy": null});
    let values = json!({
        "properties": null, "bodyProperties": null, "fetchTextBodyValues": null, "fetchHTMLBodyValues": null,
        "fetchAllBodyValues": null, "maxBodyValueBytes": null,
    });
    let state = fixture.state("Email");
    for (method, arguments) in [
        ("Mailbox/get", json!({"ids": null, "properties": null})),
        ("Mailbox/query", more(listing.clone(), json!({"sort": null, "sortAsTree": null, "filterAsTree": null}))),
        ("Mailbox/changes", json!({"sinceState": fixture.state("Mailbox"), "maxChanges": null})),
        ("Mailbox/set", more(set.clone(), json!({"onDestroyRemoveEmails": null}))),
        ("Email/get", more(values.clone(), json!({"ids": [email]}))),
        ("Email/parse", more(values, json!({"blobIds": [format!("L{}", &email[1..])]}))),
        ("Email/query", more(listing.clone(), json!({"sort": sort, "collapseThreads": null}))),
        (
            "Email/queryChanges",
            json!({
                "sinceQueryState": state, "filter": null, "sort": null, "maxChanges": null, "upToId": null,
                "calculateTotal": null, "collapseThreads": null,
            }),
        ),
        ("Email/set", set.clone()),
        ("Email/import", json!({"ifInState": null, "emails": {}})),
        ("Thread/get", json!({"ids": [], "properties": null})),
        ("SearchSnippet/get", json!({"filter": null, "emailIds": [email]})),
        ("Identity/set", set.clone()),
        ("EmailSubmission/query", more(listing.clone(), json!({"sort": null}))),
        (
            "EmailSubmission/set",
            more(set.clone(), json!({"onSuccessUpdateEmail": null, "onSuccessDestroyEmail": null})),
        ),
        ("VacationResponse/set", set.clone()),
        ("Preferences/set", set),
        ("Quota/query", more(listing, json!({"sort": []}))),
        ("Blob/get", json!({"ids": [], "properties": null, "offset": null, "length": null})),
        ("Blob/upload", json!({"create": null})),
    ] {
        let answer = fixture.call(method, arguments.clone());
        assert!(answer.get("type").is_none(), "{method} {arguments}: {answer}");
    }
    // An argument that has no default is missing.
    for (method, arguments) in [
        ("Email/changes", json!({"sinceState": null})),
        ("Email/import", json!({"emails": null})),
        ("Email/parse", json!({"blobIds": null})),
        ("SearchSnippet/get", json!({"emailIds": null})),
    ] {
        assert_eq!(fixture.error(method, arguments), "invalidArguments", "{method}");
    }
}

#[test]
fn whole_numbers_may_be_written_with_a_point_and_lists_turned_around_by_either_word() {
    let fixture = Fixture::new();
    let (first, second) =
        (fixture.deliver("inbox", &letter("a", "1", "")), fixture.deliver("inbox", &letter("b", "2", "")));
    let text = r#"{"using":["urn:ietf:params:jmap:core","urn:ietf:params:jmap:mail"],"methodCalls":[
        ["Email/query",{"accountId":"a1","position":0.0,"limit":1.0,
            "sort":[{"property":"subject","isDescending":true}]},"0"],
        ["Mailbox/set",{"accountId":"a1","create":{"k":{"name":"A","sortOrder":10.0}}},"1"]]}"#;
    let response = fixture.request_text(text);
    assert_eq!(response["methodResponses"][0][1]["ids"], json!([second]), "{response} {first}");
    assert!(response["methodResponses"][1][1]["created"]["k"]["id"].is_string(), "{response}");
    for bad in [r#"{"limit":1.5}"#, r#"{"limit":-1.0}"#, r#"{"limit":1e300}"#, r#"{"limit":"1"}"#] {
        let arguments: Value = serde_json::from_str(bad).unwrap();
        assert_eq!(fixture.error("Email/query", arguments), "invalidArguments", "{bad}");
    }
    // I-JSON (RFC 7493) knows no name twice.
    let twice = fixture.request_text(r#"{"using":[],"methodCalls":[],"using":[]}"#);
    assert_eq!(twice["type"], "urn:ietf:params:jmap:error:notJSON");
}

#[test]
fn what_a_client_says_too_much_of_a_new_letter_is_passed_over() {
    let fixture = Fixture::new();
    let drafts = json!({fixture.role("drafts"): true, fixture.role("inbox"): false});
    let made = fixture.call(
        "Email/set",
        json!({"create": {"k": {
            "mailboxIds": drafts, "keywords": {"$seen": true, "$draft": false, "work": null},
            "id": null, "blobId": null, "threadId": null, "size": null, "preview": null, "hasAttachment": null,
            "subject": "Été", "from": [{"name": null, "email": "alice@alpha.test"}],
            "bodyStructure": {"type": "multipart/alternative", "subParts": [
                {"partId": "t", "blobId": null, "type": "text/plain", "charset": "iso-8859-1", "size": 0},
                {"partId": "h", "type": "text/html", "charset": "utf-8", "disposition": null, "name": null},
            ]},
            "bodyValues": {
                "t": {"value": "déjà vu", "charset": "iso-8859-1", "isTruncated": false},
                "h": {"value": "<p>déjà vu</p>", "charset": null, "isEncodingProblem": null},
            },
        }}}),
    );
    let id = made["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let wish = json!({"ids": [id], "properties": ["keywords", "textBody", "bodyValues"], "fetchTextBodyValues": true});
    let got = fixture.call("Email/get", wish)["list"][0].clone();
    assert_eq!(got["keywords"], json!({"$seen": true}));
    // Its charset is the server's to choose, and fits.
    assert_eq!(got["textBody"][0]["charset"], "utf-8");
    let part = got["textBody"][0]["partId"].as_str().unwrap();
    assert_eq!(
        (&got["bodyValues"][part]["value"], &got["bodyValues"][part]["isEncodingProblem"]),
        (&json!("déjà vu"), &json!(false))
    );
    // False switches a keyword off like null does, and a false keyword is not made.
    let update = |patch: Value| fixture.call("Email/set", json!({"update": {id: patch}}));
    let keywords =
        || fixture.call("Email/get", json!({"ids": [id], "properties": ["keywords"]}))["list"][0]["keywords"].clone();
    assert_eq!(update(json!({"keywords/$Seen": false, "keywords/other": false}))["updated"], json!({id: null}));
    assert_eq!(keywords(), json!({}));
    assert_eq!(update(json!({"keywords": {"$flagged": true, "$seen": false}}))["updated"], json!({id: null}));
    assert_eq!(keywords(), json!({"$flagged": true}));
    for bad in [json!({"keywords/$seen": 1}), json!({"keywords/$seen": "true"}), json!({"mailboxIds": {"f1": 1}})] {
        assert_eq!(update(bad.clone())["notUpdated"][id]["type"], "invalidProperties", "{bad}");
    }
}

#[test]
fn an_invitation_is_sent_with_the_parameters_that_make_it_one() {
    // Bulwark writes the whole field in place of the type alone (RFC 6047 §2.4).
    let fixture = Fixture::new();
    let create = |kind: &str| {
        fixture.call(
            "Email/set",
            json!({"create": {"k": {
                "mailboxIds": {fixture.role("drafts"): true},
                "bodyStructure": {"type": "multipart/mixed", "subParts": [
                    {"partId": "t", "type": "text/plain"},
                    {"partId": "c", "type": kind, "disposition": "inline", "name": "reply.ics"},
                ]},
                "bodyValues": {"t": {"value": "Yes"}, "c": {"value": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}},
            }}}),
        )
    };
    let made = create("text/calendar; method=REPLY; charset=UTF-8; component=\"VEVENT\"");
    let id = made["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let wish = json!({
        "ids": [id], "properties": ["attachments"], "bodyProperties": ["type", "name", "charset", "header:Content-Type"],
    });
    let part = fixture.call("Email/get", wish)["list"][0]["attachments"][0].clone();
    assert_eq!(
        (&part["type"], &part["name"], &part["charset"]),
        (&json!("text/calendar"), &json!("reply.ics"), &json!("us-ascii")),
        "{part}"
    );
    let field = part["header:Content-Type"].as_str().unwrap();
    assert!(field.contains("method=\"REPLY\"") && field.contains("component=\"VEVENT\""), "{field}");
    assert_eq!(field.matches("charset").count(), 1, "{field}");
    for bad in
        ["text/calendar; method", "text/calendar; m e=x", "text/calendar; x=\"a\"b\"", "text/calendar; x=é", "text"]
    {
        assert_eq!(create(bad)["notCreated"]["k"]["properties"], json!(["bodyStructure"]), "{bad}");
    }
}

#[test]
fn a_capability_that_others_have_harms_nothing_and_a_mistake_is_told() {
    let fixture = Fixture::new();
    let ask = |uri: &str, method: &str| {
        let using = json!([USING[0], USING[1], uri]);
        fixture.request(&json!({"using": using, "methodCalls": [
            [method, {"accountId": "a1"}, "0"], ["Mailbox/get", {"accountId": "a1"}, "1"],
        ]}))
    };
    for uri in [
        "urn:ietf:params:jmap:contacts",
        "urn:ietf:params:jmap:calendars",
        "urn:ietf:params:jmap:sieve",
        "urn:ietf:params:jmap:websocket",
        "https://www.fastmail.com/dev/maskedemail",
    ] {
        let response = ask(uri, "SieveScript/get");
        assert_eq!(response["methodResponses"][0][1]["type"], "unknownMethod", "{uri} {response}");
        assert!(response["methodResponses"][1][1]["list"].is_array(), "{uri} {response}");
    }
    for uri in ["urn:ietf:params:jmap:mial", "urn:example", "mail", "", "https://"] {
        let refused = ask(uri, "Core/echo");
        assert_eq!(refused["type"], "urn:ietf:params:jmap:error:unknownCapability", "{uri}");
        assert!(refused["detail"].is_string(), "{refused}");
    }
}

#[test]
fn a_name_that_people_cannot_tell_from_a_siblings_is_not_made() {
    let fixture = Fixture::new();
    let archive = fixture.role("archive");
    let create = |object: Value| fixture.call("Mailbox/set", json!({"create": {"k": object}}));
    for name in ["Archive", "archive", "ARCHIVE", "Ａｒｃｈｉｖｅ", " Archive"] {
        let refused = create(json!({"name": name}))["notCreated"]["k"].clone();
        assert_eq!((&refused["type"], &refused["existingId"]), (&json!("alreadyExists"), &json!(archive)), "{name}");
        assert_eq!(refused["properties"], json!(["name"]));
        assert!(refused["description"].as_str().unwrap().contains("Archive"), "{refused}");
    }
    assert_eq!(create(json!({"name": "ｉｎｂｏｘ"}))["notCreated"]["k"]["existingId"], fixture.role("inbox"));
    // In another place it is another name.
    let made = create(json!({"name": "archive", "parentId": archive}));
    let below = made["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let update = |id: &str, patch: Value| fixture.call("Mailbox/set", json!({"update": {id: patch}}));
    let refused = update(&below, json!({"parentId": null}))["notUpdated"][&below].clone();
    assert_eq!((&refused["type"], &refused["existingId"]), (&json!("alreadyExists"), &json!(archive)), "{refused}");
    // Beside another change of the call, which can be, as well.
    let both = fixture.call(
        "Mailbox/set",
        json!({
            "create": {"one": {"name": "Twins"}, "two": {"name": "twins"}}, "update": {&archive: {"sortOrder": 3}},
        }),
    );
    assert_eq!(both["created"].as_object().map(serde_json::Map::len), Some(1), "{both}");
    assert_eq!(both["notCreated"].as_object().unwrap().values().next().unwrap()["type"], "alreadyExists", "{both}");
    assert!(both["updated"].as_object().unwrap().contains_key(&archive), "{both}");
    // A mailbox may change the case of its own name.
    assert_eq!(update(&archive, json!({"name": "ARCHIVE"}))["updated"], json!({&archive: null}));
    // IMAP made both, and their other properties can be changed.
    let other = fixture.write(|tx| mailbox::folder::create(tx, ACCESS, "Archive", None));
    let other = format!("f{}", other.0);
    assert_eq!(update(&other, json!({"sortOrder": 7}))["updated"], json!({&other: null}));
    let all = fixture.call("Mailbox/get", json!({"ids": null, "properties": ["name"]}));
    let names: Vec<&str> = all["list"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"Archive") && names.contains(&"ARCHIVE"), "{names:?}");
}

#[test]
fn the_places_of_what_is_written_sent_and_thrown_away_are_not_destroyed() {
    let fixture = Fixture::new();
    for role in ["inbox", "drafts", "sent", "trash"] {
        let id = fixture.role(role);
        for alone in [true, false] {
            let mut destroy = json!({"destroy": [id], "onDestroyRemoveEmails": true});
            if !alone {
                destroy["update"] = json!({"f999": {"name": "x"}});
            }
            let kept = fixture.call("Mailbox/set", destroy)["notDestroyed"][&id].clone();
            assert_eq!(kept["type"], "forbidden", "{role}");
            assert!(kept["description"].as_str().unwrap().len() > 10, "{kept}");
        }
        let rights = fixture.call("Mailbox/get", json!({"ids": [id]}))["list"][0]["myRights"].clone();
        assert_eq!(rights["mayDelete"], false, "{role}");
    }
    // A client that gives the role to another mailbox may do so.
    let trash = fixture.role("trash");
    let made = fixture.call("Mailbox/set", json!({"create": {"k": {"name": "Bin"}}}));
    let bin = made["created"]["k"]["id"].as_str().unwrap().to_owned();
    fixture.call("Mailbox/set", json!({"update": {&trash: {"role": null}, &bin: {"role": "trash"}}}));
    assert_eq!(fixture.call("Mailbox/set", json!({"destroy": [trash]}))["destroyed"], json!([trash]));
    assert_eq!(fixture.role("trash"), bin);
    let junk = fixture.role("junk");
    assert_eq!(fixture.call("Mailbox/set", json!({"destroy": [junk]}))["destroyed"], json!([junk]));
    // A mailbox that is made again by its name has its role again, unless its maker says otherwise.
    let without = fixture.call("Mailbox/set", json!({"create": {"k": {"name": "Junk", "role": null}}}));
    let plain = without["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{without}")).to_owned();
    assert_eq!(fixture.call("Mailbox/get", json!({"ids": [plain]}))["list"][0]["role"], Value::Null);
    fixture.call("Mailbox/set", json!({"destroy": [plain]}));
    let again = fixture.call("Mailbox/set", json!({"create": {"k": {"name": "Junk"}}}));
    assert_eq!(again["created"]["k"]["role"], "junk", "{again}");
}

/// Returns the log that is written while `work` runs.
fn logged(work: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);
    impl Write for Page {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let page = Page::default();
    let its_page = page.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(move || its_page.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    let octets = page.0.lock().unwrap().clone();
    String::from_utf8(octets).unwrap()
}

#[test]
fn what_was_not_sent_and_why_stands_in_the_log_with_the_name_of_the_person() {
    let fixture = Fixture::new();
    let using = json!([USING[0], USING[1]]);
    let forgotten = json!({"using": using, "methodCalls": [["EmailSubmission/set", {"accountId": "a1"}, "0"]]});
    let mut response = Value::Null;
    let log = logged(|| response = fixture.request(&forgotten));
    let error = &response["methodResponses"][0][1];
    assert_eq!(error["type"], "unknownMethod");
    assert!(error["description"].as_str().unwrap().contains("urn:ietf:params:jmap:submission"), "{error}");
    for part in ["INFO", "alice@alpha.test", "EmailSubmission/set", "urn:ietf:params:jmap:submission"] {
        assert!(log.contains(part), "{part} in {log}");
    }
    let log = logged(|| drop(fixture.call("EmailSubmission/set", json!({"create": {"k": {"emailId": "m9"}}}))));
    assert!(log.contains("alice@alpha.test") && log.contains("a letter is not sent"), "{log}");
    let push = json!({"deviceClientId": "phone", "url": "https://push.test/very-secret-path"});
    let log = logged(|| drop(fixture.calls(json!([["PushSubscription/set", {"create": {"k": push}}, "0"]]))));
    assert!(log.contains("alice@alpha.test") && log.contains("a push subscription is refused"), "{log}");
    assert!(!log.contains("very-secret-path"), "{log}");
}
