//! Trying a server before it is relied on: without a password, and with one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::Password;
use mail::seam::{OurFault, Pending};
use net::{ClientTls, Distrust, Resolver};

use crate::endpoint::{Endpoint, Waits};
use crate::oauth::{self, App, Https, KeepRefresh, Provider, Tokens};
use crate::place::Mailbox;
use crate::secret::Secret;
use crate::{Credential, Fault, Protocol, Settings, imap, pop3};

/// The times are short since somebody looks on: a server that does not answer soon is not there.
const WAITS: Waits = Waits { connect: Duration::from_secs(8), answer: Duration::from_secs(30) };
/// All of a trial.
const LONGEST: Duration = Duration::from_secs(90);

/// The reason why a log-in did not work.
#[derive(Debug)]
pub enum TrialFault {
    /// The server has shown a certificate that is not trusted. No password was sent.
    Distrusted(Distrust),
    /// Something else.
    Other(Fault),
}

/// Checks that the server answers, inside TLS and with a certificate that is trusted. No name and no password are sent.
pub(super) async fn knock(mailbox: &Mailbox, ca: Option<String>, resolver: &Arc<dyn Resolver>) -> Result<(), Fault> {
    let settings = Settings { ca, ..Settings::new(mailbox.clone(), String::new()) };
    let endpoint = Endpoint { waits: WAITS, ..Endpoint::of(&settings, resolver.clone())? };
    within(async {
        match mailbox.protocol {
            Protocol::Imap => imap::Client::knock(&endpoint).await,
            Protocol::Pop3 => pop3::Client::knock(&endpoint).await,
        }
    })
    .await
}

/// Logs in as a fetch would, and out again. Returns the credential to log in with from now on: a provider may give
/// another refresh token.
pub async fn try_log_in(
    settings: &Settings,
    resolver: Arc<dyn Resolver>,
    secret: Secret,
) -> Result<Secret, TrialFault> {
    let endpoint = Endpoint::of(settings, resolver.clone()).map_err(TrialFault::Other)?;
    let endpoint = Endpoint { waits: WAITS, ..endpoint };
    let attempt = async {
        let (credential, secret) = credential(secret, resolver).await?;
        log_in(settings, &endpoint, &credential).await?;
        Ok(secret)
    };
    within(attempt).await.map_err(|fault| match (fault, endpoint.tls.distrust()) {
        (Fault::Untrusted(_), Some(distrust)) => TrialFault::Distrusted(distrust),
        (fault, _) => TrialFault::Other(fault),
    })
}

async fn within<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let silent = |_| Err(Fault::Cut(format!("no answer within {} seconds", LONGEST.as_secs())));
    tokio::time::timeout(LONGEST, Box::pin(work)).await.unwrap_or_else(silent)
}

async fn log_in(settings: &Settings, endpoint: &Endpoint, credential: &Credential) -> Result<(), Fault> {
    let user = &settings.mailbox.user;
    match settings.mailbox.protocol {
        Protocol::Imap => imap::Client::open(endpoint, user, credential, settings.largest).await?.close().await,
        // It is in: how it takes the end of the conversation is of no interest.
        Protocol::Pop3 => drop(pop3::Client::open(endpoint, user, credential).await?.quit().await),
    }
    Ok(())
}

async fn credential(secret: Secret, resolver: Arc<dyn Resolver>) -> Result<(Credential, Secret), Fault> {
    let (provider, app, refresh) = match secret {
        Secret::Password(password) => return Ok((Credential::Password(password.clone()), Secret::Password(password))),
        Secret::OAuth { provider, app, refresh } => (provider, app, refresh),
    };
    let (bearer, refresh) = token(&provider, &app, refresh, resolver).await?;
    Ok((Credential::Bearer(bearer), Secret::OAuth { provider, app, refresh }))
}

/// An access token, and the refresh token that is good from now on.
async fn token(
    provider: &Provider,
    app: &App,
    refresh: Password,
    resolver: Arc<dyn Resolver>,
) -> Result<(Password, Password), Fault> {
    let tls = ClientTls::verified().map_err(|why| Fault::Untrusted(why.to_string()))?;
    let newest = Newest(Arc::new(Mutex::new(refresh.clone())));
    let keeper = Box::new(newest.clone());
    let tokens = Tokens::new(Https::new(tls, resolver), provider.clone(), app.clone(), refresh, keeper);
    let bearer = tokens.bearer().await.map_err(|error| match error.who() {
        oauth::Who::Person | oauth::Who::Postmaster => Fault::Refused(error.to_string()),
        oauth::Who::Nobody => Fault::Unreachable(error.to_string()),
    })?;
    let newest = newest.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((bearer, newest))
}

/// Keeps the refresh token in memory: the source is not written down yet.
#[derive(Clone)]
struct Newest(Arc<Mutex<Password>>);

impl KeepRefresh for Newest {
    fn keep<'a>(&'a self, refresh: &'a Password) -> Pending<'a, Result<(), OurFault>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = refresh.clone();
        Box::pin(async { Ok(()) })
    }
}
