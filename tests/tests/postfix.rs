//! Postfix from Debian as the foreign server, in both directions.

use tests::{OfficeBuilder, Postfix, generated_letter, message_ids, sample};

#[test]
fn letters_go_to_postfix_and_come_from_it() {
    let to_alpha = tests::free_port();
    let postfix = Postfix::start(to_alpha);
    let alpha = OfficeBuilder::new("alpha.test")
        .person("alice")
        .person("josé")
        .smtp_port(to_alpha)
        .route("foreign.test", postfix.port)
        .start();
    let (alice, jose) = (alpha.first(), &alpha.people[1]);

    alpha.submit(alice, &["carol@foreign.test"], &sample("plain.eml")).must_succeed();
    alpha.submit(alice, &["carol@foreign.test"], &sample("attachment.eml")).must_succeed();
    alpha.submit(jose, &["carol@foreign.test"], &sample("utf8.eml")).must_succeed();
    let big = generated_letter("big", &alice.address, "carol@foreign.test", 25 * 1024 * 1024);
    alpha.submit(alice, &["carol@foreign.test"], &big).must_succeed();
    let letters = postfix.carols_letters(4);
    assert_eq!(letters.len(), 4);
    let plain = letters.iter().find(|letter| letter.contains("canal?")).expect("the plain letter");
    assert!(plain.ends_with("canal?\n.\n..a line that begins with dots\nAlice\n"), "{plain}");
    assert!(plain.contains("with ESMTPS id"), "delivery is encrypted where the other side can: {plain}");
    assert!(letters.iter().any(|letter| letter.contains("Return-Path: <josé@alpha.test>")));
    assert!(letters.iter().any(|letter| letter.len() > 24 * 1024 * 1024));

    postfix.send("carol@foreign.test", &[&alice.address], &sample("plain.eml"));
    postfix.send(
        "carol@foreign.test",
        &[&alice.address],
        &generated_letter("big-back", "carol@foreign.test", &alice.address, 25 * 1024 * 1024),
    );
    postfix.send(
        "carol@foreign.test",
        &[&jose.address, &alice.address],
        &generated_letter("two", "carol@foreign.test", &alice.address, 4000),
    );
    assert_eq!(message_ids(&alpha.read(alice, "INBOX", 3)), ["big-back", "lunch-1@alpha.test", "two"]);
    assert_eq!(message_ids(&alpha.read(jose, "INBOX", 1)), ["two"]);
}

#[test]
fn refusals_are_understood_on_both_sides() {
    let to_alpha = tests::free_port();
    let postfix = Postfix::start(to_alpha);
    let alpha = OfficeBuilder::new("alpha.test")
        .person("alice")
        .smtp_port(to_alpha)
        .route("foreign.test", postfix.port)
        .start();
    let alice = alpha.first();

    alpha.submit(alice, &["nobody@foreign.test"], &sample("plain.eml")).must_succeed();
    let bounce = alpha.read(alice, "INBOX", 1).remove(0);
    assert!(bounce.contains("Final-Recipient: rfc822; nobody@foreign.test"), "{bounce}");
    assert!(bounce.contains("Remote-MTA: dns; "), "{bounce}");
    assert!(bounce.contains("User unknown"), "the other server's own words are kept: {bounce}");

    postfix.send("carol@foreign.test", &["nobody@alpha.test"], &sample("plain.eml"));
    let bounce = postfix.carols_letters(1).remove(0);
    assert!(bounce.contains("5.1.1"), "{bounce}");
}
