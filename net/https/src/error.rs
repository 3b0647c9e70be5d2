//! The errors of an exchange.

/// The reason why an exchange failed. No text of an error contains a path or a query, which may be secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The URL is not `http:` or `https:` with a host and a port within reach, or it contains a name and password.
    #[error("this is no web address that could be asked")]
    BadAddress,
    /// There is no such name, or it has no address.
    #[error("{0} has no address")]
    NoSuchHost(String),
    /// The name servers do not answer.
    #[error("{0}")]
    Names(String),
    /// The host exists, but we do not connect to it: see [`Reach`](crate::Reach).
    #[error("{0} leads to where others must not send us")]
    OutOfReach(String),
    /// The client cannot find out now whether it may connect to this host.
    #[error("{0}")]
    HomeUnknown(#[from] crate::Unknown),
    /// There was no connection, or no TLS, or the certificate proves nothing.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The answer is no HTTP, has too large a header, or ended early.
    #[error("the answer cannot be read: {0}")]
    Broken(String),
    /// There were too many redirects.
    #[error("more than {0} redirects")]
    TooManyRedirects(u8),
    /// The body is larger than this many octets.
    #[error("the answer is larger than {0} octets")]
    TooLarge(u64),
    /// The exchange was not finished in time.
    #[error("no answer in time")]
    TimedOut,
}
