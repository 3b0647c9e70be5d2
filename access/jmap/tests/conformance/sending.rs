//! Identity, EmailSubmission, VacationResponse (RFC 8621 §6, §7, §8).

use serde_json::{Value, json};

use mail::trace::{Attempt, AttemptOutcome, Event};

use crate::fixture::Fixture;

pub fn own_identity(fixture: &Fixture) -> String {
    let all = fixture.call("Identity/get", json!({"ids": null}));
    all["list"][0]["id"].as_str().unwrap_or_else(|| panic!("{all}")).to_owned()
}

pub fn draft(fixture: &Fixture, object: Value) -> String {
    let mut object = object;
    object["mailboxIds"] = json!({fixture.role("drafts"): true});
    object["keywords"] = json!({"$draft": true});
    let made = fixture.call("Email/set", json!({"create": {"k": object}}));
    made["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

pub fn plain(fixture: &Fixture) -> String {
    draft(
        fixture,
        json!({
            "from": [{"email": "alice@alpha.test"}], "to": [{"email": "bob@alpha.test"}],
            "cc": [{"email": "carol@gamma.test"}, {"email": "bob@alpha.test"}], "bcc": [{"email": "dave@delta.test"}],
            "subject": "Hello", "textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": "Hello"}},
        }),
    )
}

