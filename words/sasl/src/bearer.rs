//! Logs in with a token instead of a password: OAUTHBEARER (RFC 7628) and the older XOAUTH2 of Google and Microsoft.
//! This is the client's side only: we take letters from servers that ask for tokens, and give none out.

use mail::Password;

use crate::client::ClientError;
use crate::encoding::{decode_text, encode};

/// The longest token that is accepted, in octets; those of large providers have about 2,500. In base64 and with its
/// frame it still fits into a client's line (RFC 4954 §4).
pub const MAX_TOKEN: usize = 8192;

/// A way to show a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BearerMechanism {
    /// The standard (RFC 7628).
    OAuthBearer,
    /// Its predecessor, the only mechanism of the kind that Microsoft speaks.
    XOAuth2,
}

impl BearerMechanism {
    /// Both mechanisms, the better first.
    pub const ALL: [Self; 2] = [Self::OAuthBearer, Self::XOAuth2];

    /// Returns its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// Returns the best among those a server offers.
    pub fn best<S: AsRef<str>>(offered: &[S]) -> Option<Self> {
        Self::ALL.into_iter().find(|ours| offered.iter().any(|name| name.as_ref().eq_ignore_ascii_case(ours.name())))
    }
}

/// One log-in with a token at another server.
pub struct Bearer {
    mechanism: BearerMechanism,
    line: Option<Password>,
    refusal: Option<String>,
}

impl Bearer {
    /// Begins a log-in: `name` is the person's there, `token` an access token, `host` and `port` are those of the
    /// connection. A name or token with a control character is malformed: it could smuggle in a field of its own.
    pub fn new(
        mechanism: BearerMechanism,
        name: &str,
        token: &Password,
        host: &str,
        port: u16,
    ) -> Result<Self, ClientError> {
        let odd = |text: &str| text.is_empty() || text.chars().any(char::is_control);
        let secret = token.reveal();
        if odd(name) || odd(host) || odd(secret) || !secret.is_ascii() || secret.len() > MAX_TOKEN {
            return Err(ClientError::Malformed);
        }
        let line = match mechanism {
            BearerMechanism::OAuthBearer => {
                // RFC 5801 §4: in a GS2 header `=` and `,` are written as the client's SCRAM name writes them.
                let name = crate::scram::escape(name);
                format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {secret}\x01\x01")
            }
            BearerMechanism::XOAuth2 => format!("user={name}\x01auth=Bearer {secret}\x01\x01"),
        };
        Ok(Self { mechanism, line: Some(Password::new(encode(line))), refusal: None })
    }

    /// Returns the initial response, for the AUTH or AUTHENTICATE command. It is empty the second time.
    pub fn initial(&mut self) -> Password {
        self.line.take().unwrap_or_else(|| Password::new(String::new()))
    }

    /// Returns the line that answers a challenge (the text behind `334 ` or `+ `).
    ///
    /// An empty challenge asks for the initial response, if that could not go with the command. Any other one gives the
    /// reason why the token is refused: it is kept, and answered by a line after which the server ends the log-in with
    /// its error.
    pub fn challenge(&mut self, challenge: &str) -> Result<Password, ClientError> {
        let text = decode_text(challenge).ok_or(ClientError::Malformed)?;
        if text.is_empty() {
            return self.line.take().ok_or(ClientError::Malformed);
        }
        if self.refusal.is_some() {
            return Err(ClientError::Malformed);
        }
        self.refusal = Some(text.chars().filter(|c| !c.is_control()).take(500).collect());
        Ok(Password::new(match self.mechanism {
            // RFC 7628 §3.2.3: a dummy, for the client must speak before a SASL exchange can fail.
            BearerMechanism::OAuthBearer => encode("\x01"),
            BearerMechanism::XOAuth2 => String::new(),
        }))
    }

    /// Returns the server's reason for refusing a token: a JSON object with `status` and `scope` (RFC 7628 §3.2.2), for
    /// the log. It is on one line and shortened; it never contains the token.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }
}
