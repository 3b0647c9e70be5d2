//! Identity, EmailSubmission, VacationResponse (RFC 8621 §6, §7, §8).

use serde_json::{Value, json};

use crate::house::House;

fn own_identity(house: &House) -> String {
    let all = house.call("Identity/get", json!({"ids": null}));
    all["list"][0]["id"].as_str().unwrap_or_else(|| panic!("{all}")).to_owned()
}

fn draft(house: &House, object: Value) -> String {
    let mut object = object;
    object["mailboxIds"] = json!({house.role("drafts"): true});
    object["keywords"] = json!({"$draft": true});
    let made = house.call("Email/set", json!({"create": {"k": object}}));
    made["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

fn plain(house: &House) -> String {
    draft(
        house,
        json!({
            "from": [{"email": "alice@alpha.test"}], "to": [{"email": "bob@alpha.test"}],
            "cc": [{"email": "carol@gamma.test"}, {"email": "bob@alpha.test"}], "bcc": [{"email": "dave@delta.test"}],
            "subject": "Hello", "textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": "Hello"}},
        }),
    )
}

#[test]
fn a_person_has_an_identity_that_stays_and_may_make_others() {
    let house = House::new();
    let all = house.call("Identity/get", json!({"ids": null}));
    let id = own_identity(&house);
    let own = json!({"id": id, "name": "", "email": "alice@alpha.test", "replyTo": null, "bcc": null,
        "textSignature": "", "htmlSignature": "", "mayDelete": false});
    assert_eq!(all["list"], json!([own]));
    let since = all["state"].clone();
    let set = house.call(
        "Identity/set",
        json!({
            "create": {
                "a": {"email": "sales@alpha.test", "name": "Sales", "bcc": [{"email": "alice@alpha.test"}]},
                "b": {"email": "eve@evil.test"}, "c": {"email": "nobody"}, "d": {"email": "sales@alpha.test", "mayDelete": true},
            },
            "update": {&id: {"name": "Alice", "textSignature": "-- \nAlice"}, "i999": {"name": "x"}},
            "destroy": [id],
        }),
    );
    let sales = set["created"]["a"]["id"].as_str().unwrap_or_else(|| panic!("{set}")).to_owned();
    assert_eq!(set["created"]["a"]["mayDelete"], true);
    assert_eq!(set["notCreated"]["b"]["type"], "forbiddenFrom");
    assert_eq!(set["notCreated"]["c"]["properties"], json!(["email"]));
    assert_eq!(set["notCreated"]["d"]["properties"], json!(["mayDelete"]));
    assert_eq!(set["updated"], json!({&id: null}));
    assert_eq!(set["notUpdated"]["i999"]["type"], "notFound");
    assert_eq!(set["notDestroyed"][&id]["type"], "forbidden");
    assert_eq!(house.changes("Identity", &since), (json!([sales]), json!([id]), json!([])));
    let changed = house.call("Identity/set", json!({"update": {&sales: {"email": "alice@alpha.test"}}}));
    assert_eq!(changed["notUpdated"][&sales]["properties"], json!(["email"]));
    let since = house.state("Identity");
    assert_eq!(house.call("Identity/set", json!({"destroy": [sales]}))["destroyed"], json!([sales]));
    assert_eq!(house.changes("Identity", &since), (json!([]), json!([]), json!([sales])));
}

