//! The way to a mailbox elsewhere: names, sockets, TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use net::{Answer, ClientTls, Connection, Resolver, Stream, begins_with_tls};

use crate::pace::Pace;
use crate::settings::fingerprint;
use crate::{Fault, Settings};

/// More addresses of a host are not tried.
const MOST_ADDRESSES: usize = 6;

/// A server that is silent for so long, where it should greet, may be one that waits for TLS.
const SILENCE: Duration = Duration::from_secs(5);

/// The protection of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first octet (RFC 8314 §3).
    Tls,
    /// STARTTLS or STLS, and nothing before it.
    StartTls,
    /// None: somebody asked for it by name.
    Cleartext,
}

/// The longest times to wait for the other end.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// The time to wait for a connection.
    pub connect: Duration,
    /// The time to wait for an answer to begin, or to go on.
    pub answer: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), answer: Duration::from_secs(180) }
    }
}

/// Everything that is needed to reach the server of a source.
#[derive(Clone)]
pub struct Endpoint {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The protection of the connection.
    pub security: Security,
    /// The certificates to trust.
    pub tls: ClientTls,
    /// Looks up addresses.
    pub resolver: Arc<dyn Resolver>,
    /// The pace of reading.
    pub pace: Pace,
    /// The longest times to wait.
    pub waits: Waits,
}

impl Endpoint {
    /// The way that the settings of a source describe.
    pub fn of(settings: &Settings, resolver: Arc<dyn Resolver>) -> Result<Self, Fault> {
        let mailbox = &settings.mailbox;
        let fingerprints = settings.fingerprints.iter().filter_map(|text| fingerprint(text)).collect();
        let ca = settings.ca.as_deref().unwrap_or_default();
        let tls = ClientTls::trusting(ca.as_bytes(), fingerprints);
        Ok(Self {
            host: mailbox.host.clone(),
            port: mailbox.port,
            security: match (mailbox.tls, settings.cleartext) {
                (true, _) => Security::Tls,
                (false, false) => Security::StartTls,
                (false, true) => Security::Cleartext,
            },
            tls: tls.map_err(|why| Fault::Untrusted(why.to_string()))?,
            resolver,
            pace: settings.rate.map_or_else(Pace::free, Pace::limited),
            waits: Waits::default(),
        })
    }

    /// Waits for the greeting of a server. One that stays silent may wait for TLS itself: whether it does is found out on a
    /// second connection, so that a wrong port is told in seconds and not in minutes.
    pub async fn greeted<T>(&self, greeting: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let mut greeting = std::pin::pin!(greeting);
        if self.security == Security::Tls {
            return greeting.await;
        }
        if let Ok(greeted) = tokio::time::timeout(SILENCE, &mut greeting).await {
            return greeted;
        }
        for ip in self.addresses().await?.into_iter().take(MOST_ADDRESSES) {
            if begins_with_tls(SocketAddr::new(ip, self.port), SILENCE).await {
                let (host, port) = (&self.host, self.port);
                return Err(Fault::Server(format!(
                    "{host} says nothing at port {port} and takes TLS there: write imaps:// or pop3s:// for it"
                )));
            }
        }
        greeting.await
    }

    /// A connection: inside TLS where that comes first, and else not yet.
    pub async fn connect(&self) -> Result<Connection, Fault> {
        let mut last = None;
        for ip in self.addresses().await?.into_iter().take(MOST_ADDRESSES) {
            match Stream::connect(SocketAddr::new(ip, self.port), self.waits.connect).await {
                Ok(stream) => return self.wrap(Connection::new(stream)).await,
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
        Err(Fault::Unreachable(format!("{}:{}: {why}", self.host, self.port)))
    }

    async fn wrap(&self, mut line: Connection) -> Result<Connection, Fault> {
        line.set_read_timeout(self.waits.answer);
        line.set_write_timeout(self.waits.answer);
        match self.security {
            Security::Tls => self.secure(line).await,
            Security::StartTls | Security::Cleartext => Ok(line),
        }
    }

    /// Turns TLS on, with the server's name checked.
    pub async fn secure(&self, line: Connection) -> Result<Connection, Fault> {
        let host = &self.host;
        line.start_tls_client(&self.tls, host).await.map_err(|error| match (error, self.tls.distrust()) {
            (error, _) if error.is_no_tls() => Fault::Server(format!(
                "{host} does not begin with TLS at port {}: write imap:// or pop3:// for it, which turn TLS on later",
                self.port
            )),
            (net::Error::Io(_), Some(distrust)) => Fault::Untrusted(format!("TLS with {host}: {distrust}")),
            (net::Error::Io(why), None) => Fault::Untrusted(format!("TLS with {host}: {why}")),
            (why, _) => Fault::Cut(format!("TLS with {host}: {why}")),
        })
    }

    async fn addresses(&self) -> Result<Vec<std::net::IpAddr>, Fault> {
        let missing = |why: &str| Fault::Unreachable(format!("{}: {why}", self.host));
        if self.host == "localhost" {
            return Ok(vec![std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()]);
        }
        match self.resolver.addresses(&self.host).await {
            Ok(Answer::Records(addresses, _)) => Ok(addresses),
            Ok(Answer::NoRecord) => Err(missing("it has no address")),
            Ok(Answer::NoSuchDomain) => Err(missing("there is no such host")),
            Err(fault) => Err(missing(&fault.to_string())),
        }
    }
}
