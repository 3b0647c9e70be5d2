//! Our own people send: a thief with a password gets no more than fifty letters out, nothing is lost, and no honest person
//! is held up. The letters go from different addresses of this machine, each of which is another network.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use tests::http::{Answer, ask};
use tests::{Office, OfficeBuilder, Person, Sink, python};

const HOME: &str = "127.0.0.1";
const AWAY: &str = "127.66.6.6";
const HOTEL: &str = "127.77.7.7";

/// No more may leave an account that behaves as if it was stolen.
const AT_MOST: usize = 50;

/// An office whose letters for others go to a server that takes them all.
struct Town {
    office: Office,
    sink: Sink,
}

impl Town {
    fn new() -> Self {
        let sink = Sink::start(Duration::ZERO);
        let office = OfficeBuilder::new("alpha.test").person("alice").route("*", sink.port).start();
        let town = Self { office, sink };
        town.office.command(&["account", "set", "alice@alpha.test", "--language", "en"]);
        town
    }

    /// Somebody who has sent a letter from home, so that home is known.
    fn at_home(&mut self, name: &str) -> Person {
        let person = match name {
            "alice" => self.office.first().clone(),
            _ => self.office.add_person(name),
        };
        self.send(&person, HOME, &format!("{name}-at-home"), 1, 1, 1);
        person
    }

    /// Sends letters, and returns the names of those that were taken.
    fn send(
        &self,
        from: &Person,
        at: &str,
        prefix: &str,
        letters: usize,
        connections: usize,
        recipients: usize,
    ) -> BTreeSet<String> {
        let told = self.flood(from, at, prefix, letters, connections, recipients);
        told.into_iter().filter(|(_, code)| code == "250").map(|(name, _)| name).collect()
    }

