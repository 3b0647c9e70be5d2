//! Opens a conversation with the first host of a site that lets us.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use mail::trace::Attempt;
use mail::{Enhanced, Reply};
use net::{AddressAnswer, Connection, Exchange, Stream};
use smtp::{Capabilities, Command};

use super::hosts::{Fault, SmtpWay};
use super::line::{Line, Lost};
use super::{Means, login};
use crate::queue::Said;
use crate::route::{Demand, Protocol};

/// More addresses of a site are not tried at one time.
const MOST_ADDRESSES: usize = 10;

/// A conversation that is greeted, inside TLS where that is wanted and possible, and logged in where that is wanted.
pub async fn connect(means: &Means, way: &SmtpWay) -> Result<Line, Fault> {
    let too_long = || Fault::for_now(Said::ours(Enhanced(4, 4, 1), "its mail servers were too slow to answer"));
    let reached = tokio::time::timeout(means.waits.site, reach(means, way)).await;
    reached.unwrap_or_else(|_| Err(too_long()))
}

async fn reach(means: &Means, way: &SmtpWay) -> Result<Line, Fault> {
    if let Some(path) = &way.socket {
        // Nobody on the way could listen, so there is nothing to encrypt.
        return greeted(means, way, Address::Unix(path)).await;
    }
    let mut last = Fault::for_now(Said::ours(Enhanced(4, 4, 4), "none of its mail servers has an address"));
    let mut tried = 0;
    for exchange in in_order(&way.hosts) {
        let addresses = match addresses(means, &exchange.host).await {
            Ok(addresses) => addresses,
            Err(fault) => {
                last = fault;
                continue;
            }
        };
        for ip in addresses.into_iter().take(MOST_ADDRESSES - tried) {
            tried += 1;
            match open(means, way, &exchange.host, ip).await {
                Ok(line) => return Ok(line),
                Err(fault) => {
                    tracing::debug!(host = exchange.host, %ip, said = fault.said.text, "could not be reached");
                    last = fault;
                }
            }
        }
    }
    Err(last)
}

/// By preference; those of the same one in random order (RFC 5321 §5.1), new for each connection.
fn in_order(hosts: &[Exchange]) -> Vec<Exchange> {
    let mut order: Vec<(u16, u32, &Exchange)> =
        hosts.iter().map(|host| (host.preference, rand::random(), host)).collect();
    order.sort_by_key(|(preference, luck, _)| (*preference, *luck));
    order.into_iter().map(|(_, _, host)| host.clone()).collect()
}

/// IPv6 and IPv4 in turns, so that where one family does not work the second try is of the other.
async fn addresses(means: &Means, host: &str) -> Result<Vec<IpAddr>, Fault> {
    let missing = |text: String| Fault::for_now(Said::ours(Enhanced(4, 4, 4), text));
    match means.resolver.addresses(host).await {
        Ok(AddressAnswer::Addresses(addresses)) => Ok(addresses),
        Ok(AddressAnswer::NoRecord) => Err(missing(format!("the mail server {host} has no address"))),
        Ok(AddressAnswer::NoSuchDomain) => Err(missing(format!("the mail server {host} does not exist"))),
        Err(fault) => Err(Fault::for_now(Said::ours(Enhanced(4, 4, 3), fault.to_string()))),
    }
}

