//! JMAP in a folder of 100,000 letters, over TLS.

use std::io::{BufRead, Read, Write};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tests::{OfficeBuilder, Person};

use crate::fill::fill;
use crate::idle::memory_of_tree;
use crate::report::table;
use crate::tls;

const LETTERS: usize = 100_000;
const SIZE: usize = 2000;
const ROUNDS: usize = 7;
const REQUESTS: usize = 2000;
const PEOPLE: usize = 10;
const SOURCES: usize = 20;

/// Measures first pages, requests a second, and what an open event source costs.
pub fn run() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    fill(office.ports.smtp, LETTERS, SIZE);
    let mut jmap = Jmap::open(office.ports.https, office.first());
    let inbox = jmap.call("Mailbox/query", json!({"filter": {"role": "inbox"}})).0["ids"][0].clone();
    pages(&mut jmap, &inbox);
    rate(&mut jmap);
    drop((jmap, office));
    sources();
}

fn pages(jmap: &mut Jmap, inbox: &Value) {
    let newest = json!([{"property": "receivedAt", "isAscending": false}]);
    let here = json!({"inMailbox": inbox});
    let query = |more: Value| {
        let mut arguments = json!({"filter": here, "sort": newest, "limit": 50});
        for (name, value) in more.as_object().into_iter().flatten() {
            arguments[name] = value.clone();
        }
        arguments
    };
    let listed = json!([
        "threadId",
        "mailboxIds",
        "keywords",
        "from",
        "subject",
        "receivedAt",
        "size",
        "preview",
        "hasAttachment"
    ]);
    let mut rows = Vec::new();
    let mut measure = |name: &str, calls: Value| {
        let mut best = (f64::INFINITY, 0);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let (_, octets) = jmap.request(&calls);
            best = (best.0.min(start.elapsed().as_secs_f64() * 1000.0), octets);
        }
        rows.push(vec![name.into(), format!("{:.1}", best.0), format!("{:.1}", best.1 as f64 / 1024.0)]);
    };
    let one = |method: &str, arguments: Value| json!([[method, arguments, "0"]]);
    measure("Email/query, the newest 50", one("Email/query", query(json!({}))));
    measure("… with the total", one("Email/query", query(json!({"calculateTotal": true}))));
    measure(
        "… by conversations, with the total",
        one("Email/query", query(json!({"collapseThreads": true, "calculateTotal": true}))),
    );
    measure("… at position 90,000", one("Email/query", query(json!({"position": 90_000}))));
    measure(
        "… unread",
        one(
            "Email/query",
            query(json!({"filter": {"operator": "AND", "conditions": [here, {"notKeyword": "$seen"}]}})),
        ),
    );
    measure("… by subject", one("Email/query", query(json!({"sort": [{"property": "subject"}]}))));
    measure(
        "… with a word",
        one("Email/query", query(json!({"filter": {"operator": "AND", "conditions": [here, {"text": "o99999"}]}}))),
    );
    let both = json!([
        ["Email/query", query(json!({})), "0"],
        ["Email/get", {"#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"}, "properties": listed}, "1"],
    ]);
    measure("Email/query and Email/get of the newest 50, with preview", both);
    measure("Mailbox/get", one("Mailbox/get", json!({"ids": null})));
    table(&format!("JMAP, a folder of {LETTERS} letters over TLS (best of {ROUNDS})"), &["request", "ms", "kB"], &rows);
}

fn rate(jmap: &mut Jmap) {
    let found = jmap.call("Email/query", json!({"limit": 1})).0["ids"].clone();
    let get = json!([["Email/get", {"ids": found, "properties": ["subject", "keywords"]}, "0"]]);
    let mut rows = Vec::new();
    for (name, calls) in [("Core/echo", json!([["Core/echo", {}, "0"]])), ("Email/get of one letter", get)] {
        let start = Instant::now();
        for _ in 0..REQUESTS {
            jmap.request(&calls);
        }
        rows.push(vec![name.into(), format!("{:.0}", REQUESTS as f64 / start.elapsed().as_secs_f64())]);
    }
    table("JMAP requests a second, one after the other on one connection over TLS", &["request", "requests/s"], &rows);
}

fn sources() {
    let mut builder = OfficeBuilder::new("alpha.test");
    for number in 0..PEOPLE {
        builder = builder.person(&format!("p{number}"));
    }
    let office = builder.start();
    let open = |person: &Person| {
        let mut jmap = Jmap::open(office.ports.https, person);
        jmap.send("GET", "/jmap/events?types=*&closeafter=no&ping=0", b"");
        while !jmap.line().is_empty() {}
        jmap
    };
    // Memory that is set up once (log-in caches, workers) does not belong to the streams.
    let first: Vec<Jmap> = office.people.iter().map(open).collect();
    std::thread::sleep(Duration::from_secs(1));
    let before = memory_of_tree(office.pid());
    let all: Vec<Jmap> = (1..SOURCES).flat_map(|_| office.people.iter().map(open)).collect();
    std::thread::sleep(Duration::from_secs(2));
    let grown = memory_of_tree(office.pid()).saturating_sub(before) as f64 / all.len() as f64 / 1024.0;
    let title = format!("Memory of one open event source over TLS, from {} of them (proportional set size)", all.len());
    table(&title, &["kB"], &[vec![format!("{grown:.1}")]]);
    drop((first, all));
}

/// A blocking client, as small as it can be.
struct Jmap {
    stream: tls::Stream,
    log_in: String,
}

impl Jmap {
    fn open(port: u16, person: &Person) -> Self {
        let log_in = BASE64_STANDARD.encode(format!("{}:{}", person.address, person.password));
        Self { stream: tls::connect(port), log_in }
    }

    fn call(&mut self, method: &str, arguments: Value) -> (Value, usize) {
        let (response, octets) = self.request(&json!([[method, arguments, "0"]]));
        (response["methodResponses"][0][1].clone(), octets)
    }

    /// Carries out calls in the account of the person, which is the first of the office.
    fn request(&mut self, calls: &Value) -> (Value, usize) {
        let mut calls = calls.clone();
        for call in calls.as_array_mut().into_iter().flatten().filter(|call| call[0] != "Core/echo") {
            call[1]["accountId"] = json!("a1");
        }
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let text = json!({"using": using, "methodCalls": calls}).to_string();
        self.send("POST", "/jmap/api", text.as_bytes());
        let mut length = 0;
        loop {
            let line = self.line().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("read");
        let response: Value = serde_json::from_slice(&body).expect("JSON");
        let failed = response["methodResponses"].as_array().is_none_or(|all| all.iter().any(|one| one[0] == "error"));
        assert!(!failed, "{response}");
        (response, length)
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.log_in,
            body.len()
        );
        let stream = self.stream.get_mut();
        let sent = stream.write_all(&[head.as_bytes(), body].concat());
        sent.and_then(|()| stream.flush()).expect("sent");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stream.read_line(&mut line).expect("read") > 0, "the server closed");
        line.trim_end().to_owned()
    }
}
