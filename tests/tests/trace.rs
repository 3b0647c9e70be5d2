//! Traces what happened to a letter, from Alice's pen to Bob's eyes, and to those letters that never arrived.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Dialogue, Office, OfficeBuilder, Pair, facteur, generated_letter};

/// Returns the records that `facteur trace --json` prints.
fn trace(office: &Office, words: &[&str]) -> Vec<Value> {
    let text = office.command(&[&["trace", "--json"], words].concat());
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

/// The same, once it tells what is waited for: other offices take their time, and reading is noted in groups.
#[track_caller]
fn trace_until(office: &Office, words: &[&str], told: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    waiting::wait_for("the trace tells of it", || Some(trace(office, words)).filter(|letters| told(letters)))
}

fn steps(letter: &Value) -> &[Value] {
    letter["steps"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The kinds of steps, in order.
fn kinds(letter: &Value) -> Vec<&str> {
    steps(letter).iter().filter_map(|step| step["step"].as_str()).collect()
}

fn step<'a>(letter: &'a Value, kind: &str) -> &'a Value {
    steps(letter).iter().find(|step| step["step"] == kind).unwrap_or_else(|| panic!("no step {kind} in {letter:#}"))
}

fn has(letters: &[Value], kind: &str) -> bool {
    letters.iter().any(|letter| kinds(letter).contains(&kind))
}

#[test]
fn a_letter_from_alice_to_bob_is_followed_through_both_offices_until_he_reads_it() {
    let pair = Pair::start();
    let (alice, bob) = (pair.alpha.first(), pair.beta.first());
    let letter = generated_letter("way", &alice.address, &bob.address, 2000);
    pair.alpha.submit(alice, &[&bob.address], &letter).must_succeed();
    assert_eq!(pair.beta.read(bob, "INBOX", 1).len(), 1);

    let sent = trace_until(&pair.alpha, &["way@test"], |letters| has(letters, "attempt"));
    assert_eq!(kinds(&sent[0]), ["received", "judged", "queued", "attempt"]);
    let (received, attempt) = (step(&sent[0], "received"), step(&sent[0], "attempt"));
    assert_eq!((received["by"].as_str(), received["login"].as_str()), (Some("msa"), Some("alice@alpha.test")));
    assert_eq!((received["peer"].as_str(), received["message_id"].as_str()), (Some("127.0.0.1"), Some("way@test")));
    assert!(received["tls"].as_str().is_some_and(|tls| tls.starts_with("TLSv1.3 ")), "{received}");
    assert_eq!(
        (attempt["outcome"].as_str(), attempt["recipient"].as_str()),
        (Some("delivered"), Some("bob@beta.test"))
    );
    let said = attempt["said"].as_str().expect("an answer");
    assert!(said.starts_with("250 2.0.0 taken as "), "{said}");

    // Beta's answer names the letter as beta does.
    let there = said.rsplit(' ').next().expect("a name");
    let got = trace_until(&pair.beta, &[there], |letters| has(letters, "read"));
    assert_eq!(kinds(&got[0]), ["received", "judged", "judged", "filed", "read"]);
    let (received, filed, read) = (step(&got[0], "received"), step(&got[0], "filed"), step(&got[0], "read"));
    assert_eq!((received["by"].as_str(), received["hello"].as_str()), (Some("mta"), Some("mail.alpha.test")));
    assert_eq!((filed["recipient"].as_str(), filed["folder"].as_str()), (Some("bob@beta.test"), Some("INBOX")));
    assert_eq!((&read["account"], read["door"].as_str()), (&filed["account"], Some("imap")));

    // Reading it again is no news.
    assert_eq!(pair.beta.read(bob, "INBOX", 1).len(), 1);
    // The readings are written down in groups, once a second.
    // time passes: a clock has to move
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(trace(&pair.beta, &[there]), got);

    let picture = pair.beta.command(&["trace", there]);
    assert!(
        picture.contains("alice@alpha.test ─▶ MTA ──▶ MDA ─▶ bob@beta.test/INBOX ─▶ IMAP ─▶ opened ✓"),
        "{picture}"
    );
    assert!(picture.contains("MTA") && picture.contains("opened by bob@beta.test"), "{picture}");
}

#[test]
fn a_letter_is_found_by_its_message_id_by_either_address_and_since_when() {
    let office = OfficeBuilder::new("alpha.test").person("alice").person("bob").start();
    let alice = office.first();
    for name in ["one", "two"] {
        let letter = generated_letter(name, &alice.address, "bob@alpha.test", 500);
        office.submit(alice, &["bob@alpha.test"], &letter).must_succeed();
    }
    for words in [["<one@test>"], ["one@test"]] {
        let found = trace(&office, &words);
        assert_eq!((found.len(), found[0]["message_id"].as_str()), (1, Some("one@test")));
    }
    for address in ["alice@alpha.test", "bob@alpha.test", "Bob@Alpha.Test"] {
        let found = trace(&office, &[address]);
        let ids: Vec<_> = found.iter().filter_map(|letter| letter["message_id"].as_str()).collect();
        assert_eq!(ids, ["two@test", "one@test"], "the last first, for {address}");
        assert_eq!(trace(&office, &[address, "--limit", "1"]).len(), 1);
        assert_eq!(trace(&office, &[address, "--since", "10m"]).len(), 2);
        assert_eq!(trace(&office, &[address, "--since", "2100-01-01"]).len(), 0);
    }
    assert!(trace(&office, &["nobody@alpha.test"]).is_empty());
    let (code, _, told) = office.try_command(&["trace", "nobody@alpha.test"], b"");
    assert!(code == 1 && told.contains("nothing is known of nobody@alpha.test"), "{code} {told}");
    assert_eq!(office.try_command(&["trace", "nonsense"], b"").0, 2);
}

#[test]
fn who_was_refused_before_the_letter_is_traced_with_peer_and_answer() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    peer.reply().expect("greeted");
    peer.ask("EHLO client.test").expect("answered");
    peer.ask("MAIL FROM:<eve@evil.test>").expect("answered");
    assert!(peer.ask("RCPT TO:<ghost@alpha.test>").expect("answered").starts_with("550 5.1.1"));
    assert!(peer.ask("RCPT TO:<victim@elsewhere.test>").expect("answered").starts_with("550 5.7.1"));

    let refused = trace_until(&office, &["eve@evil.test"], |letters| {
        letters.first().is_some_and(|letter| kinds(letter).len() == 2)
    });
    assert_eq!(refused.len(), 1, "it was one letter: {refused:#?}");
    assert_eq!(kinds(&refused[0]), ["refused", "refused"]);
    for (step, (to, reply)) in
        steps(&refused[0]).iter().zip([("ghost@alpha.test", "550 5.1.1 "), ("victim@elsewhere.test", "550 5.7.1 ")])
    {
        assert_eq!(step["recipients"], serde_json::json!([to]));
        assert!(step["reply"].as_str().is_some_and(|said| said.starts_with(reply)), "{step}");
        assert_eq!((step["peer"].as_str(), step["hello"].as_str()), (Some("127.0.0.1"), Some("client.test")));
    }
    assert_eq!(trace(&office, &["ghost@alpha.test"]), refused);

    // The rest of the letter is taken, under the same name.
    assert!(peer.ask("RCPT TO:<alice@alpha.test>").expect("answered").starts_with("250"));
    peer.ask("DATA").expect("answered");
    peer.write(b"Subject: hello\r\n\r\nhello\r\n.\r\n").expect("written");
    let name = peer.reply().expect("answered").rsplit(' ').next().expect("a name").to_owned();
    assert_eq!(kinds(&trace(&office, &[&name])[0]), ["refused", "refused", "received", "filed"]);
}

