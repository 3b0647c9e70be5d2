//! The account page in the real program: sessions are seen and ended, the password is changed, and connections of a
//! session that ended close.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::http::{Answer, ask};
use tests::{Office, OfficeBuilder, Secure};

const NAME: &str = "Host: localhost";
const OURS: &str = "X-Facteur: 1";
const JSON: &str = "Content-Type: application/json";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
/// The directory promises a second; a machine that is ten times busier has this.
const SOON: Duration = Duration::from_secs(15);

struct Browser<'a> {
    office: &'a Office,
    token: String,
}

/// Logs in with a password; the status if that fails.
fn log_in<'a>(office: &'a Office, password: &str) -> Result<Browser<'a>, u16> {
    let form = format!("name=alice%40alpha.test&password={}", password.replace(' ', "+"));
    let fields = [NAME, FORM, OURS, "Accept: application/json", "User-Agent: Gecko Firefox/140.0 Linux"];
    let there = ask(office.ports.http, "POST", "/login", &fields, &form);
    let cookie = there.field("set-cookie").filter(|_| there.status == 204).ok_or(there.status)?;
    let token = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie").1;
    Ok(Browser { office, token: token.to_owned() })
}

impl Browser<'_> {
    fn ask(&self, method: &str, path: &str, more: &[&str], body: &Value) -> Answer {
        let shown = format!("Authorization: Bearer {}", self.token);
        let fields = [&[NAME, JSON, &shown], more].concat();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(self.office.ports.http, method, path, &fields, &body)
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.ask("POST", path, &[OURS], body);
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    fn account(&self) -> Value {
        let answer = self.ask("GET", "/account", &[], &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.header);
        serde_json::from_str(&answer.body).expect("JSON")
    }

    fn is_in(&self) -> bool {
        self.ask("GET", "/account", &[], &Value::Null).status == 200
    }

    /// An event source, open.
    fn listen(&self) -> Secure {
        let mut wire = Secure::open(self.office.ports.https);
        wire.say(&format!(
            "GET /jmap/events?types=*&closeafter=no&ping=900 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\n\r\n",
            self.token
        ));
        wire.hear("event: ping");
        wire
    }
}

/// The other end closes within the time.
fn ends(mut wire: Secure, what: &str) {
    let began = Instant::now();
    assert!(wire.goodbye().is_some(), "{what} is still open");
    assert!(began.elapsed() < SOON, "{what} stayed for {:?}", began.elapsed());
}

#[test]
fn a_person_sees_their_sessions_and_ends_them_and_what_is_open_with_them_closes() {
    let office = OfficeBuilder::new("alpha.test").person("alice").person("bob").start();
    let password = office.first().password.clone();
    let enter = || log_in(&office, &password).expect("logged in");
    let (own, lost, third) = (enter(), enter(), enter());
    let seen = own.account();
    assert_eq!(seen["address"], "alice@alpha.test");
    let sessions = seen["sessions"].as_array().expect("a list");
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|one| one["here"] == true).count(), 1);
    assert!(sessions.iter().all(|one| one["browser"] == "Firefox, Linux" && one["network"] == "127.0.0.1"), "{seen}");

    let number = lost.account()["sessions"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["here"] == true)
        .expect("own")["number"]
        .clone();
    let (stream, kept) = (lost.listen(), own.listen());
    assert_eq!(own.post("/account/sessions/end", &json!({"number": number})), (200, json!({"ended": 1})));
    ends(stream, "the event source of the session that was ended");
    assert!(!lost.is_in() && third.is_in() && own.is_in());

    let stream = third.listen();
    assert_eq!(own.post("/account/sessions/end", &json!({"others": true})).0, 200);
    ends(stream, "the event source of another session");
    assert!(!third.is_in() && own.is_in());
    drop(kept);
    for bad in [json!({"number": 0}), json!({"number": -1}), json!({"others": false}), json!({}), json!([])] {
        assert_eq!(own.post("/account/sessions/end", &bad), (400, json!({"code": "badRequest"})), "{bad}");
    }
    assert!(own.is_in(), "nothing ends by mistake");
}

#[test]
fn a_person_changes_their_password_and_goes_on_while_everybody_else_is_out() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let password = office.first().password.clone();
    let (own, other) = (log_in(&office, &password).expect("in"), log_in(&office, &password).expect("in"));
    let new = "wharf lantern oblique tundra";
    let change = |current: &str, new: &str| own.post("/account/password", &json!({"current": current, "new": new}));
    let code = |name: &str| json!({"code": name});
    assert_eq!(change("not this one", new), (403, code("wrongPassword")));
    assert_eq!(change(&password, "short"), (422, code("passwordTooShort")));
    assert_eq!(change(&password, "Password2024!"), (422, code("passwordGuessable")));
    assert_eq!(change(&password, &"x".repeat(2000)), (422, code("passwordTooLong")));
    assert_eq!(own.post("/account/password", &json!({"new": new})), (400, code("badRequest")));
    let weigh = |text: &str| own.post("/account/strength", &json!({"new": text})).1["strength"].clone();
    assert_eq!((weigh("alice2024"), weigh(new)), (json!("guessable"), json!("strong")));

    let stream = other.listen();
    assert_eq!(change(&password, new).0, 204);
    ends(stream, "the event source of another session");
    assert!(own.is_in() && !other.is_in());
    assert_eq!(log_in(&office, &password).err(), Some(401));
    assert!(log_in(&office, new).is_ok());
    assert!(!office.log().contains(new) && !office.log().contains("wharf"), "no password stands in the log");
}

/// The settings that a person types into a telephone lead to doors that are open.
#[test]
fn the_pages_say_where_mail_programs_come_in() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = log_in(&office, &office.first().password).expect("in");
    let answer = alice.ask("GET", "/account/doors", &[], &Value::Null);
    let told: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(told["name"], "alice@alpha.test");
    let doors = told["doors"].as_array().expect("doors");
    let ports: Vec<u64> = doors.iter().filter_map(|door| door["port"].as_u64()).collect();
    assert!(!ports.is_empty());
    for door in doors {
        assert_eq!(
            (&door["host"], &door["nearOnly"]),
            (&json!("127.0.0.1"), &json!(true)),
            "tests listen on loopback only"
        );
        let at = (door["host"].as_str().unwrap_or(""), u16::try_from(door["port"].as_u64().unwrap_or(0)).unwrap_or(0));
        std::net::TcpStream::connect(at).unwrap_or_else(|error| panic!("{door}: {error}"));
    }
    let imaps =
        json!({"protocol": "imap", "host": "127.0.0.1", "port": office.ports.imaps, "tls": "atOnce", "nearOnly": true});
    assert!(doors.contains(&imaps), "{told}");
    let nobody = ask(office.ports.http, "GET", "/account/doors", &[NAME], "");
    assert_eq!(nobody.status, 401);
}
