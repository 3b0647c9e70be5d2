//! The names of this server, and the place of its door with TLS.

use std::sync::Arc;

use mail::Domain;
use store::Store;

use crate::host::Host;

/// Suffixes of names that only the machines of a home give each other (RFC 6762, RFC 8375, and those of routers): no
/// name server of a stranger answers for them.
const OF_A_HOME: [&str; 6] = ["local", "lan", "home", "internal", "home.arpa", "localdomain"];

/// The facts about the way to these pages. Cheap to clone.
#[derive(Clone)]
pub struct Entrance {
    store: Store,
    hostname: Domain,
    machine: String,
    https: Option<u16>,
    proven: Option<Proven>,
}

/// Returns true if our certificate proves this name to a stranger, who trusts only public authorities.
pub type Proven = Arc<dyn Fn(&str) -> bool + Send + Sync>;

impl Entrance {
    /// Makes the entrance of the server `hostname`, on a machine that calls itself `machine`; its domains are in the
    /// store. `https` is the port of the door with TLS, if there is one.
    pub fn new(store: Store, hostname: Domain, machine: &str, https: Option<u16>) -> Self {
        Self { store, hostname, machine: machine.to_ascii_lowercase(), https, proven: None }
    }

    #[cfg(test)]
    pub(crate) fn with_door(self, https: u16) -> Self {
        Self { https: Some(https), ..self }
    }

    /// Asks `proven` which names our certificate proves; without it no name counts as proven.
    #[must_use]
    pub fn proven_by(self, proven: Proven) -> Self {
        Self { proven: Some(proven), ..self }
    }

    /// Returns true if a browser may be told to ask for this name over TLS only. That is for our own name, and only if
    /// our certificate proves it: any other certificate would lock out a browser that was told so.
    pub(crate) fn is_proven(&self, host: &Host) -> bool {
        let is_ours = host.name.eq_ignore_ascii_case(self.hostname.as_str());
        is_ours && self.proven.as_ref().is_some_and(|proven| proven(&host.name))
    }

    /// Returns the port of the door with TLS.
    pub(crate) fn https(&self) -> Option<u16> {
        self.https
    }

    /// Returns the server's name for itself.
    pub(crate) fn hostname(&self) -> &Domain {
        &self.hostname
    }

    /// Returns true if this is a name of this server. A browser that believes that another name leads here was told so
    /// by a stranger, whose page could then ask us as if it were ours (DNS rebinding).
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

#[cfg(test)]
mod tests {
    use store::{Key, Options};

    use super::*;

    #[tokio::test]
    async fn a_house_answers_to_its_own_names_and_those_of_its_machine() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), directory::MIGRATIONS).unwrap();
        let beta = Domain::parse("beta.test").unwrap();
        let add = move |tx: &mut store::Tx| directory::domain::add(tx, &beta, mail::Timestamp(0));
        store.write(Key::Everything, add).await.unwrap();
        let entrance = Entrance::new(store, Domain::parse("mail.alpha.test").unwrap(), "Attic.example.org", None);
        for (name, ours) in [
            ("mail.alpha.test", true),
            ("jmap.mail.alpha.test", true),
            ("beta.test:8443", true),
            ("webmail.beta.test", true),
            ("localhost", true),
            ("me.localhost", true),
            ("192.168.1.10:8080", true),
            ("[2001:db8::1]", true),
            ("attic", true),
            ("attic.local", true),
            ("attic.home.arpa", true),
            ("attic.example.org", true),
            ("alpha.test", false),
            ("attic.evil.test", false),
            ("attics", false),
            ("attic.evil.local", false),
            ("evilbeta.test", false),
            ("localhost.evil.test", false),
            ("evil.local", false),
        ] {
            assert_eq!(entrance.is_called(&Host::parse(name).unwrap()).await.unwrap(), ours, "{name}");
        }
    }
}
