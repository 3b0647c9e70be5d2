//! What stands behind the HTTP doors.

use std::sync::Arc;

use axum::Router;
use mail::seam::{Accept, Logins, Recipients};
use net::Shutdown;
use store::Store;

use crate::clock;
use crate::config::Config;
use crate::post_office::{LARGEST_LETTER, PostOffice};

/// The routers of all rooms that speak HTTP, as one.
pub fn router(config: &Config, store: &Store, office: &PostOffice, shutdown: &Shutdown) -> Router {
    let logins: Arc<dyn Logins> = Arc::new(office.directory().clone());
    let recipients: Arc<dyn Recipients> = Arc::new(office.everyone());
    let accept: Arc<dyn Accept> = Arc::new(office.clone());
    let mut house = jmap::House::new(store.clone(), logins, accept, config.hostname.clone());
    house.recipients = Some(recipients);
    house.largest_letter = LARGEST_LETTER as u64;
    house.shutdown = shutdown.clone();
    jmap::router(Arc::new(house))
}

/// Clears up behind the routers until the shutdown.
pub async fn housekeeping(store: Store, shutdown: Shutdown) {
    jmap::housekeeping(store, clock::now, async move { shutdown.requested().await }).await;
}
