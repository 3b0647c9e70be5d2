//! Opens addresses that are enough by themselves: an address that we have sealed opens as it was, and no other does,
//! whatever is changed in it; the values read from it stand for no more than those written.

use mua::fuzzing::{Sealer, reads_as_picture, reads_as_remote};

/// A text, sealed with this key; at some place of it these bits are changed.
pub fn check(text: &str, key: [u8; 32], at: usize, bits: u8, now: i64) {
    let sealer = Sealer::new(key);
    let sealed = sealer.close(text);
    assert_eq!(sealer.open(&sealed), Some(text));
    let mut changed = sealed.clone().into_bytes();
    let place = at % changed.len();
    changed[place] ^= bits;
    if let Ok(changed) = String::from_utf8(changed)
        && changed != sealed
    {
        assert_eq!(sealer.open(&changed), None, "{changed}");
    }
    assert_eq!(sealer.open(text), None);
    let mut other = key;
    other[0] ^= 1;
    assert_eq!(Sealer::new(other).open(&sealed), None);
    // One kind of address is never taken for the other.
    assert!(!(reads_as_picture(text, now) && reads_as_remote(text, now)), "{text}");
}
