//! Records of DMARC and authors of any kind: a policy that is no stricter than the record says, and no panic.
#![no_main]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use auth::Table;
use auth::dmarc::{DmarcQuestion, Method, Outcome, Proof, evaluate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|octet| *octet == b'\n');
    let author = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let mut table = Table::new();
    for (text, name) in lines.zip(["_dmarc.a.test", "_dmarc.x.a.test", "_dmarc.test", "_dmarc.a.test"]) {
        table = table.txt(name, text);
    }
    let proof = |domain, outcome| Proof { method: Method::Dkim, domain, outcome };
    let proofs = [proof("y.x.a.test", Outcome::Pass), proof(&author, Outcome::Later), proof("b.test", Outcome::Pass)];
    for authors in [vec![author.as_str()], vec!["z.x.a.test", &author], vec!["a.test"]] {
        let question = DmarcQuestion { authors: &authors, proofs: &proofs };
        let verdict = match pin!(evaluate(&table, question)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(verdict) => verdict,
            Poll::Pending => unreachable!("a table answers at once"),
        };
        assert!(verdict.disposition() <= verdict.policy);
    }
});
