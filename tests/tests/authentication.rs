//! Letters from outside are filed, junk, refused, or put off, by what is proved about their sender.

#[path = "authentication/world.rs"]
mod world;

use serde_json::Value;
use tests::{Office, OfficeBuilder, curl};
use world::{BANK, CLEAN, NAMELESS, Peer, World, letter, office, signed};

/// The bodies of the letters of a folder, which has so many.
fn folder(office: &Office, name: &str, count: usize) -> Vec<String> {
    office.read(office.first(), name, count)
}

fn trace(office: &Office) -> String {
    office.command(&["trace", "alice@alpha.test", "--limit", "1"])
}

#[test]
fn a_letter_that_is_proved_is_filed_and_says_so_and_what_others_wrote_in_our_name_is_gone() {
    let world = World::new();
    let office = office(&world).start();
    let forged = "Authentication-Results: mail.alpha.test; dmarc=pass header.from=evil.test\r\n";
    let real = [forged, &signed("bank.test", &letter("bank.test", "real"))].concat();
    let answer = Peer::at(&office, BANK).send("info@bank.test", &["alice@alpha.test"], &real);
    assert!(answer.starts_with("250"), "{answer}");
    let letters = folder(&office, "INBOX", 1);
    let fields = letters[0].matches("Authentication-Results: mail.alpha.test").count();
    assert_eq!(fields, 1, "one field of ours: {}", letters[0]);
    for result in ["dmarc=pass", "spf=pass", "dkim=pass", "iprev=pass", "header.d=bank.test"] {
        assert!(letters[0].contains(result), "{result}: {}", letters[0]);
    }
    assert!(!letters[0].contains("header.from=evil.test"));
    let trace = trace(&office);
    assert!(trace.contains("really from bank.test"), "{trace}");
}

#[test]
fn a_policy_alone_refuses_nothing_and_a_second_finding_does() {
    let world = World::new();
    let office = office(&world).start();
    // soft.test asks to refuse, and says nothing of other servers for sure.
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &["alice@alpha.test"], &letter("soft.test", "soft"));
    assert!(answer.starts_with("250"), "{answer}");
    let junk = folder(&office, "Junk", 1);
    assert!(junk[0].contains("dmarc=fail") && junk[0].contains("soft@test"), "{}", junk[0]);
    let told = trace(&office);
    assert!(told.contains("nothing proves that it is from soft.test") && told.contains("Junk"), "{told}");
    // bank.test lets no other server send.
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &["alice@alpha.test"], &letter("bank.test", "bank"));
    assert!(answer.starts_with("550 5.7.1") && answer.contains("bank.test does not let this server"), "{answer}");
    // A server without a name.
    let answer = Peer::at(&office, NAMELESS).send("x@evil.test", &["alice@alpha.test"], &letter("soft.test", "two"));
    assert!(answer.starts_with("550 5.7.1") && answer.contains("has no name"), "{answer}");
    // The postmaster may have them all as junk.
    office.command(&["domain", "set", "alpha.test", "--refuse-forged", "no"]);
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &["alice@alpha.test"], &letter("bank.test", "bank"));
    assert!(answer.starts_with("250"), "{answer}");
    folder(&office, "Junk", 2);
    let listed: Value = serde_json::from_str(&office.command(&["domain", "list", "--json"])).expect("JSON");
    assert_eq!(listed[0]["refuses_forged"], false, "{listed}");
    let (code, _, told) = office.try_command(&["domain", "set", "nowhere.test", "--refuse-forged", "no"], b"");
    assert!(code == 1 && told.contains("nowhere.test"), "{code} {told}");
    assert_eq!(office.try_command(&["domain", "set", "alpha.test", "--refuse-forged", "perhaps"], b"").0, 2);
}

#[test]
fn a_domain_that_signed_before_is_missed_when_it_does_not() {
    let world = World::new();
    let office = office(&world).start();
    let to = ["alice@alpha.test"];
    let first = signed("soft.test", &letter("soft.test", "signed"));
    assert!(Peer::at(&office, CLEAN).send("x@soft.test", &to, &first).starts_with("250"));
    folder(&office, "INBOX", 1);
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &to, &letter("soft.test", "forged"));
    assert!(answer.starts_with("550 5.7.1") && answer.contains("has signed its letters"), "{answer}");
}

