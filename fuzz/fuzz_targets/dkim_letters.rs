//! Signed letters and records of keys of any kind: the verdicts are the same whatever the pieces are, none is a pass that
//! nobody signed, and what we sign ourselves is right whatever stands in it.
#![no_main]

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use auth::Table;
use auth::dkim::{MOST_SIGNATURES, SignatureResult, SignatureVerdict, Signer, SigningKey, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (record, letter) = data.split_at(data.iter().position(|octet| *octet == 0).unwrap_or(0));
    let dns = Table::new().txt("one._domainkey.a.test", record);
    let whole = verified(letter, letter.len() + 1, &dns);
    assert_eq!(whole, verified(letter, 3, &dns));
    assert!(whole.len() <= MOST_SIGNATURES + 1 && whole.iter().all(|one| one.result != SignatureResult::Pass));

    let ours = [&b"From: ann@a.test\r\n"[..], letter].concat();
    let Ok(field) = signer().sign(&ours, 1) else { return };
    let signed = [field.as_bytes(), &ours].concat();
    let dns = Table::new().txt("one._domainkey.a.test", signer().key.public_record());
    assert_eq!(verified(&signed, 7, &dns)[0].result, SignatureResult::Pass);
});

fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| {
        let (key, _) = SigningKey::generate_ed25519().expect("the system has random octets");
        Signer { domain: "a.test".to_owned(), selector: "one".to_owned(), key }
    })
}

fn verified(letter: &[u8], size: usize, dns: &Table) -> Vec<SignatureVerdict> {
    let mut verifier = Verifier::new();
    letter.chunks(size).for_each(|piece| verifier.octets(piece));
    wait(verifier.finish().conclude(dns, 1))
}

fn wait<T>(asked: impl Future<Output = T>) -> T {
    match pin!(asked).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("a table answers at once"),
    }
}
