//! The people who are in the house now, and those of them who have to go.
//!
//! Each conversation of somebody who was let in stands in one book, with what let them in. [`Directory::watch_over`] looks at
//! those again whenever credentials were changed: it wakes by the notice that goes out behind such a commit, whichever
//! process or command wrote it, and each minute where no notice came. A conversation that begins is looked at once more
//! behind its log-in, so that a change between the two is not missed. Only a positive answer ends anything: where the
//! data cannot be read, everybody stays and they are asked again.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use mail::Timestamp;
use mail::seam::{AccountId, Login, Pending};
use mail::stay::{Doing, Leave, Proof, SharedStay, Stay};
use store::{View, params};
use tokio::sync::Notify;

use crate::{CREDENTIALS, Directory, Error, session};

/// Without a notice, everybody is looked at this often.
const ROUND: Duration = Duration::from_secs(60);
/// Conversations that come together are looked at together.
const PAUSE: Duration = Duration::from_millis(50);
/// After a look that failed.
const AGAIN: Duration = Duration::from_secs(1);
/// Proofs looked at in one read.
const SLICE: usize = 200;
/// When more than this have come since the last look, all are looked at.
const FRESH: usize = 10_000;

/// A conversation of somebody who was let in, as it stands in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its number, never used again while this process runs.
    pub number: u64,
    /// The account it belongs to.
    pub account: AccountId,
    /// The kind of conversation.
    pub doing: Doing,
    /// The address that they are connected from.
    pub from: IpAddr,
    /// The time at which they came in.
    pub since: Timestamp,
    /// The proof that let the person in.
    pub proof: Proof,
}

/// All connections of people in the house.
#[derive(Default)]
pub(crate) struct Stays {
    book: Arc<Mutex<Book>>,
    /// Tells that a connection has come that was not looked at yet.
    came: Notify,
}

#[derive(Default)]
struct Book {
    last: u64,
    open: BTreeMap<u64, Arc<Entry>>,
    /// The connections that were not looked at yet.
    fresh: Vec<Arc<Entry>>,
    /// There were too many of them.
    too_many: bool,
}

/// One conversation.
struct Entry {
    open: Open,
    over: OnceLock<Leave>,
    bell: Notify,
}

/// Held by the conversation: it is out of the book when this is dropped.
struct Guest {
    entry: Arc<Entry>,
    book: Arc<Mutex<Book>>,
}

impl Entry {
    fn end(&self, leave: Leave) {
        if self.over.set(leave).is_ok() {
            self.bell.notify_waiters();
        }
    }
}

impl Stay for Guest {
    fn over(&self) -> Pending<'_, Leave> {
        Box::pin(async {
            loop {
                // Registered before the look, so that an end between the look and the wait is not missed.
                let rung = self.entry.bell.notified();
                if let Some(leave) = self.is_over() {
                    return leave;
                }
                rung.await;
            }
        })
    }

    fn is_over(&self) -> Option<Leave> {
        self.entry.over.get().copied()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        locked(&self.book).open.remove(&self.entry.open.number);
    }
}

