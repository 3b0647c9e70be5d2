//! Fetches from sources as they are set up: finds their destinations, their secrets and their servers, and writes down how it
//! went.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mail::seam::{OurFault, Pending};
use mail::{Password, Timestamp};
use net::{Budget, ClientTls, Owner, Resolver, Shutdown};
use store::{Key, Store, Tx};

use crate::destination::Destination;
use crate::endpoint::Endpoint;
use crate::fetch::{Means, fetch};
use crate::ledger::{self, Source, SourceId};
use crate::oauth::{self, Https, KeepRefresh, Tokens};
use crate::progress::{Listener, Round};
use crate::secret::Secret;
use crate::{Credential, Fault, Vault};

/// The manner in which a source is fetched from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Ask for little at a time: the server has complained.
    pub gently: bool,
    /// When somebody asked for it: see [`Means::asked`].
    pub asked: Option<Timestamp>,
}

/// Knows where letters go.
pub trait Destinations: Send + Sync {
    /// The destination that the settings of a source name.
    fn destination<'a>(&'a self, source: &'a Source) -> Pending<'a, Result<Arc<dyn Destination>, Fault>>;
}

/// The sealed secret that tokens were made from, and what gives them.
type Known = (Vec<u8>, Arc<Tokens>);

/// Fetches. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    store: Store,
    vault: Arc<Vault>,
    resolver: Arc<dyn Resolver>,
    destinations: Arc<dyn Destinations>,
    memory: Budget,
    /// Access tokens are good for a while, and shared by the fetches of a source.
    tokens: Arc<Mutex<HashMap<SourceId, Known>>>,
}

impl Agent {
    /// Makes an agent whose memory is in `store`, and whose secrets are in `vault`.
    pub fn new(
        store: Store,
        vault: Arc<Vault>,
        resolver: Arc<dyn Resolver>,
        destinations: Arc<dyn Destinations>,
    ) -> Self {
        Self { store, vault, resolver, destinations, memory: Budget::of_this_machine(), tokens: Arc::default() }
    }

    /// Letters on their way in take their memory from here, beside whoever else does.
    #[must_use]
    pub fn within(self, memory: Budget) -> Self {
        Self { memory, ..self }
    }

    /// Returns the store that keeps the agent's knowledge of the sources.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Fetches all that is new from a source, and writes down how it went.
    pub async fn run(
        &self,
        source: &Source,
        listener: Arc<dyn Listener>,
        shutdown: Shutdown,
        manner: Manner,
    ) -> Result<Round, Fault> {
        let outcome = Box::pin(self.try_to_run(source, listener, shutdown, manner)).await;
        self.note(source, &outcome).await;
        outcome
    }

    /// Fetches all that is new from a source.
    pub(crate) async fn try_to_run(
        &self,
        source: &Source,
        listener: Arc<dyn Listener>,
        shutdown: Shutdown,
        manner: Manner,
    ) -> Result<Round, Fault> {
        let means = self.means(source, listener, shutdown, manner).await?;
        let credential = self.credential(source).await?;
        let outcome = fetch(&means, source, &credential).await;
        if let Err(Fault::Refused(_)) = &outcome {
            self.forget_token(source, &credential).await;
        }
        outcome
    }

    /// Gathers the means for a fetch of this source.
    pub async fn means(
        &self,
        source: &Source,
        listener: Arc<dyn Listener>,
        shutdown: Shutdown,
        Manner { gently, asked }: Manner,
    ) -> Result<Means, Fault> {
        let endpoint = Endpoint::of(&source.settings, self.resolver.clone())?;
        let destination = self.destinations.destination(source).await?;
        let (memory, owner) = (self.memory.clone(), Owner::Source(source.id.0));
        Ok(Means { store: self.store.clone(), endpoint, destination, listener, shutdown, memory, owner, gently, asked })
    }

    /// Returns the credential to log in with now.
    pub async fn credential(&self, source: &Source) -> Result<Credential, Fault> {
        let sealed =
            source.secret.as_deref().ok_or_else(|| Fault::Refused("there is no password for it".to_owned()))?;
        let text = self.vault.unseal(&source.name, sealed).map_err(|why| Fault::Refused(why.to_string()))?;
        match Secret::read(&text).map_err(|why| Fault::Refused(why.to_string()))? {
            Secret::Password(password) => Ok(Credential::Password(password)),
            Secret::OAuth { provider, app, refresh } => {
                let tokens = self.tokens(source, sealed, *provider, app, refresh)?;
                Ok(Credential::Bearer(tokens.bearer().await.map_err(token_fault)?))
            }
        }
    }

    fn tokens(
        &self,
        source: &Source,
        sealed: &[u8],
        provider: oauth::Provider,
        app: oauth::App,
        refresh: Password,
    ) -> Result<Arc<Tokens>, Fault> {
        let mut all = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, tokens)) = all.get(&source.id)
            && of == sealed
        {
            return Ok(tokens.clone());
        }
        let tls = ClientTls::verified().map_err(|why| Fault::Untrusted(why.to_string()))?;
        let keeper = TokenKeeper {
            store: self.store.clone(),
            vault: self.vault.clone(),
            source: source.id,
            name: source.name.clone(),
            provider: provider.clone(),
            app: app.clone(),
        };
        let https = Https::new(tls, self.resolver.clone());
        let tokens = Arc::new(Tokens::new(https, provider, app, refresh, Box::new(keeper)));
        all.insert(source.id, (sealed.to_vec(), tokens.clone()));
        Ok(tokens)
    }

    /// The server did not take a token that should be good: the next fetch gets another.
    pub(crate) async fn forget_token(&self, source: &Source, credential: &Credential) {
        let Credential::Bearer(token) = credential else { return };
        let tokens = {
            let all = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(&source.id).map(|(_, tokens)| tokens.clone())
        };
        if let Some(tokens) = tokens {
            tokens.refused(token).await;
        }
    }

    /// Writes down how a fetch went.
    pub async fn note(&self, source: &Source, outcome: &Result<Round, Fault>) {
        let (id, now, outcome) = (source.id, net::now(), outcome.clone());
        let written = self.store.write(Key::Fetching, move |tx: &mut Tx| match &outcome {
            Ok(_) => ledger::note_success(tx, id, now),
            Err(fault) => ledger::note_fault(tx, id, fault, now),
        });
        if let Err(error) = written.await {
            tracing::error!(source = source.name, %error, "how a fetch went could not be written down");
        }
    }
}

fn token_fault(error: oauth::Error) -> Fault {
    match error.who() {
        oauth::Who::Person | oauth::Who::Postmaster => Fault::Refused(error.to_string()),
        oauth::Who::Nobody => Fault::Unreachable(error.to_string()),
    }
}

/// Keeps the refresh token that a provider has changed.
struct TokenKeeper {
    store: Store,
    vault: Arc<Vault>,
    source: SourceId,
    name: String,
    provider: oauth::Provider,
    app: oauth::App,
}

impl KeepRefresh for TokenKeeper {
    fn keep<'a>(&'a self, refresh: &'a Password) -> Pending<'a, Result<(), OurFault>> {
        Box::pin(async move {
            let (provider, app) = (Box::new(self.provider.clone()), self.app.clone());
            let secret = Secret::OAuth { provider, app, refresh: refresh.clone() };
            let (id, sealed) = (self.source, self.vault.seal(&self.name, &secret.write()));
            let kept = self.store.write(Key::Fetching, move |tx: &mut Tx| ledger::keep_secret(tx, id, &sealed));
            kept.await.map_err(|error: store::Error| OurFault(error.to_string()))
        })
    }
}
