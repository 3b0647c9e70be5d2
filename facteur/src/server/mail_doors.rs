//! Decides which doors mail programs are told of, and by which name they call them.

use mua::{MailDoor, Protocol};

use crate::config::{BindAddress, Config, Door};

/// The doors for mail programs, as they really stand.
pub fn of(config: &Config, places: &[(Door, BindAddress)]) -> Vec<MailDoor> {
    let mut doors: Vec<MailDoor> = Vec::new();
    for (door, place) in places {
        let told = told(config, *door, place);
        // A door has a place for each family of addresses, which programs call by one name.
        doors.extend(told.filter(|told| !doors.contains(told)));
    }
    doors
}

fn told(config: &Config, door: Door, place: &BindAddress) -> Option<MailDoor> {
    let (protocol, tls_at_once) = match door {
        Door::Imap => (Protocol::Imap, false),
        Door::Imaps => (Protocol::Imap, true),
        Door::Pop3 => (Protocol::Pop3, false),
        Door::Pop3s => (Protocol::Pop3, true),
        Door::Submission => (Protocol::Smtp, false),
        Door::Submissions => (Protocol::Smtp, true),
        Door::Smtp | Door::Lmtp | Door::ManageSieve | Door::Http | Door::Https => return None,
    };
    let (host, port, near_only) = match place {
        // If a proxy speaks for others, the others come to it, at the port that everybody expects.
        _ if config.proxy.protocol.contains(&door) => {
            (config.hostname.as_str().to_owned(), door.well_known_port()?, false)
        }
        BindAddress::Tcp(at) if at.ip().is_loopback() => (at.ip().to_string(), at.port(), true),
        BindAddress::Tcp(at) => (config.hostname.as_str().to_owned(), at.port(), false),
        BindAddress::Unix(_) => return None,
    };
    Some(MailDoor { protocol, host, port, tls_at_once, near_only })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(proxied: &[Door]) -> Config {
        let mut config = Config { hostname: mail::Domain::parse("mail.alpha.test").unwrap(), ..Config::default() };
        config.proxy.protocol = proxied.iter().copied().collect();
        config
    }

    fn place(text: &str) -> BindAddress {
        text.parse().map_or_else(|_| BindAddress::Unix(text.into()), BindAddress::Tcp)
    }

    #[test]
    fn a_door_is_called_by_the_name_of_the_house_and_once_however_many_places_it_has() {
        let places = [(Door::Imaps, place("0.0.0.0:993")), (Door::Imaps, place("[::]:993"))];
        let doors = of(&config(&[]), &places);
        assert_eq!(doors.len(), 1);
        assert_eq!((doors[0].host.as_str(), doors[0].port, doors[0].tls_at_once), ("mail.alpha.test", 993, true));
        assert!(!doors[0].near_only);
    }

    #[test]
    fn a_door_on_this_machine_is_called_by_its_address_and_said_to_be_near() {
        let doors = of(&config(&[]), &[(Door::Submission, place("127.0.0.1:2587"))]);
        assert_eq!((doors[0].host.as_str(), doors[0].port, doors[0].near_only), ("127.0.0.1", 2587, true));
    }

    #[test]
    fn behind_a_proxy_programs_come_to_the_proxy() {
        for behind in ["127.0.0.1:10993", "/run/facteur/imaps"] {
            let doors = of(&config(&[Door::Imaps]), &[(Door::Imaps, place(behind))]);
            assert_eq!((doors[0].host.as_str(), doors[0].port, doors[0].near_only), ("mail.alpha.test", 993, false));
        }
    }

    #[test]
    fn doors_for_other_servers_and_for_browsers_are_no_doors_for_mail_programs() {
        let others = [Door::Smtp, Door::Lmtp, Door::ManageSieve, Door::Http, Door::Https];
        assert_eq!(of(&config(&[]), &others.map(|door| (door, place("[::]:25")))), []);
        assert_eq!(of(&config(&[]), &[(Door::Imap, place("/run/facteur/imap"))]), [], "no program calls a socket");
    }
}
