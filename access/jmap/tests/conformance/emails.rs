//! Email/get, Email/set, Email/import, Email/parse (RFC 8621 §4).

use serde_json::{Value, json};

use crate::fixture::{Fixture, letter};

const RICH: &str = "From: \"Bob, the builder\" <bob@alpha.test>\r\nTo: Friends: alice@alpha.test, =?utf-8?q?Ren=C3=A9e?= <renee@beta.test>;\r\n\
Subject: =?utf-8?Q?R=C3=A9union?=\r\nMessage-ID: <rich@alpha.test>\r\nReferences: <a@b> <c@d>\r\n\
Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nList-Post: <mailto:list@alpha.test>\r\nX-Two: one\r\nX-Two: two\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
Un caf=E9\r\n> cited\r\nand more\r\n\
--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Un <b>caf\u{e9}</b></p>\r\n--c--\r\n\
--b\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\n\
Content-Transfer-Encoding: base64\r\nContent-ID: <cid1>\r\n\r\naGVsbG8gd29ybGQ=\r\n\
--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: carol@gamma.test\r\nSubject: inside\r\n\r\nInner text\r\n--b--\r\n";

fn get(fixture: &Fixture, id: &str, arguments: Value) -> Value {
    let mut arguments = arguments;
    arguments["ids"] = json!([id]);
    let got = fixture.call("Email/get", arguments);
    got["list"].get(0).cloned().unwrap_or_else(|| panic!("{got}"))
}

#[test]
fn a_letter_is_given_with_all_that_is_usually_wanted() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", RICH);
    let email = get(&fixture, &id, json!({}));
    assert_eq!(email["id"], json!(id));
    assert_eq!(email["mailboxIds"], json!({fixture.role("inbox"): true}));
    assert_eq!(email["keywords"], json!({}));
    assert_eq!(email["size"], RICH.len());
    assert_eq!(email["receivedAt"], "2026-11-24T06:22:57Z");
    assert_eq!(email["sentAt"], "2026-11-24T10:00:00+01:00");
    assert_eq!(email["subject"], "Réunion");
    assert_eq!(email["from"], json!([{"name": "Bob, the builder", "email": "bob@alpha.test"}]));
    let friends = json!([{"name": null, "email": "alice@alpha.test"}, {"name": "Renée", "email": "renee@beta.test"}]);
    assert_eq!(email["to"], friends);
    assert_eq!((&email["cc"], &email["messageId"]), (&Value::Null, &json!(["rich@alpha.test"])));
    assert_eq!(email["references"], json!(["a@b", "c@d"]));
    assert_eq!(email["hasAttachment"], true);
    assert_eq!(email["preview"], "Un café and more");
    assert_eq!(email["bodyValues"], json!({}));
    assert_eq!(email["textBody"][0]["type"], "text/plain");
    assert_eq!(email["textBody"][0]["charset"], "iso-8859-1");
    assert_eq!(email["htmlBody"][0]["partId"], "1.2");
    let names: Vec<_> = email["attachments"].as_array().unwrap().iter().map(|part| &part["type"]).collect();
    assert_eq!(names, ["application/pdf", "message/rfc822"]);
    let plan = &email["attachments"][0];
    assert_eq!((&plan["name"], &plan["size"], &plan["cid"]), (&json!("plan.pdf"), &json!(11), &json!("cid1")));
    assert_eq!(email.get("bodyStructure"), None, "only when asked for");
}

