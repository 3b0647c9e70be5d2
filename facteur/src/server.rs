//! One running post office: its data, its doors, and whoever stands behind them.

mod domain_keys;
mod doors;
mod fault;
mod holds;
mod host_name;
mod mail_doors;
mod outbox;
mod own_addresses;
mod room;
mod routes;
mod rules;
mod senders;
mod staff;
mod web;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use intake::Intake;
use mail::Address;
use mail::seam::Login;
use mail::trace::Witness;
use mta::delivery::{Delivery, Means, Prober, Sources};
use net::{ServerTls, Stop};
use store::{Lock, OpenError, Store};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::{BindAddress, Config, Door};
use crate::context::Running;
use crate::control::{self, ControlSocket};
use crate::failure::Failure;
use crate::rights::ServiceUser;
use crate::{data_folder, private};
pub use domain_keys::is_published;
use doors::OpenDoor;
pub use fault::StartFault;
pub use host_name::look_into as look_into_host_name;
pub use routes::{read as read_routes, resolver};
pub use rules::{InForce, added_routes};
use senders::Senders;
pub use staff::means;
use staff::{Others, Staff};

/// The time that a conversation in the middle of something may take to end. After it the rest is cut off: whatever
/// was acknowledged is on disk, and the clients send the rest again.
const GRACE: Duration = Duration::from_secs(8);

/// The time that the server waits for a command that has the data.
const PATIENCE: Duration = Duration::from_secs(5);

/// A post office that is open.
pub struct Server {
    store: Store,
    doors: Vec<(Door, BindAddress)>,
    invitations: mua::Invitations,
    tls: ServerTls,
    stop: Stop,
    tasks: JoinSet<()>,
    trace_task: TraceTask,
    _lock: Lock,
}

impl Server {
    /// Opens a post office whole, or says why not and leaves nothing behind. With a user to work as, root's rights are given
    /// up as soon as the doors are open and the passwords of smarthosts are read.
    pub async fn open(config: Config, service: Option<ServiceUser>) -> Result<Self, StartFault> {
        let us = service.as_ref().map_or_else(|| rustix::process::geteuid().as_raw(), ServiceUser::uid);
        let routes = Arc::new(routes::read(&config, us)?);
        let opened_as_root = service.map(|user| open_and_take_over(&config, &user)).transpose()?;
        let rest = private::close(&config.data).map_err(StartFault::Exposed)?;
        let lock = take_lock(&config.data).await.map_err(StartFault::Data)?;
        // Before anything is made in a folder of which a part may be missing.
        store::has_office(&config.data).map_err(StartFault::Data)?;
        rest.close_behind();
        let tls = ServerTls::self_signed(&config.data, config.hostname.as_str()).map_err(StartFault::Tls)?;
        let resolver = routes::resolver(&config)?;
        let open_doors = match opened_as_root {
            Some(doors) => doors,
            None => doors::open(&config).map_err(StartFault::Door)?,
        };
        doors::warn_of_hidden(&config, &open_doors);
        let store = open_store(&config).await?;
        let counter = ControlSocket::open(&config.data).map_err(StartFault::ControlSocket)?;

        let (journal, trace_task) = TraceTask::start(store.clone());
        let witness: Arc<dyn Witness> = Arc::new(journal);
        let senders = Senders::new(&config, &store, &resolver, &routes);
        let keyring = domain_keys::keyring(&store, &config).await;
        let rules = InForce::read(&store, routes.clone(), &config.data).await;
        let intake = Intake::new(store.clone(), &config.hostname)
            .with_witness(witness.clone())
            .with_signer(Arc::new(keyring.clone()))
            .with_routes(routes.clone())
            .with_forward_rate(config.forward_rate)
            .with_checks(rules.rulebook.checks())
            .with_checks(vec![senders.proof()])
            .with_rules(vec![senders.rule()])
            .with_copies(Arc::new(rules.rulebook.clone()));
        let means = staff::means(&store, &intake, &routes, resolver.clone()).map_err(StartFault::Tls)?;
        let means = Means { sources: Arc::new(Sources::new(config.send_addresses.clone())), ..means };
        let prober = Prober::new(means.clone());
        let recipients = Arc::new(intake.everyone().asked_by(prober.clone()));
        let for_people = Arc::new(intake.everyone().asked_by(prober).for_people());

        let doors = doors::places(&open_doors);
        let (stop, shutdown) = Stop::new();
        let kept = staff::kept(&config.data);
        let memory = kept.memory().clone();
        let keys = domain_keys::Keeper::new(keyring, &store, &config, resolver.clone());
        let home = web::home(&config, &store, resolver.clone());
        let outside = web::Outside::new(resolver.clone(), kept.clone(), &home).map_err(StartFault::Tls)?;
        let invitations = mua::Invitations::default();
        let pages = web::PagesTold { invitations: invitations.clone(), doors: mail_doors::of(&config, &doors) };
        let senders = senders.domains();
        let others = Others { recipients, for_people, senders, outside, pages, kept, rulebook: rules.rulebook.clone() };
        let staff = Staff::new(&config, &store, &intake, others, &tls, &shutdown, &witness);
        let mut tasks = JoinSet::new();
        for open in open_doors {
            staff.serve(open.door, open.listener, &mut tasks);
        }
        tasks.spawn(Delivery::new(means.clone()).run(shutdown.clone()));
        let running =
            Running { store: store.clone(), intake: intake.clone(), memory: memory.clone(), rules: rules.clone() };
        tasks.spawn(intake.holds().run(shutdown.clone()));
        tasks.spawn(counter.run(config.clone(), running, shutdown.clone()));
        tasks.spawn(intake.clone().tell_of_forwards(shutdown.clone()));
        let (data, directory) = (config.data.clone(), intake.directory().clone());
        tasks.spawn(staff::fetching(intake, means, data, memory, shutdown.clone()));
        tasks.spawn(staff::watch_over(directory, shutdown.clone()));
        tasks.spawn(web::housekeeping(store.clone(), shutdown.clone()));
        tasks.spawn(own_addresses::keep(store.clone(), shutdown.clone()));
        tasks.spawn(keys.keep(shutdown.clone()));
        tasks.spawn(rules.keep(shutdown.clone()));
        tasks.spawn(staff::housekeeping(store.clone(), shutdown));
        for (door, place) in &doors {
            tracing::info!("{} is open on {place}", door.name());
        }
        Ok(Self { store, doors, invitations, tls, stop, tasks, trace_task, _lock: lock })
    }