/// One place where a site listens.
#[derive(Clone, Copy)]
enum Address<'a> {
    Tcp(&'a str, IpAddr),
    Unix(&'a Path),
}

/// How far TLS got.
enum Shaken {
    Line(Box<Line>),
    /// The handshake failed: the connection is of no use any more.
    Broken(Fault),
}

async fn open(means: &Means, way: &SmtpWay, host: &str, ip: IpAddr) -> Result<Line, Fault> {
    let line = greeted(means, way, Address::Tcp(host, ip)).await?;
    let mut line = match with_tls(means, way, host, line).await? {
        Shaken::Line(line) => *line,
        Shaken::Broken(fault) if way.demand != Demand::Opportunistic => return Err(fault),
        // RFC 7435: better in clear than not at all, on a new connection.
        Shaken::Broken(fault) => {
            tracing::info!(host, %ip, said = fault.said.text, "TLS failed; tried in clear");
            greeted(means, way, Address::Tcp(host, ip)).await?
        }
    };
    if let Some(credentials) = &way.login {
        if !line.is_tls() && way.demand == Demand::Opportunistic && !line.is_loopback() {
            let text = format!("{host} offers no TLS, and a password is not sent in clear");
            return Err(Fault::for_now(Said::ours(Enhanced(4, 7, 4), text)));
        }
        login::log_in(&mut line, credentials, means.waits.command).await?;
    }
    Ok(line)
}

/// Connects, reads the greeting, and says EHLO or LHLO.
async fn greeted(means: &Means, way: &SmtpWay, address: Address<'_>) -> Result<Line, Fault> {
    let name = shown(address, way.protocol);
    let lost = |doing: &str, lost: Lost| broken(&name, doing, &lost);
    let stream = match address {
        Address::Tcp(_, ip) => Stream::connect(SocketAddr::new(ip, way.port), means.waits.connect).await,
        Address::Unix(path) => Stream::connect_unix(path, means.waits.connect).await,
    };
    let stream = stream.map_err(|error| broken(&name, "connecting to", &Lost::Net(error)))?;
    let mut connection = Connection::new(stream);
    connection.set_read_timeout(means.waits.dot.max(means.waits.greeting).max(means.waits.command));
    connection.set_write_timeout(means.waits.piece);
    let mut line = Line::new(connection, name.clone(), way.protocol);
    if let (true, Address::Tcp(host, _)) = (way.implicit_tls, address) {
        let tls = if way.demand == Demand::Verified { &means.tls.verified } else { &means.tls.opportunistic };
        line = line.start_tls(tls, host).await.map_err(|error| lost("TLS with", error))?;
    }
    let greeting = line.reply(means.waits.greeting).await.map_err(|error| lost("the greeting of", error))?;
    if !greeting.is_positive() {
        return Err(not_now(&greeting, &name));
    }
    hello(means, way, &mut line).await?;
    Ok(line)
}

/// EHLO, or HELO where the server knows no better (RFC 5321 §3.2); LHLO with LMTP, which knows nothing else (RFC 2033 §4.1).
async fn hello(means: &Means, way: &SmtpWay, line: &mut Line) -> Result<(), Fault> {
    let (us, wait) = (means.office.hostname.clone(), means.waits.command);
    let name = line.host.clone();
    let lmtp = way.protocol == Protocol::Lmtp;
    let lost = |lost: Lost| broken(&name, if lmtp { "LHLO to" } else { "EHLO to" }, &lost);
    let first = if lmtp { Command::Lhlo(us.clone()) } else { Command::Ehlo(us.clone()) };
    let mut reply = line.ask(&first, wait).await.map_err(lost)?;
    if reply.is_positive() {
        line.offers = Capabilities::parse(&reply);
    } else if reply.is_permanent() && !lmtp {
        reply = line.ask(&Command::Helo(us), wait).await.map_err(lost)?;
        line.offers = Capabilities::default();
    }
    if !reply.is_positive() {
        return Err(not_now(&reply, &name));
    }
    let called = reply.text.first().and_then(|text| text.split(' ').next()).unwrap_or_default();
    if !way.may_be_us && called.eq_ignore_ascii_case(&means.office.hostname) {
        let text = format!("{name} calls itself {called}, as this server does: the letter would go round in circles");
        return Err(Fault::for_good(Said::ours(Enhanced(5, 4, 6), text)));
    }
    Ok(())
}

async fn with_tls(means: &Means, way: &SmtpWay, host: &str, mut line: Line) -> Result<Shaken, Fault> {
    if line.is_tls() {
        return Ok(Shaken::Line(Box::new(line)));
    }
    let name = line.host.clone();
    if !line.offers.starttls {
        return match way.demand {
            Demand::Opportunistic => Ok(Shaken::Line(Box::new(line))),
            _ => Err(Fault::for_now(Said::ours(Enhanced(4, 7, 4), format!("{name} offers no TLS")))),
        };
    }
    let refused = match line.ask(&Command::StartTls, means.waits.command).await {
        Ok(reply) if reply.is_positive() => None,
        Ok(reply) => Some(not_now(&reply, &name)),
        Err(lost) => Some(broken(&name, "STARTTLS with", &lost)),
    };
    if let Some(fault) = refused {
        return Ok(Shaken::Broken(fault));
    }
    let tls = if way.demand == Demand::Verified { &means.tls.verified } else { &means.tls.opportunistic };
    match line.start_tls(tls, host).await {
        Ok(mut line) => {
            hello(means, way, &mut line).await?;
            Ok(Shaken::Line(Box::new(line)))
        }
        Err(lost) => Ok(Shaken::Broken(broken(&name, "TLS with", &lost))),
    }
}

/// `mx.beta.test (192.0.2.1)`, `[192.0.2.1]`, `lmtp:unix:/run/lmtp`
fn shown(address: Address<'_>, protocol: Protocol) -> String {
    let mark = if protocol == Protocol::Lmtp { Attempt::LMTP } else { "" };
    match address {
        Address::Tcp(host, ip) if host.parse::<IpAddr>().is_ok() => format!("{mark}[{ip}]"),
        Address::Tcp(host, ip) => format!("{mark}{host} ({ip})"),
        Address::Unix(path) => format!("{mark}unix:{}", path.display()),
    }
}

fn broken(name: &str, doing: &str, lost: &Lost) -> Fault {
    Fault::for_now(Said::ours(Enhanced(4, 4, 1), format!("{doing} {name}: {lost}")))
}

/// Also a 5xx: a server that has no time for anybody (554) says nothing about the letter (RFC 5321 §3.1).
fn not_now(reply: &Reply, name: &str) -> Fault {
    Fault::for_now(Said::reply(reply.enhanced.unwrap_or(Enhanced(4, 3, 2)), reply, name))
}
