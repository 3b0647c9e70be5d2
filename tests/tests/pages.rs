//! The web pages as a browser asks for them, over TLS with our certificate checked: log-in, letters made harmless, the way.

use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Dialogue, Office, OfficeBuilder, Person, client, root};

/// A browser: it keeps cookies, and checks the certificate.
struct Browser<'o> {
    office: &'o Office,
    jar: std::path::PathBuf,
}

/// Status, header fields and body.
struct Answer {
    status: u16,
    header: String,
    body: String,
}

impl<'o> Browser<'o> {
    fn new(office: &'o Office, name: &str) -> Self {
        Self { office, jar: office.folder().join(format!("{name}.cookies")) }
    }

    fn ask(&self, path: &str, more: &[&str]) -> Answer {
        let certificate = self.office.data().join("tls/self-signed-mail.alpha.test.pem");
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--include", "--http1.1", "--cacert"]).arg(certificate);
        command.arg("--cookie").arg(&self.jar).arg("--cookie-jar").arg(&self.jar).args(more);
        command.arg(format!("https://127.0.0.1:{}{path}", self.office.ports.https));
        let said = client(&mut command, b"").must_succeed().out;
        let (header, body) = said.split_once("\r\n\r\n").expect("a header and a body");
        let status = header.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Answer { status, header: header.to_lowercase(), body: body.to_owned() }
    }

    /// Puts the answer where `more` says.
    fn fetch(&self, path: &str, more: &[&str]) {
        let certificate = self.office.data().join("tls/self-signed-mail.alpha.test.pem");
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(certificate);
        command.arg("--cookie").arg(&self.jar).args(more);
        command.arg(format!("https://127.0.0.1:{}{path}", self.office.ports.https));
        client(&mut command, b"").must_succeed();
    }

    /// Returns the answer of IMAP to a command in the inbox.
    fn ask_imap(&self, person: &Person, command: &str) -> String {
        let certificate = self.office.data().join("tls/self-signed-mail.alpha.test.pem");
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(certificate);
        curl.arg("--user").arg(format!("{}:{}", person.address, person.password)).args(["--request", command]);
        curl.arg(format!("imaps://127.0.0.1:{}/INBOX", self.office.ports.imaps));
        client(&mut curl, b"").must_succeed().out
    }

    /// Logs in as the pages do.
    fn log_in(&self, person: &Person, password: &str) -> u16 {
        let name = format!("name={}", person.address);
        let password = format!("password={password}");
        let form = ["--header", "Accept: application/json", "--data-urlencode", &name, "--data-urlencode", &password];
        self.ask("/login", &form).status
    }

    fn call(&self, method: &str, mut arguments: Value) -> Value {
        let session: Value = serde_json::from_str(&self.ask("/jmap/session", &[]).body).expect("a session");
        arguments["accountId"] = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].clone();
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let request = json!({"using": using, "methodCalls": [[method, arguments, "0"]]}).to_string();
        let more = ["--header", "Content-Type: application/json", "--header", "X-Facteur: 1", "--data", &request];
        let response: Value = serde_json::from_str(&self.ask("/jmap/api", &more).body).expect("a response");
        response["methodResponses"][0][1].clone()
    }

    /// The id of the only letter.
    fn letter(&self) -> String {
        let found = self.call("Email/query", json!({}));
        found["ids"][0].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
    }
}

const HOSTILE: &[u8] = b"From: Eve <eve@evil.test>\r\nTo: alice@alpha.test\r\nSubject: hello\r\nMessage-ID: <1@evil.test>\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n\
<h1 onclick=evil()>Caf\xe9</h1><script>evil()</script><img src=cid:dot><img src=http://tracker.test/p.gif>\r\n\
--x\r\nContent-Type: image/gif\r\nContent-ID: <dot>\r\nContent-Transfer-Encoding: base64\r\n\r\n\
R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n--x--\r\n";

