//! The doors of a post office: which there are, and where each stands when nobody said anything.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// All addresses of this machine: `[::]` hears IPv4 too.
const EVERYWHERE: [IpAddr; 1] = [IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
const ON_THIS_MACHINE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// A kind of door, named as in `[listen]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    Smtp,
    Submission,
    Submissions,
    Lmtp,
    Imap,
    Imaps,
    Pop3,
    Pop3s,
    ManageSieve,
    Http,
    Https,
}

impl Door {
    /// All of them, in the order people think of them.
    pub const ALL: [Self; 11] = [
        Self::Smtp,
        Self::Submission,
        Self::Submissions,
        Self::Lmtp,
        Self::Imap,
        Self::Imaps,
        Self::Pop3,
        Self::Pop3s,
        Self::ManageSieve,
        Self::Http,
        Self::Https,
    ];

    /// The key in `[listen]`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Submission => "submission",
            Self::Submissions => "submissions",
            Self::Lmtp => "lmtp",
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Pop3 => "pop3",
            Self::Pop3s => "pop3s",
            Self::ManageSieve => "managesieve",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Returns true if a server stands behind this door in this version.
    pub fn is_served(self) -> bool {
        !matches!(self, Self::ManageSieve)
    }

    /// The port the world expects. LMTP has none, and POP3 without TLS is off unless asked for.
    pub fn well_known_port(self) -> Option<u16> {
        match self {
            Self::Smtp => Some(25),
            Self::Submission => Some(587),
            Self::Submissions => Some(465),
            Self::Imap => Some(143),
            Self::Imaps => Some(993),
            Self::Pop3s => Some(995),
            Self::ManageSieve => Some(4190),
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Lmtp | Self::Pop3 => None,
        }
    }

    /// The port for someone who may not open those below 1024.
    fn trial_port(self) -> Option<u16> {
        match self {
            Self::Smtp => Some(2525),
            Self::Submission => Some(2587),
            Self::Submissions => Some(2465),
            Self::Imap => Some(2143),
            Self::Imaps => Some(2993),
            Self::Pop3 => Some(2110),
            Self::Pop3s => Some(2995),
            Self::ManageSieve => Some(2419),
            Self::Http => Some(8080),
            Self::Https => Some(8443),
            Self::Lmtp => None,
        }
    }

    /// Returns the addresses of this door when the configuration names none: open to both families of addresses.
    pub fn default_places(self, low_ports: bool) -> Vec<BindAddress> {
        let (ips, port): (&[IpAddr], _) = match low_ports {
            true => (&EVERYWHERE, self.well_known_port()),
            false => (&ON_THIS_MACHINE, self.trial_port()),
        };
        let at = |port| ips.iter().map(move |ip| BindAddress::Tcp(SocketAddr::new(*ip, port)));
        port.into_iter().flat_map(at).collect()
    }

    /// Returns the address of this door in a demo office: the trial ports, moved up by `offset`.
    pub fn demo_place(self, offset: u16) -> Option<SocketAddr> {
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.trial_port()?.checked_add(offset)?))
    }
}

/// The address that a door listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl fmt::Display for BindAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Finds out whether this process may open ports below 1024, by binding one (and listening on nothing).
pub fn may_open_low_ports() -> bool {
    use rustix::net::{AddressFamily, SocketType, bind, socket};
    let Ok(probe) = socket(AddressFamily::INET, SocketType::STREAM, None) else { return false };
    let smtp = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 25);
    // Any other failure (in use, no such address) is not about the right to it.
    !matches!(bind(&probe, &smtp), Err(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_right_to_low_ports_the_doors_are_high_and_on_this_machine_only() {
        let places = |low| Door::ALL.map(|door| door.default_places(low).first().map(BindAddress::to_string));
        assert_eq!(places(false)[0].as_deref(), Some("127.0.0.1:2525"));
        assert_eq!(places(true)[0].as_deref(), Some("[::]:25"));
        let of_imaps = Door::Imaps.default_places(false);
        assert_eq!(of_imaps.iter().map(BindAddress::to_string).collect::<Vec<_>>(), ["127.0.0.1:2993", "[::1]:2993"]);
        assert_eq!(places(true)[3], None, "lmtp is off until asked for");
    }
}
