//! A log-in at which either side says anything: no panic, nobody is let in whom nobody welcomed, and our client and our server
//! agree on the right password.
#![no_main]

#[path = "../bodies/sasl.rs"]
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| body::any_input(data));
