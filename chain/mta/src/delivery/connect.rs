//! Opens a conversation with the first host of a site that lets us.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use mail::trace::Attempt;
use mail::{Enhanced, Reply};
use net::{Answer, Connection, Exchange, Stream, begins_with_tls};
use smtp::{Capabilities, Command};

use super::hosts::{Fault, SmtpWay, Tells};
use super::line::{Line, Lost};
use super::login;
use super::means::Means;
use super::rooms::Room;
use super::search::{HostAddress, Search};
use super::source::Choice;
use crate::queue::Said;
use crate::route::{Demand, Protocol};

/// A server that is silent for so long, where it should greet, may be one that waits for TLS.
const SILENCE: Duration = Duration::from_secs(5);
/// RFC 7504: the host takes no mail (521), or none for the domain (556), and says so for good.
const NO_MAIL_EVER: [u16; 2] = [521, 556];

/// A conversation that is greeted, inside TLS where that is wanted and possible, and logged in where that is wanted.
/// `None`: every address was tried for this letter before.
pub async fn connect(means: &Means, way: &SmtpWay, search: &mut Search<'_>) -> Option<Result<Line, Fault>> {
    let reached = tokio::time::timeout(means.waits.site, reach(means, way, search)).await;
    reached.unwrap_or_else(|_| {
        let said = Said::ours(Enhanced(4, 4, 1), "its mail servers were too slow to answer");
        Some(Err(Fault::for_now(said).telling(Tells::Silence)))
    })
}

async fn reach(means: &Means, way: &SmtpWay, search: &mut Search<'_>) -> Option<Result<Line, Fault>> {
    if let Some(path) = &way.socket {
        // Nobody on the way could listen, so there is nothing to encrypt.
        return if search.takes_socket() { Some(greeted(means, way, Address::Unix(path), search).await) } else { None };
    }
    search.begin();
    let mut resting = Vec::new();
    for exchange in in_order(&way.hosts, search.first.as_deref()) {
        match addresses(means, way, &exchange.host).await {
            Ok(addresses) => {
                let us = &means.office.hostname;
                let addresses = match way.may_be_us {
                    true => addresses,
                    false => means.sources.in_use(&*means.resolver, us, addresses).await,
                };
                let places = addresses.into_iter().map(|ip| HostAddress::of(&exchange, ip));
                let (later, now): (Vec<HostAddress>, Vec<HostAddress>) =
                    places.partition(|place| search.rests.contains(&place.ip));
                resting.extend(later);
                if let Some(line) = try_places(means, way, now, search).await {
                    return Some(Ok(line));
                }
            }
            Err(fault) => search.failed(exchange.preference, fault),
        }
    }
    match try_places(means, way, resting, search).await {
        Some(line) => Some(Ok(line)),
        None => search.fault().map(Err),
    }
}

async fn try_places(means: &Means, way: &SmtpWay, places: Vec<HostAddress>, search: &mut Search<'_>) -> Option<Line> {
    for place in places {
        if !search.takes(&place) {
            continue;
        }
        match open(means, way, &place, search).await {
            Ok(line) => return Some(line),
            Err(fault) => {
                tracing::debug!(host = place.host, ip = %place.ip, said = fault.said.text, "could not be reached");
                search.failed_at(&place, fault);
            }
        }
    }
    None
}

/// Orders the hosts by preference; those of the same one in random order (RFC 5321 §5.1), new for each connection.
/// Before all of them comes the one that is to be asked `first`.
fn in_order(hosts: &[Exchange], first: Option<&str>) -> Vec<Exchange> {
    let is_first = |host: &Exchange| first.is_some_and(|first| first.split(' ').next() == Some(host.host.as_str()));
    let mut order: Vec<(bool, u16, u32, &Exchange)> =
        hosts.iter().map(|host| (!is_first(host), host.preference, rand::random(), host)).collect();
    order.sort_by_key(|(others, preference, luck, _)| (*others, *preference, *luck));
    order.into_iter().map(|(.., host)| host.clone()).collect()
}

