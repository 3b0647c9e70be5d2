//! Letters that are taken as a whole, with one answer: from other servers, from people who have logged in, from users
//! of this machine.

use mail::seam::{Accept, Origin, OurFault, Pending, Verdict};
use mail::trace::{Arrival, refusal};
use mail::{Envelope, Letter, LetterId};
use store::Tx;

use crate::{Intake, history};

/// Takes letters with one answer for all recipients. Cheap to clone.
#[derive(Clone)]
pub struct Acceptor(Intake);

impl Accept for Acceptor {
    fn accept(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Verdict, OurFault>> {
        Box::pin(async move {
            let arrival = history::arrival(&letter, &envelope, &origin);
            let done = |_: &mut Tx| Ok(());
            let now = net::now();
            // Only our own people may leave letters to wait (RFC 4865 §2); a time that has come is now.
            let until = envelope.hold.filter(|_| matches!(origin, Origin::Person(..))).map(|hold| hold.until(now));
            let verdict = match until.filter(|until| *until > now) {
                Some(until) => self.0.keep(&letter, &envelope, &origin, &arrival, until, done).await,
                None => self.0.take(&letter, &envelope, &origin, &arrival, done).await,
            };
            self.0.note_refusal(letter.id, arrival, &verdict);
            verdict
        })
    }
}

impl Acceptor {
    /// Takes a letter that a user of this machine leaves here (`facteur send`): for anyone. `user` is who it was, for
    /// its history.
    pub async fn accept_here(&self, letter: Letter, envelope: Envelope, user: &str) -> Result<Verdict, OurFault> {
        let origin = Origin::House;
        let arrival = Arrival { login: user.to_owned(), ..history::arrival(&letter, &envelope, &origin) };
        let verdict = self.0.take(&letter, &envelope, &origin, &arrival, |_| Ok(())).await;
        self.0.note_refusal(letter.id, arrival, &verdict);
        verdict
    }
}

impl Intake {
    /// Takes letters with one answer for all recipients.
    pub fn acceptor(&self) -> Acceptor {
        Acceptor(self.clone())
    }

    /// For its history, that a letter was not taken.
    pub(crate) fn note_refusal(&self, letter: LetterId, arrival: Arrival, verdict: &Result<Verdict, OurFault>) {
        let told = match verdict {
            Ok(Verdict::Accept) => return,
            Ok(Verdict::Refuse(reply)) => reply.clone(),
            Err(fault) => {
                self.note_fault(letter, fault);
                smtp::replies::our_fault()
            }
        };
        self.witness.saw(refusal(letter, net::now(), arrival, &told));
    }
}
