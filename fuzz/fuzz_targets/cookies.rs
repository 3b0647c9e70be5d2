//! Cookies as anybody may send them: a session is found under its own name and no other, the same whatever stands around it.
#![no_main]

#[path = "../bodies/cookies.rs"]
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<Vec<u8>>, String, bool)| body::check(&input.0, &input.1, input.2));
