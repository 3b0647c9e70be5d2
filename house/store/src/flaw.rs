//! The flaws of a body's bytes: they are not there, they are not what was kept, or nobody can say now.

use crate::blob_id::BlobId;
use crate::error::Error;

/// The reason why the bytes of a body were not read, before it is said of which body.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// They are there and are not those that were kept: proven by a checksum, a length or a form.
    Damaged(String),
    /// They are proven not to be where they should be.
    Missing(String),
    /// The store could not find that out, or the fault lies elsewhere.
    Other(Error),
}

impl Flaw {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// The error for who asked for this blob.
    pub(crate) fn of(self, blob: BlobId) -> Error {
        match self {
            Self::Damaged(what) => Error::Damaged { blob, what },
            Self::Missing(what) => Error::Missing { blob, what },
            Self::Other(error) => error,
        }
    }
}

impl From<Error> for Flaw {
    fn from(error: Error) -> Self {
        match error {
            // A row of this room that does not hold what it was made with.
            Error::Type { column, wanted } => Self::Damaged(format!("column {column} of its row is not {wanted}")),
            error => Self::Other(error),
        }
    }
}