#[test]
fn a_letter_that_was_refused_behind_data_is_traced() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    peer.reply().expect("greeted");
    peer.ask("EHLO client.test").expect("answered");
    // Is one of these one letter or two? A hundred and one servers have seen the other.
    let lonely_dot = b"Subject: a\r\n\r\nb\r.\rx\r\n";
    assert!(!peer.send("dot@evil.test", "alice@alpha.test", lonely_dot).expect("answered"));
    let circles = "Received: by somewhere\r\n".repeat(101) + "Message-ID: <round@evil.test>\r\n\r\nround\r\n";
    assert!(!peer.send("round@evil.test", "alice@alpha.test", circles.as_bytes()).expect("answered"));

    let spoiled = trace_until(&office, &["dot@evil.test"], |letters| !letters.is_empty());
    assert_eq!(kinds(&spoiled[0]), ["refused"]);
    assert_eq!(step(&spoiled[0], "refused")["recipients"], serde_json::json!(["alice@alpha.test"]));
    let round = trace_until(&office, &["<round@evil.test>"], |letters| !letters.is_empty());
    assert!(step(&round[0], "refused")["reply"].as_str().is_some_and(|said| said.starts_with("554 5.4.6")));
    // The observations that were gathered last are there also after a good end.
    assert!(!peer.send("last@evil.test", "alice@alpha.test", lonely_dot).expect("answered"));
    drop(peer);
    let mut office = office;
    office.stop();
    assert_eq!(trace(&office, &["last@evil.test"]).len(), 1);
}

