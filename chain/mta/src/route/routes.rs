//! All routes: those of the configuration, and those that the administrator has added while the post office runs.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use mail::{Address, Domain};

use super::{Route, RouteError};

/// The letters that an added route is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RouteKey {
    /// Letters to this address.
    ToAddress(Address),
    /// Letters to addresses of this domain.
    ToDomain(Domain),
    /// Letters whose return path is this address. Its local part is in lower case, without a detail behind a `+`.
    FromAddress(Address),
    /// Letters whose return path is of this domain.
    FromDomain(Domain),
    /// All letters for which there is no other route.
    Every,
}

/// The routes that the administrator has added.
pub type AddedRoutes = HashMap<RouteKey, Arc<Route>>;

/// All routes. Of those that fit a letter, the narrowest is taken: that of the recipient's address, that of its domain, that of
/// the sender's address, that of the sender's domain, and then the one for every other letter. Without any, the domain's MX
/// records decide. Clones share the added routes.
#[derive(Clone, Default)]
pub struct Routes {
    named: Vec<(Domain, Arc<Route>)>,
    every_other: Option<Arc<Route>>,
    added: Arc<RwLock<Arc<AddedRoutes>>>,
}

impl Routes {
    /// Adds a route for `domain` (`"*"`: every domain that has none of its own). A second one for the same domain
    /// takes the place of the first.
    pub fn add(&mut self, domain: &str, route: Route) -> Result<(), RouteError> {
        if domain == "*" {
            self.every_other = Some(Arc::new(route));
            return Ok(());
        }
        let domain = Domain::parse(domain).map_err(|_| RouteError::Domain(domain.to_owned()))?;
        self.named.retain(|(known, _)| *known != domain);
        self.named.push((domain, Arc::new(route)));
        Ok(())
    }

    /// Sets the routes that the administrator has added, for all clones.
    pub fn set_added(&self, added: AddedRoutes) {
        *self.added.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(added);
    }

    /// Returns true if letters for this domain go on to mailboxes behind us, whatever their sender. Never by `*`: that
    /// would be an open relay. Nor by a route that was added: a mistyped command must not open the house.
    pub fn receives(&self, domain: &Domain) -> bool {
        self.named.iter().any(|(known, route)| known == domain && route.receive)
    }

    /// Returns true if this domain has a route of its own.
    pub fn names(&self, domain: &Domain) -> bool {
        self.named(domain).is_some()
    }

