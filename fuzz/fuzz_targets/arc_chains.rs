//! Chains of any kind: a verdict, the same whatever the pieces are, within the bound on forwarders, and never a pass that
//! nobody sealed.
#![no_main]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use auth::Table;
use auth::arc::{Chain, ChainResult};
use auth::dkim::Verifier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let key = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let dns = Table::new().txt("one._domainkey.a.test", key).silent("one._domainkey.b.test");
    let chain = verified(data, data.len() + 1, &dns);
    assert_eq!(chain, verified(data, 5, &dns));
    assert!(chain.result != ChainResult::Pass && chain.seals.len() <= 50);
});

fn verified(letter: &[u8], size: usize, dns: &Table) -> Chain {
    let mut verifier = Verifier::new();
    letter.chunks(size).for_each(|piece| verifier.octets(piece));
    wait(verifier.finish().conclude_with_chain(dns, 1)).1
}

fn wait<T>(asked: impl Future<Output = T>) -> T {
    match pin!(asked).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("a table answers at once"),
    }
}
