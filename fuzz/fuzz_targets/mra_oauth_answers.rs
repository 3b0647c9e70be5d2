//! A provider that answers anything: no panic, and a token that is taken can stand in a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mra::oauth::{Endpoint, Grant};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let from = Endpoint::parse("https://login.provider.example/token").expect("an address");
    let status = [200, 201, 400, 401, 429, 500][usize::from(*first) % 6];
    match Grant::read(&from, status, body.to_vec().into()) {
        Ok(grant) => {
            let tokens = std::iter::once(&grant.access).chain(grant.refresh.as_ref());
            for token in tokens {
                assert!(
                    !token.reveal().is_empty() && token.reveal().bytes().all(|octet| (b' '..=b'~').contains(&octet))
                );
            }
        }
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
    }
});
