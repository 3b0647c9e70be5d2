//! Holds for every address of the web doors, whoever has written it: the addresses are read from the source, so that
//! a new one without the guard fails here.

use std::collections::BTreeSet;
use std::path::Path;

use tests::http::{Answer, ask};
use tests::{Dialogue, Office, OfficeBuilder, root};

const NAME: &str = "Host: mail.alpha.test";
/// The field that a proxy on this machine writes about a client elsewhere.
const FAR: &str = "X-Forwarded-For: 198.51.100.7";
const IN_TLS: &str = "X-Forwarded-Proto: https";
const IN_CLEAR: &str = "X-Forwarded-Proto: http";

/// Every address of the routers, with something in place of what varies, and a few that no router knows.
fn addresses() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for room in ["chain/mua/src", "access/jmap/src", "access/http/src", "facteur/src"] {
        collect(&root().join(room), &mut found);
    }
    assert!(found.len() >= 15, "the routers are read: {found:?}");
    found.extend(["/", "/index.html", "/nowhere", "/assets/nothing.js", "/.well-known/nothing"].map(str::to_owned));
    found
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).expect("source");
            for way in [".route(\"", ".nest(\"", ".route_service(\"", ".nest_service(\""] {
                let places = text.split(way).skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(places.map(filled));
            }
        }
    }
}

/// `/letter/{letter}/view` as somebody asks for it.
fn filled(route: &str) -> String {
    let mut parts = Vec::new();
    for part in route.split('/') {
        parts.push(match part {
            "{letter}" => "m1",
            "{account}" => "a1",
            part if part.starts_with('{') => "x",
            part => part,
        });
    }
    parts.join("/")
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// An office behind a proxy on this machine, and a session of Alice's that was begun inside TLS.
struct Doors {
    office: Office,
    token: String,
}

impl Doors {
    fn open() -> Self {
        let builder = OfficeBuilder::new("alpha.test").person("alice");
        let office = builder.configure("[proxy]\ntrusted = [\"127.0.0.1\"]\n").start();
        let mut doors = Self { office, token: String::new() };
        let (name, token) = doors.log_in(&[FAR, IN_TLS]);
        assert_eq!(name, "__Host-facteur");
        doors.token = token;
        doors.deliver();
        doors
    }

    /// A letter for Alice, so that there is something to see behind each address.
    fn deliver(&self) {
        let letter = b"From: eve@evil.test\r\nTo: alice@alpha.test\r\nSubject: a secret\r\n\r\nhello\r\n";
        let mut eve = Dialogue::open(self.office.ports.smtp).expect("connected");
        assert!(eve.reply().expect("a greeting").starts_with("220"));
        assert!(eve.ask("EHLO evil.test").expect("an answer").starts_with("250"));
        assert!(eve.send("eve@evil.test", "alice@alpha.test", letter).expect("a dialogue"));
        for path in ["/letter/m1/view", "/letter/m1/source", "/trace/m1", "/jmap/session"] {
            let seen = self.get(path, &[NAME, FAR, IN_TLS, &self.cookie()]);
            assert_eq!(seen.status, 200, "{path} is there to be guarded: {}", seen.header);
        }
    }

    fn ask(&self, method: &str, path: &str, fields: &[&str], body: &str) -> Answer {
        ask(self.office.ports.http, method, path, fields, body)
    }

    fn get(&self, path: &str, fields: &[&str]) -> Answer {
        self.ask("GET", path, fields, "")
    }

    /// The log-in form, filled in rightly.
    fn form(&self) -> String {
        let encoded = |text: &str| text.bytes().map(|octet| format!("%{octet:02x}")).collect::<String>();
        let alice = self.office.first();
        format!("name={}&password={}", encoded(&alice.address), encoded(&alice.password))
    }

    /// Logs in, and gives the cookie's name and value.
    fn log_in(&self, fields: &[&str]) -> (String, String) {
        let fields = [&[NAME, FORM, "Accept: application/json"], fields].concat();
        let there = self.ask("POST", "/login", &fields, &self.form());
        assert_eq!(there.status, 204, "{}", there.header);
        let cookie = there.field("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie");
        let (name, value) = cookie.split_once('=').expect("a name");
        (name.replace("__host", "__Host"), value.to_owned())
    }

    /// The cookie of the session.
    fn cookie(&self) -> String {
        format!("Cookie: __Host-facteur={}", self.token)
    }

    /// All requests that show the session: in the cookie of TLS, in that of clear, and as a token.
    fn shown(&self, fields: &[&str], ask: impl Fn(&[&str])) {
        let token = &self.token;
        let clear = format!("Cookie: facteur={token}; facteur-80={token}");
        for show in [self.cookie(), clear, format!("Authorization: Bearer {token}")] {
            ask(&[fields, &[&show]].concat());
        }
    }
}

#[test]
fn in_clear_from_another_machine_there_is_nothing_but_the_way_to_tls() {
    let doors = Doors::open();
    for path in addresses() {
        doors.shown(&[NAME, FAR, IN_CLEAR], |fields| {
            let led = doors.get(&path, fields);
            assert_eq!(
                (led.status, led.field("location")),
                (308, Some(&*format!("https://mail.alpha.test{path}"))),
                "{path}"
            );
            assert!(led.body.is_empty() && led.field("set-cookie").is_none(), "{path}: {led:?}");
            for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
                let refused = doors.ask(method, &path, fields, "");
                assert_eq!(refused.status, 403, "{method} {path}");
            }
        });
        let silent = doors.get(&path, &[NAME, FAR, "Accept: text/html", "Accept-Language: fr"]);
        assert_eq!(silent.status, 403, "{path}");
        assert!(silent.body.contains("X-Forwarded-Proto") && silent.body.contains("mandataire"), "{}", silent.body);
    }
    let form = doors.form();
    let refused = doors.ask("POST", "/login", &[NAME, FAR, IN_CLEAR, FORM], &form);
    assert_eq!((refused.status, refused.field("set-cookie")), (403, None), "{}", refused.header);
    let acme = doors.get("/.well-known/acme-challenge/token", &[NAME, FAR, IN_CLEAR]);
    assert_eq!(acme.status, 404, "a certificate authority is not led away");
}