#[test]
fn a_letter_is_refused_only_where_no_recipient_takes_it() {
    let world = World::new();
    let office = office(&world).person("bob").start();
    // Alice writes to the bank, so that something speaks for its letters to her.
    let alice = office.first();
    let own = b"From: alice@alpha.test\r\nTo: info@bank.test\r\nMessage-ID: <own@test>\r\nSubject: x\r\n\r\nhello\r\n";
    let file = office.folder().join("own.eml");
    std::fs::write(&file, own).expect("written");
    curl(&office, alice, "Sent", &["-T", file.to_str().expect("a path")]).must_succeed();
    let forged = letter("bank.test", "both");
    let both = ["bob@alpha.test", "alice@alpha.test"];
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &both, &forged);
    assert!(answer.starts_with("250"), "{answer}");
    assert!(office.read(alice, "Junk", 1)[0].contains("both@test"));
    assert!(office.read(&office.people[1], "Junk", 1)[0].contains("both@test"));
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &both[..1], &forged);
    assert!(answer.starts_with("550 5.7.1"), "{answer}");
}

#[test]
fn nobody_from_outside_writes_in_the_name_of_the_house() {
    let world = World::new();
    let office = office(&world).start();
    let forged = letter("alpha.test", "own");
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &["alice@alpha.test"], &forged);
    assert!(answer.starts_with("250"), "without a record of ours: {answer}");
    assert!(folder(&office, "Junk", 1)[0].contains("own@test"));
    let told = trace(&office);
    assert!(told.contains("is at home here, but it came from outside"), "{told}");
    world.names.publish("_dmarc.alpha.test", "v=DMARC1; p=reject");
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &["alice@alpha.test"], &forged);
    assert!(answer.starts_with("550 5.7.1") && answer.contains("at home here"), "{answer}");
    // A letter that the house has signed itself may come back from elsewhere.
    world.names.publish("_dmarc.alpha.test", "v=DMARC1; p=none");
    let back = signed("alpha.test", &letter("alpha.test", "back"));
    let answer = Peer::at(&office, CLEAN).send("x@evil.test", &["alice@alpha.test"], &back);
    assert!(answer.starts_with("250"), "{answer}");
    assert!(folder(&office, "INBOX", 1)[0].contains("back@test"));
}

#[test]
fn a_sender_whom_nobody_could_answer_is_refused_but_for_the_offices_of_the_house() {
    let world = World::new();
    let office = office(&world).start();
    for (from, expected) in [
        ("a@null.test", "550 5.7.27"),
        ("a@nowhere.test", "550 5.1.8"),
        ("a@failing.test", "451 4.1.8"),
        ("a@bank.test", "250"),
        ("", "250"),
        ("alice@alpha.test", "250"),
    ] {
        let mut peer = Peer::at(&office, CLEAN);
        let answer = peer.recipient(from, "alice@alpha.test");
        assert!(answer.starts_with(expected), "{from}: {answer}");
        let answer = peer.recipient(from, "postmaster@alpha.test");
        assert!(answer.starts_with("250"), "postmaster is there for {from}: {answer}");
    }
    let mut peer = Peer::at(&office, CLEAN);
    assert!(peer.recipient("a@null.test", "victim@elsewhere.test").starts_with("550 5.7.1"), "no relay either");
}

#[test]
fn name_servers_that_fail_put_a_letter_off_only_where_their_answer_could_refuse_it() {
    let world = World::new();
    let office = office(&world).start();
    let to = ["alice@alpha.test"];
    let real = signed("bank.test", &letter("bank.test", "real"));
    let (soft, none) = (letter("soft.test", "soft"), letter("none.test", "none"));
    // (the name that fails, the address of the peer, the sender, the letter, the answer)
    let steps = [
        ("_dmarc.bank.test", BANK, "info@bank.test", &real, "250"),
        ("_dmarc.soft.test", CLEAN, "x@evil.test", &soft, "250"),
        ("_dmarc.soft.test", NAMELESS, "x@evil.test", &soft, "451 4.7.1"),
        ("one._domainkey.bank.test", BANK, "info@bank.test", &real, "250"),
        ("one._domainkey.bank.test", NAMELESS, "x@evil.test", &real, "451 4.7.1"),
        ("bank.test", CLEAN, "x@evil.test", &letter("bank.test", "spf"), "451 4.7.1"),
        ("5.113.0.203.in-addr.arpa", CLEAN, "x@evil.test", &soft, "451 4.7.1"),
        ("5.113.0.203.in-addr.arpa", CLEAN, "x@none.test", &none, "250"),
        ("_dmarc.none.test", CLEAN, "x@none.test", &none, "250"),
    ];
    let mut taken = 0;
    for (failing, from, sender, letter, expected) in steps {
        world.names.fail(failing);
        let answer = Peer::at(&office, from).send(sender, &to, letter);
        assert!(answer.starts_with(expected), "{failing} from {from}: {answer}");
        world.names.recover(failing);
        taken += usize::from(expected == "250");
    }
    let filed = folder(&office, "INBOX", taken).len();
    assert_eq!(filed, taken, "nothing is lost");
}

