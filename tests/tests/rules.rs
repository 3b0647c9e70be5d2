//! The addresses and rules of the administrator, in the real program.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Dialogue, Office, OfficeBuilder, Person, Sink, generated_letter, refusing};

fn office() -> Office {
    OfficeBuilder::new("alpha.test").person("alice").start()
}

/// Says EHLO with this name, MAIL and RCPT, and gives the reply to the last.
fn asked(office: &Office, hello: &str, from: &str, to: &str) -> String {
    let mut line = Dialogue::open(office.ports.smtp).expect("a conversation");
    line.reply().expect("a greeting");
    line.ask(&format!("EHLO {hello}")).expect("a reply");
    let sender = line.ask(&format!("MAIL FROM:<{from}>")).expect("a reply");
    assert!(sender.starts_with("250"), "{sender}");
    line.ask(&format!("RCPT TO:<{to}>")).expect("a reply")
}

/// Hands a letter over by hand, and gives the reply to the letter.
fn handed(office: &Office, (hello, from, to): (&str, &str, &str), letter: &[u8]) -> String {
    let mut line = Dialogue::open(office.ports.smtp).expect("a conversation");
    line.reply().expect("a greeting");
    for command in [format!("EHLO {hello}"), format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".into()] {
        let reply = line.ask(&command).expect("a reply");
        assert!(reply.starts_with(['2', '3']), "{command}: {reply}");
    }
    line.write(letter).expect("written");
    line.ask(".").expect("a reply")
}

fn json(office: &Office, words: &[&str]) -> Value {
    serde_json::from_str(&office.command(words)).expect("JSON")
}

#[test]
fn whoever_is_denied_is_told_why_by_address_domain_network_and_name_and_postmaster_stays_in_reach() {
    let office = office();
    let ask = |hello: &str, from: &str| asked(&office, hello, from, "alice@alpha.test");
    let denied =
        |entry: &str, reason: &str| format!("550 5.7.1 the administrator takes no letters from {entry}: {reason}");
    assert!(ask("mx.evil.test", "eve@evil.test").starts_with("250"));

    office.command(&["deny", "add", "evil.test", "--reason", "only spam since May"]);
    office.command(&["deny", "add", "mallory@mixed.test", "hello:*.dyn.test"]);
    assert_eq!(ask("mx.evil.test", "eve@mail.EVIL.test"), denied("evil.test", "only spam since May"));
    assert_eq!(ask("mx", "Mallory@mixed.test"), denied("mallory@mixed.test", "no reason is given"));
    assert_eq!(ask("h7.dyn.test", "bob@mixed.test"), denied("hello:*.dyn.test", "no reason is given"));
    assert!(ask("mx", "bob@mixed.test").starts_with("250"));
    assert!(ask("mx", "").starts_with("250"), "reports come in");
    for role in ["postmaster@alpha.test", "Abuse@alpha.test"] {
        assert!(asked(&office, "mx.evil.test", "eve@evil.test", role).starts_with("250"), "{role}");
    }

    office.command(&["deny", "add", "127.0.0.0/8"]);
    assert_eq!(ask("mx", "bob@mixed.test"), denied("127.0.0.0/8", "no reason is given"));
    office.command(&["allow", "add", "friend@evil.test"]);
    assert!(ask("h7.dyn.test", "friend@evil.test").starts_with("250"), "that somebody is allowed wins");
    let alice = office.first();
    office
        .submit(alice, &[&alice.address], &generated_letter("own", &alice.address, &alice.address, 300))
        .must_succeed();

    // A refusal is written down behind the answer.
    waiting::wait_until("the refusal is in the history", || {
        let told = office.try_command(&["trace", "eve@mail.evil.test"], b"").1;
        told.contains("the administrator takes no letters from evil.test")
    });
}

