//! A house with two people in it, for tests: alice without a quota, bob with one of 100 KiB.

#[path = "../../../testing/people.rs"]
mod people;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use facteur_imap::{House, Imap};
use mail::seam::AccountId;
use net::{Limits, Listener};

pub use people::TwoPeople;

/// A house with alice and bob in it, changed by `change`, and where its door is.
pub async fn open(folder: &Path, change: impl FnOnce(&mut House)) -> SocketAddr {
    let store =
        store::Store::open(store::Options::new(folder), &[mailbox::MIGRATIONS, trace::MIGRATIONS].concat()).unwrap();
    store
        .write(|tx| {
            mailbox::account::create(tx, AccountId(1), None)?;
            mailbox::account::create(tx, AccountId(2), Some(100 * 1024))
        })
        .await
        .unwrap();
    let mut house = House::new(store, Arc::new(TwoPeople));
    house.append_limit = 200_000;
    change(&mut house);
    let shutdown = house.shutdown.clone();
    let door = Imap::new(house);
    let listener = Listener::bind("imap", &["127.0.0.1:0"]).unwrap();
    let address = listener.addresses()[0];
    tokio::spawn(net::serve(listener, Limits::default(), shutdown, move |stream| door.clone().converse(stream)));
    address
}
