//! iprev (RFC 8601 §3): whether an address has a name that leads back to it.

use std::net::IpAddr;

use crate::dns::{Answer, Dns, Later};
use crate::names;

/// The most names of an address that are asked about: anybody can claim any number of them.
const MOST_NAMES: usize = 10;

/// The name of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverse {
    /// The address has this name, and the name has the address.
    Pass(String),
    /// The address claims this name, and the name has other addresses or none.
    Fail(String),
    /// The address has no name, and will have none soon.
    None,
    /// Nobody could say; ask again later.
    Later,
}

impl Reverse {
    /// Returns the word of RFC 8601 §2.7.3: an address without a name is a permanent error.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass(_) => "pass",
            Self::Fail(_) => "fail",
            Self::None => "permerror",
            Self::Later => "temperror",
        }
    }
}

/// Checks an address. It asks for its names, and for the addresses of ten of them at most.
pub async fn check(dns: &dyn Dns, ip: IpAddr) -> Reverse {
    let ip = ip.to_canonical();
    let names = match dns.ptr(ip).await {
        Ok(Answer::Records(names)) => names,
        Ok(Answer::NoRecord | Answer::NoSuchDomain) => return Reverse::None,
        Err(Later) => return Reverse::Later,
    };
    let names: Vec<String> = names.iter().take(MOST_NAMES).filter_map(|name| names::domain(name)).collect();
    let mut is_sure = true;
    for name in &names {
        match leads_back(dns, name, ip).await {
            Ok(true) => return Reverse::Pass(name.clone()),
            Ok(false) => {}
            Err(Later) => is_sure = false,
        }
    }
    match names.into_iter().next() {
        _ if !is_sure => Reverse::Later,
        Some(name) => Reverse::Fail(name),
        None => Reverse::None,
    }
}

async fn leads_back(dns: &dyn Dns, name: &str, ip: IpAddr) -> Result<bool, Later> {
    Ok(match ip {
        IpAddr::V4(ip) => dns.ipv4(name).await?.records().is_some_and(|addresses| addresses.contains(&ip)),
        IpAddr::V6(ip) => dns.ipv6(name).await?.records().is_some_and(|addresses| addresses.contains(&ip)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use crate::tests::wait;

    fn checked(table: &Table, ip: &str) -> Reverse {
        wait(check(table, ip.parse().unwrap()))
    }

    #[test]
    fn a_name_counts_where_it_leads_back() {
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        let six: IpAddr = "2001:db8::1".parse().unwrap();
        let table = Table::new()
            .ptr(ip, "other.test")
            .ptr(ip, "Mail.test")
            .host("mail.test", ip)
            .ptr(six, "six.test")
            .host("six.test", six)
            .host("other.test", "192.0.2.9".parse().unwrap());
        assert_eq!(checked(&table, "192.0.2.1"), Reverse::Pass("mail.test".into()));
        assert_eq!(checked(&table, "::ffff:192.0.2.1"), Reverse::Pass("mail.test".into()));
        assert_eq!(checked(&table, "2001:db8::1"), Reverse::Pass("six.test".into()));
    }

    #[test]
    fn a_claim_no_name_and_no_answer_are_three_things() {
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        let claimed = Table::new().ptr(ip, "bank.test");
        assert_eq!(checked(&claimed, "192.0.2.1"), Reverse::Fail("bank.test".into()));
        assert_eq!(checked(&claimed.silent("bank.test"), "192.0.2.1"), Reverse::Later);
        assert_eq!(checked(&Table::new(), "192.0.2.1"), Reverse::None);
        assert_eq!(Reverse::None.name(), "permerror");
    }

    #[test]
    fn ten_names_are_asked_about() {
        let ip: IpAddr = "192.0.2.1".parse().unwrap();
        let table = (0..10).fold(Table::new(), |table, n| table.ptr(ip, &format!("n{n}.test")));
        let table = table.ptr(ip, "right.test").host("right.test", ip);
        assert_eq!(checked(&table, "192.0.2.1"), Reverse::Fail("n0.test".into()));
    }
}