fn office_with_a_hostile_letter() -> Office {
    let office = OfficeBuilder::new("alpha.test").person("alice").person("bob").start();
    let mut eve = Dialogue::open(office.ports.smtp).expect("connected");
    assert!(eve.reply().expect("a greeting").starts_with("220"));
    assert!(eve.ask("EHLO evil.test").expect("an answer").starts_with("250"));
    assert!(eve.send("eve@evil.test", "alice@alpha.test", HOSTILE).expect("a dialogue"));
    office
}

#[test]
fn a_letter_is_shown_without_what_runs_and_its_own_pictures_need_no_cookie() {
    let office = office_with_a_hostile_letter();
    let alice = Browser::new(&office, "alice");
    assert_eq!(alice.log_in(office.first(), &office.first().password), 204);
    let letter = alice.letter();
    let shown = alice.ask(&format!("/letter/{letter}/view?images=0"), &[]);
    assert!(shown.body.contains("<h1>Café</h1>") && !shown.body.contains("evil") && !shown.body.contains("tracker"));
    let policy = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
    assert!(shown.header.contains(policy) && shown.header.contains("default-src 'none'; script-src 'none'"));
    assert!(shown.header.contains("x-dns-prefetch-control: off"));
    assert!(!shown.header.contains("allow-scripts") && shown.header.contains("x-pictures-left-out: 1"));
    assert!(shown.body.contains("<meta name=\"pictures-left-out\" content=\"1\">"), "{}", shown.body);
    let with_pictures = alice.ask(&format!("/letter/{letter}/view?images=1"), &[]);
    assert!(with_pictures.body.contains("src=\"/remote/r.") && !with_pictures.body.contains("tracker"));
    assert!(with_pictures.header.contains("img-src 'self' data:;"), "{}", with_pictures.header);

    let picture = shown.body.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a picture");
    let stranger = Browser::new(&office, "stranger");
    let dot = stranger.ask(picture, &["--output", "/dev/null", "--dump-header", "-"]);
    assert!(dot.header.contains("content-type: image/gif") && dot.header.contains("nosniff"), "{}", dot.header);
    assert_eq!(stranger.ask(&picture.replacen('.', ".9", 1), &[]).status, 404, "another letter's picture");

    let source = alice.ask(&format!("/letter/{letter}/source"), &[]);
    assert!(source.header.contains("content-type: text/plain") && source.body.contains("Subject: hello"));
}

