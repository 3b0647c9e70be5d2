//! Signatures of the letters that leave (DKIM), as those who receive them check them: against the records that
//! `facteur domain dns` prints.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use auth::Table;
use auth::dkim::{SignatureVerdict, Verifier};
use futures_util::FutureExt;
use rusqlite::Connection;
use serde_json::Value;
use tests::{NameServer, Office, OfficeBuilder, Sink, generated_letter, refusing};

/// alpha.test, where Alice lives; the server of beta.test is `sink`.
fn office(sink: &Sink) -> OfficeBuilder {
    OfficeBuilder::new("alpha.test").person("alice").route("beta.test", sink.port)
}

fn json(office: &Office, words: &[&str]) -> Value {
    serde_json::from_str(&office.command(words)).expect("JSON")
}

/// The keys of alpha.test in this state, by kind.
fn keys(office: &Office, state: &str) -> Vec<(String, String)> {
    let all = json(office, &["domain", "key", "list", "alpha.test", "--json"]);
    let all = all.as_array().expect("keys").iter().filter(|key| key["state"] == state);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    all.map(|key| (text(&key["algorithm"]), text(&key["selector"]))).collect()
}

/// The texts that a receiver finds when all that the office prints is published.
fn published(office: &Office) -> Table {
    let printed = json(office, &["domain", "dns", "alpha.test", "--json"]);
    let records = printed["records"].as_array().expect("records").iter().filter(|record| record["kind"] == "TXT");
    records.fold(Table::new(), |table, record| {
        table.txt(record["name"].as_str().expect("a name"), record["value"].as_str().expect("a text"))
    })
}

fn verdicts(letter: &[u8], names: &Table) -> Vec<SignatureVerdict> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut verifier = Verifier::new();
    verifier.octets(letter);
    verifier.finish().conclude(names, now).now_or_never().expect("a table answers at once")
}

/// Both signatures hold, RSA's first.
fn assert_signed(letter: &[u8], names: &Table) {
    let found: Vec<_> = verdicts(letter, names)
        .into_iter()
        .map(|one| (one.result.name(), one.domain, one.algorithm.map_or("", auth::dkim::Algorithm::name)))
        .collect();
    let wanted = ["rsa-sha256", "ed25519-sha256"].map(|kind| ("pass", "alpha.test".to_owned(), kind));
    assert_eq!(found, wanted, "{}", String::from_utf8_lossy(letter));
}

/// A letter that a person has in the mailbox, without what the mailbox has put before it.
fn as_it_came(letter: &str) -> &str {
    &letter[letter.find("DKIM-Signature:").expect("a signature")..]
}

#[test]
fn what_leaves_verifies_by_both_keys_against_the_printed_records_and_people_here_have_the_same_octets() {
    let sink = Sink::keeping(true);
    let office = office(&sink).start();
    let alice = office.first();
    let names = published(&office);
    for (id, size) in [("small", 300), ("large", 300_000)] {
        let letter = generated_letter(id, &alice.address, "bob@beta.test", size);
        office.submit(alice, &["bob@beta.test", &alice.address], &letter).must_succeed();
        assert_signed(&sink.letter(id), &names);
    }
    let eight_bits = "Message-ID: <eight@test>\r\nFrom: alice@alpha.test\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n.\r\n\r\nÀ l'été  \r\n\r\n\r\n";
    office.submit(alice, &["bob@beta.test"], eight_bits.as_bytes()).must_succeed();
    assert_signed(&sink.letter("eight"), &names);
    office.command_with_input(
        &["send", "-t"],
        b"From: alice@alpha.test\nTo: bob@beta.test\nMessage-ID: <sent@test>\n\nHello.\n",
    );
    assert_signed(&sink.letter("sent"), &names);

    let here = office.read(alice, "INBOX", 2);
    let small = here.iter().find(|letter| letter.contains("<small@")).expect("the small letter");
    assert_eq!(as_it_came(small).as_bytes(), sink.letter("small"), "here as there");
    let told = office.command(&["trace", "small@test"]);
    let selectors: Vec<String> = keys(&office, "active").into_iter().map(|(_, selector)| selector).collect();
    let words =
        format!("it leaves with the signature of its domain, header.d=alpha.test header.s={}", selectors.join(" "));
    assert!(told.contains(&words), "{words} in {told}");
}

#[test]
fn what_is_not_from_a_domain_of_ours_or_passes_through_is_not_signed() {
    let sink = Sink::keeping(true);
    let office = office(&sink).start();
    office.command(&["alias", "add", "team@alpha.test", "bob@beta.test"]);
    let foreign = generated_letter("passes", "eve@evil.test", "team@alpha.test", 300);
    office.hand_in("eve@evil.test", &["team@alpha.test"], &foreign).must_succeed();
    assert!(sink.letter("passes").ends_with(&foreign), "octet for octet");
    office.command_with_input(
        &["send", "-t"],
        b"From: eve@evil.test\nTo: bob@beta.test\nMessage-ID: <other@test>\n\nHello.\n",
    );
    for id in ["passes", "other"] {
        assert_eq!(verdicts(&sink.letter(id), &Table::new()), [], "{id}");
    }
}

