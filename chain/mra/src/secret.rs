//! The secret by which a source logs in, as it lies in the vault.

use mail::Password;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::oauth::{App, Provider};

/// A secret, before it is sealed.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A password.
    Password(Password),
    /// An OAuth 2 refresh token, and where and as whom it is used.
    OAuth {
        /// The provider that gives tokens.
        provider: Box<Provider>,
        /// The program as the provider knows it.
        app: App,
        /// Gets access tokens.
        refresh: Password,
    },
}

/// A secret is damaged, or was written by a newer program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored log-in cannot be understood; add the source again")]
pub struct Unreadable;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Password(String),
    OAuth {
        token: String,
        device: Option<String>,
        authorize: Option<String>,
        scopes: String,
        id: String,
        secret: Option<String>,
        refresh: String,
    },
}

impl Secret {
    /// Writes the secret as text, for the vault.
    pub fn write(&self) -> Password {
        let stored = match self {
            Self::Password(password) => Stored::Password(password.reveal().to_owned()),
            Self::OAuth { provider, app, refresh } => Stored::OAuth {
                token: provider.token.as_str().to_owned(),
                device: provider.device.as_ref().map(|endpoint| endpoint.as_str().to_owned()),
                authorize: provider.authorize.as_ref().map(|endpoint| endpoint.as_str().to_owned()),
                scopes: provider.scopes.clone(),
                id: app.id.clone(),
                secret: app.secret.as_ref().map(|secret| secret.reveal().to_owned()),
                refresh: refresh.reveal().to_owned(),
            },
        };
        Password::new(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// Reads the secret from the vault's text.
    pub fn read(text: &Password) -> Result<Self, Unreadable> {
        let text = Zeroizing::new(text.reveal().to_owned());
        match serde_json::from_str(&text).map_err(|_| Unreadable)? {
            Stored::Password(password) => Ok(Self::Password(Password::new(password))),
            Stored::OAuth { token, device, authorize, scopes, id, secret, refresh } => {
                let provider = Provider::other(&token, device.as_deref(), authorize.as_deref(), &scopes);
                Ok(Self::OAuth {
                    provider: Box::new(provider.map_err(|_| Unreadable)?),
                    app: App { id, secret: secret.map(Password::new) },
                    refresh: Password::new(refresh),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_round_as_text() {
        let provider = Provider::of_host("outlook.office365.com").unwrap();
        let app = App { id: "facteur".to_owned(), secret: Some(Password::new("s".to_owned())) };
        let secret =
            Secret::OAuth { provider: Box::new(provider.clone()), app, refresh: Password::new("r\"".to_owned()) };
        let Ok(Secret::OAuth { provider: read, refresh, .. }) = Secret::read(&secret.write()) else { panic!() };
        assert!(*read == provider && refresh.reveal() == "r\"");
        let password = Secret::Password(Password::new("p{}".to_owned()));
        assert!(matches!(Secret::read(&password.write()), Ok(Secret::Password(p)) if p.reveal() == "p{}"));
        assert!(Secret::read(&Password::new("p".to_owned())).is_err());
    }
}