#[test]
fn the_author_in_the_letter_counts_too_and_what_is_allowed_is_said_in_its_history() {
    let office = office();
    office.command(&["deny", "add", "evil.test"]);
    let letter = generated_letter("forged", "eve@evil.test", "alice@alpha.test", 300);
    let reply = handed(&office, ("mx", "clean@mixed.test", "alice@alpha.test"), &letter);
    assert!(reply.starts_with("550 5.7.1 the administrator takes no letters from evil.test"), "{reply}");
    let reply = handed(&office, ("mx", "eve@evil.test", "postmaster@alpha.test"), &letter);
    assert!(reply.starts_with("250"), "{reply}");
    office.command(&["allow", "add", "127.0.0.1"]);
    let letter = generated_letter("allowed", "eve@evil.test", "alice@alpha.test", 300);
    assert!(handed(&office, ("mx", "eve@evil.test", "alice@alpha.test"), &letter).starts_with("250"));
    let told = office.command(&["trace", "allowed@test"]);
    assert!(told.contains("the administrator lets letters from 127.0.0.1 in"), "{told}");
    let alice = office.read(office.first(), "INBOX", 2);
    assert!(alice.iter().any(|letter| letter.contains("policy=pass reason=allowed")), "{alice:?}");
}

#[test]
fn the_lists_are_shown_survive_a_restart_and_refuse_what_is_no_subject() {
    let mut office = office();
    office.stop();
    office.command(&["deny", "add", "Evil.test", "2001:db8::/32", "--reason", "déjà vu"]);
    office.start();
    let reply = asked(&office, "mx", "eve@evil.test", "alice@alpha.test");
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    let shown = json(&office, &["deny", "list", "--json"]);
    let who: Vec<&str> = shown.as_array().expect("a list").iter().filter_map(|one| one["who"].as_str()).collect();
    assert_eq!(who, ["2001:db8::/32", "evil.test"]);
    assert_eq!((&shown[1]["kind"], &shown[1]["reason"]), (&Value::from("domain"), &Value::from("déjà vu")));
    assert_eq!(json(&office, &["allow", "list", "--json"]), Value::Array(Vec::new()));
    for (words, status, why) in [
        (&["deny", "add", "a b"][..], 2, "hello:NAME"),
        (&["deny", "add", "new.test", "evil.test"], 1, "denied already"),
        (&["allow", "add", "evil.test"], 1, "facteur deny remove evil.test"),
        (&["allow", "remove", "evil.test"], 1, "not on the list"),
        (&["deny", "add", "x.test", "--reason", "a\nb"], 1, "control characters"),
    ] {
        let (code, _, told) = office.try_command(words, b"");
        assert_eq!(code, status, "{words:?}: {told}");
        assert!(told.contains(why), "{words:?}: {told}");
    }
    assert_eq!(json(&office, &["deny", "list", "--json"]).as_array().map(Vec::len), Some(2), "all or nothing");
    office.command(&["deny", "remove", "evil.test"]);
    assert!(asked(&office, "mx", "eve@evil.test", "alice@alpha.test").starts_with("250"));
}

/// The replies to RCPT for these recipients, in one transaction of this sender.
fn each(office: &Office, from: &str, recipients: &[&str]) -> Vec<String> {
    let mut line = Dialogue::open(office.ports.smtp).expect("a conversation");
    line.reply().expect("a greeting");
    line.ask("EHLO mx").expect("a reply");
    line.ask(&format!("MAIL FROM:<{from}>")).expect("a reply");
    recipients.iter().map(|to| line.ask(&format!("RCPT TO:<{to}>")).expect("a reply")).collect()
}

