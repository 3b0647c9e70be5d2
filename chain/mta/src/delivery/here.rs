//! Letters that are handed on on this machine: to a program, or into a Maildir.
//!
//! Each recipient's letter is handed on by itself, and what became of it is on the disk before the next one's turn. The
//! window in which a letter can arrive twice is the queue's usual one: the program has taken it (or its file is in the
//! Maildir), and we die before that is recorded. In a Maildir the second one is then seen to be there and not written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mail::{Enhanced, ReturnPath, header};

use super::account::Account;
use super::depot::Depot;
use super::hosts::HereWay;
use super::loading::{later, load, not_loaded};
use super::site::{Job, Seat};
use super::transaction::Fate;
use super::{folder, program};
use crate::queue::{Entry, Loaded, LoadedRecipient, Outcome, Said};
use crate::route::{Person, RunAs};
use net::now;

/// Recipients of one letter taken at one time.
const HANDFUL: usize = 20;

/// Works until there is nothing to hand on.
pub async fn carry(depot: Arc<Depot>, seat: Seat, way: Arc<HereWay>) {
    // There is no connection to be tried first.
    seat.site().well(None);
    while !depot.shutdown.is_requested() {
        if seat.site().wants_more(depot.means.limits.claims_per_domain / 4) {
            depot.bell.notify_one();
        }
        let Some(job) = seat.site().next(HANDFUL, Duration::ZERO).await else { break };
        hand_on(&depot, &job, &way).await;
    }
    drop(seat);
    depot.bell.notify_one();
}

async fn hand_on(depot: &Depot, job: &Job, way: &HereWay) {
    let letter = match load(depot, job, u64::MAX).await {
        Ok(letter) => letter,
        Err(why) => return not_loaded(depot, job, why).await,
    };
    for to in &letter.recipients {
        // The remaining recipients are still in the queue.
        if depot.shutdown.is_requested() {
            return;
        }
        let (fate, by) = hand_to(depot, &letter, to, way).await;
        let at = now();
        let (outcome, said) = match fate {
            Fate::Taken(said) => (Outcome::Delivered, said),
            Fate::Never(said) => (Outcome::Failed, said),
            // There is no other host.
            Fate::Later(said) | Fate::Elsewhere(said) | Fate::Greylisted(said, _) => {
                (later(depot, &letter, to, at), said)
            }
            Fate::NextTransaction => continue,
        };
        tracing::info!(letter = %letter.id, to = %to.address, by, %outcome, said = said.text, "handed on");
        depot.write_down(vec![(letter.row, vec![Entry { recipient: to.row, outcome, said, tls: "" }])], at).await;
    }
}

/// Returns what became of it, and through what.
async fn hand_to(depot: &Depot, letter: &Loaded, to: &LoadedRecipient, way: &HereWay) -> (Fate, String) {
    let person = Person::new(&to.address, &letter.return_path);
    let text = marked(&letter.beginning, &letter.return_path, &person);
    match way {
        HereWay::Program(program, run_as) => {
            let by = program.path().to_owned();
            let fate = match who(run_as.as_ref(), &person).await {
                Ok(account) => {
                    let text =
                        program::as_pipes_have_it(&text, program.from_line.then_some(&letter.return_path), now());
                    program::run(program, &account, &person, text, depot.means.waits.program).await
                }
                Err(fate) => fate,
            };
            (fate, by)
        }
        HereWay::Maildir(template, run_as) => {
            let path = match template.path(&person) {
                Ok(path) => path,
                Err(unfit) => return (Fate::Never(Said::ours(Enhanced(5, 1, 3), unfit.to_string())), String::new()),
            };
            let fate = match who(run_as.as_ref(), &person).await {
                Ok(account) => {
                    let name = format!("{}.{}", letter.id, to.row);
                    folder::put(path.clone(), account, name, text, letter.arrived).await
                }
                Err(fate) => fate,
            };
            (fate, path)
        }
    }
}

async fn who(run_as: Option<&RunAs>, person: &Person) -> Result<Account, Fate> {
    Account::of(run_as, person).await
}

/// Returns the letter with the fields that the last station writes before it (RFC 5321 §4.4, RFC 9228), and without
/// the `Return-Path` of another station.
fn marked(letter: &Bytes, return_path: &ReturnPath, person: &Person) -> Vec<u8> {
    let head = format!("Return-Path: <{return_path}>\r\nDelivered-To: {}\r\n", person.recipient);
    [head.as_bytes(), &header::without(letter, "Return-Path")].concat()
}
