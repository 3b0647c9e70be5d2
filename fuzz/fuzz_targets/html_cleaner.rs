//! Cleans a letter in HTML and CSS of any kind: the shown part runs nothing, leads to no address that was not given,
//! and is in proportion to the input. Cleaning it again takes nothing more away.
#![no_main]

#[path = "../bodies/html_cleaner.rs"]
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| body::check_all(source));
