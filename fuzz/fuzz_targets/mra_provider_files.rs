//! A provider's file for mail programs that says anything: no panic, and every server that comes out of it could have been
//! written by a person.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::Address;
use mra::discovery::config::servers;

fuzz_target!(|data: &[u8]| {
    let address = Address::parse("alice@provider.example").expect("an address");
    for server in servers(data, &address) {
        let mailbox = server.mailbox;
        assert!(!mailbox.host.is_empty() && mailbox.port > 0);
        assert!(!mailbox.user.chars().any(char::is_control) && !mailbox.host.chars().any(char::is_whitespace));
    }
});
