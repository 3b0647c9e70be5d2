//! The core of JMAP (RFC 8620 §3, §4, §5): the rules for every method, shown with a few.

use crate::fixture::{Fixture, USING};
use serde_json::{Map, Value, json};

#[test]
fn echo_gives_back_what_it_is_given() {
    let fixture = Fixture::new();
    let responses = fixture.calls(json!([["Core/echo", {"hello": true, "high": 5}, "b3ff"]]));
    assert_eq!(responses, [json!(["Core/echo", {"hello": true, "high": 5}, "b3ff"])]);
}

#[test]
fn calls_are_carried_out_in_order_and_one_that_fails_harms_no_other() {
    let fixture = Fixture::new();
    let responses = fixture.calls(json!([
        ["Core/echo", {"n": 1}, "a"], ["Core/nothing", {}, "b"], ["Mailbox/get", {"accountId": "a2"}, "c"],
        ["Mailbox/get", {}, "d"], ["Core/echo", {"n": 2}, "e"],
    ]));
    let kinds: Vec<_> = responses.iter().map(|response| response[1]["type"].as_str().unwrap_or("-")).collect();
    assert_eq!(kinds, ["-", "unknownMethod", "accountNotFound", "invalidArguments", "-"]);
    assert_eq!(responses[4], json!(["Core/echo", {"n": 2}, "e"]));
}

#[test]
fn a_method_is_there_only_with_its_capability() {
    let fixture = Fixture::new();
    let request = json!({"using": [USING[0]], "methodCalls": [["Mailbox/get", {"accountId": "a1"}, "0"]]});
    assert_eq!(fixture.request(&request)["methodResponses"][0][1]["type"], "unknownMethod");
    let request = json!({"using": ["urn:example"], "methodCalls": []});
    assert_eq!(fixture.request(&request)["type"], "urn:ietf:params:jmap:error:unknownCapability");
}

#[test]
fn an_argument_can_be_the_result_of_an_earlier_call() {
    let fixture = Fixture::new();
    let responses = fixture.calls(json!([
        ["Mailbox/query", {"accountId": "a1", "filter": {"hasAnyRole": true}, "sort": [{"property": "name"}]}, "0"],
        ["Mailbox/get", {
            "accountId": "a1", "#ids": {"resultOf": "0", "name": "Mailbox/query", "path": "/ids"},
            "properties": ["role"],
        }, "1"],
        ["Mailbox/get", {"accountId": "a1", "#ids": {"resultOf": "0", "name": "Mailbox/get", "path": "/ids"}}, "2"],
    ]));
    let roles: Vec<_> = responses[1][1]["list"].as_array().unwrap().iter().map(|one| &one["role"]).collect();
    assert_eq!(roles.len(), 6);
    assert_eq!(responses[2][1]["type"], "invalidResultReference");
}

#[test]
fn references_cannot_make_a_small_request_a_large_one() {
    let fixture = Fixture::new();
    let text = "x".repeat(1 << 20);
    let to_it = json!({"resultOf": "0", "name": "Core/echo", "path": "/text"});
    let many =
        |count: usize| -> Value { (0..count).map(|n| (format!("#{n}"), to_it.clone())).collect::<Map<_, _>>().into() };
    let responses = fixture
        .calls(json!([["Core/echo", {"text": text}, "0"], ["Core/echo", many(2), "1"], ["Core/echo", many(100), "2"]]));
    assert_eq!(responses[1][1].as_object().unwrap().len(), 2);
    assert_eq!((&responses[2][0], &responses[2][1]["type"]), (&json!("error"), &json!("requestTooLarge")));
}

#[test]
fn created_ids_pass_through_a_request() {
    let fixture = Fixture::new();
    let response = fixture.request(&json!({
        "using": USING,
        "createdIds": {"before": "f1"},
        "methodCalls": [
            ["Mailbox/set", {"accountId": "a1", "create": {"k1": {"name": "A", "parentId": "#before"}}}, "0"],
            ["Mailbox/set", {"accountId": "a1", "update": {"#k1": {"sortOrder": 3}}}, "1"],
            ["Mailbox/set", {"accountId": "a1", "create": {"k2": {"name": "B", "parentId": "#k1"}}}, "2"],
        ],
    }));
    let created = &response["createdIds"];
    assert_eq!(created["before"], "f1");
    assert_eq!(response["methodResponses"][0][1]["created"]["k1"]["id"], created["k1"]);
    let responses = &response["methodResponses"];
    assert!(responses[1][1]["notUpdated"].is_null(), "{responses}");
    let child = fixture.call("Mailbox/get", json!({"ids": [created["k2"]]}));
    assert_eq!(child["list"][0]["parentId"], created["k1"]);
}

