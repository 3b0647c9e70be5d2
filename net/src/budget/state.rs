//! The shares of the owners, and the line of those who wait for one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::Owner;

/// The memory of a letter without large attachments.
const SMALL: usize = 512 * 1024;

pub(super) struct State {
    total: usize,
    free: usize,
    owners: HashMap<Owner, usize>,
    /// The small wishes, which are served first.
    small: VecDeque<Ticket>,
    large: VecDeque<Ticket>,
}

/// A wish for a share.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub owner: Option<Owner>,
    pub more: usize,
    /// The whole share, including the octets that it has already.
    pub whole: usize,
}

impl Wish {
    fn is_small(&self) -> bool {
        self.whole <= SMALL
    }
}

/// The waiting owner's ticket.
#[derive(Clone)]
pub(super) struct Ticket(Arc<Word>);

struct Word {
    wish: Wish,
    granted: AtomicBool,
    told: Notify,
}

impl Ticket {
    fn new(wish: Wish) -> Self {
        Self(Arc::new(Word { wish, granted: AtomicBool::new(false), told: Notify::new() }))
    }

    pub async fn granted(&self) {
        while !self.0.granted.load(Ordering::Acquire) {
            self.0.told.notified().await;
        }
    }

    fn grant(&self) {
        self.0.granted.store(true, Ordering::Release);
        self.0.told.notify_one();
    }
}

/// The answer to a wish.
enum Answer {
    Yes,
    /// The wish must wait until its owner gives something back.
    OwnersTurn,
    /// The wish must wait until anybody gives something back.
    TooLittle,
}

impl State {
    pub fn new(total: usize) -> Self {
        Self { total, free: total, owners: HashMap::new(), small: VecDeque::new(), large: VecDeque::new() }
    }

    pub fn free(&self) -> usize {
        self.free
    }

    /// Asks for octets; `None` if they are granted immediately.
    pub fn ask(&mut self, wish: Wish) -> Option<Ticket> {
        let ticket = Ticket::new(wish);
        self.queue(wish.is_small()).push_back(ticket.clone());
        self.serve(wish.is_small());
        if ticket.0.granted.load(Ordering::Acquire) { None } else { Some(ticket) }
    }

    pub fn give_back(&mut self, owner: Option<Owner>, octets: usize) {
        if octets == 0 {
            return;
        }
        self.free += octets;
        if let Some(owner) = owner
            && let Some(held) = self.owners.get_mut(&owner)
        {
            *held = held.saturating_sub(octets);
            if *held == 0 {
                self.owners.remove(&owner);
            }
        }
        self.serve(true);
        self.serve(false);
    }

    /// Takes a wish back: octets granted meanwhile are free again.
    pub fn withdraw(&mut self, ticket: &Ticket) {
        let wish = ticket.0.wish;
        let queue = self.queue(wish.is_small());
        match queue.iter().position(|waiting| Arc::ptr_eq(&waiting.0, &ticket.0)) {
            Some(at) => {
                queue.remove(at);
                // Others may have waited behind it.
                self.serve(wish.is_small());
            }
            None => self.give_back(wish.owner, wish.more),
        }
    }

    fn queue(&mut self, small: bool) -> &mut VecDeque<Ticket> {
        if small { &mut self.small } else { &mut self.large }
    }

    fn answer(&self, wish: Wish) -> Answer {
        let held = wish.owner.and_then(|owner| self.owners.get(&owner)).copied().unwrap_or(0);
        let elsewhere = held.saturating_sub(wish.whole - wish.more);
        // An owner of little else (the last pieces of incomplete letters) may have one letter, however large.
        if elsewhere > self.total / 8 && held + wish.more > self.total / 4 {
            return Answer::OwnersTurn;
        }
        let kept = if wish.is_small() { 0 } else { self.total / 8 };
        if self.free >= wish.more + kept { Answer::Yes } else { Answer::TooLittle }
    }

    /// Grants all wishes that can be granted, in order.
    fn serve(&mut self, small: bool) {
        let mut at = 0;
        while let Some(ticket) = self.queue(small).get(at).cloned() {
            let wish = ticket.0.wish;
            match self.answer(wish) {
                Answer::Yes => {
                    self.queue(small).remove(at);
                    self.free -= wish.more;
                    if let Some(owner) = wish.owner {
                        *self.owners.entry(owner).or_default() += wish.more;
                    }
                    ticket.grant();
                }
                Answer::OwnersTurn => at += 1,
                // Nobody overtakes: otherwise a large wish would wait for ever.
                Answer::TooLittle => return,
            }
        }
    }
}
