//! The keys of domains: their turns, and the letters that they sign.

mod common;

use std::time::Duration;

use auth::Table;
use auth::dkim::{Reason, SignatureVerdict, Verifier};
use common::{Fixture, NOW, name};
use facteur_directory::domain_key::{self, Algorithm, Entry, NewKey, OLD_FOR, State};
use facteur_directory::{Error, KeyFault, Keyring, domain};
use mail::sign::{Sign, Signed};
use mail::{Domain, Timestamp};

const PKCS8: &[u8] = include_bytes!("../../../words/auth/src/dkim/samples/rsa-2048.pem");
const PKCS1: &[u8] = include_bytes!("../../../words/auth/src/dkim/samples/rsa-2048-pkcs1.pem");
const ED25519: &[u8] = include_bytes!("../../../words/auth/src/dkim/samples/ed25519.pem");
const SHORT: &[u8] = include_bytes!("../../../words/auth/src/dkim/samples/rsa-1024.pem");

fn give(fixture: &Fixture, domain: &str, key: &NewKey, state: State) -> bool {
    let (domain, key) = (name(domain), key.clone());
    fixture.write(move |tx| domain_key::add(tx, &domain, &key, state, NOW)).unwrap()
}

fn keys(fixture: &Fixture, domain: &str) -> Vec<Entry> {
    let domain = name(domain);
    fixture.store.read_blocking(move |view| domain_key::list(view, Some(&domain))).unwrap()
}

fn selectors(fixture: &Fixture, state: State) -> Vec<String> {
    keys(fixture, "alpha.test").into_iter().filter(|key| key.state == state).map(|key| key.selector).collect()
}

/// alpha.test with an active key of each kind that takes no time to make, and bücher.test without keys.
fn with_keys() -> Fixture {
    let fixture = Fixture::empty();
    fixture.add_domain("alpha.test").unwrap();
    fixture.add_domain("bücher.test").unwrap();
    assert!(give(&fixture, "alpha.test", &NewKey::from_pem(PKCS8).unwrap(), State::Active));
    assert!(give(&fixture, "alpha.test", &NewKey::from_pem(ED25519).unwrap(), State::Active));
    fixture
}

fn keyring(fixture: &Fixture, hostname: &str) -> Keyring {
    Keyring::load_blocking(fixture.store.clone(), name(hostname)).unwrap()
}

fn signed(fixture: &Fixture, from: &str) -> (Signed, String) {
    let letter = format!("{from}To: bob@beta.test\r\nSubject: hello\r\nDate: x\r\nMessage-ID: <1@x>\r\n\r\nHello.\r\n");
    let signed = keyring(fixture, "mail.alpha.test").sign(letter.as_bytes(), NOW);
    let whole = signed.fields.clone() + &letter;
    (signed, whole)
}