#[test]
fn a_letter_with_wrong_line_ends_and_nul_is_taken_and_what_was_mended_is_traced() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    peer.reply().expect("greeted");
    peer.ask("EHLO my pc").expect("answered");
    let letter = b"Message-ID: <odd@test>\nSubject: odd\r\n\r\none\rtwo\r\r\nthree\r\n";
    assert!(peer.send("sender@beta.test", "alice@alpha.test", letter).expect("answered"));

    let read_first = office.read(office.first(), "INBOX", 1);
    let told = trace_until(&office, &["odd@test"], |letters| has(letters, "mended"));
    assert_eq!(step(&told[0], "mended")["line_ends"], 3);
    assert_eq!(step(&told[0], "mended")["nul"], false);
    let with_nul = b"Message-ID: <nul@test>\r\n\r\nnul: \0\r\n";
    assert!(peer.send("sender@beta.test", "alice@alpha.test", with_nul).expect("answered"));
    let told = trace_until(&office, &["nul@test"], |letters| has(letters, "mended"));
    assert_eq!(step(&told[0], "mended")["nul"], true);
    assert!(read_first[0].contains("Subject: odd\r\n\r\none\r\ntwo\r\n") && read_first[0].ends_with("three\r\n"));
}

#[test]
fn a_letter_to_an_ip_address_of_ours_reaches_our_people_and_to_another_nobody() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let mut peer = Dialogue::open(office.ports.smtp).expect("connected");
    peer.reply().expect("greeted");
    peer.ask("EHLO client.test").expect("answered");
    for to in ["alice@[127.0.0.1]", "postmaster@[127.0.0.1]", "alice@[IPv6:::ffff:127.0.0.1]"] {
        assert!(
            peer.send("sender@beta.test", to, b"Message-ID: <literal@test>\r\n\r\nx\r\n").expect("answered"),
            "{to}"
        );
    }
    peer.ask("MAIL FROM:<sender@beta.test>").expect("answered");
    for (to, answer) in [("ghost@[127.0.0.1]", "550 5.1.1"), ("alice@[192.0.2.1]", "550 5.7.1")] {
        let said = peer.ask(&format!("RCPT TO:<{to}>")).expect("answered");
        assert!(said.starts_with(answer), "{to}: {said}");
    }
    assert_eq!(office.read(office.first(), "INBOX", 3).len(), 3);
}

/// A server that puts `grey@` off the first time, and never takes a letter for `no@`.
struct Grump {
    port: u16,
}

