//! Checking who people are.

use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use mail::seam::{AccountId, Login, LoginVerdict, Logins, OurFault, Pending, ScramKeys};
use mail::{Address, Password};
use ring::hmac;
use store::{Row, Tx, View, params};

use crate::directory::our_fault;
use crate::familiar::{self, Standing};
use crate::fold::{fold, fold_address};
use crate::memory::Memory;
use crate::throttle::{Ruling, Throttle, Try};
use crate::{Destination, Directory, Error, Resolution, Secret, resolve, secret};

/// How long a log-in waits for its turn to be checked.
const PATIENCE: Duration = Duration::from_secs(15);

/// A person and what is kept of their password.
struct Person {
    login: Login,
    argon2: String,
    scram: Option<ScramKeys>,
}

/// Who tries, and where from.
struct Visitor {
    network: IpAddr,
    /// Folded: the name under which failures are counted.
    name: String,
}

impl Visitor {
    fn of(name: &str, from: IpAddr) -> Self {
        Self { network: mail::peer_network(from), name: fold_name(name) }
    }
}

/// May a log-in be tried?
enum Begun {
    Try(Try, Standing),
    Refused(Duration),
}

impl Logins for Directory {
    fn check<'a>(
        &'a self,
        name: &'a str,
        password: &'a Password,
        from: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { self.check_password(name, password, from).await.map_err(our_fault) })
    }

    fn scram_keys<'a>(&'a self, name: &'a str, _: IpAddr) -> Pending<'a, Result<ScramKeys, OurFault>> {
        Box::pin(async move { self.keys(name).await.map_err(our_fault) })
    }

    fn scram_done<'a>(
        &'a self,
        name: &'a str,
        proved: bool,
        from: IpAddr,
    ) -> Pending<'a, Result<LoginVerdict, OurFault>> {
        Box::pin(async move { self.settle_scram(name, proved, from).await.map_err(our_fault) })
    }

    fn may_write_as<'a>(&'a self, person: &'a Login, address: &'a Address) -> Pending<'a, Result<bool, OurFault>> {
        let (account, address) = (person.account, address.clone());
        Box::pin(async move { self.leads_to(address, account).await.map_err(our_fault) })
    }
}

impl Directory {
    async fn check_password(&self, name: &str, password: &Password, from: IpAddr) -> Result<LoginVerdict, Error> {
        let visitor = Visitor::of(name, from);
        let _turn = self.turn(&visitor).await?;
        let (attempt, standing) = match self.begin(&visitor).await? {
            Begun::Try(attempt, standing) => (attempt, standing),
            Begun::Refused(wait) => return Ok(LoginVerdict::TooMany(wait)),
        };
        // Whatever fails before the verdict is our fault, not the person's.
        let person = match self.person(name).await {
            Ok(person) => person,
            Err(error) => return self.withdraw(attempt, error),
        };
        if let Some(person) = &person
            && self.memory().knows(person.login.account, &person.argon2, password, (self.0.ticks)())
        {
            return Ok(self.welcome(attempt, standing, &visitor, person.login.clone()).await);
        }
        tokio::time::sleep(attempt.wait).await;
        let hash = person.as_ref().map(|person| person.argon2.clone());
        match (self.fits(password, hash).await, person) {
            (Err(error), _) => self.withdraw(attempt, error),
            (Ok(true), Some(person)) => {
                self.memory().remember(person.login.account, &person.argon2, password, (self.0.ticks)());
                Ok(self.welcome(attempt, standing, &visitor, person.login).await)
            }
            (Ok(_), person) => Ok(wrong(person, from)),
        }
    }