#[test]
fn letters_take_the_route_of_their_sender_or_recipient_and_one_that_is_away_holds_up_its_own_only() {
    let (usual, partner, relay) = (Sink::keeping(true), Sink::keeping(true), Sink::keeping(true));
    let builder = OfficeBuilder::new("alpha.test").person("alice").person("anna");
    let office = builder.route("*", usual.port).start();
    let (alice, anna) = (&office.people[0], &office.people[1]);
    let send = |from: &Person, id: &str, to: &str| {
        office.submit(from, &[to], &generated_letter(id, &from.address, to, 300)).must_succeed();
    };
    let place = |sink: &Sink| format!("127.0.0.1:{}", sink.port);
    office.command(&["route", "add", "--to", "Bob@beta.test", &place(&partner)]);
    // Nobody listens there.
    office.command(&["route", "add", "--from", &anna.address, "127.0.0.1:1"]);
    send(anna, "waits", "carl@gamma.test");
    send(alice, "usual", "carl@gamma.test");
    send(alice, "ben", "ben@beta.test");
    send(anna, "bob", "bob@beta.test");
    usual.letter("usual");
    usual.letter("ben");
    partner.letter("bob");
    let waits = office.command(&["queue", "list"]);
    assert!(waits.contains("carl@gamma.test"), "{waits}");
    office.command(&["route", "remove", "--from", &anna.address]);
    office.command(&["route", "add", "--from", "alpha.test", &place(&relay)]);
    office.command(&["queue", "retry", "--all"]);
    relay.letter("waits");
    let told = office.command(&["route", "test", "dora@delta.test", "--from", "anna@alpha.test"]);
    assert!(told.contains("127.0.0.1") && told.contains("lets us in"), "{told}");
    let listed = json(&office, &["route", "list", "--json"]);
    let routes = listed.as_array().expect("routes").iter();
    let shown: Vec<String> = routes.map(|route| format!("{} {}", route["letters"], route["configured"])).collect();
    assert_eq!(shown, ["\"from\" false", "\"to\" false", "\"every\" true"]);
}

/// A server that wants a log-in, and remembers what it was told. Gives its port.
fn wanting_login() -> (u16, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let heard = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
    let told = heard.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"220 relay.test\r\n");
            let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
            let mut in_letter = false;
            for line in lines.map_while(Result::ok) {
                told.lock().expect("lock").push(line.clone());
                let reply = match line.split(' ').next().unwrap_or_default() {
                    "." => "250 taken",
                    _ if in_letter => continue,
                    "EHLO" => "250-relay.test\r\n250 AUTH PLAIN",
                    "AUTH" => "235 welcome",
                    "DATA" => "354 go on",
                    _ => "250 fine",
                };
                in_letter = line == "DATA" || in_letter && line != ".";
                if stream.write_all(format!("{reply}\r\n").as_bytes()).is_err() || line == "QUIT" {
                    break;
                }
            }
        }
    });
    (port, heard)
}

#[test]
fn each_sender_logs_in_at_a_relay_of_their_own_and_no_password_is_shown_or_lies_open() {
    let (port, heard) = wanting_login();
    let office = OfficeBuilder::new("alpha.test").person("alice").route("*", 1).start();
    let (alice, place) = (office.first(), format!("127.0.0.1:{port}"));
    let words = ["route", "add", "--from", &alice.address, &place, "--user", "alice@isp.test", "--password-stdin"];
    office.command_with_input(&[&words[..], &["--tls", "opportunistic"]].concat(), b"open sesame\n");
    let told = office.command(&["route", "test", "bob@beta.test", "--from", &alice.address]);
    assert!(told.contains("takes the log-in"), "{told}");
    let letter = generated_letter("through", &alice.address, "bob@beta.test", 300);
    office.submit(alice, &["bob@beta.test"], &letter).must_succeed();
    // "\0alice@isp.test\0open sesame"
    let login = "AUTH PLAIN AGFsaWNlQGlzcC50ZXN0AG9wZW4gc2VzYW1l";
    let came = || {
        let heard = heard.lock().expect("lock");
        heard.iter().filter(|line| *line == login).count() > 1 && heard.iter().any(|line| line.contains("<through@"))
    };
    let patience = Instant::now() + Duration::from_secs(60);
    while !came() {
        assert!(Instant::now() < patience, "{:?}", heard.lock().expect("lock"));
        // time passes: between two looks
        std::thread::sleep(Duration::from_millis(20));
    }
    let shown = [office.command(&["route", "list", "--json"]), office.command(&["route", "list"]), office.log()];
    let files = tests::below(&office.data()).into_iter().filter_map(|path| std::fs::read(path).ok());
    for text in shown.into_iter().map(String::into_bytes).chain(files) {
        assert!(!text.windows(11).any(|piece| piece == b"open sesame"), "a password lies open");
    }
    for (words, status) in [
        (&["route", "add", "--from", "hello:x", "a.test"][..], 2),
        (&["route", "add", "--to", "b.test", "command:/bin/cat"], 2),
        (&["route", "add", "a.test"], 2),
        (&["route", "add", "--from", &alice.address, "a.test"], 1),
        (&["route", "remove", "--to", "nobody.test"], 1),
        (&["route", "test", "x@y.test", "--from", "nobody@z.test"], 1),
    ] {
        let (code, _, told) = office.try_command(words, b"");
        assert_eq!(code, status, "{words:?}: {told}");
    }
}

