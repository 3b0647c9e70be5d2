//! Letters from a mail server in front of us, which keeps what we do not take: an answer for each recipient.

use mail::seam::{Deliver, Origin, OurFault, Pending};
use mail::trace::{Arrival, refusal};
use mail::{Envelope, Letter, Reply};

use crate::{Intake, history};

/// Takes letters with an answer for each recipient. Cheap to clone.
#[derive(Clone)]
pub struct Deliverer(Intake);

impl Intake {
    /// Takes letters with an answer for each recipient.
    pub fn deliverer(&self) -> Deliverer {
        Deliverer(self.clone())
    }
}

impl Deliver for Deliverer {
    fn deliver(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Vec<Reply>, OurFault>> {
        Box::pin(async move {
            let arrival = history::arrival(&letter, &envelope, &origin);
            let replies = self.0.take_for_each(&letter, &envelope, &origin, &arrival).await;
            if let Err(cause) = &replies {
                self.0.note_fault(letter.id, cause);
            }
            self.note_refusals(&letter, &envelope, &arrival, &replies);
            replies
        })
    }
}

impl Deliverer {
    /// For its history, who did not get the letter.
    fn note_refusals(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        arrival: &Arrival,
        replies: &Result<Vec<Reply>, OurFault>,
    ) {
        let fault = smtp::replies::our_fault();
        for (place, recipient) in envelope.recipients.iter().enumerate() {
            let told = replies.as_ref().map_or(Some(&fault), |replies| replies.get(place));
            if let Some(reply) = told.filter(|reply| !reply.is_positive()) {
                let arrival = Arrival { recipients: vec![recipient.to_string()], ..arrival.clone() };
                self.0.witness.saw(refusal(letter.id, net::now(), arrival, reply));
            }
        }
    }
}