    /// All routes of the configuration.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.named.iter().map(|(_, route)| route).chain(&self.every_other)
    }

    /// The route of a domain in the configuration.
    pub fn find(&self, domain: &Domain) -> Option<&Arc<Route>> {
        self.named(domain).or(self.every_other.as_ref())
    }

    /// Returns the route of a letter to this recipient, whose return path is `from`; reports have none.
    pub fn find_for(&self, to: &Address, from: Option<&Address>) -> Option<Arc<Route>> {
        let added = self.added();
        let get = |key: &RouteKey| added.get(key).cloned();
        get(&RouteKey::ToAddress(folded(to)))
            .or_else(|| get(&RouteKey::ToDomain(to.domain().clone())))
            .or_else(|| self.named(to.domain()).cloned())
            .or_else(|| get(&RouteKey::FromAddress(folded(from?))))
            .or_else(|| get(&RouteKey::FromDomain(from?.domain().clone())))
            .or_else(|| get(&RouteKey::Every))
            .or_else(|| self.every_other.clone())
    }

    /// Returns true if letters for one domain may take several routes, by the address of the recipient or by the sender.
    pub fn differ_within_domains(&self) -> bool {
        let by_domain = |key: &RouteKey| matches!(key, RouteKey::ToDomain(_) | RouteKey::Every);
        self.added().keys().any(|key| !by_domain(key))
    }

    fn named(&self, domain: &Domain) -> Option<&Arc<Route>> {
        self.named.iter().find(|(known, _)| known == domain).map(|(_, route)| route)
    }

    fn added(&self) -> Arc<AddedRoutes> {
        self.added.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the address in lower case, without the detail behind a `+`, as keys have it.
fn folded(address: &Address) -> Address {
    let local = address.local().to_lowercase();
    let person =
        local.split_once('+').filter(|(person, _)| !person.is_empty()).map_or(local.as_str(), |(person, _)| person);
    Address::new(person, address.domain().clone()).unwrap_or_else(|_| address.clone())
}

impl RouteKey {
    /// The key of letters to an address.
    pub fn to(address: &Address) -> Self {
        Self::ToAddress(folded(address))
    }

    /// The key of letters from an address.
    pub fn from(address: &Address) -> Self {
        Self::FromAddress(folded(address))
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("named", &self.named).field("added", &self.added().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_domain_has_no_route() {
        assert_eq!(
            Routes::default().add("no domain", Route::parse("x").unwrap()),
            Err(RouteError::Domain("no domain".into()))
        );
    }

    #[test]
    fn only_a_route_that_names_a_domain_lets_strangers_in() {
        let mut routes = Routes::default();
        routes.add("*", Route::parse("relay.test").unwrap().receiving()).unwrap();
        routes.add("beta.test", Route::parse("lmtp:127.0.0.1:24").unwrap().receiving()).unwrap();
        routes.add("gamma.test", Route::parse("lmtp:127.0.0.1:24").unwrap()).unwrap();
        let receives = |domain: &str| routes.receives(&Domain::parse(domain).unwrap());
        assert_eq!([receives("beta.test"), receives("gamma.test"), receives("x.test")], [true, false, false]);
    }

    #[test]
    fn the_route_that_names_the_domain_wins_over_the_smarthost() {
        let mut routes = Routes::default();
        routes.add("*", Route::parse("relay.test").unwrap()).unwrap();
        routes.add("Beta.test", Route::parse("127.0.0.1:3525").unwrap()).unwrap();
        let to = |domain: &str| routes.find(&Domain::parse(domain).unwrap()).map(|route| route.to_string());
        assert_eq!(to("beta.test").as_deref(), Some("127.0.0.1:3525"));
        assert_eq!(to("gamma.test").as_deref(), Some("relay.test:25"));
        assert_eq!(Routes::default().find(&Domain::parse("beta.test").unwrap()), None);
    }

    #[test]
    fn the_narrowest_route_is_taken_and_the_recipient_s_before_the_sender_s() {
        let address = |text: &str| Address::parse(text).unwrap();
        let mut routes = Routes::default();
        routes.add("*", Route::parse("every.test").unwrap()).unwrap();
        routes.add("beta.test", Route::parse("config.test").unwrap()).unwrap();
        let seen = routes.clone();
        let domain = |name: &str| Domain::parse(name).unwrap();
        let added = [
            (RouteKey::to(&address("Bob@beta.test")), "bob.test"),
            (RouteKey::ToDomain(domain("gamma.test")), "gamma-relay.test"),
            (RouteKey::from(&address("alice@alpha.test")), "alice.test"),
            (RouteKey::FromDomain(domain("alpha.test")), "alpha-relay.test"),
        ];
        assert!(!seen.differ_within_domains());
        let added = added.map(|(key, host)| (key, Arc::new(Route::parse(host).unwrap())));
        routes.set_added(added.into_iter().collect());
        assert!(seen.differ_within_domains(), "clones share what was added");
        let (alice, anna) = (address("Alice+lists@alpha.test"), address("anna@alpha.test"));
        let host = |to: &str, from: Option<&Address>| seen.find_for(&address(to), from).unwrap().to_string();
        assert_eq!(host("BOB+x@beta.test", Some(&alice)), "bob.test:25");
        assert_eq!(host("ben@beta.test", Some(&alice)), "config.test:25");
        assert_eq!(host("carl@gamma.test", Some(&alice)), "gamma-relay.test:25");
        assert_eq!(host("dora@delta.test", Some(&alice)), "alice.test:25");
        assert_eq!(host("dora@delta.test", Some(&anna)), "alpha-relay.test:25");
        assert_eq!(host("dora@delta.test", None), "every.test:25");
        routes.set_added(AddedRoutes::from([(RouteKey::Every, Arc::new(Route::parse("new.test").unwrap()))]));
        assert_eq!(host("dora@delta.test", None), "new.test:25");
    }
}