#[test]
fn every_address_of_the_other_name_of_a_domain_is_that_of_the_domain() {
    let sink = Sink::keeping(true);
    let office = OfficeBuilder::new("alpha.test").person("alice").route("*", sink.port).start();
    office.command(&["domain", "add", "old.test", "--alias-of", "alpha.test"]);
    office.command(&["alias", "add", "info@alpha.test", "alice@alpha.test"]);
    let alice = office.first();
    for (id, to) in [("direct", "Alice+x@old.test"), ("alias", "info@old.test")] {
        office.hand_in("bob@beta.test", &[to], &generated_letter(id, "bob@beta.test", to, 300)).must_succeed();
    }
    assert_eq!(office.read(alice, "INBOX", 2).len(), 2);
    let under_old = Person { address: "alice@old.test".into(), ..alice.clone() };
    let letter = generated_letter("out", "alice@old.test", "bob@beta.test", 300);
    office.submit(&under_old, &["bob@beta.test"], &letter).must_succeed();
    let sent = String::from_utf8(sink.letter("out")).expect("text");
    assert!(sent.contains("d=old.test"), "signed by the other name: {sent}");
    assert!(each(&office, "bob@beta.test", &["nobody@old.test"])[0].starts_with("550 5.1.1"));
    let listed = json(&office, &["domain", "list", "--json"]);
    assert_eq!((&listed[1]["domain"], &listed[1]["alias_of"]), (&Value::from("old.test"), &Value::from("alpha.test")));
    for (words, why) in [
        (&["domain", "add", "new.test", "--alias-of", "nowhere.test"][..], "not one of our domains"),
        (&["domain", "add", "old.test"], "already"),
        (&["domain", "remove", "alpha.test"], "old.test is another name of alpha.test"),
        (&["account", "add", "alice@old.test", "--generate"], "already"),
    ] {
        let (code, _, told) = office.try_command(words, b"");
        assert!(code == 1 && told.contains(why), "{words:?}: {told}");
    }
    office.command(&["domain", "remove", "old.test"]);
    assert!(each(&office, "bob@beta.test", &["alice@old.test"])[0].starts_with("550 5.7.1"), "relaying denied");
    assert_eq!(office.read(alice, "INBOX", 2).len(), 2, "nothing is lost");
}

