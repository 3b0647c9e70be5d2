//! A letter in HTML and CSS of any kind: what is shown of it runs nothing, leads to no address that was not given, and is in
//! proportion to what came. What was cleaned and is cleaned again has nothing more to lose of that.
#![no_main]

#[path = "../bodies/html_cleaner.rs"]
mod body;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| body::check_all(source));
