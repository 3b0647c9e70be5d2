//! Feeds the client with whatever another server may answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp::{Capabilities, ReplyReader};

fuzz_target!(|data: &[u8]| {
    let mut reader = ReplyReader::new();
    let mut rest = data;
    while let Ok((used, reply)) = reader.read(rest) {
        rest = &rest[used..];
        match reply {
            Some(reply) => {
                Capabilities::parse(&reply);
                reply.encode();
            }
            None if used == 0 || rest.is_empty() => return,
            None => {}
        }
    }
});
