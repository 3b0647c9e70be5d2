//! Letters with 8-bit octets, and servers that do not take such (RFC 6152).

use std::process::Command;

use tests::{Office, OfficeBuilder, Sink, facteur};

const TEXT: &str = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\nÀ bientôt à l'été !\r\n";
const ENCODED: &str = "\r\n=C3=80 bient=C3=B4t =C3=A0 l'=C3=A9t=C3=A9 !\r\n";

/// alpha.test, where Alice lives and team@ leads to Bob at beta.test, whose server is `sink`.
fn office(sink: &Sink) -> Office {
    let office = OfficeBuilder::new("alpha.test").person("alice").route("beta.test", sink.port).start();
    office.command(&["alias", "add", "team@alpha.test", "bob@beta.test"]);
    office
}

/// A letter of somebody elsewhere, signed by their server.
fn signed(id: &str) -> String {
    let signature = "DKIM-Signature: v=1; a=rsa-sha256; d=evil.test; b=x\r\n";
    format!("{signature}Message-ID: <{id}@test>\r\nFrom: eve@evil.test\r\n{TEXT}")
}

fn hand_in_from_elsewhere(office: &Office, letter: &str) {
    office.hand_in("eve@evil.test", &["team@alpha.test"], letter.as_bytes()).must_succeed();
}

fn told_in(office: &Office, language: &str, id: &str) -> String {
    let asked = Command::new(facteur())
        .args(["trace", &format!("<{id}@test>"), "--config"])
        .arg(&office.config)
        .env("LANG", language)
        .output()
        .expect("facteur");
    String::from_utf8(asked.stdout).expect("text")
}

/// Returns the output of `facteur trace`, once it tells that the letter has been handed over.
fn history(office: &Office, id: &str) -> String {
    waiting::wait_for("the hand-over stands in the history", || {
        Some(told_in(office, "C.UTF-8", id)).filter(|told| told.contains("250 taken"))
    })
}

#[test]
fn a_letter_that_is_written_here_leaves_in_seven_bits_for_every_server() {
    for eight_bit_mime in [true, false] {
        let sink = Sink::keeping(eight_bit_mime);
        let office = office(&sink);
        let alice = office.first();
        let letter = format!("Message-ID: <own@test>\r\nFrom: {}\r\nBcc: eve@x.test\r\n{TEXT}", alice.address);
        office.submit(alice, &["bob@beta.test"], letter.as_bytes()).must_succeed();
        let came = String::from_utf8(sink.letter("own")).expect("text");
        assert!(came.ends_with(ENCODED) && came.contains("\r\nDate: ") && !came.contains("eve@x.test"), "{came}");
        assert!(!history(&office, "own").contains("signatures"));
    }
}

#[test]
fn a_letter_that_passes_through_leaves_octet_for_octet_where_8_bits_are_taken() {
    let sink = Sink::keeping(true);
    let office = office(&sink);
    hand_in_from_elsewhere(&office, &signed("passes"));
    let came = String::from_utf8(sink.letter("passes")).expect("text");
    assert!(
        came.starts_with("Delivered-To: team@alpha.test\r\nReceived: ") && came.ends_with(&signed("passes")),
        "{came}"
    );
    assert!(!history(&office, "passes").contains("signatures"));
}

#[test]
fn a_server_without_8bitmime_gets_a_converted_copy_and_the_history_says_that_signatures_were_lost() {
    let sink = Sink::keeping(false);
    let office = office(&sink);
    hand_in_from_elsewhere(&office, &signed("old"));
    let came = String::from_utf8(sink.letter("old")).expect("text");
    assert!(came.is_ascii() && came.ends_with(ENCODED) && came.contains("DKIM-Signature: v=1"), "{came}");
    let told = history(&office, "old");
    assert!(told.contains("the letter was rewritten, and its signatures are lost"), "{told}");
    let told = told_in(&office, "fr_FR.UTF-8", "old");
    assert!(told.contains("celle-ci a été récrite, et ses signatures sont perdues"), "{told}");
}
