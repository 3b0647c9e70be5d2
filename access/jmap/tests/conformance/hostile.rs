//! Letters that anybody may send, and requests that anybody with an account may make: the cost of each is bounded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use mailbox::{FlagSet, System};
use serde_json::{Value, json};

use crate::fixture::{ACCESS, Fixture, NOW, USING};
use crate::hostile_letters::{letters, plain};

/// Octets of each letter. A field in it is five times as long as the part of a field that is read.
const SIZE: usize = 1 << 19;
/// The most time that one call may take on a busy machine. A cost that grows with the square of a letter's size takes
/// minutes.
const MOST: Duration = Duration::from_secs(10);

/// Returns all properties of an Email, and each parsed form of each field that the letters fill.
fn properties() -> Vec<Value> {
    let named = [
        "id",
        "blobId",
        "threadId",
        "mailboxIds",
        "keywords",
        "size",
        "receivedAt",
        "messageId",
        "inReplyTo",
        "references",
        "sender",
        "from",
        "to",
        "cc",
        "bcc",
        "replyTo",
        "subject",
        "sentAt",
        "hasAttachment",
        "preview",
        "bodyValues",
        "textBody",
        "htmlBody",
        "attachments",
        "bodyStructure",
        "headers",
    ];
    let forms = ["", ":asText", ":asAddresses", ":asGroupedAddresses", ":asMessageIds", ":asDate", ":asURLs"];
    let fields =
        ["References", "In-Reply-To", "List-Unsubscribe", "List-Id", "Cc", "From", "Subject", "Date", "X-Note"];
    let allowed = |field: &str, form: &str| match field {
        "References" | "In-Reply-To" => ["", ":asMessageIds"].contains(&form),
        "List-Unsubscribe" => ["", ":asURLs"].contains(&form),
        "List-Id" | "Subject" => ["", ":asText"].contains(&form),
        "Cc" | "From" => ["", ":asAddresses", ":asGroupedAddresses"].contains(&form),
        "Date" => ["", ":asDate"].contains(&form),
        _ => true,
    };
    let of_fields = fields.iter().flat_map(|field| forms.map(|form| (*field, form)));
    let of_fields = of_fields.filter(|(field, form)| allowed(field, form));
    let of_fields =
        of_fields.flat_map(|(field, form)| ["", ":all"].map(|all| json!(format!("header:{field}{form}{all}"))));
    named.iter().map(|name| json!(name)).chain(of_fields).collect()
}

fn file(fixture: &Fixture, octets: &[u8]) -> String {
    let folder = fixture.folder("archive");
    let prepared = mailbox::prepare(&fixture.store, Bytes::copy_from_slice(octets)).unwrap();
    let flags = FlagSet::from(System::NONE);
    let filed = fixture.write(move |tx| mailbox::letter::file(tx, ACCESS, folder, &prepared, &flags, NOW));
    format!("m{}", filed.letter.0)
}

/// Does something within the allowed time; returns the time that it took.
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    let took = begun.elapsed();
    assert!(took < MOST, "{what} took {took:?}");
    (done, took)
}

#[test]
fn no_property_of_no_letter_costs_more_than_its_size_allows() {
    let fixture = Fixture::new();
    let filed: Vec<(&str, String)> =
        letters(SIZE).into_iter().map(|one| (one.shape, timed(one.shape, || file(&fixture, &one.octets)).0)).collect();
    let part = [
        "partId",
        "blobId",
        "size",
        "name",
        "type",
        "charset",
        "disposition",
        "cid",
        "language",
        "location",
        "headers",
        "header:Content-Type:asText",
    ];
    for (shape, id) in &filed {
        let all = json!({
            "ids": [id], "properties": properties(), "bodyProperties": part,
            "fetchAllBodyValues": true,
        });
        let (got, _) = timed(shape, || fixture.call("Email/get", all));
        assert_eq!(got["list"][0]["id"], json!(id), "{shape}: {}", got["type"]);
        let snippet = json!({"emailIds": [id], "filter": {"text": "word post hello y"}});
        let (got, _) = timed(shape, || fixture.call("SearchSnippet/get", snippet));
        assert_eq!(got["list"][0]["emailId"], json!(id), "{shape}: {got}");
    }
}