#[test]
fn more_than_the_limits_is_refused() {
    let fixture = Fixture::new();
    let calls: Vec<_> = (0..65).map(|n| json!(["Core/echo", {}, n.to_string()])).collect();
    let refused = fixture.request(&json!({"using": USING, "methodCalls": calls}));
    assert_eq!(refused["limit"], "maxCallsInRequest");
    let ids: Vec<_> = (0..1001).map(|n| format!("f{n}")).collect();
    assert_eq!(fixture.error("Mailbox/get", json!({"ids": ids})), "requestTooLarge");
    let destroy: Vec<_> = (0..1001).map(|n| format!("m{n}")).collect();
    assert_eq!(fixture.error("Email/set", json!({"destroy": destroy})), "requestTooLarge");
    assert_eq!(fixture.error("Email/get", json!({"ids": null})), "requestTooLarge");
}

#[test]
fn what_is_no_argument_of_a_method_is_refused() {
    let fixture = Fixture::new();
    for (method, arguments) in [
        ("Mailbox/get", json!({"ids": "f1"})),
        ("Mailbox/get", json!({"unknown": 1})),
        ("Mailbox/get", json!({"properties": ["nothing"]})),
        ("Mailbox/changes", json!({"sinceState": "1", "maxChanges": 0})),
        ("Mailbox/changes", json!({})),
        ("Mailbox/set", json!({"create": {"a b": {}}})),
        ("Mailbox/set", json!({"create": {"a": 1}})),
        ("Mailbox/query", json!({"limit": -1})),
        ("Mailbox/query", json!({"filter": {"operator": "XOR", "conditions": []}})),
        ("Email/query", json!({"filter": {"before": "yesterday"}})),
        ("Email/get", json!({"ids": [], "properties": ["header:From:asDate"]})),
    ] {
        assert_eq!(fixture.error(method, arguments.clone()), "invalidArguments", "{method} {arguments}");
    }
    assert_eq!(fixture.error("Mailbox/query", json!({"sort": [{"property": "x"}]})), "unsupportedSort");
    let collation = json!({"sort": [{"property": "name", "collation": "x"}]});
    assert_eq!(fixture.error("Mailbox/query", collation), "unsupportedSort");
    assert_eq!(fixture.error("Email/query", json!({"filter": {"x": 1}})), "unsupportedFilter");
    assert_eq!(fixture.error("Email/changes", json!({"sinceState": "999"})), "cannotCalculateChanges");
    assert_eq!(fixture.error("Email/changes", json!({"sinceState": "x"})), "cannotCalculateChanges");
}

#[test]
fn copies_between_accounts_have_nowhere_to_come_from() {
    let fixture = Fixture::new();
    let from = |account: &str| json!({"fromAccountId": account, "create": {}});
    assert_eq!(fixture.error("Email/copy", from("a2")), "fromAccountNotFound");
    assert_eq!(fixture.error("Email/copy", from("a1")), "invalidArguments");
    let blobs = |account: &str| json!({"fromAccountId": account, "blobIds": ["U1"]});
    assert_eq!(fixture.error("Blob/copy", blobs("a2")), "fromAccountNotFound");
    let mine = fixture.upload(b"x");
    let copied = fixture.call("Blob/copy", json!({"fromAccountId": "a1", "blobIds": [mine, "U99", "x"]}));
    assert_eq!(copied["copied"], json!({&mine: mine}));
    let not_found: Vec<_> =
        copied["notCopied"].as_object().unwrap().iter().map(|(id, why)| (id, &why["type"])).collect();
    assert_eq!(json!(not_found), json!([["U99", "notFound"], ["x", "notFound"]]));
    let many: Vec<String> = (0..1001).map(|n| format!("U{n}")).collect();
    assert_eq!(fixture.error("Blob/copy", json!({"fromAccountId": "a1", "blobIds": many})), "requestTooLarge");
}
