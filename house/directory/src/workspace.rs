//! The memory that Argon2 works in.

use argon2::Block;
use zeroize::Zeroize;

use crate::secret::COST;

/// Enough for one password at a time. Used again and again while there is a queue: to take and give back 19 MiB for each
/// password costs more than to wipe them.
pub(crate) struct Workspace(Box<[Block]>);

impl Workspace {
    pub fn new() -> Self {
        Self(vec![Block::new(); COST.block_count()].into_boxed_slice())
    }

    pub fn blocks(&mut self) -> &mut [Block] {
        &mut self.0
    }

    /// Nobody may read the memory that a password was worked in.
    pub fn wipe(&mut self) {
        self.0.iter_mut().zeroize();
    }
}