/// The two were made by openssl: DER, and BER in pieces as it is written while it is sent.
#[test]
fn a_letter_that_a_signature_is_wrapped_around_is_shown_as_what_is_inside_and_told_as_it_came() {
    for name in ["signed-der", "signed-streamed"] {
        let file = root().join(format!("house/mailbox/tests/letters/{name}.eml"));
        let office = OfficeBuilder::new("alpha.test").person("alice").start();
        let person = office.first();
        let letter = std::fs::read(file).expect("the letter");
        office.hand_in("odile@mill.test", &[&person.address], &letter).must_succeed();
        let alice = Browser::new(&office, "alice");
        assert_eq!(alice.log_in(person, &person.password), 204);
        office.read(person, "INBOX", 1);
        let id = alice.letter();

        // A person sees, finds and saves what is inside.
        let view = alice.ask(&format!("/letter/{id}/view?images=0"), &[]);
        assert!(view.body.contains("<b>miller</b> has signed the tariff: flour at €12, béton"), "{}", view.body);
        let seal = view.body.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a picture");
        alice.fetch(seal, &["--output", "/dev/null"]);
        let found = alice.call("Email/query", json!({"filter": {"text": "béton"}}));
        assert_eq!(found["ids"], json!([id]), "{found}");
        let inside = alice.call("Email/query", json!({"filter": {"body": "lockkeeper"}}));
        assert_eq!(inside["ids"], json!([id]), "{inside}");
        let all = ["preview", "hasAttachment", "consistsOf", "protection", "bodyValues", "bodyStructure", "textBody"];
        let wish = json!({"ids": [id], "properties": all, "fetchAllBodyValues": true});
        let got = alice.call("Email/get", wish)["list"][0].clone();
        assert!(got["preview"].as_str().is_some_and(|words| words.starts_with("Dear Ann, the miller")), "{got}");
        assert_eq!(got["hasAttachment"], true);
        let items = got["consistsOf"].as_array().expect("items");
        let roles: Vec<_> = items.iter().map(|item| item["is"].as_str().unwrap_or_default()).collect();
        assert_eq!(roles, ["otherForm", "html", "pictureOfHtml", "file", "letter", "signature"]);
        let value = &got["bodyValues"][items[1]["partId"].as_str().expect("an id")]["value"];
        assert!(value.as_str().is_some_and(|text| text.contains("signed the tariff")), "{got}");
        assert_eq!(items[4]["subject"], "The weir");
        let blob = items[3]["blobId"].as_str().expect("a blob");
        let session: Value = serde_json::from_str(&alice.ask("/jmap/session", &[]).body).expect("a session");
        let account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].as_str().expect("an account");
        let pdf = office.folder().join("tariff.pdf");
        let save = ["--output", pdf.to_str().expect("a path")];
        alice.fetch(&format!("/jmap/download/{account}/{blob}/tariff.pdf?type=application/pdf"), &save);
        let pdf = std::fs::read(pdf).expect("the file");
        assert!(pdf.starts_with(b"%PDF-1.4 the tariff") && pdf.ends_with(b"\n%%EOF\n") && pdf.len() == 2639);
        let weir = alice.ask(&format!("/letter/{}/view", items[4]["blobId"].as_str().expect("a blob")), &[]);
        assert!(weir.body.contains("The weir holds, says the lockkeeper."), "{}", weir.body);

        // The answer says that the letter is signed; the octets are given as they came.
        let whole = &items[5];
        let protection = json!({"is": "signed", "by": "smime", "partId": whole["partId"]});
        assert_eq!((&got["protection"], &got["textBody"]), (&protection, &json!([])));
        let structure = &got["bodyStructure"];
        assert_eq!((&structure["type"], &structure["blobId"]), (&json!("application/pkcs7-mime"), &whole["blobId"]));
        assert!(structure.get("subParts").is_none_or(Value::is_null), "{structure}");
        let told = alice.ask_imap(person, "FETCH 1 BODYSTRUCTURE");
        assert!(told.contains("(\"application\" \"pkcs7-mime\" (\"smime-type\" \"signed-data\""), "{told}");
    }
}

#[test]
fn pictures_of_letters_do_not_lead_the_server_to_its_own_network() {
    // Only root may open this one; without it, that the answer is no is all there is to see.
    let drawer = TcpListener::bind("127.77.0.9:80").ok();
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let places =
        ["http://127.77.0.9/", "http://169.254.169.254/latest/meta-data/", "http://localhost/", "http://[::1]/"];
    let pictures: String = places.iter().map(|place| format!("<img src={place}>\r\n")).collect();
    let letter = format!(
        "From: eve@evil.test\r\nTo: alice@alpha.test\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n\
         {pictures}<img src=http://127.0.0.1:{}/>\r\n",
        office.ports.http
    );
    let mut eve = Dialogue::open(office.ports.smtp).expect("connected");
    assert!(eve.reply().expect("a greeting").starts_with("220"));
    assert!(eve.ask("EHLO evil.test").expect("an answer").starts_with("250"));
    assert!(eve.send("eve@evil.test", "alice@alpha.test", letter.as_bytes()).expect("a dialogue"));

    let alice = Browser::new(&office, "alice");
    assert_eq!(alice.log_in(office.first(), &office.first().password), 204);
    let shown = alice.ask(&format!("/letter/{}/view?images=1", alice.letter()), &[]);
    let found: Vec<&str> = shown.body.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(found.len(), places.len(), "other ports are not even asked about: {}", shown.body);
    for address in found {
        assert!(address.starts_with("/remote/r."), "{address}");
        assert_eq!(alice.ask(address, &[]).status, 404);
    }
    if let Some(drawer) = drawer {
        drawer.set_nonblocking(true).expect("it does not wait");
        assert!(drawer.accept().is_err(), "somebody came");
    }
}