#[test]
fn by_a_name_that_is_not_ours_nobody_is_served() {
    let doors = Doors::open();
    for path in addresses() {
        for name in ["evil.test", "mail.alpha.test.evil.test", "127.0.0.1.evil.test", "xalpha.test", "evil.test:80"] {
            let host = format!("Host: {name}");
            for way in [&[&*host][..], &[&host, FAR, IN_TLS], &[&host, FAR, IN_CLEAR]] {
                doors.shown(way, |fields| assert_eq!(doors.get(&path, fields).status, 421, "{path} {fields:?}"));
            }
        }
        assert_eq!(doors.get(&path, &[NAME, "Host: evil.test"]).status, 400, "{path}");
    }
    for ours in ["mail.alpha.test", "alpha.test", "webmail.alpha.test:8443", "127.0.0.1:80", "[::1]", "localhost:8080"]
    {
        assert_ne!(doors.get("/", &[&format!("Host: {ours}")]).status, 421, "{ours}");
    }
    let told = doors.get("/", &["Host: evil.test", "Accept: text/html"]);
    assert!(told.body.contains("hostname = \"evil.test\""), "{}", told.body);
}

#[test]
fn inside_tls_only_the_cookie_of_tls_counts_and_in_clear_only_that_of_clear() {
    let doors = Doors::open();
    let (name, clear) = doors.log_in(&[]);
    assert_eq!(name, "facteur", "on this machine, without a proxy");
    let seen = |cookie: &str, way: &[&str]| {
        doors.get("/session", &[&[NAME, &format!("Cookie: {cookie}")], way].concat()).status
    };
    for (cookie, way, status) in [
        (format!("__Host-facteur={}", doors.token), &[FAR, IN_TLS][..], 302),
        (format!("facteur={}", doors.token), &[FAR, IN_TLS], 401),
        (format!("facteur={clear}"), &[FAR, IN_TLS], 401),
        (format!("facteur-443={clear}; facteur-8443={clear}"), &[FAR, IN_TLS], 401),
        (format!("facteur={clear}"), &[], 302),
        (format!("__Host-facteur={clear}"), &[], 401),
    ] {
        assert_eq!(seen(&cookie, way), status, "{cookie} {way:?}");
    }
}