#[test]
fn a_letter_is_sent_and_what_shall_happen_then_happens() {
    let house = House::new();
    let (identity, email) = (own_identity(&house), plain(&house));
    let (drafts, sent) = (house.role("drafts"), house.role("sent"));
    let since = house.state("EmailSubmission");
    let responses = house.calls(json!([["EmailSubmission/set", {
        "accountId": "a1",
        "create": {"k": {"identityId": identity, "emailId": email}},
        "onSuccessUpdateEmail": {"#k": {
            format!("mailboxIds/{drafts}"): null, format!("mailboxIds/{sent}"): true, "keywords/$draft": null,
        }},
    }, "0"]]));
    let made = &responses[0][1]["created"]["k"];
    assert_eq!(made["undoStatus"], "final", "{responses:?}");
    assert_eq!(made["sendAt"], "2026-11-24T06:22:57Z");
    assert_eq!(made["envelope"]["mailFrom"]["email"], "alice@alpha.test");
    let to: Vec<_> = made["envelope"]["rcptTo"].as_array().unwrap().iter().map(|to| &to["email"]).collect();
    assert_eq!(to, ["bob@alpha.test", "carol@gamma.test", "dave@delta.test"]);
    // RFC 8621 §7.5: the one implicit Email/set answers behind it, under the same call.
    assert_eq!((&responses[1][0], &responses[1][2]), (&json!("Email/set"), &json!("0")));
    assert_eq!(responses[1][1]["updated"], json!({&email: null}), "{responses:?}");
    let now = house.call("Email/get", json!({"ids": [email], "properties": ["mailboxIds", "keywords", "bcc"]}));
    assert_eq!(now["list"][0]["mailboxIds"], json!({sent: true}));
    assert_eq!(now["list"][0]["keywords"], json!({}));
    assert_eq!(now["list"][0]["bcc"][0]["email"], "dave@delta.test", "the author's copy keeps it");

    let posted = house.post.0.lock().unwrap();
    let (letter, envelope) = &posted[0];
    assert_eq!(envelope.recipients.len(), 3);
    let text = String::from_utf8(letter.raw.to_vec()).unwrap();
    assert!(!text.contains("dave") && text.contains("Subject: Hello") && text.ends_with("\r\n\r\nHello"), "{text}");
    drop(posted);

    let id = made["id"].as_str().unwrap();
    assert_eq!(house.changes("EmailSubmission", &since), (json!([id]), json!([]), json!([])));
    let got = house.call("EmailSubmission/get", json!({"ids": [id, "s999"]}));
    assert_eq!((&got["list"][0]["emailId"], &got["notFound"]), (&json!(email), &json!(["s999"])));
    for (filter, count) in [
        (json!({"emailIds": [email]}), 1),
        (json!({"identityIds": ["i999"]}), 0),
        (json!({"undoStatus": "final", "after": "2026-11-24T06:22:57Z"}), 1),
        (json!({"before": "2026-11-24T06:22:57Z"}), 0),
    ] {
        let found = house.call("EmailSubmission/query", json!({"filter": filter, "sort": [{"property": "sentAt"}]}));
        assert_eq!(found["ids"].as_array().unwrap().len(), count, "{filter} {found}");
    }
    let undo = house.call("EmailSubmission/set", json!({"update": {id: {"undoStatus": "canceled"}}}));
    assert_eq!(undo["notUpdated"][id]["type"], "cannotUnsend");
    let state = house.call("EmailSubmission/query", json!({}))["queryState"].clone();
    let responses = house.calls(json!([["EmailSubmission/set", {
        "accountId": "a1", "destroy": [id], "onSuccessDestroyEmail": [id],
    }, "0"]]));
    assert_eq!(responses[0][1]["destroyed"], json!([id]));
    assert_eq!(responses[1][1]["destroyed"], json!([email]));
    let changed = house.call("EmailSubmission/queryChanges", json!({"sinceQueryState": state}));
    assert_eq!((&changed["removed"], &changed["added"]), (&json!([id]), &json!([])));
}

