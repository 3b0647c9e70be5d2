//! Port 25: takes letters from other servers, for our own people only.
//!
//! A letter is acknowledged when [`Accept`] says that every copy is on disk, and not before. This room does not know
//! who our people are ([`Recipients`] does), nor where their letters are kept.

mod strangers;

use std::sync::Arc;

use mail::seam::{Accept, Origin, Recipients, Verdict};
use mail::{Address, Envelope, Letter, LetterId, Reply};
use net::Stream;
use smtp::{Kind, MailFrom, Settings};
use smtpd::{Doorkeeper, Received, Server, Visit};
use strangers::Strangers;

/// The door on port 25.
#[derive(Clone)]
pub struct Reception {
    server: Arc<Server>,
    settings: Arc<Settings>,
    recipients: Arc<dyn Recipients>,
    accept: Arc<dyn Accept>,
    strangers: Arc<Strangers>,
}

impl Reception {
    /// Letters for whom `recipients` knows go to `accept`.
    pub fn new(server: Server, recipients: Arc<dyn Recipients>, accept: Arc<dyn Accept>) -> Self {
        let settings = Arc::new(server.settings(Kind::Reception));
        Self { server: Arc::new(server), settings, recipients, accept, strangers: Arc::default() }
    }

    /// One dialogue, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        smtpd::converse(stream, self.settings.clone(), &self.server, &self).await;
    }
}

impl Doorkeeper for Reception {
    fn recipients(&self) -> Option<&dyn Recipients> {
        Some(&*self.recipients)
    }

    async fn sender(&self, _visit: Visit<'_>, _mail: &MailFrom) -> Verdict {
        Verdict::Accept
    }

    async fn recipient(&self, visit: Visit<'_>, address: &Address) -> Verdict {
        let from = visit.peer.ip();
        if let Some(refusal) = self.strangers.refusal(from) {
            return Verdict::Refuse(refusal);
        }
        let verdict = smtpd::for_our_people(&*self.recipients, visit, address).await;
        if let Verdict::Refuse(reply) = &verdict
            && reply.is_permanent()
        {
            tokio::time::sleep(self.strangers.count(from)).await;
        }
        verdict
    }

    fn front(&self, visit: Visit<'_>, envelope: &Envelope, id: LetterId) -> String {
        Received { by: &self.server.hostname, id, now: smtpd::now(), envelope }.from_peer(visit)
    }

    async fn letter(&self, visit: Visit<'_>, letter: Letter, envelope: Envelope) -> Vec<Reply> {
        let origin = Origin::Peer(visit.wire());
        vec![smtpd::hand_over(&*self.accept, letter, envelope, origin).await]
    }
}
