//! Keeps here what must not go on.

use std::collections::HashSet;

use directory::Language;
use mail::seam::{AccountId, OurFault};
use mail::{Address, Destination, Envelope, Letter, Reply, Resolution, header};
use mda::{Decision, Disposition, Incoming, Keep, Placement};
use mta::queue;
use store::View;

use super::rule::{SUSPECT, is_junk, junk, kept};
use crate::sort::{Failed, Local, Remote, Sorted};
use crate::{Intake, our_fault};

/// The reason why a letter is kept here: the house to which it would go on refuses such letters.
const PAUSED: &str = "forward-paused";

/// A letter for an alias that leads outside is kept here.
pub(crate) struct Held {
    account: AccountId,
    /// The alias.
    through: Address,
    why: &'static str,
    /// The person gets the letter for this reason alone.
    alone: bool,
    language: Language,
}

impl Intake {
    /// Takes out the recipients elsewhere to whom the letter must not go on: the postmaster of the alias gets it instead, if
    /// nobody here does.
    pub(crate) async fn hold_aliases(
        &self,
        incoming: Incoming<'_>,
        sorted: &mut Sorted,
    ) -> Result<Vec<Held>, OurFault> {
        refuse_unsolicited(incoming.letter, incoming.envelope, sorted);
        let leads_out = |remote: &Remote| remote.is_passed_on() && !self.routes.receives(remote.address.domain());
        if !sorted.remote.iter().any(leads_out) {
            return Ok(Vec::new());
        }
        let (why, stays) = if incoming.findings.is_suspect() {
            (SUSPECT, sorted.remote.iter().filter(|remote| leads_out(remote)).map(|one| one.address.clone()).collect())
        } else {
            (PAUSED, self.paused(pairs(sorted)).await?)
        };
        let stays: HashSet<Address> = stays;
        let out: Vec<Remote> =
            sorted.remote.extract_if(.., |remote| leads_out(remote) && stays.contains(&remote.address)).collect();
        let mut held = Vec::new();
        for remote in out {
            held.extend(self.hold_one(remote, why, sorted).await?);
        }
        Ok(held)
    }

    async fn hold_one(&self, remote: Remote, why: &'static str, sorted: &mut Sorted) -> Result<Option<Held>, OurFault> {
        let through = remote.recipient.clone();
        let here = sorted.local.iter().find(|local| local.named().any(|address| *address == through));
        if let Some(local) = here {
            let account = local.account;
            return Ok(Some(Held { account, through, why, alone: false, language: Language::default() }));
        }
        let Some((account, address, language)) = self.postmaster_of(&through).await? else {
            let reply = Reply::new(451, (4, 3, 5), "nobody here can keep this letter now");
            let each = std::iter::once(through).chain(remote.others);
            sorted.failed.extend(each.map(|recipient| Failed { recipient, reply: reply.clone(), again_to: None }));
            return Ok(None);
        };
        let known = sorted.local.iter_mut().find(|local| local.account == account);
        let alone = known.is_none();
        match known {
            Some(local) => local.others.extend(std::iter::once(through.clone()).chain(remote.others)),
            None => {
                let (recipient, others) = (through.clone(), remote.others);
                sorted.local.push(Local { account, address, recipient, others, detail: None });
            }
        }
        Ok(Some(Held { account, through, why, alone, language }))
    }

    /// Finds the person who is in charge of the domain of an address.
    pub(crate) async fn postmaster_of(
        &self,
        address: &Address,
    ) -> Result<Option<(AccountId, Address, Language)>, OurFault> {
        let Ok(postmaster) = Address::new("postmaster", address.domain().clone()) else { return Ok(None) };
        let hostname = self.hostname.clone();
        let look = move |view: &View| {
            let Resolution::Ours(places) = directory::resolve(view, Some(&hostname), &postmaster)? else {
                return Ok(None);
            };
            let local = places.into_iter().find_map(|place| match place {
                Destination::Local { account, .. } => Some(account),
                Destination::Remote(_) => None,
            });
            let Some(id) = local else { return Ok(None) };
            let found = directory::account::by_id(view, id)?;
            Ok(found.map(|person| (person.id, person.address, person.language)))
        };
        let found: Result<_, directory::Error> = self.store.read(look).await;
        found.map_err(our_fault)
    }