#[test]
fn nobody_sees_the_letters_of_others_nor_anything_without_a_session() {
    let office = office_with_a_hostile_letter();
    let (alice, bob) = (Browser::new(&office, "alice"), Browser::new(&office, "bob"));
    for path in ["/session", "/jmap/session", "/letter/m1/view", "/letter/m1/source", "/trace/m1"] {
        let answer = alice.ask(path, &["--header", "Sec-Fetch-Site: same-origin"]);
        assert_eq!(answer.status, 401, "{path}");
        assert!(!answer.header.contains("www-authenticate"), "the browser would ask in a window of its own");
    }
    assert_eq!(alice.log_in(&office.people[0], "wrong"), 401);
    assert_eq!(alice.log_in(&office.people[0], &office.people[0].password), 204);
    assert_eq!(bob.log_in(&office.people[1], &office.people[1].password), 204);
    let letter = alice.letter();
    for path in ["view", "source"] {
        assert_eq!(bob.ask(&format!("/letter/{letter}/{path}"), &[]).status, 404);
    }
    assert_eq!(bob.ask(&format!("/trace/{letter}"), &[]).status, 404);
    assert_eq!(alice.ask("/letter/m%00/view", &[]).status, 404);
}

#[test]
fn a_cookie_alone_changes_nothing_and_a_session_ends_when_it_is_to() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let (person, alice) = (office.first(), Browser::new(&office, "alice"));
    assert_eq!(alice.log_in(person, &person.password), 204);
    let jar = std::fs::read_to_string(&alice.jar).expect("cookies");
    assert!(jar.contains("#HttpOnly_") && jar.contains("__Host-facteur"), "{jar}");
    assert_eq!(alice.ask("/session", &[]).status, 302);
    assert_eq!(alice.ask("/jmap/api", &["--data", "{}"]).status, 403, "a form of another site could send this");
    assert_eq!(alice.ask("/logout", &["--request", "POST"]).status, 403);

    let other = ["--request", "POST", "--header", "Sec-Fetch-Site: same-site"];
    assert_eq!(alice.ask("/logout", &other).status, 403, "another site on the same domain");

    // Whoever has kept the cookie has nothing any more.
    let kept = office.folder().join("kept");
    std::fs::copy(&alice.jar, &kept).expect("copied");
    assert_eq!(alice.ask("/logout", &["--request", "POST", "--header", "X-Facteur: 1"]).status, 204);
    assert_eq!(Browser { office: &office, jar: kept }.ask("/session", &[]).status, 401);

    assert_eq!(alice.log_in(person, &person.password), 204);
    office.command_with_input(&["account", "password", &person.address, "--password-stdin"], b"quite another one");
    assert_eq!(alice.ask("/session", &[]).status, 401, "another password ends all sessions");
    let form = ["--data-urlencode", "name=alice@alpha.test", "--data-urlencode", "password=nonsense"];
    let plain = alice.ask("/login", &form);
    assert!(plain.status == 303 && plain.header.contains("location: /?login=failed"), "a browser without script");
}

