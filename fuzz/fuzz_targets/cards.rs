//! A calendar or visiting cards of any kind are read without a panic, in proportion to their length.
#![no_main]

#[path = "../bodies/cards.rs"]
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| body::check(text));