#[test]
fn pages_of_other_sites_change_nothing_and_see_nothing() {
    let doors = Doors::open();
    let cookie = doors.cookie();
    let foreign: &[&[&str]] = &[
        &["Sec-Fetch-Site: same-site"],
        &["Sec-Fetch-Site: cross-site"],
        &["Origin: https://evil.test"],
        &["Origin: https://blog.alpha.test"],
        &["Origin: http://mail.alpha.test"],
        &["Origin: null"],
        &["Sec-Fetch-Site: same-origin", "Origin: https://evil.test"],
    ];
    for path in addresses() {
        for site in foreign {
            let fields = [&[NAME, FAR, IN_TLS, &*cookie, "X-Facteur: 1", FORM], *site].concat();
            for method in ["POST", "PUT", "DELETE"] {
                let refused = doors.ask(method, &path, &fields, &doors.form());
                assert_eq!((refused.status, refused.field("set-cookie")), (403, None), "{method} {path} {site:?}");
            }
        }
        let peeking = [NAME, FAR, IN_TLS, &cookie, "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"];
        let seen = doors.get(&path, &peeking);
        assert_eq!(seen.status, doors.get(&path, &[NAME, FAR, IN_TLS]).status, "{path} is seen as by a stranger");
    }
    for site in foreign {
        let fields = [&[NAME, FAR, IN_TLS, FORM], *site].concat();
        let refused = doors.ask("POST", "/login", &fields, &doors.form());
        assert_eq!((refused.status, refused.field("set-cookie")), (403, None), "/login {site:?}");
    }
    for own in [&["Sec-Fetch-Site: same-origin"][..], &["Sec-Fetch-Site: none"], &["Origin: https://mail.alpha.test"]] {
        doors.log_in(&[&[FAR, IN_TLS], own].concat());
    }
    let visit = [
        NAME,
        FAR,
        IN_TLS,
        &cookie,
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Dest: document",
    ];
    assert_eq!(doors.get("/session", &visit).status, 302, "a link from elsewhere still leads in");
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let doors = Doors::open();
    let cookie = doors.cookie();
    for path in addresses() {
        for way in [
            &[NAME][..],
            &[NAME, FAR, IN_TLS],
            &[NAME, FAR, IN_TLS, &cookie],
            &[NAME, FAR, IN_CLEAR],
            &["Host: evil.test"],
        ] {
            for method in ["GET", "POST"] {
                let answer = doors.ask(method, &path, way, "");
                let policy = answer.field("content-security-policy").unwrap_or_default();
                assert!(policy.contains("default-src 'none'"), "{method} {path} {way:?}: {}", answer.header);
                assert!(policy.contains("frame-ancestors") || policy.contains("sandbox"), "{method} {path}: {policy}");
                assert_eq!(answer.field("x-content-type-options"), Some("nosniff"), "{method} {path}");
                let referrer = answer.field("referrer-policy").unwrap_or_default();
                assert!(["no-referrer", "same-origin"].contains(&referrer), "{method} {path}: {referrer}");
            }
        }
    }
}

#[test]
fn without_a_door_for_tls_a_page_says_what_to_do() {
    // Through a proxy that says nothing of TLS nobody is sent in circles; without any door nobody is sent anywhere.
    let text = "hostname = \"mail.alpha.test\"\n[listen]\nhttps = []\n[proxy]\ntrusted = [\"127.0.0.1\"]\n";
    let office = OfficeBuilder::new("alpha.test").as_shown(text).start();
    let there = ask(office.ports.http, "GET", "/", &[NAME], "");
    assert!([200, 503].contains(&there.status), "on this machine itself it works: {}", there.header);
    let led = ask(office.ports.http, "GET", "/", &[NAME, FAR, IN_CLEAR], "");
    assert_eq!(led.field("location"), Some("https://mail.alpha.test/"), "the proxy has TLS");
    assert_ne!(ask(office.ports.http, "GET", "/", &[NAME, FAR, IN_TLS], "").status, 308);
}