#[test]
fn header_fields_are_given_in_the_forms_asked_for() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", RICH);
    let properties = json!([
        "header:x-two",
        "header:X-Two:all",
        "header:To:asGroupedAddresses",
        "header:List-POST:asURLs",
        "header:Date:asDate",
        "header:Subject:asText",
        "header:None",
        "header:None:all",
        "header:From:asAddresses:all",
        "headers",
    ]);
    let email = get(&fixture, &id, json!({"properties": properties}));
    assert_eq!(email["header:x-two"], " two");
    assert_eq!(email["header:X-Two:all"], json!([" one", " two"]));
    assert_eq!(email["header:To:asGroupedAddresses"][0]["name"], "Friends");
    assert_eq!(email["header:List-POST:asURLs"], json!(["mailto:list@alpha.test"]));
    assert_eq!(email["header:Date:asDate"], "2026-11-24T10:00:00+01:00");
    assert_eq!((&email["header:None"], &email["header:None:all"]), (&Value::Null, &json!([])));
    assert_eq!(email["header:From:asAddresses:all"][0][0]["email"], "bob@alpha.test");
    assert_eq!(email["headers"][2], json!({"name": "Subject", "value": " =?utf-8?Q?R=C3=A9union?="}));
    assert_eq!(email["id"], json!(id), "always");
}

#[test]
fn texts_are_given_decoded_and_cut_where_the_client_wants() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", RICH);
    let values = |arguments: Value| get(&fixture, &id, arguments)["bodyValues"].clone();
    let text = values(json!({"properties": ["bodyValues"], "fetchTextBodyValues": true}));
    let plain = json!({"value": "Un café\n> cited\nand more", "isEncodingProblem": false, "isTruncated": false});
    assert_eq!(text, json!({"1.1": plain}));
    let all = values(json!({"fetchAllBodyValues": true}));
    assert_eq!(all.as_object().unwrap().len(), 2);
    let cut = values(json!({"fetchHTMLBodyValues": true, "maxBodyValueBytes": 8}));
    assert_eq!(cut["1.2"], json!({"value": "<p>Un ", "isEncodingProblem": false, "isTruncated": true}));
    let cut = values(json!({"fetchTextBodyValues": true, "maxBodyValueBytes": 7}));
    assert_eq!(cut["1.1"]["value"], "Un caf");
    let structure = get(
        &fixture,
        &id,
        json!({"properties": ["bodyStructure"], "bodyProperties": ["type", "subParts", "header:Content-Type"]}),
    );
    let root = &structure["bodyStructure"];
    assert_eq!((&root["type"], root["subParts"].as_array().unwrap().len()), (&json!("multipart/mixed"), 3));
    assert_eq!(root["subParts"][0]["subParts"][0]["header:Content-Type"], " text/plain; charset=iso-8859-1");
    assert_eq!(root["subParts"][2]["subParts"], Value::Null, "letters inside are not looked into");
}

#[test]
fn a_text_that_is_cut_is_sound_up_to_there() {
    let fixture = Fixture::new();
    let value = |letter: &str, most: usize| {
        let email = json!({"fetchAllBodyValues": true, "maxBodyValueBytes": most, "properties": ["bodyValues"]});
        get(&fixture, &fixture.deliver("inbox", letter), email)["bodyValues"]["1"].clone()
    };
    let head = "From: bob@alpha.test\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n";
    // A character of two octets that we cut is no fault of the letter.
    let japanese = format!("{head}Content-Type: text/plain; charset=shift_jis\r\n\r\na{}", "=82=A0=\r\n".repeat(100));
    let cut = json!({"value": "aあ", "isEncodingProblem": false, "isTruncated": true});
    for most in 4..7 {
        assert_eq!(value(&japanese, most), cut, "{most}");
    }
    let torn = format!("{head}Content-Type: text/plain; charset=shift_jis\r\n\r\na=82");
    assert_eq!(value(&torn, 0)["isEncodingProblem"], true);
}

