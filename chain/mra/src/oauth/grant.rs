//! Parses the answers of a token endpoint (RFC 6749 §5).

use std::time::Duration;

use mail::Password;
use serde::Deserialize;

use super::endpoint::{Answer, Endpoint, Https};
use super::error::Error;
use super::provider::{App, Provider};

/// The seconds after which an access token is renewed if its provider does not say how long it is good.
const UNSAID: u64 = 600;
const LONGEST: u64 = 30 * 24 * 3600;

/// Tokens, as the provider gave them.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Lets us in.
    pub access: Password,
    /// The time for which it is good, from now.
    pub lifetime: Duration,
    /// Gets the next access token. Absent where the one we have stays good.
    pub refresh: Option<Password>,
}

impl Grant {
    /// Parses the answer of a token endpoint, apart from any connection.
    pub fn read(from: &Endpoint, status: u16, body: bytes::Bytes) -> Result<Self, Error> {
        understand(from, &Answer { status, retry_after: None, body })?.grant(from)
    }
}

/// An answer of the token endpoint: a grant, or an error by its code.
pub(super) enum TokenAnswer {
    Granted(Grant),
    Refused { code: String, description: String },
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Seconds>,
    refresh_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// A number, or (older Microsoft endpoints) one in quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    fn bounded(&self) -> u64 {
        let seconds = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or(UNSAID as f64),
        };
        // A cast from a float stops at the bounds of the integer.
        (seconds as u64).min(LONGEST)
    }
}

/// Asks the token endpoint; `fields` name the kind of grant. The program's identity is added.
pub(super) async fn ask(
    https: &Https,
    provider: &Provider,
    app: &App,
    fields: &[(&str, &str)],
) -> Result<TokenAnswer, Error> {
    let mut all = fields.to_vec();
    all.push(("client_id", &app.id));
    if let Some(secret) = &app.secret {
        all.push(("client_secret", secret.reveal()));
    }
    let answer = https.post(&provider.token, &all).await?;
    understand(&provider.token, &answer)
}

impl TokenAnswer {
    /// The grant, or what the refusal asks for.
    pub(super) fn grant(self, from: &Endpoint) -> Result<Grant, Error> {
        match self {
            Self::Granted(grant) => Ok(grant),
            Self::Refused { code, description } => Err(Error::from_code(from.host(), &code, &description)),
        }
    }
}

/// A server in trouble often answers with a page for people: then its status is all we know.
fn understand(from: &Endpoint, answer: &Answer) -> Result<TokenAnswer, Error> {
    let later = |why: String| Error::Later { provider: from.host().to_owned(), why, after: answer.retry_after };
    if answer.status == 429 || answer.status >= 500 {
        return Err(later(format!("it answered with status {}", answer.status)));
    }
    let fields: Fields = serde_json::from_slice(&answer.body)
        .map_err(|_| later(format!("its answer (status {}) is not the JSON of a token", answer.status)))?;
    if let Some(code) = fields.error {
        return Ok(TokenAnswer::Refused { code, description: fields.error_description.unwrap_or_default() });
    }
    granted(fields).map(TokenAnswer::Granted).map_err(later)
}

fn granted(fields: Fields) -> Result<Grant, String> {
    let kind = fields.token_type.unwrap_or_else(|| "Bearer".into());
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(format!("it gives a token of the kind {}", super::error::line(&kind)));
    }
    let access = fields.access_token.and_then(token).ok_or("it gives no token that could be used")?;
    let lifetime = Duration::from_secs(fields.expires_in.map_or(UNSAID, |seconds| seconds.bounded()));
    Ok(Grant { access, lifetime, refresh: fields.refresh_token.and_then(token) })
}

/// RFC 6749 appendix A: visible ASCII and blanks.
fn token(text: String) -> Option<Password> {
    let fine = !text.is_empty() && text.len() <= sasl::MAX_TOKEN && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    fine.then(|| Password::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(status: u16, body: &str) -> Result<Grant, Error> {
        let from = Endpoint::parse("https://login.test/token").unwrap();
        Grant::read(&from, status, body.as_bytes().to_vec().into())
    }

    #[test]
    fn the_example_of_rfc_6749_is_understood() {
        let grant =
            understood(200, r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600}"#);
        assert!(grant.is_err(), "that token is of a kind we cannot use");
        let grant = understood(
            200,
            r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600,
                "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","example_parameter":{"a":[1]}}"#,
        )
        .unwrap();
        assert_eq!(grant.access.reveal(), "2YotnFZFEjr1zCsicMWpAA");
        assert_eq!(grant.refresh.unwrap().reveal(), "tGzv3JOkF0XG5Qx2TlKWIA");
        assert_eq!(grant.lifetime, Duration::from_secs(3600));
    }

    #[test]
    fn odd_lifetimes_are_borne() {
        for (given, seconds) in
            [("\"3599\"", 3599), ("-5", 0), ("1e300", LONGEST), ("\"soon\"", UNSAID), ("null", UNSAID)]
        {
            let body = format!(r#"{{"access_token":"t","expires_in":{given}}}"#);
            assert_eq!(understood(200, &body).unwrap().lifetime.as_secs(), seconds, "{given}");
        }
    }

    #[test]
    fn a_provider_in_trouble_is_asked_later_and_a_refusal_is_not() {
        use super::super::Who;
        for (status, body, who) in [
            (503, "<html>", Who::Nobody),
            (429, "", Who::Nobody),
            (200, "<html>", Who::Nobody),
            (200, "{}", Who::Nobody),
            (200, r#"{"access_token":"a\u0001b"}"#, Who::Nobody),
            (400, r#"{"error":"invalid_grant"}"#, Who::Person),
            (401, r#"{"error":"invalid_client"}"#, Who::Postmaster),
            // Some say no with a 200.
            (200, r#"{"error":"invalid_grant"}"#, Who::Person),
        ] {
            assert_eq!(understood(status, body).unwrap_err().who(), who, "{status} {body}");
        }
    }
}
