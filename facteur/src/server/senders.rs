//! Puts together whoever looks at the senders of letters from outside.

use std::sync::Arc;

use authentication::{ForgeryRule, SenderDomains, SenderProof, Settings};
use mail::Domain;
use mail::check::{Check, SenderCheck};
use mda::Rule;
use mta::route::Routes;
use net::Resolver;
use store::Store;

use crate::config::Config;

/// The parts that they share.
pub struct Senders {
    hostname: Domain,
    settings: Arc<Settings>,
    store: Store,
    resolver: Arc<dyn Resolver>,
    routes: Arc<Routes>,
}

impl Senders {
    pub fn new(config: &Config, store: &Store, resolver: &Arc<dyn Resolver>, routes: &Arc<Routes>) -> Self {
        Self {
            hostname: config.hostname.clone(),
            settings: Arc::new(config.receive.clone()),
            store: store.clone(),
            resolver: resolver.clone(),
            routes: routes.clone(),
        }
    }

    /// The check of each letter.
    pub fn proof(&self) -> Arc<dyn Check> {
        let routes = self.routes.clone();
        // A domain of ours that also lives behind a route sends its letters from there.
        let elsewhere = move |domain: &Domain| routes.receives(domain);
        let (resolver, settings) = (self.resolver.clone(), self.settings.clone());
        Arc::new(SenderProof::new(resolver, self.store.clone(), self.hostname.clone(), elsewhere, settings))
    }

    /// The rule that follows from it.
    pub fn rule(&self) -> Arc<dyn Rule> {
        Arc::new(ForgeryRule::new(self.store.clone(), self.settings.clone()))
    }

    /// The check at MAIL FROM.
    pub fn domains(&self) -> Arc<dyn SenderCheck> {
        let routes = self.routes.clone();
        let is_routed = move |domain: &Domain| routes.names(domain);
        Arc::new(SenderDomains::new(self.resolver.clone(), self.store.clone(), is_routed, self.settings.clone()))
    }
}
