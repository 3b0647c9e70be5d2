//! Routes letters for a domain: to a host, a program or a folder that the configuration names, or to the domain's own
//! host (MX).

mod host;
mod person;
mod program;
mod routes;
mod run_as;
mod template;

use std::path::PathBuf;

use mail::Password;

pub use host::{Host, HostName, Protocol};
pub use person::Person;
pub use program::Program;
pub use routes::{AddedRoutes, RouteKey, Routes};
pub use run_as::{People, RunAs};
pub use template::{Template, TemplateError};

/// The fault of a line of `[[route]]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// `domain` is neither a domain nor `*`.
    #[error("\"{0}\" is neither a domain nor \"*\" (every other domain)")]
    Domain(String),
    /// `to` is not a host with or without a port.
    #[error("\"{0}\" is not a host: write \"mail.example.org\", \"192.0.2.1:2525\" or \"[2001:db8::1]:25\"")]
    Host(String),
    /// The word before the colon is no way to hand a letter on.
    #[error("\"{0}\" is no way to hand letters on: write a host, \"smtps:\", \"lmtp:\", \"command:\" or \"maildir:\"")]
    Scheme(String),
    /// A program, a folder or a socket is named by its full path.
    #[error("\"{0}\" must be a full path, which begins with a slash")]
    Path(String),
    /// The words of a program or the name of a folder cannot be filled in.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// `tls` is not a demand.
    #[error("\"{0}\" is no demand on TLS: write \"opportunistic\", \"encrypted\" or \"verified\"")]
    Tls(String),
}

/// The demand of a route on the security of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Demand {
    /// TLS if the server offers it, whatever its certificate; else in clear (RFC 7435).
    Opportunistic,
    /// TLS always, whatever the certificate.
    Encrypted,
    /// TLS always, with a certificate that fits the host's name.
    Verified,
}

impl std::str::FromStr for Demand {
    type Err = RouteError;
    fn from_str(text: &str) -> Result<Self, RouteError> {
        match text {
            "opportunistic" => Ok(Self::Opportunistic),
            "encrypted" => Ok(Self::Encrypted),
            "verified" => Ok(Self::Verified),
            other => Err(RouteError::Tls(other.to_owned())),
        }
    }
}

/// A name and a password for a smarthost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name to log in with.
    pub user: String,
    /// The password.
    pub password: Password,
}

/// A route of letters: its target, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The target.
    pub to: Target,
    /// The demand on the security of the connection to a host.
    pub demand: Demand,
    /// The log-in, if the host wants one.
    pub login: Option<Credentials>,
    /// The mailboxes of the domain are there: letters for it are taken at our doors, from anyone.
    pub receive: bool,
    /// The user of this machine as whom a program runs, or a folder is written to.
    pub run_as: Option<RunAs>,
}

/// The target of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A server, over SMTP or LMTP.
    Host(Host),
    /// A server on this machine, over LMTP on a Unix socket.
    Socket(PathBuf),
    /// A program, once for each recipient.
    Program(Program),
    /// A Maildir for each person.
    Maildir(Template),
}

impl Route {
    /// Reads the `to` of a route: `host`, `host:port`, `[IPv6]:port`, with `smtp:`, `smtps:` or `lmtp:` before it;
    /// `lmtp:unix:/path`; `command:/path words …`; `maildir:/path`.
    /// Opportunistic, no log-in; see [`Route::with_login`] and [`Route::with_demand`].
    pub fn parse(to: &str) -> Result<Self, RouteError> {
        let target = match to.split_once(':') {
            Some(("lmtp", rest)) => match rest.strip_prefix("unix:") {
                Some(path) => Target::Socket(full_path(path)?),
                None => Target::Host(Host::parse(rest, Protocol::Lmtp).ok_or_else(|| RouteError::Host(to.to_owned()))?),
            },
            Some(("command", words)) => Target::Program(Program::parse(words)?),
            Some(("maildir", path)) => {
                full_path(path)?;
                Target::Maildir(Template::of_a_path(path)?)
            }
            // A host's port is a number: this wants to be something else.
            Some((scheme, rest)) if rest.starts_with('/') || scheme == "unix" => {
                return Err(RouteError::Scheme(format!("{scheme}:")));
            }
            _ => Target::Host(Host::parse(to, Protocol::Smtp).ok_or_else(|| RouteError::Host(to.to_owned()))?),
        };
        // This holds at a port that has TLS turned on later, too: an administrator who writes smtps: wants no clear
        // text.
        let encrypted = to.starts_with("smtps:") || matches!(&target, Target::Host(host) if host.implicit_tls);
        let demand = if encrypted { Demand::Encrypted } else { Demand::Opportunistic };
        Ok(Self { to: target, demand, login: None, receive: false, run_as: None })
    }

