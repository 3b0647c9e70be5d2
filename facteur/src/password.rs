//! Passwords made up by us.

use mail::Password;
use rand::RngExt as _;

/// Letters and digits that nobody mistakes for one another when reading aloud or copying by hand.
const SYMBOLS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Five groups of four: 100 random bits, easy to copy by hand.
pub fn make_up() -> Password {
    let mut random = rand::rng();
    let mut group = || (0..4).map(|_| char::from(SYMBOLS[random.random_range(..SYMBOLS.len())])).collect::<String>();
    Password::new([group(), group(), group(), group(), group()].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_passwords_are_long_and_never_the_same() {
        let (one, other) = (make_up(), make_up());
        assert_eq!(one.reveal().len(), 24);
        assert!(one != other);
        assert!(one.reveal().bytes().all(|byte| byte == b'-' || SYMBOLS.contains(&byte)));
    }
}
