//! Logging in: the mechanisms, whatever the protocol around them.

use mail::Password;
use sasl::Mechanism;

use crate::Fault;
use crate::credential::Credential;

/// A SASL exchange seen from the client.
pub enum Exchange {
    /// With a password.
    Password {
        /// Which way.
        mechanism: Mechanism,
        /// The exchange.
        client: Box<sasl::Client>,
    },
    /// With a token (RFC 7628, and Google's XOAUTH2 before it).
    Bearer {
        /// Its name on the wire.
        name: &'static str,
        /// The one line there is to say.
        line: Password,
        /// What the server told of a refusal.
        said: Option<String>,
    },
}

impl Exchange {
    /// The best way among those offered; none where none is known.
    pub fn begin(user: &str, credential: &Credential, offered: &[String]) -> Option<Self> {
        match credential {
            Credential::Password(password) => {
                let mechanism = Mechanism::best(offered)?;
                let client = Box::new(sasl::Client::new(mechanism, user, password, rand::random()));
                Some(Self::Password { mechanism, client })
            }
            Credential::Bearer(token) => {
                let offers = |name: &str| offered.iter().any(|own| own.eq_ignore_ascii_case(name));
                let (name, text) = if offers("OAUTHBEARER") {
                    ("OAUTHBEARER", format!("n,a={},\x01auth=Bearer {}\x01\x01", name_in_gs2(user), token.reveal()))
                } else if offers("XOAUTH2") {
                    ("XOAUTH2", format!("user={user}\x01auth=Bearer {}\x01\x01", token.reveal()))
                } else {
                    return None;
                };
                Some(Self::Bearer { name, line: Password::new(encode(text.as_bytes())), said: None })
            }
        }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Password { mechanism, .. } => mechanism.name(),
            Self::Bearer { name, .. } => name,
        }
    }

    /// What can be said before the server says anything.
    pub fn initial(&mut self) -> Option<Password> {
        match self {
            Self::Password { client, .. } => client.initial(),
            Self::Bearer { line, .. } => Some(line.clone()),
        }
    }

    /// The answer to a challenge; none to give up.
    pub fn answer(&mut self, challenge: &str) -> Option<Password> {
        match self {
            Self::Password { client, .. } => client.challenge(challenge.trim()).ok(),
            // The server tells why it refuses, and waits for a line before it says so (RFC 7628 §3.2.3).
            Self::Bearer { said, name, .. } => {
                *said = decode(challenge.trim()).or_else(|| Some("the token was refused".to_owned()));
                Some(Password::new(if *name == "XOAUTH2" { String::new() } else { "AQ==".to_owned() }))
            }
        }
    }

    /// To be called when the server says that it worked.
    pub fn finish(&mut self) -> Result<(), Fault> {
        let Self::Password { client, mechanism } = self else { return Ok(()) };
        let spent = sasl::Client::new(Mechanism::Plain, "", &Password::new(String::new()), [0; sasl::NONCE]);
        let client = std::mem::replace(&mut **client, spent);
        client.finish().map_err(|why| Fault::Untrusted(format!("{}: {why}", mechanism.name())))
    }

    /// What the server told of a refusal, beyond the word no.
    pub fn said(&mut self) -> Option<String> {
        match self {
            Self::Password { .. } => None,
            Self::Bearer { said, .. } => said.take(),
        }
    }
}

/// Servers without response codes say it in words.
pub fn sounds_throttled(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["throttl", "too many", "bandwidth", "rate limit", "try again later", "temporarily"].iter().any(|w| text.contains(w))
}

/// RFC 5801 §4: `,` and `=` have a meaning there.
fn name_in_gs2(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn decode(line: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(line).ok()?;
    let text: String = String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).take(300).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_in_the_way_the_server_knows() {
        let bearer = Credential::Bearer(Password::new("vF9dft4qmT".to_owned()));
        let offered = ["XOAUTH2".to_owned(), "PLAIN".to_owned()];
        let mut exchange = Exchange::begin("someuser@example.com", &bearer, &offered).unwrap();
        // The example of Google's documentation, with a shorter token.
        let line = decode(exchange.initial().unwrap().reveal()).unwrap();
        assert_eq!((exchange.name(), line.as_str()), ("XOAUTH2", "user=someuser@example.comauth=Bearer vF9dft4qmT"));
        assert_eq!(exchange.answer("eyJzdGF0dXMiOiI0MDAifQ==").unwrap().reveal(), "");
        assert_eq!(exchange.said().unwrap(), "{\"status\":\"400\"}");
        assert!(Exchange::begin("a", &bearer, &["PLAIN".to_owned()]).is_none());
    }
}
