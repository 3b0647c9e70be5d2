//! Makes the entries of the queue for letters that go on from here.
//!
//! A letter keeps its octets, but for a Delivered-To before them that ends circles, and gets a return path of ours: the house
//! that it goes on to may ask whether we may send for the domain on the envelope. The return path of somebody who has proved
//! here who they are stays, and so does that of a report, and one that we have made before.

use std::collections::HashSet;

use directory::ReturnPaths;
use directory::returns::{Kept, is_return_path};
use mail::seam::OurFault;
use mail::{Address, Envelope, Findings, Letter, Recipient, Resolution, ReturnPath, Wishes};
use mta::outgoing::Outgoing;
use mta::queue::{self, Forwarded, Prepared, Rate, Terms};
use store::Store;

use super::proof::is_proved;
use crate::taking::Course;
use crate::{Intake, our_fault};

/// A letter that goes on, and what is known of it.
pub(crate) struct Passing<'a> {
    pub(crate) store: &'a Store,
    pub(crate) outgoing: &'a Outgoing,
    pub(crate) envelope: &'a Envelope,
    pub(crate) findings: &'a Findings,
    /// The sender has proved here who they are.
    pub(crate) is_proved: bool,
    /// Nobody is written to about it.
    pub(crate) mistrusted: bool,
    pub(crate) terms: Terms,
    /// The maker of return paths; there if anything leads outside.
    pub(crate) paths: Option<&'a ReturnPaths>,
    pub(crate) rate: Rate,
}

/// The address of ours through which a letter goes on.
pub(crate) struct Through<'a> {
    /// The address.
    pub(crate) address: &'a Address,
    /// The address on the envelope, if that is another.
    pub(crate) recipient: &'a Address,
    /// The person here who gets the letter if it is not taken elsewhere.
    pub(crate) owner: Address,
    /// The owner has a copy.
    pub(crate) is_kept: bool,
    /// The wishes of the sender for reports that go on with it.
    pub(crate) wishes: Wishes,
}

/// The entries of a letter, and the senders to be kept for its return paths.
#[derive(Default)]
pub(crate) struct Entries {
    pub(crate) letters: Vec<Prepared>,
    pub(crate) senders: Vec<Kept>,
}