#[test]
fn a_group_leads_to_people_here_and_elsewhere_and_says_who_may_write_to_it_and_as_it() {
    let sink = Sink::keeping(true);
    let builder = OfficeBuilder::new("alpha.test").person("alice").person("anna").person("otto");
    let office = builder.route("*", sink.port).start();
    let [alice, anna, otto] = &office.people[..] else { panic!("three people") };
    office.command(&["group", "add", "choir@alpha.test", "alice@alpha.test", "bob@beta.test"]);
    office.command(&["group", "add", "all@alpha.test", "choir@alpha.test", "anna@alpha.test"]);
    let letter = generated_letter("all", "eve@evil.test", "all@alpha.test", 300);
    office.hand_in("eve@evil.test", &["all@alpha.test"], &letter).must_succeed();
    sink.letter("all");
    assert_eq!((office.read(alice, "INBOX", 1).len(), office.read(anna, "INBOX", 1).len()), (1, 1));

    let asked = |from: &str| each(&office, from, &["choir@alpha.test"]).remove(0);
    let submitted = |person: &Person, from: &str| {
        office.submit(person, &["choir@alpha.test"], &generated_letter("try", from, "choir@alpha.test", 300))
    };
    office.command(&["group", "set", "choir@alpha.test", "--writers", "ours"]);
    assert!(asked("eve@evil.test").starts_with("550 5.7.2 this is a group"), "{}", asked("eve@evil.test"));
    assert!(asked("alice@alpha.test").starts_with("550 5.7.2"), "nobody here has logged in");
    assert!(asked("Bob@beta.test").starts_with("250"), "a member from elsewhere");
    submitted(otto, &otto.address).must_succeed();
    office.command(&["group", "set", "choir@alpha.test", "--writers", "members"]);
    assert_eq!(submitted(otto, &otto.address).code, 1, "otto is no member");
    submitted(alice, &alice.address).must_succeed();

    submitted(alice, "choir@alpha.test").must_succeed();
    office.command(&["group", "set", "choir@alpha.test", "--write-as", "no"]);
    assert_eq!(submitted(alice, "choir@alpha.test").code, 1, "alice may write as the group no more");
    let listed = json(&office, &["group", "list", "--json"]);
    assert_eq!(
        (&listed[1]["group"], &listed[1]["writers"]),
        (&Value::from("choir@alpha.test"), &Value::from("members"))
    );
    assert_eq!((json(&office, &["alias", "list", "--json"])), Value::Array(Vec::new()), "groups are no aliases");
    for (words, why) in [
        (&["group", "add", "choir@alpha.test", "all@alpha.test"][..], "lead to itself"),
        (&["group", "add", "alice@alpha.test", "anna@alpha.test"], "already"),
        (&["group", "set", "nobody@alpha.test", "--writers", "ours"], "no group"),
        (&["alias", "add", "choir@alpha.test", "anna@alpha.test"], "is a group"),
        (&["alias", "remove", "choir@alpha.test"], "is a group"),
        (&["group", "remove", "choir@alpha.test", "anna@alpha.test"], "does not lead to"),
    ] {
        let (code, _, told) = office.try_command(words, b"");
        assert!(code == 1 && told.contains(why), "{words:?}: {told}");
    }
    office.command(&["group", "remove", "choir@alpha.test"]);
    assert!(asked("alice@alpha.test").starts_with("550 5.1.1"));
}

#[test]
fn a_copy_goes_to_whoever_gets_it_is_not_copied_again_and_writes_to_nobody_if_it_fails() {
    let (sink, refuses) = (Sink::keeping(true), refusing());
    let builder = OfficeBuilder::new("alpha.test").person("alice").person("archive").route("*", sink.port);
    let office = builder.route("gone.test", refuses).start();
    let (alice, archive) = (&office.people[0], &office.people[1]);
    office.command(&["copy", "add", "--all", "archive@alpha.test"]);
    office.command(&["copy", "add", "--from", "alpha.test", "journal@gone.test"]);
    let out = generated_letter("out", &alice.address, "bob@beta.test", 300);
    office.submit(alice, &["bob@beta.test"], &out).must_succeed();
    let comes = generated_letter("in", "eve@evil.test", &alice.address, 300);
    office.hand_in("eve@evil.test", &[&alice.address], &comes).must_succeed();
    sink.letter("out");
    let copies = office.read(archive, "INBOX", 2);
    assert!(copies.iter().any(|copy| copy.contains("<out@")) && copies.iter().any(|copy| copy.contains("<in@")));
    assert!(copies.iter().all(|copy| copy.contains("Return-Path: <>")), "{copies:?}");
    // The journal refuses its copy, which is held for the administrator, and nobody is written to.
    let patience = Instant::now() + Duration::from_secs(60);
    while !office.command(&["queue", "list"]).contains("no such person") {
        assert!(Instant::now() < patience, "{}", office.command(&["queue", "list"]));
        // time passes: between two looks
        std::thread::sleep(Duration::from_millis(50));
    }
    let after = generated_letter("after", "eve@evil.test", &alice.address, 300);
    office.hand_in("eve@evil.test", &[&alice.address], &after).must_succeed();
    let alice_has = office.read(alice, "INBOX", 2);
    assert!(alice_has.iter().all(|letter| letter.contains("<in@") || letter.contains("<after@")), "{alice_has:?}");
    let told = office.command(&["trace", "journal@gone.test"]);
    assert!(told.contains("no such person"), "{told}");
    assert_eq!(json(&office, &["copy", "list", "--json"]).as_array().map(Vec::len), Some(2));
    for (words, status) in [
        (&["copy", "add", "--all", "archive@alpha.test"][..], 1),
        (&["copy", "add", "--all", "--incoming", "x@y.test"], 2),
        (&["copy", "remove", "--outgoing", "archive@alpha.test"], 1),
        (&["copy", "remove", "--all", "archive@alpha.test"], 0),
    ] {
        let (code, _, told) = office.try_command(words, b"");
        assert_eq!(code, status, "{words:?}: {told}");
    }
}

