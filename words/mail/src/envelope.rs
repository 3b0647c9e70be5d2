//! The envelope: what SMTP carries beside the letter (RFC 5321 §2.3.1).

use crate::{Address, ReturnPath};

/// What the bytes of the letter are made of (RFC 6152, RFC 3030).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyKind {
    /// Nothing was declared, or `BODY=7BIT`.
    #[default]
    SevenBit,
    /// `BODY=8BITMIME`
    EightBitMime,
}

/// Return path, recipients and what the sender declared about the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Where bounces go.
    pub return_path: ReturnPath,
    /// Who gets the letter; never empty when a letter is handed over.
    pub recipients: Vec<Address>,
    /// `BODY=` of MAIL FROM.
    pub body: BodyKind,
    /// `SMTPUTF8` of MAIL FROM (RFC 6531 §3.4): the letter may only go on to servers that offer it.
    pub smtputf8: bool,
}
