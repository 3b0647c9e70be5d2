//! By which names this house is called, and where its door with TLS is.

use mail::Domain;
use store::Store;

use crate::host::Host;

/// Suffixes of names that only the machines of a home give each other (RFC 6762, RFC 8375, and what routers use): no name
/// server of a stranger answers for them.
const OF_A_HOME: [&str; 6] = ["local", "lan", "home", "internal", "home.arpa", "localdomain"];

/// What is known of the way to these pages. Cheap to clone.
#[derive(Clone)]
pub struct Entrance {
    store: Store,
    hostname: Domain,
    machine: String,
    https: Option<u16>,
}

impl Entrance {
    /// Of the house `hostname`, on a machine that calls itself `machine`; its domains are in the store. `https` is the port
    /// of the door with TLS, if there is one.
    pub fn new(store: Store, hostname: Domain, machine: &str, https: Option<u16>) -> Self {
        Self { store, hostname, machine: machine.to_ascii_lowercase(), https }
    }

    /// The port of the door with TLS.
    pub(crate) fn https(&self) -> Option<u16> {
        self.https
    }

    /// What the house calls itself.
    pub(crate) fn hostname(&self) -> &Domain {
        &self.hostname
    }

    /// Is this a name of this house? A browser that believes another name to lead here was told so by a stranger, whose
    /// page could then ask us as if it were ours (DNS rebinding).
    pub(crate) async fn is_called(&self, host: &Host) -> Result<bool, directory::Error> {
        if host.is_ip() || host.is_below("localhost") || host.is_below(self.hostname.as_str()) || self.is_machine(host)
        {
            return Ok(true);
        }
        let domains = self.store.read(directory::domain::list).await?;
        Ok(domains.iter().any(|domain| host.is_below(domain.name.as_str())))
    }

    fn is_machine(&self, host: &Host) -> bool {
        let short = self.machine.split('.').next().unwrap_or_default();
        let Some(rest) = host.name.strip_prefix(short).filter(|_| !short.is_empty()) else { return false };
        let suffix = rest.strip_prefix('.').unwrap_or_default();
        rest.is_empty() || host.name == self.machine || OF_A_HOME.contains(&suffix)
    }
}
