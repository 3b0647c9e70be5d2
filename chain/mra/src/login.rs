//! Logging in: the mechanisms, whatever the protocol around them.

use mail::Password;
use sasl::{Bearer, BearerMechanism, MOST_CHALLENGES, Mechanism};

use crate::Fault;
use crate::credential::Credential;
use crate::endpoint::Endpoint;

/// A SASL exchange seen from the client.
pub enum Exchange {
    /// A log-in with a password.
    Password {
        /// The mechanism.
        mechanism: Mechanism,
        /// The exchange.
        client: Box<sasl::Client>,
    },
    /// A log-in with a token.
    Bearer {
        /// The mechanism.
        mechanism: BearerMechanism,
        /// The exchange.
        bearer: Box<Bearer>,
    },
}

/// Counts the challenges of one log-in: a server that never ends them is told so.
#[derive(Default)]
pub struct Challenges(usize);

impl Challenges {
    /// One more.
    pub fn count(&mut self) -> Result<(), Fault> {
        self.0 += 1;
        match self.0 <= MOST_CHALLENGES {
            true => Ok(()),
            false => Err(Fault::Server("it keeps asking and never ends the log-in".to_owned())),
        }
    }
}

impl Exchange {
    /// The best way among those offered; `None` if none is known.
    pub fn begin(endpoint: &Endpoint, user: &str, credential: &Credential, offered: &[String]) -> Option<Self> {
        match credential {
            Credential::Password(password) => {
                let mechanism = Mechanism::best(offered)?;
                let client = Box::new(sasl::Client::new(mechanism, user, password, rand::random()));
                Some(Self::Password { mechanism, client })
            }
            Credential::Bearer(token) => {
                let mechanism = BearerMechanism::best(offered)?;
                let bearer = Bearer::new(mechanism, user, token, &endpoint.host, endpoint.port).ok()?;
                Some(Self::Bearer { mechanism, bearer: Box::new(bearer) })
            }
        }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Password { mechanism, .. } => mechanism.name(),
            Self::Bearer { mechanism, .. } => mechanism.name(),
        }
    }

    /// Returns the credentials that can be sent before the server says anything.
    pub fn initial(&mut self) -> Option<Password> {
        match self {
            Self::Password { client, .. } => client.initial(),
            Self::Bearer { bearer, .. } => Some(bearer.initial()),
        }
    }

    /// Goes on with the answer to a challenge; `*` to give up. The server decides how much work SCRAM takes to make
    /// one, so a thread does it where others do not wait for it.
    pub async fn answer(mut self, challenge: String) -> Result<(Self, Password), Fault> {
        let work = move || {
            let answer = match &mut self {
                Self::Password { client, .. } => client.challenge(challenge.trim()),
                Self::Bearer { bearer, .. } => bearer.challenge(challenge.trim()),
            };
            (self, answer.unwrap_or_else(|_| Password::new("*".to_owned())))
        };
        tokio::task::spawn_blocking(work).await.map_err(|why| Fault::Server(why.to_string()))
    }

    /// Ends the log-in when the server says that it worked: the server must have proved itself if the mechanism asks
    /// for that.
    pub fn finish(self) -> Result<(), Fault> {
        match self {
            Self::Password { mechanism, client } => {
                client.finish().map_err(|why| Fault::Untrusted(format!("{}: {why}", mechanism.name())))
            }
            Self::Bearer { .. } => Ok(()),
        }
    }

    /// Returns the words of the server about a refusal, beyond the word no.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Password { .. } => None,
            Self::Bearer { bearer, .. } => bearer.refusal().map(str::to_owned),
        }
    }
}

/// Servers without response codes say it in words, when they let nobody in.
pub fn sounds_throttled(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    sounds_crowded(&text) || ["try again later", "temporar"].iter().any(|word| text.contains(word))
}

/// The words of a server that wants to be asked for less. That something fails for the time being is not among them: behind
/// the log-in it may be one letter or folder that does.
pub fn sounds_crowded(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["throttl", "too many", "bandwidth", "rate limit"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_never_ends_its_questions_is_not_answered_for_ever() {
        let mut challenges = Challenges::default();
        assert!((0..MOST_CHALLENGES).all(|_| challenges.count().is_ok()));
        assert!(matches!(challenges.count(), Err(Fault::Server(_))));
    }

    #[tokio::test]
    async fn an_exchange_goes_on_behind_each_answer() {
        let password = Password::new("secret".to_owned());
        let client = Box::new(sasl::Client::new(Mechanism::Login, "alice", &password, rand::random()));
        let exchange = Exchange::Password { mechanism: Mechanism::Login, client };
        // "Username:" and "Password:"
        let (exchange, user) = exchange.answer("VXNlcm5hbWU6".to_owned()).await.unwrap();
        let (exchange, word) = exchange.answer("UGFzc3dvcmQ6".to_owned()).await.unwrap();
        assert_eq!((user.reveal(), word.reveal()), ("YWxpY2U=", "c2VjcmV0"));
        assert!(exchange.finish().is_ok());
    }
}
