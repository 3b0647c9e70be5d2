//! Octets in any charset, told or not: read without a panic, and names made of them are clean. A label stands before the first NUL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailbox::parse::{charset, decode, raw};

fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|octet| *octet == 0).unwrap_or(0);
    let (label, octets) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    for whole in [true, false] {
        charset::read(Some(label), octets, whole);
        charset::read_page(Some(label), octets, whole);
        charset::read(None, octets, whole);
    }
    let (one, other) = octets.split_at(octets.len() / 2);
    charset::read_pieces(label, &[one.to_vec(), other.to_vec()]);
    let told = || Some(String::from_utf8_lossy(label).into_owned());
    let repaired = raw::repaired(octets.into(), told);
    assert!(!charset::is_unlabelled_text(octets) || std::str::from_utf8(&repaired).is_ok());
    decode::words(&repaired);
});