    /// Adds a log-in. A password goes only to a server that has shown who it is, unless `with_demand` says otherwise.
    #[must_use]
    pub fn with_login(self, login: Credentials) -> Self {
        Self { login: Some(login), demand: Demand::Verified, ..self }
    }

    /// Adds this demand on TLS.
    #[must_use]
    pub fn with_demand(self, demand: Demand) -> Self {
        Self { demand, ..self }
    }

    /// The mailboxes of the domain are there: strangers may write to it through us.
    #[must_use]
    pub fn receiving(self) -> Self {
        Self { receive: true, ..self }
    }

    /// Adds the user of the machine: a name, or `$USER` for the recipient.
    pub fn run_as(self, user: &str) -> Result<Self, RouteError> {
        Ok(Self { run_as: Some(RunAs::parse(user)?), ..self })
    }
}

fn full_path(path: &str) -> Result<PathBuf, RouteError> {
    if path.starts_with('/') { Ok(path.into()) } else { Err(RouteError::Path(path.to_owned())) }
}

/// Shows a route as `facteur queue` and the logs do: `host:port`, `lmtp:unix:/path`, the program, the folder.
impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.to {
            Target::Host(host) => host.fmt(f),
            Target::Socket(path) => write!(f, "lmtp:unix:{}", path.display()),
            Target::Program(program) => write!(f, "command:{program}"),
            Target::Maildir(path) => write!(f, "maildir:{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(to: &str) -> String {
        Route::parse(to).unwrap().to_string()
    }

    #[test]
    fn a_route_names_a_host_with_or_without_a_port() {
        assert_eq!(shown("mail.Beta.test"), "mail.beta.test:25");
        assert_eq!(shown("127.0.0.1:3525"), "127.0.0.1:3525");
        assert_eq!(shown("smtp:relay.test:2525"), "relay.test:2525");
        assert_eq!(shown("smtps:relay.test"), "relay.test:465");
        assert_eq!(shown("[::1]:26"), "[::1]:26");
        assert_eq!(shown("2001:db8::1"), "[2001:db8::1]:25");
    }

    #[test]
    fn what_is_not_a_host_is_said() {
        for bad in ["", ":25", "a b", "host:0", "host:99999", "[::1", "[::1]x", "host:25:26", "-x"] {
            assert_eq!(Route::parse(bad), Err(RouteError::Host(bad.to_owned())), "{bad}");
        }
        assert_eq!(Route::parse("mbox:/var/mail/alice"), Err(RouteError::Scheme("mbox:".to_owned())));
        assert_eq!(Route::parse("lmtp:unix:lmtp"), Err(RouteError::Path("lmtp".to_owned())));
        assert_eq!(Route::parse("command:procmail"), Err(RouteError::Path("procmail".to_owned())));
        assert_eq!(Route::parse("maildir:mail/$USER"), Err(RouteError::Path("mail/$USER".to_owned())));
    }

    #[test]
    fn a_route_may_lead_to_an_lmtp_server_a_program_or_a_folder() {
        for to in
            ["lmtp:127.0.0.1:24", "lmtp:unix:/run/dovecot/lmtp", "command:/bin/cat -u", "maildir:/srv/$DOMAIN/$USER"]
        {
            assert_eq!(shown(to), to);
        }
        assert_eq!(shown("lmtp:[::1]"), "lmtp:[::1]:24");
    }

    #[test]
    fn a_password_is_only_for_a_server_that_has_shown_who_it_is() {
        let login = Credentials { user: "me".into(), password: Password::new("secret".into()) };
        let route = Route::parse("relay.test:587").unwrap().with_login(login);
        assert_eq!(route.demand, Demand::Verified);
        assert!(!format!("{route:?}").contains("secret"));
    }
}