    /// Returns those of the targets to which letters do not go on for now, each with the address it would go on from.
    async fn paused(&self, pairs: Vec<(Address, Address)>) -> Result<HashSet<Address>, OurFault> {
        if pairs.is_empty() {
            return Ok(HashSet::new());
        }
        let look = move |view: &View| {
            let mut paused = HashSet::new();
            for (through, target) in pairs {
                if queue::is_paused(view, &through, &target)? {
                    paused.insert(target);
                }
            }
            Ok::<_, store::Error>(paused)
        };
        self.store.read(look).await.map_err(our_fault)
    }

    /// Puts the letters that are kept for an alias where they belong: into the junk folder, or into one for what does not go
    /// on.
    pub(crate) fn place_held(held: &[Held], decisions: &mut [Decision]) {
        for one in held {
            let Some(decision) = decisions.iter_mut().find(|decision| decision.recipient.account == one.account) else {
                continue;
            };
            decision.events.push(kept(&one.through, one.why));
            if one.alone && decision.disposition.refusal().is_none() {
                let placement = if one.why == SUSPECT { Placement::junk() } else { not_forwarded(one.language) };
                decision.disposition = Disposition::keep(placement);
            }
        }
    }

    /// Takes out of the decisions what must not go on; a copy stays here then.
    pub(crate) async fn hold_redirects(
        &self,
        incoming: Incoming<'_>,
        sorted: &Sorted,
        decisions: &mut [Decision],
    ) -> Result<(), OurFault> {
        for decision in decisions.iter_mut().filter(|decision| !decision.disposition.onward.is_empty()) {
            let (recipient, disposition) = (decision.recipient.clone(), &mut decision.disposition);
            if incoming.findings.is_suspect() || is_junk(disposition) {
                disposition.onward.clear();
                *disposition = if is_junk(disposition) { disposition.clone() } else { junk(disposition.clone()) };
                decision.events.push(kept(&recipient.address, SUSPECT));
                continue;
            }
            let through = own_address(sorted, &recipient);
            let pairs = disposition.onward.iter().map(|target| (through.clone(), target.clone())).collect();
            let paused = self.paused(pairs).await?;
            if paused.is_empty() {
                continue;
            }
            disposition.onward.retain(|target| !paused.contains(target));
            if matches!(&disposition.keep, Keep::Copies(copies) if copies.is_empty()) {
                disposition.keep = Disposition::usual(&recipient).keep;
            }
            decision.events.push(kept(&recipient.address, PAUSED));
        }
        Ok(())
    }
}

/// Returns the main address of somebody who gets the letter.
pub(crate) fn own_address(sorted: &Sorted, recipient: &mda::Addressee) -> Address {
    let known = sorted.local.iter().find(|local| local.account == recipient.account);
    known.map_or_else(|| recipient.address.clone(), |local| local.address.clone())
}

fn pairs(sorted: &Sorted) -> Vec<(Address, Address)> {
    let passed_on = sorted.remote.iter().filter(|remote| remote.is_passed_on());
    passed_on.map(|remote| (remote.recipient.clone(), remote.address.clone())).collect()
}

fn not_forwarded(language: Language) -> Placement {
    let folder = match language {
        Language::English => "Not forwarded",
        Language::French => "Non transmises",
    };
    Placement { folder: Some(folder.to_owned()), create: true, ..Placement::default() }
}

/// Takes out those return paths of ours to which a letter is neither a report nor an answer: they are no way to relay.
fn refuse_unsolicited(letter: &Letter, envelope: &Envelope, sorted: &mut Sorted) {
    let comes_back = |remote: &Remote| directory::returns::is_return_path(&remote.recipient);
    if envelope.return_path.address().is_none() || !sorted.remote.iter().any(comes_back) || answers(letter) {
        return;
    }
    let reply = Reply::new(550, (5, 7, 1), "this address takes reports and answers only");
    for remote in sorted.remote.extract_if(.., |remote| comes_back(remote)) {
        let each = std::iter::once(remote.recipient).chain(remote.others);
        sorted.failed.extend(each.map(|recipient| Failed { recipient, reply: reply.clone(), again_to: None }));
    }
}

/// Returns true if a letter says that it answers another (RFC 5322 §3.6.4, RFC 3834 §3.1.7).
fn answers(letter: &Letter) -> bool {
    let is_one = |field: header::Field<'_>| {
        field.is("In-Reply-To")
            || field.is("References")
            || field.is("Auto-Submitted") && !field.value().trim_ascii().eq_ignore_ascii_case(b"no")
            || field.is("Content-Type")
                && field.value().trim_ascii().to_ascii_lowercase().starts_with(b"multipart/report")
    };
    header::fields(&letter.raw).any(is_one)
}
