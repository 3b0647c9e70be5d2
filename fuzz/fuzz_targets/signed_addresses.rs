//! Opens addresses that are enough by themselves: an address that we have sealed opens as it was, and no other does,
//! whatever is changed in it; the values read from it stand for no more than those written.
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
