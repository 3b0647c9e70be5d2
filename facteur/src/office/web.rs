//! What stands behind the HTTP doors.

use std::sync::Arc;

use axum::Router;
use directory::Directory;
use mail::seam::{Login, Logins, OurFault, Pending, Recipients};
use mail::trace::Witness;
use net::{ClientTls, Resolver, Shutdown, TlsError};
use store::Store;

use crate::clock;
use crate::config::Config;
use crate::post_office::{LARGEST_LETTER, PostOffice};

/// The routers of all rooms that speak HTTP, as one.
pub fn router(
    config: &Config,
    store: &Store,
    office: &PostOffice,
    shutdown: &Shutdown,
    witness: &Arc<dyn Witness>,
    pictures: https::Client,
) -> Router {
    let logins: Arc<dyn Logins> = Arc::new(office.directory().clone());
    let recipients: Arc<dyn Recipients> = Arc::new(office.everyone());
    let outbox: Arc<dyn jmap::Outbox> = Arc::new(office.clone());
    let mut house = jmap::House::new(store.clone(), logins, outbox, config.hostname.clone());
    house.recipients = Some(recipients);
    house.largest_letter = LARGEST_LETTER as u64;
    house.shutdown = shutdown.clone();
    house.witness = witness.clone();
    house.tokens = Some(Arc::new(Sessions(office.directory().clone())));
    let pages = mua::House::new(store.clone(), office.directory().clone(), witness.clone(), clock::now, pictures);
    mua::guarded(jmap::router(Arc::new(house)).merge(mua::router(pages)))
}

/// Fetches pictures that letters show, from where anybody may fetch them: strangers write their addresses.
pub fn pictures(resolver: Arc<dyn Resolver>) -> Result<https::Client, TlsError> {
    Ok(https::Client::new(ClientTls::verified()?, resolver, https::Reach::Public, mua::PICTURES))
}

/// The sessions of the pages, as JMAP knows people by tokens.
struct Sessions(Directory);

impl jmap::Tokens for Sessions {
    fn person<'a>(&'a self, token: &'a str) -> Pending<'a, Result<Option<Login>, OurFault>> {
        Box::pin(async move { self.0.session(token).await.map_err(|error| OurFault(error.to_string())) })
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