/// The verdicts of others, who look the keys up.
async fn verified(fixture: &Fixture, letter: &str) -> Vec<SignatureVerdict> {
    let all = fixture.store.read(|view| domain_key::list(view, None)).await.unwrap();
    let dns = all.iter().fold(Table::new(), |table, key| table.txt(&key.record_name(), key.record().unwrap()));
    let mut verifier = Verifier::new();
    verifier.octets(letter.as_bytes());
    verifier.finish().conclude(&dns, u64::try_from(NOW.seconds()).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_signed_by_both_keys_of_its_domain_and_others_can_check_it() {
    let fixture = tokio::task::spawn_blocking(with_keys).await.unwrap();
    let (signed, letter) = tokio::task::block_in_place(|| signed(&fixture, "From: Alice <alice@ALPHA.test>\r\n"));
    let verdicts = verified(&fixture, &letter).await;
    let found: Vec<_> = verdicts.iter().map(|one| (one.reason, one.domain.as_str(), one.selector.as_str())).collect();
    assert_eq!(
        found,
        [(Reason::Valid, "alpha.test", "f20270115-rsa"), (Reason::Valid, "alpha.test", "f20270115-ed25519")]
    );
    assert_eq!(signed.findings.len(), 1);
    let finding = signed.findings[0].to_string();
    assert!(finding.contains("signed") && finding.contains("f20270115-rsa f20270115-ed25519"), "{finding}");
}

#[test]
fn only_letters_that_are_from_a_domain_of_ours_are_signed_and_for_that_domain() {
    let fixture = with_keys();
    assert!(give(&fixture, "bücher.test", &NewKey::from_pem(ED25519).unwrap(), State::Active));
    for (from, domains) in [
        ("From: alice@gmail.com\r\n", &[][..]),
        ("From: x@sub.alpha.test\r\n", &[]),
        ("Sender: alice@alpha.test\r\nFrom: eve@x.test\r\n", &[]),
        ("", &[]),
        ("From: undisclosed:;\r\n", &[]),
        ("From: élise@bücher.test\r\n", &["xn--bcher-kva.test"]),
        // The reports of this server, which lies in alpha.test.
        ("From: postmaster@mail.alpha.test\r\n", &["alpha.test", "alpha.test"]),
        (
            "From: a@alpha.test,\r\n \"b, c\" <b@xn--bcher-kva.test>, d@x.test\r\n",
            &["alpha.test", "alpha.test", "xn--bcher-kva.test"],
        ),
        ("From: a@alpha.test\r\nFrom: eve@x.test\r\n", &[]),
    ] {
        let (signed, _) = signed(&fixture, from);
        let found: Vec<&str> = signed.fields.split(";\r\n").filter_map(|tag| tag.trim().strip_prefix("d=")).collect();
        assert_eq!(found, domains, "{from}");
        let is_told = !found.is_empty() || from.matches("From:").count() > 1;
        assert_eq!(signed.findings.is_empty(), !is_told, "{from}");
    }
    let (twice, _) = signed(&fixture, "From: a@alpha.test\r\nFrom: eve@x.test\r\n");
    assert!(twice.findings[0].to_string().contains("several-from-fields"), "the history says why");
}

#[test]
fn a_damaged_key_stops_no_letter_and_the_other_signs_on() {
    let fixture = with_keys();
    let damage = "UPDATE domain_key SET secret = 'x' WHERE algorithm = 'rsa'";
    fixture.write(move |tx| Ok(tx.execute(damage, store::params![])?)).unwrap();
    let (signed, _) = signed(&fixture, "From: a@alpha.test\r\n");
    assert_eq!(signed.fields.matches("DKIM-Signature:").count(), 1);
    assert!(signed.fields.contains("ed25519-sha256"));
    let found: Vec<&str> = signed.findings.iter().map(mail::Finding::code).collect();
    assert_eq!(found, ["signed-by-its-domain", "key-unusable"]);
    let nobody = "UPDATE domain_key SET state = 9";
    fixture.write(move |tx| Ok(tx.execute(nobody, store::params![])?)).unwrap();
    assert_eq!(keys(&fixture, "alpha.test"), [], "a row that nobody can read keeps nobody from the others");
}

#[test]
fn a_domain_has_one_active_and_one_next_key_of_each_kind() {
    let fixture = with_keys();
    let (rsa, other) = (NewKey::from_pem(PKCS1).unwrap(), NewKey::make(Algorithm::Ed25519).unwrap());
    assert!(!give(&fixture, "alpha.test", &rsa, State::Active), "it has one");
    assert!(give(&fixture, "alpha.test", &rsa, State::Next) && !give(&fixture, "alpha.test", &rsa, State::Next));
    assert!(give(&fixture, "alpha.test", &other, State::Next));
    assert_eq!(selectors(&fixture, State::Next), ["f20270115-2-rsa", "f20270115-2-ed25519"]);
    let missing = |domain: &str, state| {
        let domain = name(domain);
        fixture.store.read_blocking(move |view| domain_key::missing(view, &domain, state)).unwrap()
    };
    assert_eq!(missing("alpha.test", State::Next), []);
    assert_eq!(missing("bücher.test", State::Active), Algorithm::ALL);
}

#[test]
fn the_next_key_takes_its_turn_and_the_old_one_stays_until_the_office_has_run_for_fourteen_days() {
    let fixture = with_keys();
    give(&fixture, "alpha.test", &NewKey::make(Algorithm::Ed25519).unwrap(), State::Next);
    let next = keys(&fixture, "alpha.test").into_iter().find(|key| key.state == State::Next).unwrap();
    let years_later = Timestamp(NOW.0 * 2);
    assert!(fixture.write(move |tx| domain_key::take_turn(tx, next.id, years_later)).unwrap());
    assert!(!fixture.write(move |tx| domain_key::take_turn(tx, next.id, NOW)).unwrap(), "it has taken it");
    assert_eq!(selectors(&fixture, State::Active), ["f20270115-rsa", "f20270115-2-ed25519"]);
    assert_eq!(selectors(&fixture, State::Old), ["f20270115-ed25519"], "though the clock has jumped by years");
    let day = Duration::from_secs(24 * 3600);
    fixture.write(move |tx| domain_key::grow_older(tx, OLD_FOR - day)).unwrap();
    assert_eq!(selectors(&fixture, State::Old).len(), 1);
    fixture.write(move |tx| domain_key::grow_older(tx, day)).unwrap();
    assert_eq!(selectors(&fixture, State::Old).len(), 0);
    assert_eq!(selectors(&fixture, State::Active).len(), 2);
}

#[test]
fn a_key_from_elsewhere_signs_under_the_name_that_it_is_published_under() {
    let fixture = with_keys();
    let import = |selector: &str, file: &[u8]| {
        let (selector, key) = (selector.to_owned(), NewKey::from_pem(file)?);
        fixture.write(move |tx| domain_key::import(tx, &name("alpha.test"), &selector, &key, NOW))
    };
    let made = NewKey::make(Algorithm::Rsa).unwrap();
    assert_eq!(made.algorithm(), Algorithm::Rsa);
    import("mail", PKCS1).unwrap();
    assert_eq!(selectors(&fixture, State::Active), ["mail", "f20270115-ed25519"]);
    assert_eq!(selectors(&fixture, State::Old), ["f20270115-rsa"]);
    let before = keys(&fixture, "alpha.test");
    import("mail", PKCS8).unwrap();
    assert_eq!(keys(&fixture, "alpha.test"), before, "it is the same key, in another form");
    assert!(matches!(import("mail", ED25519), Err(Error::SelectorExists { .. })));
    assert!(matches!(import("short", SHORT), Err(Error::NotAKey(KeyFault::TooShort))));
    for no_key in [&b""[..], b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &PKCS8[..900]]
    {
        assert!(matches!(import("other", no_key), Err(Error::NotAKey(_))));
    }
    assert_eq!(keys(&fixture, "alpha.test"), before, "a file that is no key changes nothing");
    let own = keys(&fixture, "alpha.test")[0].secret.reveal().to_vec();
    assert_eq!(own, PKCS1, "what goes out again is what came in");
}

#[test]
fn nothing_that_is_printed_shows_a_private_key() {
    let fixture = with_keys();
    let (entry, new) = (&keys(&fixture, "alpha.test")[0], NewKey::from_pem(PKCS8).unwrap());
    let printed =
        format!("{entry:?} {new:?} {:?} {:?}", keyring(&fixture, "mail.alpha.test"), entry.secret.signing().unwrap());
    let secret = String::from_utf8(PKCS8.to_vec()).unwrap();
    for line in secret.lines().filter(|line| !line.starts_with('-')) {
        assert!(!printed.contains(line), "{printed}");
    }
    let octets = format!("{:?}", &PKCS8[100..110]);
    assert!(!printed.contains(octets.trim_matches(['[', ']'])), "{printed}");
}

#[test]
fn the_names_that_have_keys_are_our_domains_and_where_reports_are_from() {
    let owners = |fixture: &Fixture, hostname: &str| {
        let hostname = name(hostname);
        let owners = fixture.store.read_blocking(move |view| domain_key::owners(view, &hostname)).unwrap();
        owners.iter().map(Domain::to_string).collect::<Vec<_>>()
    };
    assert_eq!(owners(&Fixture::empty(), "mx.host.test"), [""; 0], "nobody writes from there yet");
    let fixture = with_keys();
    let domains = ["alpha.test", "xn--bcher-kva.test"];
    for inside in ["mail.alpha.test", "alpha.test", "laptop"] {
        assert_eq!(owners(&fixture, inside), domains, "{inside}");
    }
    for outside in ["mx.host.test", "notalpha.test"] {
        assert_eq!(owners(&fixture, outside), [domains[0], domains[1], outside]);
    }
}

#[test]
fn with_a_domain_go_its_keys() {
    let fixture = with_keys();
    fixture.write(|tx| domain::remove(tx, &name("alpha.test"), true)).unwrap();
    assert_eq!(keys(&fixture, "alpha.test"), []);
    assert_eq!(signed(&fixture, "From: a@alpha.test\r\n").0, Signed::default());
}

#[test]
fn a_selector_is_a_name_that_the_domain_name_system_can_have() {
    for good in ["mail", "2026A", "s1.mail", "a-b"] {
        assert_eq!(domain_key::selector(good).unwrap(), good.to_lowercase());
    }
    for bad in ["", ".", "a..b", "-a", "a-", "a_b", "é", "a b", "a;b", &"a".repeat(64), &"a.".repeat(60)] {
        assert!(matches!(domain_key::selector(bad), Err(Error::BadSelector)), "{bad}");
    }
}
