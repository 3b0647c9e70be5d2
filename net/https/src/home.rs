//! The addresses that this server's own names lead to. Behind a router that translates addresses (NAT), they lead to
//! the router, whose doors may be open only to those at home.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mail::Domain;
use mail::seam::Pending;
use net::{Answer, DnsFault, Exchanges, Resolver};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// The time that an address remains valid, as home addresses change.
const GOOD: Duration = Duration::from_secs(300);
/// The time that an earlier answer remains valid while the name server does not answer.
const STILL_GOOD: Duration = Duration::from_secs(3600);
/// The time after a failure in which no name server is asked.
const PAUSE: Duration = Duration::from_secs(10);
/// The most time that all questions together may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most names that are looked up, servers of one domain, and questions at one time.
const MOST_NAMES: usize = 64;
const MOST_SERVERS: usize = 8;
const AT_ONCE: usize = 8;

/// The names of a server.
#[derive(Clone, Debug, Default)]
pub struct OwnNames {
    /// Hosts whose addresses are the server's.
    pub hosts: Vec<String>,
    /// Domains whose mail servers (MX) are the server's.
    pub domains: Vec<Domain>,
}

/// Returns the present names.
type Names = dyn Fn() -> Pending<'static, Result<OwnNames, String>> + Send + Sync;

/// Knows the addresses that lead to this server. Cheap to clone.
#[derive(Clone)]
pub struct Home(Arc<Inner>);

struct Inner {
    resolver: Arc<dyn Resolver>,
    names: Box<Names>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    addresses: HashMap<Name, (Instant, HashSet<IpAddr>)>,
    /// The time until which no name server is asked again, with the result that is valid until then.
    until: Option<(Instant, Result<(), Unknown>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Host(String),
    Domain(Domain),
}

/// The reason why nobody can say now which addresses lead here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be told now which addresses are this house's own: {0}")]
pub struct Unknown(pub String);

impl Home {
    /// Makes the home of a server whose names `names` returns.
    pub fn new(
        resolver: Arc<dyn Resolver>,
        names: impl Fn() -> Pending<'static, Result<OwnNames, String>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { resolver, names: Box::new(names), known: Mutex::default() }))
    }

