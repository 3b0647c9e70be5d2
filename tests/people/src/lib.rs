//! Made-up people, for tests of the code that lets people in: a directory in memory, in which all have one password.
//!
//! A person logs in with their address, or with its local part. Three local parts belong to nobody, at any domain:
//! `flood` has tried too often, `crowd` comes while too many log-ins are being checked, and for `fault` the directory
//! cannot be read.

use std::net::IpAddr;
use std::time::Duration;

use mail::seam::{AccountId, Login, LoginVerdict, Logins, OurFault, Pending, ScramKeys};
use mail::{Address, Password};

/// The directory.
pub struct People {
    password: &'static str,
    people: Vec<Person>,
}

struct Person {
    login: Login,
    /// The addresses that they may write as, beside their own.
    writes_as: Vec<Address>,
}

/// Alice and Bob at alpha.test, whose accounts are 1 and 2 and whose password is `secret`.
pub fn two_people() -> People {
    People::with_password("secret").and("alice@alpha.test").and("bob@alpha.test")
}

impl People {
    /// Nobody yet; those who are added have this password.
    pub fn with_password(password: &'static str) -> Self {
        Self { password, people: Vec::new() }
    }

    /// Adds a person, whose account has the next number: the first is 1.
    pub fn and(mut self, address: &str) -> Self {
        let account = AccountId(self.people.len() as i64 + 1);
        let login = Login::of(account, address.parse().expect("an address"));
        self.people.push(Person { login, writes_as: Vec::new() });
        self
    }

    /// Lets the person who was added last write as this address, too.
    pub fn who_writes_as(mut self, address: &str) -> Self {
        let last = self.people.last_mut().expect("a person who writes");
        last.writes_as.push(address.parse().expect("an address"));
        self
    }

    /// Returns a person by the name that they log in with.
    pub fn get(&self, name: &str) -> Option<Login> {
        let is_theirs =
            |person: &&Person| person.login.address.to_string() == name || person.login.address.local() == name;
        self.people.iter().find(is_theirs).map(|person| person.login.clone())
    }

    fn verdict(&self, name: &str, right: bool) -> Result<LoginVerdict, OurFault> {
        match self.get(name) {
            Some(login) if right => return Ok(LoginVerdict::Welcome(login)),
            Some(_) => return Ok(LoginVerdict::Wrong),
            None => {}
        }
        match local(name) {
            "flood" => Ok(LoginVerdict::TooMany(Duration::from_secs(90))),
            "crowd" => Ok(LoginVerdict::Busy(Duration::from_secs(5))),
            "fault" => Err(closed()),
            _ => Ok(LoginVerdict::Wrong),
        }
    }
}

fn local(name: &str) -> &str {
    name.split_once('@').map_or(name, |(local, _)| local)
}

fn closed() -> OurFault {
    OurFault("the directory is closed".into())
}

impl Logins for People {
    fn check<'a>(
        &'a self,
        name: &'a str,
        password: &'a Password,
        _: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { self.verdict(name, password.reveal() == self.password) })
    }

    fn scram_keys<'a>(&'a self, name: &'a str, _: IpAddr) -> Pending<'a, Result<ScramKeys, OurFault>> {
        Box::pin(async move {
            if local(name) == "fault" {
                return Err(closed());
            }
            Ok(sasl::derive_keys(self.password, b"salt of the earth".to_vec(), 4096))
        })
    }

    fn scram_done<'a>(&'a self, name: &'a str, proved: bool, _: IpAddr) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { self.verdict(name, proved) })
    }

    fn may_write_as<'a>(&'a self, person: &'a Login, address: &'a Address) -> Pending<'a, Result<bool, OurFault>> {
        Box::pin(async move {
            let known = self.people.iter().find(|known| known.login.account == person.account);
            Ok(known.is_some_and(|known| known.login.address == *address || known.writes_as.contains(address)))
        })
    }
}
