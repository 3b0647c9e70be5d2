//! The services behind the HTTP doors.

use std::sync::Arc;

use axum::Router;
use directory::Directory;
use intake::{Intake, LARGEST_LETTER};
use mail::Timestamp;
use mail::seam::{AccountId, Login, OurFault, Pending, Recipients};
use net::{ClientTls, Resolver, ServerTls, Shutdown, TlsError};
use store::Store;

use crate::clock;
use crate::config::{BindAddress, Config, Door, may_open_low_ports, this_machine};
use crate::server::holds::Holds;
use crate::server::outbox::Outbox;

/// Joins the routers of all rooms that speak HTTP. The [`entrance`] stands before them.
pub fn router(config: &Config, shared: doors::Shared, intake: &Intake, outside: Outside, told: PagesTold) -> Router {
    let recipients: Arc<dyn Recipients> = Arc::new(intake.everyone());
    let outbox: Arc<dyn jmap::Outbox> = Arc::new(Outbox(intake.submitter()));
    let (store, witness) = (shared.store.clone(), shared.witness.clone());
    let mut server = jmap::Server::new(shared, outbox, config.hostname.clone());
    server.recipients = Some(recipients);
    server.largest_letter = LARGEST_LETTER as u64;
    server.keep_in(&outside.kept);
    let sessions = Arc::new(Sessions(intake.directory().clone()));
    server.tokens = Some(sessions.clone());
    let server = Arc::new(server);
    if let Some(deliveries) = server.push_with(outside.pushes, sessions) {
        // Ends at the shutdown; nothing that is on its way to a client then need arrive.
        tokio::spawn(deliveries.run(server.clone()));
    }
    let mut pages = mua::Server::new(store, intake.directory().clone(), witness, clock::now, outside.pictures);
    (pages.invitations, pages.doors) = (told.invitations, told.doors.into());
    pages.holds = Some(Arc::new(Holds(intake.holds())));
    jmap::router(server).merge(mua::router(pages))
}

/// Makes the entrance: it knows the names by which people call these pages, the port to which it leads people who
/// speak in clear, and the names that the certificate proves.
pub fn entrance(config: &Config, store: &Store, tls: &ServerTls) -> mua::Entrance {
    let tls = tls.clone();
    let port = |place: &BindAddress| match place {
        BindAddress::Tcp(address) => Some(address.port()),
        BindAddress::Unix(_) => None,
    };
    let https = config.places(Door::Https, may_open_low_ports()).iter().find_map(port);
    mua::Entrance::new(store.clone(), config.hostname.clone(), this_machine().as_str(), https)
        .proven_by(Arc::new(move |name| tls.is_public_for(name)))
}

/// The facts that the pages are told of this house.
pub struct PagesTold {
    /// Links that let people in.
    pub invitations: mua::Invitations,
    /// The doors for mail programs.
    pub doors: Vec<mua::MailDoor>,
}

/// The parts that ask servers that strangers choose, and so may ask only what anybody may ask.
pub struct Outside {
    /// The files that keep uploads until they are whole.
    kept: net::Intake,
    /// The client for pictures that letters show.
    pictures: https::Client,
    /// The client for notices to mail clients that want to be told of changes.
    pushes: https::Client,
}

impl Outside {
    /// Makes the clients, with the roots that this machine trusts, and away from `home`.
    pub fn new(resolver: Arc<dyn Resolver>, kept: net::Intake, home: &https::Home) -> Result<Self, TlsError> {
        let tls = ClientTls::verified()?;
        let client = |limits| {
            https::Client::new(tls.clone(), resolver.clone(), https::Reach::Public, limits).away_from(home.clone())
        };
        Ok(Self { kept, pictures: client(mua::PICTURES), pushes: client(jmap::PUSHES) })
    }
}

/// Returns the addresses of this server, as its names say: its own name, and those of the servers of its domains.
pub fn home(config: &Config, store: &Store, resolver: Arc<dyn Resolver>) -> https::Home {
    let (hostname, store) = (config.hostname.as_str().to_owned(), store.clone());
    https::Home::new(resolver, move || {
        let (hosts, store) = (vec![hostname.clone()], store.clone());
        Box::pin(async move {
            let domains = store.read(directory::domain::list).await.map_err(|error| error.to_string())?;
            Ok(https::OwnNames { hosts, domains: domains.into_iter().map(|domain| domain.name).collect() })
        })
    })
}

/// The sessions of the pages, as JMAP knows people by tokens.
struct Sessions(Directory);

impl jmap::Tokens for Sessions {
    fn person<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Option<Login>, OurFault>> {
        Box::pin(async move { self.0.session(token).await.map_err(|error| OurFault(error.to_string())) })
    }
}

impl jmap::Credentials for Sessions {
    fn is_good<'a>(
        &'a self,
        account: AccountId,
        credential: &'a jmap::Credential,
        since: Timestamp,
    ) -> Pending<'a, Result<bool, OurFault>> {
        Box::pin(async move {
            let good = match credential {
                jmap::Credential::Password => self.0.has_kept_password(account, since).await,
                jmap::Credential::Token(digest) => self.0.is_session(*digest).await,
            };
            good.map_err(|error| OurFault(error.to_string()))
        })
    }
}

/// Clears up behind the routers, and follows the letters that people sent, until the shutdown.
pub async fn housekeeping(store: Store, shutdown: Shutdown) {
    let stop = shutdown.clone();
    tokio::join!(
        jmap::housekeeping(store.clone(), clock::now, async move { stop.requested().await }),
        jmap::follow(store, async move { shutdown.requested().await }),
    );
}
