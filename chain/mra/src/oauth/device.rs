//! A log-in from another device (RFC 8628): the person opens an address anywhere and types a short code.

use std::time::Duration;

use mail::Password;
use serde::Deserialize;
use tokio::time::Instant;

use super::endpoint::{Endpoint, Https};
use super::error::{Error, line};
use super::grant::{self, Grant, TokenAnswer};
use super::provider::{App, Provider};

/// RFC 8628 §3.2, if the provider does not say.
const INTERVAL: u64 = 5;
const LONGEST_INTERVAL: u64 = 60;
const LIFETIME: u64 = 900;
const LONGEST_LIFETIME: u64 = 3600;
/// The time that `slow_down` adds to the pause, for good (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// A log-in that waits for the person.
pub struct DeviceLogin {
    /// The address that the person opens.
    pub address: String,
    /// The code that the person types there.
    pub code: String,
    /// An address that has the code in it already, if the provider has one: for a link or a QR code.
    pub whole_address: Option<String>,
    /// The time for which the code is good, from when it was given.
    pub lifetime: Duration,
    secret: Password,
    pace: Pace,
    until: Instant,
}

#[derive(Deserialize)]
struct Fields {
    device_code: String,
    user_code: String,
    /// Google has called it `verification_url`.
    #[serde(alias = "verification_url")]
    verification_uri: String,
    #[serde(alias = "verification_url_complete")]
    verification_uri_complete: Option<String>,
    expires_in: Option<u64>,
    interval: Option<u64>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl DeviceLogin {
    /// Asks for a code. The provider must have a device endpoint.
    pub async fn begin(https: &Https, provider: &Provider, app: &App) -> Result<Self, Error> {
        let Some(endpoint) = &provider.device else {
            let says = "it has no log-in from another device".to_owned();
            return Err(Error::Registration { provider: provider.token.host().to_owned(), says });
        };
        // Some want the secret already here; none minds it.
        let mut fields = vec![("client_id", app.id.as_str()), ("scope", &provider.scopes)];
        if let Some(secret) = &app.secret {
            fields.push(("client_secret", secret.reveal()));
        }
        let answer = https.post(endpoint, &fields).await?;
        if let Ok(refusal) = serde_json::from_slice::<Refusal>(&answer.body) {
            return Err(Error::from_code(endpoint.host(), &refusal.error, &refusal.error_description));
        }
        let fields = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status < 300);
        fields.and_then(Self::new).ok_or_else(|| {
            Error::later(endpoint.host(), format!("its answer (status {}) holds no code", answer.status))
        })
    }

    /// Makes a consent whose texts are shown to a person: a text that would do something to a terminal, or is no
    /// address, is refused.
    fn new(fields: Fields) -> Option<Self> {
        let address = Endpoint::parse(&fields.verification_uri).ok()?;
        let whole = fields.verification_uri_complete.and_then(|whole| Endpoint::parse(&whole).ok());
        let printable = !fields.user_code.is_empty() && fields.user_code == line(&fields.user_code);
        if !printable || fields.device_code.is_empty() {
            return None;
        }
        let lifetime = Duration::from_secs(fields.expires_in.unwrap_or(LIFETIME).min(LONGEST_LIFETIME));
        Some(Self {
            address: address.as_str().to_owned(),
            code: fields.user_code,
            whole_address: whole.map(|whole| whole.as_str().to_owned()),
            lifetime,
            secret: Password::new(fields.device_code),
            pace: Pace::new(fields.interval.unwrap_or(INTERVAL)),
            until: Instant::now() + lifetime,
        })
    }

    /// Waits until the person has said yes or no, or the code is too old.
    pub async fn wait(mut self, https: &Https, provider: &Provider, app: &App) -> Result<Grant, Error> {
        loop {
            if Instant::now() + self.pace.pause > self.until {
                return Err(Error::from_code(provider.token.host(), "expired_token", "the code was not used in time"));
            }
            tokio::time::sleep(self.pace.pause).await;
            if let Some(done) = self.ask(https, provider, app).await {
                return done;
            }
        }
    }

    /// `None` as long as the person has said nothing.
    async fn ask(&mut self, https: &Https, provider: &Provider, app: &App) -> Option<Result<Grant, Error>> {
        let fields =
            [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", self.secret.reveal())];
        match grant::ask(https, provider, app, &fields).await {
            Ok(TokenAnswer::Refused { code, .. }) if code == "authorization_pending" => {}
            Ok(TokenAnswer::Refused { code, .. }) if code == "slow_down" => self.pace.slow_down(),
            Ok(outcome) => return Some(outcome.grant(&provider.token)),
            // A provider that is out of breath, or out of reach, is given more time: RFC 8628 §3.5.
            Err(_) => self.pace.back_off(),
        }
        None
    }
}

/// The pause between two questions.
struct Pace {
    pause: Duration,
}

impl Pace {
    fn new(seconds: u64) -> Self {
        Self { pause: Duration::from_secs(seconds.clamp(1, LONGEST_INTERVAL)) }
    }

    fn slow_down(&mut self) {
        self.pause = (self.pause + SLOWER).min(Duration::from_secs(LONGEST_INTERVAL));
    }

    fn back_off(&mut self) {
        self.pause = (self.pause * 2).min(Duration::from_secs(LONGEST_INTERVAL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user_code: &str, address: &str) -> Option<DeviceLogin> {
        DeviceLogin::new(Fields {
            device_code: "secret".into(),
            user_code: user_code.into(),
            verification_uri: address.into(),
            verification_uri_complete: None,
            expires_in: None,
            interval: None,
        })
    }

    #[tokio::test]
    async fn what_is_shown_to_a_person_cannot_play_with_the_terminal() {
        assert!(login("WDJB-MJHT", "https://example.com/device").is_some());
        assert!(login("\x1b[2JWDJB", "https://example.com/device").is_none());
        assert!(login("", "https://example.com/device").is_none());
        assert!(login("WDJB-MJHT", "javascript:alert(1)").is_none());
    }

    #[test]
    fn slow_down_lasts_and_every_pause_has_a_bound() {
        let mut pace = Pace::new(5);
        pace.slow_down();
        assert_eq!(pace.pause, Duration::from_secs(10));
        pace.back_off();
        assert_eq!(pace.pause, Duration::from_secs(20));
        (0..100).for_each(|_| pace.slow_down());
        assert_eq!(pace.pause, Duration::from_secs(60));
        assert_eq!(Pace::new(0).pause, Duration::from_secs(1));
        assert_eq!(Pace::new(u64::MAX).pause, Duration::from_secs(60));
    }
}
