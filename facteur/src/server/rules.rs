//! Keeps the rules of the administrator in memory, as they are in the tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mail::Password;
use mra::Vault;
use mta::route::{AddedRoutes, Credentials, Demand, Route, RouteKey, Routes};
use net::Shutdown;
use policy::route::{Entry, Login, Which};
use policy::{Rulebook, Subject};
use store::Store;

use crate::commands::Trouble;

/// The rules are read again so often even if no notice of a change has come: a notice may be lost.
const ROUND: Duration = Duration::from_secs(60);

/// The rules that are in force. Cheap to clone; all clones share them.
#[derive(Clone)]
pub struct InForce {
    store: Store,
    /// The rules that are asked about letters that come in.
    pub rulebook: Rulebook,
    /// The routes of the configuration, and those of the table.
    pub routes: Arc<Routes>,
    /// The data folder, where the key of the locked passwords lies.
    data: PathBuf,
}

impl InForce {
    /// Reads the rules of the administrator. If they cannot be read now, none holds until they can.
    pub async fn read(store: &Store, routes: Arc<Routes>, data: &Path) -> Self {
        let rules =
            Self { store: store.clone(), rulebook: Rulebook::new(store.clone()), routes, data: data.to_owned() };
        rules.reload().await;
        rules
    }

    /// Reads the rules again, where a thread may wait.
    pub fn reload_blocking(&self) -> Result<(), Trouble> {
        self.rulebook.reload()?;
        self.routes.set_added(added_routes(&self.store, &self.data)?);
        Ok(())
    }

    async fn reload(&self) {
        let rules = self.clone();
        let read = tokio::task::spawn_blocking(move || rules.reload_blocking()).await;
        let read = read.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        if let Err(error) = read {
            tracing::error!(%error, "the rules of the administrator cannot be read; those of before hold, and it is tried again");
        }
    }

    /// Reads the rules again behind each change, until the post office closes.
    pub async fn keep(self, shutdown: Shutdown) {
        let work = async {
            let mut changes = self.store.watch(policy::TOPIC);
            loop {
                tokio::select! {
                    () = changes.changed() => {}
                    () = tokio::time::sleep(ROUND) => {}
                }
                self.reload().await;
            }
        };
        tokio::select! {
            () = shutdown.requested() => {}
            () = work => {}
        }
    }
}

/// Returns the routes of the table, with their passwords unlocked.
pub fn added_routes(store: &Store, data: &Path) -> Result<AddedRoutes, Trouble> {
    let entries = store.read_blocking(policy::route::list)?;
    // The key is made at the first call: it is not needed before there is a password.
    let vault = match entries.iter().any(|entry| entry.login.is_some()) {
        true => Vault::open(data).inspect_err(|error| tracing::error!(%error, "fetch.key cannot be used")).ok(),
        false => None,
    };
    Ok(entries.iter().filter_map(|entry| Some((key(&entry.which)?, Arc::new(route(entry, vault.as_ref())?)))).collect())
}

fn key(which: &Which) -> Option<RouteKey> {
    match which {
        Which::Every => Some(RouteKey::Every),
        Which::To(Subject::Address(address)) => Some(RouteKey::to(address)),
        Which::To(Subject::Domain(domain)) => Some(RouteKey::ToDomain(domain.clone())),
        Which::From(Subject::Address(address)) => Some(RouteKey::from(address)),
        Which::From(Subject::Domain(domain)) => Some(RouteKey::FromDomain(domain.clone())),
        Which::To(_) | Which::From(_) => None,
    }
}

fn route(entry: &Entry, vault: Option<&Vault>) -> Option<Route> {
    let route = Route::parse(&entry.host).ok()?;
    let route = match &entry.login {
        None => route,
        Some(login) => route.with_login(unlocked(entry, login, vault)),
    };
    Some(route.with_demand(entry.tls.parse().unwrap_or(Demand::Verified)))
}

/// Unlocks a log-in. If that fails, the route stays, and its letters wait: without a log-in the server might refuse them for good.
fn unlocked(entry: &Entry, Login { user, sealed }: &Login, vault: Option<&Vault>) -> Credentials {
    let password = vault.and_then(|vault| vault.unseal(&entry.which.lock_name(), sealed).ok()).unwrap_or_else(|| {
        let which = &entry.which;
        tracing::error!(%which, "the password of a route cannot be read with the key in fetch.key; remove the route and add it again");
        Password::new(String::new())
    });
    Credentials { user: user.clone(), password }
}