impl Grump {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        std::thread::spawn(move || {
            static SEEN: AtomicBool = AtomicBool::new(false);
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || drop(grumble(stream, &SEEN)));
            }
        });
        Self { port }
    }
}

fn grumble(stream: TcpStream, seen: &AtomicBool) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    writer.write_all(b"220 grump.test\r\n")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "RCPT" if line.contains("<grey@") && !seen.swap(true, Ordering::Relaxed) => {
                "451 4.7.1 I have never seen you before, come back\r\n"
            }
            "RCPT" if line.contains("<no@") => "550 5.1.1 nobody of that name \u{1b}[31mlives here\r\n",
            "DATA" => {
                writer.write_all(b"354 if you must\r\n")?;
                while line != ".\r\n" {
                    line.clear();
                    reader.read_line(&mut line)?;
                }
                "250 2.0.0 very well\r\n"
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n"),
            _ => "250 fine\r\n",
        };
        writer.write_all(answer.as_bytes())?;
    }
}

#[test]
fn each_try_is_told_with_the_answer_of_the_other_server_and_a_bounce_is_linked() {
    let grump = Grump::start();
    let office = OfficeBuilder::new("alpha.test").person("alice").route("*", grump.port).start();
    let alice = office.first();
    let letter = generated_letter("grump", &alice.address, "grey@grump.test", 500);
    office.submit(alice, &["grey@grump.test", "no@grump.test"], &letter).must_succeed();
    let put_off = |letters: &[Value]| {
        letters.iter().flat_map(steps).any(|step| step["outcome"] == "later") && has(letters, "reported")
    };
    trace_until(&office, &["<grump@test>"], put_off);
    office.command(&["queue", "retry", "--all"]);
    let delivered = |letters: &[Value]| letters.iter().flat_map(steps).any(|step| step["outcome"] == "delivered");
    let told = trace_until(&office, &["<grump@test>"], delivered);
    assert_eq!(told.len(), 1);

    let tries: Vec<_> = steps(&told[0]).iter().filter(|step| step["step"] == "attempt").collect();
    let answers: Vec<_> = tries
        .iter()
        .map(|step| (step["recipient"].as_str(), step["said"].as_str(), step["outcome"].as_str()))
        .collect();
    let grey = Some("grey@grump.test");
    assert!(
        answers.contains(&(grey, Some("451 4.7.1 I have never seen you before, come back"), Some("later"))),
        "{answers:?}"
    );
    assert!(answers.contains(&(grey, Some("250 2.0.0 very well"), Some("delivered"))), "{answers:?}");
    let refused = (Some("no@grump.test"), Some("550 5.1.1 nobody of that name  [31mlives here"), Some("failed"));
    assert!(answers.contains(&refused), "on one line, without what a terminal obeys: {answers:?}");
    assert!(tries.iter().all(|step| step["by"].as_str().is_some_and(|by| by.contains("127.0.0.1"))), "{tries:?}");
    assert_eq!(step(&told[0], "desk")["act"], "retried");

    let report = step(&told[0], "reported");
    assert_eq!((report["to"].as_str(), report["late"].as_bool()), (Some("alice@alpha.test"), Some(false)));
    let report = report["report"].as_str().expect("a name").to_owned();
    let bounce = trace_until(&office, &[&report], |letters| has(letters, "filed"));
    assert_eq!(kinds(&bounce[0]), ["received", "judged", "queued", "filed"]);
    let received = step(&bounce[0], "received");
    assert_eq!((received["by"].as_str(), received["return_path"].as_str()), (Some("house"), Some("")));
}

