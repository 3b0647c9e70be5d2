//! Credentials prove to a mailbox elsewhere that it is ours.

use mail::Password;

/// A way to log in.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A name and a password.
    Password(Password),
    /// A name and an OAuth 2 access token that is valid now (RFC 6750).
    Bearer(Password),
}
