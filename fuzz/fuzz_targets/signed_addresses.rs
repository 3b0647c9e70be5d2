//! Addresses that are enough by themselves: what we have sealed is opened as it was, and nothing else is, whatever is changed
//! in it; what is read of it stands for no more than what was written.
#![no_main]

#[path = "../bodies/signed_addresses.rs"]
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (String, [u8; 32], u16, u8, i64)| body::check(
    &input.0,
    input.1,
    usize::from(input.2),
    input.3,
    input.4
));
