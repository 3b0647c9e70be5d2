//! APPEND.

use crate::serve::{Answer, Session};

/// What can be known of an APPEND before its letter is sent.
pub(crate) async fn admit(_session: &Session, _folder: String, _size: u64) -> Result<(), Answer> {
    Ok(())
}
