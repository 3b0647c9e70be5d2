//! Letters that go on to another house: with a return path of our own, which takes reports and answers and nothing else.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use auth::srs::{Day, Key};
use rusqlite::Connection;
use serde_json::Value;
use tests::{Dialogue, Office, OfficeBuilder, Sink, free_port, generated_letter, message_ids};
use waiting::wait_for;

/// alpha.test, where Alice lives, whose letters go on to Carol at gamma.test, another Facteur; Bob is at beta.test, whose
/// server is a sink.
struct Street {
    alpha: Office,
    gamma: Office,
    bob: Sink,
}

impl Street {
    fn new() -> Self {
        let bob = Sink::keeping(true);
        let gamma_port = free_port();
        let alpha = OfficeBuilder::new("alpha.test")
            .person("alice")
            .route("beta.test", bob.port)
            .route("gamma.test", gamma_port)
            .start();
        let gamma = OfficeBuilder::new("gamma.test")
            .smtp_port(gamma_port)
            .person("carol")
            .route("alpha.test", alpha.ports.smtp)
            .start();
        Self { alpha, gamma, bob }
    }

    fn forward(&self, words: &[&str]) {
        let all = [&["account", "set", "alice@alpha.test", "--forward"], words].concat();
        self.alpha.command(&all);
    }

    /// Has a letter of Bob's go on to Carol, and gives the return path with which it came there.
    fn forwarded(&self, id: &str, from: &str) -> String {
        let letter = generated_letter(id, from, "alice@alpha.test", 400);
        self.alpha.hand_in(from, &["alice@alpha.test"], &letter).must_succeed();
        let there = wait_for("it is at gamma.test", || {
            let all = self.gamma.read(self.gamma.first(), "INBOX", 1);
            all.into_iter().find(|one| one.contains(&format!("<{id}@test>")))
        });
        assert!(there.as_bytes().ends_with(&letter), "octet for octet: {there}");
        let path = there.strip_prefix("Return-Path: <").and_then(|rest| rest.split('>').next());
        path.expect("a return path").to_owned()
    }
}

fn json(office: &Office, words: &[&str]) -> Value {
    serde_json::from_str(&office.command(words)).expect("JSON")
}

/// The answer of the office to a recipient, from a server without a name.
fn answer(office: &Office, from: &str, to: &str) -> String {
    let mut dialogue = Dialogue::open(office.ports.smtp).expect("a door");
    dialogue.reply().expect("a greeting");
    dialogue.ask("EHLO gamma.test").expect("an answer");
    dialogue.ask(&format!("MAIL FROM:<{from}>")).expect("an answer");
    dialogue.ask(&format!("RCPT TO:<{to}>")).expect("an answer")
}

fn report(id: &str, to: &str) -> Vec<u8> {
    format!(
        "From: <mailer@gamma.test>\r\nTo: <{to}>\r\nSubject: returned\r\nMessage-ID: <{id}@test>\r\n\
         Content-Type: multipart/report; boundary=x\r\n\r\n--x--\r\n"
    )
    .into_bytes()
}

#[test]
fn a_letter_goes_on_octet_for_octet_and_a_report_on_it_comes_back_to_its_sender() {
    let street = Street::new();
    street.forward(&["carol@gamma.test"]);
    let path = street.forwarded("onward", "bob@beta.test");
    assert!(path.starts_with("SRS0=") && path.ends_with("=beta.test=bob@alpha.test"), "{path}");
    let here = street.alpha.read(street.alpha.first(), "INBOX", 1).remove(0);
    assert!(here.starts_with("Return-Path: <bob@beta.test>"), "Alice has a copy: {here}");

    street.alpha.hand_in("", &[&path], &report("returned", &path)).must_succeed();
    assert!(street.bob.letter("returned").ends_with(&report("returned", &path)));
    let loud = path.to_uppercase();
    street.alpha.hand_in("", &[&loud], &report("loud", &loud)).must_succeed();
    street.bob.letter("loud");
    let told = street.alpha.command(&["trace", "onward@test"]);
    assert!(!told.contains("SRS0"), "{told}");
}

