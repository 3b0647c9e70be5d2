//! JMAP as others see it: curl and jmapc, a client in Python, over TLS with our certificate checked; IMAP beside it.

use std::process::Command;

use serde_json::{Value, json};
use tests::{Office, OfficeBuilder, Pair, Person, Secure, client, python_with, root};

fn office() -> Office {
    OfficeBuilder::new("alpha.test").person("alice").person("bob").start()
}

/// Runs one step of the Python client; returns its result.
fn jmapc(office: &Office, person: &Person, words: &[&str]) -> Value {
    let host = format!("127.0.0.1:{}", office.ports.https);
    let certificate = office.certificate();
    let mut all = vec![host.as_str(), &person.address, &person.password];
    all.extend(words);
    let python = root().join("target/peers/python/bin/python");
    let output = python_with(&python, "jmap.py", &all, &[("REQUESTS_CA_BUNDLE", certificate.as_path())]).must_succeed();
    serde_json::from_str(&output.out).unwrap_or_else(|_| panic!("{}", output.out))
}

/// Returns the answer that curl gets, with the certificate checked.
fn curl(office: &Office, person: &Person, path: &str, more: &[&str]) -> String {
    let certificate = office.certificate();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail-with-body", "--user"]);
    command.arg(format!("{}:{}", person.address, person.password)).arg("--cacert").arg(certificate);
    command.args(more).arg(format!("https://127.0.0.1:{}{path}", office.ports.https));
    client(&mut command, b"").must_succeed().out
}

fn call(office: &Office, person: &Person, method: &str, arguments: Value) -> Value {
    let mut arguments = arguments;
    let session: Value = serde_json::from_str(&curl(office, person, "/.well-known/jmap", &[])).expect("a session");
    arguments["accountId"] = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].clone();
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission"];
    let request = json!({"using": using, "methodCalls": [[method, arguments, "0"]]}).to_string();
    let more = ["--header", "Content-Type: application/json", "--data", &request];
    let response: Value = serde_json::from_str(&curl(office, person, "/jmap/api", &more)).expect("a response");
    assert_eq!(response["methodResponses"][0][0], method, "{response}");
    response["methodResponses"][0][1].clone()
}

