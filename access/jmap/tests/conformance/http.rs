//! The HTTP side: log-in, session, errors of whole requests, blobs up and down, the event source.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use facteur_jmap as jmap;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower_service::Service;

use crate::fixture::{Fixture, letter};

const ALICE: &str = "Basic YWxpY2VAYWxwaGEudGVzdDpzZWNyZXQ=";
const WRONG: &str = "Basic YWxpY2VAYWxwaGEudGVzdDpndWVzcw==";
const CROWD: &str = "Basic Y3Jvd2RAYWxwaGEudGVzdDpzZWNyZXQ=";
const FLOOD: &str = "Basic Zmxvb2RAYWxwaGEudGVzdDpzZWNyZXQ=";

fn request(method: &str, path: &str, log_in: &str) -> axum::http::request::Builder {
    let here: IpAddr = [127, 0, 0, 1].into();
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "mail.alpha.test")
        .header("authorization", log_in)
        .extension(http::Peer::in_clear(here))
}

async fn answer(fixture: &Fixture, request: Request<Body>) -> Response<Body> {
    jmap::router(fixture.jmap.clone()).call(request).await.unwrap()
}

fn send(fixture: &Fixture, request: Request<Body>) -> (u16, Vec<u8>, axum::http::HeaderMap) {
    fixture.block_on(async {
        let (head, body) = answer(fixture, request).await.into_parts();
        (head.status.as_u16(), body.collect().await.unwrap().to_bytes().to_vec(), head.headers)
    })
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| panic!("{}", body.escape_ascii()))
}

#[test]
fn the_session_says_what_there_is_and_where() {
    let fixture = Fixture::new();
    let (status, body, headers) =
        send(&fixture, request("GET", "/.well-known/jmap", ALICE).body(Body::empty()).unwrap());
    let session = json_of(&body);
    assert_eq!((status, &session["username"]), (200, &json!("alice@alpha.test")));
    assert_eq!(session["apiUrl"], "http://mail.alpha.test/jmap/api");
    assert_eq!(session["primaryAccounts"]["urn:ietf:params:jmap:mail"], "a1");
    // The core is among them: clients look their account up by it. Absences are not: nobody is answered.
    let mut primary: Vec<_> = session["primaryAccounts"].as_object().unwrap().keys().cloned().collect();
    primary.sort();
    let standard = ["blob", "core", "mail", "quota", "submission"].map(|name| format!("urn:ietf:params:jmap:{name}"));
    let told = [vec!["https://facteur.example/jmap/preferences".to_owned()], standard.to_vec()].concat();
    assert_eq!(primary, told);
    let blob = &session["accounts"]["a1"]["accountCapabilities"]["urn:ietf:params:jmap:blob"];
    assert_eq!((&blob["maxSizeBlobSet"], &blob["maxDataSources"]), (&json!(50_000_000), &json!(256)));
    assert_eq!(blob["supportedTypeNames"], json!(["Email", "Mailbox", "Thread"]));
    assert_eq!(blob["supportedDigestAlgorithms"], json!(["sha", "sha-256", "sha-512"]));
    for capability in &told {
        assert!(session["capabilities"][capability].is_object(), "{capability}");
        assert!(session["accounts"]["a1"]["accountCapabilities"][capability].is_object(), "{capability}");
    }
    let mail = &session["accounts"]["a1"]["accountCapabilities"]["urn:ietf:params:jmap:mail"];
    assert_eq!(mail.get("maxMailboxesPerEmail"), Some(&Value::Null));
    for part in ["{accountId}", "{blobId}", "{name}", "{type}"] {
        assert!(session["downloadUrl"].as_str().unwrap().contains(part));
    }
    assert_eq!(headers["access-control-allow-origin"], "*");
    let (status, _, headers) = send(&fixture, Request::options("/jmap/api").body(Body::empty()).unwrap());
    assert_eq!(
        (status, headers["access-control-allow-headers"].to_str().unwrap().contains("Authorization")),
        (204, true)
    );
}

#[test]
fn nobody_comes_in_without_proof() {
    let fixture = Fixture::new();
    let status = |log_in: &str| send(&fixture, request("GET", "/jmap/session", log_in).body(Body::empty()).unwrap()).0;
    assert_eq!(status(ALICE), 200);
    for bad in [WRONG, "", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer token", "Digest x"] {
        assert_eq!(status(bad), 401, "{bad}");
    }
    for (who, refused) in [(FLOOD, (429, "90")), (CROWD, (503, "5"))] {
        let (status, _, headers) = send(&fixture, request("GET", "/jmap/session", who).body(Body::empty()).unwrap());
        assert_eq!((status, headers["retry-after"].to_str().unwrap()), refused);
    }
    // In clear from elsewhere, passwords are not even read.
    let far: IpAddr = [192, 0, 2, 1].into();
    let mut from_far = request("GET", "/jmap/session", ALICE).body(Body::empty()).unwrap();
    from_far.extensions_mut().insert(http::Peer::in_clear(far));
    assert_eq!(send(&fixture, from_far).0, 403);
    let mut inside_tls = request("GET", "/jmap/session", ALICE).body(Body::empty()).unwrap();
    inside_tls.extensions_mut().insert(http::Peer { tls: Some("TLSv1.3".into()), ..http::Peer::in_clear(far) });
    let (status, body, _) = send(&fixture, inside_tls);
    assert_eq!((status, &json_of(&body)["apiUrl"]), (200, &json!("https://mail.alpha.test/jmap/api")));
}

