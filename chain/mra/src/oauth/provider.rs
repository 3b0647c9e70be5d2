//! Names the providers that give tokens, and the mailboxes that they give them for.

use mail::Password;

use super::endpoint::{BadEndpoint, Endpoint};

/// The program as the provider knows it. The person who runs Facteur has registered it there.
#[derive(Clone, Debug)]
pub struct App {
    /// The client id (RFC 6749 §2.2).
    pub id: String,
    /// The client secret, if the provider gave one.
    pub secret: Option<Password>,
}

/// The endpoints of a provider, and the scope that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The token endpoint (RFC 6749 §3.2).
    pub token: Endpoint,
    /// The device authorization endpoint (RFC 8628 §3.1), if mail may be asked for through it.
    pub device: Option<Endpoint>,
    /// The authorization endpoint (RFC 6749 §3.1), for a log-in in the browser.
    pub authorize: Option<Endpoint>,
    /// Scopes, parted by blanks (RFC 6749 §3.3).
    pub scopes: String,
}

/// Google lets no program ask for mail through the device flow, so there is only the browser.
const GOOGLE: Known = Known {
    hosts: &["imap.gmail.com", "pop.gmail.com", "imap.googlemail.com", "pop.googlemail.com"],
    token: "https://oauth2.googleapis.com/token",
    device: None,
    authorize: "https://accounts.google.com/o/oauth2/v2/auth",
    scopes: "https://mail.google.com/",
};

/// `common` takes people of companies and of outlook.com alike; `offline_access` asks for a refresh token.
const MICROSOFT: Known = Known {
    hosts: &[
        "outlook.office365.com",
        "outlook.office.com",
        "imap-mail.outlook.com",
        "pop-mail.outlook.com",
        "imap.outlook.com",
        "pop.outlook.com",
    ],
    token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    device: Some("https://login.microsoftonline.com/common/oauth2/v2.0/devicecode"),
    authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    scopes: "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/POP.AccessAsUser.All \
             offline_access",
};

struct Known {
    hosts: &'static [&'static str],
    token: &'static str,
    device: Option<&'static str>,
    authorize: &'static str,
    scopes: &'static str,
}

impl Provider {
    /// The provider for the mailboxes of a host (`imap.gmail.com`), if it is known to us.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.');
        let known = [&GOOGLE, &MICROSOFT].into_iter();
        known.filter(|known| known.hosts.iter().any(|name| name.eq_ignore_ascii_case(host))).find_map(Self::known)
    }

    /// Any other: endpoints as they stand on the provider's own pages.
    pub fn other(
        token: &str,
        device: Option<&str>,
        authorize: Option<&str>,
        scopes: &str,
    ) -> Result<Self, BadEndpoint> {
        Ok(Self {
            token: Endpoint::parse(token)?,
            device: device.map(Endpoint::parse).transpose()?,
            authorize: authorize.map(Endpoint::parse).transpose()?,
            scopes: scopes.to_owned(),
        })
    }

    fn known(known: &Known) -> Option<Self> {
        Self::other(known.token, known.device, Some(known.authorize), known.scopes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_and_microsoft_are_known_by_the_hosts_of_their_mailboxes() {
        let google = Provider::of_host("IMAP.gmail.com.").expect("known");
        assert_eq!((google.token.host(), google.device), ("oauth2.googleapis.com", None));
        let microsoft = Provider::of_host("outlook.office365.com").expect("known");
        assert!(microsoft.device.is_some() && microsoft.scopes.ends_with(" offline_access"));
        assert_eq!(Provider::of_host("imap.gmail.com.evil.test"), None);
    }

    #[test]
    fn tokens_are_asked_for_over_https_only() {
        assert!(Provider::other("http://login.example.org/token", None, None, "mail").is_err());
        assert!(Provider::other("http://127.0.0.1:8080/token", None, None, "mail").is_ok());
    }
}