#[test]
fn a_return_path_takes_answers_and_nothing_else_and_none_that_is_forged_or_too_old() {
    let street = Street::new();
    street.forward(&["carol@gamma.test"]);
    street.alpha.command(&["alias", "add", "*@alpha.test", "alice@alpha.test"]);
    let path = street.forwarded("onward", "bob@beta.test");
    let answers =
        format!("In-Reply-To: <onward@test>\r\nMessage-ID: <answer@test>\r\nTo: <{path}>\r\n\r\nI am away.\r\n");
    street.alpha.hand_in("carol@gamma.test", &[&path], answers.as_bytes()).must_succeed();
    street.bob.letter("answer");
    let unasked = generated_letter("unasked", "eve@evil.test", &path, 300);
    let refused = street.alpha.hand_in("eve@evil.test", &[&path], &unasked);
    assert!(refused.out.contains("550 5.7.1"), "{refused:?}");

    let forged = format!("{}x{}", &path[..6], &path[7..]);
    let forged = if forged == path { format!("{}y{}", &path[..6], &path[7..]) } else { forged };
    for to in
        [forged.as_str(), "SRS0=aaaaaaaaaa=aa=beta.test=bob@alpha.test", "SRS1=aaaaaaaaaaaa=x.test==y=z=w=v@alpha.test"]
    {
        let said = answer(&street.alpha, "", to);
        assert!(said.starts_with("550 5.1.1"), "{to}: {said}");
    }
    let said = answer(&street.alpha, "", "victim@beta.test");
    assert!(said.starts_with("550 5.7.1"), "no relay: {said}");

    let database = Connection::open(street.alpha.data().join("facteur.db")).expect("the database");
    let secret: Vec<u8> = database
        .query_row("SELECT secret FROM directory_secret WHERE id = 2", (), |row| row.get(0))
        .expect("the secret");
    let key = Key::new(&secret.try_into().expect("32 octets"));
    let today = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let made = |days: u64| {
        let day = Day::of(i64::try_from(today - days * 86_400).expect("a time"));
        format!("{}@alpha.test", key.close("bob", "beta.test", day).expect("it fits"))
    };
    assert!(answer(&street.alpha, "", &made(29)).starts_with("250"));
    let said = answer(&street.alpha, "", &made(32));
    assert!(said.starts_with("550 5.1.1"), "{said}");
}

#[test]
fn a_sender_whose_address_does_not_fit_is_kept_and_found_again_after_a_restart() {
    let mut street = Street::new();
    street.forward(&["carol@gamma.test", "--keep-copy", "no"]);
    let long = format!("{}@beta.test", "bounces-4711-and-more".repeat(3));
    let path = street.forwarded("long", &long);
    assert!(path.split('@').next().is_some_and(|local| local.len() <= 64 && local.contains("==")), "{path}");
    street.alpha.kill();
    street.alpha.start();
    street.alpha.hand_in("", &[&path], &report("back", &path)).must_succeed();
    street.bob.letter("back");
    assert_eq!(json(&street.alpha, &["account", "list", "--json"])[0]["letters"], 0, "no copy is kept");
    // A report passes with the null return path, and a letter of our own people keeps theirs.
    street.alpha.hand_in("", &["alice@alpha.test"], &report("null", "alice@alpha.test")).must_succeed();
    let alice = street.alpha.first();
    let own = generated_letter("own", &alice.address, "alice@alpha.test", 300);
    street.alpha.submit(alice, &["alice@alpha.test"], &own).must_succeed();
    let there = street.gamma.read(street.gamma.first(), "INBOX", 3);
    let of = |id: &str| there.iter().find(|one| one.contains(id)).expect("it is there");
    assert!(of("<null@test>").starts_with("Return-Path: <>"));
    assert!(of("<own@test>").starts_with("Return-Path: <alice@alpha.test>"));
}

/// A server that refuses each letter with these words once it has it, and knows nobody called nobody. Gives its port.
fn refusing(words: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || refuse(&stream, words));
        }
    });
    port
}

fn refuse(stream: &TcpStream, words: &str) -> Option<()> {
    let mut writer = stream;
    let mut say = |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 gamma.test")?;
    let mut in_letter = false;
    for line in BufReader::new(stream).lines() {
        let line = line.ok()?;
        let reply = match line.as_str() {
            "." if in_letter => {
                in_letter = false;
                words
            }
            _ if in_letter => continue,
            "DATA" => {
                in_letter = true;
                "354 go on"
            }
            "QUIT" => {
                say("221 2.0.0 bye")?;
                let _ = stream.shutdown(Shutdown::Both);
                return None;
            }
            line if line.contains("<nobody@") => "550 5.1.1 no such person",
            _ => "250 2.0.0 fine",
        };
        say(reply)?;
    }
    None
}