#[test]
fn a_request_that_is_none_is_a_problem() {
    let fixture = Fixture::new();
    let post = |kind: &str, text: String| {
        let request = request("POST", "/jmap/api", ALICE).header("content-type", kind).body(Body::from(text)).unwrap();
        let (status, body, headers) = send(&fixture, request);
        (status, json_of(&body), headers["content-type"].to_str().unwrap().to_owned())
    };
    let echo =
        json!({"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"a": 1}, "0"]]}).to_string();
    let (status, body, kind) = post("application/json; charset=utf-8", echo.clone());
    assert_eq!((status, &body["methodResponses"][0][1]["a"], kind.as_str()), (200, &json!(1), "application/json"));
    assert!(body["sessionState"].is_string());
    for (kind, text, problem) in [
        ("text/plain", echo, "notJSON"),
        ("application/json", "{\"a\":1,\"a\":2}".into(), "notJSON"),
        ("application/json", "[]".into(), "notRequest"),
        ("application/json", json!({"using": ["x"], "methodCalls": []}).to_string(), "unknownCapability"),
        ("application/json", " ".repeat(10_000_001), "limit"),
    ] {
        let (status, body, kind) = post(kind, text);
        assert_eq!((status, kind.as_str()), (400, "application/problem+json"));
        assert_eq!(body["type"], format!("urn:ietf:params:jmap:error:{problem}"));
    }
}

#[test]
fn blobs_go_up_and_come_down_and_are_nobody_elses() {
    let fixture = Fixture::new();
    let octets: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let blob = fixture.upload(&octets);
    let down = |path: String, log_in: &str| send(&fixture, request("GET", &path, log_in).body(Body::empty()).unwrap());
    let (status, body, headers) = down(format!("/jmap/download/a1/{blob}/pl%C3%A0n.pdf?type=application/pdf"), ALICE);
    assert_eq!((status, body == octets, headers["content-type"].to_str().unwrap()), (200, true, "application/pdf"));
    assert_eq!(headers["content-disposition"], "attachment; filename*=UTF-8''pl%C3%A0n.pdf");
    assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let bob = "Basic Ym9iQGFscGhhLnRlc3Q6c2VjcmV0";
    for (path, log_in) in [
        (format!("/jmap/download/a1/{blob}/x"), bob),
        (format!("/jmap/download/a2/{blob}/x"), bob),
        (format!("/jmap/download/a2/{blob}/x"), ALICE),
        ("/jmap/download/a1/U999/x".into(), ALICE),
        ("/jmap/download/a1/nothing/x".into(), ALICE),
    ] {
        assert_eq!(down(path, log_in).0, 404);
    }
    // A part of a letter comes decoded.
    let text =
        letter("one", "1", "").replace("\r\n\r\nHello one", "\r\nContent-Transfer-Encoding: base64\r\n\r\naMOpbGxv");
    let id = fixture.deliver("inbox", &text);
    let part = fixture.call("Email/get", json!({"ids": [id]}))["list"][0]["textBody"][0].clone();
    let (status, body, _) = down(format!("/jmap/download/a1/{}/t", part["blobId"].as_str().unwrap()), ALICE);
    assert_eq!((status, body.as_slice()), (200, "héllo".as_bytes()));
    assert_eq!(part["size"], 6);
    let (status, body, _) = down(format!("/jmap/download/a1/L{}/t", &id[1..]), ALICE);
    assert_eq!((status, body.as_slice()), (200, text.as_bytes()));
    let elsewhere = request("POST", "/jmap/upload/a2", ALICE).body(Body::from("x")).unwrap();
    assert_eq!(send(&fixture, elsewhere).0, 404);
    let large = request("POST", "/jmap/upload/a1", ALICE).body(Body::from(vec![0_u8; 50_000_001])).unwrap();
    let (status, body, _) = send(&fixture, large);
    assert_eq!((status, &json_of(&body)["limit"]), (400, &json!("maxSizeUpload")));
}

#[test]
fn a_download_gives_the_ranges_that_are_asked_for_of_what_is_encoded_too() {
    let fixture = Fixture::new();
    let octets: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let blob = fixture.upload(&octets);
    let coded = base64_lines(&octets);
    let text = letter("film", "1", "").replace(
        "\r\n\r\nHello film",
        &format!("\r\nContent-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}"),
    );
    let id = fixture.deliver("inbox", &text);
    let found = fixture.call("Email/get", json!({"ids": [id], "properties": ["bodyStructure"]}));
    let film = found["list"][0]["bodyStructure"]["blobId"].as_str().unwrap().to_owned();
    for blob in [blob, film] {
        let ask = |range: &str, more: Option<&str>| {
            let mut asked = request("GET", &format!("/jmap/download/a1/{blob}/f"), ALICE).header("range", range);
            if let Some(tag) = more {
                asked = asked.header("if-range", tag);
            }
            send(&fixture, asked.body(Body::empty()).unwrap())
        };
        let (_, _, headers) = ask("lines=1-2", None);
        let tag = headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(headers["accept-ranges"], "bytes");
        for (asked, (from, to)) in [
            ("bytes=0-", (0, 700_000)),
            ("bytes=0-0", (0, 1)),
            ("bytes=299999-300005", (299_999, 300_006)),
            ("bytes=699999-999999", (699_999, 700_000)),
            ("bytes=-7", (699_993, 700_000)),
            ("bytes=-9999999", (0, 700_000)),
        ] {
            let (status, body, headers) = ask(asked, Some(&tag));
            assert_eq!((status, body == octets[from..to]), (206, true), "{asked} of {blob}");
            let said = format!("bytes {from}-{}/700000", to - 1);
            assert_eq!(headers["content-range"].to_str().unwrap(), said);
            assert_eq!(headers["content-length"].to_str().unwrap(), (to - from).to_string());
            assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
        }
        for beyond in ["bytes=700000-", "bytes=-0"] {
            let (status, _, headers) = ask(beyond, None);
            assert_eq!((status, headers["content-range"].to_str().unwrap()), (416, "bytes */700000"), "{beyond}");
        }
        for (whole, tag) in [("bytes=0-1,5-6", None), ("bytes=5-2", None), ("bytes=0-1", Some("\"another\""))] {
            let (status, body, _) = ask(whole, tag);
            assert_eq!((status, body == octets), (200, true), "{whole}");
        }
    }
}

/// Writes base64 as mailers do.
fn base64_lines(octets: &[u8]) -> String {
    use base64::Engine;
    let lines = octets.chunks(57).map(|line| base64::engine::general_purpose::STANDARD.encode(line));
    lines.map(|line| line + "\r\n").collect()
}

/// Reads events until one is of the kind wanted.
async fn event(body: &mut Body, kind: &str) -> Option<Value> {
    let mut text = String::new();
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(20), body.frame()).await.expect("an event in time")?;
        text.push_str(&String::from_utf8_lossy(&frame.unwrap().into_data().unwrap()));
        while let Some((one, rest)) = text.split_once("\n\n") {
            if one.starts_with(&format!("event: {kind}")) {
                let data = one.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                return Some(json_of(data.as_bytes()));
            }
            text = rest.to_owned();
        }
    }
}

