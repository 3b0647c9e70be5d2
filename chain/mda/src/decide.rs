//! Asking the rules what becomes of a letter, once for each recipient.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use mail::seam::OurFault;
use mail::trace::Event;
use mail::{Address, Letter, LetterId, Reply};
use tokio::time::Instant;

use crate::mark::passed_on;
use crate::{Addressee, Case, Disposition, Incoming, Mda, Placement, Rule};

/// The longest time that all rules may think about a letter for one recipient.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest time that they may think about it for all: a sender waits ten minutes for our answer (RFC 5321
/// §4.5.3.2.6).
const FOR_ALL: Duration = Duration::from_secs(240);
/// Recipients about whom they think at one time.
const AT_ONCE: usize = 16;

/// Says whether a recipient can still be tried again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// Yes: the sender, or our queue, keeps the letter for them.
    Possible,
    /// No: the letter was taken long ago. A rule that cannot decide counts as none.
    Over,
}

/// The decision for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The recipient.
    pub recipient: Addressee,
    /// The disposition of their copies.
    pub disposition: Disposition,
    /// The rules' decisions, for the history.
    pub events: Vec<Event>,
    /// The refusal of a letter that lies in the junk folder; it stands in a field before the copy.
    pub(crate) refused: Option<Reply>,
}

impl Decision {
    /// The letter is filed as junk before any rule is asked: a check refused it, and nobody can be told any more.
    pub fn junk(recipient: Addressee, reply: &Reply) -> Self {
        let mut decision = Self::usual(recipient);
        decision.into_junk(reply);
        decision
    }

    /// The letter is filed as junk: it was refused, and nobody can be told any more.
    pub fn into_junk(&mut self, reply: &Reply) {
        self.disposition = Disposition::keep(Placement::junk());
        self.refused = Some(reply.clone());
        let (by, reason) = ("junk".to_owned(), reply.to_string());
        self.events.push(judged(&self.recipient, by, self.disposition.summary(), reason));
    }
}

impl Mda {
    /// Asks the rules what becomes of a letter for each of `recipients`, in order. A rule that fails, panics or takes
    /// too long concerns the recipient for whom it does alone.
    pub async fn decide(&self, incoming: Incoming<'_>, recipients: Vec<Addressee>, later: Later) -> Vec<Decision> {
        let until = Instant::now() + FOR_ALL;
        let each = recipients.into_iter().map(|recipient| self.decide_for(incoming, recipient, later, until));
        stream::iter(each).buffered(AT_ONCE).collect().await
    }

    async fn decide_for(&self, incoming: Incoming<'_>, recipient: Addressee, later: Later, until: Instant) -> Decision {
        let letter = incoming.letter;
        let until = until.min(Instant::now() + PATIENCE);
        let mut decision = Decision::usual(recipient);
        for rule in self.rules.iter() {
            let case = Case { incoming, recipient: &decision.recipient };
            let answer = ask(rule, case, &decision.disposition, until).await;
            if decision.hear(rule.name(), answer, letter.id, later).is_break() {
                break;
            }
        }
        let Decision { recipient, disposition, .. } = &mut decision;
        let decided = std::mem::replace(disposition, Disposition::usual(recipient));
        *disposition = without_circles(decided, letter, &recipient.address).made_good(recipient);
        decision
    }
}

impl Decision {
    fn usual(recipient: Addressee) -> Self {
        let disposition = Disposition::usual(&recipient);
        Self { recipient, disposition, events: Vec::new(), refused: None }
    }

    /// Takes what a rule says. Breaks where no other rule is asked any more.
    fn hear(
        &mut self,
        rule: &'static str,
        answer: Result<Disposition, Fault>,
        letter: LetterId,
        later: Later,
    ) -> ControlFlow<()> {
        let (cause, again) = match answer {
            Ok(decided) if decided.refusal().is_some_and(Reply::is_transient) && later == Later::Over => {
                ("the rule would see the letter again, which was taken before".to_owned(), false)
            }
            Ok(decided) => return self.follow(rule, decided),
            Err(Fault::Now(cause)) => (cause, later == Later::Possible),
            Err(Fault::Always(cause)) => (cause, false),
        };
        tracing::error!(%letter, recipient = %self.recipient.address, rule, cause, again, "a rule failed");
        if again {
            self.disposition = Disposition::refuse(not_now(), cause);
            return ControlFlow::Break(());
        }
        // The rule counts as if it were not there.
        self.events.push(judged(&self.recipient, rule.to_owned(), "failed".to_owned(), cause));
        ControlFlow::Continue(())
    }

    fn follow(&mut self, rule: &'static str, decided: Disposition) -> ControlFlow<()> {
        if !decided.reads_like(&self.disposition) {
            let reason = decided.reason.clone();
            self.events.push(judged(&self.recipient, rule.to_owned(), decided.summary(), reason));
        }
        self.disposition = decided;
        if self.disposition.refusal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The reason why a rule did not decide.
enum Fault {
    /// It may decide another time.
    Now(String),
    /// It would be the same another time.
    Always(String),
}

async fn ask(rule: &Arc<dyn Rule>, case: Case<'_>, so_far: &Disposition, until: Instant) -> Result<Disposition, Fault> {
    let asked = AssertUnwindSafe(async { rule.decide(case, so_far.clone()).await }).catch_unwind();
    match tokio::time::timeout_at(until, asked).await {
        Ok(Ok(Ok(decided))) => Ok(decided),
        Ok(Ok(Err(OurFault(cause)))) => Err(Fault::Now(cause)),
        Ok(Err(_panic)) => Err(Fault::Always("the rule panicked".to_owned())),
        Err(_late) => Err(Fault::Always("the rule took too long".to_owned())),
    }
}

fn not_now() -> Reply {
    Reply::new(451, (4, 3, 0), "the letter could not be checked for this person now")
}

fn judged(recipient: &Addressee, by: String, decision: String, reason: String) -> Event {
    Event::Judged { recipient: recipient.address.to_string(), by, decision, reason }
}

/// A letter that went on from this address before does not go on from it again (RFC 9228 §4).
fn without_circles(mut disposition: Disposition, letter: &Letter, address: &Address) -> Disposition {
    if !disposition.onward.is_empty() && passed_on(&letter.raw, address).is_none() {
        disposition.onward.clear();
    }
    disposition
}
