//! Examinations of whole letters, with made-up name servers.

use auth::arc::{ChainReason, Seal};
use auth::dkim::Verifier;
use auth::results;
use mail::finding::authentication::{DMARC_PROVED, DMARC_REJECT, OWN_NOT_PROVED, SENDER_BY_WORD};
use net::{Answer, Table};

use super::*;

const CLEAN: &str = "203.0.113.5";

fn text(text: &str) -> Result<Answer<Vec<Vec<u8>>>, net::DnsFault> {
    Ok(Answer::found(vec![text.as_bytes().to_vec()]))
}

fn table() -> Table {
    Table::new()
        .txt("bank.test", text("v=spf1 ip4:198.51.100.10 -all"))
        .txt("_dmarc.bank.test", text("v=DMARC1; p=reject"))
        .txt("evil.test", text("v=spf1 ip4:203.0.113.0/24 -all"))
}

struct House {
    _folder: tempfile::TempDir,
    store: Store,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(store::Options::new(folder.path()), directory::MIGRATIONS).unwrap();
    let add =
        |tx: &mut store::Tx| directory::domain::add(tx, &Domain::parse("alpha.test").unwrap(), mail::Timestamp(0));
    store.write(store::Key::Directory, add).await.unwrap();
    House { _folder: folder, store }
}

async fn examined(table: Table, way: Way, mail_from: &str, letter: &str) -> Vec<Finding> {
    let house = house().await;
    let examination = Examination {
        letter: Bytes::copy_from_slice(letter.as_bytes()),
        way,
        mail_from: mail_from.to_owned(),
        receiver: Domain::parse("mail.alpha.test").unwrap(),
        resolver: Arc::new(table),
        store: house.store.clone(),
        elsewhere: Arc::new(|_| false),
        settings: Arc::new(Settings { believed: vec![Domain::parse("mx.front.test").unwrap()], ..Settings::default() }),
        patience: Arc::default(),
    };
    let mut verifier = Verifier::new();
    verifier.octets(letter.as_bytes());
    examination.findings(verifier.finish(), 1_796_059_411, Duration::from_secs(20)).await
}

fn peer(ip: &str) -> Way {
    Way::Peer(Wire { hello: "mx.evil.test".to_owned(), ..Wire::new(ip.parse().unwrap()) })
}

fn from(author: &str) -> String {
    format!("From: {author}\r\nSubject: x\r\n\r\nhello\r\n")
}

fn code(found: &[Finding]) -> &str {
    found[0].code()
}

#[tokio::test]
async fn a_stranger_s_letter_is_examined_whole() {
    let found = examined(table(), peer("198.51.100.10"), "info@bank.test", &from("info@bank.test")).await;
    assert_eq!((code(&found), found[0].result()), (DMARC_PROVED, "pass"));
    let forged = examined(table(), peer(CLEAN), "x@evil.test", &from("info@bank.test")).await;
    assert_eq!(code(&forged), DMARC_REJECT);
    let codes: Vec<&str> = forged.iter().map(Finding::code).collect();
    assert!(codes.contains(&"spf-author-not-permitted") && codes.contains(&"iprev-no-name"), "{codes:?}");
    let own = examined(table(), peer(CLEAN), "x@evil.test", &from("alice@alpha.test")).await;
    assert_eq!((code(&own), own[0].severity()), (OWN_NOT_PROVED, Severity::Alarm));
}

#[tokio::test]
async fn a_second_author_is_no_way_round_the_first() {
    for authors in ["x@evil.test, alice@alpha.test", "alice@alpha.test, x@evil.test"] {
        let found = examined(table(), peer(CLEAN), "x@evil.test", &from(authors)).await;
        assert_eq!(code(&found), OWN_NOT_PROVED, "{authors}");
    }
    let two = "From: x@evil.test\r\nFrom: info@bank.test\r\n\r\nx\r\n";
    assert_eq!(code(&examined(table(), peer(CLEAN), "x@evil.test", two).await), DMARC_REJECT);
    let many = from("a@1.test, b@2.test, c@3.test, d@4.test, e@5.test, info@bank.test");
    let found = examined(table(), peer(CLEAN), "x@evil.test", &many).await;
    assert_eq!((found[0].result(), found[0].severity()), ("permerror", Severity::Alarm));
}

#[tokio::test]
async fn for_a_bounce_the_name_of_the_peer_stands_for_its_sender() {
    let table = table().txt("mx.evil.test", text("v=spf1 ip4:203.0.113.5 -all"));
    let found = examined(table, peer(CLEAN), "", &from("postmaster@mx.evil.test")).await;
    assert_eq!(code(&found), DMARC_PROVED);
}

#[tokio::test]
async fn nothing_is_held_against_a_letter_that_was_handed_to_us() {
    let handed = || Way::Handed(None);
    assert!(examined(table(), handed(), "x@evil.test", &from("info@bank.test")).await.is_empty());
    let told =
        format!("Authentication-Results: mx.front.test; dmarc=pass header.from=bank.test\r\n{}", from("a@bank.test"));
    assert_eq!(code(&examined(table(), handed(), "x@evil.test", &told).await), SENDER_BY_WORD);
}

#[tokio::test]
async fn questions_that_a_stranger_lets_us_ask_end_and_leave_dmarc_its_own() {
    // A record that asks as much as it may, and signatures of many keys.
    let record = format!("v=spf1 {}-all", "exists:%{l}.evil.test ".repeat(20));
    let signatures: String = (0..60)
        .map(|n| format!("DKIM-Signature: v=1; a=rsa-sha256; d=evil.test; s=k{n}; h=from; bh=AAAA; b=AAAA\r\n"))
        .collect();
    let letter = signatures + &from("info@bank.test");
    let table = table().txt("evil.test", text(&record)).txt("mx.evil.test", text(&record));
    let found = examined(table, peer(CLEAN), "x@evil.test", &letter).await;
    assert_eq!(code(&found), DMARC_REJECT);
}

fn chain(domains: [&str; 2], said: &str) -> Chain {
    let seal = |(instance, domain): (u32, &str)| Seal {
        instance,
        domain: domain.to_owned(),
        selector: "s".to_owned(),
        results: results::parse(said.as_bytes()),
    };
    let seals = (1..).zip(domains).map(seal).collect();
    Chain { result: ChainResult::Pass, reason: ChainReason::Valid, at: None, seals }
}

#[test]
fn a_forwarder_is_believed_if_it_and_everybody_behind_it_is_named() {
    let settings = Settings { forwarders: vec![Domain::parse("lists.test").unwrap()], ..Settings::default() };
    let said = "mx.lists.test; dmarc=pass header.from=bank.test";
    let by = |domains| vouched(&chain(domains, said), "bank.test", &settings).map(str::to_owned);
    assert_eq!(by(["other.test", "lists.test"]).as_deref(), Some("lists.test"));
    assert_eq!(by(["lists.test", "other.test"]), None, "the last could have written another letter");
    assert_eq!(by(["other.test", "other.test"]), None);
    let broken = Chain { result: ChainResult::Fail, ..chain(["lists.test", "lists.test"], said) };
    assert_eq!(vouched(&broken, "bank.test", &settings), None);
    assert_eq!(
        vouched(
            &chain(["lists.test", "lists.test"], "mx.lists.test; dmarc=fail header.from=bank.test"),
            "bank.test",
            &settings
        ),
        None
    );
}
