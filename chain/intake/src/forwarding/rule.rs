//! The rule that has a person's letters go on to the addresses that the person has named.

use directory::account::{self, Account};
use directory::forward::{self, Forward};
use mail::seam::{OurFault, Pending};
use mail::{Finding, Findings};
use mda::{Case, Disposition, Keep, Placement, Rule};
use mta::queue::FORWARD;
use store::{Store, View};

/// The reason why a letter is kept here: it is suspect.
pub(crate) const SUSPECT: &str = "forward-suspect";

/// Sends a person's letters on. It is asked last: what the person's other rules refuse, discard or take for junk stays here.
pub(crate) struct Forwarding {
    store: Store,
}

impl Forwarding {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    async fn look(&self, case: Case<'_>) -> Result<Option<(Account, Forward)>, OurFault> {
        let id = case.recipient.account;
        let look = move |view: &View| {
            let forward = forward::of(view, id)?;
            if forward.targets.is_empty() {
                return Ok(None);
            }
            Ok(account::by_id(view, id)?.map(|account| (account, forward)))
        };
        let found: Result<_, directory::Error> = self.store.read(look).await;
        found.map_err(|error| OurFault(error.to_string()))
    }
}

impl Rule for Forwarding {
    fn name(&self) -> &'static str {
        FORWARD
    }

    fn decide<'a>(&'a self, case: Case<'a>, so_far: Disposition) -> Pending<'a, Result<Disposition, OurFault>> {
        Box::pin(async move {
            if !matches!(so_far.keep, Keep::Copies(_)) || is_junk(&so_far) {
                return Ok(so_far);
            }
            let Some((account, forward)) = self.look(case).await? else { return Ok(so_far) };
            // It has gone on from here before, and comes back: it stays.
            if mda::has_come_through(&case.incoming.letter.raw, &account.address) {
                return Ok(so_far);
            }
            Ok(decided(so_far, &forward, case.incoming.findings))
        })
    }
}

fn decided(mut so_far: Disposition, forward: &Forward, findings: &Findings) -> Disposition {
    if findings.is_suspect() {
        return Disposition { reason: SUSPECT.to_owned(), onward: Vec::new(), ..junk(so_far) };
    }
    for target in &forward.targets {
        if !so_far.onward.contains(target) {
            so_far.onward.push(target.clone());
        }
    }
    if !forward.keep_copy {
        so_far.keep = Keep::Copies(Vec::new());
    }
    so_far
}

/// The same, with the copy in the junk folder.
pub(crate) fn junk(disposition: Disposition) -> Disposition {
    Disposition { keep: Keep::Copies(vec![Placement::junk()]), ..disposition }
}

/// Returns true if a copy goes into the junk folder.
pub(crate) fn is_junk(disposition: &Disposition) -> bool {
    let Keep::Copies(copies) = &disposition.keep else { return false };
    copies.iter().any(|copy| copy.special_use == Placement::junk().special_use)
}

/// Returns the event that says why something does not go on.
pub(crate) fn kept(recipient: &mail::Address, code: &str) -> mail::trace::Event {
    let mut event = Finding::new(FORWARD, "kept").because(code).event();
    if let mail::trace::Event::Judged { recipient: about, .. } = &mut event {
        *about = recipient.to_string();
    }
    event
}
