//! Measures the processor's time for verifying the signatures and the chain of a letter: `cargo run --release --package
//! facteur-auth --example cost`.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use facteur_auth::Table;
use facteur_auth::dkim::{SignatureResult, Signer, SigningKey, Verifier};

const NOW: u64 = 1_796_059_411;
const ROUNDS: u32 = 500;

fn main() {
    let rsa = SigningKey::from_pem(include_bytes!("../src/dkim/samples/rsa-2048.pem")).expect("a key");
    let ed25519 = SigningKey::from_pem(include_bytes!("../src/dkim/samples/ed25519.pem")).expect("a key");
    let signers = [signer("rsa", rsa), signer("ed25519", ed25519)];
    let dns = signers.iter().fold(Table::new(), |dns, signer| {
        dns.txt(&format!("{}._domainkey.alpha.test", signer.selector), signer.key.public_record())
    });
    for octets in [2_000, 20_000, 100_000, 1_000_000] {
        let letter = letter(octets);
        let by_rsa = signed(&letter, &signers[..1]);
        let by_both = signed(&letter, &signers);
        println!(
            "{octets} octets: not signed {:.0} µs, RSA {:.0} µs, RSA and Ed25519 {:.0} µs; signing by RSA {:.0} µs",
            time(|| verify(&letter, &dns, 0)),
            time(|| verify(&by_rsa, &dns, 1)),
            time(|| verify(&by_both, &dns, 2)),
            time(|| drop(signers[0].sign(&letter, NOW))),
        );
    }
}

fn signer(selector: &str, key: SigningKey) -> Signer {
    Signer { domain: "alpha.test".to_owned(), selector: selector.to_owned(), key }
}

/// Makes a letter of so many octets, in lines of words.
fn letter(octets: usize) -> Vec<u8> {
    let header = "From: Ann <ann@alpha.test>\r\nTo: Bob <bob@beta.test>\r\nSubject: A letter\r\n\
                  Date: Mon, 30 Nov 2026 17:00:00 +0000\r\nMessage-ID: <1@alpha.test>\r\nMIME-Version: 1.0\r\n\r\n";
    let line = "Some words of a usual length  stand on each line, and it ends here. \r\n";
    let mut letter = header.as_bytes().to_vec();
    letter.extend(line.bytes().cycle().take(octets / line.len() * line.len()));
    letter
}

fn signed(letter: &[u8], signers: &[Signer]) -> Vec<u8> {
    let fields: String = signers.iter().filter_map(|signer| signer.sign(letter, NOW).ok()).collect();
    [fields.as_bytes(), letter].concat()
}

fn verify(letter: &[u8], dns: &Table, expected: usize) {
    let mut verifier = Verifier::new();
    letter.chunks(8192).for_each(|piece| verifier.octets(piece));
    let concluding = pin!(verifier.finish().conclude_with_chain(dns, NOW));
    let Poll::Ready((verdicts, _)) = { concluding }.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        unreachable!("a table answers at once")
    };
    assert_eq!(verdicts.iter().filter(|one| one.result == SignatureResult::Pass).count(), expected);
}

/// Returns the microseconds of one round, the least of several.
fn time(mut round: impl FnMut()) -> f64 {
    let times = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        round();
        begun.elapsed().as_secs_f64() * 1e6
    });
    times.fold(f64::INFINITY, f64::min)
}
