//! The faults of this room are those of the rooms below.

/// We could not find out, or could not write it down: never the sender's fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The people.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The people whom they know.
    #[error(transparent)]
    Mailbox(#[from] mailbox::Error),
}
