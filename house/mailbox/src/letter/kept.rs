//! The columns of a letter that were computed when it was filed, for the walks that compute them again.

use mail::seam::AccountId;
use store::{BlobId, Row};

use crate::LetterKey;

/// The columns of a letter's row.
pub(crate) struct Kept {
    pub letter: LetterKey,
    pub account: AccountId,
    pub blob: BlobId,
    /// Octets.
    pub size: u64,
    pub summary: Vec<u8>,
    pub structure: Vec<u8>,
}

impl Kept {
    /// The columns as a statement names them that calls the table `l`.
    pub const COLUMNS: &'static str = "l.letter, l.account, l.blob, l.size, l.summary, l.structure";
    /// The place of the first column behind them.
    pub const NEXT: usize = 6;

    /// Reads a row that begins with them.
    pub fn read(row: &Row<'_>) -> Result<Self, store::Error> {
        Ok(Self {
            letter: LetterKey(row.get(0)?),
            account: AccountId(row.get(1)?),
            blob: row.get(2)?,
            size: row.get(3)?,
            summary: row.bytes(4)?.to_vec(),
            structure: row.bytes(5)?.to_vec(),
        })
    }
}