#[test]
fn a_bounce_is_signed_by_the_domain_that_the_name_of_the_server_lies_in() {
    let office = OfficeBuilder::new("alpha.test").person("alice").route("beta.test", refusing()).start();
    let alice = office.first();
    let letter = generated_letter("lost", &alice.address, "bob@beta.test", 300);
    office.submit(alice, &["bob@beta.test"], &letter).must_succeed();
    let bounce = office.read(alice, "INBOX", 1).remove(0);
    assert!(bounce.contains("<postmaster@mail.alpha.test>") && bounce.contains("no such person"), "{bounce}");
    assert_signed(as_it_came(&bounce).as_bytes(), &published(&office));
}

#[test]
fn a_restart_keeps_the_keys_and_a_kill_while_they_are_made_leaves_one_of_each() {
    let sink = Sink::keeping(true);
    let mut office = office(&sink).start();
    let before = keys(&office, "active");
    assert_eq!(before.len(), 2);
    office.stop();
    office.start();
    assert_eq!(keys(&office, "active"), before);
    // As an office that was made before there were keys.
    for _ in 0..3 {
        office.stop();
        let database = Connection::open(office.data().join("facteur.db")).expect("the database");
        database.execute("DELETE FROM domain_key", ()).expect("the keys go");
        drop(database);
        office.start();
        office.kill();
        office.start();
    }
    waiting::wait_for("the keys are made", || (keys(&office, "active").len() == 2).then_some(()));
    let alice = office.first();
    waiting::wait_for("the new keys sign", || {
        let id = format!("again{}", sink.count());
        let letter = generated_letter(&id, &alice.address, "bob@beta.test", 300);
        office.submit(alice, &["bob@beta.test"], &letter).must_succeed();
        let came = sink.letter(&id);
        (verdicts(&came, &published(&office)).len() == 2).then(|| assert_signed(&came, &published(&office)))
    });
    office.verify();
}

/// A file in the office's folder.
fn file(office: &Office, name: &str) -> PathBuf {
    office.folder().join(name)
}

#[test]
fn a_key_moves_from_opendkim_and_out_again_without_a_change_in_the_dns() {
    let sink = Sink::keeping(true);
    let office = office(&sink).start();
    let theirs = file(&office, "theirs.pem");
    let made = Command::new("openssl").args(["genrsa", "-traditional", "-out"]).arg(&theirs).arg("2048").output();
    assert!(made.expect("openssl").status.success());
    let theirs = theirs.to_str().expect("a path");
    let told = office.command(&["domain", "key", "import", "alpha.test", "mail", theirs]);
    assert!(told.contains("as mail"), "{told}");
    assert_eq!(keys(&office, "active")[0], ("rsa".to_owned(), "mail".to_owned()));
    let public = Command::new("openssl").args(["rsa", "-pubout", "-outform", "DER", "-in", theirs]).output();
    let public = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, public.expect("openssl").stdout);
    let record = Table::new().txt("mail._domainkey.alpha.test", format!("v=DKIM1; k=rsa; p={public}"));
    let alice = office.first();
    waiting::wait_for("the key signs", || {
        let id = format!("moved{}", sink.count());
        let letter = generated_letter(&id, &alice.address, "bob@beta.test", 300);
        office.submit(alice, &["bob@beta.test"], &letter).must_succeed();
        let found = verdicts(&sink.letter(&id), &record);
        found.iter().any(|one| one.selector == "mail" && one.result.name() == "pass").then_some(())
    });

    let out = file(&office, "out.pem");
    let words = ["domain", "key", "export", "alpha.test", "mail", out.to_str().expect("a path")];
    assert_eq!(office.command(&words), "", "a private key is not printed");
    assert_eq!(fs::read(&out).expect("a file"), fs::read(theirs).expect("a file"));
    assert_eq!(fs::metadata(&out).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(office.try_command(&words, b"").0, 1, "a file that is there is not written over");
    let printed = office.command(&["domain", "key", "export", "alpha.test", "mail", "-"]);
    assert_eq!(printed.as_bytes(), fs::read(theirs).expect("a file"));
}

#[test]
fn a_key_that_cannot_be_taken_is_refused_with_the_reason_and_changes_nothing() {
    let office = OfficeBuilder::new("alpha.test").person("alice").prepare();
    let before = keys(&office, "active");
    let bad = file(&office, "bad.pem");
    fs::write(&bad, "hello").expect("a file");
    let short = file(&office, "short.pem");
    let made = Command::new("openssl").args(["genrsa", "-out"]).arg(&short).arg("1024").output();
    assert!(made.expect("openssl").status.success());
    let path = |path: &PathBuf| path.to_str().expect("a path").to_owned();
    for (domain, selector, file, told) in [
        ("alpha.test", "mail", path(&bad), "no private key"),
        ("alpha.test", "mail", path(&short), "shorter than 2048 bits"),
        ("alpha.test", "mail", "/nowhere.pem".to_owned(), "cannot be read"),
        ("alpha.test", "ma il", path(&bad), "selector"),
        ("beta.test", "mail", path(&bad), "not one of our domains"),
    ] {
        let (code, out, err) = office.try_command(&["domain", "key", "import", domain, selector, &file], b"");
        assert!(code != 0 && out.is_empty() && err.contains(told), "{told}: {err}");
    }
    assert_eq!(keys(&office, "active"), before);
}

