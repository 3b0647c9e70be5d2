//! Letters that are taken as a whole, with one answer: from other servers, from people who have logged in, from users
//! of this machine.

use mail::seam::{Accept, Origin, OurFault, Pending, Recipients, Verdict, Writer};
use mail::trace::{Arrival, refusal};
use mail::{Envelope, Letter, LetterId, Reply, Timestamp, header};
use store::Tx;

use crate::Intake;
use crate::handed_in::HandedIn;

/// Takes letters with one answer for all recipients. Cheap to clone.
#[derive(Clone)]
pub struct Acceptor(Intake);

impl Accept for Acceptor {
    fn accept(&self, letter: Letter, envelope: Envelope, origin: Origin) -> Pending<'_, Result<Verdict, OurFault>> {
        Box::pin(async move {
            let now = net::now();
            // Only our own people may leave letters to wait (RFC 4865 §2); a time that has come is now.
            let until = envelope.hold.filter(|_| matches!(origin, Origin::Person(..))).map(|hold| hold.until(now));
            let handed = self.0.handed_in(letter, envelope, origin).await?;
            self.0.answer(handed, until.filter(|until| *until > now), |_| Ok(())).await
        })
    }
}

impl Acceptor {
    /// Takes a letter that a user of this machine leaves here (`facteur send`): for anyone. `user` is who it was, for
    /// its history.
    pub async fn accept_here(&self, letter: Letter, envelope: Envelope, user: &str) -> Result<Verdict, OurFault> {
        let mut handed = self.0.handed_in(letter, envelope, Origin::House).await?;
        user.clone_into(&mut handed.arrival.login);
        self.0.answer(handed, None, |_| Ok(())).await
    }
}

impl Intake {
    /// Takes letters with one answer for all recipients.
    pub fn acceptor(&self) -> Acceptor {
        Acceptor(self.clone())
    }

    /// Takes a letter with one answer for all recipients, now or to be carried at `until`, and calls `finish` in the
    /// commit that does. That it is not taken is noted for its history.
    pub(crate) async fn answer(
        &self,
        mut handed: HandedIn,
        until: Option<Timestamp>,
        finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + Clone + 'static,
    ) -> Result<Verdict, OurFault> {
        if let Some(refusal) = self.closed_group(&handed).await? {
            let verdict = Ok(Verdict::Refuse(refusal));
            self.note_refusal(handed.letter().id, handed.arrival, &verdict);
            return verdict;
        }
        let verdict = match (self.follow(&mut handed.envelope).await, until) {
            _ if is_of_nobody(&handed) => Ok(Verdict::Refuse(one_author())),
            (Err(fault), _) => Err(fault),
            (Ok(()), Some(until)) => self.keep(&handed, Some(until), finish).await,
            (Ok(()), None) => self.take(&handed, finish).await,
        };
        self.note_refusal(handed.letter().id, handed.arrival, &verdict);
        verdict
    }

    /// Returns the refusal of a group among the recipients that takes no letters from one of our people. The doors have asked
    /// for each recipient before; the pages have not.
    async fn closed_group(&self, handed: &HandedIn) -> Result<Option<Reply>, OurFault> {
        let Origin::Person(login, _) = &handed.origin else { return Ok(None) };
        for recipient in &handed.envelope.recipients {
            let writer = Writer::Person(login.account);
            if let Some(refusal) = self.directory.closed_to(writer, &recipient.address).await? {
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    /// Notes in its history that a letter was not taken.
    fn note_refusal(&self, letter: LetterId, arrival: Arrival, verdict: &Result<Verdict, OurFault>) {
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

/// Tells whether a person's letter has several fields From or Sender. A reader is shown one of them, and a check looks at
/// another: nobody can say who wrote it (RFC 5322 §3.6; RFC 6409 §6.3 lets us refuse it).
fn is_of_nobody(handed: &HandedIn) -> bool {
    let is_of_a_person = matches!(handed.origin, Origin::Person(..));
    let several = |name| header::fields(&handed.letter().raw).filter(|field| field.is(name)).nth(1).is_some();
    is_of_a_person && (several("From") || several("Sender"))
}

fn one_author() -> Reply {
    Reply::new(550, (5, 6, 0), "a letter has one field From, and one Sender at most")
}