#[test]
fn no_field_of_a_draft_stands_in_it_twice() {
    let fixture = Fixture::new();
    let blob = fixture.upload(b"some octets");
    let create = |object: Value| {
        let mut object = object;
        object["mailboxIds"] = json!({fixture.role("drafts"): true});
        object["bodyValues"] = json!({"a": {"value": "x"}});
        fixture.call("Email/set", json!({"create": {"k": object}}))
    };
    // The server chooses how the letter is put together, and in which charset.
    for root in [
        json!({"subParts": [{"partId": "a"}], "header:Content-Type": "multipart/alternative"}),
        json!({"partId": "a", "header:Content-Type": "text/plain; charset=latin1"}),
    ] {
        let answer = create(json!({"bodyStructure": root}));
        assert_eq!(answer["notCreated"]["k"]["properties"], json!(["bodyStructure"]), "{root} {answer}");
    }
    let attached = json!({
        "blobId": blob, "header:Content-Type": "application/x-mine; name=mine",
        "header:Content-Disposition": "inline; filename=mine",
    });
    let made = create(json!({"textBody": [{"partId": "a", "type": "TEXT/Plain"}], "attachments": [attached]}));
    let id = made["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let wish = json!({"properties": ["attachments"], "bodyProperties": [
        "type", "disposition", "header:Content-Disposition:all", "header:Content-Type:all",
    ]});
    assert_eq!(
        get(&fixture, id, wish)["attachments"],
        json!([{
            "type": "application/x-mine", "disposition": "inline",
            "header:Content-Disposition:all": [" inline; filename=mine"],
            "header:Content-Type:all": [" application/x-mine; name=mine"],
        }])
    );
}

#[test]
fn keywords_and_mailboxes_are_changed_by_patches() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let update = |patch: Value| fixture.call("Email/set", json!({"update": {&id: patch}}));
    let done = update(json!({"keywords/$Seen": true, "keywords/Work": true}));
    assert_eq!(done["updated"], json!({&id: null}));
    let now = || get(&fixture, &id, json!({"properties": ["keywords", "mailboxIds"]}));
    assert_eq!(now()["keywords"], json!({"$seen": true, "work": true}));
    update(json!({"keywords/work": null, "keywords/$flagged": true}));
    assert_eq!(now()["keywords"], json!({"$seen": true, "$flagged": true}));
    update(json!({"keywords": {"$answered": true}}));
    assert_eq!(now()["keywords"], json!({"$answered": true}));
    update(json!({"keywords": null}));
    assert_eq!(now()["keywords"], json!({}));

    let (inbox, archive) = (fixture.role("inbox"), fixture.role("archive"));
    let moved = update(
        json!({format!("mailboxIds/{inbox}"): null, format!("mailboxIds/{archive}"): true, "keywords/$seen": true}),
    );
    assert_eq!(moved["updated"], json!({&id: null}), "{moved}");
    assert_eq!(now(), json!({"id": id, "mailboxIds": {&archive: true}, "keywords": {"$seen": true}}));
    update(json!({"mailboxIds": {&inbox: true}}));
    assert_eq!(now()["mailboxIds"], json!({&inbox: true}));
    update(json!({format!("mailboxIds/{archive}"): true, "keywords/$flagged": true}));
    assert_eq!(
        now(),
        json!({
            "id": id, "mailboxIds": {&inbox: true, &archive: true}, "keywords": {"$seen": true, "$flagged": true},
        })
    );
    update(json!({format!("mailboxIds/{archive}"): null}));
    assert_eq!(now()["mailboxIds"], json!({&inbox: true}));

    for (patch, kind) in [
        (json!({"mailboxIds": {}}), "invalidProperties"),
        (json!({"mailboxIds": {"f999": true}}), "invalidProperties"),
        (json!({"mailboxIds": {&archive: false}}), "invalidProperties"),
        (json!({"keywords/a b": true}), "invalidProperties"),
        (json!({"keywords/$seen": 0}), "invalidProperties"),
        (json!({"keywords/$seen": true, "keywords": {}}), "invalidPatch"),
        (json!({"subject": "other"}), "invalidProperties"),
        (json!({"nothing": 1}), "invalidProperties"),
    ] {
        let answer = update(patch.clone());
        assert_eq!(answer["notUpdated"][&id]["type"], kind, "{patch} {answer}");
    }
    // An update may repeat the value of a property that cannot be changed.
    assert_eq!(update(json!({"subject": "one", "keywords/$seen": true}))["updated"], json!({&id: null}));
    let unknown = fixture.call("Email/set", json!({"update": {"m999": {"keywords": {}}}, "destroy": ["m998"]}));
    assert_eq!(unknown["notUpdated"]["m999"]["type"], "notFound");
    assert_eq!(unknown["notDestroyed"]["m998"]["type"], "notFound");
}

