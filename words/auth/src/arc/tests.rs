//! Chains, honest and broken. They are sealed here by the rules of RFC 8617 §5.1; those of others are in the tests with
//! peers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::Table;
use crate::dkim::body::{Bodies, Covered};
use crate::dkim::canonical::Form;
use crate::dkim::header::{Header, split};
use crate::dkim::{SigningKey, Verifier};
use crate::tests::wait;

const NOW: u64 = 1_796_059_411;
const LETTER: &str = "From: Alice <alice@alpha.test>\r\nSubject: Hello\r\n\r\nHello Bob.\r\n";

fn key() -> SigningKey {
    SigningKey::from_pem(include_bytes!("../dkim/samples/ed25519.pem")).unwrap()
}

fn dns() -> Table {
    (1..=51).fold(Table::new(), |dns, at| dns.txt(&format!("s._domainkey.list{at}.test"), key().public_record()))
}

fn verified(letter: &str, dns: &Table) -> Chain {
    let mut verifier = Verifier::new();
    letter.as_bytes().chunks(77).for_each(|piece| verifier.octets(piece));
    wait(verifier.finish().conclude_with_chain(dns, NOW)).1
}

fn reason(letter: &str) -> (ChainReason, Option<u32>) {
    let chain = verified(letter, &dns());
    (chain.reason, chain.at)
}

/// Adds the set of a forwarder, which says `cv` of the chain before it.
fn sealed(letter: &str, instance: u32, cv: &str) -> String {
    let (header, body) = split(letter.as_bytes());
    let header = Header::new(header.to_vec());
    let covered = Covered { form: Form::Relaxed, up_to: None };
    let mut bodies = Bodies::new([covered]);
    bodies.octets(body);
    let hash = STANDARD.encode(bodies.finish().find(covered).unwrap().sha256);
    let results = format!(" i={instance}; mx.list{instance}.test;\r\n\tspf=pass smtp.mailfrom=alpha.test");
    let message = format!(
        " i={instance}; a=ed25519-sha256; c=relaxed/relaxed; d=list{instance}.test;\r\n\ts=s; h=From:Subject; \
         bh={hash}; b="
    );
    let mut octets = Vec::new();
    for field in header.chosen(&[b"from".to_vec(), b"subject".to_vec()], None) {
        Form::Relaxed.write_field(field.name, field.value, &mut octets);
        octets.extend_from_slice(b"\r\n");
    }
    let message = with_signature("ARC-Message-Signature", &message, octets);
    let seal = format!(" i={instance}; a=ed25519-sha256; cv={cv}; d=list{instance}.test; s=s; t=1796059000;\r\n\tb=");
    let mut octets = Vec::new();
    for earlier in 1..instance {
        let of = |name: &[u8], tag: &str| {
            let own = |number: &&usize| String::from_utf8_lossy(header.field(**number).value).starts_with(tag);
            header.named(name).iter().find(own).map(|number| header.field(*number))
        };
        let tag = format!(" i={earlier};");
        for name in [&b"arc-authentication-results"[..], b"arc-message-signature", b"arc-seal"] {
            let Some(field) = of(name, &tag) else { continue };
            Form::Relaxed.write_field(field.name, field.value, &mut octets);
            octets.extend_from_slice(b"\r\n");
        }
    }
    for (name, value) in [("ARC-Authentication-Results", &results), ("ARC-Message-Signature", &message)] {
        Form::Relaxed.write_field(name.as_bytes(), value.as_bytes(), &mut octets);
        octets.extend_from_slice(b"\r\n");
    }
    let seal = with_signature("ARC-Seal", &seal, octets);
    format!("ARC-Seal:{seal}\r\nARC-Message-Signature:{message}\r\nARC-Authentication-Results:{results}\r\n{letter}")
}

fn with_signature(name: &str, value: &str, mut octets: Vec<u8>) -> String {
    Form::Relaxed.write_field(name.as_bytes(), value.as_bytes(), &mut octets);
    format!("{value}{}", STANDARD.encode(key().sign(&octets).unwrap()))
}

fn chain(sets: u32) -> String {
    (1..=sets).fold(LETTER.to_owned(), |letter, at| sealed(&letter, at, if at == 1 { "none" } else { "pass" }))
}

#[test]
fn a_letter_without_a_chain_has_none() {
    let chain = verified(LETTER, &dns());
    assert_eq!((chain.result, chain.reason, chain.seals), (ChainResult::None, ChainReason::NoChain, Vec::new()));
}

#[test]
fn a_chain_names_each_forwarder_and_what_it_found() {
    for sets in [1, 2, 3, 50] {
        let chain = verified(&chain(sets), &dns());
        assert_eq!((chain.result, chain.reason, chain.at), (ChainResult::Pass, ChainReason::Valid, None), "{sets}");
        assert_eq!(chain.seals.len(), sets as usize);
    }
    let chain = verified(&chain(2), &dns());
    let second = &chain.seals[1];
    assert_eq!((second.instance, second.domain.as_str(), second.selector.as_str()), (2, "list2.test", "s"));
    let results = second.results.as_ref().unwrap();
    assert_eq!((results.server.as_str(), results.of("spf").count()), ("mx.list2.test", 1));
}

