//! Port 25: takes letters from other servers, for our own people only.
//!
//! A letter is acknowledged when [`Accept`] says that every copy is on disk, and not before. This room does not know
//! who our people are ([`Recipients`] does), nor where their letters are kept.

mod strangers;

use std::sync::Arc;

use mail::allowance::{Allowances, Unlimited};
use mail::check::SenderCheck;
use mail::listed::{Lists, Unlisted, is_always_reached};
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
    lists: Arc<dyn Lists>,
    allowances: Arc<dyn Allowances>,
    senders: Option<Arc<dyn SenderCheck>>,
}

impl Reception {
    /// Letters for whom `recipients` knows go to `accept`.
    pub fn new(server: Server, recipients: Arc<dyn Recipients>, accept: Arc<dyn Accept>) -> Self {
        let settings = Arc::new(server.settings(Kind::Reception));
        let (strangers, lists, allowances) = (Arc::default(), Arc::new(Unlisted), Arc::new(Unlimited));
        Self { server: Arc::new(server), settings, recipients, accept, strangers, lists, allowances, senders: None }
    }

    /// Asks this check about the sender of each letter. Without it, every sender is taken.
    #[must_use]
    pub fn with_senders(self, senders: Arc<dyn SenderCheck>) -> Self {
        Self { senders: Some(senders), ..self }
    }

    /// Takes no more letters from anybody than these limits let them send.
    #[must_use]
    pub fn with_allowances(self, allowances: Arc<dyn Allowances>) -> Self {
        Self { allowances, ..self }
    }

    /// Takes no letters from whoever is denied on these lists.
    #[must_use]
    pub fn with_lists(self, lists: Arc<dyn Lists>) -> Self {
        Self { lists, ..self }
    }

    /// Returns the refusal of a visitor who is denied, by network, by name, or by the sender of the letter. It is said for a
    /// recipient, since postmaster@ and abuse@ stay within everybody's reach.
    fn denied(&self, visit: Visit<'_>, to: &Address) -> Option<Verdict> {
        if is_always_reached(to) {
            return None;
        }
        let hello = visit.hello.map(|hello| hello.name.as_str()).unwrap_or_default();
        let mut sender = visit.return_path.and_then(|path| path.address()).into_iter();
        let word = self.lists.of_all(Some(visit.peer.ip()), hello, &mut sender)?;
        (!word.is_allowed).then(|| Verdict::Refuse(word.refusal()))
    }

    /// Returns the refusal of a sender whom nobody could answer. It is said for a recipient, as that of the denied.
    async fn unanswerable(&self, visit: Visit<'_>, to: &Address) -> Option<Reply> {
        let (Some(senders), Some(path)) = (&self.senders, visit.return_path) else { return None };
        if is_always_reached(to) {
            return None;
        }
        match senders.sender(visit.peer.ip(), path).await {
            Verdict::Accept => None,
            Verdict::Refuse(reply) => Some(reply),
        }
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

    async fn sender(&self, visit: Visit<'_>, mail: &MailFrom) -> Verdict {
        self.allowances.at_mail(visit.sender(), mail.size).map_or(Verdict::Accept, Verdict::Refuse)
    }

    async fn recipient(&self, visit: Visit<'_>, address: &Address) -> Verdict {
        let from = visit.peer.ip();
        if let Some(refusal) = self.strangers.refusal(from) {
            return Verdict::Refuse(refusal);
        }
        if let Some(refusal) = self.denied(visit, address) {
            return refusal;
        }
        if let Some(refusal) = self.allowances.at_recipient(visit.sender(), visit.recipients) {
            return Verdict::Refuse(refusal);
        }
        let verdict = smtpd::for_our_people(&*self.recipients, visit, address).await;
        if let Verdict::Refuse(reply) = &verdict
            && reply.is_permanent()
        {
            tokio::time::sleep(self.strangers.count(from)).await;
        }
        match self.unanswerable(visit, address).await {
            Some(refusal) if verdict == Verdict::Accept => Verdict::Refuse(refusal),
            _ => verdict,
        }
    }

    fn front(&self, visit: Visit<'_>, envelope: &Envelope, id: LetterId) -> String {
        Received { by: &self.server.hostname, id, now: smtpd::now(), envelope }.from_peer(visit)
    }

    async fn letter(&self, visit: Visit<'_>, letter: Letter, envelope: Envelope) -> Vec<Reply> {
        let origin = Origin::Peer(visit.wire());
        vec![smtpd::hand_over(&*self.accept, letter, envelope, origin).await]
    }
}
