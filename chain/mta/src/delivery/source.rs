//! The address of ours that a connection to another server leaves from. Many servers look its reverse name up, and distrust one
//! that has none or another than EHLO says; over IPv6 most of them refuse it for good.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mail::Finding;
use mail::finding::{SOURCE, SOURCE_CONFIRMED, SOURCE_NOT_CONFIRMED, SOURCE_UNKNOWN};
use net::{Answer, Resolver};
use tokio::time::Instant;

/// The name of an address is looked up again after so long.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
/// The longest time that the name servers may take: a letter waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// No machine has more addresses that letters leave from.
const MOST: usize = 100;

/// The reverse name of an address of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the name that we say in EHLO, and that name leads back to the address.
    Confirmed,
    /// There is none, or it is another name.
    Other,
    /// The name servers could not say.
    Unknown,
}

/// The address that a connection leaves from.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The address that the administrator has set; `None`: the system chooses.
    pub bind: Option<IpAddr>,
    /// The finding about its name, for the history of the letter.
    pub finding: Option<Finding>,
}

/// The addresses of ours that letters leave from.
#[derive(Debug, Default)]
pub struct Sources {
    set: Vec<IpAddr>,
    known: Mutex<HashMap<IpAddr, (Instant, Standing)>>,
}

impl Sources {
    /// Has letters leave from these addresses, where they can reach the server; else the system chooses.
    pub fn new(set: Vec<IpAddr>) -> Self {
        Self { set, known: Mutex::default() }
    }

    /// Returns those of a host's addresses that are used: not those of IPv6 if our own there has no confirmed name, unless the
    /// host has no others.
    pub async fn in_use(&self, resolver: &dyn Resolver, us: &str, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        let six = addresses.iter().find(|ip| ip.is_ipv6() && is_public(**ip)).copied();
        let (Some(six), true) = (six, addresses.iter().any(IpAddr::is_ipv4)) else { return addresses };
        match leaves_from(six) {
            Some(ip) if self.set_for(six).is_none() && self.standing(resolver, us, ip).await == Standing::Other => {
                tracing::debug!(%ip, "IPv6 is not used: the address has no reverse name that is ours");
                addresses.into_iter().filter(IpAddr::is_ipv4).collect()
            }
            _ => addresses,
        }
    }

    /// Chooses the address that a connection to `to` leaves from.
    pub async fn choose(&self, resolver: &dyn Resolver, us: &str, to: IpAddr) -> Choice {
        let bind = self.set_for(to);
        let Some(ip) = bind.or_else(|| leaves_from(to).filter(|ip| is_public(*ip) && is_public(to))) else {
            return Choice::default();
        };
        let (result, code) = match self.standing(resolver, us, ip).await {
            Standing::Confirmed => ("pass", SOURCE_CONFIRMED),
            Standing::Other => ("fail", SOURCE_NOT_CONFIRMED),
            Standing::Unknown => ("temperror", SOURCE_UNKNOWN),
        };
        let finding = Finding::new(SOURCE, result).because(code).about("policy.ip", &ip.to_string());
        Choice { bind, finding: Some(finding.about("policy.name", us)) }
    }

    /// The address that is set for the family of `to`. One of this machine alone reaches this machine alone.
    fn set_for(&self, to: IpAddr) -> Option<IpAddr> {
        let fits = |ip: &&IpAddr| ip.is_ipv4() == to.is_ipv4() && ip.is_loopback() == to.is_loopback();
        self.set.iter().find(fits).copied()
    }