    /// Waits until nobody else tries this name from this place. Of many log-ins at once of one mail client the first is
    /// remembered and the others need no Argon2, and none is mistaken for a series of failures. Whoever tries the name from
    /// elsewhere waits in another line.
    async fn turn(&self, visitor: &Visitor) -> Result<impl Sized + '_, Error> {
        let turn = self.0.turns.of(visitor.network, &visitor.name).lock();
        tokio::time::timeout(PATIENCE, turn).await.map_err(|_| busy())
    }

    /// Checks where blocking is allowed, when there is a free slot. Unknown names take the same time.
    async fn fits(&self, password: &Password, hash: Option<String>) -> Result<bool, Error> {
        let _slot = tokio::time::timeout(PATIENCE, self.0.slots.acquire()).await.map_err(|_| busy())?;
        let password = password.clone();
        let checked = tokio::task::spawn_blocking(move || secret::fits(&password, hash.as_deref())).await;
        checked.map_err(|error| Error::Hash(error.to_string()))
    }

    async fn settle_scram(&self, name: &str, proved: bool, from: IpAddr) -> Result<LoginVerdict, Error> {
        let visitor = Visitor::of(name, from);
        let _turn = self.turn(&visitor).await?;
        let (attempt, standing) = match self.begin(&visitor).await? {
            Begun::Try(attempt, standing) => (attempt, standing),
            Begun::Refused(wait) => return Ok(LoginVerdict::TooMany(wait)),
        };
        tokio::time::sleep(attempt.wait).await;
        match self.person(name).await {
            Err(error) => self.withdraw(attempt, error),
            Ok(Some(person)) if proved && person.scram.is_some() => {
                Ok(self.welcome(attempt, standing, &visitor, person.login).await)
            }
            Ok(person) => Ok(wrong(person, from)),
        }
    }

    async fn keys(&self, name: &str) -> Result<ScramKeys, Error> {
        match self.person(name).await?.and_then(|person| person.scram) {
            Some(keys) => Ok(keys),
            None => Ok(made_up(self.pretence().await?, name)),
        }
    }

    async fn leads_to(&self, address: Address, account: AccountId) -> Result<bool, Error> {
        let hostname = self.0.hostname.clone();
        let look = move |view: &View| match resolve(view, Some(&hostname), &address)? {
            Resolution::Ours(places) => Ok(places.iter().any(|place| is_local_to(place, account))),
            Resolution::Unknown | Resolution::Elsewhere => Ok(false),
        };
        self.0.store.read(look).await
    }

    async fn person(&self, name: &str) -> Result<Option<Person>, Error> {
        let name = name.to_owned();
        self.0.store.read(move |view| find(view, &name)).await
    }

    async fn begin(&self, visitor: &Visitor) -> Result<Begun, Error> {
        let (network, name, now) = (visitor.network, visitor.name.clone(), (self.0.clock)());
        let standing = self.0.store.read(move |view| familiar::look(view, network, &name, now)).await?;
        let ruling = self.throttle().begin(network, &visitor.name, standing.is_familiar(), (self.0.ticks)());
        Ok(match ruling {
            Ruling::Try(attempt) => Begun::Try(attempt, standing),
            Ruling::Refused(wait) => {
                tracing::warn!(%network, seconds = wait.as_secs(), "log-in not tried: too many failures from this network");
                Begun::Refused(wait)
            }
        })
    }

    async fn welcome(&self, attempt: Try, standing: Standing, visitor: &Visitor, login: Login) -> LoginVerdict {
        self.throttle().withdraw(attempt);
        if standing != Standing::Noted {
            let (account, network, name) = (login.account, visitor.network, visitor.name.clone());
            let now = (self.0.clock)();
            let noted = self.0.store.write(move |tx| familiar::note(tx, account, network, &name, now)).await;
            // No reason to keep anybody out: a full disk lets people in, who can then make room.
            if let Err(error) = noted {
                tracing::warn!(%error, "the place of a log-in could not be written down");
            }
        }
        LoginVerdict::Welcome(login)
    }

    /// Lifts what failed log-ins have brought upon a name, and upon the places that are refused now. Gives whether there
    /// was anything to lift.
    pub fn lift_block(&self, name: &str) -> bool {
        self.throttle().lift(&fold_name(name), (self.0.ticks)())
    }

    fn withdraw<T>(&self, attempt: Try, error: Error) -> Result<T, Error> {
        self.throttle().withdraw(attempt);
        Err(error)
    }

    /// The key that made-up SCRAM keys come from: kept, so that they are the same after a restart.
    async fn pretence(&self) -> Result<&hmac::Key, Error> {
        let fresh: [u8; 32] = rand::random();
        let make = || async move {
            let kept: [u8; 32] = self.0.store.write(move |tx| keep_secret(tx, fresh)).await?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &kept))
        };
        self.0.pretence.get_or_try_init(make).await
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn busy() -> Error {
    Error::Store(store::Error::Busy("too many log-ins are being checked"))
}

