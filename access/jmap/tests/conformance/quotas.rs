//! Quota (RFC 9425).

use crate::fixture::{ALICE, Fixture, USING, letter};
use serde_json::{Value, json};

const QUOTA: &str = "urn:ietf:params:jmap:quota";

fn limit(fixture: &Fixture, octets: Option<u64>) {
    fixture.write(move |tx| mailbox::account::set_quota(tx, ALICE, octets));
}

fn quota(fixture: &Fixture) -> Value {
    let got = fixture.call("Quota/get", json!({"ids": null}));
    assert_eq!(got["list"].as_array().unwrap().len(), 1, "{got}");
    got["list"][0].clone()
}

#[test]
fn a_quota_says_how_much_is_used_and_how_much_may_be() {
    let fixture = Fixture::new();
    let text = letter("one", "1", "");
    fixture.deliver("inbox", &text);
    limit(&fixture, Some(1_000_000));
    let first = quota(&fixture);
    assert_eq!(
        first,
        json!({
            "id": first["id"], "resourceType": "octets", "used": text.len(), "hardLimit": 1_000_000,
            "scope": "account", "name": "alice@alpha.test", "types": ["Email"],
            "warnLimit": null, "softLimit": null, "description": null,
        })
    );
    let some = fixture.call("Quota/get", json!({"ids": [first["id"], "x"], "properties": ["used"]}));
    assert_eq!(some["list"], json!([{"id": first["id"], "used": text.len()}]));
    assert_eq!(some["notFound"], json!(["x"]));
    // Without a limit the quota still shows the used octets.
    limit(&fixture, None);
    let unlimited = quota(&fixture);
    assert_eq!((&unlimited["used"], &unlimited["hardLimit"]), (&json!(text.len()), &json!((1_u64 << 53) - 1)));
    // A letter that would exceed the quota is refused for that reason.
    limit(&fixture, Some(text.len() as u64 + 10));
    let drafts = json!({fixture.role("drafts"): true});
    let refused = fixture.call("Email/set", json!({"create": {"k": {"mailboxIds": drafts, "subject": "x"}}}));
    assert_eq!(refused["notCreated"]["k"]["type"], "overQuota", "{refused}");
}

/// Creates a draft of so many octets of text; returns the answer.
fn draft(fixture: &Fixture, octets: usize, more: Value) -> Value {
    let mut call = json!({"create": {"k": {
        "mailboxIds": {fixture.role("drafts"): true}, "keywords": {"$draft": true},
        "from": [{"email": "alice@alpha.test"}], "to": [{"email": "bob@alpha.test"}],
        "textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": "x\r\n".repeat(octets / 3)}},
    }}});
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fixture.call("Email/set", call)
}

#[test]
fn at_the_limit_a_draft_is_replaced_and_sent_and_a_short_letter_can_still_be_written() {
    let fixture = Fixture::new();
    let first = draft(&fixture, 3_000_000, json!({}));
    let old = first["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{first}")).to_owned();
    limit(&fixture, Some(3_000_100));
    // An additional letter has no room; a letter in the place of a destroyed one has.
    assert_eq!(draft(&fixture, 3_000_000, json!({}))["notCreated"]["k"]["type"], "overQuota");
    let again = draft(&fixture, 3_000_000, json!({"destroy": [&old]}));
    let new = again["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{again}")).to_owned();
    assert_eq!(again["destroyed"], json!([&old]));
    assert!(quota(&fixture)["used"].as_u64().unwrap() < 3_100_000);
    // Destroying a letter that does not exist makes no room, and destroying a small one makes too little for a large
    // one.
    assert_eq!(draft(&fixture, 3_000_000, json!({"destroy": [&old]}))["notCreated"]["k"]["type"], "overQuota");
    assert_eq!(draft(&fixture, 6_000_000, json!({"destroy": [&new]}))["notCreated"]["k"]["type"], "overQuota");
}

#[test]
fn a_draft_at_the_limit_goes_among_the_sent_letters() {
    let fixture = Fixture::new();
    let old = draft(&fixture, 30_000, json!({}))["created"]["k"]["id"].as_str().unwrap().to_owned();
    limit(&fixture, Some(1));
    let short = draft(&fixture, 3_000, json!({}));
    assert!(short["created"]["k"]["id"].is_string(), "{short}");
    let identity = fixture.call("Identity/get", json!({"ids": null}))["list"][0]["id"].clone();
    let answers = fixture.calls(json!([["EmailSubmission/set", {"accountId": "a1",
        "create": {"out": {"identityId": identity, "emailId": old}},
        "onSuccessUpdateEmail": {"#out": {"keywords/$draft": null, "mailboxIds": {fixture.role("sent"): true}}},
    }, "0"]]));
    assert!(answers[0][1]["created"]["out"]["id"].is_string(), "{answers:?}");
    assert_eq!(answers[1][1]["updated"], json!({old: null}), "{answers:?}");
    // Other letters have no room.
    let other = json!({"create": {"k": {"mailboxIds": {fixture.role("archive"): true}, "subject": "x"}}});
    assert_eq!(fixture.call("Email/set", other)["notCreated"]["k"]["type"], "overQuota");
}

