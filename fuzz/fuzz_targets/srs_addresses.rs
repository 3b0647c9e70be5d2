//! Return paths of forwarded letters: whatever the address, one that we make opens again, in any case, and stands for the
//! same; whatever comes, nothing opens that we have not made.
#![no_main]

use auth::srs::{Day, Key, Original, is_made_by_a_forwarder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (String, String, [u8; 32], i32)| check(&input.0, &input.1, &input.2, i64::from(input.3)));

fn check(local: &str, domain: &str, secret: &[u8; 32], now: i64) {
    let (key, today) = (Key::new(secret), Day::of(now));
    assert_eq!(key.open(local, today), None, "nobody makes one by chance");
    let token = key.token(local);
    let kept = key.kept(&token, today);
    assert!(kept.len() <= 64);
    assert_eq!(key.open(&kept.to_ascii_uppercase(), today), Some(Original::Kept(token)));
    let Some(made) = key.close(local, domain, today) else { return };
    assert!(made.len() <= 64 && is_made_by_a_forwarder(&made));
    let opened = key.open(&made, today).expect("it is ours");
    if !is_made_by_a_forwarder(local) {
        assert_eq!(opened, Original::Address { local: local.to_owned(), domain: domain.to_owned() });
    }
    for folded in [made.to_ascii_lowercase(), made.to_ascii_uppercase()] {
        assert!(key.open(&folded, today).is_some(), "{folded}");
    }
    let mut other = *secret;
    other[0] ^= 1;
    assert_eq!(Key::new(&other).open(&made, today), None);
}