    /// Returns true if this address leads here. Takes a few seconds at most if name servers must be asked.
    pub async fn holds(&self, ip: IpAddr) -> Result<bool, Unknown> {
        let mut known = self.0.known.lock().await;
        if known.until.as_ref().is_none_or(|(until, _)| *until <= Instant::now()) {
            let asked = timeout(PATIENCE, self.0.ask(&mut known.addresses)).await;
            let said = asked.unwrap_or_else(|_| Err(Unknown("name servers do not answer".to_owned())));
            if let Err(why) = &said {
                tracing::warn!(%why, "nothing is fetched from elsewhere for now");
            }
            known.until = Some((Instant::now() + if said.is_ok() { GOOD } else { PAUSE }, said));
        }
        match &known.until {
            Some((_, Err(why))) => Err(why.clone()),
            _ => Ok(known.addresses.values().any(|(_, addresses)| addresses.contains(&ip))),
        }
    }
}

impl Inner {
    /// Looks all names up, and forgets those that are no longer the server's.
    async fn ask(&self, known: &mut HashMap<Name, (Instant, HashSet<IpAddr>)>) -> Result<(), Unknown> {
        let OwnNames { hosts, domains } = (self.names)().await.map_err(Unknown)?;
        let names = hosts.into_iter().map(Name::Host).chain(domains.into_iter().map(Name::Domain));
        let names: Vec<Name> = names.take(MOST_NAMES).collect();
        known.retain(|name, _| names.contains(name));
        for some in names.chunks(AT_ONCE) {
            let mut asked = JoinSet::new();
            for name in some {
                asked.spawn(answer(self.resolver.clone(), name.clone()));
            }
            while let Some(answered) = asked.join_next().await {
                let (name, found) = answered.map_err(|why| Unknown(why.to_string()))?;
                match found {
                    Ok(found) => drop(known.insert(name, (Instant::now(), found))),
                    Err(_) if known.get(&name).is_some_and(|(at, _)| at.elapsed() < STILL_GOOD) => {}
                    Err(fault) => return Err(Unknown(fault.to_string())),
                }
            }
        }
        Ok(())
    }
}

/// Looks up a name, and the addresses that it leads to. A name that does not exist leads nowhere: that is an answer.
async fn answer(resolver: Arc<dyn Resolver>, name: Name) -> (Name, Result<HashSet<IpAddr>, DnsFault>) {
    let found = match &name {
        Name::Host(host) => addresses(resolver.as_ref(), host).await,
        Name::Domain(domain) => servers(resolver.as_ref(), domain).await,
    };
    (name, found)
}

async fn addresses(resolver: &dyn Resolver, host: &str) -> Result<HashSet<IpAddr>, DnsFault> {
    Ok(match resolver.addresses(host).await? {
        Answer::Records(found, _) => found.iter().map(IpAddr::to_canonical).collect(),
        Answer::NoRecord | Answer::NoSuchDomain => HashSet::new(),
    })
}

async fn servers(resolver: &dyn Resolver, domain: &Domain) -> Result<HashSet<IpAddr>, DnsFault> {
    let hosts: Vec<String> = match resolver.mx(domain).await? {
        Answer::Records(Exchanges::Hosts(hosts), _) => {
            hosts.into_iter().map(|exchange| exchange.host).take(MOST_SERVERS).collect()
        }
        Answer::NoRecord => vec![domain.as_str().to_owned()],
        Answer::Records(Exchanges::Null, _) | Answer::NoSuchDomain => Vec::new(),
    };
    let mut found = HashSet::new();
    for host in hosts {
        found.extend(addresses(resolver, &host).await?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use net::{Exchange, Table};

    use super::*;

    fn table() -> Table {
        let at = |ip: &str| Ok(Answer::found(vec![ip.parse().unwrap()]));
        let mx = Answer::hosts(vec![Exchange { preference: 10, host: "mx.beta.test".into() }]);
        Table::new()
            .addresses("mail.alpha.test", at("::ffff:93.184.216.34"))
            .mx("beta.test", Ok(mx))
            .addresses("mx.beta.test", at("93.184.216.35"))
            .addresses("gamma.test", at("93.184.216.36"))
    }

    fn home(table: Table, hosts: &[&str], domains: &[&str]) -> Home {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let domains = domains.iter().map(|domain| Domain::parse(domain).unwrap()).collect();
        let names = OwnNames { hosts, domains };
        Home::new(Arc::new(table), move || {
            let names = names.clone();
            Box::pin(async move { Ok(names) })
        })
    }

    async fn holds(home: &Home, ip: &str) -> Result<bool, Unknown> {
        home.holds(ip.parse().unwrap()).await
    }

    #[tokio::test]
    async fn what_host_and_mail_servers_lead_to_is_the_house() {
        let home = home(table(), &["mail.alpha.test", "nowhere.test"], &["beta.test", "gamma.test", "delta.test"]);
        for ip in ["93.184.216.34", "93.184.216.35", "93.184.216.36"] {
            assert_eq!(holds(&home, ip).await, Ok(true), "{ip}");
        }
        assert_eq!(holds(&home, "93.184.216.37").await, Ok(false));
    }

    #[tokio::test(start_paused = true)]
    async fn while_a_name_cannot_be_asked_for_nothing_is_known_and_what_was_known_is_kept_for_a_while() {
        let fault = || Err(DnsFault("no answer".into()));
        let lost = home(table().addresses("mail.alpha.test", fault()), &["mail.alpha.test"], &[]);
        assert!(holds(&lost, "1.1.1.1").await.is_err());
        let home = home(table(), &["mail.alpha.test"], &[]);
        assert_eq!(holds(&home, "93.184.216.34").await, Ok(true));
        // The same server, after its name server has gone.
        let broken = Inner {
            resolver: lost.0.resolver.clone(),
            names: Box::new(move || (home.0.names)()),
            known: Mutex::default(),
        };
        let name = Name::Host("mail.alpha.test".into());
        let found = HashSet::from(["93.184.216.34".parse().unwrap()]);
        broken.known.lock().await.addresses.insert(name, (Instant::now(), found));
        let broken = Home(Arc::new(broken));
        assert_eq!(holds(&broken, "93.184.216.34").await, Ok(true));
        assert_eq!(holds(&broken, "1.1.1.1").await, Ok(false));
        tokio::time::advance(STILL_GOOD + GOOD).await;
        assert!(holds(&broken, "1.1.1.1").await.is_err());
    }

    #[tokio::test]
    async fn a_house_whose_names_cannot_be_read_is_unknown() {
        let home = Home::new(Arc::new(Table::new()), || Box::pin(async { Err("the store is closed".to_owned()) }));
        assert!(holds(&home, "1.1.1.1").await.is_err());
    }
}