#[test]
fn letters_are_destroyed_for_good() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let gone = fixture.call("Email/set", json!({"destroy": [id, id], "update": {&id: {"keywords/$seen": true}}}));
    assert_eq!(gone["destroyed"], json!([id]));
    assert_eq!(gone["notUpdated"][&id]["type"], "willDestroy");
    assert_eq!(fixture.call("Email/get", json!({"ids": [id]}))["notFound"], json!([id]));
}

#[test]
fn a_draft_is_made_from_its_properties_and_reads_back_the_same() {
    let fixture = Fixture::new();
    let blob = fixture.upload(b"some octets\0\xff");
    let drafts = fixture.role("drafts");
    let made = fixture.call(
        "Email/set",
        json!({"create": {"k": {
            "mailboxIds": {&drafts: true},
            "keywords": {"$draft": true, "$seen": true},
            "from": [{"name": "Élise, la présidente", "email": "alice@alpha.test"}],
            "to": [{"name": null, "email": "bob@alpha.test"}],
            "subject": "Été à la mer",
            "sentAt": "2018-07-10T11:05:08+10:00",
            "receivedAt": "2018-07-10T01:05:08Z",
            "inReplyTo": ["a@b"],
            "header:X-Mine:asText": "mine",
            "textBody": [{"partId": "t", "type": "text/plain"}],
            "htmlBody": [{"partId": "h", "type": "text/html"}],
            "attachments": [{"blobId": blob, "type": "application/pdf", "name": "plan été.pdf"}],
            "bodyValues": {"t": {"value": "Bonjour à tous\n\nligne "}, "h": {"value": "<p>Bonjour à tous</p>"}},
        }}}),
    );
    let created = &made["created"]["k"];
    assert!(created["blobId"].is_string() && created["threadId"].is_string() && created["size"].is_u64(), "{made}");
    let id = created["id"].as_str().unwrap();
    let email = get(
        &fixture,
        id,
        json!({"fetchAllBodyValues": true, "properties": ["from", "to", "subject", "sentAt", "receivedAt", "inReplyTo",
            "header:X-Mine:asText", "keywords", "textBody", "htmlBody", "attachments", "bodyValues", "messageId",
            "hasAttachment", "bodyStructure"]}),
    );
    assert_eq!(email["from"], json!([{"name": "Élise, la présidente", "email": "alice@alpha.test"}]));
    assert_eq!(email["subject"], "Été à la mer");
    assert_eq!(
        (&email["sentAt"], &email["receivedAt"]),
        (&json!("2018-07-10T11:05:08+10:00"), &json!("2018-07-10T01:05:08Z"))
    );
    assert_eq!((&email["inReplyTo"], &email["header:X-Mine:asText"]), (&json!(["a@b"]), &json!("mine")));
    assert_eq!(email["keywords"], json!({"$draft": true, "$seen": true}));
    let value = |list: &str| email["bodyValues"][email[list][0]["partId"].as_str().unwrap()]["value"].clone();
    assert_eq!(value("textBody"), "Bonjour à tous\n\nligne ");
    assert_eq!(value("htmlBody"), "<p>Bonjour à tous</p>");
    let plan = &email["attachments"][0];
    assert_eq!(
        (&plan["name"], &plan["size"], &plan["disposition"]),
        (&json!("plan été.pdf"), &json!(13), &json!("attachment"))
    );
    assert_eq!(email["messageId"].as_array().unwrap().len(), 1);
    assert_eq!(email["bodyStructure"]["type"], "multipart/mixed");
}