#[test]
fn without_name_servers_letters_from_near_by_do_not_wait_and_others_come_again() {
    let world = World::new();
    let office = office(&world).start();
    world.names.be_silent(true);
    let real = signed("bank.test", &letter("bank.test", "real"));
    let near = || Peer::at(&office, "127.0.0.1").send("info@bank.test", &["alice@alpha.test"], &real);
    assert!(near().starts_with("250"));
    let begun = std::time::Instant::now();
    for _ in 0..5 {
        assert!(near().starts_with("250"));
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    folder(&office, "INBOX", 6);
    let answer = Peer::at(&office, CLEAN).recipient("info@bank.test", "alice@alpha.test");
    assert!(answer.starts_with("451 4.1.8"), "{answer}");
    world.names.be_silent(false);
    let answer = Peer::at(&office, BANK).send("info@bank.test", &["alice@alpha.test"], &real);
    assert!(answer.starts_with("250"), "{answer}");
}

#[test]
fn broken_and_weak_proofs_are_told_for_what_they_are() {
    let world = World::new();
    let office = office(&world).start();
    let to = ["alice@alpha.test"];
    let good = signed("none.test", &letter("none.test", "broken"));
    let (header, _) = good.split_once("\r\n\r\n").expect("a header");
    let two = good.replace("From: ", "From: other@evil.test\r\nFrom: ");
    for (letter, from, sender, told) in [
        (
            format!("{header}\r\n\r\nAnother text.\r\n"),
            CLEAN,
            "x@evil.test",
            "the text is not the one that none.test signed",
        ),
        (two, CLEAN, "x@evil.test", "the header is not the one that none.test signed"),
        (world::weak(), BANK, "info@bank.test", "so short that anybody can forge"),
    ] {
        let answer = Peer::at(&office, from).send(sender, &to, &letter);
        assert!(answer.starts_with("250"), "{answer}");
        let trace = trace(&office);
        assert!(trace.contains(told), "{told}: {trace}");
    }
    world.names.publish("eleven.test", &format!("v=spf1 {}-all", "a:mail.bank.test ".repeat(11)));
    world.names.publish("void.test", "v=spf1 a:x1.bank.test a:x2.bank.test a:x3.bank.test -all");
    for (domain, told) in [("eleven.test", "more than ten look-ups"), ("void.test", "too many names that do not exist")]
    {
        world.names.mx(domain, "mail.bank.test");
        let answer = Peer::at(&office, CLEAN).send(&format!("x@{domain}"), &to, &letter(domain, "spf"));
        assert!(answer.starts_with("250"), "{answer}");
        let trace = trace(&office);
        assert!(trace.contains(told), "{told}: {trace}");
    }
}

#[test]
fn the_record_of_the_owner_holds_far_below_it_and_a_public_suffix_is_no_owner() {
    let world = World::new();
    let office = office(&world).start();
    let to = ["alice@alpha.test"];
    let deep = letter("a.b.c.bank.test", "deep");
    let answer = Peer::at(&office, NAMELESS).send("x@evil.test", &to, &deep);
    assert!(answer.starts_with("550 5.7.1") && answer.contains("a.b.c.bank.test"), "{answer}");
    let aligned = signed("bank.test", &letter("a.b.c.bank.test", "aligned"));
    assert!(Peer::at(&office, NAMELESS).send("x@evil.test", &to, &aligned).starts_with("250"));
    world.names.publish("_dmarc.suffix.test", "v=DMARC1; p=reject; psd=y");
    world.names.publish("one._domainkey.other.suffix.test", &world::public_record());
    let other = signed("other.suffix.test", &letter("shop.suffix.test", "other"));
    let answer = Peer::at(&office, NAMELESS).send("x@evil.test", &to, &other);
    assert!(answer.starts_with("550 5.7.1"), "another owner under the same suffix: {answer}");
    let letters = folder(&office, "INBOX", 1);
    assert!(letters[0].contains("aligned@test"));
}

#[test]
fn the_postmaster_can_have_it_only_written_down_or_not_checked_at_all() {
    let world = World::new();
    for (mode, has_field) in [("note", true), ("off", false)] {
        let office = OfficeBuilder::new("alpha.test").person("alice").configure(&world.asked(mode)).start();
        let forged = letter("bank.test", "forged");
        let answer = Peer::at(&office, NAMELESS).send("x@nowhere.test", &["alice@alpha.test"], &forged);
        assert!(answer.starts_with("250"), "{mode}: {answer}");
        let letters = folder(&office, "INBOX", 1);
        assert_eq!(letters[0].contains("dmarc=fail"), has_field, "{mode}: {}", letters[0]);
    }
}
