//! Asks what stands behind us whether somebody is there, while the sender of a letter is still connected: else a letter
//! for nobody would have to come back to a sender that is often forged.
//!
//! A server is asked as it would be for a letter, up to RCPT (the way of Postfix's address verification). Its answer
//! is remembered for a while. While it cannot be asked, the people it has known go on getting letters, which wait in
//! the queue; for all others the sender is told to come again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mail::seam::{OurFault, Standing};
use mail::{Address, Reply, ReturnPath};
use smtp::{Command, Forward, MailFrom, RcptTo};

use super::account::Account;
use super::direct::reach;
use super::hosts::{SmtpWay, Way, by_route};
use super::line::Line;
use super::means::Means;
use super::rooms::Rooms;
use super::transaction::Fate;
use crate::route::{Person, Route, RunAs, Target, Template};

/// The time for which a person who is there is not asked for again.
const KNOWN: Duration = Duration::from_secs(3600);
/// The time for which an address that nobody has is not asked for again: somebody may have moved in.
const UNKNOWN: Duration = Duration::from_secs(300);
/// The time for which a person is believed to be there still, while nobody can be asked.
const BELIEVED: Duration = Duration::from_secs(14 * 24 * 3600);
/// A server that could not be reached is not tried again for each recipient.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest time that a sender is kept waiting for the answer.
const PATIENCE: Duration = Duration::from_secs(25);
/// Questions at one time.
const AT_ONCE: usize = 20;
/// Answers that are remembered.
const MOST_KNOWN: usize = 50_000;

/// Finds out who is there behind us. Cheap to clone.
#[derive(Clone)]
pub struct Prober(Arc<Inner>);

struct Inner {
    means: Means,
    rooms: Arc<Rooms>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    people: HashMap<Address, (bool, Instant)>,
    /// Sites that could not be asked, and since when.
    away: HashMap<String, Instant>,
}

impl Prober {
    /// Connects with these means; its routes and recipients do not matter.
    pub fn new(means: Means) -> Self {
        let rooms = Rooms::new(AT_ONCE, means.waits.crowded);
        Self(Arc::new(Inner { means, rooms, memory: Mutex::default() }))
    }

    /// Asks whether there is somebody of this address where `route` leads. The answer is [`Standing::Behind`],
    /// [`Standing::Unknown`] or [`Standing::Full`]; an error where that cannot be found out now.
    pub async fn ask(&self, route: &Route, address: &Address) -> Result<Standing, OurFault> {
        match &route.to {
            Target::Maildir(path) => Ok(has_folder(path, address).await),
            Target::Program(_) => Ok(has_account(route.run_as.as_ref(), address).await),
            Target::Host(_) | Target::Socket(_) => self.ask_server(route, address).await,
        }
    }

    async fn ask_server(&self, route: &Route, address: &Address) -> Result<Standing, OurFault> {
        let before = self.lock().people.get(address).copied();
        if let Some((is_there, since)) = before
            && since.elapsed() < if is_there { KNOWN } else { UNKNOWN }
        {
            return Ok(if is_there { Standing::Behind } else { Standing::Unknown });
        }
        match self.fresh(route, address).await {
            Ok(standing) => {
                self.remember(address, standing != Standing::Unknown);
                Ok(standing)
            }
            Err(fault) if before.is_some_and(|(is_there, since)| is_there && since.elapsed() < BELIEVED) => {
                tracing::warn!(to = %address, %fault, "cannot be asked for; known from before");
                Ok(Standing::Behind)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn fresh(&self, route: &Route, address: &Address) -> Result<Standing, OurFault> {
        let (site, Way::Smtp(way)) = by_route(route) else { return Ok(Standing::Behind) };
        if self.lock().away.get(&site).is_some_and(|since| since.elapsed() < PAUSE) {
            return Err(OurFault(format!("{route} could not be reached a moment ago")));
        }
        let reached = tokio::time::timeout(PATIENCE, self.converse(&way, address)).await;
        let reached = reached.unwrap_or_else(|_| Err(OurFault(format!("{route} was too slow to answer"))));
        match &reached {
            Ok(_) => self.lock().away.remove(&site),
            Err(_) => self.lock().away.insert(site, Instant::now()),
        };
        reached?
    }

    /// Asks the server about the address; the outer error says that it could not be asked at all.
    async fn converse(&self, way: &SmtpWay, address: &Address) -> Result<Result<Standing, OurFault>, OurFault> {
        let means = &self.0.means;
        let mut line = reach(means, &self.0.rooms, way).await?;
        if address.needs_smtputf8() && !line.offers.smtputf8 {
            line.quit().await;
            return Ok(Ok(Standing::Unknown));
        }
        let standing = rcpt(&mut line, address, means.waits.command).await;
        // The next question must not wait for the goodbye.
        tokio::spawn(line.quit());
        Ok(standing)
    }

    fn remember(&self, address: &Address, is_there: bool) {
        let mut memory = self.lock();
        if memory.people.len() >= MOST_KNOWN {
            memory.people.retain(|_, (is_there, since)| *is_there && since.elapsed() < KNOWN);
        }
        if memory.people.len() >= MOST_KNOWN {
            memory.people.clear();
        }
        memory.people.insert(address.clone(), (is_there, Instant::now()));
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn rcpt(line: &mut Line, address: &Address, wait: Duration) -> Result<Standing, OurFault> {
    let fault = |what: String| OurFault(what);
    let mut mail = MailFrom::new(ReturnPath::Null);
    mail.smtputf8 = address.needs_smtputf8();
    let reply = line.ask(&Command::Mail(mail), wait).await.map_err(|lost| fault(lost.to_string()))?;
    if !reply.is_positive() {
        return Err(fault(format!("{} said {reply} to MAIL", line.host)));
    }
    let rcpt = Command::Rcpt(RcptTo::new(Forward::Address(address.clone())));
    let reply = line.ask(&rcpt, wait).await.map_err(|lost| fault(lost.to_string()))?;
    standing(&reply).ok_or_else(|| fault(format!("{} said {reply} to RCPT", line.host)))
}

fn standing(reply: &Reply) -> Option<Standing> {
    match reply.code {
        200..300 => Some(Standing::Behind),
        452 | 552 => Some(Standing::Full),
        500..600 => Some(Standing::Unknown),
        _ => None,
    }
}

/// Whoever has a folder is there. A disk that does not answer says nothing against anybody.
async fn has_folder(template: &Template, address: &Address) -> Standing {
    let Ok(path) = template.path(&Person::new(address, &ReturnPath::Null)) else { return Standing::Unknown };
    let looked = tokio::task::spawn_blocking(move || std::fs::metadata(path));
    match looked.await {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Standing::Unknown,
        _ => Standing::Behind,
    }
}

/// Tells whether the recipient has an account on this machine, if a program runs as the recipient; else only the
/// program knows.
async fn has_account(run_as: Option<&RunAs>, address: &Address) -> Standing {
    match Account::of(run_as, &Person::new(address, &ReturnPath::Null)).await {
        Err(Fate::Never(_)) => Standing::Unknown,
        _ => Standing::Behind,
    }
}