#[test]
fn each_property_alone_is_given_in_time_of_the_letters_that_made_it_slow() {
    let fixture = Fixture::new();
    let slow = [
        "references without blanks",
        "ways to unsubscribe",
        "very many parts with names",
        "many groups",
        "encoded words that do not end",
    ];
    for one in letters(SIZE).into_iter().filter(|one| slow.contains(&one.shape)) {
        let id = file(&fixture, &one.octets);
        for property in properties() {
            let what = format!("{property} of {}", one.shape);
            let got = timed(&what, || fixture.call("Email/get", json!({"ids": [id], "properties": [property]}))).0;
            assert_eq!(got["list"][0]["id"], json!(id), "{what}: {}", got["type"]);
        }
    }
}

#[test]
fn what_is_uploaded_is_parsed_and_imported_in_time_whatever_it_is() {
    let fixture = Fixture::new();
    let archive = fixture.role("archive");
    for one in letters(SIZE / 4) {
        let blob = fixture.upload(&one.octets);
        let wish = json!({"blobIds": [blob], "properties": properties(), "fetchAllBodyValues": true});
        let (parsed, _) = timed(one.shape, || fixture.call("Email/parse", wish));
        assert!(parsed["parsed"].get(&blob).is_some(), "{}: {parsed}", one.shape);
        let email = json!({"blobId": blob, "mailboxIds": {&archive: true}});
        let (made, _) = timed(one.shape, || fixture.call("Email/import", json!({"emails": {"k": email}})));
        assert!(made["created"]["k"]["id"].is_string(), "{}: {made}", one.shape);
    }
}

#[test]
fn twice_the_letter_costs_no_more_than_some_twice_the_time() {
    let fixture = Fixture::new();
    let cost = |octets: &[u8]| {
        let id = file(&fixture, octets);
        let ask = json!({"ids": [id], "properties": properties()});
        // Takes the shortest of several runs: other programs can only make a run longer.
        (0..3).map(|_| timed("a letter", || fixture.call("Email/get", ask.clone())).1).min().unwrap_or_default()
    };
    let floor = cost(&plain(SIZE)) + Duration::from_millis(50);
    for (small, large) in letters(SIZE / 4).into_iter().zip(letters(SIZE)) {
        let (small_cost, large_cost) = (cost(&small.octets), cost(&large.octets));
        // The letter is four times as large: a linear cost grows 4 times, a square one 16 times.
        assert!(large_cost < (small_cost + floor) * 10, "{}: {small_cost:?} and {large_cost:?}", large.shape);
    }
}

/// Makes about three hundred thousand empty lists: as many as a request may have.
fn empty_lists() -> Value {
    vec![json!([]); 300_000].into()
}

#[test]
fn references_that_find_nothing_are_paid_for_by_the_request() {
    let fixture = Fixture::new();
    let nothing = json!({"resultOf": "0", "name": "Core/echo", "path": "/a/*/*/*"});
    let mut calls = vec![json!(["Core/echo", {"a": empty_lists()}, "0"])];
    calls.extend((1..64).map(|n| json!(["Core/echo", {"#b": nothing}, n.to_string()])));
    let (responses, _) = timed("63 references", || fixture.calls(json!(calls)));
    let refused = responses.iter().filter(|response| response[1]["type"] == "requestTooLarge").count();
    assert_eq!((responses.len(), refused), (64, 63));
}

#[test]
fn a_request_that_stands_for_much_memory_is_beyond_the_limit() {
    let fixture = Fixture::new();
    for item in ["[]", "{}", "{\"a\":1}", "[[[]]]", "0", "{\"\":{\"\":{}}}"] {
        let items = vec![item; 9_000_000 / (item.len() + 1)].join(",");
        let text =
            format!("{{\"using\":[\"{}\"],\"methodCalls\":[[\"Core/echo\",{{\"a\":[{items}]}},\"0\"]]}}", USING[0]);
        let ((status, body), _) = timed(item, || post(&fixture, text.into_bytes()));
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &answer["limit"]), (400, &json!("maxSizeRequest")), "{item}");
    }
    // Text counts as its own length.
    let text = json!({"using": [USING[0]], "methodCalls": [["Core/echo", {"a": "y".repeat(9_000_000)}, "0"]]});
    let (status, body) = post(&fixture, text.to_string().into_bytes());
    assert_eq!((status, body.len() > 9_000_000), (200, true));
}