/// Returns the addresses of a host, IPv6 and IPv4 in turns, so that the second try is of the other family if one does
/// not work. If a host that the domain itself names does not exist, that is certain; a name in the configuration may
/// be mended.
async fn addresses(means: &Means, way: &SmtpWay, host: &str) -> Result<Vec<IpAddr>, Fault> {
    let missing = |text: String| {
        let said = Said::ours(Enhanced(5, 4, 4), text);
        if way.may_be_us { Fault::for_now(said) } else { Fault::for_good(said) }.telling(Tells::NoAddress)
    };
    match means.resolver.addresses(host).await {
        Ok(Answer::Records(addresses, _)) => Ok(addresses),
        Ok(Answer::NoRecord) => Err(missing(format!("the mail server {host} has no address"))),
        Ok(Answer::NoSuchDomain) => Err(missing(format!("the mail server {host} does not exist"))),
        Err(fault) => Err(Fault::for_now(Said::ours(Enhanced(4, 4, 3), fault.to_string())).telling(Tells::NoAddress)),
    }
}

/// One place where a site listens.
#[derive(Clone, Copy)]
enum Address<'a> {
    Tcp(&'a str, IpAddr),
    Unix(&'a Path),
}

/// The result of a TLS handshake.
enum Shaken {
    Line(Box<Line>),
    /// The handshake failed: the connection is of no use any more.
    Broken(Fault),
}

async fn open(means: &Means, way: &SmtpWay, place: &HostAddress, search: &Search<'_>) -> Result<Line, Fault> {
    let (host, ip) = (place.host.as_str(), place.ip);
    let line = greeted(means, way, Address::Tcp(host, ip), search).await?;
    let mut line = match with_tls(means, way, host, line).await? {
        Shaken::Line(line) => *line,
        Shaken::Broken(fault) if way.demand != Demand::Opportunistic => return Err(fault),
        // RFC 7435: better in clear than not at all, on a new connection.
        Shaken::Broken(fault) => {
            tracing::info!(host, %ip, said = fault.said.text, "TLS failed; tried in clear");
            greeted(means, way, Address::Tcp(host, ip), search).await?
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
async fn greeted(means: &Means, way: &SmtpWay, address: Address<'_>, search: &Search<'_>) -> Result<Line, Fault> {
    let name = shown(address, way.protocol);
    let lost = |doing: &str, lost: Lost| broken(&name, doing, &lost);
    let closed = || Fault::for_now(Said::ours(Enhanced(4, 3, 2), "this server is closing"));
    let room = search.rooms.enter(search.suspect).await.ok_or_else(closed)?;
    let choice = match address {
        Address::Tcp(_, ip) => means.sources.choose(&*means.resolver, &means.office.hostname, ip).await,
        Address::Unix(_) => Choice::default(),
    };
    let stream = dial(means, way, address, choice.bind, &room).await.map_err(|why| match why {
        Lost::Net(net::Error::Io(error)) if is_ourselves(means, way, address, &error) => ourselves(&name),
        why => lost("connecting to", why),
    })?;
    let mut connection = Connection::new(stream);
    connection.set_read_timeout(means.waits.dot.max(means.waits.greeting).max(means.waits.command));
    connection.set_write_timeout(means.waits.piece);
    let mut line = Line::new(connection, name.clone(), way.protocol, room);
    line.source = choice.finding;
    if let (true, Address::Tcp(host, _)) = (way.implicit_tls, address) {
        let tls = if way.demand == Demand::Verified { &means.tls.verified } else { &means.tls.opportunistic };
        line = line.start_tls(tls, host).await.map_err(|error| match error {
            Lost::Net(error) if error.is_no_tls() => begins_in_clear(&name, host, way.port),
            error => lost("TLS with", error),
        })?;
    }
    let greeting = greeting(means, way, address, &mut line).await?.map_err(|error| lost("the greeting of", error))?;
    if !greeting.is_positive() {
        return Err(not_now(&greeting, &name, way));
    }
    hello(means, way, &mut line).await?;
    Ok(line)
}

/// The greeting. A server that stays silent, at a port that the configuration names, may wait for TLS: that is told in
/// seconds, and not after the minutes that a greeting may take.
async fn greeting(
    means: &Means,
    way: &SmtpWay,
    address: Address<'_>,
    line: &mut Line,
) -> Result<Result<Reply, Lost>, Fault> {
    let name = line.host.clone();
    let mut greeting = std::pin::pin!(line.reply(means.waits.greeting));
    let Address::Tcp(host, ip) = address else { return Ok(greeting.await) };
    if way.implicit_tls || !way.may_be_us {
        return Ok(greeting.await);
    }
    match tokio::time::timeout(SILENCE, &mut greeting).await {
        Ok(greeted) => Ok(greeted),
        Err(_) if begins_with_tls(SocketAddr::new(ip, way.port), SILENCE).await => {
            let text = format!(
                "{name} says nothing at port {port} and takes TLS there: write to = \"smtps:{host}:{port}\"",
                port = way.port
            );
            Err(Fault::for_now(Said::ours(Enhanced(4, 7, 4), text)))
        }
        Err(_) => Ok(greeting.await),
    }
}

fn begins_in_clear(name: &str, host: &str, port: u16) -> Fault {
    let text = format!(
        "{name} does not begin with TLS at port {port}: write to = \"{host}:{port}\" and tls = \"verified\" or \"encrypted\""
    );
    Fault::for_now(Said::ours(Enhanced(4, 7, 4), text))
}

async fn dial(
    means: &Means,
    way: &SmtpWay,
    address: Address<'_>,
    bind: Option<IpAddr>,
    room: &Room,
) -> Result<Stream, Lost> {
    let wait = means.waits.connect;
    let connected = room.wait_for(async {
        match address {
            Address::Tcp(_, ip) => match bind {
                Some(from) => Stream::connect_from(from, SocketAddr::new(ip, way.port), wait).await,
                None => Stream::connect(SocketAddr::new(ip, way.port), wait).await,
            },
            Address::Unix(path) => Stream::connect_unix(path, wait).await,
        }
    });
    Ok(connected.await??)
}

/// RFC 5321 §5.1: a domain that names an address of this machine, where nobody takes letters, will never get one.
fn is_ourselves(means: &Means, way: &SmtpWay, address: Address<'_>, error: &std::io::Error) -> bool {
    let Address::Tcp(_, ip) = address else { return false };
    !way.may_be_us && error.kind() == ErrorKind::ConnectionRefused && (means.is_here)(ip)
}

fn ourselves(name: &str) -> Fault {
    let text = format!("the mail server {name} is this machine, which takes no letters for the domain");
    Fault::for_good(Said::ours(Enhanced(5, 4, 6), text))
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
        return Err(not_now(&reply, &name, way));
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
        Ok(reply) => Some(not_now(&reply, &name, way)),
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
    let fault = Fault::for_now(Said::ours(Enhanced(4, 4, 1), format!("{doing} {name}: {lost}")));
    fault.telling(match lost {
        Lost::SentAway(_) | Lost::Net(net::Error::TimedOut) => Tells::Silence,
        Lost::Net(net::Error::Io(error)) => match error.kind() {
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => Tells::NoWay,
            // A machine without the family of the address at all.
            _ if error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error()) => Tells::NoWay,
            _ => Tells::Broken,
        },
        _ => Tells::Broken,
    })
}

/// Also a 5xx: a server that has no time for anybody (554) says nothing about the letter (RFC 5321 §3.1). Other hosts are
/// asked, and then the letter waits, as with Postfix; but "never" is taken for never (RFC 7504) where the domain itself
/// names the host.
fn not_now(reply: &Reply, name: &str, way: &SmtpWay) -> Fault {
    let status = reply.enhanced.unwrap_or(Enhanced(4, 3, 2));
    if NO_MAIL_EVER.contains(&reply.code) && !way.may_be_us {
        return Fault::for_good(Said::reply(Enhanced(5, status.1, status.2), reply, name));
    }
    Fault::for_now(Said::reply(status, reply, name))
}
