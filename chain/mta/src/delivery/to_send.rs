//! A letter as a conversation with a server needs it, wherever its octets lie.

use bytes::Bytes;
use mail::{Address, LetterWishes, ReturnPath, Wishes};
use store::{BlobId, Store};

use crate::queue::Loaded;

/// Octets of a letter that are read from the store at one time.
pub const PIECE: u64 = 256 * 1024;

/// A letter and those of its recipients to whom it goes in one transaction.
pub struct LetterToSend<'a> {
    /// The address that its bounces go to.
    pub return_path: &'a ReturnPath,
    /// The recipients that it goes to now.
    pub recipients: Vec<&'a Address>,
    /// The wishes of the sender for reports about each of them; of a letter that is not in the queue there are none.
    pub wishes: Vec<&'a Wishes>,
    /// The wishes of the sender about the letter.
    pub letter_wishes: Option<&'a LetterWishes>,
    /// The number of its octets.
    pub size: u64,
    /// Some of them are beyond ASCII.
    pub eight_bit: bool,
    /// Its header is in UTF-8 and may only go to servers with SMTPUTF8.
    pub smtputf8: bool,
    /// The octets.
    pub octets: Octets<'a>,
}

/// The place of a letter's octets.
pub enum Octets<'a> {
    /// All are here.
    Here(&'a Bytes),
    /// In the store; the beginning of them was read.
    Stored {
        /// The store that they are read from.
        store: &'a Store,
        /// Their blob.
        blob: BlobId,
        /// As many as were read.
        beginning: &'a Bytes,
    },
}

impl Loaded {
    /// The letter with the recipients that it was loaded with; the octets behind its beginning come from `store`.
    pub fn to_send<'a>(&'a self, store: &'a Store) -> LetterToSend<'a> {
        LetterToSend {
            return_path: &self.return_path,
            recipients: self.recipients.iter().map(|to| &to.address).collect(),
            wishes: self.recipients.iter().map(|to| &to.wishes).collect(),
            letter_wishes: Some(&self.wishes),
            size: self.size,
            eight_bit: self.eight_bit,
            smtputf8: self.smtputf8,
            octets: Octets::Stored { store, blob: self.blob, beginning: &self.beginning },
        }
    }
}

impl<'a> LetterToSend<'a> {
    /// A letter that is here as a whole, to one recipient.
    pub fn here(return_path: &'a ReturnPath, recipient: &'a Address, raw: &'a Bytes) -> Self {
        Self {
            return_path,
            recipients: vec![recipient],
            wishes: Vec::new(),
            letter_wishes: None,
            size: raw.len() as u64,
            eight_bit: !raw.is_ascii(),
            smtputf8: false,
            octets: Octets::Here(raw),
        }
    }

    /// The octets from `at` on, as many as come at one time; none behind the last.
    pub async fn piece(&self, at: u64) -> Result<Option<Bytes>, store::Error> {
        if at >= self.size {
            return Ok(None);
        }
        let (Octets::Here(near) | Octets::Stored { beginning: near, .. }) = &self.octets;
        if let Some(piece) = usize::try_from(at).ok().and_then(|at| near.get(at..)).filter(|piece| !piece.is_empty()) {
            return Ok(Some(near.slice_ref(piece)));
        }
        let Octets::Stored { store, blob, .. } = self.octets else { return Ok(None) };
        let piece = store.read(move |view| view.read_blob(blob, at..at + PIECE)).await?;
        if piece.is_empty() { Err(store::Error::NoBlob(blob)) } else { Ok(Some(piece)) }
    }

    /// All octets.
    pub async fn whole(&self) -> Result<Bytes, store::Error> {
        let size = self.size;
        match self.octets {
            Octets::Here(whole) => Ok(whole.clone()),
            Octets::Stored { store, blob, .. } => store.read(move |view| view.read_blob(blob, 0..size)).await,
        }
    }
}