#[test]
fn a_browser_without_script_logs_in_learns_what_it_lacks_and_leaves() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let (person, alice) = (office.first(), Browser::new(&office, "alice"));
    let front = alice.ask("/", &[]);
    if front.status == 200 {
        let led = "<noscript><meta http-equiv=\"refresh\" content=\"0; url=/login\"";
        assert!(front.body.contains(led), "without script, a browser is led to the form: {}", front.body);
    }
    let page = alice.ask("/login", &["--header", "Accept-Language: de, fr-CA;q=0.8, en;q=0.5"]);
    assert!(page.status == 200 && page.header.contains("content-language: fr"), "{}", page.header);
    assert!(page.body.contains("<html lang=\"fr\">") && page.body.contains("Se connecter"));
    assert!(page.body.contains("<form method=\"post\" action=\"/login\">") && !page.body.contains("<script"));
    for word in ["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(page.header.contains(word), "{word} in {}", page.header);
    }

    let html = ["--header", "Accept: text/html", "--header", "Content-Type: application/x-www-form-urlencoded"];
    let name = format!("name={}", person.address);
    let send = |password: &str| {
        let password = format!("password={password}");
        alice.ask("/login", &[&html[..], &["--data-urlencode", &name, "--data-urlencode", &password]].concat())
    };
    assert!(send("wrong").header.contains("location: /?login=failed"));
    let failed = alice.ask("/?login=failed", &[]);
    assert!(failed.body.contains("do not go together") && failed.body.contains("type=\"password\""));
    assert!(alice.ask("/?login=later", &[]).body.contains("Wait a minute"));
    let there = send(&person.password);
    assert!(there.status == 303 && there.header.contains("location: /\r\n"), "{}", there.header);

    let inside = alice.ask("/login", &[]);
    assert!(inside.body.contains("You are logged in as <strong>alice@alpha.test</strong>"), "{}", inside.body);
    assert!(inside.body.contains("JavaScript") && !inside.body.contains("type=\"password\""));
    let way_out = inside.body.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a way out");
    for forged in ["/logout", "/logout?key=", "/logout?key=00", &way_out.replace("/logout", "/jmap/api")] {
        assert_eq!(alice.ask(forged, &["--data", ""]).status, 403, "{forged}");
    }
    assert_eq!(alice.ask("/session", &[]).status, 302);
    let left = alice.ask(way_out, &[&html[..], &["--data", ""]].concat());
    assert!(left.status == 303 && left.header.contains("location: /\r\n"), "{}", left.header);
    assert_eq!(alice.ask("/session", &[]).status, 401);
    assert!(alice.ask("/login", &[]).body.contains("type=\"password\""));
}

#[test]
fn the_way_of_a_letter_is_told_to_its_owner() {
    let office = office_with_a_hostile_letter();
    let alice = Browser::new(&office, "alice");
    assert_eq!(alice.log_in(office.first(), &office.first().password), 204);
    let way: Value = serde_json::from_str(&alice.ask(&format!("/trace/{}", alice.letter()), &[]).body).expect("json");
    let steps: Vec<&str> =
        way["steps"].as_array().expect("steps").iter().filter_map(|step| step["what"].as_str()).collect();
    assert_eq!(steps, ["received", "filed"], "{way}");
    assert_eq!((&way["steps"][0]["link"], &way["steps"][0]["returnPath"]), (&json!("mta"), &json!("eve@evil.test")));
    assert_eq!(way["steps"][1]["folder"], "INBOX");
}

#[test]
fn the_pages_are_in_the_program_and_may_do_nothing_but_their_work() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let browser = Browser::new(&office, "somebody");
    let page = browser.ask("/", &[]);
    if page.status == 503 {
        assert!(page.body.contains("FACTEUR_WEB_DIST"), "it was built without npm, and says how to add the pages");
        return;
    }
    for word in
        ["default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]
    {
        assert!(page.header.contains(word), "{word} in {}", page.header);
    }
    let script = page.body.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a script");
    let packed =
        browser.ask(script, &["--header", "Accept-Encoding: gzip", "--output", "/dev/null", "--dump-header", "-"]);
    assert!(
        packed.header.contains("content-encoding: gzip") && packed.header.contains("immutable"),
        "{}",
        packed.header
    );
    let tag = page.header.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag").to_owned();
    assert_eq!(browser.ask("/", &["--header", &format!("If-None-Match: {tag}")]).status, 304);
    assert_eq!(browser.ask("/../facteur.db", &["--path-as-is"]).status, 404);
}