    /// Returns the addresses of the doors.
    pub fn doors(&self) -> &[(Door, BindAddress)] {
        &self.doors
    }

    /// A link to the pages that lets this person in without a password: once, for a short while, on this machine alone. None
    /// where the pages are at no door in clear, or there is no such person.
    pub async fn invite(&self, address: &Address) -> Option<String> {
        let (_, door) = self.doors.iter().find(|(door, _)| *door == Door::Http)?;
        let asked = address.clone();
        let person = self.store.read(move |view| directory::account::find(view, &asked)).await.ok()?;
        let path = self.invitations.invite(Login::of(person.id, person.address));
        Some(format!("http://{door}{path}"))
    }

    /// Returns true if the server takes letters for anybody yet.
    pub async fn has_domain(&self) -> bool {
        let domains = self.store.read(directory::domain::list).await;
        domains.is_ok_and(|domains| !domains.is_empty())
    }

    /// Reads the certificate again, which may have been renewed.
    pub fn reload_certificate(&self) {
        match self.tls.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => tracing::error!(%error, "the old certificate stays"),
        }
    }

    /// Resolves when something that works until the end has ended before it.
    pub async fn fell_apart(&mut self) {
        match self.tasks.join_next().await {
            Some(Err(error)) => tracing::error!(%error, "a part of the post office has stopped"),
            Some(Ok(())) => tracing::error!("a part of the post office has stopped"),
            // Without doors there is still delivery: this cannot be.
            None => std::future::pending().await,
        }
    }

    /// Closes the doors, lets conversations end, and puts everything on the disk.
    pub async fn close(mut self) {
        self.stop.request(GRACE);
        while self.tasks.join_next().await.is_some() {}
        // Last: until now there may have been something to see.
        self.trace_task.finish().await;
        self.store.close().await;
    }
}

/// Writes down what is seen outside of any commit.
struct TraceTask {
    finished: Arc<Notify>,
    work: JoinHandle<()>,
}

impl TraceTask {
    fn start(store: Store) -> (trace::Journal, Self) {
        let (journal, trace_task) = trace::Journal::new(store);
        let finished = Arc::<Notify>::default();
        let heard = finished.clone();
        let work = tokio::spawn(trace_task.run(async move { heard.notified().await }));
        (journal, Self { finished, work })
    }

    /// Has what is left written down. A store that takes nothing any more must not hold up the end.
    async fn finish(self) {
        self.finished.notify_one();
        if tokio::time::timeout(GRACE, self.work).await.is_err() {
            tracing::warn!("what was refused or read last is missing in the trace");
        }
    }
}

impl From<StartFault> for Failure {
    fn from(fault: StartFault) -> Self {
        Self::new(fault.to_string())
    }
}

/// Opens the doors with root's rights, and gives these up.
fn open_and_take_over(config: &Config, user: &ServiceUser) -> Result<Vec<OpenDoor>, StartFault> {
    user.take(&config.data).map_err(StartFault::Rights)?;
    let doors = doors::open(config).map_err(StartFault::Door)?;
    user.take_over().map_err(StartFault::Rights)?;
    Ok(doors)
}

/// Takes the data folder. A command that has it is waited for, a moment; another post office is not.
async fn take_lock(folder: &Path) -> Result<Lock, OpenError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match Lock::take(folder) {
            Err(OpenError::InUse { .. }) if Instant::now() < until && !control::is_open(folder) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            taken => return taken,
        }
    }
}

/// Migrations may take their time: not on a thread that serves.
async fn open_store(config: &Config) -> Result<Store, StartFault> {
    let folder = config.data.clone();
    match tokio::task::spawn_blocking(move || data_folder::open(&folder)).await {
        Ok(opened) => opened.map_err(StartFault::Data),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