    async fn standing(&self, resolver: &dyn Resolver, us: &str, ip: IpAddr) -> Standing {
        if let Some((at, standing)) = self.lock().get(&ip)
            && at.elapsed() < KNOWN_FOR
        {
            return *standing;
        }
        let looked = tokio::time::timeout(PATIENCE, look_up(resolver, us, ip)).await;
        let standing = looked.unwrap_or(Standing::Unknown);
        // A name that nobody could say is asked again for the next connection.
        if standing != Standing::Unknown {
            let mut known = self.lock();
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(ip, (Instant::now(), standing));
        }
        standing
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, (Instant, Standing)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn look_up(resolver: &dyn Resolver, us: &str, ip: IpAddr) -> Standing {
    let names = match resolver.ptr(ip).await {
        Ok(Answer::Records(names, _)) => names,
        Ok(Answer::NoRecord | Answer::NoSuchDomain) => return Standing::Other,
        Err(_) => return Standing::Unknown,
    };
    if !names.iter().any(|name| name.eq_ignore_ascii_case(us)) {
        return Standing::Other;
    }
    match resolver.addresses(us).await {
        Ok(Answer::Records(addresses, _)) if addresses.contains(&ip) => Standing::Confirmed,
        Ok(_) => Standing::Other,
        Err(_) => Standing::Unknown,
    }
}

/// Returns the address of this machine from which the system would reach `to`; nothing is sent for it.
fn leaves_from(to: IpAddr) -> Option<IpAddr> {
    let any = if to.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((to, 25)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Returns true for an address of the public internet, which alone has a reverse name for everybody.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared)
        }
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use net::{AddressAnswer, DnsFault, Table};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn named(name: &str) -> Result<Answer<Vec<String>>, DnsFault> {
        Ok(Answer::found(vec![name.to_owned()]))
    }

    #[tokio::test]
    async fn a_name_is_confirmed_by_what_ehlo_says_and_by_the_way_back() {
        let us = "mail.alpha.test";
        let table = Table::new()
            .ptr(ip("192.0.2.1"), named("MAIL.alpha.test"))
            .ptr(ip("192.0.2.2"), named("host2.isp.test"))
            .ptr(ip("192.0.2.3"), named(us))
            .ptr(ip("192.0.2.4"), Err(DnsFault("silence".to_owned())))
            .addresses(us, Ok(AddressAnswer::found(vec![ip("192.0.2.1")])));
        let sources = Sources::default();
        for (own, standing) in [
            ("192.0.2.1", Standing::Confirmed),
            ("192.0.2.2", Standing::Other),
            ("192.0.2.3", Standing::Other),
            ("192.0.2.4", Standing::Unknown),
            ("192.0.2.5", Standing::Other),
        ] {
            assert_eq!(sources.standing(&table, us, ip(own)).await, standing, "{own}");
        }
        assert_eq!(sources.lock().len(), 4, "what nobody could say is not kept");
    }

    #[tokio::test]
    async fn the_address_that_is_set_is_the_one_of_the_family_and_of_the_same_reach() {
        let sources = Sources::new(vec![ip("192.0.2.1"), ip("127.0.0.2")]);
        let table = Table::new();
        let bind = async |to: &str| sources.choose(&table, "mail.alpha.test", ip(to)).await.bind;
        assert_eq!(bind("198.51.100.1").await, Some(ip("192.0.2.1")));
        assert_eq!(bind("127.0.0.1").await, Some(ip("127.0.0.2")));
        assert_eq!(bind("2001:db8::1").await, None);
        let told = sources.choose(&table, "mail.alpha.test", ip("127.0.0.1")).await.finding.unwrap();
        assert_eq!((told.code(), told.result()), (SOURCE_NOT_CONFIRMED, "fail"));
        assert!(Sources::default().choose(&table, "x.test", ip("127.0.0.1")).await.finding.is_none());
    }

    #[tokio::test]
    async fn the_addresses_of_a_host_stay_where_there_is_nothing_to_choose() {
        let (sources, table) = (Sources::default(), Table::new());
        for addresses in [vec![ip("192.0.2.1")], vec![ip("2001:db8::1")], vec![ip("::1"), ip("127.0.0.1")]] {
            assert_eq!(sources.in_use(&table, "mail.alpha.test", addresses.clone()).await, addresses);
        }
        assert!(is_public(ip("8.8.8.8")) && is_public(ip("2001:db8::1")));
        assert!(
            ["10.0.0.1", "100.64.0.1", "127.0.0.1", "fd00::1", "fe80::1", "::1"].iter().all(|own| !is_public(ip(own)))
        );
    }
}
