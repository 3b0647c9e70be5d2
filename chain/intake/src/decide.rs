//! Asks the rules about a letter, and decides what becomes of a refusal that nobody can be told any more.

use std::collections::HashSet;

use mail::seam::AccountId;
use mail::{Address, Reply};
use mda::{Addressee, Decision, Incoming, Later};

use crate::Intake;
use crate::sort::{Local, Sorted};

/// The one who is told when a rule refuses a letter for one of its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Whoever hands the letter in gets one answer for all recipients: a refusal can be said where nobody gets the
    /// letter. Its author, if they have proved who they are, can be written to in any case.
    Once {
        /// The return path is that of somebody who has proved who they are.
        verified: bool,
    },
    /// Whoever hands it in gets an answer for each recipient.
    Each,
    /// Nobody: it was taken long ago, and its return path may be the address of somebody who never wrote it.
    Nobody,
}

impl Told {
    fn later(self) -> Later {
        if self == Self::Nobody { Later::Over } else { Later::Possible }
    }
}

impl Intake {
    /// Asks the rules about each of our people among the recipients, once. A recipient who is refused or put off
    /// leaves `sorted`; if nobody can be told of a refusal, the letter goes into the junk folder instead.
    pub(crate) async fn decide(&self, incoming: Incoming<'_>, sorted: &mut Sorted, told: Told) -> Vec<Decision> {
        let recipients = sorted.local.iter().map(recipient).collect();
        let mut decisions = self.mda.decide(incoming, recipients, told.later()).await;
        let refused: Vec<(AccountId, Reply)> = decisions.iter().filter_map(refusal).collect();
        let (put_off, refused): (Vec<_>, Vec<_>) = refused.into_iter().partition(|(_, reply)| reply.is_transient());
        put_off.iter().for_each(|(account, reply)| sorted.give_up(*account, reply));
        let accounts: HashSet<AccountId> = refused.iter().map(|(account, _)| *account).collect();
        let can_be_told = sayable(sorted, &accounts, told);
        for (account, reply) in &refused {
            let decision = decisions.iter_mut().find(|decision| decision.recipient.account == *account);
            match decision {
                Some(decision) if !can_be_told.contains(account) => decision.into_junk(reply),
                _ => sorted.give_up(*account, reply),
            }
        }
        decisions.retain(|decision| sorted.local.iter().any(|local| local.account == decision.recipient.account));
        decisions
    }
}

fn recipient(local: &Local) -> Addressee {
    Addressee { account: local.account, address: local.recipient.clone(), detail: local.detail.clone() }
}

fn refusal(decision: &Decision) -> Option<(AccountId, Reply)> {
    decision.disposition.refusal().map(|reply| (decision.recipient.account, reply.clone()))
}

/// Returns those of the refused recipients of whom somebody can be told.
fn sayable(sorted: &Sorted, refused: &HashSet<AccountId>, told: Told) -> HashSet<AccountId> {
    let stays = |local: &&Local| !refused.contains(&local.account);
    match told {
        Told::Nobody => HashSet::new(),
        Told::Once { verified: true } => refused.clone(),
        Told::Once { verified: false } => {
            let is_for_others = !sorted.remote.is_empty() || sorted.local.iter().any(|local| stays(&local));
            if is_for_others { HashSet::new() } else { refused.clone() }
        }
        Told::Each => {
            // An address that leads to others as well counts as reached, and is answered so.
            let here = sorted.local.iter().filter(stays).flat_map(Local::named);
            let reached: HashSet<&Address> =
                here.chain(sorted.remote.iter().flat_map(|remote| remote.named())).collect();
            let alone = |local: &&Local| !local.named().any(|address| reached.contains(address));
            let refused = sorted.local.iter().filter(|local| refused.contains(&local.account));
            refused.filter(alone).map(|local| local.account).collect()
        }
    }
}
