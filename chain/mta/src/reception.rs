//! Port 25: takes letters from other servers, for our own people only.
//!
//! A letter is acknowledged when [`Accept`] says that every copy is on disk, and not before. This room does not know
//! who our people are ([`Recipients`] does), nor where their letters are kept.

use std::sync::Arc;

use door::{Doorkeeper, House, Received, Visit};
use mail::seam::{Accept, Origin, Recipients, Standing, Verdict};
use mail::{Address, Envelope, Letter, LetterId, Reply};
use net::Stream;
use smtp::{Kind, MailFrom, Settings, replies};

/// The door on port 25.
#[derive(Clone)]
pub struct Reception {
    house: Arc<House>,
    settings: Arc<Settings>,
    recipients: Arc<dyn Recipients>,
    accept: Arc<dyn Accept>,
}

impl Reception {
    /// Letters for whom `recipients` knows go to `accept`.
    pub fn new(house: House, recipients: Arc<dyn Recipients>, accept: Arc<dyn Accept>) -> Self {
        let settings = Arc::new(house.settings(Kind::Reception));
        Self { house: Arc::new(house), settings, recipients, accept }
    }

    /// One dialogue, from greeting to goodbye.
    pub async fn converse(self, stream: Stream) {
        door::converse(stream, self.settings.clone(), &self.house, &self).await;
    }
}

impl Doorkeeper for Reception {
    async fn sender(&self, _visit: Visit<'_>, _mail: &MailFrom) -> Verdict {
        Verdict::Accept
    }

    async fn recipient(&self, visit: Visit<'_>, address: &Address) -> Verdict {
        match self.recipients.standing(address).await {
            Ok(Standing::Ours) => Verdict::Accept,
            Ok(Standing::Unknown) => refuse(550, (5, 1, 1), format!("nobody here is called {address}")),
            Ok(Standing::Full) => refuse(452, (4, 2, 2), format!("the mailbox of {address} is full")),
            Ok(Standing::Elsewhere) => {
                tracing::info!(peer = %visit.peer, to = %address, "relaying denied");
                refuse(550, (5, 7, 1), "relaying denied: this server takes letters for its own people only".into())
            }
            Err(fault) => {
                tracing::error!(%fault, to = %address, "a recipient cannot be looked up");
                Verdict::Refuse(replies::our_fault())
            }
        }
    }

    fn front(&self, visit: Visit<'_>, envelope: &Envelope, id: LetterId) -> String {
        Received { by: &self.house.hostname, id, now: door::now(), envelope }.from_peer(visit)
    }

    async fn letter(&self, visit: Visit<'_>, letter: Letter, envelope: Envelope) -> Vec<Reply> {
        let origin = Origin::Peer(visit.wire());
        vec![door::hand_over(&*self.accept, letter, envelope, origin).await]
    }
}

fn refuse(code: u16, enhanced: (u8, u16, u16), text: String) -> Verdict {
    Verdict::Refuse(Reply::new(code, enhanced, text))
}
