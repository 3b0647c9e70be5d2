//! The access token of one mailbox, always good.

use std::time::Duration;

use mail::Password;
use mail::seam::{OurFault, Pending};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::endpoint::Https;
use super::error::Error;
use super::grant::{self, Grant};
use super::provider::{App, Provider};

/// A token is renewed this long before its end, or when a fifth of its life is left if that is less: a log-in and
/// what comes before it take time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(300);

/// Keeps a refresh token that the provider has changed.
pub trait KeepRefresh: Send + Sync {
    /// Returns when it is on disk: the provider may have forgotten the one before.
    fn keep<'a>(&'a self, refresh: &'a Password) -> Pending<'a, Result<(), OurFault>>;
}

/// Tokens for one mailbox. Share it between the connections to that mailbox.
pub struct Tokens {
    https: Https,
    provider: Provider,
    app: App,
    keeper: Box<dyn KeepRefresh>,
    /// Held while the provider is asked, so that it is asked once however many connections wait.
    now: Mutex<Now>,
}

struct Now {
    refresh: Password,
    /// The provider gave `refresh` and it is not kept yet.
    unkept: bool,
    access: Option<Access>,
    /// The refusal that the provider gave for good. It is not asked again: that would only get us blocked there.
    refused: Option<Error>,
}

struct Access {
    token: Password,
    renew: Instant,
}

impl Tokens {
    /// `refresh` is the token that was kept last, or that a log-in has given.
    pub fn new(https: Https, provider: Provider, app: App, refresh: Password, keeper: Box<dyn KeepRefresh>) -> Self {
        let now = Now { refresh, unkept: false, access: None, refused: None };
        Self { https, provider, app, keeper, now: Mutex::new(now) }
    }

    /// An access token that is good now, for [`sasl::Bearer`]. Asks the provider if there is none, and has a changed
    /// refresh token kept before it returns.
    ///
    /// An error for which somebody must act ([`Error::who`]) stays until a new `Tokens` is made.
    pub async fn bearer(&self) -> Result<Password, Error> {
        let mut now = self.now.lock().await;
        if let Some(refused) = &now.refused {
            return Err(refused.clone());
        }
        if now.access.as_ref().is_none_or(|access| access.renew <= Instant::now()) {
            self.renew(&mut now).await?;
        }
        self.keep(&mut now).await?;
        match &now.access {
            Some(access) => Ok(access.token.clone()),
            None => Err(Error::later(self.provider.token.host(), "it gave no token")),
        }
    }

    /// The mailbox refused this token although it should be good: the next [`Tokens::bearer`] gets another. Does nothing
    /// when another is there already.
    pub async fn refused(&self, token: &Password) {
        let mut now = self.now.lock().await;
        if now.access.as_ref().is_some_and(|access| access.token == *token) {
            now.access = None;
        }
    }

    async fn renew(&self, now: &mut Now) -> Result<(), Error> {
        now.access = None;
        let refresh = now.refresh.clone();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.reveal())];
        let asked = Instant::now();
        let outcome = grant::ask(&self.https, &self.provider, &self.app, &fields).await?;
        match outcome.grant(&self.provider.token) {
            Ok(grant) => now.take(grant, asked),
            Err(error) => {
                if error.who() != super::Who::Nobody {
                    now.refused = Some(error.clone());
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn keep(&self, now: &mut Now) -> Result<(), Error> {
        if now.unkept {
            self.keeper.keep(&now.refresh).await?;
            now.unkept = false;
        }
        Ok(())
    }
}

impl Now {
    fn take(&mut self, grant: Grant, asked: Instant) {
        // RFC 6749 §6: a new refresh token replaces the old one, which may be dead from now on.
        if let Some(refresh) = grant.refresh.filter(|refresh| *refresh != self.refresh) {
            self.refresh = refresh;
            self.unkept = true;
        }
        let good_for = grant.lifetime.saturating_sub(MARGIN.min(grant.lifetime / 5));
        self.access = Some(Access { token: grant.access, renew: asked + good_for });
    }
}