#[test]
fn an_alias_is_part_of_the_way_and_so_is_what_a_client_puts_into_a_folder() {
    let office = OfficeBuilder::new("alpha.test").person("alice").person("bob").start();
    office.command(&["alias", "add", "team@alpha.test", "alice@alpha.test", "bob@alpha.test"]);
    let letter = generated_letter("team", "carol@elsewhere.test", "team@alpha.test", 500);
    office.hand_in("carol@elsewhere.test", &["team@alpha.test"], &letter).must_succeed();
    let found = trace(&office, &["bob@alpha.test"]);
    assert_eq!(kinds(&found[0]), ["received", "redirected", "filed", "filed"]);
    let to = &step(&found[0], "redirected")["to"];
    assert_eq!(*to, serde_json::json!(["alice@alpha.test", "bob@alpha.test"]));

    let alice = office.first();
    let draft = generated_letter("draft", &alice.address, "bob@alpha.test", 500);
    let file = office.folder().join("draft.eml");
    std::fs::write(&file, draft).expect("written");
    let upload = ["--upload-file", file.to_str().expect("utf-8")];
    tests::curl(&office, alice, "Drafts", &upload).must_succeed();
    let draft = trace(&office, &["<draft@test>"]);
    assert_eq!(kinds(&draft[0]), ["received", "filed"]);
    assert_eq!(
        (step(&draft[0], "received")["by"].as_str(), step(&draft[0], "filed")["folder"].as_str()),
        (Some("client"), Some("Drafts"))
    );
}

#[test]
fn letters_acknowledged_before_a_kill_have_their_history_after_it() {
    let mut office = OfficeBuilder::new("alpha.test").person("alice").start();
    let port = office.ports.smtp;
    let (names, count) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for session in 0..16 {
            let (names, count) = (&names, &count);
            scope.spawn(move || drop(send_until_the_end(port, session, names, count)));
        }
        let patience = Instant::now() + Duration::from_secs(60);
        while count.load(Ordering::Relaxed) < 300 && Instant::now() < patience {
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(1));
        }
        office.kill();
    });
    let names = names.into_inner().expect("lock");
    assert!(names.len() >= 300, "too slow to test anything: {}", names.len());
    let known = trace(&office, &["alice@alpha.test", "--limit", "60000"]);
    let known: std::collections::HashSet<&str> = known
        .iter()
        .filter(|letter| kinds(letter) == ["received", "filed"])
        .filter_map(|letter| letter["letter"].as_str())
        .collect();
    for name in &names {
        assert!(known.contains(name.as_str()), "{name} was acknowledged and has no history");
    }
}

fn send_until_the_end(
    port: u16,
    session: usize,
    names: &Mutex<Vec<String>>,
    count: &AtomicUsize,
) -> std::io::Result<()> {
    let mut office = Dialogue::open(port)?;
    office.reply()?;
    office.ask("EHLO client.test")?;
    for number in 0.. {
        let letter = generated_letter(&format!("k{session}-{number}"), "carol@elsewhere.test", "alice@alpha.test", 500);
        office.ask("MAIL FROM:<carol@elsewhere.test>")?;
        office.ask("RCPT TO:<alice@alpha.test>")?;
        office.ask("DATA")?;
        office.write(&letter)?;
        let taken = office.ask(".")?;
        if let Some(name) = taken.strip_prefix("250 2.0.0 taken as ") {
            names.lock().expect("lock").push(name.to_owned());
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

#[test]
fn the_way_is_told_in_french_to_who_reads_french() {
    let office = OfficeBuilder::new("alpha.test").person("alice").person("bob").start();
    let alice = office.first();
    let letter = generated_letter("fr", &alice.address, "bob@alpha.test", 500);
    office.submit(alice, &["bob@alpha.test"], &letter).must_succeed();
    let output = Command::new(facteur())
        .args(["trace", "<fr@test>", "--config"])
        .arg(&office.config)
        .env("LANG", "fr_FR.UTF-8")
        .env_remove("LC_ALL")
        .output()
        .expect("facteur runs");
    let told = String::from_utf8(output.stdout).expect("text");
    for words in ["Lettre ", "prise d'alice@alpha.test", "rangée pour bob@alpha.test dans INBOX"] {
        assert!(told.contains(words), "{words} is missing: {told}");
    }
}
