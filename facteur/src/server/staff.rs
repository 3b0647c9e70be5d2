//! Starts the servers behind the doors and the workers behind the scenes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use directory::Directory;
use intake::{Intake, LARGEST_LETTER, postmaster};
use mail::check::SenderCheck;
use mail::seam::{Accept, Deliver, Logins, Recipients};
use mail::trace::Witness;
use mra::{Agent, Vault};
use mta::delivery::{LocalDrop, Means, OutgoingTls};
use mta::reception::Reception;
use mta::route::Routes;
use net::{Budget, Limits, Listener, Places, Proxies, Resolver, ServerTls, Shutdown, TlsError};
use policy::Rulebook;
use store::Store;
use tokio::task::JoinSet;

use super::room::Disk;
use super::web::{Outside, PagesTold};
use crate::clock;
use crate::commands::removal;
use crate::config::{Config, Door, Proxy};

/// Ready to stand behind any door.
pub struct Staff {
    reception: Reception,
    submission: msa::Submission,
    lmtp: mda::Lmtp,
    imap: imap::Imap,
    pop3: pop3::Pop3,
    http: http::Http,
    tls: ServerTls,
    shutdown: Shutdown,
    places: Places,
    proxy: Proxy,
}

/// Whoever is asked about what this server does not know itself.
pub struct Others {
    /// Says who takes letters, and asks servers behind us for it.
    pub recipients: Arc<dyn Recipients>,
    /// The same, for people who have logged in.
    pub for_people: Arc<dyn Recipients>,
    /// Says whether anybody could answer the sender of a letter.
    pub senders: Arc<dyn SenderCheck>,
    /// Fetches what letters show, and tells clients of changes.
    pub outside: Outside,
    /// The facts that the pages are told of this house.
    pub pages: PagesTold,
    /// The rules of the administrator.
    pub rulebook: Rulebook,
    /// The files that keep letters on their way in, through whichever door they come.
    pub kept: net::Intake,
}

/// One part of the memory, and of the disk, for all that is on its way in.
pub fn kept(data: &Path) -> net::Intake {
    net::Intake::new(Budget::of_this_machine(), smtpd::MEMORY_PATIENCE).with_folder(data)
}

impl Staff {
    pub fn new(
        config: &Config,
        store: &Store,
        intake: &Intake,
        others: Others,
        tls: &ServerTls,
        shutdown: &Shutdown,
        witness: &Arc<dyn Witness>,
    ) -> Self {
        let Others { recipients, for_people, senders, outside, pages, kept, rulebook } = others;
        let mut server = smtpd::Server::new(config.hostname.clone(), postmaster(&config.hostname));
        server.max_letter = LARGEST_LETTER as u64;
        server.intake = kept.clone();
        server.tls = Some(tls.clone());
        server.shutdown = shutdown.clone();
        server.witness = witness.clone();
        server.room = Arc::new(Disk(store.clone()));
        let logins: Arc<dyn Logins> = Arc::new(intake.directory().clone());
        let accept: Arc<dyn Accept> = Arc::new(intake.acceptor());
        let deliver: Arc<dyn Deliver> = Arc::new(intake.deliverer());
        let mut shared = doors::Shared::new(store.clone(), logins.clone());
        shared.shutdown = shutdown.clone();
        shared.witness = witness.clone();
        let terms = doors::Terms { tls: Some(tls.clone()), ..doors::Terms::default() };
        let mut mailboxes = imap::Server::new(shared.clone());
        mailboxes.terms = terms.clone();
        mailboxes.intake = kept;
        let mut maildrops = pop3::Server::new(shared.clone());
        maildrops.terms = terms;
        let router = super::web::router(config, shared, intake, outside, pages);
        Self {
            lmtp: mda::Lmtp::new(server.clone(), recipients.clone(), deliver),
            http: http::Http::new(mua::guarded(router, super::web::entrance(config, store, tls)), shutdown.clone())
                .behind(config.proxy.trusted.clone()),
            reception: Reception::new(server.clone(), recipients.clone(), accept.clone())
                .with_senders(senders)
                .with_lists(Arc::new(rulebook.clone()))
                .with_allowances(Arc::new(rulebook.clone())),
            submission: msa::Submission::new(server, logins, accept)
                .with_recipients(for_people)
                .with_allowances(Arc::new(rulebook)),
            imap: imap::Imap::new(mailboxes),
            pop3: pop3::Pop3::new(maildrops),
            tls: tls.clone(),
            shutdown: shutdown.clone(),
            places: Places::of_this_process(),
            proxy: config.proxy.clone(),
        }
    }

    fn limits(&self, door: Door) -> Limits {
        let (places, per_address) = (self.places.clone(), self.places.per_address());
        Limits { full: full(door), places, per_address, ..Limits::default() }
    }

    /// The proxies that speak for others at this door: in the header of each request, or where they speak their protocol.
    fn proxies_at(&self, door: Door) -> Proxies {
        let speaks = matches!(door, Door::Http | Door::Https) || self.proxy.protocol.contains(&door);
        if speaks { self.proxy.trusted.clone() } else { Proxies::default() }
    }