#[test]
fn changes_of_a_quota_are_exact() {
    let fixture = Fixture::new();
    let id = quota(&fixture)["id"].clone();
    let since = fixture.state("Quota");
    let changes = |since: &Value| {
        let told = fixture.call("Quota/changes", json!({"sinceState": since}));
        assert_eq!((&told["newState"], &told["hasMoreChanges"]), (&fixture.state("Quota"), &json!(false)));
        assert_eq!((&told["created"], &told["destroyed"]), (&json!([]), &json!([])));
        (told["updated"].clone(), told["updatedProperties"].clone())
    };
    assert_eq!(changes(&since), (json!([]), Value::Null));
    let email = fixture.deliver("inbox", &letter("one", "1", ""));
    assert_eq!(changes(&since), (json!([id]), json!(["used"])));
    let with_one = fixture.state("Quota");
    // A flag takes no room.
    fixture.flag(&email, mailbox::System::SEEN);
    assert_eq!(changes(&with_one), (json!([]), Value::Null));
    limit(&fixture, Some(5_000_000));
    assert_eq!(changes(&with_one), (json!([id]), Value::Null));
    limit(&fixture, None);
    fixture.expunge(&email);
    assert_eq!(changes(&since), (json!([]), Value::Null), "it is as it was");
    for bad in ["", "x", "1-2", "-1"] {
        assert_eq!(fixture.error("Quota/changes", json!({"sinceState": bad})), "cannotCalculateChanges", "{bad}");
    }
    assert_eq!(fixture.error("Quota/changes", json!({"sinceState": since, "maxChanges": 0})), "invalidArguments");
}

#[test]
fn a_quota_is_found_by_what_it_is() {
    let fixture = Fixture::new();
    let id = quota(&fixture)["id"].clone();
    let ids = |filter: Value| fixture.call("Quota/query", json!({"filter": filter}))["ids"].clone();
    for filter in [
        Value::Null,
        json!({}),
        json!({"scope": "account", "resourceType": "octets", "type": "Email", "name": "alice"}),
        json!({"operator": "NOT", "conditions": [{"scope": "global"}]}),
    ] {
        assert_eq!(ids(filter.clone()), json!([id]), "{filter}");
    }
    for filter in
        [json!({"scope": "domain"}), json!({"resourceType": "count"}), json!({"type": "Mail"}), json!({"name": "bob"})]
    {
        assert_eq!(ids(filter.clone()), json!([]), "{filter}");
    }
    assert_eq!(fixture.error("Quota/query", json!({"filter": {"used": 1}})), "unsupportedFilter");
    assert_eq!(fixture.error("Quota/query", json!({"filter": {"name": 1}})), "invalidArguments");
    assert_eq!(fixture.error("Quota/query", json!({"sort": [{"property": "scope"}]})), "unsupportedSort");
    let listing = json!({"sort": [{"property": "used"}, {"property": "name"}], "calculateTotal": true});
    let before = fixture.call("Quota/query", listing);
    assert_eq!((&before["total"], &before["canCalculateChanges"]), (&json!(1), &json!(true)));
    let since = || json!({"sinceQueryState": before["queryState"], "calculateTotal": true});
    let same = fixture.call("Quota/queryChanges", since());
    assert_eq!((&same["removed"], &same["added"]), (&json!([]), &json!([])));
    fixture.deliver("inbox", &letter("one", "1", ""));
    let changed = fixture.call("Quota/queryChanges", since());
    assert_eq!((&changed["removed"], &changed["added"]), (&json!([id]), &json!([{"id": id, "index": 0}])));
    assert_eq!((&changed["total"], &changed["newQueryState"]), (&json!(1), &fixture.state("Quota")));
}

#[test]
fn who_does_not_use_mail_is_told_of_no_quota_of_mail() {
    // RFC 9425 §4.1.
    let fixture = Fixture::new();
    let id = quota(&fixture)["id"].clone();
    let ask = |using: Value| {
        let request = json!({"using": using, "methodCalls": [
            ["Quota/get", {"accountId": "a1", "ids": null}, "0"], ["Quota/get", {"accountId": "a1", "ids": [id]}, "1"],
            ["Quota/query", {"accountId": "a1"}, "2"],
        ]});
        fixture.request(&request)["methodResponses"].clone()
    };
    // A webmail asks like this, and has not said that it knows no mail.
    assert_eq!(ask(json!([USING[0], QUOTA]))[0][1]["list"][0]["id"], id);
    let responses = ask(json!([USING[0], QUOTA, "urn:ietf:params:jmap:contacts"]));
    assert_eq!((&responses[0][1]["list"], &responses[0][1]["notFound"]), (&json!([]), &json!([])));
    assert_eq!((&responses[1][1]["list"], &responses[1][1]["notFound"]), (&json!([]), &json!([id])));
    assert_eq!(responses[2][1]["ids"], json!([]));
    // No method sets a quota.
    assert_eq!(fixture.error("Quota/set", json!({})), "unknownMethod");
    let without =
        fixture.request(&json!({"using": USING[..2], "methodCalls": [["Quota/get", {"accountId": "a1"}, "0"]]}));
    assert_eq!(without["methodResponses"][0][1]["type"], "unknownMethod");
}
