//! A house with two people in it, for tests. Alice has the three letters of [`LETTERS`], Bob has none.

#![allow(dead_code)]

#[path = "../../../testing/people.rs"]
mod people;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use facteur_pop3::{House, Pop3};
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::{FlagSet, folder, letter};
use net::{Limits, Listener};
use store::{Options, Store};

pub use people::TwoPeople;

/// Alice.
pub const ALICE: AccountId = AccountId(1);

/// What Alice has: a short letter, one with dots where dots are dangerous, one without a line end at its end.
pub const LETTERS: [&str; 3] = [
    "From: bob@alpha.test\r\nSubject: one\r\n\r\nHello Alice\r\n",
    "From: bob@alpha.test\r\nSubject: dots\r\n\r\n.\r\n..two\r\n. \r\nlast\r\n",
    "From: bob@alpha.test\r\nSubject: three\r\n\r\nno end",
];

/// The store of the house, with alice and bob in it.
pub async fn furnish(data: &Path) -> Store {
    let store = Store::open(Options::new(data), &[mailbox::MIGRATIONS, trace::MIGRATIONS].concat()).unwrap();
    store
        .write(|tx| {
            mailbox::account::create(tx, ALICE, None)?;
            mailbox::account::create(tx, AccountId(2), None)
        })
        .await
        .unwrap();
    for letter in LETTERS {
        file(&store, letter.to_owned()).await;
    }
    store
}

/// Files a letter in Alice's INBOX.
pub async fn file(store: &Store, raw: String) {
    let prepared = mailbox::prepare(store, raw.into()).unwrap();
    store
        .write(move |tx| {
            let inbox = folder::by_name(tx, ALICE, "INBOX")?.unwrap().id;
            letter::file(tx, inbox, &prepared, &FlagSet::default(), Timestamp(0))
        })
        .await
        .unwrap();
}

/// Alice's INBOX now.
pub async fn inbox(store: &Store) -> mailbox::Folder {
    store.read(|view| folder::by_name(view, ALICE, "INBOX")).await.unwrap().unwrap()
}

/// A house with alice and bob in it, changed by `change`, and where its door is.
pub async fn open(data: &Path, change: impl FnOnce(&mut House)) -> SocketAddr {
    open_over(furnish(data).await, change)
}

/// The same over a store.
pub fn open_over(store: Store, change: impl FnOnce(&mut House)) -> SocketAddr {
    let mut house = House::new(store, Arc::new(TwoPeople));
    change(&mut house);
    let shutdown = house.shutdown.clone();
    let door = Pop3::new(house);
    let listener = Listener::bind("pop3", &["127.0.0.1:0"]).unwrap();
    let address = listener.addresses()[0];
    tokio::spawn(net::serve(listener, Limits::default(), shutdown, move |stream| door.clone().converse(stream)));
    address
}