#[test]
fn a_client_of_others_writes_sends_finds_reads_and_listens() {
    let office = office();
    let (alice, bob) = (&office.people[0], &office.people[1]);
    let before = jmapc(&office, bob, &["state"]);
    let sent = jmapc(&office, alice, &["send", &bob.address, "La réunion de mardi"]);
    assert_eq!(sent["mailbox_is_sent"], true);
    assert_eq!(sent["keywords"], json!({"$seen": true}));

    // It is there for IMAP, and for JMAP with its text.
    let read = office.read(bob, "INBOX", 1);
    assert!(read[0].contains("From: =?utf-8?") && !read[0].to_lowercase().contains("bcc"), "{read:?}");
    let found = jmapc(&office, bob, &["find", "réunion"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["subject"], "La réunion de mardi");
    assert_eq!(found[0]["from"], "Élise");
    assert_eq!(found[0]["text"], json!(["Bonjour à vous"]));
    assert_eq!(found[0]["thread"], 1);
    let told = jmapc(&office, bob, &["changes", before.as_str().expect("a state")]);
    assert_eq!(told["created"], json!([found[0]["id"]]));

    let heard = jmapc(&office, alice, &["listen", "while listening"]);
    assert!(heard["email"].is_string() && heard["email"] != heard["before"], "{heard}");
}

#[test]
fn imap_and_jmap_see_what_the_other_did_and_states_survive_a_kill() {
    let mut office = office();
    let bob = office.people[1].clone();
    let letter = b"From: alice@alpha.test\r\nTo: bob@alpha.test\r\nSubject: one\r\n\r\nHello\r\n";
    office.hand_in("alice@elsewhere.test", &[&bob.address], letter).must_succeed();
    office.read(&bob, "INBOX", 1);
    let found = call(&office, &bob, "Email/query", json!({}));
    let id = found["ids"][0].as_str().expect("the letter").to_owned();
    let since = call(&office, &bob, "Email/get", json!({"ids": [id]}))["state"].clone();

    // JMAP sets a keyword; IMAP searches for it.
    call(&office, &bob, "Email/set", json!({"update": {&id: {"keywords/$flagged": true, "keywords/work": true}}}));
    let port = office.ports.imaps.to_string();
    let imap = |step: &[&str]| {
        let mut words = vec![step[0], &port, &bob.address, &bob.password];
        words.extend(&step[1..]);
        python_with("python3".as_ref(), "jmap_imap.py", &words, &[]).must_succeed().out
    };
    assert_eq!(imap(&["search", "FLAGGED KEYWORD work"]).trim(), "1");
    // IMAP takes the letter away; JMAP is told.
    let told = call(&office, &bob, "Email/changes", json!({"sinceState": since}));
    assert_eq!(told["updated"], json!([id]));
    imap(&["move", "1", "Archive"]);
    let archived = call(&office, &bob, "Mailbox/query", json!({"filter": {"role": "archive"}}))["ids"][0].clone();
    let now = call(&office, &bob, "Email/get", json!({"ids": [id], "properties": ["mailboxIds"]}));
    assert_eq!(now["list"][0]["mailboxIds"], json!({archived.as_str().expect("an id"): true}));

    office.kill();
    office.start();
    assert_eq!(call(&office, &bob, "Email/get", json!({"ids": []}))["state"], now["state"]);
    let told = call(&office, &bob, "Email/changes", json!({"sinceState": since}));
    assert_eq!((&told["updated"], &told["newState"]), (&json!([id]), &now["state"]));
}

/// An IMAP client that has logged in.
fn imap(office: &Office, person: &Person) -> Secure {
    let mut wire = Secure::open(office.ports.imaps);
    wire.ask(&format!("l LOGIN {} \"{}\"", person.address, person.password), "l OK");
    wire
}

/// Returns the text in the brackets behind an item.
fn item(told: &str, name: &str) -> String {
    let (_, rest) = told.split_once(&format!("{name} (")).unwrap_or_else(|| panic!("{name}: {told}"));
    rest.split(')').next().unwrap_or_default().to_owned()
}

#[test]
fn imap_and_jmap_name_a_letter_of_several_folders_alike_and_each_sees_where_the_other_puts_it() {
    let mut office = office();
    let bob = office.people[1].clone();
    let letter = b"From: alice@alpha.test\r\nTo: bob@alpha.test\r\nSubject: one\r\n\r\nHello\r\n";
    office.hand_in("alice@elsewhere.test", &[&bob.address], letter).must_succeed();
    office.read(&bob, "INBOX", 1);
    let mut wire = imap(&office, &bob);
    let work = item(&wire.ask("1 CREATE Work", "1 OK"), "MAILBOXID");
    assert_eq!(item(&wire.ask("2 STATUS Work (MAILBOXID)", "2 OK"), "MAILBOXID"), work);
    let inbox = item(&wire.ask("3 SELECT INBOX", "3 OK"), "MAILBOXID");
    let told = wire.ask("4 FETCH 1 (EMAILID THREADID)", "4 OK");
    let (id, thread) = (item(&told, "EMAILID"), item(&told, "THREADID"));
    let before = call(&office, &bob, "Email/get", json!({"ids": [id], "properties": ["threadId", "mailboxIds"]}));
    assert_eq!(before["list"][0], json!({"id": id, "threadId": thread, "mailboxIds": {&inbox: true}}));

    // IMAP copies: JMAP sees one letter in two mailboxes.
    wire.ask("5 COPY 1 Work", "5 OK [COPYUID");
    let told = call(&office, &bob, "Email/changes", json!({"sinceState": before["state"]}));
    assert_eq!((&told["created"], &told["updated"]), (&json!([]), &json!([id])), "{told}");
    let lies = |office: &Office| {
        let got = call(office, &bob, "Email/get", json!({"ids": [id], "properties": ["mailboxIds"]}));
        got["list"][0]["mailboxIds"].clone()
    };
    assert_eq!(lies(&office), json!({&inbox: true, &work: true}));

    // JMAP marks it and takes it out of the inbox: IMAP hears of both, in the folder that each is about.
    let mut other = imap(&office, &bob);
    assert_eq!(item(&other.ask("1 SELECT Work", "1 OK"), "MAILBOXID"), work);
    let patch = json!({"keywords/$flagged": true, format!("mailboxIds/{inbox}"): null});
    call(&office, &bob, "Email/set", json!({"update": {&id: patch}}));
    assert!(wire.ask("6 NOOP", "6 OK").contains("* 1 EXPUNGE"));
    assert!(other.ask("2 NOOP", "2 OK").contains("FLAGS (\\Flagged)"));
    assert_eq!(item(&other.ask("3 FETCH 1 EMAILID", "3 OK"), "EMAILID"), id);

    // Back into the inbox, and out of Work by IMAP: the letter stays where it is not taken away.
    call(&office, &bob, "Email/set", json!({"update": {&id: {format!("mailboxIds/{inbox}"): true}}}));
    other.ask("4 STORE 1 +FLAGS.SILENT (\\Deleted)", "4 OK");
    other.ask("5 EXPUNGE", "5 OK");
    assert_eq!(lies(&office), json!({&inbox: true}));

    office.kill();
    office.start();
    assert_eq!(lies(&office), json!({&inbox: true}));
    let mut wire = imap(&office, &bob);
    wire.ask("1 SELECT INBOX", "1 OK");
    let told = wire.ask("2 FETCH 1:* (FLAGS EMAILID)", "2 OK");
    assert!(told.contains("FLAGS (\\Flagged)") && item(&told, "EMAILID") == id, "{told}");
    // Only its last folder takes the letter along.
    wire.ask("3 DELETE Work", "3 OK");
    wire.ask("4 MOVE 1 Trash", "4 OK");
    assert_eq!(lies(&office).as_object().map(serde_json::Map::len), Some(1));
    assert_eq!(office.try_command(&["verify"], b"").0, 0);
}

/// Writes a draft; its id, and that of the identity to send it as.
fn write(office: &Office, from: &Person, to: &[&str], subject: &str) -> (Value, Value) {
    let drafts = call(office, from, "Mailbox/query", json!({"filter": {"role": "drafts"}}))["ids"][0].clone();
    let identity = call(office, from, "Identity/get", json!({"ids": null}))["list"][0]["id"].clone();
    let draft = json!({
        "mailboxIds": {drafts.as_str().expect("an id"): true}, "subject": subject,
        "from": [{"email": from.address}], "to": to.iter().map(|to| json!({"email": to})).collect::<Vec<_>>(),
        "textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": "Hello"}},
    });
    let email = call(office, from, "Email/set", json!({"create": {"k": draft}}))["created"]["k"]["id"].clone();
    (identity, email)
}

