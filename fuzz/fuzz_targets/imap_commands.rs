//! A client that says anything: no panic, and every command that is understood goes round through its encoder.
#![no_main]

use imap::codec::decoder::{Event, Limits, decode_all};
use imap::codec::encode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for utf8 in [false, true] {
        for event in decode_all(data, Limits::logged_in(1000), utf8) {
            let Event::Request(request) = event else { continue };
            let written = encode::request(&request, utf8);
            let again = decode_all(&written, Limits::logged_in(100_000), utf8);
            assert!(again.contains(&Event::Request(request)), "{:?}", String::from_utf8_lossy(&written));
        }
    }
});
