//! Says which DNS records a domain needs for its letters to come and to be taken.

use std::net::IpAddr;

use mail::Domain;

use crate::language::say;

/// The records that the domain needs, with the names and addresses of this machine.
pub fn needs(domain: &Domain, host: &Domain) -> String {
    shown(domain.as_str(), host.as_str(), &public_addresses())
}

fn shown(domain: &str, host: &str, addresses: &[IpAddr]) -> String {
    let named = host.contains('.');
    let host = if named { host.to_owned() } else { format!("mail.{domain}") };
    let mut text = say!(
        "letters for {domain} are taken from now on; for the world to send them here, and to take yours, DNS needs:\n\n",
        "les lettres pour {domain} sont prises désormais ; pour que le monde les envoie ici, et prenne les vôtres, il faut dans le DNS :\n\n"
    );
    text += &format!("  {domain}. MX 10 {host}.\n");
    for address in addresses {
        let kind = if address.is_ipv4() { "A" } else { "AAAA" };
        text += &format!("  {host}. {kind} {address}\n");
    }
    if addresses.is_empty() {
        text += &say!(
            "  {host}. A (and AAAA): the address at which the internet reaches this machine\n",
            "  {host}. A (et AAAA) : l'adresse par laquelle l'internet atteint cette machine\n"
        );
    }
    text += &format!("  {domain}. TXT \"v=spf1 mx -all\"\n");
    text += &say!(
        "  PTR of each address: {host}. (whoever gives you the address enters it)\n",
        "  PTR de chaque adresse : {host}. (qui vous donne l'adresse l'inscrit)\n"
    );
    if !named {
        text += &say!(
            "\nthis machine has no name that others can look up: write hostname = \"{host}\" into the configuration\n",
            "\ncette machine n'a pas de nom que d'autres puissent résoudre : écrivez hostname = \"{host}\" dans la configuration\n"
        );
    }
    text
}

/// The addresses of this machine that the internet may reach.
fn public_addresses() -> Vec<IpAddr> {
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let address = |found: nix::ifaddrs::InterfaceAddress| {
        let address = found.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    };
    all.filter_map(address).filter(|address| is_public(*address)).collect()
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        // Global unicast, 2000::/3.
        IpAddr::V6(v6) => v6.segments()[0] >> 13 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_name_the_host_and_its_public_addresses() {
        let addresses = ["192.0.2.7".parse().expect("v4"), "2001:db8::7".parse().expect("v6")];
        let told = shown("alpha.test", "mail.alpha.test", &addresses);
        for record in [
            "alpha.test. MX 10 mail.alpha.test.\n",
            "mail.alpha.test. A 192.0.2.7\n",
            "mail.alpha.test. AAAA 2001:db8::7\n",
            "alpha.test. TXT \"v=spf1 mx -all\"\n",
            "PTR",
        ] {
            assert!(told.contains(record), "{record} in {told}");
        }
        assert!(shown("alpha.test", "laptop", &[]).contains("hostname = \"mail.alpha.test\""));
    }

    #[test]
    fn addresses_of_a_network_at_home_are_not_public() {
        for (address, public) in [
            ("192.168.1.2", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("203.0.113.5", true),
            ("fe80::1", false),
            ("fd00::1", false),
            ("2001:db8::1", true),
        ] {
            assert_eq!(is_public(address.parse().expect("an address")), public, "{address}");
        }
    }
}
