//! Checks who people are.
//!
//! In this order, so that a flood of strangers is turned away before it costs anything: is the place refused; was the password
//! right not long ago; a turn among those of the same name and place; and only then a slot, in which the password is worked
//! on. A name that does not exist goes the same way, and costs the same.

use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use mail::seam::{AccountId, Login, LoginVerdict, Logins, OurFault, Pending, ScramKeys};
use mail::stay::{Doing, SharedStay};
use mail::{Address, Password};
use store::{Key, View};

use crate::directory::our_fault;
use crate::familiar::{self, Standing};
use crate::fold::{fold, fold_address};
use crate::memory::Memory;
use crate::peer_network::PeerNetwork;
use crate::person::{self, Person};
use crate::throttle::{Ruling, Throttle, Try};
use crate::{Destination, Directory, Error, Resolution, group, resolve, secret};

/// The longest time that a log-in waits for earlier ones of the same name and network.
const PATIENCE: Duration = Duration::from_secs(15);
/// The time after which a client should try again when too many passwords are being checked.
const SOON: Duration = Duration::from_secs(5);
/// The account number that no account has.
const NOBODY: AccountId = AccountId(0);

/// The name that is tried, and the place it is tried from.
struct Visitor {
    place: PeerNetwork,
    /// The name as it was given.
    given: String,
    /// Folded: the name under which failures are counted.
    name: String,
}

impl Visitor {
    fn of(name: &str, from: IpAddr) -> Self {
        Self { place: PeerNetwork::of(from), given: name.to_owned(), name: fold_name(name) }
    }
}

/// The facts that the tables have of a visitor.
struct Known {
    person: Option<Person>,
    standing: Standing,
}

/// The outcome of a password.
enum Checked {
    Right,
    Wrong,
    Busy,
}

impl Logins for Directory {
    fn check<'a>(
        &'a self,
        name: &'a str,
        password: &'a Password,
        from: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { self.check_password(name, password, from).await.map_err(our_fault) })
    }

    fn scram_keys<'a>(&'a self, name: &'a str, _: IpAddr) -> Pending<'a, Result<ScramKeys, OurFault>> {
        Box::pin(async move { self.keys(name).await.map_err(our_fault) })
    }

    fn scram_done<'a>(
        &'a self,
        name: &'a str,
        proved: bool,
        from: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { self.settle_scram(name, proved, from).await.map_err(our_fault) })
    }

    fn may_write_as<'a>(&'a self, person: &'a Login, address: &'a Address) -> Pending<'a, Result<bool, OurFault>> {
        let (account, address) = (person.account, address.clone());
        Box::pin(async move { self.leads_to(address, account).await.map_err(our_fault) })
    }

    fn stay(&self, person: &Login, doing: Doing, from: IpAddr) -> SharedStay {
        self.begin_stay(person, doing, from)
    }
}

impl Directory {
    async fn check_password(&self, name: &str, password: &Password, from: IpAddr) -> Result<LoginVerdict, Error> {
        let visitor = Visitor::of(name, from);
        let known = self.look_up(&visitor).await?;
        if let Some(wait) = self.throttle().refuses(visitor.place, known.standing.is_familiar(), (self.0.ticks)()) {
            return Ok(refused(&visitor, wait));
        }
        if self.remembers(&known, password) {
            return self.welcome(&visitor, known).await;
        }
        let Some(standing) = self.0.lines.join(visitor.place.household(), &visitor.name) else { return Ok(busy()) };
        let Ok(_turn) = tokio::time::timeout(PATIENCE, standing.turn()).await else { return Ok(busy()) };
        // Whoever stood before may have been let in meanwhile, or the password may be another one.
        let known = self.look_up(&visitor).await?;
        let attempt = match self.begin(&visitor, known.standing) {
            Ruling::Try(attempt) => attempt,
            Ruling::Refused(wait) => return Ok(refused(&visitor, wait)),
        };
        match self.check_slowly(&visitor, &known, password, attempt.wait).await {
            Ok(Checked::Wrong) => Ok(wrong(known.person, from)),
            Ok(Checked::Right) => {
                self.throttle().withdraw(attempt);
                self.welcome(&visitor, known).await
            }
            // Neither is the person's doing.
            Ok(Checked::Busy) => {
                self.throttle().withdraw(attempt);
                Ok(busy())
            }
            Err(error) => self.withdraw(attempt, error),
        }
    }

    /// Checks where blocking is allowed, when there is a free slot.
    async fn check_slowly(
        &self,
        visitor: &Visitor,
        known: &Known,
        password: &Password,
        wait: Duration,
    ) -> Result<Checked, Error> {
        // If a mail client logs in many times at once, the first log-in is remembered, and the others need no Argon2.
        if self.remembers(known, password) {
            return Ok(Checked::Right);
        }
        tokio::time::sleep(wait).await;
        let queue = match known.standing.is_familiar() {
            true => &self.0.slots.familiar,
            false => &self.0.slots.strangers,
        };
        let Ok(mut turn) = queue.turn(visitor.place, (self.0.ticks)()).await else { return Ok(Checked::Busy) };
        let (given, hash) = (password.clone(), known.person.as_ref().map(|person| person.argon2.clone()));
        // The slot goes along: a client that hangs up does not end the work, which still needs the processor and the memory.
        let work = move || secret::fits(&given, hash.as_deref(), turn.workspace());
        let fits = tokio::task::spawn_blocking(work).await.map_err(|error| Error::Hash(error.to_string()))??;
        let (true, Some(person)) = (fits, &known.person) else { return Ok(Checked::Wrong) };
        queue.forgive(visitor.place);
        self.memory().remember(person.login.account, &person.argon2, password, (self.0.ticks)());
        self.renew_keys(person, password);
        Ok(Checked::Right)
    }