#[test]
fn a_house_that_refuses_letters_as_spam_gets_no_more_and_the_owner_is_told_once_and_has_them_all() {
    let bob = Sink::keeping(true);
    let alpha = OfficeBuilder::new("alpha.test")
        .person("alice")
        .route("beta.test", bob.port)
        .route("gamma.test", refusing("550 5.7.1 this looks like spam"))
        .start();
    alpha.command(&["account", "set", "alice@alpha.test", "--language", "fr"]);
    alpha.command(&["account", "set", "alice@alpha.test", "--forward", "carol@gamma.test", "--keep-copy", "no"]);
    let hand_in = |id: String| {
        let letter = generated_letter(&id, "bob@beta.test", "alice@alpha.test", 300);
        alpha.hand_in("bob@beta.test", &["alice@alpha.test"], &letter).must_succeed();
    };
    (0..5).for_each(|n| hand_in(format!("spam{n}")));
    let state = || json(&alpha, &["account", "show", "alice@alpha.test", "--json"])["forward"][0]["state"].clone();
    wait_for("the forward is paused", || (state() == "paused").then_some(()));
    hand_in("kept".to_owned());
    let command = "facteur account resume alice@alpha.test carol@gamma.test";
    let inbox = wait_for("the owner is told that it is paused", || {
        let inbox = alpha.read(alpha.first(), "INBOX", 7);
        inbox.iter().any(|letter| letter.contains(command)).then_some(inbox)
    });
    let mut ids = message_ids(&inbox);
    ids.retain(|id| id.starts_with("spam") || id == "kept");
    assert_eq!(ids, ["kept", "spam0", "spam1", "spam2", "spam3", "spam4"]);
    let of_bob = |letter: &&String| letter.contains("<kept@test>") || letter.contains("<spam0@test>");
    assert!(inbox.iter().filter(of_bob).all(|letter| letter.starts_with("Return-Path: <bob@beta.test>")));
    let told = inbox.iter().filter(|letter| letter.contains("auto-generated")).count();
    assert!((1..=2).contains(&told), "that it fails, unless it is paused by then, and that it is paused: {told}");
    let history = alpha.command(&["trace", "kept@test"]);
    assert!(history.contains("it is kept here and does not go on"), "{history}");
    assert_eq!(bob.count(), 0, "the sender, whom nothing proves, hears nothing");

    let said = alpha.command(&["account", "resume", "alice@alpha.test"]);
    assert!(said.contains("carol@gamma.test again"), "{said}");
    assert_eq!(state(), "working");
    hand_in("once-more".to_owned());
    wait_for("it is tried again", || (state() == "failing").then_some(()));
}

#[test]
fn a_letter_for_an_alias_that_is_not_taken_elsewhere_comes_to_the_postmaster_and_goes_back_to_no_stranger() {
    let bob = Sink::keeping(true);
    let alpha = OfficeBuilder::new("alpha.test")
        .person("alice")
        .route("beta.test", bob.port)
        .route("gamma.test", refusing("250 2.0.0 taken"))
        .start();
    alpha.command(&["alias", "add", "info@alpha.test", "nobody@gamma.test"]);
    let letter = generated_letter("lost", "bob@beta.test", "info@alpha.test", 200_000);
    alpha.hand_in("bob@beta.test", &["info@alpha.test"], &letter).must_succeed();
    let inbox = alpha.read(alpha.first(), "INBOX", 2);
    let back = inbox.iter().find(|one| one.contains("<lost@test>")).expect("the letter is here");
    assert!(back.starts_with("Return-Path: <bob@beta.test>") && back.as_bytes().ends_with(&letter));
    assert!(inbox.iter().any(|one| one.contains("auto-generated") && one.contains("no such person")), "{inbox:?}");
    assert_eq!(json(&alpha, &["queue", "list", "--json"]).as_array().map(Vec::len), Some(0));
    assert_eq!(bob.count(), 0);
    let listed = json(&alpha, &["alias", "list", "--json"]);
    assert_eq!(
        (&listed[0]["targets"][0], &listed[0]["forward"][0]["state"]),
        (&"nobody@gamma.test".into(), &"failing".into())
    );
}

