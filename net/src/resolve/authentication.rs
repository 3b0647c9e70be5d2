//! The questions of SPF, DKIM and DMARC about one letter, within its bounds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use auth::dns::{Answer as Told, Asked as Asking, Dns, Later};
use mail::Domain;

use super::{Answer, Asked, Exchanges, Lookups, Resolver};

impl Dns for Lookups {
    fn txt<'a>(&'a self, name: &'a str) -> Asking<'a, Vec<Vec<u8>>> {
        told(name.to_owned(), Resolver::txt(self, name), |texts| texts)
    }

    fn ipv4<'a>(&'a self, host: &'a str) -> Asking<'a, Vec<Ipv4Addr>> {
        told(host.to_owned(), Resolver::ipv4(self, host), |addresses| addresses)
    }

    fn ipv6<'a>(&'a self, host: &'a str) -> Asking<'a, Vec<Ipv6Addr>> {
        told(host.to_owned(), Resolver::ipv6(self, host), |addresses| addresses)
    }

    fn mx<'a>(&'a self, domain: &'a str) -> Asking<'a, Vec<String>> {
        Box::pin(async move {
            // Records of SPF name what no domain can be called, and such a name has no MX.
            let Ok(domain) = Domain::parse(domain) else { return Ok(Told::NoSuchDomain) };
            let hosts = |exchanges| match exchanges {
                Exchanges::Hosts(hosts) => hosts.into_iter().map(|exchange| exchange.host).collect(),
                Exchanges::Null => vec![String::new()],
            };
            told(domain.to_string(), Resolver::mx(self, &domain), hosts).await
        })
    }

    fn ptr(&self, ip: IpAddr) -> Asking<'_, Vec<String>> {
        told(ip.to_string(), Resolver::ptr(self, ip), |names| names)
    }
}

fn told<'a, T: 'a, U: Send + 'a>(name: String, asked: Asked<'a, T>, read: fn(T) -> U) -> Asking<'a, U> {
    Box::pin(async move {
        match asked.await {
            Ok(Answer::Records(records, _)) => Ok(Told::Records(read(records))),
            Ok(Answer::NoRecord) => Ok(Told::NoRecord),
            Ok(Answer::NoSuchDomain) => Ok(Told::NoSuchDomain),
            Err(fault) => {
                tracing::debug!(name, %fault, "a question about a letter has no answer");
                Err(Later)
            }
        }
    })
}