    async fn settle_scram(&self, name: &str, proved: bool, from: IpAddr) -> Result<LoginVerdict, Error> {
        let visitor = Visitor::of(name, from);
        let Some(standing) = self.0.lines.join(visitor.place.household(), &visitor.name) else { return Ok(busy()) };
        let Ok(_turn) = tokio::time::timeout(PATIENCE, standing.turn()).await else { return Ok(busy()) };
        let known = self.look_up(&visitor).await?;
        let attempt = match self.begin(&visitor, known.standing) {
            Ruling::Try(attempt) => attempt,
            Ruling::Refused(wait) => return Ok(refused(&visitor, wait)),
        };
        tokio::time::sleep(attempt.wait).await;
        match &known.person {
            Some(person) if proved && person.scram.is_some() => {
                self.throttle().withdraw(attempt);
                self.welcome(&visitor, known).await
            }
            _ => Ok(wrong(known.person, from)),
        }
    }

    async fn leads_to(&self, address: Address, account: AccountId) -> Result<bool, Error> {
        let hostname = self.0.hostname.clone();
        let look = move |view: &View| match resolve(view, Some(&hostname), &address)? {
            Resolution::Ours(_) if group::first_of(view, &address)?.is_some_and(|group| !group.members_write_as) => {
                Ok(false)
            }
            Resolution::Ours(places) => Ok(places.iter().any(|place| is_local_to(place, account))),
            Resolution::Unknown | Resolution::Elsewhere => Ok(false),
        };
        self.0.store.read(look).await
    }

    async fn look_up(&self, visitor: &Visitor) -> Result<Known, Error> {
        let (given, name) = (visitor.given.clone(), visitor.name.clone());
        let (household, now) = (visitor.place.household(), (self.0.clock)());
        let look = move |view: &View| {
            let standing = familiar::look(view, household, &name, now)?;
            Ok(Known { person: person::find(view, &given)?, standing })
        };
        self.0.store.read(look).await
    }

    fn begin(&self, visitor: &Visitor, standing: Standing) -> Ruling {
        self.throttle().begin(visitor.place, &visitor.name, standing.is_familiar(), (self.0.ticks)())
    }

    fn remembers(&self, known: &Known, password: &Password) -> bool {
        let (account, hash) = match &known.person {
            Some(person) => (person.login.account, &*person.argon2),
            None => (NOBODY, secret::NOBODY),
        };
        self.memory().knows(account, hash, password, (self.0.ticks)())
    }

    async fn welcome(&self, visitor: &Visitor, known: Known) -> Result<LoginVerdict, Error> {
        let Known { person: Some(Person { login, .. }), standing } = known else { return Ok(LoginVerdict::Wrong) };
        if standing != Standing::Noted {
            let (account, household, name) = (login.account, visitor.place.household(), visitor.name.clone());
            let now = (self.0.clock)();
            let noted =
                self.0.store.write(Key::Directory, move |tx| familiar::note(tx, account, household, &name, now)).await;
            // A full disk is no reason to keep people out: they come in, and can then make room.
            if let Err(error) = noted {
                tracing::warn!(%error, "the place of a log-in could not be written down");
            }
        }
        Ok(LoginVerdict::Welcome(login))
    }

    /// Lifts what failed log-ins have brought upon a name, and upon the places that are refused now. Returns whether
    /// there was anything to lift.
    pub fn lift_block(&self, name: &str) -> bool {
        self.throttle().lift(&fold_name(name), (self.0.ticks)())
    }

    fn withdraw<T>(&self, attempt: Try, error: Error) -> Result<T, Error> {
        self.throttle().withdraw(attempt);
        Err(error)
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(visitor: &Visitor, wait: Duration) -> LoginVerdict {
    let (network, seconds) = (visitor.place.household(), wait.as_secs());
    tracing::warn!(%network, seconds, "log-in not tried: too many failures from this network");
    LoginVerdict::TooMany(wait)
}

fn busy() -> LoginVerdict {
    tracing::debug!("log-in not tried: too many are being checked");
    LoginVerdict::Busy(SOON)
}

/// Only names that exist are logged: people type passwords where a name belongs.
fn wrong(person: Option<Person>, from: IpAddr) -> LoginVerdict {
    match person {
        Some(person) => tracing::info!(%from, address = %person.login.address, "log-in failed: wrong password"),
        None => tracing::info!(%from, "log-in failed: no such name"),
    }
    LoginVerdict::Wrong
}

fn is_local_to(place: &Destination, person: AccountId) -> bool {
    matches!(place, Destination::Local { account, .. } if *account == person)
}

/// The name under which failures are counted and keys are made up.
pub(crate) fn fold_name(name: &str) -> String {
    Address::parse(name).map_or_else(|_| fold(name), |address| fold_address(&address))
}
