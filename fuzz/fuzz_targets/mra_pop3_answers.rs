//! Feeds the client with whatever a POP3 server elsewhere may send: replies, listings and letters of any bytes.
//! Nothing panics; numbers of a listing ascend; a listing with nonsense in it says so; a body means the same in
//! whichever pieces it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mra::pop3::{Body, Listing, Reply};

fn body(mut input: &[u8], step: usize) -> (Result<bytes::Bytes, u64>, bool, usize) {
    let (mut body, all) = (Body::new(512), input.len());
    while !input.is_empty() && !body.is_over() {
        let took = body.take(&input[..step.min(input.len())]);
        assert!(took > 0, "it goes on");
        input = &input[took..];
    }
    let over = body.is_over();
    (body.finish(), over, all - input.len())
}

fn must_ascend<T>(listing: &Listing<T>, answer: &[u8]) {
    assert!(listing.letters.is_sorted_by(|(one, _), (next, _)| one < next));
    let lines =
        answer.split(|octet| *octet == b'\n').filter(|line| !String::from_utf8_lossy(line).trim().is_empty()).count();
    assert!(listing.wrong.is_some() || listing.letters.len() >= lines.min(1), "nonsense is told");
}

fuzz_target!(|data: &[u8]| {
    if let Some(reply) = Reply::read(data) {
        assert!(reply.said().len() <= data.len() * 3 + 64);
    }
    must_ascend(&Listing::sizes(data), data);
    must_ascend(&Listing::unique_ids(data), data);
    assert_eq!(body(data, usize::MAX), body(data, 5));
});
