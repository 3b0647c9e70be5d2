//! The door for a mail server in front of us (LMTP, RFC 2033): it keeps the queue, we file.
//!
//! Letters are for our own people only, and each recipient gets an answer of their own behind the letter; a letter
//! that we do not take stays in the queue of the server in front. That server decides itself whom it lets in: nobody
//! is made to wait here for being unknown.

use std::sync::Arc;

use mail::seam::{Deliver, Origin, Recipients, Verdict};
use mail::{Address, Envelope, Letter, LetterId, Reply};
use net::{Peer, Stream};
use smtp::{Kind, MailFrom, Settings, replies};
use smtpd::{Doorkeeper, Received, Server, Visit};

/// The door that speaks LMTP.
#[derive(Clone)]
pub struct Lmtp {
    server: Arc<Server>,
    /// Over TCP, with TLS if the server has it.
    tcp: Arc<Settings>,
    /// A Unix socket needs none.
    unix: Arc<Settings>,
    recipients: Arc<dyn Recipients>,
    deliver: Arc<dyn Deliver>,
}

impl Lmtp {
    /// Letters for whom `recipients` knows go to `deliver`.
    pub fn new(server: Server, recipients: Arc<dyn Recipients>, deliver: Arc<dyn Deliver>) -> Self {
        let tcp = server.settings(Kind::Lmtp);
        let unix = Settings { starttls: false, ..tcp.clone() };
        Self { server: Arc::new(server), tcp: Arc::new(tcp), unix: Arc::new(unix), recipients, deliver }
    }

    /// One dialogue, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        let settings = if stream.peer() == Peer::Unix { &self.unix } else { &self.tcp };
        smtpd::converse(stream, settings.clone(), &self.server, &self).await;
    }
}

impl Doorkeeper for Lmtp {
    fn recipients(&self) -> Option<&dyn Recipients> {
        Some(&*self.recipients)
    }

    async fn sender(&self, _visit: Visit<'_>, _mail: &MailFrom) -> Verdict {
        Verdict::Accept
    }

    async fn recipient(&self, visit: Visit<'_>, address: &Address) -> Verdict {
        smtpd::for_our_people(&*self.recipients, visit, address).await
    }

    fn front(&self, visit: Visit<'_>, envelope: &Envelope, id: LetterId) -> String {
        Received { by: &self.server.hostname, id, now: smtpd::now(), envelope }.from_peer(visit)
    }

    async fn letter(&self, visit: Visit<'_>, letter: Letter, envelope: Envelope) -> Vec<Reply> {
        let origin = Origin::Front(visit.wire());
        let (id, size, recipients) = (letter.id, letter.raw.len(), envelope.recipients.len());
        let replies = match self.deliver.deliver(letter, envelope, origin).await {
            Ok(replies) => replies,
            Err(fault) => {
                tracing::error!(letter = %id, %fault, "letter not taken: something of ours failed");
                Vec::new()
            }
        };
        let refused = replies.iter().filter(|reply| !reply.is_positive()).count();
        tracing::debug!(letter = %id, size, recipients, refused, "letter answered");
        one_for_each(replies, recipients)
    }
}

/// The client counts replies (RFC 2033 §4.2): there are as many as recipients, whatever happened.
fn one_for_each(mut replies: Vec<Reply>, recipients: usize) -> Vec<Reply> {
    replies.resize(recipients, replies::our_fault());
    replies
}
