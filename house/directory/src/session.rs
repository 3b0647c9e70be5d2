//! Sessions: who has logged in on the pages, by a token that their browser shows with each request.
//!
//! A session ends when its person logs out, gets another password, or does not come back for [`IDLE`]. Of the token only
//! a digest is kept: who reads the database cannot use it.

use std::time::Duration;

use mail::seam::{AccountId, Login};
use mail::{Address, Password, Timestamp};
use ring::digest;
use store::{Tx, View, params};

use crate::{Directory, Error};

/// A session that nobody has used for so long is over.
pub const IDLE: Duration = Duration::from_secs(30 * 24 * 3600);

/// That it is used is written down no more often than this.
const NOTICE: Duration = Duration::from_secs(3600);
/// Sessions that are over and cleared away when another begins.
const SWEEP: usize = 100;

impl Directory {
    /// Begins a session of a person who has just proved who they are. Gives the token, made of `random`: for their browser
    /// and nobody else.
    pub async fn begin_session(&self, person: &Login, random: [u8; 32]) -> Result<Password, Error> {
        let token = Password::new(random.iter().map(|octet| format!("{octet:02x}")).collect());
        let (key, account, now) = (key(token.reveal()), person.account.0, (self.0.clock)());
        self.0
            .store
            .write(move |tx: &mut Tx| {
                sweep(tx, now)?;
                let sql = "INSERT INTO session (digest, account, begun, seen) VALUES ($1, $2, $3, $3)";
                tx.execute(sql, params![key.to_vec(), account, now.0]).map(drop).map_err(Error::from)
            })
            .await?;
        Ok(token)
    }

    /// Whose session this is; none: nobody's, or it has ended.
    pub async fn session(&self, token: &str) -> Result<Option<Login>, Error> {
        let (key, now) = (key(token), (self.0.clock)());
        let Some((login, seen)) = self.0.store.read(move |view| find(view, &key, now)).await? else { return Ok(None) };
        if now.since(seen) >= NOTICE {
            let notice = move |tx: &mut Tx| {
                tx.execute("UPDATE session SET seen = $2 WHERE digest = $1", params![key.to_vec(), now.0])
            };
            self.0.store.write(notice).await?;
        }
        Ok(Some(login))
    }

    /// Is the session open whose token has this SHA-256? It does not count as used.
    pub async fn is_session(&self, digest: [u8; 32]) -> Result<bool, Error> {
        let now = (self.0.clock)();
        Ok(self.0.store.read(move |view| find(view, &digest, now)).await?.is_some())
    }

    /// Has a person had the same password since then?
    pub async fn has_kept_password(&self, account: AccountId, since: Timestamp) -> Result<bool, Error> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM password WHERE account = $1 AND changed > $2)
                   AND EXISTS (SELECT 1 FROM account WHERE id = $1)";
        let look = move |view: &View| view.query_one(sql, params![account.0, since.0], |row| row.get::<bool>(0));
        Ok(self.0.store.read(look).await?)
    }

    /// Ends a session. One that is not there has ended already.
    pub async fn end_session(&self, token: &str) -> Result<(), Error> {
        let key = key(token);
        let end = move |tx: &mut Tx| tx.execute("DELETE FROM session WHERE digest = $1", params![key.to_vec()]);
        self.0.store.write(end).await?;
        Ok(())
    }
}

fn key(token: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    key
}

fn over_before(now: Timestamp) -> i64 {
    now.0.saturating_sub(i64::try_from(IDLE.as_millis()).unwrap_or(i64::MAX))
}

/// The person, and when they were seen last. Whoever gave themselves another password meant to end what was open.
fn find(view: &View, key: &[u8; 32], now: Timestamp) -> Result<Option<(Login, Timestamp)>, Error> {
    let found = view.query_opt(
        "SELECT session.account, account.address, account.name, session.seen FROM session
         JOIN account ON account.id = session.account
         WHERE session.digest = $1 AND session.seen > $2 AND NOT EXISTS (
            SELECT 1 FROM password WHERE password.account = session.account AND password.changed > session.begun)",
        params![key.to_vec(), over_before(now)],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?, row.get::<Option<String>>(2)?, row.get::<i64>(3)?)),
    )?;
    let login = |(account, address, name, seen): (i64, String, Option<String>, i64)| {
        let address = Address::parse(&address).ok()?;
        Some((Login { account: AccountId(account), address, name }, Timestamp(seen)))
    };
    Ok(found.and_then(login))
}

fn sweep(tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
    tx.execute(
        "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE seen <= $1 LIMIT $2)",
        params![over_before(now), SWEEP],
    )?;
    Ok(())
}