#[test]
fn a_person_has_an_identity_that_stays_and_may_make_others() {
    let fixture = Fixture::new();
    let all = fixture.call("Identity/get", json!({"ids": null}));
    let id = own_identity(&fixture);
    let own = json!({"id": id, "name": "", "email": "alice@alpha.test", "replyTo": null, "bcc": null,
        "textSignature": "", "htmlSignature": "", "mayDelete": false});
    assert_eq!(all["list"], json!([own]));
    let since = all["state"].clone();
    let set = fixture.call(
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
    assert_eq!(fixture.changes("Identity", &since), (json!([sales]), json!([id]), json!([])));
    let changed = fixture.call("Identity/set", json!({"update": {&sales: {"email": "alice@alpha.test"}}}));
    assert_eq!(changed["notUpdated"][&sales]["properties"], json!(["email"]));
    let since = fixture.state("Identity");
    assert_eq!(fixture.call("Identity/set", json!({"destroy": [sales]}))["destroyed"], json!([sales]));
    assert_eq!(fixture.changes("Identity", &since), (json!([]), json!([]), json!([sales])));
}

#[test]
fn a_letter_is_sent_and_what_shall_happen_then_happens() {
    let fixture = Fixture::new();
    let (identity, email) = (own_identity(&fixture), plain(&fixture));
    let (drafts, sent) = (fixture.role("drafts"), fixture.role("sent"));
    let since = fixture.state("EmailSubmission");
    let responses = fixture.calls(json!([["EmailSubmission/set", {
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
    let now = fixture.call("Email/get", json!({"ids": [email], "properties": ["mailboxIds", "keywords", "bcc"]}));
    assert_eq!(now["list"][0]["mailboxIds"], json!({sent: true}));
    assert_eq!(now["list"][0]["keywords"], json!({}));
    assert_eq!(now["list"][0]["bcc"][0]["email"], "dave@delta.test", "the author's copy keeps it");

    let posted = fixture.post.0.lock().unwrap();
    let (letter, envelope) = &posted[0];
    assert_eq!(envelope.recipients.len(), 3);
    let text = String::from_utf8(letter.raw.to_vec()).unwrap();
    // The outbox removes Bcc.
    assert!(text.contains("Bcc: dave@delta.test\r\n") && text.contains("Subject: Hello"), "{text}");
    assert!(text.ends_with("\r\n\r\nHello"), "{text}");
    drop(posted);

    let id = made["id"].as_str().unwrap();
    assert_eq!(fixture.changes("EmailSubmission", &since), (json!([id]), json!([]), json!([])));
    let got = fixture.call("EmailSubmission/get", json!({"ids": [id, "s999"]}));
    assert_eq!((&got["list"][0]["emailId"], &got["notFound"]), (&json!(email), &json!(["s999"])));
    for (filter, count) in [
        (json!({"emailIds": [email]}), 1),
        (json!({"identityIds": ["i999"]}), 0),
        (json!({"undoStatus": "final", "after": "2026-11-24T06:22:57Z"}), 1),
        (json!({"before": "2026-11-24T06:22:57Z"}), 0),
    ] {
        let found = fixture.call("EmailSubmission/query", json!({"filter": filter, "sort": [{"property": "sentAt"}]}));
        assert_eq!(found["ids"].as_array().unwrap().len(), count, "{filter} {found}");
    }
    let undo = fixture.call("EmailSubmission/set", json!({"update": {id: {"undoStatus": "canceled"}}}));
    assert_eq!(undo["notUpdated"][id]["type"], "cannotUnsend");
    let state = fixture.call("EmailSubmission/query", json!({}))["queryState"].clone();
    let responses = fixture.calls(json!([["EmailSubmission/set", {
        "accountId": "a1", "destroy": [id], "onSuccessDestroyEmail": [id],
    }, "0"]]));
    assert_eq!(responses[0][1]["destroyed"], json!([id]));
    assert_eq!(responses[1][1]["destroyed"], json!([email]));
    let changed = fixture.call("EmailSubmission/queryChanges", json!({"sinceQueryState": state}));
    assert_eq!((&changed["removed"], &changed["added"]), (&json!([id]), &json!([])));
}

#[test]
fn what_may_not_be_sent_is_refused_with_its_reason() {
    let fixture = Fixture::new();
    let (identity, email) = (own_identity(&fixture), plain(&fixture));
    let refuse = |object: Value| {
        let answer = fixture.call("EmailSubmission/set", json!({"create": {"k": object}}));
        answer["notCreated"]["k"].clone()
    };
    let with = |envelope: Value| json!({"identityId": identity, "emailId": email, "envelope": envelope});
    let to = |address: &str| json!([{"email": address}]);
    let eve = draft(&fixture, json!({"from": [{"email": "eve@evil.test"}], "to": [{"email": "bob@alpha.test"}]}));
    let nobody = draft(&fixture, json!({"to": [{"email": "bob@alpha.test"}]}));
    let lonely = draft(&fixture, json!({"from": [{"email": "alice@alpha.test"}]}));
    let broken = draft(&fixture, json!({"from": [{"email": "alice@alpha.test"}], "to": [{"email": "broken"}]}));
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
                json!({"mailFrom": {"email": "alice@alpha.test", "parameters": {"RET": "SOME"}}, "rcptTo": to("b@c.test")}),
            ),
            "invalidProperties",
        ),
        (with(json!("x")), "invalidProperties"),
    ] {
        let error = refuse(object.clone());
        assert_eq!(error["type"], kind, "{object} {error}");
    }
    assert!(fixture.post.0.lock().unwrap().is_empty());
    assert_eq!(refuse(with(json!({"mailFrom": {"email": ""}, "rcptTo": to("bob@alpha.test")}))), Value::Null);
}

#[test]
fn without_an_envelope_the_identity_says_who_sends() {
    // RFC 8621 §7: the header counts only if the identity allows it, and it must be unambiguous.
    let fixture = Fixture::new();
    let to = json!([{"email": "bob@alpha.test"}]);
    let set = |identity: &str, email: &str| {
        let create = json!({"k": {"identityId": identity, "emailId": email}});
        fixture.call("EmailSubmission/set", json!({"create": create}))
    };
    let (sales, own) = (json!({"email": "sales@alpha.test"}), own_identity(&fixture));
    let of_sales = fixture.call("Identity/set", json!({"create": {"k": sales}}))["created"]["k"]["id"].clone();
    let from_sales = draft(&fixture, json!({"from": [sales], "to": to}));
    for (identity, from) in [(own.as_str(), "alice@alpha.test"), (of_sales.as_str().unwrap(), "sales@alpha.test")] {
        let made = set(identity, &from_sales);
        assert_eq!(made["created"]["k"]["envelope"]["mailFrom"]["email"], from, "{made}");
    }
    let head = "To: bob@alpha.test\r\nFrom: alice@alpha.test\r\n";
    for (more, properties) in [
        ("From: sales@alpha.test\r\n", json!(["from"])),
        ("Sender: sales@alpha.test\r\nSender: alice@alpha.test\r\n", json!(["sender"])),
        ("Sender: sales@alpha.test, alice@alpha.test\r\n", json!(["sender"])),
    ] {
        let odd = fixture.deliver("drafts", &format!("{head}{more}\r\nHello\r\n"));
        let error = set(&own, &odd)["notCreated"]["k"].clone();
        assert_eq!((&error["type"], &error["properties"]), (&json!("invalidEmail"), &properties), "{more} {error}");
    }
}

#[test]
fn what_shall_happen_then_is_understood_before_anything_is_sent() {
    let fixture = Fixture::new();
    let (identity, email) = (own_identity(&fixture), plain(&fixture));
    for then in [json!({"onSuccessUpdateEmail": {"#k": 5}}), json!({"onSuccessDestroyEmail": {"#k": true}})] {
        let mut arguments = json!({"create": {"k": {"identityId": identity, "emailId": email}}});
        arguments.as_object_mut().unwrap().extend(then.as_object().unwrap().clone());
        assert_eq!(fixture.error("EmailSubmission/set", arguments), "invalidArguments");
    }
    assert!(fixture.post.0.lock().unwrap().is_empty());
    let nothing = fixture.call("EmailSubmission/set", json!({"create": {"k": {"x": 1}}}));
    let mut properties = nothing["notCreated"]["k"]["properties"].as_array().unwrap().clone();
    properties.sort_by_key(ToString::to_string);
    assert_eq!(properties, ["emailId", "identityId", "x"], "all that are wrong");
}

#[test]
fn an_absence_is_one_for_good_and_is_kept() {
    let fixture = Fixture::new();
    let got = fixture.call("VacationResponse/get", json!({"ids": null}));
    assert_eq!(got["list"][0]["id"], "singleton");
    assert_eq!(got["list"][0]["isEnabled"], false);
    let set = fixture.call(
        "VacationResponse/set",
        json!({
            "create": {"a": {}}, "destroy": ["singleton"],
            "update": {"singleton": {"isEnabled": false, "fromDate": "2026-12-24T00:00:00Z", "textBody": "Away"}, "x": {}},
        }),
    );
    assert_eq!(set["notCreated"]["a"]["type"], "singleton");
    assert_eq!(set["notDestroyed"]["singleton"]["type"], "singleton");
    assert_eq!(set["notUpdated"]["x"]["type"], "notFound");
    assert_eq!(set["updated"], json!({"singleton": null}));
    assert_ne!(set["oldState"], set["newState"]);
    let wrong =
        fixture.call("VacationResponse/set", json!({"update": {"singleton": {"fromDate": "soon", "isEnabled": 1}}}));
    let mut properties = wrong["notUpdated"]["singleton"]["properties"].as_array().unwrap().clone();
    properties.sort_by_key(ToString::to_string);
    assert_eq!(properties, ["fromDate", "isEnabled"]);
    let fixture = fixture.reopened();
    let kept = fixture.call("VacationResponse/get", json!({"ids": ["singleton", "x"], "properties": ["textBody"]}));
    assert_eq!(kept["list"], json!([{"id": "singleton", "textBody": "Away"}]));
    assert_eq!(kept["notFound"], json!(["x"]));
}

#[test]
fn an_absence_that_nobody_is_told_of_cannot_be_enabled() {
    let fixture = Fixture::new();
    let set = |change: Value| fixture.call("VacationResponse/set", json!({"update": {"singleton": change}}));
    let refused = set(json!({"isEnabled": true, "textBody": "Away"}));
    let error = &refused["notUpdated"]["singleton"];
    assert_eq!((&error["type"], &error["properties"]), (&json!("invalidProperties"), &json!(["isEnabled"])));
    assert!(error["description"].as_str().unwrap().contains("automatic replies"), "{error}");
    assert_eq!(refused["oldState"], refused["newState"]);
    assert_eq!(set(json!({"textBody": "Away"}))["updated"], json!({"singleton": null}));
    // An earlier version stored it like this.
    fixture
        .store
        .write_blocking(store::Key::Everything, |tx| -> Result<_, store::Error> {
            let sql = "UPDATE record_object SET data = $1 WHERE kind = 'vacation'";
            tx.execute(sql, store::params!["{\"isEnabled\":true,\"textBody\":\"Away\"}"])
        })
        .map(|changed| assert_eq!(changed, 1))
        .unwrap();
    let kept = fixture.call("VacationResponse/get", json!({"ids": null}));
    assert_eq!((&kept["list"][0]["isEnabled"], &kept["list"][0]["textBody"]), (&json!(false), &json!("Away")));
    assert_eq!(set(json!({"subject": "Back soon"}))["updated"], json!({"singleton": null}), "its words may change");
}

fn held(fixture: &Fixture, parameters: Value) -> Value {
    let (identity, email) = (own_identity(fixture), plain(fixture));
    let envelope = json!({
        "mailFrom": {"email": "alice@alpha.test", "parameters": parameters},
        "rcptTo": [{"email": "bob@alpha.test"}, {"email": "carol@gamma.test"}],
    });
    let create = json!({"k": {"identityId": identity, "emailId": email, "envelope": envelope}});
    fixture.call("EmailSubmission/set", json!({"create": create}))
}

pub fn submission(fixture: &Fixture, id: &str) -> Value {
    fixture.call("EmailSubmission/get", json!({"ids": [id]}))["list"][0].clone()
}

/// Waits until the submission is as it shall be.
pub fn until(fixture: &Fixture, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    waiting::wait_for("the submission is as it shall be", || Some(submission(fixture, id)).filter(&fits))
}

#[test]
fn a_letter_is_kept_until_the_time_its_author_wants_and_can_be_taken_back() {
    // RFC 8621 §7, RFC 4865 §4.
    let fixture = Fixture::new();
    let made = held(&fixture, json!({"HOLDFOR": "10"}))["created"]["k"].clone();
    assert_eq!(made["undoStatus"], "pending", "{made}");
    assert_eq!(made["sendAt"], "2026-11-24T06:23:07Z");
    assert_eq!(made["deliveryStatus"]["bob@alpha.test"]["delivered"], "queued");
    assert_eq!(made.get("letter"), None, "what only we need stays here");
    let id = made["id"].as_str().unwrap();
    assert_eq!(submission(&fixture, id)["envelope"]["mailFrom"]["parameters"], json!({"HOLDFOR": "10"}));
    let pending = fixture.call("EmailSubmission/query", json!({"filter": {"undoStatus": "pending"}}));
    assert_eq!(pending["ids"], json!([id]));

    let since = fixture.state("EmailSubmission");
    let undo = fixture.call("EmailSubmission/set", json!({"update": {id: {"undoStatus": "canceled"}}}));
    assert_eq!(undo["updated"], json!({id: null}), "{undo}");
    assert!(fixture.post.1.lock().unwrap().is_empty(), "nobody gets it");
    assert_eq!(fixture.changes("EmailSubmission", &since), (json!([]), json!([id]), json!([])));
    let now = submission(&fixture, id);
    assert_eq!(
        (&now["undoStatus"], &now["deliveryStatus"]["bob@alpha.test"]["delivered"]),
        (&json!("canceled"), &json!("no"))
    );
    let again = fixture.call("EmailSubmission/set", json!({"update": {id: {"undoStatus": "canceled"}}}));
    assert_eq!(again["updated"], json!({id: null}), "it is as it was asked to be");
    let back = fixture.call("EmailSubmission/set", json!({"update": {id: {"undoStatus": "pending"}}}));
    assert_eq!(back["notUpdated"][id]["properties"], json!(["undoStatus"]));
}

#[test]
fn a_letter_that_was_let_go_cannot_be_taken_back() {
    let fixture = Fixture::new();
    let made = held(&fixture, json!({"holduntil": "2026-11-24T07:23:07+01:00"}))["created"]["k"].clone();
    assert_eq!(made["sendAt"], "2026-11-24T06:23:07Z");
    let id = made["id"].as_str().unwrap();
    fixture.following(|| {
        // The queue releases the letter in a commit of its own; a later request comes too late.
        fixture.post.1.lock().unwrap().clear();
        let late = fixture.call("EmailSubmission/set", json!({"update": {id: {"undoStatus": "canceled"}}}));
        assert_eq!(late["notUpdated"][id]["type"], "cannotUnsend");
        let since = fixture.state("EmailSubmission");
        fixture.happened(Event::Queued { recipients: vec!["carol@gamma.test".into()] });
        until(&fixture, id, |now| now["undoStatus"] == "final");
        assert_eq!(fixture.changes("EmailSubmission", &since), (json!([]), json!([id]), json!([])));
    });
}

#[test]
fn a_time_that_cannot_be_is_refused_and_one_that_has_come_is_now() {
    let fixture = Fixture::new();
    for wrong in [
        json!({"HOLDFOR": "x"}),
        json!({"HOLDFOR": ""}),
        json!({"HOLDFOR": 10}),
        json!({"HOLDFOR": "999999999"}),
        json!({"HOLDUNTIL": "tomorrow"}),
        json!({"HOLDUNTIL": "2030-01-01T00:00:00Z"}),
        json!({"HOLDFOR": "1", "HOLDUNTIL": "2026-11-24T07:00:00Z"}),
        json!({"NOTIFY": "NEVER"}),
        json!("HOLDFOR"),
    ] {
        let answer = held(&fixture, wrong.clone());
        assert_eq!(answer["notCreated"]["k"]["properties"], json!(["envelope"]), "{wrong}");
    }
    for past in [json!({"HOLDFOR": "0"}), json!({"HOLDUNTIL": "2020-01-01T00:00:00Z"}), json!({})] {
        assert_eq!(held(&fixture, past)["created"]["k"]["undoStatus"], "final");
    }
}

#[test]
fn the_wishes_of_the_author_for_reports_go_with_the_envelope() {
    // RFC 8621 §7: parameters without the encodings of SMTP.
    let fixture = Fixture::new();
    let made = held(&fixture, json!({"RET": "HDRS", "ENVID": "a+b", "BY": "60;N"}))["created"]["k"].clone();
    let id = made["id"].as_str().unwrap();
    let shown = &submission(&fixture, id)["envelope"];
    assert_eq!(shown["mailFrom"]["parameters"], json!({"RET": "HDRS", "ENVID": "a+b", "BY": "60;N"}));
    let wishes = fixture.post.0.lock().unwrap().last().unwrap().1.wishes.clone();
    assert_eq!((wishes.envelope_id.as_deref(), wishes.returned), (Some("a+b"), Some(mail::Returned::Header)));
    let (identity, email) = (own_identity(&fixture), plain(&fixture));
    let send = |parameters: Value| {
        let to = json!([{"email": "bob@alpha.test", "parameters": parameters}]);
        let envelope = json!({"mailFrom": {"email": "alice@alpha.test"}, "rcptTo": to});
        let create = json!({"k": {"identityId": identity, "emailId": email, "envelope": envelope}});
        fixture.call("EmailSubmission/set", json!({"create": create}))
    };
    let sent = send(json!({"NOTIFY": "SUCCESS", "ORCPT": "rfc822;bob+x@alpha.test"}));
    assert_eq!(sent["created"]["k"]["undoStatus"], "final", "{sent}");
    assert!(fixture.post.0.lock().unwrap().last().unwrap().1.recipients[0].wishes.success());
    let wrong = send(json!({"NOTIFY": "PERHAPS"}));
    assert_eq!(wrong["notCreated"]["k"]["properties"], json!(["envelope"]));
}

#[test]
fn what_becomes_of_a_letter_is_followed_recipient_by_recipient() {
    let fixture = Fixture::new();
    let made = held(&fixture, Value::Null)["created"]["k"].clone();
    let id = made["id"].as_str().unwrap().to_owned();
    let status =
        |now: &Value, who: &str| now["deliveryStatus"][who]["delivered"].as_str().unwrap_or_default().to_owned();
    let attempt = |said: &str, outcome: AttemptOutcome| {
        Event::Attempt(Attempt {
            recipient: "carol@gamma.test".into(),
            by: "mx.gamma.test".into(),
            said: said.into(),
            outcome,
            tls: String::new(),
        })
    };
    let since = fixture.state("EmailSubmission");
    fixture.following(|| {
        fixture.happened(Event::Filed {
            account: 2,
            key: 9,
            recipient: "bob@alpha.test".into(),
            folder: "INBOX".into(),
        });
        let now = until(&fixture, &id, |now| status(now, "bob@alpha.test") == "yes");
        assert_eq!(status(&now, "carol@gamma.test"), "queued");
        assert_eq!(fixture.changes("EmailSubmission", &since), (json!([]), json!([id]), json!([])));
    });
    // Events also count if they happen while nobody follows, and across a restart.
    fixture.happened(attempt("451 4.7.1 later", AttemptOutcome::Later));
    let fixture = fixture.reopened();
    fixture.following(|| {
        let now =
            until(&fixture, &id, |now| now["deliveryStatus"]["carol@gamma.test"]["smtpReply"] == "451 4.7.1 later");
        assert_eq!(status(&now, "carol@gamma.test"), "queued");
        fixture.happened(attempt("550 5.1.1 nobody", AttemptOutcome::Failed));
        let now = until(&fixture, &id, |now| status(now, "carol@gamma.test") == "no");
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["smtpReply"], "550 5.1.1 nobody");
        assert_eq!(now["deliveryStatus"]["carol@gamma.test"]["displayed"], "unknown");
    });
}

#[test]
fn a_submission_in_a_state_that_is_another_by_now_sends_nothing() {
    let fixture = Fixture::new();
    let (identity, email) = (own_identity(&fixture), plain(&fixture));
    let create = json!({"k": {"identityId": identity, "emailId": email}});
    assert_eq!(fixture.error("EmailSubmission/set", json!({"ifInState": "999", "create": create})), "stateMismatch");
    assert!(fixture.post.0.lock().unwrap().is_empty());
    let state = fixture.state("EmailSubmission");
    let made = fixture.call("EmailSubmission/set", json!({"ifInState": state, "create": create}));
    assert_eq!(made["created"]["k"]["undoStatus"], "final", "{made}");
    assert_eq!((&made["oldState"], &made["newState"]), (&state, &fixture.state("EmailSubmission")));
}
