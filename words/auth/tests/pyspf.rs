//! SPF agrees with pyspf, the implementation of the suite's authors, about records that nobody has thought of.
//!
//! A few things are left out on purpose, because pyspf does them in another way than RFC 7208 says: it counts a
//! redirect that is never followed, asks for all hosts of an MX although the first fits, gives `temperror` for a name of an
//! address that nobody can say anything about, takes `%{d0}` for a macro, and any modifier once only.

mod dice;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Poll, Waker};

use facteur_auth::Table;
use facteur_auth::spf::{SpfQuestion, check};
use serde_json::{Value, json};

use dice::Dice;

/// The questions of a usual run; `FACTEUR_RECORDS` gives another number.
const QUESTIONS: u64 = 2000;

impl Dice {
    fn four(&mut self) -> String {
        format!("192.0.2.{}", self.below(8))
    }

    fn six(&mut self) -> String {
        format!("2001:db8::{}", self.below(8))
    }
}

/// The records of all names of a question.
#[derive(Default)]
struct Zone(BTreeMap<String, Vec<(&'static str, String)>>);

impl Zone {
    fn add(&mut self, name: &str, kind: &'static str, value: impl Into<String>) {
        self.0.entry(name.to_owned()).or_default().push((kind, value.into()));
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        for (name, records) in &self.0 {
            table = table.name(name);
            for (kind, value) in records {
                table = match *kind {
                    "TIMEOUT" => table.silent(name),
                    "TXT" => table.txt(name, value.chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>()),
                    "MX" => table.mx(name, value),
                    "PTR" => table.ptr(address(name), value),
                    _ => table.host(name, value.parse().unwrap()),
                };
            }
        }
        table
    }
}

/// Returns the address that a name below `arpa` stands for.
fn address(name: &str) -> std::net::IpAddr {
    let parts: Vec<&str> = name.split('.').rev().skip(2).collect();
    if name.ends_with("in-addr.arpa") {
        return parts.join(".").parse().unwrap();
    }
    parts.chunks(4).map(<[&str]>::concat).collect::<Vec<_>>().join(":").parse().unwrap()
}

/// Returns the name below `arpa` of an address.
fn reverse(ip: &str) -> String {
    match ip.parse().unwrap() {
        std::net::IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        std::net::IpAddr::V6(ip) => {
            let digits: Vec<String> = format!("{:032x}", ip.to_bits()).chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

/// Hosts that have addresses of both families, and others.
const SOLID: &[&str] = &["h0.test", "h1.test", "h2.test"];
const HOSTS: &[&str] = &["h0.test", "h1.test", "h2.test", "h3.test", "h4.test", "void.test", "empty.test", "late.test"];
/// The domains with records, each of which leads only to later ones.
const DOMAINS: &[&str] = &["a.test", "b.test", "c.test", "d.test", "none.test"];
const WRONG: &[&str] = &[
    "a:",
    "ip4:192.0.2",
    "ip4:192.0.2.1/33",
    "ip6:2001:db8::/129",
    "ip4:2001:db8::1",
    "al",
    "-all:x",
    "include",
    "exists",
    "a/24/64",
    "a/024",
    "ptr/24",
    "a:%{x}.test",
    "a:museum",
    "a:x.123",
    "1up=x",
    "exp=",
    "a:h0.test%",
    "mx:h0.test:25",
    "a:x.-y",
    "all.",
    "a:h0.test,",
    "ipv4:192.0.2.1",
    "redirect:a.test",
    "x=%q",
    "exists:%{c}.test",
];

struct Question {
    ip: String,
    helo: &'static str,
    mail_from: &'static str,
    zone: Zone,
}

fn question(seed: u64) -> Question {
    let mut dice = Dice(seed);
    let ip = if dice.below(3) == 0 { dice.six() } else { dice.four() };
    let mut zone = Zone::default();
    hosts(&mut dice, &mut zone);
    for name in ["h0.test", "h3.test", "h4.test"].into_iter().take(dice.below(4).try_into().unwrap()) {
        zone.add(&reverse(&ip), "PTR", name);
    }
    for (level, domain) in DOMAINS[..4].iter().enumerate() {
        match dice.below(24) {
            0 => zone.add(domain, "TIMEOUT", ""),
            1 => zone.add(domain, "TXT", "v=spf1 -all"),
            2 => zone.add(domain, "TXT", "no record of SPF \u{e9}"),
            _ => {}
        }
        let record = if dice.below(8) == 0 { crowd(&mut dice) } else { record(&mut dice, level) };
        zone.add(domain, "TXT", record);
        mx(&mut dice, &mut zone, domain);
    }
    let mail_from = dice.one(&["ann@a.test", "ann.b-c@a.test", "@a.test", "ann@b.test", "", "ann@nowhere.test"]);
    Question { ip, helo: dice.one(&["a.test", "h0.test", "HOST", "[192.0.2.1]"]), mail_from, zone }
}

fn hosts(dice: &mut Dice, zone: &mut Zone) {
    for host in SOLID {
        zone.add(host, "A", dice.four());
        zone.add(host, "AAAA", dice.six());
    }
    zone.add("h3.test", "A", dice.four());
    zone.add("h3.test", "A", dice.four());
    zone.add("h4.test", "AAAA", dice.six());
    zone.add("h4.test", "A", dice.four());
    zone.add("empty.test", "TXT", "nothing else");
    zone.add("late.test", "TIMEOUT", "");
    for local in ["ann", "postmaster"] {
        zone.add(&format!("{local}.user.test"), "A", "127.0.0.2");
    }
    zone.add("192.0.2.1.ip.test", "A", "127.0.0.2");
    zone.add("why.test", "TXT", "%{i} is not one of us");
}

fn mx(dice: &mut Dice, zone: &mut Zone, domain: &str) {
    match dice.below(6) {
        0 => zone.add(domain, "MX", dice.one(&HOSTS[..7])),
        1 => (0..11).for_each(|n| zone.add(domain, "MX", format!("mx{n}.test"))),
        2 => {}
        count => (0..count).for_each(|_| zone.add(domain, "MX", dice.one(SOLID))),
    }
}

/// A record of few terms, which leads to records of later domains.
fn record(dice: &mut Dice, level: usize) -> String {
    let mut terms = vec![dice.one(&["v=spf1", "v=spf1", "v=spf1", "V=SPF1", "v=spf1 "]).to_owned()];
    for _ in 0..dice.below(4) {
        terms.push(format!("{}{}", dice.one(&["", "", "+", "-", "~", "?"]), mechanism(dice, level)));
    }
    if dice.below(12) == 0 {
        terms.push(dice.one(WRONG).to_owned());
    }
    match dice.below(6) {
        // pyspf counts a redirect before the mechanisms: it stands alone.
        0 if level < 3 => terms = vec!["v=spf1".into(), format!("redirect={}", dice.one(&DOMAINS[level + 1..]))],
        1 => {}
        _ => terms.push(dice.one(&["-all", "~all", "?all", "+all", "ALL"]).to_owned()),
    }
    match dice.below(8) {
        0 => terms.push("exp=why.test".to_owned()),
        1 => terms.push("exp=nothing.test".to_owned()),
        2 => terms.push("moo=%{d}/x".to_owned()),
        _ => {}
    }
    terms.join(dice.one(&[" ", " ", "  "]))
}

fn mechanism(dice: &mut Dice, level: usize) -> String {
    let host = dice.one(HOSTS);
    let slash = dice.one(&["", "", "", "/30", "/0", "//126", "/29//125"]);
    match dice.below(12) {
        0 | 1 => format!("ip4:{}/{}", dice.four(), 28 + dice.below(5)),
        2 => format!("ip6:{}/{}", dice.six(), 120 + dice.below(9)),
        3 => format!("a:{host}{slash}"),
        4 => format!("a{slash}"),
        5 => format!("mx{slash}"),
        6 => format!("mx:{}", dice.one(DOMAINS)),
        7 => format!("ptr:{}", dice.one(&["h3.test", "h0.test", "x.test"])),
        8 => format!("exists:%{{l}}.user.{}", dice.one(&["test", "%{d1}", "x.test"])),
        9 => "exists:%{i}.ip.test".to_owned(),
        _ if level < 3 => format!("include:{}", dice.one(&DOMAINS[level + 1..])),
        _ => format!("A:{host}"),
    }
}

/// A record at the limits: about ten terms that ask, of which some find nothing.
fn crowd(dice: &mut Dice) -> String {
    let mut terms = vec!["v=spf1".to_owned()];
    let missing = dice.below(5);
    for n in 0..8 + dice.below(5) {
        terms.push(if n < missing { format!("?a:void{n}.test") } else { format!("?a:{}", dice.one(SOLID)) });
    }
    terms.push(dice.one(&["-all", "ip4:192.0.2.0/24"]).to_owned());
    terms.join(" ")
}

fn ours(question: &Question, table: &Table) -> String {
    let asked = SpfQuestion {
        ip: question.ip.parse().unwrap(),
        helo: question.helo,
        mail_from: question.mail_from,
        receiver: "",
        now: 0,
    };
    let verdict = match pin!(check(table, asked)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => verdict,
        Poll::Pending => unreachable!("a table answers at once"),
    };
    verdict.result.name().to_owned()
}

fn theirs(questions: &[Question]) -> Vec<String> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/python/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pyspf.py");
    let mut command = Command::new(&python);
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|why| {
        panic!("{} cannot be run ({why}); `cargo xtask test` installs pyspf there", python.display());
    });
    let mut input = child.stdin.take().unwrap();
    let lines: Vec<Value> = questions.iter().map(line).collect();
    let writing = std::thread::spawn(move || lines.iter().try_for_each(|line| writeln!(input, "{line}")));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().expect("pyspf reads all questions; is pyspf 2.0.14 installed?");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn line(question: &Question) -> Value {
    json!({"ip": question.ip, "helo": question.helo, "mail_from": question.mail_from, "zone": question.zone.0})
}

#[test]
fn pyspf_finds_the_same_results() {
    let count = std::env::var("FACTEUR_RECORDS").ok().and_then(|count| count.parse().ok()).unwrap_or(QUESTIONS);
    let questions: Vec<Question> = (0..count).map(question).collect();
    let theirs = theirs(&questions);
    assert_eq!(theirs.len(), questions.len());
    let mut results: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (seed, (question, theirs)) in questions.iter().zip(theirs).enumerate() {
        let ours = ours(question, &question.zone.table());
        *results.entry(ours.clone()).or_default() += 1;
        if ours != theirs {
            wrong.push(format!("{seed}: {ours} here, {theirs} there: {}", line(question)));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert_eq!(results.len(), 7, "every result comes up: {results:?}");
    assert!(results.values().all(|times| *times * 100 > questions.len()), "{results:?}");
}