/// Sends a letter that waits for some seconds; the id of the submission.
fn send_later(office: &Office, from: &Person, to: &str, subject: &str, seconds: u32) -> String {
    let (identity, email) = write(office, from, &[to], subject);
    let parameters = json!({"HOLDFOR": seconds.to_string()});
    let envelope = json!({"mailFrom": {"email": from.address, "parameters": parameters}, "rcptTo": [{"email": to}]});
    let create = json!({"k": {"identityId": identity, "emailId": email, "envelope": envelope}});
    let made = call(office, from, "EmailSubmission/set", json!({"create": create}))["created"]["k"].clone();
    assert_eq!(made["undoStatus"], "pending", "{made}");
    made["id"].as_str().expect("an id").to_owned()
}

/// Waits until a submission is as it shall be.
fn submission_until(office: &Office, person: &Person, id: &str, fits: impl Fn(&Value) -> bool) -> Value {
    waiting::wait_for("the submission is as it shall be", || {
        let now = call(office, person, "EmailSubmission/get", json!({"ids": [id]}))["list"][0].clone();
        Some(now).filter(&fits)
    })
}

#[test]
fn a_submission_says_what_bounces_and_receipts_say_of_its_letter() {
    let pair = Pair::start();
    let (alpha, alice) = (&pair.alpha, pair.alpha.first());
    let (identity, email) = write(alpha, alice, &["bob@beta.test", "nobody@beta.test"], "Who is there?");
    let create = json!({"k": {"identityId": identity, "emailId": email}});
    let made = call(alpha, alice, "EmailSubmission/set", json!({"create": create}))["created"]["k"].clone();
    let id = made["id"].as_str().expect("an id");

    // beta.test knows no nobody: a bounce comes home.
    let now = submission_until(alpha, alice, id, |now| now["dsnBlobIds"][0].is_string());
    assert_eq!(now["deliveryStatus"]["nobody@beta.test"]["delivered"], "no", "{now}");
    assert!(
        now["deliveryStatus"]["nobody@beta.test"]["smtpReply"].as_str().is_some_and(|said| said.starts_with("550 "))
    );
    let now =
        submission_until(alpha, alice, id, |now| now["deliveryStatus"]["bob@beta.test"]["delivered"] == "unknown");
    assert_eq!((now["dsnBlobIds"].as_array().map(Vec::len), &now["mdnBlobIds"]), (Some(1), &json!([])));
    let blob = now["dsnBlobIds"][0].as_str().expect("an id");
    let session: Value = serde_json::from_str(&curl(alpha, alice, "/.well-known/jmap", &[])).expect("a session");
    let account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].as_str().expect("an account");
    let bounce = curl(alpha, alice, &format!("/jmap/download/{account}/{blob}/bounce.eml?accept=message/rfc822"), &[]);
    assert!(bounce.contains("Final-Recipient: rfc822; nobody@beta.test"), "{bounce}");

    // Bob has read it, says his client; beta.test has delivered it, says somebody on the way.
    let found = call(alpha, alice, "Email/get", json!({"ids": [email], "properties": ["messageId"]}));
    let message_id = found["list"][0]["messageId"][0].as_str().expect("a message id").to_owned();
    let report = |kind: &str, fields: &str| {
        format!(
            "From: bob@beta.test\r\nTo: alice@alpha.test\r\nSubject: Report\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n\
             --b\r\n\r\nHello\r\n--b\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n\
             --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\n\r\n--b--\r\n"
        )
    };
    let shown = "Final-Recipient: rfc822; bob@beta.test\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n";
    let there = "Reporting-MTA: dns; beta.test\r\n\r\nFinal-Recipient: rfc822; bob@beta.test\r\nAction: delivered\r\n\
                 Status: 2.0.0\r\n";
    for letter in [report("disposition-notification", shown), report("delivery-status", there)] {
        alpha.hand_in("bob@beta.test", &[&alice.address], letter.as_bytes()).must_succeed();
    }
    let now =
        submission_until(alpha, alice, id, |now| now["dsnBlobIds"][1].is_string() && now["mdnBlobIds"][0].is_string());
    let bob = &now["deliveryStatus"]["bob@beta.test"];
    assert_eq!((&bob["delivered"], &bob["displayed"]), (&json!("yes"), &json!("yes")), "{now}");
}