/// Only names that exist are logged: people type passwords where a name belongs.
fn wrong(person: Option<Person>, from: IpAddr) -> LoginVerdict {
    match person {
        Some(person) => tracing::info!(%from, address = %person.login.address, "log-in failed: wrong password"),
        None => tracing::info!(%from, "log-in failed: no such name"),
    }
    LoginVerdict::Wrong
}

fn is_local_to(place: &Destination, person: AccountId) -> bool {
    matches!(place, Destination::Local { account, .. } if *account == person)
}

/// The name under which failures are counted and keys are made up.
fn fold_name(name: &str) -> String {
    Address::parse(name).map_or_else(|_| fold(name), |address| fold_address(&address))
}

/// People log in with their address; where their local part is nobody else's, it alone will do.
fn find(view: &View, name: &str) -> Result<Option<Person>, Error> {
    let columns = "SELECT account.id, account.address, password.argon2, password.scram_salt, password.scram_iterations,
                       password.scram_stored_key, password.scram_server_key, account.name
                   FROM account JOIN domain ON domain.id = account.domain
                   JOIN password ON password.account = account.id AND password.label = ''";
    let found = match Address::parse(name) {
        Ok(address) => {
            let sql = format!("{columns} WHERE domain.name = $1 AND account.local = $2");
            view.query(&sql, params![address.domain().as_str(), fold(address.local())], read)?
        }
        Err(_) => view.query(&format!("{columns} WHERE account.local = $1 LIMIT 2"), params![fold(name)], read)?,
    };
    let mut found = found.into_iter().flatten();
    Ok(found.next().filter(|_| found.next().is_none()))
}

fn read(row: &Row<'_>) -> store::Result<Option<Person>> {
    let Ok(address) = Address::parse(row.text(1)?) else { return Ok(None) };
    let login = Login { account: AccountId(row.get(0)?), address, name: row.get(7)? };
    let scram = match row.get::<Option<Vec<u8>>>(3)? {
        None => None,
        Some(salt) => {
            Some(ScramKeys { salt, iterations: row.get(4)?, stored_key: row.get(5)?, server_key: row.get(6)? })
        }
    };
    Ok(Some(Person { login, argon2: row.get(2)?, scram }))
}

fn keep_secret(tx: &mut Tx, fresh: [u8; 32]) -> Result<[u8; 32], Error> {
    let sql = "INSERT INTO directory_secret (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    tx.execute(sql, params![fresh])?;
    Ok(tx.query_one("SELECT secret FROM directory_secret WHERE id = 1", params![], |row| row.get(0))?)
}

/// Keys that look like any other and that no password fits.
fn made_up(key: &hmac::Key, name: &str) -> ScramKeys {
    let name = fold_name(name);
    let made = |what: &str| -> [u8; 32] {
        let tag = hmac::sign(key, format!("{what}\0{name}").as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    };
    ScramKeys {
        salt: made("salt")[..Secret::SALT].to_vec(),
        iterations: Secret::SCRAM_ITERATIONS,
        stored_key: made("stored"),
        server_key: made("server"),
    }
}
