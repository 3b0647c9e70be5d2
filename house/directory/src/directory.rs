//! The directory as the doors see it.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use mail::pace::Moment;
use mail::seam::{AccountId, OurFault, Pending, Recipients, Standing, Writer};
use mail::{Address, Domain, Reply, Timestamp};
use store::{Store, View};
use tokio::sync::{OnceCell, Semaphore};

use crate::lines::Lines;
use crate::memory::Memory;
use crate::slots::Slots;
use crate::stays::Stays;
use crate::throttle::Throttle;
use crate::{Destination, Error, Resolution, ReturnPaths, domain, resolve, returns};

/// A clock that tells the time of day; a test sets its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A monotonic clock that nobody can set; durations are measured by it.
pub type Ticks = Arc<dyn Fn() -> Moment + Send + Sync>;

fn of_this_process() -> Ticks {
    let beginning = Instant::now();
    Arc::new(move || Moment(beginning.elapsed()))
}

/// Knows whether a mailbox can take more. The mailbox does, and this room must not know it.
pub trait Space: Send + Sync {
    /// Returns true if another letter may be filed for this account.
    fn has_room(&self, view: &View, account: AccountId) -> Result<bool, store::Error>;
}

/// Every mailbox can take more.
pub struct NoLimit;

impl Space for NoLimit {
    fn has_room(&self, _: &View, _: AccountId) -> Result<bool, store::Error> {
        Ok(true)
    }
}

/// Answers who is here, and who somebody is. Cheap to clone.
#[derive(Clone)]
pub struct Directory(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) hostname: Domain,
    pub(crate) space: Arc<dyn Space>,
    pub(crate) clock: Clock,
    pub(crate) ticks: Ticks,
    pub(crate) throttle: Mutex<Throttle>,
    pub(crate) memory: Mutex<Memory>,
    /// The log-ins that wait for others of the same name and place.
    pub(crate) lines: Lines,
    /// The log-ins that wait for a password to be checked.
    pub(crate) slots: Slots,
    /// One set of old keys is renewed at a time.
    pub(crate) renewals: Arc<Semaphore>,
    /// The conversations of all people who are connected.
    pub(crate) stays: Stays,
    /// The secret from which keys are made up for names that do not exist.
    pub(crate) pretence: OnceCell<ring::hmac::Key>,
    /// The key of the return paths of forwarded letters.
    pub(crate) return_paths: OnceCell<ReturnPaths>,
}

impl Directory {
    /// `hostname` is the name of this post office: its postmaster is one of our people.
    pub fn new(store: Store, hostname: Domain, space: Arc<dyn Space>, clock: Clock) -> Self {
        Self::with_ticks(store, hostname, space, clock, of_this_process())
    }

    /// The same, by another monotonic clock than that of the process.
    pub fn with_ticks(store: Store, hostname: Domain, space: Arc<dyn Space>, clock: Clock, ticks: Ticks) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self(Arc::new(Inner {
            store,
            hostname,
            space,
            clock,
            ticks,
            throttle: Mutex::new(Throttle::new()),
            memory: Mutex::new(Memory::new()),
            lines: Lines::new(),
            slots: Slots::new(processors),
            renewals: Arc::new(Semaphore::new(1)),
            stays: Stays::default(),
            pretence: OnceCell::new(),
            return_paths: OnceCell::new(),
        }))
    }

    /// Finds where letters for each of these addresses go, in the same order, all in one view of the data.
    pub async fn resolve(&self, addresses: Vec<Address>) -> Result<Vec<Resolution>, Error> {
        let (hostname, now) = (self.0.hostname.clone(), (self.0.clock)());
        let paths = self.return_paths_for(&addresses).await?;
        let each = move |view: &View| {
            addresses.iter().map(|address| returns::resolve(view, &hostname, paths.as_ref(), address, now)).collect()
        };
        self.0.store.read(each).await
    }

    /// Returns true if we have a domain.
    pub async fn has_domain(&self) -> Result<bool, OurFault> {
        let any = |view: &View| view.query_opt("SELECT 1 FROM domain LIMIT 1", store::params![], |_| Ok(()));
        let found: Result<_, store::Error> = self.0.store.read(any).await;
        found.map(|found| found.is_some()).map_err(|error| OurFault(error.to_string()))
    }

    async fn standing_of(&self, address: Address) -> Result<Standing, Error> {
        let (inner, now) = (self.0.clone(), (self.0.clock)());
        let paths = self.return_paths_for(std::slice::from_ref(&address)).await?;
        let look = move |view: &View| match returns::resolve(view, &inner.hostname, paths.as_ref(), &address, now)? {
            Resolution::Unknown => Ok(Standing::Unknown),
            Resolution::Elsewhere => Ok(Standing::Elsewhere),
            Resolution::Ours(places) => {
                let room = any_room(view, &*inner.space, &places)?;
                Ok(if room { Standing::Ours } else { Standing::Full })
            }
        };
        self.0.store.read(look).await
    }
}

/// The number of domains that are looked through for a letter that names none.
const DOMAINS: usize = 100;

/// The first address with this local part that leads to somebody, over our domains in their order.
fn under_any_domain(view: &View, local: &str) -> Result<Option<Address>, Error> {
    for entry in domain::list(view)?.into_iter().take(DOMAINS) {
        let Ok(address) = Address::new(local, entry.name) else { return Ok(None) };
        if matches!(resolve(view, None, &address)?, Resolution::Ours(_)) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// Another post office says itself what it can take.
fn any_room(view: &View, space: &dyn Space, places: &[Destination]) -> Result<bool, store::Error> {
    for place in places {
        match place {
            Destination::Remote(_) => return Ok(true),
            Destination::Local { account, .. } if space.has_room(view, *account)? => return Ok(true),
            Destination::Local { .. } => {}
        }
    }
    Ok(false)
}

impl Recipients for Directory {
    fn standing<'a>(&'a self, address: &'a Address) -> Pending<'a, Result<Standing, OurFault>> {
        Box::pin(async { self.standing_of(address.clone()).await.map_err(our_fault) })
    }

    fn closed_to<'a>(
        &'a self,
        writer: Writer<'a>,
        address: &'a Address,
    ) -> Pending<'a, Result<Option<Reply>, OurFault>> {
        self.closed_to_writer(writer, address)
    }

    fn under_our_ip<'a>(&'a self, local: &'a str) -> Pending<'a, Result<Option<Address>, OurFault>> {
        let local = local.to_owned();
        Box::pin(async move { self.0.store.read(move |view| under_any_domain(view, &local)).await.map_err(our_fault) })
    }
}

pub(crate) fn our_fault(error: Error) -> OurFault {
    OurFault(error.to_string())
}