#[test]
fn a_letter_taken_back_never_leaves_and_one_that_waits_leaves_also_after_a_kill() {
    let mut office = office();
    let (alice, bob) = (office.people[0].clone(), office.people[1].clone());
    let kept = send_later(&office, &alice, &bob.address, "kept", 15);
    let undone = send_later(&office, &alice, &bob.address, "undone", 12);
    assert!(office.command(&["queue", "list", "--json"]).contains("postponed"));
    let undo = json!({"update": {&undone: {"undoStatus": "canceled"}}});
    assert_eq!(call(&office, &alice, "EmailSubmission/set", undo)["updated"], json!({&undone: null}));
    office.kill();
    office.start();
    let status = |office: &Office, id: &str| {
        call(office, &alice, "EmailSubmission/get", json!({"ids": [id]}))["list"][0].clone()
    };
    assert_eq!(status(&office, &undone)["undoStatus"], "canceled");
    let read = office.read(&bob, "INBOX", 1);
    assert!(read.len() == 1 && read[0].contains("Subject: kept"), "{read:?}");
    let delivered = |now: &Value| now["deliveryStatus"][&bob.address]["delivered"].clone();
    submission_until(&office, &alice, &kept, |now| {
        (now["undoStatus"].as_str(), delivered(now).as_str()) == (Some("final"), Some("yes"))
    });
    let late = call(&office, &alice, "EmailSubmission/set", json!({"update": {&kept: {"undoStatus": "canceled"}}}));
    assert_eq!(late["notUpdated"][&kept]["type"], "cannotUnsend");
    assert_eq!(office.command(&["queue", "list", "--json"]).trim(), "[]");
    assert_eq!(office.read(&bob, "INBOX", 1).len(), 1, "what was taken back never came");
}

