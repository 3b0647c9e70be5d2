//! The traits between the roles. A role knows these traits and never another role; `facteur` wires them.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

pub use crate::account::AccountId;
use crate::stay::{Doing, ForEver, Proof, SharedStay};
use crate::{Address, Domain, Envelope, Letter, Password, Reply};

/// A boxed future, so that the seams can be trait objects.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// We could not find out, or could not do it: never the sender's fault, so the answer is "later" (4xx, `NO
/// [UNAVAILABLE]`).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct OurFault(pub String);

/// Says, before a letter is sent to us, whether there is room for one. Asked for each letter, so the answer is at hand.
pub trait Room: Send + Sync {
    /// Returns true if another letter can be kept.
    fn has_room(&self) -> bool;
}

/// A server that never runs out of room.
pub struct Boundless;

impl Room for Boundless {
    fn has_room(&self) -> bool {
        true
    }
}

/// The standing of an address with this post office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The address belongs to one of our people, to an alias, or to postmaster: we take the letter.
    Ours,
    /// The domain is ours, the person is not.
    Unknown,
    /// Ours, but the mailbox cannot take more now.
    Full,
    /// The mailbox is behind us, on another server or in a folder: we take the letter and hand it on.
    Behind,
    /// The mailbox may be behind us, but the server there cannot be asked now: a stranger comes again, and a letter of
    /// one of our people waits for it.
    Away,
    /// Another post office's.
    Elsewhere,
    /// We have no domain at all, yet or any more: nobody can say whose it is.
    NoDomain,
}

/// The writer of a letter, as far as it is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer<'a> {
    /// One of our people, who has logged in.
    Person(AccountId),
    /// Somebody elsewhere, with the return path that they claim.
    Stranger(Option<&'a Address>),
    /// This server, or a user of this machine.
    House,
}

/// Answers, while the sender is connected, how we treat an address.
pub trait Recipients: Send + Sync {
    /// Returns the standing of `address` with us.
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>>;

    /// Returns the refusal of a letter of this writer, if the address is a group of ours that does not take it.
    fn closed_to<'a>(
        &'a self,
        writer: Writer<'a>,
        address: &'a Address,
    ) -> Pending<'a, Result<Option<Reply>, OurFault>> {
        let _ = (writer, address);
        Box::pin(async { Ok(None) })
    }

    /// Returns our address with this local part, for letters to `local@[an IP address of ours]` (RFC 5321 §4.1.3),
    /// which name no domain; `None` if nobody here has that name.
    fn under_our_ip<'a>(&'a self, local: &'a str) -> Pending<'a, Result<Option<Address>, OurFault>> {
        let _ = local;
        Box::pin(async { Ok(None) })
    }
}

/// The connection that a letter came over, with the facts known about the peer: all that a check of the sender needs
/// (SPF, RFC 7208 §2; iprev, RFC 8601 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The address the peer connected from; 127.0.0.1 for a Unix socket.
    pub ip: IpAddr,
    /// The name that it gave itself (HELO, EHLO): never to be trusted. It is empty if the peer gave none.
    pub hello: String,
    /// The peer said EHLO or LHLO, and not HELO.
    pub extended: bool,
    /// Version and cipher of TLS; empty in clear.
    pub tls: String,
    /// The name that the DNS has for its address.
    pub reverse: ReverseName,
}

impl Wire {
    /// Makes a connection from this address in clear, over which nothing was said.
    pub fn new(ip: IpAddr) -> Self {
        Self { ip, hello: String::new(), extended: false, tls: String::new(), reverse: ReverseName::NotAsked }
    }
}

/// The name that the DNS has for the address of a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReverseName {
    /// No check has asked for it.
    #[default]
    NotAsked,
    /// The address has no name.
    None,
    /// The name servers could not answer.
    Later,
    /// The address has this name; its owner may claim any.
    Claimed(Domain),
    /// The address has this name, and the name leads back to the address.
    Verified(Domain),
}

/// The way in which a letter came into the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From another server, over SMTP: only for our own people.
    Peer(Wire),
    /// From the mail server in front of us, over LMTP: only for our own people.
    Front(Wire),
    /// Written by one of our people, who has logged in: for anyone.
    Person(Login, Wire),
    /// Made in the server (a bounce, `facteur send` by a local user): for anyone.
    House,
    /// Fetched from a mailbox elsewhere, which this names: it was delivered there before, and its sender cannot be
    /// answered.
    Fetched(String),
}