#[test]
fn a_limit_says_what_is_too_much_before_the_letter_comes_and_counts_every_way_in() {
    let office = office();
    let alice = office.first();
    office.command(&["limit", "set", "evil.test", "--letters", "2", "--size", "1K"]);
    office.command(&["limit", "set", "alpha.test", "--recipients", "3"]);
    let mail = |parameters: &str| {
        let mut line = Dialogue::open(office.ports.smtp).expect("a conversation");
        line.reply().expect("a greeting");
        line.ask("EHLO mx").expect("a reply");
        line.ask(&format!("MAIL FROM:<eve@mx.evil.test>{parameters}")).expect("a reply")
    };
    assert_eq!(mail(" SIZE=2000"), "552 5.3.4 the administrator takes letters of 1024 bytes at most from evil.test");
    let large = generated_letter("large", "eve@evil.test", &alice.address, 3000);
    let reply = handed(&office, ("mx", "eve@evil.test", &alice.address), &large);
    assert!(reply.starts_with("552 5.3.4"), "{reply}");
    for id in ["one", "two"] {
        let letter = generated_letter(id, "eve@evil.test", &alice.address, 100);
        let reply = handed(&office, ("mx", "eve@evil.test", &alice.address), &letter);
        assert!(reply.starts_with("250"), "{reply}");
    }
    assert!(
        mail("").starts_with("450 4.7.1 evil.test may send 2 letters an hour here; try again in 30 minutes"),
        "{}",
        mail("")
    );
    assert!(each(&office, "bob@beta.test", &[&alice.address])[0].starts_with("250"), "nobody else is concerned");

    let to = ["a@b.test", "c@b.test", "d@b.test"];
    office.submit(alice, &to, &generated_letter("three", &alice.address, "a@b.test", 100)).must_succeed();
    let fourth = office.submit(alice, &["e@b.test"], &generated_letter("four", &alice.address, "e@b.test", 100));
    assert!(fourth.code == 1 && fourth.out.contains("452"), "{}", fourth.out);
    let listed = json(&office, &["limit", "list", "--json"]);
    assert_eq!((&listed[0]["who"], &listed[0]["recipients_an_hour"]), (&Value::from("alpha.test"), &Value::from(3)));
    for (words, status) in [
        (&["limit", "set", "evil.test"][..], 2),
        (&["limit", "set", "hello:x", "--letters", "1"], 2),
        (&["limit", "set", "evil.test", "--letters", "many"], 2),
        (&["limit", "remove", "other.test"], 1),
        (&["limit", "remove", "evil.test"], 0),
    ] {
        let (code, _, told) = office.try_command(words, b"");
        assert_eq!(code, status, "{words:?}: {told}");
    }
    assert!(mail("").starts_with("250"));
}