#[test]
fn a_draft_against_the_rules_is_refused_with_what_is_wrong() {
    let fixture = Fixture::new();
    let drafts = json!({fixture.role("drafts"): true});
    let refuse = |mut object: Value| {
        if object.get("mailboxIds").is_none() {
            object["mailboxIds"] = drafts.clone();
        }
        let answer = fixture.call("Email/set", json!({"create": {"k": object}}));
        answer["notCreated"]["k"].as_object().cloned().unwrap_or_else(|| panic!("{answer}"))
    };
    let values = json!({"a": {"value": "x"}});
    for (object, property) in [
        (json!({"mailboxIds": {}}), "mailboxIds"),
        (json!({"keywords": {"a b": true}}), "keywords"),
        (json!({"receivedAt": "yesterday"}), "receivedAt"),
        (json!({"headers": []}), "headers"),
        (json!({"subject": "a", "header:subject": "b"}), "header:subject"),
        (json!({"header:Content-Type": "text/html"}), "header:Content-Type"),
        (json!({"threadId": "t1"}), "threadId"),
        (json!({"textBody": [{"partId": "a", "type": "text/html"}], "bodyValues": values}), "textBody"),
        (json!({"textBody": [{"partId": "none"}], "bodyValues": values}), "textBody"),
        (json!({"textBody": [{"partId": "a"}, {"partId": "a"}], "bodyValues": values}), "textBody"),
        (json!({"textBody": [{"partId": "a", "charset": 8}], "bodyValues": values}), "textBody"),
        (json!({"htmlBody": [{"partId": "a", "blobId": "U1"}], "bodyValues": values}), "htmlBody"),
        (
            json!({"bodyStructure": {"partId": "a", "header:Content-Transfer-Encoding": "7bit"}, "bodyValues": values}),
            "bodyStructure",
        ),
        (
            json!({"subject": "a", "bodyStructure": {"partId": "a", "header:Subject": "b"}, "bodyValues": values}),
            "bodyStructure",
        ),
        (json!({"bodyValues": {"a": {"value": "x", "isTruncated": true}}}), "bodyValues"),
    ] {
        let error = refuse(object.clone());
        assert_eq!(error["type"], "invalidProperties", "{object}");
        assert!(error["properties"].as_array().unwrap().contains(&json!(property)), "{object} {error:?}");
    }
    let both = json!({"bodyStructure": {"partId": "a"}, "textBody": [{"partId": "a"}], "bodyValues": values});
    assert_eq!(refuse(both)["type"], "invalidProperties");
    let error =
        refuse(json!({"attachments": [{"blobId": "U999", "type": "a/b"}, {"blobId": "nothing", "type": "a/b"}]}));
    assert_eq!(error["type"], "blobNotFound");
    assert_eq!(error["notFound"].as_array().unwrap().len(), 2);
}