#[test]
fn letters_beyond_the_rate_wait_and_none_is_refused_or_lost_by_a_kill() {
    let carol = Sink::keeping(true);
    let mut alpha = OfficeBuilder::new("alpha.test")
        .person("alice")
        .route("gamma.test", carol.port)
        .configure("[forward]\nper_hour = 3\n")
        .start();
    alpha.command(&["account", "set", "alice@alpha.test", "--forward", "carol@gamma.test"]);
    for n in 0..5 {
        let letter = generated_letter(&format!("many{n}"), "bob@beta.test", "alice@alpha.test", 300);
        alpha.hand_in("bob@beta.test", &["alice@alpha.test"], &letter).must_succeed();
    }
    let waiting = |alpha: &Office| json(alpha, &["queue", "list", "--json"]).as_array().map_or(0, Vec::len);
    wait_for("an hour's letters are gone", || (waiting(&alpha) == 2).then_some(()));
    alpha.kill();
    alpha.start();
    assert_eq!(waiting(&alpha), 2);
    assert_eq!(alpha.read(alpha.first(), "INBOX", 5).len(), 5);
    assert_eq!(carol.count(), 3);
    let told = alpha.command(&["trace", "many4@test"]);
    assert!(told.contains("it waits for its turn"), "{told}");
}

#[test]
fn kills_while_letters_go_on_lose_none_and_double_none_here() {
    const LETTERS: usize = 60;
    let carol = Sink::start(Duration::from_millis(5));
    let mut alpha = OfficeBuilder::new("alpha.test").person("alice").route("gamma.test", carol.port).start();
    alpha.command(&["account", "set", "alice@alpha.test", "--forward", "carol@gamma.test"]);
    for n in 0..LETTERS {
        let letter = generated_letter(&format!("kill{n}"), "bob@beta.test", "alice@alpha.test", 300);
        alpha.hand_in("bob@beta.test", &["alice@alpha.test"], &letter).must_succeed();
        if n % 20 == 19 {
            alpha.kill();
            alpha.start();
        }
    }
    wait_for("all are there", || {
        let mut there = carol.taken.lock().expect("lock").clone();
        there.sort();
        there.dedup();
        (there.len() == LETTERS).then_some(())
    });
    assert_eq!(message_ids(&alpha.read(alpha.first(), "INBOX", LETTERS)).len(), LETTERS);
}

#[test]
fn a_circle_ends_and_what_cannot_be_set_is_said_so() {
    let street = Street::new();
    street.forward(&["carol@gamma.test", "--keep-copy", "no"]);
    let back = ["account", "set", "carol@gamma.test", "--forward", "alice@alpha.test", "--keep-copy", "no"];
    street.gamma.command(&back);
    let letter = generated_letter("circle", "bob@beta.test", "alice@alpha.test", 300);
    street.alpha.hand_in("bob@beta.test", &["alice@alpha.test"], &letter).must_succeed();
    let here = street.alpha.read(street.alpha.first(), "INBOX", 1);
    assert!(here[0].contains("<circle@test>"), "it ends where it was before: {here:?}");

    let shown = street.alpha.command(&["account", "show", "alice@alpha.test"]);
    assert!(shown.contains("carol@gamma.test") && shown.contains("elsewhere only"), "{shown}");
    let set = |words: &[&str]| {
        let all = [&["account", "set", "alice@alpha.test", "--forward"], words].concat();
        let (code, _, err) = street.alpha.try_command(&all, b"");
        assert_ne!(code, 0, "{words:?}");
        err
    };
    assert!(set(&["alice@alpha.test"]).contains("itself"));
    assert!(set(&["ghost@alpha.test"]).contains("nobody has that address"));
    assert!(set(&["none", "dora@gamma.test"]).contains("alone"));
    let many: Vec<String> = (0..11).map(|n| format!("dora{n}@gamma.test")).collect();
    assert!(set(&many.iter().map(String::as_str).collect::<Vec<_>>()).contains("10 addresses"));
    set(&["not an address"]);
    let (code, ..) = street.alpha.try_command(&["account", "resume", "ghost@alpha.test"], b"");
    assert_ne!(code, 0);
    let (code, ..) = street.alpha.try_command(&["alias", "resume", "ghost@alpha.test"], b"");
    assert_ne!(code, 0);
    let shown = json(&street.alpha, &["account", "show", "alice@alpha.test", "--json"]);
    assert_eq!(shown["forward"][0]["address"], "carol@gamma.test", "nothing has changed: {shown}");
    street.forward(&["none"]);
    let shown = json(&street.alpha, &["account", "show", "alice@alpha.test", "--json"]);
    assert_eq!(shown["forward"].as_array().map(Vec::len), Some(0));
}