#[test]
fn who_listens_hears_of_what_changes_and_of_nothing_else() {
    let fixture = Fixture::new();
    let listen = |query: &str| {
        let request = request("GET", &format!("/jmap/events?{query}"), ALICE).body(Body::empty()).unwrap();
        let response = fixture.block_on(answer(&fixture, request));
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response.into_body()
    };
    let mut all = listen("types=*&closeafter=no&ping=0");
    let mut once = listen("types=Mailbox,Thread&closeafter=state&ping=0");
    let id = fixture.deliver("inbox", &letter("one", "1", ""));
    let change = fixture.block_on(event(&mut all, "state")).unwrap();
    assert_eq!(change["@type"], "StateChange");
    assert_eq!(change["changed"]["a1"]["Email"], fixture.state("Email"));
    assert_eq!(change["changed"]["a1"]["Mailbox"], fixture.state("Mailbox"));
    let change = fixture.block_on(event(&mut once, "state")).unwrap();
    assert_eq!(change["changed"]["a1"].as_object().unwrap().len(), 2);
    assert!(fixture.block_on(event(&mut once, "state")).is_none(), "it closes after the first");
    fixture.flag(&id, mailbox::System::FLAGGED);
    let change = fixture.block_on(event(&mut all, "state")).unwrap();
    assert_eq!(change["changed"]["a1"], json!({"Email": fixture.state("Email")}));
    fixture.call("VacationResponse/set", json!({"update": {"singleton": {"subject": "Away"}}}));
    let change = fixture.block_on(event(&mut all, "state")).unwrap();
    assert!(change["changed"]["a1"]["VacationResponse"].is_string());
    let chosen = fixture.call("Preferences/set", json!({"update": {"singleton": {"theme": "dark"}}}));
    let change = fixture.block_on(event(&mut all, "state")).unwrap();
    assert_eq!(change["changed"]["a1"], json!({"Preferences": chosen["newState"]}));
    let mut pinged = listen("types=*&closeafter=no&ping=1");
    assert_eq!(fixture.block_on(event(&mut pinged, "ping")), Some(json!({"interval": 5})));
    for bad in ["closeafter=x", "ping=x"] {
        let request = request("GET", &format!("/jmap/events?{bad}"), ALICE).body(Body::empty()).unwrap();
        assert_eq!(send(&fixture, request).0, 400);
    }
}

