//! The errors of tokens; each says who must act.

use std::time::Duration;

use mail::seam::OurFault;

/// The reason why there is no token. The provider's words about it have been cut to one short line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The consent is gone or was not given: revoked, expired, denied, the password was changed.
    #[error("{provider} does not let us in any more ({says}): log in again")]
    LogInAgain {
        /// The host that said it.
        provider: String,
        /// Its code and words.
        says: String,
    },
    /// The provider does not know the program, or does not allow it this: wrong client id, secret or scope.
    #[error("{provider} does not take the registration of this program ({says}): check client id, secret and scopes")]
    Registration {
        /// The host that said it.
        provider: String,
        /// Its code and words.
        says: String,
    },
    /// The provider cannot be reached or has trouble.
    #[error("{provider} gives no token now: {why}")]
    Later {
        /// The host.
        provider: String,
        /// The reason, for the log.
        why: String,
        /// The time that it asked us to wait, if it did.
        after: Option<Duration>,
    },
    /// The new refresh token could not be kept here.
    #[error("the new token could not be kept: {}", .0.0)]
    Keep(#[from] KeepFault),
}

/// An [`OurFault`] that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeepFault(pub String);

impl From<OurFault> for Error {
    fn from(fault: OurFault) -> Self {
        Self::Keep(KeepFault(fault.0))
    }
}

/// The person or program that must do something before the next try can go better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The person whose mailbox it is logs in again. Trying by ourselves is of no use.
    Person,
    /// Whoever registered the program at the provider. Trying by ourselves is of no use.
    Postmaster,
    /// Nobody: try again later.
    Nobody,
}

impl Error {
    /// Returns who must act.
    pub fn who(&self) -> Who {
        match self {
            Self::LogInAgain { .. } => Who::Person,
            Self::Registration { .. } => Who::Postmaster,
            Self::Later { .. } | Self::Keep(_) => Who::Nobody,
        }
    }

    pub(super) fn later(provider: &str, why: impl ToString) -> Self {
        Self::Later { provider: provider.to_owned(), why: why.to_string(), after: None }
    }

    /// Returns the error for an error code of RFC 6749 §5.2 or RFC 8628 §3.5.
    pub(super) fn from_code(provider: &str, code: &str, description: &str) -> Self {
        let provider = provider.to_owned();
        let says = line(&if description.is_empty() { code.to_owned() } else { format!("{code}: {description}") });
        match code {
            // Google and Microsoft say these two if the person must look: for consent, for a second factor.
            "invalid_grant"
            | "access_denied"
            | "expired_token"
            | "interaction_required"
            | "login_required"
            | "consent_required" => Self::LogInAgain { provider, says },
            "temporarily_unavailable" | "server_error" | "slow_down" | "authorization_pending" => {
                Self::Later { provider, why: says, after: None }
            }
            _ => Self::Registration { provider, says },
        }
    }
}

/// One printable line of at most 300 characters.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_names_who_must_act() {
        for (code, who) in [
            ("invalid_grant", Who::Person),
            ("access_denied", Who::Person),
            ("expired_token", Who::Person),
            ("invalid_client", Who::Postmaster),
            ("unauthorized_client", Who::Postmaster),
            ("invalid_scope", Who::Postmaster),
            ("temporarily_unavailable", Who::Nobody),
        ] {
            assert_eq!(Error::from_code("login.test", code, "").who(), who, "{code}");
        }
    }

    #[test]
    fn what_a_provider_says_is_one_short_line() {
        let error = Error::from_code("login.test", "invalid_grant", &format!("gone\r\n\x1b[2J{}", "x".repeat(9000)));
        let text = error.to_string();
        assert!(text.len() < 500 && !text.chars().any(char::is_control), "{text}");
    }
}
