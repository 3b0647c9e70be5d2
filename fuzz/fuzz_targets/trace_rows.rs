//! Reads rows of the trace as a damaged disk may give them back: damage is reported, and rows that can be read go
//! round.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::codec::{decode, encode};

fuzz_target!(|bytes: &[u8]| {
    let Ok(events) = decode(bytes) else { return };
    // Texts are tidied when they are written, so from the second time on nothing changes any more.
    let tidied = decode(&encode(events)).expect("what we wrote is read");
    assert_eq!(decode(&encode(tidied.clone())), Ok(tidied));
});
