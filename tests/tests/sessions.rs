//! A connection ends with the proof that let it in: every door, whatever it waits for, against every way in which
//! credentials change, in the real program.

use std::io::Write as _;
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tests::{Dialogue, Office, OfficeBuilder, Secure};

/// The octets of the letter that is taken slowly: more than the system keeps for a client that does not read.
const LARGE: usize = 8 << 20;
/// The number of its octets that the client has taken, at most, when nothing had changed yet.
const BEGINNING: usize = 256 << 10;
const ALICE: &str = "alice@alpha.test";
const BOB: &str = "bob@alpha.test";

/// The proof that let the client in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Password,
    /// The first or the second browser.
    Browser(usize),
    Bob,
}

/// The words to a client that has to go.
#[derive(Clone, Copy)]
enum Farewell {
    /// These words, and then the end.
    Words(&'static str),
    /// The end, before all of it has come.
    Cut,
}

/// A connection that is open, and the event that it waits for.
struct Open {
    name: &'static str,
    by: By,
    wire: Secure,
    farewell: Farewell,
}

/// The office, and how its people come in.
struct Town {
    office: Office,
    password: String,
    /// The tokens of Alice's two browsers, and of Bob's.
    tokens: [String; 3],
    account: String,
    letter: String,
    blob: String,
}

fn request(method: &str, path: &str, log_in: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: {log_in}\r\n{more}\r\n")
}

impl Town {
    fn start() -> Self {
        let office = OfficeBuilder::new("alpha.test").person("alice").person("bob").start();
        let password = office.first().password.clone();
        let mut letter = b"From: carol@elsewhere.test\r\nTo: alice@alpha.test\r\nSubject: large\r\n\r\n".to_vec();
        let line = [b"x".repeat(70), b"\r\n".to_vec()].concat();
        letter.extend(line.repeat(LARGE / line.len()));
        let mut carol = Dialogue::open(office.ports.smtp).expect("connected");
        carol.reply().expect("greeted");
        carol.ask("EHLO client.test").expect("answered");
        assert!(carol.send("carol@elsewhere.test", ALICE, &letter).expect("answered"));
        let mut town = Self {
            office,
            password,
            tokens: Default::default(),
            account: String::new(),
            letter: String::new(),
            blob: String::new(),
        };
        let session = town.http(&request("GET", "/jmap/session", &town.basic(), ""));
        town.account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].as_str().expect("an account").to_owned();
        let found = town.call("Email/query", json!({}));
        town.letter = found["ids"][0].as_str().expect("a letter").to_owned();
        let got = town.call("Email/get", json!({"ids": [town.letter], "properties": ["blobId"]}));
        town.blob = got["list"][0]["blobId"].as_str().expect("a blob").to_owned();
        town
    }

    fn basic(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{ALICE}:{}", self.password)))
    }

