//! A house with two people in it, for tests: alice without a quota, bob with one of 100 KiB. Both have the password
//! `secret`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use facteur_imap::{House, Imap};
use mail::seam::{AccountId, Login, LoginVerdict, Logins, OurFault, Pending, ScramKeys};
use mail::{Address, Password};
use net::{Limits, Listener};

/// alice and bob.
pub struct TwoPeople;

fn person(name: &str) -> Option<Login> {
    let number = match name.trim_end_matches("@alpha.test") {
        "alice" => 1,
        "bob" => 2,
        _ => return None,
    };
    let address = format!("{}@alpha.test", name.trim_end_matches("@alpha.test"));
    Some(Login { account: AccountId(number), address: Address::parse(&address).ok()? })
}

fn verdict(name: &str, right: bool) -> Result<LoginVerdict, OurFault> {
    match person(name) {
        Some(login) if right => Ok(LoginVerdict::Welcome(login)),
        _ if name == "flood" => Ok(LoginVerdict::TooMany),
        _ if name == "fault" => Err(OurFault("the directory is closed".into())),
        _ => Ok(LoginVerdict::Wrong),
    }
}

impl Logins for TwoPeople {
    fn check<'a>(
        &'a self,
        name: &'a str,
        password: &'a Password,
        _: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        let right = password.reveal() == "secret";
        Box::pin(async move { verdict(name, right) })
    }

    fn scram_keys<'a>(&'a self, _: &'a str, _: IpAddr) -> Pending<'a, Result<ScramKeys, OurFault>> {
        Box::pin(async { Ok(sasl::derive_keys("secret", b"salt of the earth".to_vec(), 4096)) })
    }

    fn scram_done<'a>(&'a self, name: &'a str, proved: bool, _: IpAddr) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { verdict(name, proved) })
    }

    fn may_write_as<'a>(&'a self, _: &'a Login, _: &'a Address) -> Pending<'a, Result<bool, OurFault>> {
        Box::pin(async { Ok(false) })
    }
}

/// A house with alice and bob in it, changed by `change`, and where its door is.
pub async fn open(folder: &Path, change: impl FnOnce(&mut House)) -> SocketAddr {
    let store = store::Store::open(store::Options::new(folder), mailbox::MIGRATIONS).unwrap();
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