#[test]
fn the_next_keys_sign_only_once_their_records_are_seen_and_the_check_says_what_is_seen() {
    let names = NameServer::start();
    let sink = Sink::keeping(true);
    let dns = format!("[dns]\nservers = [\"127.0.0.1:{}\"]\n", names.port);
    let office = office(&sink).configure(&dns).start();
    let zone = office.command(&["domain", "dns", "alpha.test"]);
    let (next, active) = (keys(&office, "next"), keys(&office, "active"));
    for (_, selector) in next.iter().chain(&active) {
        assert!(zone.contains(&format!("\n{selector}._domainkey.alpha.test. TXT \"v=DKIM1; k=")), "{zone}");
    }
    // The machine of the tests may have an address of its own, which the zone names then.
    let is_record = |line: &str| [". TXT \"", ". MX ", ". A ", ". AAAA "].iter().any(|kind| line.contains(kind));
    let is_zone_line = |line: &str| line.is_empty() || line.starts_with(';') || is_record(line);
    assert!(zone.lines().all(is_zone_line), "{zone}");

    let (code, _, err) = office.try_command(&["domain", "key", "rotate", "alpha.test"], b"");
    assert!(code == 1 && err.contains(&next[0].1) && err.contains("--yes"), "{err}");
    assert_eq!(keys(&office, "active"), active);

    names.publish("alpha.test", "v=spf1 include:isp.test -all");
    let printed = json(&office, &["domain", "dns", "alpha.test", "--json"]);
    for record in printed["records"].as_array().expect("records").iter().filter(|record| record["kind"] == "TXT") {
        let name = record["name"].as_str().expect("a name");
        if name.contains("_domainkey") && !name.contains("ed25519") {
            names.publish(name, record["value"].as_str().expect("a text"));
        }
    }
    let (code, out, err) = office.try_command(&["domain", "dns", "alpha.test", "--check", "--json"], b"");
    assert_eq!(code, 1, "not all are right: {err}");
    let seen: Value = serde_json::from_str(&out).expect("JSON");
    let state = |name: &str| {
        let mut records = seen["records"].as_array().expect("records").iter();
        let found = records.find(|record| record["name"] == name && record["kind"] == "TXT");
        found.expect("a record")["state"].as_str().expect("a state").to_owned()
    };
    assert_eq!(state(&format!("{}._domainkey.alpha.test", active[0].1)), "right");
    assert_eq!(state(&format!("{}._domainkey.alpha.test", active[1].1)), "missing");
    assert_eq!((state("alpha.test"), state("_dmarc.alpha.test")), ("other".to_owned(), "missing".to_owned()));
    assert!(out.contains("v=spf1 mx include:isp.test -all"), "merged, and never two: {out}");

    let (code, out, err) = office.try_command(&["domain", "key", "rotate", "alpha.test"], b"");
    assert!(
        code == 1 && out.contains(&next[0].1) && err.contains(&next[1].1),
        "only what is seen takes its turn: {out}{err}"
    );
    office.command(&["domain", "key", "rotate", "alpha.test", "--yes"]);
    let all_old = keys(&office, "old");
    assert!(all_old.contains(&active[0]) && all_old.contains(&active[1]), "{all_old:?}");
    assert_eq!(keys(&office, "next").len(), 2, "new ones are there to be published");
}

#[test]
fn no_private_key_is_printed_logged_or_told_in_a_history() {
    let sink = Sink::keeping(true);
    let mut office = office(&sink).environment("RUST_LOG", "trace").start();
    let alice = office.first().clone();
    let letter = generated_letter("quiet", &alice.address, "bob@beta.test", 300);
    office.submit(&alice, &["bob@beta.test"], &letter).must_succeed();
    sink.letter("quiet");
    let mut said = String::new();
    for words in [
        &["domain", "key", "list", "alpha.test"][..],
        &["domain", "key", "list", "alpha.test", "--json"],
        &["domain", "dns", "alpha.test"],
        &["domain", "dns", "alpha.test", "--json"],
        &["trace", &alice.address, "--json"],
        &["verify", "--json"],
    ] {
        said += &office.command(words);
    }
    let mut secrets = Vec::new();
    for (_, selector) in keys(&office, "active").into_iter().chain(keys(&office, "next")) {
        secrets.push(office.command(&["domain", "key", "export", "alpha.test", &selector, "-"]));
    }
    office.stop();
    said += &office.log();
    assert_eq!(secrets.len(), 4);
    for secret in secrets {
        let lines: Vec<&str> = secret.lines().filter(|line| !line.starts_with('-')).collect();
        assert!(!lines.is_empty());
        for line in lines {
            assert!(!said.contains(line), "a private key is told");
        }
    }
}
