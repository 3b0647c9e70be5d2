//! The means of delivery: the store, the name servers, how much is done at once, and how long another server is
//! waited for.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use mail::seam::{OurFault, Pending, Recipients};
use mail::{Address, Envelope, Findings, Letter, Reply};
use net::{ClientTls, Resolver, TlsError};
use store::{Store, Tx};

use super::source::Sources;
use crate::backoff::Schedule;
use crate::bounce::Office;
use crate::route::Routes;

/// A letter that the queue holds for our own people.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The letter.
    pub letter: Letter,
    /// For whom it waits.
    pub envelope: Envelope,
    /// The findings about it, from where it came in.
    pub findings: Findings,
    /// Nobody is written to about it: its return path may be forged.
    pub mistrusted: bool,
}

/// Files letters that the queue holds for our own people. `chain/intake` implements it with the MDA.
pub trait LocalDrop: Send + Sync {
    /// Files the letter for each recipient of its envelope, whose domains are all ours, tells the sender where they wish it
    /// (RFC 3461), and **in the same commit** calls `done` with what became of each: a reply 2xx (filed, or handed on by an alias), 4xx (later) or 5xx (never). So
    /// the letter is in the mailbox or in the queue, at no moment in both or in neither.
    ///
    /// `Err` means that nothing was filed and `done` was not called, or its effects were rolled back; the queue tries
    /// again later.
    fn drop_off(&self, waiting: Waiting, done: Done) -> Pending<'_, Result<(), OurFault>>;
}

/// Takes local recipients off the queue. Like every write it may be called again when the transaction is.
pub type Done = Box<dyn FnMut(&mut Tx, &[(Address, Reply)]) -> Result<(), store::Error> + Send>;

/// The limits of the work that is done at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections to other servers, in all.
    pub connections: usize,
    /// Connections to one site.
    pub connections_per_site: usize,
    /// Letters on one connection; then a new one is made.
    pub letters_per_connection: usize,
    /// Recipients in one transaction (RFC 5321 §4.5.3.1.8: every server takes 100).
    pub recipients_per_transaction: usize,
    /// Recipients of one domain that are ready in memory.
    pub claims_per_domain: usize,
    /// Domains worked on at one time.
    pub domains: usize,
    /// The time for which a connection without work is kept.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 300,
            connections_per_site: 5,
            letters_per_connection: 500,
            recipients_per_transaction: 100,
            claims_per_domain: 400,
            domains: 1000,
            idle: Duration::from_secs(3),
        }
    }
}

/// The longest times to wait for another server (RFC 5321 §4.5.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The time for a site to be reached at any of its addresses, greeting and log-in included.
    pub site: Duration,
    /// The time for a connection to one address; a dead host must not hold the others up for long.
    pub connect: Duration,
    /// The time for the greeting.
    pub greeting: Duration,
    /// The time for the answers to EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET.
    pub command: Duration,
    /// The time for the 354 that answers DATA.
    pub data: Duration,
    /// The time for each piece of the letter to be taken.
    pub piece: Duration,
    /// The time for the answer to the final dot. A server that we leave too early has taken the letter, and gets it
    /// twice.
    pub dot: Duration,
    /// The least time for any answer before the letter is over, while others wait for the room of the conversation.
    pub crowded: Duration,
    /// The time for a program to take a letter. Then it is killed, with all it has started, and the letter is tried
    /// again.
    pub program: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            site: minutes(10),
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            piece: minutes(3),
            dot: minutes(10),
            crowded: Duration::from_secs(5),
            program: minutes(15),
        }
    }
}

/// TLS towards other servers.
#[derive(Clone)]
pub struct OutgoingTls {
    /// The TLS for servers that offer it, whoever they are.
    pub opportunistic: ClientTls,
    /// The TLS for routes that want to know who is there.
    pub verified: ClientTls,
}

impl OutgoingTls {
    /// Verifies against the roots that this machine trusts.
    pub fn new() -> Result<Self, TlsError> {
        Ok(Self { opportunistic: ClientTls::opportunistic()?, verified: ClientTls::verified()? })
    }
}

/// All that delivery works with.
#[derive(Clone)]
pub struct Means {
    /// The store that keeps the queue.
    pub store: Store,
    /// The routes that letters for some domains take.
    pub routes: Routes,
    /// The addresses of ours that letters leave from.
    pub sources: Arc<Sources>,
    /// Looks up the hosts of all other domains.
    pub resolver: Arc<dyn Resolver>,
    /// Tells which domains are ours.
    pub recipients: Arc<dyn Recipients>,
    /// Files letters for our people.
    pub local: Arc<dyn LocalDrop>,
    /// The name by which we introduce ourselves, and the address that reports come from.
    pub office: Office,
    /// TLS.
    pub tls: OutgoingTls,
    /// When letters are tried again, and when given up.
    pub schedule: Schedule,
    /// The limits of the work that is done at once.
    pub limits: Limits,
    /// The longest times to wait for another server.
    pub waits: Waits,
    /// The port of servers found by MX or address: 25, but for tests.
    pub port: u16,
    /// Returns true for an address of this machine.
    pub is_here: fn(IpAddr) -> bool,
}

impl Means {
    /// Makes the means with the usual times and limits, and without routes.
    pub fn new(
        store: Store,
        resolver: Arc<dyn Resolver>,
        recipients: Arc<dyn Recipients>,
        local: Arc<dyn LocalDrop>,
        office: Office,
        tls: OutgoingTls,
    ) -> Self {
        Self {
            store,
            routes: Routes::default(),
            sources: Arc::default(),
            resolver,
            recipients,
            local,
            office,
            tls,
            schedule: Schedule::default(),
            limits: Limits::default(),
            waits: Waits::default(),
            port: 25,
            is_here,
        }
    }
}

/// An address that a socket of this machine can have. All of 127.0.0.0/8 can; only the first is what names lead to.
fn is_here(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    if ip.is_loopback() || ip.is_unspecified() {
        return ip.is_unspecified() || matches!(ip, IpAddr::V6(_)) || ip == IpAddr::V4(Ipv4Addr::LOCALHOST);
    }
    std::net::UdpSocket::bind((ip, 0)).is_ok()
}
