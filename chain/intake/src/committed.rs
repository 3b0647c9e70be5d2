//! The result of the commit behind an answer.

use conduct::Outcome;
use mail::Reply;
use mda::Addressee;

/// The result of a commit.
pub(crate) enum Committed {
    /// The letter is taken.
    Taken,
    /// These mailboxes did not take it; nothing was kept for anybody.
    Unfiled(Vec<(Addressee, Reply)>),
    /// It is to be kept back, or has too many recipients; nothing was kept for anybody.
    Weighed(Outcome),
}
