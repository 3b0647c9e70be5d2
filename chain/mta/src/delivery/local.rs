//! Letters in the queue for our own people.

use std::sync::Arc;
use std::time::Duration;

use mail::{Address, BodyKind, Enhanced, Envelope, Letter, Recipient, Reply, Timestamp};

use super::depot::Depot;
use super::loading::{later, load, not_loaded};
use super::means::{Done, Waiting};
use super::site::{Job, Seat};
use crate::queue::{self, Entry, Loaded, Outcome, Said};
use net::now;

/// Works until there is nothing to file.
pub async fn carry(depot: Arc<Depot>, seat: Seat) {
    let most = depot.means.limits.recipients_per_transaction;
    // There is no connection to be tried first.
    seat.site().well(None);
    while !depot.shutdown.is_requested() {
        if seat.site().wants_more(depot.means.limits.claims_per_domain / 4) {
            depot.bell.notify_one();
        }
        let Some(job) = seat.site().next(most, Duration::ZERO).await else { break };
        file(&depot, &job).await;
    }
    drop(seat);
    depot.bell.notify_one();
}

async fn file(depot: &Depot, job: &Job) {
    let loaded = match load(depot, job, u64::MAX).await {
        Ok(loaded) => loaded,
        Err(why) => return not_loaded(depot, job, why).await,
    };
    let at = now();
    let plans = plans(depot, &loaded, at);
    let waiting = Waiting {
        letter: Letter { id: loaded.id, raw: loaded.beginning.clone() },
        envelope: envelope(&loaded),
        findings: loaded.findings.clone(),
        mistrusted: loaded.mistrusted,
    };
    let (row, for_done) = (loaded.row, plans.clone());
    let done: Done = Box::new(move |tx, replies| queue::record(tx, row, at, &entries(&for_done, replies)));
    if let Err(fault) = depot.means.local.drop_off(waiting, done).await {
        tracing::error!(letter = %loaded.id, %fault, "cannot file a letter of the queue; tried again later");
        let said = Said::ours(Enhanced(4, 3, 0), fault.to_string());
        let entry = |plan: &LocalAttempt| Entry {
            recipient: plan.recipient,
            outcome: plan.otherwise.clone(),
            said: said.clone(),
            tls: "",
        };
        depot.write_down(vec![(loaded.row, plans.iter().map(entry).collect())], at).await;
    }
}

/// A recipient, and what becomes of it when it is not filed now.
#[derive(Clone)]
struct LocalAttempt {
    recipient: i64,
    address: Address,
    otherwise: Outcome,
}

fn plans(depot: &Depot, letter: &Loaded, at: Timestamp) -> Vec<LocalAttempt> {
    let plan = |to: &queue::LoadedRecipient| LocalAttempt {
        recipient: to.row,
        address: to.address.clone(),
        otherwise: later(depot, letter, to, at),
    };
    letter.recipients.iter().map(plan).collect()
}

fn envelope(letter: &Loaded) -> Envelope {
    Envelope {
        return_path: letter.return_path.clone(),
        recipients: letter.recipients.iter().map(recipient).collect(),
        body: if letter.eight_bit { BodyKind::EightBitMime } else { BodyKind::SevenBit },
        smtputf8: letter.smtputf8,
        hold: None,
        wishes: letter.wishes.clone(),
    }
}

fn recipient(to: &queue::LoadedRecipient) -> Recipient {
    Recipient { wishes: to.wishes.clone(), ..Recipient::new(to.address.clone()) }
}

fn entries(plans: &[LocalAttempt], replies: &[(Address, Reply)]) -> Vec<Entry> {
    plans.iter().map(|plan| entry(plan, replies.iter().find(|(address, _)| *address == plan.address))).collect()
}

fn entry(plan: &LocalAttempt, reply: Option<&(Address, Reply)>) -> Entry {
    let nothing = || Said::ours(Enhanced(4, 3, 0), "nothing was said about this recipient");
    let (outcome, said) = match reply {
        None => (plan.otherwise.clone(), nothing()),
        Some((_, reply)) => {
            let class = u8::try_from(reply.code / 100).unwrap_or(4);
            let said = Said::ours(reply.enhanced.unwrap_or(Enhanced(class, 0, 0)), reply.to_string());
            match reply.code {
                // Whoever files it tells the sender, in the same commit.
                200..300 => (Outcome::Entrusted, said),
                500..600 => (Outcome::Failed, said),
                _ => (plan.otherwise.clone(), said),
            }
        }
    };
    Entry { recipient: plan.recipient, outcome, said, tls: "" }
}