fn post(fixture: &Fixture, body: Vec<u8>) -> (u16, Vec<u8>) {
    fixture.send(facteur_jmap::router(fixture.jmap.clone()), request(body))
}

fn request(body: Vec<u8>) -> axum::http::Request<axum::body::Body> {
    axum::http::Request::post("/jmap/api")
        .header("authorization", "Basic YWxpY2VAYWxwaGEudGVzdDpzZWNyZXQ=")
        .header("content-type", "application/json")
        .extension(http::Peer::in_clear([127, 0, 0, 1].into()))
        .body(axum::body::Body::from(body))
        .unwrap()
}

#[test]
fn a_large_request_and_its_answer_hold_up_nobody_on_the_same_thread() {
    let fixture = Fixture::new();
    let echo = json!(["Core/echo", {"a": empty_lists(), "b": "y".repeat(1 << 20)}, "0"]);
    let text = json!({"using": USING, "methodCalls": [echo]}).to_string().into_bytes();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut router = facteur_jmap::router(fixture.jmap.clone());
    let (ticks, longest) = runtime.block_on(async {
        let asked = tower_service::Service::call(&mut router, request(text));
        let asked =
            async { http_body_util::BodyExt::collect(asked.await.unwrap().into_body()).await.unwrap().to_bytes() };
        let mut asked = std::pin::pin!(asked);
        let (mut ticks, mut last, mut longest) = (0, Instant::now(), Duration::ZERO);
        loop {
            tokio::select! {
                body = &mut asked => {
                    assert!(body.len() > 1 << 20);
                    return (ticks, longest);
                }
                // time passes: between two looks
                () = tokio::time::sleep(Duration::from_millis(1)) => {
                    ticks += 1;
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
            }
        }
    });
    // Reading and writing them takes a hundred milliseconds here; on the thread itself there would be two or three
    // ticks.
    assert!(ticks > 10, "{ticks} ticks, the longest of {longest:?}");
}

#[test]
fn lists_of_very_many_things_in_a_request_are_refused_at_once() {
    let fixture = Fixture::new();
    let id = fixture.deliver("inbox", "From: bob@alpha.test\r\n\r\nHello\r\n");
    let drafts = fixture.role("drafts");
    let many = |count: usize, one: &dyn Fn(usize) -> (String, Value)| -> Value {
        (0..count).map(one).collect::<serde_json::Map<_, _>>().into()
    };
    let conditions = vec![json!({"text": "a b c"}); 10_000];
    let mut deep = json!({"text": "a"});
    for _ in 0..40 {
        deep = json!({"operator": "NOT", "conditions": [deep]});
    }
    let names: Vec<String> = (0..5000).map(|n| format!("header:X-{n}:all")).collect();
    let folders: Vec<String> = (0..50_000).map(|n| format!("f{n}")).collect();
    let sort = vec![json!({"property": "subject"}); 10_000];
    let asked = |method: &str, arguments: Value| timed(method, || fixture.error(method, arguments)).0;
    let or = |conditions: Value| json!({"filter": {"operator": "OR", "conditions": conditions}});
    assert_eq!(asked("Email/query", or(json!(conditions))), "unsupportedFilter");
    assert_eq!(asked("Email/query", json!({"filter": deep})), "unsupportedFilter");
    assert_eq!(asked("Email/query", json!({"filter": {"inMailboxOtherThan": folders}})), "unsupportedFilter");
    for method in ["Email/query", "Mailbox/query", "EmailSubmission/query"] {
        let sort: Vec<Value> = match method {
            "Mailbox/query" => vec![json!({"property": "name"}); 10_000],
            "EmailSubmission/query" => vec![json!({"property": "emailId"}); 10_000],
            _ => sort.clone(),
        };
        assert_eq!(asked(method, json!({"sort": sort})), "unsupportedSort", "{method}");
    }
    assert_eq!(asked("Email/get", json!({"ids": [id], "properties": names})), "invalidArguments");
    let bodies = json!({"ids": [id], "properties": ["bodyStructure"], "bodyProperties": names});
    assert_eq!(asked("Email/get", bodies), "invalidArguments");

    let pointers = many(20_000, &|n| (format!("keywords/k{n}"), json!(true)));
    assert_eq!(asked("Email/set", json!({"update": {&id: pointers}})), "requestTooLarge");
    let outcome = |patch: Value| {
        let set = timed("a patch", || fixture.call("Email/set", json!({"update": {&id: patch}}))).0;
        set["notUpdated"][&id]["type"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("{set}"))
    };
    assert_eq!(outcome(many(2000, &|n| (format!("keywords/k{n}"), json!(true)))), "invalidPatch");
    assert_eq!(outcome(json!({format!("keywords{}", "/".repeat(1 << 19)): true})), "invalidPatch");
    assert_eq!(
        outcome(json!({"mailboxIds": many(5000, &|n| (format!("f{}", n + 1), json!(true)))})),
        "tooManyMailboxes"
    );
    let mut draft = many(20_000, &|n| (format!("header:X-{n}"), json!(" y")));
    draft["mailboxIds"] = json!({drafts: true});
    let made = timed("a draft", || fixture.call("Email/set", json!({"create": {"k": draft}}))).0;
    assert_eq!(made["notCreated"]["k"]["type"], "invalidProperties");
}

#[test]
fn a_mailbox_tree_of_thousands_is_listed_and_changed_in_time() {
    let fixture = Fixture::new();
    fixture.write(|tx| {
        for outer in 0..40 {
            mailbox::folder::create(tx, ACCESS, &format!("F{outer}"), None)?;
            for inner in 0..100 {
                mailbox::folder::create(tx, ACCESS, &format!("F{outer}/I{inner}"), None)?;
            }
        }
        Ok(())
    });
    let tree = json!({"sortAsTree": true, "filterAsTree": true, "sort": [{"property": "name"}]});
    let (listed, _) = timed("a tree", || fixture.call("Mailbox/query", tree));
    assert!(listed["ids"].as_array().unwrap().len() > 4000);
    let (got, _) = timed("all mailboxes", || fixture.call("Mailbox/get", json!({"ids": null})));
    assert!(got["list"].as_array().unwrap().len() > 4000);
    // One of them must fail, so that each is judged alone.
    let mut create: serde_json::Map<_, _> =
        (0..100).map(|n| (format!("k{n}"), json!({"name": format!("N{n}")}))).collect();
    create.insert("bad".into(), json!({"name": "F1"}));
    let (made, _) = timed("a hundred mailboxes", || fixture.call("Mailbox/set", json!({"create": create})));
    assert_eq!(made["created"].as_object().map(serde_json::Map::len), Some(100), "{}", made["notCreated"]);
    let many: serde_json::Map<_, _> = (0..400).map(|n| (format!("k{n}"), json!({"name": format!("M{n}")}))).collect();
    assert_eq!(fixture.error("Mailbox/set", json!({"create": many})), "requestTooLarge");
}

#[test]
fn an_answer_that_would_be_too_large_is_not_begun_to_be_sent() {
    let fixture = Fixture::new();
    let letter = letters(SIZE).into_iter().find(|one| one.shape == "marks above a letter").unwrap();
    let ids: Vec<String> = (0..80).map(|_| file(&fixture, &letter.octets)).collect();
    let all = json!({"ids": ids, "properties": ["headers"]});
    assert_eq!(timed("eighty headers", || fixture.error("Email/get", all)).0, "requestTooLarge");
    let one = fixture.call("Email/get", json!({"ids": [ids[0]], "properties": ["headers"]}));
    assert!(one["list"][0]["headers"].as_array().unwrap().len() > 3, "{}", one["type"]);
}