    fn flood(
        &self,
        from: &Person,
        at: &str,
        prefix: &str,
        letters: usize,
        connections: usize,
        recipients: usize,
    ) -> Vec<(String, String)> {
        let (port, letters) = (self.office.ports.submission.to_string(), letters.to_string());
        let (connections, recipients) = (connections.to_string(), recipients.to_string());
        let words = [&port, at, &from.address, &from.password, prefix, &letters, &connections, &recipients];
        let out = python("flood.py", &words, b"").must_succeed().out;
        out.lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, code)| (name.to_owned(), code.to_owned()))
            .collect()
    }

    /// The letters with this prefix that have left, once nothing has come for a while.
    fn left(&self, prefix: &str) -> Vec<String> {
        let (mut count, mut since) = (0, Instant::now());
        while since.elapsed() < Duration::from_secs(3) {
            if self.sink.count() != count {
                (count, since) = (self.sink.count(), Instant::now());
            }
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(50));
        }
        let taken = self.sink.taken.lock().expect("lock");
        taken.iter().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Waits until so many letters with this prefix have left.
    fn comes(&self, prefix: &str, letters: usize) {
        let patience = Instant::now() + Duration::from_secs(120);
        loop {
            let taken = self.sink.taken.lock().expect("lock").clone();
            let there = taken.iter().filter(|name| name.starts_with(prefix)).count();
            if there >= letters {
                return;
            }
            assert!(Instant::now() < patience, "{there} of {letters} letters {prefix} have left");
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn holds(&self) -> Vec<Value> {
        serde_json::from_str(&self.office.command(&["hold", "list", "--json"])).expect("json")
    }

    fn hold_of(&self, person: &Person) -> Value {
        self.holds().into_iter().find(|hold| hold["address"] == person.address.as_str()).unwrap_or(Value::Null)
    }

    /// The letters in a person's INBOX whose subject has these words.
    fn told(&self, person: &Person, words: &str) -> usize {
        self.office.read(person, "INBOX", 0).iter().filter(|letter| letter.contains(words)).count()
    }

    fn is_told(&self, person: &Person, words: &str) {
        let patience = Instant::now() + Duration::from_secs(60);
        while self.told(person, words) == 0 {
            assert!(Instant::now() < patience, "nobody told {}: {words}", person.address);
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Lets the office have been running for so many hours more.
    fn run_for(&mut self, hours: i64) {
        self.office.stop();
        let database = Connection::open(self.office.data().join("facteur.db")).expect("the database");
        let sql = "UPDATE queue_running SET ran = ran + ?1";
        database.execute(sql, [hours * 3_600_000]).expect("it ran");
        drop(database);
        self.office.start();
    }
}

fn distinct(names: &[String]) -> BTreeSet<String> {
    names.iter().cloned().collect()
}

#[test]
fn a_thief_gets_no_more_than_fifty_letters_out_and_a_kill_loses_none_of_the_others() {
    let mut town = Town::new();
    let alice = town.at_home("alice");
    town.office.command(&["alias", "add", "postmaster@alpha.test", "alice@alpha.test"]);
    // Half of the flood, over eight connections at once: each of them finds the same count.
    let mut taken = town.send(&alice, AWAY, "thief-a", 160, 8, 1);
    assert_eq!(taken.len(), 160, "the client knows nothing");
    // The other half, in the middle of which the program dies.
    let port = town.office.ports.submission.to_string();
    let script = tests::root().join("tests/clients/flood.py");
    let mut flood = Command::new("python3");
    flood
        .arg(script)
        .args([&port, AWAY, &alice.address, &alice.password, "thief-b", "340", "4"])
        .stdout(Stdio::piped());
    let flood = flood.spawn().expect("python");
    // time passes: until it is killed
    std::thread::sleep(Duration::from_millis(1500));
    town.office.kill();
    let out = flood.wait_with_output().expect("ended");
    let out = String::from_utf8_lossy(&out.stdout).into_owned();
    taken.extend(out.lines().filter_map(|line| line.strip_suffix(" 250")).map(str::to_owned));
    town.office.start();
    taken.extend(town.send(&alice, AWAY, "thief-c", 40, 4, 1));

    let left = distinct(&town.left("thief"));
    assert!(!left.is_empty() && left.len() <= AT_MOST, "{} have left", left.len());
    let hold = town.hold_of(&alice);
    assert_eq!(hold["reason"], "strangers", "{hold}");
    let held = usize::try_from(hold["letters"].as_u64().expect("a number")).expect("few");
    // Every letter that was taken has left or is kept; one that had no answer any more may be kept as well.
    assert!(left.len() + held >= taken.len(), "{} left, {held} are held, {} were taken", left.len(), taken.len());
    assert!(left.len() + held <= taken.len() + 4);
    // Her own letters from home go meanwhile.
    assert_eq!(town.send(&alice, HOME, "owner", 3, 1, 1).len(), 3);
    town.comes("owner", 3);

    // Each is told once, in a letter that waits for nobody: here one person is both.
    town.is_told(&alice, "Was it you");
    town.office.stop();
    town.office.start();
    assert_eq!(town.told(&alice, "Was it you"), 1, "once for each hold");
    let shown = town.office.command(&["hold", "show", "alice@alpha.test"]);
    assert!(shown.contains("@elsewhere.test") && shown.contains("letter thief-"), "{shown}");
    let listed = town.office.command(&["queue", "list"]);
    assert!(listed.contains("held"), "{listed}");

    // Released, all of them leave, each once at least.
    town.office.command(&["hold", "release", "alice@alpha.test"]);
    town.comes("thief", left.len() + held);
    let all = distinct(&town.left("thief"));
    assert!(all.is_superset(&taken), "{:?} are lost", taken.difference(&all).collect::<Vec<_>>());
    assert_eq!(town.hold_of(&alice), Value::Null);
    let (code, _, err) = town.office.try_command(&["hold", "release", "alice@alpha.test"], b"");
    assert!(code == 1 && err.contains("kept back"), "{err}");
    town.office.verify();
}

#[test]
fn honest_people_are_never_held_up() {
    let mut town = Town::new();
    // The club secretary, from home, to 120 members: some wrote to her, to the others she has written before.
    let secretary = town.at_home("secretary");
    for first in [0, 1] {
        let members: Vec<String> = (first * 60..first * 60 + 60).map(|n| format!("club-{n}@elsewhere.test")).collect();
        let letter = match first {
            0 => format!(
                "From: <{}>\r\nTo: {}\r\nMessage-ID: <old@test>\r\n\r\nHello\r\n",
                secretary.address,
                members.join(",\r\n ")
            ),
            _ => members
                .iter()
                .map(|member| {
                    format!("From: <{member}>\r\nTo: <{}>\r\nMessage-ID: <{member}>\r\n\r\nHi\r\n", secretary.address)
                })
                .collect::<Vec<_>>()
                .join("\u{0}"),
        };
        for (number, letter) in letter.split('\u{0}').enumerate() {
            let file = town.office.folder().join(format!("club-{first}-{number}.eml"));
            std::fs::write(&file, letter).expect("written");
        }
    }
    let letters = town.office.folder().join("club");
    std::fs::create_dir(&letters).expect("made");
    for entry in std::fs::read_dir(town.office.folder()).expect("read").flatten() {
        if entry.file_name().to_string_lossy().ends_with(".eml") {
            std::fs::rename(entry.path(), letters.join(entry.file_name())).expect("moved");
        }
    }
    town.office.command(&["import", &secretary.address, &letters.to_string_lossy()]);
    assert_eq!(town.send(&secretary, HOME, "club", 120, 4, 1).len(), 120);
    town.comes("club", 120);
    // The next day, one newsletter to all of them, from a hotel.
    town.run_for(25);
    let members: Vec<String> = (0..120).map(|n| format!("club-{n}@elsewhere.test")).collect();
    let to: Vec<&str> = members.iter().map(String::as_str).collect();
    let letter = format!(
        "From: <{}>\r\nTo: <club@alpha.test>\r\nSubject: news\r\nMessage-ID: <news@test>\r\n\r\nNews\r\n",
        secretary.address
    );
    town.submit_from(&secretary, HOTEL, &to, &letter);
    town.comes("news", 1);

    // A new telephone, away from home, and a few strangers on its first day.
    let bob = town.at_home("bob");
    assert_eq!(town.send(&bob, HOTEL, "telephone", 5, 1, 1).len(), 5);
    town.comes("telephone", 5);
    assert_eq!(town.holds(), Vec::<Value>::new());
}

impl Town {
    /// Submits one letter to many from an address of this machine.
    fn submit_from(&self, from: &Person, at: &str, to: &[&str], letter: &str) {
        let port = self.office.ports.submission.to_string();
        let program = "import smtplib, ssl, sys\n\
            port, at, who, password, *to = sys.argv[1:]\n\
            context = ssl._create_unverified_context()\n\
            server = smtplib.SMTP('127.0.0.1', int(port), source_address=(at, 0))\n\
            server.starttls(context=context)\n\
            server.login(who, password)\n\
            server.sendmail(who, to, sys.stdin.buffer.read())\n";
        let mut words = vec!["-c", program, &port, at, &from.address, &from.password];
        words.extend(to);
        tests::client(Command::new("python3").args(words), letter.as_bytes()).must_succeed();
    }
}

#[test]
fn what_is_beyond_the_limit_of_a_day_waits_for_the_next_and_a_clock_changes_nothing() {
    let mut town = Town::new();
    let alice = town.at_home("alice");
    town.office.command(&["account", "set", "alice@alpha.test", "--sends", "30"]);
    let shown: Value =
        serde_json::from_str(&town.office.command(&["account", "show", "alice@alpha.test", "--json"])).expect("json");
    assert_eq!((shown["sends"].as_u64(), shown["sent_today"].as_u64()), (Some(30), Some(1)));
    // One letter to more than a day has room for is refused while its author is there.
    let told = town.flood(&alice, HOME, "giant", 1, 1, 31);
    assert_eq!(told, [("giant-0".to_owned(), "550".to_owned())]);
    assert_eq!(town.send(&alice, HOME, "many", 70, 5, 1).len(), 70, "each is taken");
    assert_eq!(town.left("many").len(), 29);
    let hold = town.hold_of(&alice);
    assert_eq!((hold["reason"].as_str(), hold["letters"].as_u64()), (Some("day-limit"), Some(41)));
    town.is_told(&alice, "wait for tomorrow");
    // Nobody can drop them as a thief's.
    let dropped = town.office.try_command(&["hold", "drop", "alice@alpha.test", "--generate"], b"");
    assert_eq!(dropped.0, 1, "{}", dropped.2);
    // A clock that is set a year ahead lets nothing go: hours of running count.
    town.office.stop();
    let database = Connection::open(town.office.data().join("facteur.db")).expect("the database");
    for sql in [
        "UPDATE conduct_hold SET opened = opened - 31536000000",
        "UPDATE queue_letter SET arrived = arrived - 86400000",
    ] {
        database.execute(sql, []).expect("aged");
    }
    drop(database);
    town.office.start();
    assert_eq!(town.left("many").len(), 29);
    // A day of running lets thirty go, the next one the rest.
    town.run_for(24);
    town.comes("many", 59);
    assert_eq!(town.left("many").len(), 59);
    town.run_for(24);
    town.comes("many", 70);
    assert_eq!(distinct(&town.left("many")).len(), 70);
    assert_eq!(town.holds(), Vec::<Value>::new());
    // The postmaster may let them go at once, too.
    town.office.command(&["account", "set", "alice@alpha.test", "--sends", "usual"]);
    for bad in ["0", "-1", "many", "", "99999999999999999999"] {
        let (code, _, err) =
            town.office.try_command(&["account", "set", "alice@alpha.test", &format!("--sends={bad}")], b"");
        assert_eq!(code, 2, "{bad}: {err}");
    }
}

/// A browser of somebody, by the cookie of its session.
struct Browser {
    port: u16,
    cookie: String,
}

impl Browser {
    fn log_in(office: &Office, person: &Person) -> Self {
        let port = office.ports.http;
        let body = format!("name={}&password={}", person.address, person.password.replace(' ', "+"));
        let answer =
            ask(port, "POST", "/login", &["Host: localhost", "Content-Type: application/x-www-form-urlencoded"], &body);
        let cookie = answer.field("set-cookie").unwrap_or_else(|| panic!("{answer:?}"));
        let cookie = cookie.split(';').next().expect("a value").to_owned();
        Self { port, cookie }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let cookie = format!("Cookie: {}", self.cookie);
        let kind = "Content-Type: application/x-www-form-urlencoded";
        ask(self.port, method, path, &["Host: localhost", "Accept: text/html", &cookie, kind], body)
    }

    /// The address that the forms of the page are sent to.
    fn form(&self) -> String {
        let page = self.ask("GET", "/held", "").body;
        let (_, form) = page.split_once("action=\"/held").unwrap_or_else(|| panic!("no form: {page}"));
        format!("/held{}", form.split('"').next().unwrap_or_default())
    }
}

#[test]
fn a_person_says_on_the_pages_whether_it_was_them() {
    let mut town = Town::new();
    let alice = town.at_home("alice");
    let browser = Browser::log_in(&town.office, &alice);
    assert_eq!(browser.ask("GET", "/held", "").field("location"), Some("/"), "nothing is held");
    assert_eq!(town.send(&alice, HOTEL, "hers", 40, 2, 1).len(), 40);
    town.is_told(&alice, "Was it you");

    // The pages lead there, tell whom the letters go to, and let her decide later.
    assert_eq!(browser.ask("GET", "/", "").field("location"), Some("/held"));
    assert_eq!(browser.ask("GET", "/?later", "").field("location"), None);
    let page = browser.ask("GET", "/held", "").body;
    assert!(
        page.contains("Was it you?") && page.contains("@elsewhere.test") && page.contains("letter hers-"),
        "{page}"
    );
    let french = ask(
        town.office.ports.http,
        "GET",
        "/held",
        &["Host: localhost", "Accept-Language: fr", &format!("Cookie: {}", browser.cookie)],
        "",
    );
    assert!(french.body.contains("Était-ce vous"), "{}", french.body);
    // No other site can answer in her place, nor an answer that is none.
    assert_eq!(browser.ask("POST", "/held", "answer=mine").status, 403);
    assert_eq!(browser.ask("POST", "/held?key=00", "answer=mine").status, 403);
    assert_eq!(browser.ask("POST", &browser.form(), "answer=perhaps").status, 400);
    assert_eq!(browser.ask("POST", &browser.form(), "answer=mine").status, 303);
    town.comes("hers", 40);
    // The hotel is hers now.
    assert_eq!(town.send(&alice, HOTEL, "more", 30, 2, 1).len(), 30);
    town.comes("more", 30);

    // Now a thief, whom she drops. A password that is too short drops nothing.
    assert_eq!(town.send(&alice, AWAY, "thief", 60, 4, 1).len(), 60);
    let left = town.left("thief").len();
    assert!(left <= AT_MOST);
    let page = browser.ask("POST", &browser.form(), "answer=not-mine&password=short").body;
    assert!(page.contains("role=\"alert\""), "{page}");
    assert_eq!(town.hold_of(&alice)["letters"].as_u64(), Some(60 - left as u64));
    let answered = browser.ask("POST", &browser.form(), "answer=not-mine&password=quite+another+sentence");
    assert_eq!(answered.status, 303, "{answered:?}");
    assert_eq!(town.hold_of(&alice), Value::Null);
    assert_eq!(town.left("thief").len(), left, "nobody gets them");
    assert_eq!(browser.ask("GET", "/held", "").status, 401, "every session has ended");
    assert!(town.send(&alice, AWAY, "again", 1, 1, 1).is_empty(), "the old password is nobody's");
    let hers = Person { password: "quite another sentence".to_owned(), ..alice };
    assert_eq!(town.send(&hers, HOME, "after", 1, 1, 1).len(), 1);
    town.comes("after", 1);
    town.office.verify();
}

#[test]
fn a_thief_on_the_pages_cannot_answer_for_the_owner() {
    let mut town = Town::new();
    let alice = town.at_home("alice");
    assert_eq!(town.send(&alice, AWAY, "thief", 60, 4, 1).len(), 60);
    let letters = town.hold_of(&alice)["letters"].as_u64().expect("held");
    // The session began in the network of the thief.
    let browser = Browser::log_in(&town.office, &alice);
    town.office.stop();
    let database = Connection::open(town.office.data().join("facteur.db")).expect("the database");
    database.execute("UPDATE session SET network = ?1", [AWAY]).expect("moved");
    drop(database);
    town.office.start();
    assert_eq!(browser.ask("GET", "/", "").field("location"), None, "the thief is not even led there");
    let page = browser.ask("GET", "/held", "").body;
    assert!(!page.contains("<form") && page.contains("postmaster"), "{page}");
    let (code, _, err) =
        town.office.try_command(&["hold", "drop", "alice@alpha.test", "--password-stdin"], b"yet another sentence");
    assert_eq!((code, letters > 0), (0, true), "{err}");
    assert_eq!(browser.ask("GET", "/held", "").status, 401);
    assert_eq!(town.hold_of(&alice), Value::Null);
}
