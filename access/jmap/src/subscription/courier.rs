//! Carries messages to clients: takes errands from the methods, and keeps a task for each subscription.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use https::{Client, Limits, Url};
use mail::Timestamp;
use mail::seam::{AccountId, OurFault};
use tokio::sync::mpsc::{OwnedPermit, Receiver, Sender, channel};
use tokio::task::JoinSet;

use super::{Credentials, Subscription, SubscriptionId, errand, table};
use crate::push::States;
use crate::server::Server;

/// The limits of one message, for the client that [`Server::push_with`](crate::Server::push_with) gets.
pub const PUSHES: Limits = Limits { time: Duration::from_secs(15), body: 64 * 1024, redirects: 0 };
/// Errands that wait to be begun.
const WAITING: usize = 256;
/// Codes that are sent for a person within an hour.
const CODES: usize = 32;
const HOUR: Duration = Duration::from_secs(3600);

/// A task for the courier.
pub enum Errand {
    /// Sends a new subscription its code.
    Verify(Box<Subscription>),
    /// Tells a subscription of changes, from these states on.
    Tell(Box<Subscription>, Box<States>),
}

/// Takes errands.
pub struct Courier {
    client: Client,
    credentials: Arc<dyn Credentials>,
    errands: Sender<Errand>,
    codes: Mutex<HashMap<AccountId, (Timestamp, usize)>>,
}

/// Carries them out, once it runs.
pub struct Deliveries(Receiver<Errand>);

impl Courier {
    /// Posts with `client`, as long as `credentials` allows the client in.
    pub fn new(client: Client, credentials: Arc<dyn Credentials>) -> (Self, Deliveries) {
        let (errands, waiting) = channel(WAITING);
        (Self { client, credentials, errands, codes: Mutex::default() }, Deliveries(waiting))
    }

    /// Returns the HTTP client that it posts with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns true if this client may still get messages. An error means that we cannot find out now.
    pub async fn is_good(&self, subscription: &Subscription) -> Result<bool, OurFault> {
        self.credentials.is_good(subscription.account, &subscription.credential, subscription.made).await
    }

    /// Returns true if the server could post to this address.
    pub fn may_post(&self, url: &Url) -> bool {
        self.client.may_ask(url)
    }

    /// Returns room for one more code for a person; `None`: there were enough, or too many wait.
    pub fn verification(&self, account: AccountId, now: Timestamp) -> Option<OwnedPermit<Errand>> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, (since, _)| now.since(*since) < HOUR);
        let (_, count) = codes.entry(account).or_insert((now, 0));
        if *count >= CODES {
            return None;
        }
        let room = self.errands.clone().try_reserve_owned().ok()?;
        *count += 1;
        Some(room)
    }

    /// Starts telling the subscription of changes.
    pub async fn begin(&self, subscription: Subscription, from: States) {
        // Fails only when the server closes; then it begins with the next opening.
        let _ = self.errands.send(Errand::Tell(Box::new(subscription), Box::new(from))).await;
    }
}

impl Deliveries {
    /// Carries errands out until the shutdown.
    pub async fn run(mut self, server: Arc<Server>) {
        let mut tasks = Tasks::default();
        for known in before(&server).await {
            // Clients learn now of the changes that happened while this task was not running.
            tasks.tell(&server, known, None);
        }
        let shutdown = server.shared.shutdown.clone();
        let mut stop = std::pin::pin!(shutdown.requested());
        loop {
            tokio::select! {
                () = &mut stop => return,
                Some(ended) = tasks.all.join_next(), if !tasks.all.is_empty() => tasks.ended(ended.ok().flatten()),
                errand = self.0.recv() => match errand {
                    Some(Errand::Verify(new)) => tasks.verify(&server, *new),
                    Some(Errand::Tell(verified, from)) => tasks.tell(&server, *verified, Some(*from)),
                    None => return,
                },
            }
        }
    }
}

/// The tasks, one for each errand; they end with this. Each returns the subscription that it served.
#[derive(Default)]
struct Tasks {
    all: JoinSet<Option<SubscriptionId>>,
    /// The subscriptions that have a task, so that none has two.
    told: HashSet<SubscriptionId>,
}

impl Tasks {
    fn verify(&mut self, server: &Arc<Server>, new: Subscription) {
        let work = errand::verify(server.clone(), new);
        self.all.spawn(async {
            work.await;
            None
        });
    }

    fn tell(&mut self, server: &Arc<Server>, subscription: Subscription, from: Option<States>) {
        let id = subscription.id;
        if self.told.insert(id) {
            let work = errand::tell(server.clone(), subscription, from);
            self.all.spawn(async move {
                work.await;
                Some(id)
            });
        }
    }

    fn ended(&mut self, told: Option<SubscriptionId>) {
        if let Some(id) = told {
            self.told.remove(&id);
        }
    }
}

/// Returns the subscriptions from before.
async fn before(server: &Server) -> Vec<Subscription> {
    let now = (server.clock)();
    match server.shared.store.read(move |view| table::verified(view, now)).await {
        Ok(known) => known,
        Err(error) => {
            tracing::error!(%error, "clients are not told of changes until the next start");
            Vec::new()
        }
    }
}
