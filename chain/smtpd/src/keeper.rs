//! A doorkeeper decides about senders, recipients and letters behind a door.

use std::future::Future;

use mail::allowance::Sender;
use mail::seam::{Login, Logins, Recipients, Verdict, Wire};
use mail::{Address, Envelope, Letter, LetterId, Reply, ReturnPath};
use net::{Peer, TlsInfo};
use smtp::{Hello, MailFrom};

/// The one visiting.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The client and its address.
    pub peer: Peer,
    /// The name by which the client introduced itself.
    pub hello: Option<&'a Hello>,
    /// The person who has logged in.
    pub login: Option<&'a Login>,
    /// The return path of the letter that MAIL has begun.
    pub return_path: Option<&'a ReturnPath>,
    /// The number of recipients that were taken for that letter.
    pub recipients: usize,
    /// Version and cipher, inside TLS.
    pub tls: Option<&'a TlsInfo>,
    /// The protocol for the Received field: `ESMTPS`.
    pub protocol: &'a str,
}

impl Visit<'_> {
    /// The connection, as whoever takes charge of a letter is told of it.
    pub fn wire(&self) -> Wire {
        let (hello, extended) = self.hello.map(|hello| (hello.name.clone(), hello.extended)).unwrap_or_default();
        let tls = self.tls.map(|tls| format!("{} {}", tls.version, tls.cipher)).unwrap_or_default();
        Wire { hello, extended, tls, ..Wire::new(self.peer.ip()) }
    }

    /// The sender of the letter that MAIL has begun, as the limits of the administrator know them.
    pub fn sender(&self) -> Sender<'_> {
        let return_path = self.return_path.and_then(ReturnPath::address);
        Sender { ip: Some(self.peer.ip()), addresses: [return_path, self.login.map(|login| &login.address)] }
    }
}

/// Decides about senders, recipients and letters. Each role that has a door is one.
pub trait Doorkeeper: Send + Sync {
    /// Returns the checker of log-ins, if people log in at this door.
    fn logins(&self) -> Option<&dyn Logins> {
        None
    }

    /// Returns the directory of our people, if this door takes letters to an IP address of ours.
    fn recipients(&self) -> Option<&dyn Recipients> {
        None
    }

    /// Decides whether this sender may write.
    fn sender(&self, visit: Visit<'_>, mail: &MailFrom) -> impl Future<Output = Verdict> + Send;

    /// Decides whether a letter is taken for this recipient.
    fn recipient(&self, visit: Visit<'_>, address: &Address) -> impl Future<Output = Verdict> + Send;

    /// Returns the text to put in front of the letter: a Received field with its line end.
    fn front(&self, visit: Visit<'_>, envelope: &Envelope, id: LetterId) -> String;

    /// Takes charge of the letter, which begins with its front. One reply; for LMTP one for each recipient.
    fn letter(&self, visit: Visit<'_>, letter: Letter, envelope: Envelope) -> impl Future<Output = Vec<Reply>> + Send;
}