fn locked(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stays {
    fn begin(&self, person: &Login, doing: Doing, from: IpAddr, since: Timestamp) -> SharedStay {
        let mut book = locked(&self.book);
        book.last += 1;
        let open = Open { number: book.last, account: person.account, doing, from, since, proof: person.proof };
        let entry = Arc::new(Entry { open, over: OnceLock::new(), bell: Notify::new() });
        book.open.insert(entry.open.number, entry.clone());
        if book.fresh.len() < FRESH {
            book.fresh.push(entry.clone());
        } else {
            book.too_many = true;
        }
        drop(book);
        self.came.notify_one();
        Arc::new(Guest { entry, book: self.book.clone() })
    }

    /// Returns the connections to look at: all, or those that have come since the last time.
    fn to_look_at(&self, all: bool) -> Vec<Arc<Entry>> {
        let mut book = locked(&self.book);
        let fresh = std::mem::take(&mut book.fresh);
        match std::mem::take(&mut book.too_many) || all {
            true => book.open.values().cloned().collect(),
            false => fresh,
        }
    }

    fn entries(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        locked(&self.book).open.values().filter(|entry| wanted(entry)).cloned().collect()
    }
}

impl Directory {
    /// Notes that a person who was let in begins a conversation: see [`mail::seam::Logins::stay`].
    pub(crate) fn begin_stay(&self, person: &Login, doing: Doing, from: IpAddr) -> SharedStay {
        self.0.stays.begin(person, doing, from, (self.0.clock)())
    }

    /// The conversations that are open, of this person or of all, in the order they began.
    pub fn open_conversations(&self, account: Option<AccountId>) -> Vec<Open> {
        let is_wanted = |entry: &Entry| account.is_none_or(|account| entry.open.account == account);
        self.0.stays.entries(is_wanted).iter().map(|entry| entry.open.clone()).collect()
    }

    /// Ends conversations of a person, this one or all; returns how many. Whoever knows the password may come back.
    pub fn end_conversations(&self, account: AccountId, number: Option<u64>) -> usize {
        let is_meant = |open: &Open| open.account == account && number.is_none_or(|number| open.number == number);
        let meant = self.0.stays.entries(|entry| is_meant(&entry.open));
        meant.iter().for_each(|entry| entry.end(Leave::Dismissed));
        meant.len()
    }

    /// Ends the conversations of a person but those that `own` let in; returns how many.
    pub fn end_other_conversations(&self, account: AccountId, own: Proof) -> usize {
        let meant = self.0.stays.entries(|entry| entry.open.account == account && entry.open.proof != own);
        meant.iter().for_each(|entry| entry.end(Leave::Dismissed));
        meant.len()
    }

    /// Ends the conversations of those whose credentials are no longer good, until `shutdown` is done.
    pub async fn watch_over(&self, shutdown: impl Future<Output = ()>) {
        let work = async {
            // Watched first, read then: no change falls between.
            let (mut watch, mut all) = (self.0.store.watch(CREDENTIALS), false);
            loop {
                if let Err(error) = self.look(all).await {
                    tracing::warn!(%error, "who is here cannot be looked at now; it is tried again");
                    all = true;
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
                all = tokio::select! {
                    () = watch.changed() => true,
                    () = tokio::time::sleep(ROUND) => true,
                    () = self.0.stays.came.notified() => false,
                };
                tokio::time::sleep(PAUSE).await;
                all |= watch.take();
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = work => {}
        }
    }

    /// Looks at all, or at those who have come since the last time, a slice at a time.
    async fn look(&self, all: bool) -> Result<(), Error> {
        let mut by_proof: HashMap<(AccountId, Proof), Vec<Arc<Entry>>> = HashMap::new();
        for entry in self.0.stays.to_look_at(all) {
            by_proof.entry((entry.open.account, entry.open.proof)).or_default().push(entry);
        }
        let proofs: Vec<_> = by_proof.keys().copied().collect();
        for slice in proofs.chunks(SLICE) {
            let (slice, now) = (slice.to_vec(), (self.0.clock)());
            let judge = move |view: &View| {
                let judged = slice.iter().map(|whose| Ok((*whose, verdict(view, *whose, now)?)));
                judged.collect::<Result<Vec<_>, Error>>()
            };
            for (whose, leave) in self.0.store.read(judge).await? {
                for entry in by_proof.get(&whose).into_iter().flatten() {
                    if let Some(leave) = leave {
                        entry.end(leave);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Says why a person who was let in with this has to go; `None`: they may stay.
fn verdict(view: &View, (account, proof): (AccountId, Proof), now: Timestamp) -> Result<Option<Leave>, Error> {
    let sql = "SELECT password.changed FROM account LEFT JOIN password
               ON password.account = account.id AND password.label = '' WHERE account.id = $1";
    let found = view.query_opt(sql, params![account.0], |row| row.get::<Option<i64>>(0))?;
    let Some(changed) = found else { return Ok(Some(Leave::AccountGone)) };
    Ok(match proof {
        Proof::Unknown => None,
        Proof::Password(known) => (changed != Some(known)).then_some(Leave::NewPassword),
        Proof::Session(number) => match session::password_of(view, account, number, now)? {
            None => Some(Leave::SessionEnded),
            Some(known) => (changed != Some(known)).then_some(Leave::NewPassword),
        },
    })
}
