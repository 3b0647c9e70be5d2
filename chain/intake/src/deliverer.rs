//! Letters from a mail server in front of us, which keeps what we do not take: an answer for each recipient.

use mail::seam::{Deliver, Origin, OurFault, Pending};
use mail::trace::{Arrival, refusal};
use mail::{Envelope, Letter, Reply};

use crate::Intake;
use crate::handed_in::HandedIn;

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
            let mut handed = self.0.handed_in(letter, envelope, origin).await?;
            let replies = match self.0.follow(&mut handed.envelope).await {
                Ok(()) => self.0.take_for_each(&handed).await,
                Err(fault) => Err(fault),
            };
            if let Err(cause) = &replies {
                self.0.note_fault(handed.letter().id, cause);
            }
            self.note_refusals(&handed, &replies);
            replies
        })
    }
}

impl Deliverer {
    /// Notes in its history who did not get the letter.
    fn note_refusals(&self, handed: &HandedIn, replies: &Result<Vec<Reply>, OurFault>) {
        let fault = smtp::replies::our_fault();
        for (place, recipient) in handed.envelope.recipients.iter().enumerate() {
            let told = replies.as_ref().map_or(Some(&fault), |replies| replies.get(place));
            if let Some(reply) = told.filter(|reply| !reply.is_positive()) {
                let arrival = Arrival { recipients: vec![recipient.to_string()], ..handed.arrival.clone() };
                self.0.witness.saw(refusal(handed.letter().id, net::now(), arrival, reply));
            }
        }
    }
}