#[test]
fn letters_are_imported_and_parsed_from_blobs() {
    let fixture = Fixture::new();
    let blob = fixture.upload(RICH.as_bytes());
    let inbox = fixture.role("inbox");
    let import = |wish: Value| fixture.call("Email/import", json!({"emails": {"k": wish}}));
    let done = import(
        json!({"blobId": blob, "mailboxIds": {&inbox: true}, "keywords": {"$seen": true}, "receivedAt": "2020-01-02T03:04:05Z"}),
    );
    let id = done["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
    let email = get(&fixture, &id, json!({"properties": ["subject", "receivedAt", "keywords"]}));
    assert_eq!(
        email,
        json!({"id": id, "subject": "Réunion", "receivedAt": "2020-01-02T03:04:05Z", "keywords": {"$seen": true}})
    );
    for (wish, property) in [
        (json!({"blobId": "U99", "mailboxIds": {&inbox: true}}), "blobId"),
        (json!({"blobId": blob, "mailboxIds": {}}), "mailboxIds"),
        (json!({"blobId": blob, "mailboxIds": {&inbox: true}, "keywords": {"(": true}}), "keywords"),
    ] {
        let refused = import(wish);
        assert_eq!(refused["notCreated"]["k"]["properties"], json!([property]), "{refused}");
    }
    let named = json!({"emails": {"a b": {"blobId": blob, "mailboxIds": {&inbox: true}}}});
    assert_eq!(fixture.error("Email/import", named), "invalidArguments", "no creation id is like that");
    let no_letter = fixture.upload(b"\r\n\r\nnothing\r\n");
    let refused = import(json!({"blobId": no_letter, "mailboxIds": {&inbox: true}}));
    assert_eq!(refused["notCreated"]["k"]["type"], "invalidEmail");

    // The letter inside the letter, and its attachments, have blobs of their own.
    let inside = get(&fixture, &id, json!({}))["attachments"][1]["blobId"].as_str().unwrap().to_owned();
    let parsed =
        fixture.call("Email/parse", json!({"blobIds": [inside, blob, no_letter, "L999"], "fetchTextBodyValues": true}));
    assert_eq!(parsed["parsed"][&inside]["subject"], "inside");
    assert_eq!(parsed["parsed"][&inside]["bodyValues"]["1"]["value"], "Inner text");
    assert_eq!(parsed["parsed"][&blob]["subject"], "Réunion");
    assert_eq!((&parsed["notParsable"], &parsed["notFound"]), (&json!([no_letter]), &json!(["L999"])));
    let meta = fixture.call(
        "Email/parse",
        json!({"blobIds": [blob], "properties": ["id", "keywords", "mailboxIds", "threadId", "size"]}),
    );
    assert_eq!(
        meta["parsed"][&blob],
        json!({"id": null, "keywords": null, "mailboxIds": null, "threadId": null, "size": RICH.len()})
    );
}

#[test]
fn of_a_field_that_stands_more_than_once_the_last_is_given_and_all_where_all_are_wanted() {
    // RFC 8621 §4.1.3: `header:{name}` is the last instance, and from, to, … are `header:From:asAddresses`, ….
    let fixture = Fixture::new();
    let twice = "From: Alice <alice@alpha.test>\r\nTo: bob@beta.test\r\nSubject: first\r\nTo: Carol <carol@gamma.test>,\r\n dave@delta.test\r\n\
        Subject: =?utf-8?q?derni=C3=A8re?=\r\nFrom: Eve <eve@evil.test>\r\nMessage-ID: <1@alpha.test>\r\nMessage-ID: <2@alpha.test>\r\n\
        Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nDate: Wed, 25 Nov 2026 10:00:00 +0100\r\nCc: \r\n\r\nHello\r\n";
    let id = fixture.deliver("inbox", twice);
    let named = ["from", "to", "cc", "bcc", "subject", "messageId", "sentAt"];
    let meant = [
        "header:From:asAddresses",
        "header:To:asAddresses",
        "header:Cc:asAddresses",
        "header:Bcc:asAddresses",
        "header:Subject:asText",
        "header:Message-ID:asMessageIds",
        "header:Date:asDate",
    ];
    let all = [
        "header:To:asAddresses:all",
        "header:Subject:asText:all",
        "header:Subject",
        "header:X-None:all",
        "header:X-None",
    ];
    let properties: Vec<&str> = named.into_iter().chain(meant).chain(all).collect();
    let blob = fixture.upload(twice.as_bytes());
    let stored = fixture.call("Email/get", json!({"ids": [id], "properties": properties}))["list"][0].clone();
    let parsed =
        fixture.call("Email/parse", json!({"blobIds": [blob], "properties": properties}))["parsed"][&blob].clone();
    for email in [stored, parsed] {
        for (name, header) in named.iter().zip(meant) {
            assert_eq!(email[name], email[header], "{name}");
        }
        assert_eq!(email["from"], json!([{"name": "Eve", "email": "eve@evil.test"}]));
        assert_eq!(email["to"].as_array().unwrap().len(), 2);
        assert_eq!((&email["cc"], &email["bcc"]), (&json!([]), &Value::Null));
        assert_eq!(
            (&email["subject"], &email["header:Subject"]),
            (&json!("dernière"), &json!(" =?utf-8?q?derni=C3=A8re?="))
        );
        assert_eq!(email["messageId"], json!(["2@alpha.test"]));
        assert_eq!(email["sentAt"], "2026-11-25T10:00:00+01:00");
        let lists = email["header:To:asAddresses:all"].as_array().unwrap();
        assert_eq!(
            (lists.len(), lists[0][0]["email"].as_str()),
            (2, Some("bob@beta.test")),
            "in the order of the header"
        );
        assert_eq!(email["header:Subject:asText:all"], json!(["first", "dernière"]));
        assert_eq!((&email["header:X-None:all"], &email["header:X-None"]), (&json!([]), &Value::Null));
    }
}

#[test]
fn odd_letters_have_a_structure_and_what_is_inside_can_be_taken_out() {
    use base64::Engine;
    let fixture = Fixture::new();
    let inner = "From: carol@gamma.test\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n\
        --i\r\nContent-Type: text/plain\r\n\r\ninner text\r\n--i\r\nContent-Type: text/html\r\n\r\n<p>inner</p>\r\n--i--\r\n";
    let coded = base64::engine::general_purpose::STANDARD.encode(inner);
    let look = |letter: &str| {
        let id = fixture.deliver("inbox", letter);
        let properties = json!(["bodyStructure", "textBody", "attachments", "bodyValues", "hasAttachment"]);
        get(&fixture, &id, json!({"fetchAllBodyValues": true, "properties": properties}))
    };
    // Each letter comes with the expected text, and whether it has a problem.
    for (letter, text, problem) in [
        ("Content-Type: multipart/mixed\r\n\r\nno boundary\r\n", "no boundary\n", false),
        ("Content-Type: multipart/mixed; boundary=x\r\n\r\nbefore\r\n--x\r\n\r\nnever closed", "never closed", false),
        ("Subject: header only\r\n\r\n", "", false),
        ("Content-Type: text/plain; charset=x-unknown\r\n\r\nhello é\r\n", "hello é\n", true),
        ("Content-Type: nonsense\r\n\r\nhello\r\n", "hello\n", false),
        ("Content-Transfer-Encoding: x-nonsense\r\n\r\nhello\r\n", "hello\n", true),
        ("Content-Transfer-Encoding: uuencode\r\n\r\nhello\r\n", "hello\n", false),
    ] {
        let email = look(&format!("From: a@b.test\r\n{letter}"));
        let part = email["textBody"][0]["partId"].as_str().unwrap_or_else(|| panic!("{email}"));
        let value = json!({"value": text, "isEncodingProblem": problem, "isTruncated": false});
        assert_eq!(email["bodyValues"][part], value, "{letter}");
    }
    // A letter in a letter: as MIME wants it, in a digest, and encoded as some programs do it.
    for outer in [
        format!("Content-Type: message/rfc822\r\n\r\n{inner}"),
        format!("Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\n{inner}\r\n--d--\r\n"),
        format!(
            "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nouter\r\n--o\r\nContent-Type: message/rfc822; name=x.eml\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{coded}\r\n--o--\r\n"
        ),
    ] {
        let email = look(&format!("From: a@b.test\r\n{outer}"));
        let attached = &email["attachments"][0];
        assert_eq!((&attached["type"], &email["hasAttachment"]), (&json!("message/rfc822"), &json!(true)), "{email}");
        let blob = attached["blobId"].as_str().unwrap();
        let wish = json!({"blobIds": [blob], "fetchHTMLBodyValues": true, "properties": ["subject", "size", "htmlBody", "bodyValues"]});
        let parsed = fixture.call("Email/parse", wish)["parsed"][blob].clone();
        assert_eq!((&parsed["subject"], &parsed["size"]), (&json!("inner"), &attached["size"]));
        assert_eq!(parsed["bodyValues"]["2"]["value"], "<p>inner</p>");
        // A part of the letter inside is a blob as well.
        let path = format!("/jmap/download/a1/{}/x", parsed["htmlBody"][0]["blobId"].as_str().unwrap());
        let request = axum::http::Request::get(path)
            .header("authorization", "Basic YWxpY2VAYWxwaGEudGVzdDpzZWNyZXQ=")
            .extension(http::Peer::in_clear([127, 0, 0, 1].into()))
            .body(axum::body::Body::empty());
        let (status, octets) = fixture.send(facteur_jmap::router(fixture.jmap.clone()), request.unwrap());
        assert_eq!((status, octets.as_slice()), (200, &b"<p>inner</p>"[..]));
    }
}