#[test]
fn a_chain_of_more_than_50_sets_is_broken() {
    assert_eq!(reason(&chain(51)).0, ChainReason::TooLong);
    let large = format!("ARC-Seal: i=1; x={}\r\n{LETTER}", "a".repeat(200_000));
    assert_eq!(reason(&large).0, ChainReason::TooLong);
}

#[test]
fn a_chain_that_is_broken_anywhere_proves_nothing() {
    let whole = chain(3);
    assert_eq!(reason(&whole.replace("Hello Bob", "Hello Eve")), (ChainReason::LetterChanged, Some(3)));
    assert_eq!(reason(&whole.replace("Subject: Hello", "Subject: Bye")), (ChainReason::LetterChanged, Some(3)));
    let lie = whole.replacen("mx.list1.test;\r\n\tspf=pass", "mx.list1.test;\r\n\tspf=fail", 1);
    assert_eq!(reason(&lie), (ChainReason::SealBroken, Some(1)));
    let middle = whole.replacen("mx.list2.test;\r\n\tspf=pass", "mx.list2.test;\r\n\tspf=fail", 1);
    assert_eq!(reason(&middle), (ChainReason::SealBroken, Some(2)));
    // The second seal is another one, and the third covers it.
    let other = whole.replacen("i=2; a=ed25519-sha256; cv=pass; d=list2", "i=2; a=ed25519-sha256; cv=pass; d=list1", 1);
    assert_eq!(reason(&other), (ChainReason::SealBroken, Some(2)));
}

#[test]
fn a_letter_that_was_changed_by_a_forwarder_before_it_sealed_again_has_a_whole_chain() {
    let changed = chain(1).replace("Subject: Hello", "Subject: [list] Hello");
    assert_eq!(reason(&sealed(&changed, 2, "pass")), (ChainReason::Valid, None));
}

#[test]
fn a_set_has_each_field_once_and_no_set_is_missing() {
    let whole = chain(3);
    for name in ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"] {
        for instance in 1..=3 {
            let field = format!("{name}: i={instance};");
            let missing = whole.replacen(&field, &format!("X-{field}"), 1);
            assert_eq!(reason(&missing), (ChainReason::Incomplete, Some(instance)), "{field}");
            let twice = format!("{field} a=x\r\n{whole}");
            assert_eq!(reason(&twice), (ChainReason::Incomplete, Some(instance)), "{field}");
        }
    }
    assert_eq!(reason(&sealed(LETTER, 2, "pass")), (ChainReason::Incomplete, Some(1)));
}

#[test]
fn the_first_seal_says_none_and_each_other_pass() {
    assert_eq!(reason(&sealed(LETTER, 1, "pass")), (ChainReason::Malformed, Some(1)));
    assert_eq!(reason(&sealed(&chain(1), 2, "none")), (ChainReason::Malformed, Some(2)));
    assert_eq!(reason(&sealed(&chain(1), 2, "maybe")), (ChainReason::Malformed, Some(2)));
    assert_eq!(reason(&sealed(&chain(1), 2, "fail")), (ChainReason::SaidBroken, Some(2)));
    let again = sealed(&sealed(&chain(1), 2, "fail"), 3, "pass");
    assert_eq!(reason(&again), (ChainReason::Malformed, Some(2)), "nobody mends a broken chain");
}

#[test]
fn malformed_fields_break_a_chain() {
    let whole = chain(2);
    for (from, to) in [
        ("ARC-Seal: i=2;", "ARC-Seal: i=0;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=x;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=2; h=From;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=2; i=2;"),
        ("ARC-Message-Signature: i=2;", "ARC-Message-Signature: i=2; l=many;"),
        ("h=From:Subject", "h=From:ARC-Seal"),
        ("ARC-Authentication-Results: i=2;", "ARC-Authentication-Results: i=;"),
    ] {
        assert_eq!(reason(&whole.replacen(from, to, 1)).0, ChainReason::Malformed, "{to}");
    }
}

#[test]
fn a_key_that_is_missing_or_unknown_now_is_told() {
    let without = Table::new().txt("s._domainkey.list2.test", key().public_record());
    let chain_of = |dns: &Table| verified(&chain(2), dns);
    assert_eq!((chain_of(&without).reason, chain_of(&without).at), (ChainReason::NoKey, Some(1)));
    let later = chain_of(&dns().silent("s._domainkey.list2.test"));
    assert_eq!((later.result, later.at), (ChainResult::TempError, Some(2)));
    let revoked = Table::new().txt("s._domainkey.list1.test", "v=DKIM1; p=");
    assert_eq!(verified(&chain(1), &revoked).reason, ChainReason::NoKey);
}

proptest! {
    #[test]
    fn any_fields_get_a_verdict(
        fields in prop::collection::vec((0..3_usize, "( ?[iadsbht]{1,2}=[ -~]{0,9};){0,6}"), 0..9),
    ) {
        let names = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"];
        let header: String = fields.iter().map(|(name, value)| format!("{}: {value}\r\n", names[*name])).collect();
        let result = verified(&(header + LETTER), &dns()).result;
        prop_assert_eq!(result == ChainResult::None, fields.is_empty());
        prop_assert!(result != ChainResult::Pass);
    }
}
