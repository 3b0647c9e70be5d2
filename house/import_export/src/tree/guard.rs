//! Limits how far a file may unpack.

use std::io::{self, Read};

/// The size below which unpacked content is never a trap.
const HARMLESS: u64 = 256 << 20;
/// Letters pack to a tenth at best. Content that packs to less than this part of itself is made to fill disks.
const MOST_TIMES: u64 = 200;

/// A reader that fails when more comes out of it than its packed size can honestly hold.
pub struct Guard<R> {
    inner: R,
    left: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than {MOST_TIMES} times its size")]
struct Bomb;

/// Returns true for the failure of a [`Guard`].
pub fn is_bomb(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Bomb>())
}

impl<R> Guard<R> {
    /// `packed` octets are behind `inner`.
    pub fn new(inner: R, packed: u64) -> Self {
        Self { inner, left: packed.saturating_mul(MOST_TIMES).max(HARMLESS) }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(Bomb))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_without_end_is_stopped() {
        let mut guard = Guard::new(io::repeat(b'a'), 10);
        let error = io::copy(&mut guard, &mut io::sink()).unwrap_err();
        assert!(is_bomb(&error));
        assert!(!is_bomb(&io::Error::other("disk")));
        assert_eq!(io::copy(&mut Guard::new(io::repeat(b'a').take(HARMLESS), 1), &mut io::sink()).unwrap(), HARMLESS);
    }
}
