//! Letters that are asked for alone, behind all others: they did not come with their neighbours, or a connection broke
//! while they were on their way.

use std::collections::VecDeque;

use store::{Key, Tx};

use super::Session;
use super::imap::Opened;
use super::list::Card;
use super::pull::{Flow, Tally};
use crate::handover::Handover;
use crate::ledger;
use crate::progress::Why;
use crate::{Fault, imap::Numbers};

/// Letters in a row that do not come, behind which the rest waits for the next round.
const MOST_IN_VAIN: u32 = 200;
/// Letters in a row at which the connection breaks, behind which the rest waits for the next round.
const MOST_BROKEN: u32 = 30;
/// Letters in a row to which the server says that it wants to be asked for less.
const MOST_THROTTLED: u32 = 3;
/// A letter that has failed so often before is tried once in a round.
const HOPELESS: u32 = 2;

/// The result of asking for one letter alone.
enum Alone {
    /// It came, or was recognised, or is not there any more, or is too large.
    Done,
    /// The server does not give it, and says why.
    Refused(String),
}

/// The results of the letters before.
#[derive(Default)]
struct Luck {
    in_vain: u32,
    broken: u32,
    throttled: u32,
}

impl Luck {
    fn has_left(&self) -> bool {
        self.in_vain >= MOST_IN_VAIN || self.broken >= MOST_BROKEN
    }
}

impl Session<'_> {
    /// Asks for the doubtful letters of a folder whose time has come. An error says that the round cannot go on.
    pub(super) async fn bring_doubtful(&mut self, opened: &mut Opened) -> Result<(), Fault> {
        let left = self.left_in(opened.row).await?;
        let due = left.iter().filter(|(_, due)| *due).map(|(left, _)| left);
        let queue: VecDeque<(u32, bool)> =
            due.filter_map(|left| Some((left.uid_under(opened.validity)?, left.tries >= HOPELESS))).collect();
        if queue.is_empty() {
            return Ok(());
        }
        opened.alone = queue.iter().map(|(uid, _)| *uid).collect();
        let handover = Handover::start(self.means.destination.clone(), self.means.listener.clone(), self.means.share());
        let outcome = self.bring_each(opened, queue, &handover).await;
        handover.finish().await?;
        outcome
    }

    async fn bring_each(
        &mut self,
        opened: &Opened,
        mut queue: VecDeque<(u32, bool)>,
        handover: &Handover,
    ) -> Result<(), Fault> {
        let (mut luck, mut must_open) = (Luck::default(), true);
        while let Some((uid, again)) = queue.pop_front() {
            if must_open && !self.open_for_doubtful(opened).await? {
                return Ok(());
            }
            must_open = false;
            match self.bring_alone(opened, uid, handover).await {
                Ok(Alone::Done) => {
                    self.breaks.went_well();
                    luck = Luck::default();
                }
                Ok(Alone::Refused(said)) => {
                    self.leave_there(opened, &Card::unlisted(uid), Why::NotGiven, &said).await?;
                    luck.in_vain += 1;
                }
                Err(fault) if fault.is_of_site() && !matches!(fault, Fault::Throttled { .. }) => return Err(fault),
                Err(fault) => {
                    let told = again || !self.client.is_lost();
                    self.note_fault(opened, uid, &fault, told).await?;
                    luck.in_vain += 1;
                    luck.broken += u32::from(again && self.client.is_lost());
                    must_open = self.go_on_behind(&fault, &mut luck).await?;
                    if again {
                        // It is this letter's fault, and not the server's.
                        self.breaks.went_well();
                    } else {
                        queue.push_back((uid, true));
                    }
                }
            }
            if luck.has_left() {
                return Ok(());
            }
            self.breathe().await?;
        }
        Ok(())
    }

    /// Opens the folder again. False: it cannot be read now, and its letters wait for the next round.
    async fn open_for_doubtful(&mut self, opened: &Opened) -> Result<bool, Fault> {
        for _ in 0..2 {
            let Err(fault) = self.open_again(opened).await else { return Ok(true) };
            let refused = !self.client.is_lost();
            self.go_on_after(&fault).await?;
            if refused {
                break;
            }
        }
        Ok(false)
    }

    /// Writes down the result of asking for a letter, and tells it if that was the last try of this round.
    async fn note_fault(&self, opened: &Opened, uid: u32, fault: &Fault, told: bool) -> Result<(), Fault> {
        let why = if self.client.is_lost() { Why::Breaks } else { Why::NotGiven };
        let said = fault.to_string();
        self.note_left(opened, &Card::unlisted(uid), why, &said).await?;
        if told {
            self.tell_left(opened, uid, why, &said);
        }
        Ok(())
    }

    /// Goes on behind a letter at which something went wrong. Returns whether the folder must be opened again. A
    /// server that wants to be asked for less at one letter, and not at the next, means that letter.
    async fn go_on_behind(&mut self, fault: &Fault, luck: &mut Luck) -> Result<bool, Fault> {
        let lost = self.client.is_lost();
        if let Fault::Throttled { said, .. } = fault {
            luck.throttled += 1;
            if luck.throttled == MOST_THROTTLED {
                return Err(fault.clone());
            }
            if lost {
                self.go_on_after(&Fault::Cut(said.clone())).await?;
            }
            return Ok(lost);
        }
        self.go_on_after(fault).await?;
        Ok(lost)
    }

    async fn bring_alone(&mut self, opened: &Opened, uid: u32, handover: &Handover) -> Result<Alone, Fault> {
        let one: Numbers = std::iter::once(uid).collect();
        let (mut flow, mut tally) = (Flow::default(), Tally::default());
        let items = self.listing_items(true);
        let listing = self.start_listing(&one, &items).await?;
        self.wait_for(&listing, &mut flow, opened, (handover, &mut tally)).await?.check()?;
        let card = match flow.listed.remove(&uid) {
            Some(card) => card,
            None if !self.is_there(uid).await? => return self.forget_doubt(opened, uid).await,
            None => Card::unlisted(uid),
        };
        let Some(card) = self.decide(opened, vec![card], &mut tally).await?.pop() else { return Ok(Alone::Done) };
        let (tag, _) = self.start_group(vec![card], &mut flow).await?;
        let end = self.wait_for(&tag, &mut flow, opened, (handover, &mut tally)).await?;
        end.check()?;
        if !flow.expected.contains_key(&uid) {
            return Ok(Alone::Done);
        }
        if !self.is_there(uid).await? {
            return self.forget_doubt(opened, uid).await;
        }
        Ok(Alone::Refused(flow.said.unwrap_or_else(|| end.said())))
    }

    /// Asks whether a letter is there. A server that cannot say has not said no.
    async fn is_there(&mut self, uid: u32) -> Result<bool, Fault> {
        let answer = self.client.ask(&format!("UID SEARCH UID {uid}")).await?;
        let found = answer.untagged.iter().rev().find_map(|response| match response {
            crate::imap::Response::Search(found) => Some(found.contains(uid)),
            _ => None,
        });
        Ok(!answer.is_ok() || found.unwrap_or(true))
    }

    async fn forget_doubt(&self, opened: &Opened, uid: u32) -> Result<Alone, Fault> {
        let (row, keys) = (opened.row.id, ledger::imap_keys(opened.validity, &[uid]));
        let forgotten = move |tx: &mut Tx| keys.iter().try_for_each(|key| ledger::forget_left(tx, row, key));
        self.means.store.write(Key::Fetching, forgotten).await?;
        Ok(Alone::Done)
    }
}
