//! Addresses that are enough by themselves: what we have sealed is opened as it was, and nothing else is, whatever is changed
//! in it; what is read of it stands for no more than what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mua::fuzzing::{Sealer, reads_as_picture, reads_as_remote};

fuzz_target!(|input: (String, [u8; 32], u16, u8, i64)| {
    let (text, key, at, bits, now) = input;
    let sealer = Sealer::new(key);
    let sealed = sealer.close(&text);
    assert_eq!(sealer.open(&sealed), Some(&*text));
    let mut changed = sealed.clone().into_bytes();
    let place = usize::from(at) % changed.len();
    changed[place] ^= bits;
    if let Ok(changed) = String::from_utf8(changed)
        && changed != sealed
    {
        assert_eq!(sealer.open(&changed), None, "{changed}");
    }
    assert_eq!(sealer.open(&text), None);
    let mut other = key;
    other[0] ^= 1;
    assert_eq!(Sealer::new(other).open(&sealed), None);
    // One kind of address is never taken for the other.
    assert!(!(reads_as_picture(&text, now) && reads_as_remote(&text, now)), "{text}");
});