#[test]
fn who_reads_a_letter_over_jmap_has_opened_it() {
    let office = office();
    let bob = &office.people[1];
    let letter = b"From: alice@alpha.test\r\nTo: bob@alpha.test\r\nMessage-ID: <read.me@alpha.test>\r\n\r\nHello\r\n";
    office.hand_in("alice@elsewhere.test", &[&bob.address], letter).must_succeed();
    office.read(bob, "Archive", 0);
    let id = loop {
        let found = call(&office, bob, "Email/query", json!({}));
        if let Some(id) = found["ids"][0].as_str() {
            break id.to_owned();
        }
    };
    let doors = || {
        let told = office.command(&["trace", "--json", "read.me@alpha.test"]);
        let letters: Value = serde_json::from_str(&told).expect("JSON");
        let steps = letters[0]["steps"].as_array().expect("steps").clone();
        steps.into_iter().filter(|step| step["step"] == "read").map(|step| step["door"].clone()).collect::<Vec<_>>()
    };
    // Reading its header and the facts that a list shows of it does not open it.
    call(&office, bob, "Email/get", json!({"ids": [id], "properties": ["subject", "preview", "bodyStructure"]}));
    // The readings are written down in groups, once a second.
    // time passes: a clock has to move
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(doors(), Vec::<Value>::new());
    let body = json!({"ids": [id], "properties": ["bodyValues"], "fetchTextBodyValues": true});
    call(&office, bob, "Email/get", body);
    waiting::wait_until("it is told that the letter was read", || doors() == [json!("jmap")]);
}

#[test]
fn the_doors_speak_http_2_and_turn_away_what_is_no_request() {
    let office = office();
    let alice = office.first();
    let seen =
        curl(&office, alice, "/jmap/session", &["--http2", "--output", "/dev/null", "--write-out", "%{http_version}"]);
    assert!(["2", "1.1"].contains(&seen.as_str()), "{seen}");
    let mut command = Command::new("curl");
    let plain = format!("http://127.0.0.1:{}/jmap/session", office.ports.http);
    command.args([
        "--silent",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
        "--user",
        "alice@alpha.test:wrong",
    ]);
    assert_eq!(client(command.arg(plain), b"").must_succeed().out, "401");
    // A peer that says something else gets no answer but an error, and harms nobody.
    use std::io::{Read, Write};
    for rubbish in [&b"\x16\x03\x01\x00\x05hello"[..], b"EHLO x\r\n", &[0xff; 100_000]] {
        let mut peer = std::net::TcpStream::connect(("127.0.0.1", office.ports.http)).expect("connected");
        peer.set_read_timeout(Some(std::time::Duration::from_secs(70))).expect("set");
        let _ = peer.write_all(rubbish);
        let _ = peer.write_all(b"\r\n\r\n");
        let mut answer = Vec::new();
        let _ = peer.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{}", answer.escape_ascii());
    }
    assert!(curl(&office, alice, "/jmap/session", &[]).contains("apiUrl"));
}