    /// A request whose answer is JSON.
    fn http(&self, request: &str) -> Value {
        let said = self.plain(request);
        let body = said.split_once("\r\n\r\n").expect("a header").1;
        // Perhaps in chunks.
        let (from, to) = (body.find('{').expect("JSON"), body.rfind('}').expect("JSON"));
        serde_json::from_str(&body[from..=to]).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    fn plain(&self, request: &str) -> String {
        let mut wire = Secure::open(self.office.ports.https);
        wire.say(request);
        wire.goodbye().expect("an answer")
    }

    fn call(&self, method: &str, mut arguments: Value) -> Value {
        arguments["accountId"] = self.account.as_str().into();
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let body = json!({"using": using, "methodCalls": [[method, arguments, "0"]]}).to_string();
        let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let answer = self.http(&(request("POST", "/jmap/api", &self.basic(), &more) + &body));
        answer["methodResponses"][0][1].clone()
    }

    /// Logs a browser in; returns its token.
    fn browser(&self, address: &str, password: &str) -> String {
        let body = format!("name={address}&password={}", password.replace(' ', "+"));
        let more = format!(
            "Host: localhost\r\nConnection: close\r\nAccept: application/json\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            body.len()
        );
        let said = self.plain(&format!("POST /login HTTP/1.1\r\n{more}\r\n{body}"));
        let cookie = said.lines().find(|line| line.to_lowercase().starts_with("set-cookie:"));
        let cookie = cookie.unwrap_or_else(|| panic!("no cookie in {said}"));
        let token = cookie.split_once('=').expect("a cookie").1;
        token.split(';').next().expect("a token").to_owned()
    }

    fn log_in_browsers(&mut self) {
        self.tokens = [
            self.browser(ALICE, &self.password),
            self.browser(ALICE, &self.password),
            self.browser(BOB, "le mot de passe de bob"),
        ];
    }

    fn imap(&self, address: &str, password: &str) -> Secure {
        let mut wire = Secure::open(self.office.ports.imaps);
        wire.hear("ready");
        wire.ask(&format!("a LOGIN {address} \"{password}\""), "a OK");
        wire.ask("b SELECT INBOX", "b OK");
        wire
    }

    fn pop3(&self) -> Secure {
        let mut wire = Secure::open(self.office.ports.pop3s);
        wire.hear("+OK");
        wire.ask(&format!("USER {ALICE}"), "+OK");
        wire.ask(&format!("PASS {}", self.password), "+OK");
        wire
    }

    fn submission(&self) -> Secure {
        let mut wire = Secure::open(self.office.ports.submissions);
        wire.hear("220 ");
        wire.ask("EHLO alices-laptop", "250 ");
        let plain = BASE64_STANDARD.encode(format!("\0{ALICE}\0{}", self.password));
        wire.ask(&format!("AUTH PLAIN {plain}"), "235 ");
        wire
    }

    fn web(&self, text: &str) -> Secure {
        let mut wire = Secure::open(self.office.ports.https);
        wire.say(text);
        wire
    }

    fn events(&self, log_in: &str) -> Secure {
        let mut wire = self.web(&request("GET", "/jmap/events?types=*&closeafter=no&ping=900", log_in, ""));
        wire.hear("event: ping");
        wire
    }

    /// A letter that is asked for, of which no more than the beginning is taken.
    fn slowly(mut wire: Secure, command: &str) -> Secure {
        wire.say(command);
        wire.hear("x");
        wire
    }

    /// Every door with every kind of wait it knows. POP3 lets one client in at a time, which waits for its next command or
    /// (`slow`) takes a letter.
    fn open_everything(&mut self, slow: bool) -> Vec<Open> {
        self.log_in_browsers();
        let (basic, bearer) = (self.basic(), |token: &String| format!("Bearer {token}"));
        let [first, second, bobs] = [0, 1, 2].map(|number| bearer(&self.tokens[number]));
        let (imap, pop3) = (|| self.imap(ALICE, &self.password), || self.pop3());
        let mut open = Vec::new();
        let mut add = |name, by, wire, farewell| open.push(Open { name, by, wire, farewell });
        let expired = Farewell::Words("* BYE [EXPIRED]");

        add("IMAP between commands", By::Password, imap(), expired);
        let mut wire = imap();
        wire.ask("c IDLE", "+ ");
        add("IMAP in IDLE", By::Password, wire, expired);
        let mut wire = imap();
        wire.ask("c APPEND INBOX {1000}", "+ ");
        wire.say("Subject: half");
        add("IMAP in a literal", By::Password, wire, expired);
        add("IMAP in a slow FETCH", By::Password, Self::slowly(imap(), "c FETCH 1 BODY[]\r\n"), Farewell::Cut);

        match slow {
            true => add("POP3 in a slow RETR", By::Password, Self::slowly(pop3(), "RETR 1\r\n"), Farewell::Cut),
            false => add("POP3 between commands", By::Password, pop3(), Farewell::Words("-ERR [AUTH]")),
        }

        let gone = Farewell::Words("421 4.7.0");
        add("submission between commands", By::Password, self.submission(), gone);
        let mut wire = self.submission();
        wire.ask(&format!("MAIL FROM:<{ALICE}>"), "250 ");
        wire.ask(&format!("RCPT TO:<{BOB}>"), "250 ");
        add("submission in an envelope", By::Password, wire, gone);
        let mut wire = self.submission();
        wire.ask(&format!("MAIL FROM:<{ALICE}>"), "250 ");
        wire.ask(&format!("RCPT TO:<{BOB}>"), "250 ");
        wire.ask("DATA", "354 ");
        wire.say("Subject: half\r\n\r\nThis never ends");
        add("submission in a letter", By::Password, wire, gone);

        let (json, large) = ("Content-Type: application/json\r\n", "Content-Length: 1000\r\n");
        let end = Farewell::Words("0\r\n\r\n");
        add("JMAP event source", By::Password, self.events(&basic), end);
        let path = format!("/jmap/download/{}/{}/letter.eml", self.account, self.blob);
        let wire = self.web(&request("GET", &path, &basic, ""));
        add("JMAP in a slow download", By::Password, Self::slowly(wire, ""), Farewell::Cut);
        let wire = self.web(&(request("POST", &format!("/jmap/upload/{}", self.account), &basic, large) + "half"));
        add("JMAP in an upload", By::Password, wire, Farewell::Words("HTTP/1.1 401"));
        let wire = self.web(&(request("POST", "/jmap/api", &basic, &format!("{json}{large}")) + "{"));
        add("JMAP in a request", By::Password, wire, Farewell::Words("HTTP/1.1 401"));

        add("event source of browser 1", By::Browser(0), self.events(&first), end);
        let source = format!("/letter/{}/source", self.letter);
        let wire = self.web(&request("GET", &source, &first, ""));
        add("page of browser 1 in a slow download", By::Browser(0), Self::slowly(wire, ""), Farewell::Cut);
        add("event source of browser 2", By::Browser(1), self.events(&second), end);

        let mut wire = self.imap(BOB, "le mot de passe de bob");
        wire.ask("c IDLE", "+ ");
        add("Bob's IMAP in IDLE", By::Bob, wire, expired);
        add("Bob's event source", By::Bob, self.events(&bobs), end);
        open
    }

    fn listed(&self, words: &[&str]) -> Vec<Value> {
        let out = self.office.command(&[&["session", "list", "--json"], words].concat());
        serde_json::from_str(&out).expect("a list")
    }
}

/// Checks that the connections that are due are told so and closed, and that the others go on.
fn expect(way: &str, open: Vec<Open>, due: impl Fn(&Open) -> bool) {
    let changed = Instant::now();
    let (mut going, mut staying): (Vec<Open>, Vec<Open>) = open.into_iter().partition(due);
    for Open { name, wire, farewell, .. } in &mut going {
        let Some(said) = wire.goodbye() else { panic!("after {way}, {name} goes on") };
        match farewell {
            Farewell::Words(words) => assert!(said.contains(*words), "after {way}, {name} is told {said:?}"),
            Farewell::Cut => assert!(said.len() < LARGE - BEGINNING, "after {way}, {name} still got all of it"),
        }
    }
    let _ = writeln!(std::io::stderr(), "{way}: {} ended within {:?}", going.len(), changed.elapsed());
    for Open { name, wire, farewell, .. } in &mut staying {
        match farewell {
            // A client that takes its answer slowly gets it to its end.
            Farewell::Cut => {
                let came = wire.amount(LARGE - BEGINNING);
                assert!(came >= LARGE - BEGINNING, "after {way}, {name} was cut");
            }
            Farewell::Words(_) => assert!(wire.is_open(), "after {way}, {name} was closed"),
        }
    }
}

#[test]
fn what_is_open_ends_with_what_let_it_in_and_nothing_else_does() {
    let mut town = Town::start();

    let open = town.open_everything(false);
    let logout =
        request("POST", "/logout", &format!("Bearer {}", town.tokens[0]), "X-Facteur: 1\r\nContent-Length: 0\r\n");
    assert!(town.plain(&logout).starts_with("HTTP/1.1 204"));
    expect("a log-out", open, |open| open.by == By::Browser(0));
    let again = town.plain(&request("GET", "/jmap/session", &format!("Bearer {}", town.tokens[0]), ""));
    assert!(again.starts_with("HTTP/1.1 401"), "{again}");

    let open = town.open_everything(true);
    let mut events = town.listed(&[ALICE]).into_iter().filter(|it| it["what"] == "events" && it["session"].is_string());
    let session = events.next_back().expect("the last browser")["session"].as_str().expect("its name").to_owned();
    town.office.command(&["session", "end", ALICE, &session]);
    expect("the end of a session", open, |open| open.by == By::Browser(1));

    let mut open = town.open_everything(false);
    let pop3 = town.listed(&[ALICE]).into_iter().find(|it| it["what"] == "pop3").expect("it is listed");
    let (code, _, err) = town.office.try_command(&["session", "end", BOB, pop3["id"].as_str().expect("a name")], b"");
    assert!(code == 1 && err.contains("facteur session list"), "nobody ends what is somebody else's: {code} {err}");
    town.office.command(&["session", "end", ALICE, pop3["id"].as_str().expect("a name")]);
    for it in &mut open {
        if it.name == "POP3 between commands" {
            it.farewell = Farewell::Words("-ERR [SYS/TEMP]");
        }
    }
    expect("the end of a conversation", open, |open| open.name == "POP3 between commands");

    let open = town.open_everything(true);
    town.office.command_with_input(&["account", "password", ALICE, "--password-stdin"], b"ein anderes Wort");
    town.password = "ein anderes Wort".into();
    expect("another password", open, |open| open.by != By::Bob);

    let mut open = town.open_everything(false);
    town.office.command(&["session", "end", ALICE, "--all"]);
    for it in &mut open {
        // They may come back: no other password is needed.
        it.farewell = match (it.name.split(' ').next(), it.farewell) {
            (Some("IMAP"), Farewell::Words(_)) => Farewell::Words("* BYE The administrator"),
            (Some("POP3"), Farewell::Words(_)) => Farewell::Words("-ERR [SYS/TEMP]"),
            (Some("submission"), _) => Farewell::Words("421 4.3.2"),
            (_, farewell) => farewell,
        };
    }
    expect("the end of all", open, |open| open.by != By::Bob);
    assert!(town.listed(&[ALICE]).is_empty());

    let mut open = town.open_everything(true);
    town.office.command(&["account", "remove", ALICE, "--yes"]);
    for it in open.iter_mut().filter(|it| it.name.starts_with("IMAP") && matches!(it.farewell, Farewell::Words(_))) {
        // Their folder is gone as well, and which of the two is noticed first is all the same.
        it.farewell = Farewell::Words("* BYE ");
    }
    expect("the end of the account", open, |open| open.by != By::Bob);
}

#[test]
fn who_is_logged_in_is_listed_without_any_secret() {
    let mut town = Town::start();
    let open = town.open_everything(false);
    let listed = town.listed(&[]);
    let of =
        |address: &str, what: &str| listed.iter().filter(|it| it["address"] == address && it["what"] == what).count();
    let counts = ["browser", "imap", "pop3", "submission", "events", "download", "upload", "request"];
    assert_eq!(counts.map(|what| of(ALICE, what)), [2, 4, 1, 3, 3, 2, 1, 1], "{listed:?}");
    assert_eq!(counts.map(|what| of(BOB, what)), [1, 1, 0, 0, 1, 0, 0, 0], "{listed:?}");
    let browser = listed.iter().find(|it| it["what"] == "browser").expect("a browser");
    assert_eq!((&browser["browser"], &browser["from"]), (&json!("Firefox, Linux"), &json!("127.0.0.1")));
    let table = town.office.command(&["session", "list", BOB]);
    assert!(table.contains("Firefox, Linux") && table.contains("IMAP") && !table.contains(ALICE), "{table}");
    for secret in town.tokens.iter().chain([&town.password]) {
        assert!(!table.contains(secret.as_str()) && !format!("{listed:?}").contains(secret.as_str()));
    }
    drop(open);
    for words in [&["session", "end", ALICE, "c999999"][..], &["session", "end", ALICE, "nonsense"]] {
        let (code, _, err) = town.office.try_command(words, b"");
        assert!(code == 1 && err.contains("nothing open"), "{words:?}: {code} {err}");
    }
    assert_eq!(town.office.try_command(&["session", "end", ALICE], b"").0, 2, "say which, or --all");
}

#[test]
fn what_was_acknowledged_stays_and_what_was_not_is_not_there() {
    let mut town = Town::start();
    let mut wire = town.submission();
    wire.ask(&format!("MAIL FROM:<{ALICE}>"), "250 ");
    wire.ask(&format!("RCPT TO:<{BOB}>"), "250 ");
    wire.ask("DATA", "354 ");
    wire.ask("Subject: whole\r\n\r\nhello\r\n.", "250 ");
    let open = town.open_everything(false);
    town.office.command_with_input(&["account", "password", ALICE, "--password-stdin"], b"ein anderes Wort");
    expect("another password", open, |open| open.by != By::Bob);
    let mut bob = town.imap(BOB, "le mot de passe de bob");
    let found = bob.ask("d FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT RECEIVED)]", "d OK");
    assert!(found.contains("whole") && !found.contains("half"), "{found}");
    // Nor does Bob learn at which computer Alice wrote it, neither in the letter nor on the page of its way.
    assert!(!found.contains("alices-laptop") && !found.contains("127.0.0.1"), "{found}");
    let bearer = format!("Bearer {}", town.browser(BOB, "le mot de passe de bob"));
    let session = town.http(&request("GET", "/jmap/session", &bearer, ""));
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    let account = &session["primaryAccounts"]["urn:ietf:params:jmap:mail"];
    let body = json!({"using": using, "methodCalls": [["Email/query", {"accountId": account}, "0"]]}).to_string();
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let answer = town.http(&(request("POST", "/jmap/api", &bearer, &more) + &body));
    let letter = answer["methodResponses"][0][1]["ids"][0].as_str().expect("a letter");
    let way = town.plain(&request("GET", &format!("/trace/{letter}"), &bearer, ""));
    assert!(way.contains("received") && !way.contains("alices-laptop") && !way.contains("127.0.0.1"), "{way}");
    let told = town.office.command(&["trace", BOB]);
    assert!(told.contains("alices-laptop"), "the administrator sees it: {told}");
}
