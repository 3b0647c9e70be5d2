//! OAuth 2.0 for mailboxes elsewhere: a person allows us once to read their mail, and we log in with tokens.
//!
//! [`device`] (RFC 8628) and [`browser`] (RFC 6749 §4.1 with RFC 7636 and RFC 8252) get that consent; both give a
//! [`Grant`] with a refresh token. From then on [`Tokens::bearer`] gives an access token that is good now, for
//! [`sasl::Bearer`]. The program is registered at the provider by whoever runs it ([`App`]): an identity that everybody
//! shares would be everybody's to lose.

pub mod browser;
pub mod device;
mod endpoint;
mod error;
mod grant;
mod provider;
mod tokens;

pub use endpoint::{Endpoint, Https};
pub use error::{Error, Who};
pub use grant::Grant;
pub use provider::{App, Provider};
pub use tokens::{KeepRefresh, Tokens};
