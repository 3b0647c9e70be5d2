//! One letter from its envelope to its fate: sorted, then committed, in rounds where somebody's mailbox does not take it.

use std::collections::HashMap;

use mail::seam::{Origin, OurFault, Verdict};
use mail::trace::{Arrival, Event};
use mail::{Address, Envelope, Letter, Reply, header};
use store::Tx;

use crate::sort::{self, Failed, Sorted};
use crate::{Intake, our_fault};

/// A letter that has passed more servers, with us, goes round in circles (RFC 5321 §6.3 asks for 100 at least).
pub(crate) const MOST_HOPS: usize = 100;

impl Intake {
    pub(crate) async fn sort(&self, letter: &Letter, envelope: &Envelope, origin: &Origin) -> Result<Sorted, OurFault> {
        let resolutions = self.directory.resolve(envelope.recipients.clone()).await.map_err(our_fault)?;
        let mut sorted = sort::sort(&envelope.recipients, resolutions, origin, |domain| self.routes.receives(domain));
        sorted.break_loops(letter);
        Ok(sorted)
    }

    pub(crate) async fn take(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        origin: &Origin,
        arrival: &Arrival,
        finish: impl FnMut(&mut Tx) -> Result<(), store::Error> + Send + Clone + 'static,
    ) -> Result<Verdict, OurFault> {
        if hops(letter) > MOST_HOPS {
            return Ok(Verdict::Refuse(sort::circles()));
        }
        let mut sorted = self.sort(letter, envelope, origin).await?;
        // Each round takes a recipient away at least.
        while !sorted.is_for_nobody() {
            let leftover = sorted.failed.clone();
            let began = vec![Event::Received(arrival.clone())];
            let unfiled = self.commit(letter, envelope, &sorted, &leftover, began, finish.clone()).await?;
            if unfiled.is_empty() {
                note(letter, envelope, &sorted, origin);
                return Ok(Verdict::Accept);
            }
            unfiled.iter().for_each(|(who, reply)| sorted.give_up(who.account, reply));
        }
        Ok(Verdict::Refuse(sort::answer(sorted.failed.iter())))
    }

    pub(crate) async fn take_for_each(
        &self,
        letter: &Letter,
        envelope: &Envelope,
        origin: &Origin,
        arrival: &Arrival,
    ) -> Result<Vec<Reply>, OurFault> {
        if hops(letter) > MOST_HOPS {
            return Ok(vec![sort::circles(); envelope.recipients.len()]);
        }
        let mut sorted = self.sort(letter, envelope, origin).await?;
        // Each round takes a recipient away at least.
        while !sorted.is_for_nobody() {
            let began = vec![Event::Received(arrival.clone())];
            let unfiled = self.commit(letter, envelope, &sorted, &ours_to_mend(&sorted), began, |_| Ok(())).await?;
            if unfiled.is_empty() {
                note(letter, envelope, &sorted, origin);
                break;
            }
            unfiled.iter().for_each(|(who, reply)| sorted.give_up(who.account, reply));
        }
        Ok(fates(envelope, &sorted).into_iter().map(|(_, reply)| reply).collect())
    }
}

/// Whom nothing reached is the caller's to try again or to report; the rest of an alias, whose recipient counts as
/// reached, is ours.
pub(crate) fn ours_to_mend(sorted: &Sorted) -> Vec<Failed> {
    let reached = sorted.reached();
    sorted.failed.iter().filter(|failed| reached.contains(&failed.recipient)).cloned().collect()
}

/// What became of each recipient of the envelope.
pub(crate) fn fates(envelope: &Envelope, sorted: &Sorted) -> Vec<(Address, Reply)> {
    let reached = sorted.reached();
    let mut failed: HashMap<&Address, Vec<&Failed>> = HashMap::new();
    sorted.failed.iter().for_each(|one| failed.entry(&one.recipient).or_default().push(one));
    let fate = |recipient: &Address| match failed.get(recipient) {
        Some(failed) if !reached.contains(recipient) => sort::answer(failed.iter().copied()),
        _ => Reply::new(250, (2, 1, 5), "filed"),
    };
    envelope.recipients.iter().map(|recipient| (recipient.clone(), fate(recipient))).collect()
}

/// How many servers have written a Received field into the letter.
pub(crate) fn hops(letter: &Letter) -> usize {
    header::fields(&letter.raw).filter(|field| field.is("Received")).take(MOST_HOPS + 1).count()
}

fn note(letter: &Letter, envelope: &Envelope, sorted: &Sorted, origin: &Origin) {
    let came = match origin {
        Origin::Peer(wire) => wire.ip.to_string(),
        Origin::Front(wire) => format!("{} by LMTP", wire.ip),
        Origin::Person(login, _) => login.address.to_string(),
        Origin::House => "the house".to_owned(),
    };
    let Letter { id, raw } = letter;
    let (filed, queued, failed) = (sorted.local.len(), sorted.remote.len(), sorted.failed.len());
    tracing::info!(letter = %id, bytes = raw.len(), from = %envelope.return_path, %came, filed, queued, failed, "letter taken");
}