impl Origin {
    /// Returns the connection that it came over, if there was one.
    pub fn wire(&self) -> Option<&Wire> {
        match self {
            Self::Peer(wire) | Self::Front(wire) | Self::Person(_, wire) => Some(wire),
            Self::House | Self::Fetched(_) => None,
        }
    }

    /// Returns true if the return path belongs to somebody who has proved who they are, or to this server. Only then
    /// may we write to it about a letter that a rule refuses: any other may be the address of somebody who never wrote
    /// the letter.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Person(..) | Self::House)
    }
}

/// The rules' answer to a letter. A refusal is not a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every copy is on disk: filed or queued.
    Accept,
    /// Nothing was kept; the sender gets this reply.
    Refuse(Reply),
}

/// Takes charge of a letter. Returns `Accept` only when every accepted copy is filed or queued, and synced.
pub trait Accept: Send + Sync {
    /// Files the letter for our people among the recipients and queues it for the others, in one commit.
    fn accept(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Verdict, OurFault>>;
}

/// Takes letters for our people from a server that keeps the letters we refuse (a server in front of us, with LMTP).
pub trait Deliver: Send + Sync {
    /// Files the letter for every recipient who can have it, in one commit, and returns a reply for each of
    /// `envelope.recipients`, in order, even if an address is named twice: 2xx only for a copy that is on the disk. For
    /// 4xx or 5xx nothing was kept, and the caller tries again or reports it.
    fn deliver(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Vec<Reply>, OurFault>>;
}

/// A person who has proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Their mailbox.
    pub account: AccountId,
    /// Their main address.
    pub address: Address,
    /// The person's name, if it is known.
    pub name: Option<String>,
    /// The proof that the person gave.
    pub proof: Proof,
}

impl Login {
    /// Makes the log-in of a person without a known name or proof.
    pub fn of(account: AccountId, address: Address) -> Self {
        Self { account, address, name: None, proof: Proof::Unknown }
    }
}

/// The outcome of a log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginVerdict {
    /// Name and password belong together.
    Welcome(Login),
    /// Wrong name or password; which of them is not said.
    Wrong,
    /// Too many failures from this network: not even tried. It may try again after this long.
    TooMany(std::time::Duration),
    /// Too many others are being checked: not even tried, and nobody's fault. It may try again after this long.
    Busy(std::time::Duration),
}

/// The keys that the server keeps of a password for SCRAM-SHA-256 (RFC 5802 §3, RFC 7677).
#[derive(Clone)]
pub struct ScramKeys {
    /// Random, per password.
    pub salt: Vec<u8>,
    /// PBKDF2 rounds.
    pub iterations: u32,
    /// H(ClientKey)
    pub stored_key: [u8; 32],
    /// HMAC(SaltedPassword, "Server Key")
    pub server_key: [u8; 32],
}

/// Checks who people are, and which addresses they may write as.
pub trait Logins: Send + Sync {
    /// Checks a name and a password given in clear (inside TLS).
    fn check<'a>(
        &'a self,
        name: &'a str,
        password: &'a Password,
        from: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>>;

    /// Returns the SCRAM keys of a name. For an unknown name: made-up keys, the same at each asking, that no password
    /// fits, so that nobody learns which names exist.
    fn scram_keys<'a>(&'a self, name: &'a str, from: IpAddr) -> Pending<'a, Result<ScramKeys, OurFault>>;

    /// Ends a SCRAM exchange: `proved` says whether the proof fitted the keys. Counts failures, and returns the person.
    fn scram_done<'a>(
        &'a self,
        name: &'a str,
        proved: bool,
        from: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>>;

    /// Returns true if this person may put `address` on the envelope or in From.
    fn may_write_as<'a>(&'a self, person: &'a Login, address: &'a Address) -> Pending<'a, Result<bool, OurFault>>;

    /// Begins a conversation of a person who was let in. It ends with their proof, even if the proof was changed
    /// between the log-in and this call.
    fn stay(&self, person: &Login, doing: Doing, from: IpAddr) -> SharedStay {
        let _ = (person, doing, from);
        Arc::new(ForEver)
    }
}
