//! Parses a letter of any bytes without a panic: every part is inside the letter, and the columns go round.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::header;
use mailbox::parse::{Limits, Piece, scan};
use mailbox::{Structure, Summary};

fuzz_target!(|data: &[u8]| {
    let summary = Summary::parse(data);
    assert_eq!(Summary::decode(&summary.encode()).as_ref(), Some(&summary));
    summary.mentions(Piece::From);
    let structure = scan(data, Limits::default());
    assert_eq!(Structure::decode(&structure.encode()).as_ref(), Some(&structure));
    let length = data.len() as u64;
    for number in 1..4 {
        if let Some(part) = structure.part(&[number]) {
            assert!(u64::from(part.body.end) <= length && u64::from(part.header.end) <= length);
        }
    }
    for field in header::fields(data) {
        header::mentions(field.raw_value, 100);
        mailbox::parse::decode::words(field.raw_value);
    }
    assert!(header::body_start(data) <= data.len());
});
