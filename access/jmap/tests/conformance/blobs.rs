//! Blobs made, read and looked up in requests (RFC 9404).

use crate::fixture::{Fixture, USING, letter};
use serde_json::{Value, json};

const BLOB: &str = "urn:ietf:params:jmap:blob";

fn upload(fixture: &Fixture, create: Value) -> Value {
    fixture.call("Blob/upload", json!({"create": create}))
}

/// Makes one blob of these sources.
fn made(fixture: &Fixture, sources: Value) -> String {
    let answer = upload(fixture, json!({"k": {"data": sources}}));
    answer["created"]["k"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn get(fixture: &Fixture, id: &str, more: Value) -> Value {
    let mut arguments = json!({"ids": [id]});
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let got = fixture.call("Blob/get", arguments);
    assert_eq!(got["notFound"], json!([]), "{got}");
    got["list"][0].clone()
}

#[test]
fn blobs_are_put_together_from_text_base64_and_ranges_of_others() {
    // The example of RFC 9404 §4.1.2, with all of it in one call.
    let fixture = Fixture::new();
    let responses = fixture.calls(json!([
        ["Blob/upload", {"accountId": "a1", "create": {
            "cat": {"data": [
                {"data:asText": "How"}, {"blobId": "#b4", "length": 7, "offset": 3}, {"data:asText": "was t"},
                {"blobId": "#b4", "length": 1, "offset": 1}, {"data:asBase64": "YXQ/"},
            ]},
            "b4": {"data": [{"data:asText": "The quick brown fox jumped over the lazy dog."}], "type": "text/plain"},
        }}, "0"],
        ["Blob/get", {"accountId": "a1", "properties": ["data:asText", "size"], "ids": ["#cat", "#none"]}, "1"],
    ]));
    let created = &responses[0][1]["created"];
    assert_eq!((&created["b4"]["type"], &created["b4"]["size"]), (&json!("text/plain"), &json!(45)), "{responses:?}");
    assert_eq!(created["cat"]["type"], "application/octet-stream");
    assert_eq!(responses[0][1]["notCreated"], Value::Null);
    let cat = json!({"id": created["cat"]["id"], "data:asText": "How quick was that?", "size": 19});
    assert_eq!(responses[1][1]["list"], json!([cat]));
    assert_eq!(responses[1][1]["notFound"], json!(["#none"]));
    // It is a blob like any other.
    let text = letter("one", "1", "");
    let blob = made(&fixture, json!([{"data:asText": text}]));
    let imported = fixture.call(
        "Email/import",
        json!({"emails": {"k": {
            "blobId": blob, "mailboxIds": {fixture.role("inbox"): true},
        }}}),
    );
    assert_eq!(imported["created"]["k"]["size"], text.len(), "{imported}");
    let empty = made(&fixture, json!([]));
    assert_eq!(get(&fixture, &empty, json!({})), json!({"id": empty, "data:asText": "", "size": 0}));
}

#[test]
fn nothing_is_guessed_of_a_blob_to_be_made() {
    let fixture = Fixture::new();
    let blob = fixture.upload(b"0123456789");
    for (sources, kind) in [
        (json!([{"data:asBase64": "!!not base64!!"}]), "invalidProperties"),
        (json!([{"data:asText": "a", "data:asBase64": "YQ=="}]), "invalidProperties"),
        (json!([{"data:asText": "a", "length": 1}]), "invalidProperties"),
        (json!([{"data:asText": 1}]), "invalidProperties"),
        (json!([{"unheardOf": "a"}]), "invalidProperties"),
        (json!([{}]), "invalidProperties"),
        (json!([1]), "invalidProperties"),
        (json!("text"), "invalidProperties"),
        (Value::Null, "invalidProperties"),
        (json!([{"blobId": blob, "offset": 5, "length": 6}]), "invalidProperties"),
        (json!([{"blobId": blob, "offset": 11}]), "invalidProperties"),
        (json!([{"blobId": blob, "offset": -1}]), "invalidProperties"),
        (json!([{"blobId": "U999"}]), "blobNotFound"),
        (json!([{"blobId": "nothing"}]), "blobNotFound"),
        (json!([{"blobId": "#k"}]), "blobNotFound"),
        (json!(vec![json!({"data:asText": "a"}); 257]), "invalidProperties"),
    ] {
        // Another upload in the call succeeds.
        let answer = upload(&fixture, json!({"k": {"data": sources}, "good": {"data": [{"data:asText": "good"}]}}));
        let error = &answer["notCreated"]["k"];
        assert_eq!(error["type"], kind, "{sources} {answer}");
        assert!(error["description"].is_string(), "{answer}");
        assert!(answer["created"]["good"]["id"].is_string(), "{answer}");
    }
    assert!(upload(&fixture, json!({"k": {"data": [], "type": 5}}))["notCreated"]["k"].is_object());
    assert!(upload(&fixture, json!({"k": {"data": [], "more": 5}}))["notCreated"]["k"].is_object());
    let two = json!({"a": {"data": [{"blobId": "#b"}]}, "b": {"data": [{"blobId": "#a"}]}});
    assert_eq!(upload(&fixture, two)["notCreated"].as_object().unwrap().len(), 2, "they wait for each other");
    // This is the most pieces that the session allows.
    let many: Vec<Value> = (0..256).map(|n| json!({"data:asText": (n % 10).to_string()})).collect();
    assert_eq!(get(&fixture, &made(&fixture, json!(many)), json!({"properties": ["size"]}))["size"], 256);
}

#[test]
fn a_blob_is_no_larger_than_it_may_be_and_a_call_reads_no_more_than_its_share() {
    let fixture = Fixture::new();
    let large = fixture.upload(&vec![b'x'; 30_000_000]);
    let two = upload(&fixture, json!({"k": {"data": [{"blobId": large}, {"blobId": large}]}}));
    assert_eq!(
        (&two["notCreated"]["k"]["type"], &two["notCreated"]["k"]["maxSize"]),
        (&json!("tooLarge"), &json!(50_000_000)),
        "{two}"
    );
    let part = made(&fixture, json!([{"blobId": large, "offset": 29_999_990}, {"data:asText": "y"}]));
    assert_eq!(get(&fixture, &part, json!({}))["data:asText"], "xxxxxxxxxxy");
    // A response has no room for thirty megabytes, but it has room for their digests.
    assert_eq!(fixture.error("Blob/get", json!({"ids": [large]})), "requestTooLarge");
    let digested = get(&fixture, &large, json!({"properties": ["size", "digest:sha-256"]}));
    assert_eq!(digested["size"], 30_000_000);
    let again: Vec<String> = (0..12).map(|_| fixture.upload(&vec![b'x'; 30_000_000])).collect();
    let all = json!({"ids": again, "properties": ["digest:sha"]});
    assert_eq!(fixture.error("Blob/get", all), "requestTooLarge");
}

#[test]
fn octets_are_given_as_text_where_they_are_text_and_counted_and_digested() {
    let fixture = Fixture::new();
    let text = fixture.upload("The quick brown fox jumped over the \u{e9}lan.".as_bytes());
    let octets = fixture.upload(b"jumped over the \x81\x81 dog.");
    let of_text = get(&fixture, &text, json!({}));
    assert_eq!(
        (&of_text["data:asText"], &of_text["size"]),
        (&json!("The quick brown fox jumped over the élan."), &json!(42))
    );
    assert!(of_text.get("isEncodingProblem").is_none() && of_text.get("isTruncated").is_none(), "{of_text}");
    let of_octets = get(&fixture, &octets, json!({"properties": ["data"]}));
    assert_eq!(
        of_octets,
        json!({"id": octets, "isEncodingProblem": true, "data:asBase64": "anVtcGVkIG92ZXIgdGhlIIGBIGRvZy4="})
    );
    let as_text = get(&fixture, &octets, json!({"properties": ["data:asText"]}));
    assert_eq!(as_text, json!({"id": octets, "isEncodingProblem": true, "data:asText": null}));
    let both = get(&fixture, &text, json!({"properties": ["data:asText", "data:asBase64"], "offset": 4, "length": 5}));
    assert_eq!(both, json!({"id": text, "data:asText": "quick", "data:asBase64": "cXVpY2s="}));

    // Ranges: which reach beyond the end, and which cut a character.
    for (range, found, truncated) in [
        (json!({"offset": 0, "length": 0}), json!(""), Value::Null),
        (json!({"offset": 42}), json!(""), Value::Null),
        (json!({"offset": 43}), json!(""), json!(true)),
        (json!({"offset": 38, "length": 4}), json!("lan."), Value::Null),
        (json!({"offset": 38, "length": 5}), json!("lan."), json!(true)),
        (json!({"offset": 9_007_199_254_740_991_u64, "length": 9_007_199_254_740_991_u64}), json!(""), json!(true)),
        (json!({"offset": 36, "length": 1}), Value::Null, Value::Null),
    ] {
        let mut wish = range.clone();
        wish["properties"] = json!(["data:asText", "size"]);
        let got = get(&fixture, &text, wish);
        assert_eq!(
            (&got["data:asText"], &got["isTruncated"], &got["size"]),
            (&found, &truncated, &json!(42)),
            "{range}"
        );
        assert_eq!(got["isEncodingProblem"] == true, found.is_null(), "{range}");
    }
    // Digests are of the range, as the registry of HTTP digests has them.
    let abc = fixture.upload(b"xxabcxx");
    let digests = get(
        &fixture,
        &abc,
        json!({
            "properties": ["digest:sha", "digest:sha-256", "digest:sha-512"], "offset": 2, "length": 3,
        }),
    );
    assert_eq!(digests["digest:sha"], "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    assert_eq!(digests["digest:sha-256"], "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    assert!(digests["digest:sha-512"].as_str().unwrap().starts_with("3a81oZNh"), "{digests}");
    assert_eq!(fixture.error("Blob/get", json!({"ids": [abc], "properties": ["digest:md5"]})), "invalidArguments");
    assert_eq!(fixture.error("Blob/get", json!({"ids": null})), "requestTooLarge");
}

#[test]
fn parts_of_letters_are_read_decoded_and_belong_to_their_letter() {
    let fixture = Fixture::new();
    let text = letter("one", "1", "")
        .replace("\r\n\r\nHello one", "\r\nContent-Transfer-Encoding: base64\r\n\r\naMOpbGxvIHdvcmxk");
    let email = fixture.deliver("inbox", &text);
    let got = fixture.call("Email/get", json!({"ids": [email], "properties": ["textBody", "blobId", "threadId"]}));
    let part = got["list"][0]["textBody"][0]["blobId"].as_str().unwrap().to_owned();
    let read = get(&fixture, &part, json!({"offset": 1, "length": 5, "properties": ["data:asText", "size"]}));
    assert_eq!(read, json!({"id": part, "data:asText": "éllo", "size": 12}));
    let beyond = get(&fixture, &part, json!({"offset": 8, "length": 50, "properties": ["data:asText"]}));
    assert_eq!(beyond, json!({"id": part, "data:asText": "orld", "isTruncated": true}));
    let copied = made(&fixture, json!([{"data:asText": "say "}, {"blobId": part, "offset": 7}]));
    assert_eq!(get(&fixture, &copied, json!({}))["data:asText"], "say world");

    let whole = got["list"][0]["blobId"].clone();
    let looked = fixture.call(
        "Blob/lookup",
        json!({
            "typeNames": ["Email", "Thread", "Mailbox"], "ids": [whole, part, copied, "L999", "x"],
        }),
    );
    let its_own = json!({"Email": [email], "Thread": [got["list"][0]["threadId"]], "Mailbox": [fixture.role("inbox")]});
    assert_eq!(
        looked["list"],
        json!([
            {"id": whole, "matchedIds": its_own}, {"id": part, "matchedIds": its_own},
            {"id": copied, "matchedIds": {"Email": [], "Thread": [], "Mailbox": []}},
        ])
    );
    assert_eq!(looked["notFound"], json!(["L999", "x"]));
    let email_only = fixture.call("Blob/lookup", json!({"typeNames": ["Email"], "ids": [whole]}));
    assert_eq!(email_only["list"][0]["matchedIds"], json!({"Email": [email]}));
    assert_eq!(
        fixture.error("Blob/lookup", json!({"typeNames": ["CalendarEvent"], "ids": [whole]})),
        "unknownDataType"
    );
    // RFC 9404 §4.3: a type whose capability is not used is unknown, too.
    let request = json!({"using": [USING[0], BLOB], "methodCalls": [
        ["Blob/lookup", {"accountId": "a1", "typeNames": ["Email"], "ids": [whole]}, "0"],
        ["Blob/get", {"accountId": "a1", "ids": [copied]}, "1"],
    ]});
    let responses = fixture.request(&request)["methodResponses"].clone();
    assert_eq!(responses[0][1]["type"], "unknownDataType");
    assert_eq!(responses[1][1]["list"][0]["data:asText"], "say world");
    // The blob belongs to nobody else.
    fixture.expunge(&email);
    assert_eq!(fixture.call("Blob/get", json!({"ids": [whole, part]}))["notFound"], json!([whole, part]));
}

#[test]
fn only_copying_belongs_to_the_core() {
    let fixture = Fixture::new();
    let methods = ["Blob/copy", "Blob/get", "Blob/lookup", "Blob/upload"];
    let arguments = json!({
        "accountId": "a1", "fromAccountId": "a1", "blobIds": [], "ids": [], "typeNames": [],
    });
    let of = |using: Value| {
        let calls: Vec<Value> = methods.iter().map(|method| json!([method, arguments, "0"])).collect();
        let answers = fixture.request(&json!({"using": using, "methodCalls": calls}))["methodResponses"].clone();
        answers.as_array().unwrap().iter().map(|one| one[1]["type"] == "unknownMethod").collect::<Vec<_>>()
    };
    assert_eq!(of(json!([USING[0]])), [false, true, true, true]);
    assert_eq!(of(json!([BLOB])), [true, false, false, false]);
}