/// Reads a stream of events as the strictest of parsers do: each empty line ends an event, whatever stood before it,
/// and an event without a name is one of a state.
fn strictly(text: &str) -> Vec<(String, Value)> {
    let (mut events, mut kind, mut data) = (Vec::new(), "state".to_owned(), String::new());
    for line in text.strip_suffix('\n').into_iter().flat_map(|text| text.split('\n')) {
        match line.split_once(':') {
            None if line.is_empty() => {
                let data = std::mem::take(&mut data);
                let value = serde_json::from_str(&data).unwrap_or_else(|_| panic!("{data:?} in {text:?}"));
                events.push((std::mem::replace(&mut kind, "state".to_owned()), value));
            }
            Some(("event", name)) => name.trim().clone_into(&mut kind),
            Some(("data", more)) => data.push_str(more.trim()),
            Some(("id", _)) => {}
            other => panic!("{other:?} in {text:?}"),
        }
    }
    assert!(data.is_empty(), "the last event is not whole: {text:?}");
    events
}

#[test]
fn every_parser_of_events_bears_the_stream() {
    let fixture = Fixture::new();
    for (query, pings) in [("types=*&closeafter=state&ping=0", 0), ("types=&closeafter=state&ping=30", 1), ("", 0)] {
        let request = request("GET", &format!("/jmap/events?{query}"), ALICE).body(Body::empty()).unwrap();
        let response = fixture.block_on(answer(&fixture, request));
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
            (200, "text/event-stream")
        );
        let mut body = response.into_body();
        fixture.deliver("inbox", &letter("one", "1", ""));
        let text = fixture.block_on(async {
            let mut text = String::new();
            // Reads until the stream closes, or has told of the letter.
            while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(60), body.frame()).await {
                text.push_str(&String::from_utf8_lossy(&frame.unwrap().into_data().unwrap()));
                if text.contains("StateChange") {
                    break;
                }
            }
            text
        });
        let events = strictly(&text);
        let (pinged, told): (Vec<_>, Vec<_>) = events.into_iter().partition(|(kind, _)| kind == "ping");
        assert_eq!(pinged.len(), pings, "{text}");
        assert!(pinged.iter().all(|(_, data)| data["interval"] == 30), "{text}");
        assert_eq!(told.len(), 1, "{text}");
        assert_eq!(told[0].1["@type"], "StateChange");
        assert_eq!(told[0].1["changed"]["a1"]["Email"], fixture.state("Email"));
        assert_eq!(told[0].1["changed"]["a1"]["Quota"], fixture.state("Quota"));
    }
}

#[test]
fn who_comes_back_is_told_at_once_what_it_missed() {
    // RFC 8620 §7.3, and the Last-Event-ID of event sources.
    let fixture = Fixture::new();
    let listen = |last: Option<&str>| {
        let mut request = request("GET", "/jmap/events?types=*&closeafter=state&ping=0", ALICE);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        fixture.block_on(answer(&fixture, request.body(Body::empty()).unwrap())).into_body()
    };
    let whole = |mut body: Body| {
        fixture.block_on(async {
            let mut text = String::new();
            while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_secs(2), body.frame()).await {
                text.push_str(&String::from_utf8_lossy(&frame.unwrap().into_data().unwrap()));
            }
            text
        })
    };
    let first = listen(None);
    fixture.deliver("inbox", &letter("one", "1", ""));
    let text = whole(first);
    let id = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap_or_else(|| panic!("{text}")).to_owned();
    fixture.deliver("inbox", &letter("two", "2", ""));
    let missed = whole(listen(Some(&id)));
    let data = missed.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or_else(|| panic!("{missed}"));
    assert_eq!(json_of(data.as_bytes())["changed"]["a1"]["Email"], fixture.state("Email"));
    let now = missed.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    for nothing in [now.as_str(), "x", "1-2"] {
        assert!(!whole(listen(Some(nothing))).contains("event: state"), "{nothing}");
    }
}
