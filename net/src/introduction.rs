//! The PROXY protocol, versions 1 and 2, as haproxy defines it: a proxy first names the client that it speaks for.
//!
//! It is read from proxies that the settings name, at doors where they are expected to send it; there they must. From
//! any other client the header is nonsense in the protocol behind the door. The header is read octet for octet, so that
//! nothing behind it (a TLS hello, say) is taken along.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The time that a proxy may take for its header. It has the header ready when it connects.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The beginning of a header of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The beginning of a line of version 1.
const WORD: &[u8] = b"PROXY ";
/// The longest line of version 1, its end included.
const LONGEST_LINE: usize = 107;
/// The most octets behind the fixed part of version 2: both addresses, and the extensions that proxies add.
const LONGEST_REST: usize = 4096;

/// The client that a proxy speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Introduction {
    /// A client at `from`, which has reached `to`.
    Of { from: SocketAddr, to: IpAddr },
    /// The proxy itself (a health check), or a client without an address.
    Itself,
}

/// The reason why a header is not usable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The connection ended before it began.
    #[error("the proxy said nothing")]
    Nothing,
    /// Other octets came first.
    #[error("the proxy sent no PROXY header")]
    Missing,
    /// The header breaks the rules of the protocol.
    #[error("the PROXY header is malformed: {0}")]
    Malformed(&'static str),
    #[error("the PROXY header did not come in time")]
    Late,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Reads the header, and nothing behind it. Takes [`PATIENCE`] at most.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Introduction, Fault> {
    tokio::time::timeout(PATIENCE, read_patiently(stream)).await.map_err(|_| Fault::Late)?
}

async fn read_patiently(stream: &mut (impl AsyncRead + Unpin)) -> Result<Introduction, Fault> {
    // No header is shorter than this.
    let mut begin = [0; SIGNATURE.len()];
    let mut count = 0;
    while let Some(space) = begin.get_mut(count..).filter(|space| !space.is_empty()) {
        match stream.read(space).await? {
            0 => return Err(if count == 0 { Fault::Nothing } else { Fault::Missing }),
            more => count += more,
        }
        // A peer of another protocol waits for an answer, and would never send as much as this.
        let said = begin.get(..count).unwrap_or_default();
        if ![&SIGNATURE[..], WORD].iter().any(|known| known.iter().zip(said).all(|(known, said)| known == said)) {
            return Err(Fault::Missing);
        }
    }
    if begin == SIGNATURE { read_binary(stream).await } else { read_line(stream, &begin).await }
}

async fn read_line(stream: &mut (impl AsyncRead + Unpin), begin: &[u8]) -> Result<Introduction, Fault> {
    let mut line = begin.to_vec();
    while !line.ends_with(b"\n") {
        if line.len() >= LONGEST_LINE {
            return Err(Fault::Malformed("the line is too long"));
        }
        line.push(stream.read_u8().await?);
    }
    let line = line.strip_suffix(b"\r\n").ok_or(Fault::Malformed("the line ends without CRLF"))?;
    parse_line(line).map_err(Fault::Malformed)
}

async fn read_binary(stream: &mut (impl AsyncRead + Unpin)) -> Result<Introduction, Fault> {
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let [command, family, high, low] = fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST_REST {
        return Err(Fault::Malformed("it is too long"));
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    parse_binary(command, family, &rest).map_err(Fault::Malformed)
}

/// Reads a line of version 1 without its end: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`.
fn parse_line(line: &[u8]) -> Result<Introduction, &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not text")?;
    let mut words = line.split(' ').skip(1);
    let family = words.next().unwrap_or_default();
    if family == "UNKNOWN" {
        // All other content is to be ignored.
        return Ok(Introduction::Itself);
    }
    let is_family = |ip: &IpAddr| match family {
        "TCP4" => ip.is_ipv4(),
        "TCP6" => ip.is_ipv6(),
        _ => false,
    };
    let mut address = || words.next().and_then(|word| word.parse::<IpAddr>().ok()).filter(is_family);
    let (from, to) = address().zip(address()).ok_or("it names no two addresses of its family")?;
    let (port, _) = words.next().and_then(number).zip(words.next().and_then(number)).ok_or("it names no two ports")?;
    if words.next().is_some() {
        return Err("something follows the ports");
    }
    Ok(Introduction::Of { from: SocketAddr::new(from, port), to })
}

/// Reads a number that has only digits.
fn number(word: &str) -> Option<u16> {
    word.bytes().all(|octet| octet.is_ascii_digit()).then(|| word.parse().ok())?
}

/// Reads the part behind the signature of version 2. The TLVs behind the addresses are of no use to us.
fn parse_binary(command: u8, family: u8, rest: &[u8]) -> Result<Introduction, &'static str> {
    match command {
        0x20 => return Ok(Introduction::Itself),
        0x21 => {}
        _ => return Err("its version or command is unknown"),
    }
    match family {
        // TCP over IPv4, over IPv6, and a stream over a Unix socket.
        0x11 => ends::<4>(rest),
        0x21 => ends::<16>(rest),
        0x31 if rest.len() >= 216 => Ok(Introduction::Itself),
        0x31 => Err("it is too short for its addresses"),
        // Unspecified: the addresses are to be ignored.
        0x00 => Ok(Introduction::Itself),
        _ => Err("its family is not one of streams"),
    }
}

/// Reads both addresses, of `N` octets each, and both ports.
fn ends<const N: usize>(rest: &[u8]) -> Result<Introduction, &'static str>
where
    IpAddr: FromOctets<N>,
{
    let short = "it is too short for its addresses";
    let (from, rest) = rest.split_first_chunk::<N>().ok_or(short)?;
    let (to, rest) = rest.split_first_chunk::<N>().ok_or(short)?;
    let (port, rest) = rest.split_first_chunk::<2>().ok_or(short)?;
    if rest.len() < 2 {
        return Err(short);
    }
    let from = SocketAddr::new(IpAddr::of(*from), u16::from_be_bytes(*port));
    Ok(Introduction::Of { from, to: IpAddr::of(*to) })
}

trait FromOctets<const N: usize> {
    fn of(octets: [u8; N]) -> Self;
}

impl FromOctets<4> for IpAddr {
    fn of(octets: [u8; 4]) -> Self {
        Ipv4Addr::from(octets).into()
    }
}

impl FromOctets<16> for IpAddr {
    fn of(octets: [u8; 16]) -> Self {
        Ipv6Addr::from(octets).into()
    }
}

/// Returns true if a proxy elsewhere could see a client at this address. The proxy's own loopback is not ours.
pub(crate) fn is_somebody(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
}

#[cfg(test)]
mod tests;
