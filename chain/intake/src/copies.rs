//! Copies of letters, for whoever gets them by the rules of the administrator.
//!
//! A copy is a letter of its own: it has no return path, so that nobody is written to if it cannot be delivered, and a history of its
//! own, which neither the sender nor a recipient of the letter sees. What stands in the queue is not copied again, nor is a letter
//! without return path: so copies never go round in circles.

use std::sync::Arc;

use mail::copies::Passing;
use mail::seam::{Origin, OurFault};
use mail::{Address, Destination, Envelope, Letter, Recipient, Resolution, ReturnPath};
use mta::outgoing::Outgoing;
use mta::queue::{self, PreparedReport, Terms};
use store::Tx;

use crate::handed_in::HandedIn;
use crate::{Intake, new_letter_id, our_fault};

/// The copies of one letter, made ready outside the writer. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct PreparedCopies(Arc<Vec<PreparedReport>>);

impl PreparedCopies {
    /// Puts the copies into the queue, in the commit that takes the letter.
    pub(crate) fn put(&self, tx: &mut Tx) -> Result<(), store::Error> {
        self.0.iter().try_for_each(|copy| copy.put(tx))
    }
}

impl Intake {
    /// Makes ready the copies of a letter. [`Self::follow`] has found out by now where its recipients lead.
    pub(crate) async fn prepare_copies(&self, handed: &HandedIn) -> Result<PreparedCopies, OurFault> {
        let targets = self.copied_to(handed);
        if targets.is_empty() {
            return Ok(PreparedCopies::default());
        }
        let (store, terms) = (self.store.clone(), Terms::new(net::now(), &self.schedule));
        let (raw, envelope) = (handed.letter().raw.clone(), handed.envelope.as_it_goes_on());
        // A large letter is written to the disk.
        let preparing = tokio::task::spawn_blocking(move || {
            let each = targets.into_iter().map(|target| {
                let copy = Outgoing::passing_through(Letter { id: new_letter_id(), raw: raw.clone() });
                let recipients = vec![Recipient::new(target)];
                let wishes = mail::LetterWishes::default();
                let envelope = Envelope { return_path: ReturnPath::Null, recipients, hold: None, wishes, ..envelope };
                queue::prepare_report(&store, &copy, &envelope, terms)
            });
            each.collect::<Result<Vec<_>, store::Error>>()
        });
        Ok(PreparedCopies(Arc::new(preparing.await.map_err(our_fault)?.map_err(our_fault)?)))
    }

    /// Returns who gets a copy. A recipient of the letter has it already.
    fn copied_to(&self, handed: &HandedIn) -> Vec<Address> {
        let HandedIn { envelope, origin, .. } = handed;
        let Some(return_path) = envelope.return_path.address() else { return Vec::new() };
        let login = match origin {
            Origin::Person(login, _) => Some(&login.address),
            _ => None,
        };
        let is_ours = origin.is_verified();
        let named = envelope.recipients.iter().map(|recipient| &recipient.address);
        let to: Vec<&Address> = named.chain(envelope.recipients.iter().flat_map(led_to)).collect();
        let goes_out = is_ours && envelope.recipients.iter().any(leads_elsewhere);
        let passing =
            Passing { from: std::iter::once(return_path).chain(login).collect(), to, comes_in: !is_ours, goes_out };
        let mut targets = self.copies.of(&passing);
        targets.retain(|target| !passing.to.contains(&target));
        targets
    }
}

fn led_to(recipient: &Recipient) -> impl Iterator<Item = &Address> {
    let places = match &recipient.leads {
        Some(Resolution::Ours(places)) => places.as_slice(),
        _ => &[],
    };
    places.iter().map(|place| match place {
        Destination::Local { address, .. } | Destination::Remote(address) => address,
    })
}

fn leads_elsewhere(recipient: &Recipient) -> bool {
    match &recipient.leads {
        Some(Resolution::Ours(places)) => places.iter().any(|place| matches!(place, Destination::Remote(_))),
        Some(Resolution::Elsewhere) => true,
        Some(Resolution::Unknown) | None => false,
    }
}