#[test]
fn an_international_address_is_one_in_every_form_and_goes_to_a_plain_server_in_the_form_that_it_can_take() {
    // It does not know SMTPUTF8.
    let sink = Sink::keeping(true);
    let office = OfficeBuilder::new("alpha.test").person("alice").route("*", sink.port).start();
    office.command(&["domain", "add", "bücher.test"]);
    let (code, _, told) = office.try_command(&["domain", "add", "xn--bcher-kva.test"], b"");
    assert!(code == 1 && told.contains("already"), "{told}");
    let password = "seven quiet tree houses";
    for address in ["jürgen@bücher.test", "anna@xn--bcher-kva.test"] {
        office.command_with_input(&["account", "add", address, "--password-stdin"], password.as_bytes());
    }
    office.command(&["alias", "add", "élise@bücher.test", "jürgen@xn--bcher-kva.test"]);
    let person = |address: &str| Person { address: address.into(), password: password.into() };
    let (juergen, anna) = (person("jürgen@bücher.test"), person("anna@BÜCHER.test"));
    let forms = ["JÜRGEN@xn--bcher-kva.test", "ju\u{308}rgen@bücher.test", "e\u{301}lise@BÜCHER.test"];
    for (at, to) in forms.into_iter().enumerate() {
        let letter = generated_letter(&format!("form{at}"), "bob@beta.test", to, 300);
        office.hand_in("bob@beta.test", &[to], &letter).must_succeed();
    }
    assert_eq!(office.read(&juergen, "INBOX", forms.len()).len(), forms.len());
    let unknown =
        office.hand_in("bob@beta.test", &["nemo@bücher.test"], &generated_letter("x", "b@b.test", "x@y.test", 99));
    assert!(unknown.code == 1 && unknown.out.contains("550"), "{}", unknown.out);

    let letter = generated_letter("plain", "anna@xn--bcher-kva.test", "carl@gamma.test", 300);
    office.submit(&anna, &["carl@gamma.test"], &letter).must_succeed();
    assert!(String::from_utf8_lossy(&sink.letter("plain")).contains("d=xn--bcher-kva.test"), "signed, in ASCII");
    let letter = generated_letter("cannot", "jürgen@bücher.test", "carl@gamma.test", 300);
    office.submit(&juergen, &["carl@gamma.test"], &letter).must_succeed();
    let letters = office.read(&juergen, "INBOX", forms.len() + 1);
    let report = letters.iter().find(|letter| letter.contains("5.6.7")).expect("a report");
    assert!(report.contains("<cannot@test>") && report.contains("SMTPUTF8"), "{report}");
    assert!(sink.taken.lock().expect("lock").iter().all(|id| id != "cannot"));
    office.command(&["deny", "add", "exámple.test"]);
    assert!(each(&office, "eve@xn--exmple-qta.test", &["alice@alpha.test"])[0].starts_with("550 5.7.1"));
}
#[test]
fn letters_leave_from_the_address_that_is_set_and_their_history_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let office = OfficeBuilder::new("alpha.test").person("alice").route("*", port);
    let office = office.configure("[send]\naddress = [\"127.0.0.2\"]\n").start();
    let alice = office.first();
    let letter = generated_letter("left", &alice.address, "bob@beta.test", 300);
    office.submit(alice, &["bob@beta.test"], &letter).must_succeed();
    let (mut stream, from) = listener.accept().expect("a connection");
    assert_eq!(from.ip().to_string(), "127.0.0.2");
    stream.write_all(b"220 sink.test\r\n").expect("written");
    let mut in_letter = false;
    for line in BufReader::new(stream.try_clone().expect("a stream")).lines().map_while(Result::ok) {
        let reply = match line.as_str() {
            "." => "250 taken",
            _ if in_letter => continue,
            "DATA" => "354 go on",
            _ => "250 fine",
        };
        in_letter = line == "DATA" || in_letter && line != ".";
        if stream.write_all(format!("{reply}\r\n").as_bytes()).is_err() || line == "QUIT" {
            break;
        }
    }
    let told = office.command(&["trace", "left@test"]);
    assert!(told.contains("it left from 127.0.0.2"), "{told}");
    for (set, why) in [("\"192.0.2.1\", \"192.0.2.2\"", "192.0.2.2"), ("\"here\"", "here"), ("\"0.0.0.0\"", "0.0.0.0")]
    {
        let config = office.data().with_file_name("bad.toml");
        std::fs::write(&config, format!("[send]\naddress = [{set}]\n")).expect("written");
        let config = config.to_str().expect("a path");
        let output = std::process::Command::new(tests::facteur()).args(["domain", "list", "--config", config]).output();
        let output = output.expect("facteur runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(why), "{set}: {told}");
    }
}
