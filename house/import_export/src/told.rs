//! The facts about a letter that stand beside it.

use std::sync::Arc;

use mail::Timestamp;
use mailbox::System;

use crate::goal::Goal;

/// Flags, keywords and date that a letter has from a list or a file beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its flags.
    pub system: System,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// When it was received.
    pub received: Option<Timestamp>,
    /// The other folders that it lies in.
    pub also: Vec<Arc<Goal>>,
}