impl Passing<'_> {
    /// Adds the entries of a letter that goes on through an address of ours: one for all of `near`, which are behind this
    /// server or here, and one for each of `far`.
    pub(crate) fn add(
        &self,
        entries: &mut Entries,
        through: &Through<'_>,
        (near, far): (Vec<Address>, Vec<Address>),
    ) -> Result<(), store::Error> {
        let Some(passing) = self.marked(through) else { return Ok(()) };
        if !near.is_empty() {
            let envelope = self.addressed(self.envelope.return_path.clone(), near, through);
            entries.letters.push(self.prepared(&passing, &envelope)?);
        }
        if far.is_empty() {
            return Ok(());
        }
        let envelope = self.addressed(self.return_path(through, &mut entries.senders), far.clone(), through);
        let all = self.prepared(&passing, &envelope)?;
        for target in &far {
            entries.letters.push(self.entry(&all, through, target));
        }
        Ok(())
    }

    fn entry(&self, all: &Prepared, through: &Through<'_>, target: &Address) -> Prepared {
        let one = all.for_one(target);
        let answers = is_return_path(through.address);
        if answers && self.envelope.return_path.address().is_none() {
            return one.at_rate(self.rate);
        }
        let forwarded = Forwarded {
            through: (!answers).then(|| through.address.clone()),
            owner: through.owner.clone(),
            is_kept: through.is_kept,
            reports_to: self.reports_to(),
        };
        one.forwarded(forwarded, self.rate)
    }

    /// The letter as it goes on: it says which addresses of ours it went through, so that it is known when it comes back.
    fn marked(&self, through: &Through<'_>) -> Option<Outgoing> {
        let Letter { id, raw } = self.outgoing.letter();
        let raw = mda::passed_on(raw, through.recipient)?;
        let raw = mda::passed_on(&raw, through.address).unwrap_or(raw);
        Some(Outgoing::passing_through(Letter { id: *id, raw }))
    }

    fn prepared(&self, passing: &Outgoing, envelope: &Envelope) -> Result<Prepared, store::Error> {
        let prepared = queue::prepare(self.store, passing, envelope, self.terms)?;
        Ok(prepared.with_findings(self.findings).mistrusted(self.mistrusted))
    }

    fn addressed(&self, return_path: ReturnPath, to: Vec<Address>, through: &Through<'_>) -> Envelope {
        let with = |address| Recipient { wishes: through.wishes.clone(), ..Recipient::new(address) };
        Envelope { return_path, recipients: to.into_iter().map(with).collect(), ..self.envelope.clone() }
    }

    fn return_path(&self, through: &Through<'_>, senders: &mut Vec<Kept>) -> ReturnPath {
        let ReturnPath::Address(sender) = &self.envelope.return_path else { return ReturnPath::Null };
        let Some(paths) = self.paths.filter(|paths| !self.is_proved && !paths.has_made(sender, self.terms.arrived))
        else {
            return self.envelope.return_path.clone();
        };
        match paths.close(sender, through.address.domain(), self.terms.arrived) {
            Some(made) => {
                senders.extend(made.kept);
                ReturnPath::Address(made.address)
            }
            None => ReturnPath::Null,
        }
    }

    /// Returns the sender to whom a report may go, if the letter is not taken.
    fn reports_to(&self) -> Option<Address> {
        let sender = self.envelope.return_path.address()?;
        (self.is_proved || is_proved(self.findings, sender)).then(|| sender.clone())
    }
}

/// Parts addresses into those that are near, and those of other houses.
pub(crate) fn apart(all: Vec<Address>, near: &HashSet<Address>) -> (Vec<Address>, Vec<Address>) {
    all.into_iter().partition(|address| near.contains(address))
}

impl Intake {
    /// Puts the sender back on the envelope of a forwarded letter that has come back: the reader sees who sent it.
    pub(crate) async fn name_sender(&self, envelope: &mut Envelope) -> Result<(), OurFault> {
        let Some(path) = envelope.return_path.address().filter(|path| is_return_path(path)).cloned() else {
            return Ok(());
        };
        let (paths, now) = (self.directory.return_paths().await.map_err(our_fault)?, net::now());
        let opened = self.store.read::<_, store::Error, _>(move |view| paths.open(view, &path, now)).await;
        if let Some(sender) = opened.map_err(our_fault)? {
            envelope.return_path = ReturnPath::Address(sender);
        }
        Ok(())
    }

    /// Finds out which of the addresses that a letter goes on to are near, and gets what makes return paths if any is not.
    pub(crate) async fn ways_on(
        &self,
        course: &Course<'_>,
    ) -> Result<(HashSet<Address>, Option<ReturnPaths>), OurFault> {
        let outside = course.sorted.remote.iter().filter(|remote| remote.is_passed_on());
        let mut targets: Vec<Address> = outside.map(|remote| remote.address.clone()).collect();
        targets.extend(course.decisions.iter().flat_map(|decision| decision.disposition.onward.iter().cloned()));
        if targets.is_empty() {
            return Ok((HashSet::new(), None));
        }
        let leads = self.directory.resolve(targets.clone()).await.map_err(our_fault)?;
        let each = targets.into_iter().zip(leads);
        let is_near = |(target, leads): &(Address, Resolution)| {
            *leads != Resolution::Elsewhere || self.routes.receives(target.domain())
        };
        let (near, far): (Vec<_>, Vec<_>) = each.partition(is_near);
        let paths = if far.is_empty() { None } else { Some(self.directory.return_paths().await.map_err(our_fault)?) };
        Ok((near.into_iter().map(|(target, _)| target).collect(), paths))
    }
}