    /// Has a door served until the shutdown.
    pub fn serve(&self, door: Door, listener: Listener, tasks: &mut JoinSet<()>) {
        let listener = match door {
            Door::Submissions | Door::Imaps | Door::Pop3s => listener.with_tls(self.tls.clone()),
            Door::Https => listener.with_tls(self.tls.for_http()),
            _ => listener,
        };
        let listener = listener.with_proxies(self.proxies_at(door), self.proxy.protocol.contains(&door));
        let shutdown = self.shutdown.clone();
        let limits = self.limits(door);
        match door {
            Door::Smtp => {
                let reception = self.reception.clone();
                tasks.spawn(net::serve(listener, limits, shutdown, move |stream| reception.clone().converse(stream)));
            }
            Door::Submission | Door::Submissions => {
                let submission = self.submission.clone();
                tasks.spawn(net::serve(listener, limits, shutdown, move |stream| submission.clone().converse(stream)));
            }
            Door::Imap | Door::Imaps => {
                let imap = self.imap.clone();
                tasks.spawn(net::serve(listener, limits, shutdown, move |stream| imap.clone().converse(stream)));
            }
            Door::Pop3 | Door::Pop3s => {
                let pop3 = self.pop3.clone();
                tasks.spawn(net::serve(listener, limits, shutdown, move |stream| pop3.clone().converse(stream)));
            }
            Door::Lmtp => {
                let lmtp = self.lmtp.clone();
                tasks.spawn(net::serve(listener, limits, shutdown, move |stream| lmtp.clone().converse(stream)));
            }
            Door::Http | Door::Https => {
                let http = self.http.clone();
                tasks.spawn(net::serve(listener, limits, shutdown, move |stream| http.clone().converse(stream)));
            }
            Door::ManageSieve => {}
        }
    }
}

/// Returns the reply to a client that is turned away at a door because it is full.
fn full(door: Door) -> &'static str {
    match door {
        Door::Smtp | Door::Submission | Door::Submissions | Door::Lmtp => {
            "421 4.7.0 too many connections; try again later\r\n"
        }
        Door::Imap | Door::Imaps => "* BYE [LIMIT] too many connections; try again later\r\n",
        Door::Pop3 | Door::Pop3s => "-ERR [SYS/TEMP] too many connections; try again later\r\n",
        Door::Http | Door::Https | Door::ManageSieve => "",
    }
}

/// Returns the parts that delivery works with.
pub fn means(store: &Store, intake: &Intake, routes: &Routes, resolver: Arc<dyn Resolver>) -> Result<Means, TlsError> {
    let recipients: Arc<dyn Recipients> = Arc::new(intake.everyone());
    let local: Arc<dyn LocalDrop> = Arc::new(intake.queue_drop());
    let means = Means::new(store.clone(), resolver, recipients, local, intake.reports().clone(), OutgoingTls::new()?);
    Ok(Means { routes: routes.clone(), schedule: intake.schedule().clone(), ..means })
}

/// Brings letters from mailboxes elsewhere.
pub async fn fetching(intake: Intake, means: Means, folder: PathBuf, memory: Budget, stop: Shutdown) {
    let opened = tokio::task::spawn_blocking(move || Vault::open(&folder)).await;
    match opened.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))) {
        Ok(vault) => {
            let (store, resolver) = (means.store.clone(), means.resolver.clone());
            let homes = Arc::new(intake.fetch_destinations(means));
            let agent = Agent::new(store, Arc::new(vault), resolver, homes).within(memory);
            mra::scheduler::run(agent, stop).await;
        }
        Err(error) => {
            // No reason to keep the doors closed.
            tracing::error!(%error, "fetch.key cannot be used: nothing is fetched from elsewhere");
            stop.requested().await;
        }
    }
}

/// Ends the conversations of those whose credentials are no longer good.
pub async fn watch_over(directory: Directory, shutdown: Shutdown) {
    directory.watch_over(shutdown.requested()).await;
}

/// Fills the full-text index, clears up behind the mailboxes and behind people who are gone, and keeps the trace in order.
pub async fn housekeeping(store: Store, shutdown: Shutdown) {
    let mailboxes = mailbox::index::run(store.clone(), shutdown.requested());
    let removals = take_up_removals(store.clone(), shutdown.clone());
    tokio::join!(mailboxes, removals, trace::run(store, clock::now, shutdown.requested()));
}

/// Looks at the start, and then now and again, for removals of people that did not come to their end.
async fn take_up_removals(store: Store, shutdown: Shutdown) {
    const AGAIN: Duration = Duration::from_secs(3600);
    let work = async {
        loop {
            if let Err(error) = removal::take_up(&store).await {
                tracing::warn!(%error, "what is kept of people who are gone will be taken away later");
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! {
        () = shutdown.requested() => {}
        () = work => {}
    }
}