#[test]
fn what_may_not_be_sent_is_refused_with_its_reason() {
    let house = House::new();
    let (identity, email) = (own_identity(&house), plain(&house));
    let refuse = |object: Value| {
        let answer = house.call("EmailSubmission/set", json!({"create": {"k": object}}));
        answer["notCreated"]["k"].clone()
    };
    let with = |envelope: Value| json!({"identityId": identity, "emailId": email, "envelope": envelope});
    let to = |address: &str| json!([{"email": address}]);
    let eve = draft(&house, json!({"from": [{"email": "eve@evil.test"}], "to": [{"email": "bob@alpha.test"}]}));
    let nobody = draft(&house, json!({"to": [{"email": "bob@alpha.test"}]}));
    let lonely = draft(&house, json!({"from": [{"email": "alice@alpha.test"}]}));
    let broken = draft(&house, json!({"from": [{"email": "alice@alpha.test"}], "to": [{"email": "broken"}]}));
    let many: Vec<Value> = (0..1001).map(|n| json!({"email": format!("p{n}@beta.test")})).collect();
    for (object, kind) in [
        (json!({"identityId": identity, "emailId": "m999"}), "invalidProperties"),
        (json!({"identityId": "i999", "emailId": email}), "invalidProperties"),
        (json!({"identityId": identity, "emailId": email, "undoStatus": "pending"}), "invalidProperties"),
        (json!({"identityId": identity, "emailId": eve}), "forbiddenFrom"),
        (json!({"identityId": identity, "emailId": nobody}), "invalidEmail"),
        (json!({"identityId": identity, "emailId": lonely}), "noRecipients"),
        (json!({"identityId": identity, "emailId": broken}), "invalidRecipients"),
        (with(json!({"mailFrom": {"email": "eve@evil.test"}, "rcptTo": to("bob@alpha.test")})), "forbiddenMailFrom"),
        (with(json!({"mailFrom": {"email": "alice@alpha.test"}, "rcptTo": []})), "noRecipients"),
        (with(json!({"mailFrom": {"email": "alice@alpha.test"}, "rcptTo": many})), "tooManyRecipients"),
        (
            with(json!({"mailFrom": {"email": "alice@alpha.test"}, "rcptTo": to("refused@alpha.test")})),
            "forbiddenToSend",
        ),
        (
            with(
                json!({"mailFrom": {"email": "alice@alpha.test", "parameters": {"HOLDFOR": "60"}}, "rcptTo": to("b@c.test")}),
            ),
            "invalidProperties",
        ),
        (with(json!("x")), "invalidProperties"),
    ] {
        let error = refuse(object.clone());
        assert_eq!(error["type"], kind, "{object} {error}");
    }
    assert!(house.post.0.lock().unwrap().is_empty());
    assert_eq!(refuse(with(json!({"mailFrom": {"email": ""}, "rcptTo": to("bob@alpha.test")}))), Value::Null);
}

#[test]
fn an_absence_is_one_for_good_and_is_kept() {
    let house = House::new();
    let got = house.call("VacationResponse/get", json!({"ids": null}));
    assert_eq!(got["list"][0]["id"], "singleton");
    assert_eq!(got["list"][0]["isEnabled"], false);
    let set = house.call(
        "VacationResponse/set",
        json!({
            "create": {"a": {}}, "destroy": ["singleton"],
            "update": {"singleton": {"isEnabled": true, "fromDate": "2026-12-24T00:00:00Z", "textBody": "Away"}, "x": {}},
        }),
    );
    assert_eq!(set["notCreated"]["a"]["type"], "singleton");
    assert_eq!(set["notDestroyed"]["singleton"]["type"], "singleton");
    assert_eq!(set["notUpdated"]["x"]["type"], "notFound");
    assert_eq!(set["updated"], json!({"singleton": null}));
    assert_ne!(set["oldState"], set["newState"]);
    let wrong =
        house.call("VacationResponse/set", json!({"update": {"singleton": {"fromDate": "soon", "isEnabled": 1}}}));
    let mut properties = wrong["notUpdated"]["singleton"]["properties"].as_array().unwrap().clone();
    properties.sort_by_key(ToString::to_string);
    assert_eq!(properties, ["fromDate", "isEnabled"]);
    let house = house.reopened();
    let kept = house.call("VacationResponse/get", json!({"ids": ["singleton", "x"], "properties": ["textBody"]}));
    assert_eq!(kept["list"], json!([{"id": "singleton", "textBody": "Away"}]));
    assert_eq!(kept["notFound"], json!(["x"]));
}
