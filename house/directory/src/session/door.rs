//! Sessions as the doors use them: they begin one, know its owner by the token, and end it.

use std::time::Duration;

use mail::seam::{AccountId, Login};
use mail::stay::Proof;
use mail::{Password, Timestamp};
use store::{Key, Tx, View, params};

use super::{SessionOrigin, find, key, sweep};
use crate::{CREDENTIALS, Directory, Error};

/// The use of a session is written down no more often than this.
const NOTICE: Duration = Duration::from_secs(3600);
/// The longest name of a browser that is kept, in characters.
const LONGEST_NAME: usize = 60;

impl Directory {
    /// Begins a session of a person who has just proved who they are. Returns the token, made of `random`: for their
    /// browser and nobody else.
    pub async fn begin_session(&self, person: &Login, random: [u8; 32]) -> Result<Password, Error> {
        self.begin_session_at(person, random, SessionOrigin::default()).await
    }

    /// The same, of a person who is there.
    pub async fn begin_session_at(
        &self,
        person: &Login,
        random: [u8; 32],
        at: SessionOrigin,
    ) -> Result<Password, Error> {
        let token = Password::new(random.iter().map(|octet| format!("{octet:02x}")).collect());
        let (key, account, now) = (key(token.reveal()), person.account.0, (self.0.clock)());
        let known = match person.proof {
            Proof::Password(changed) => Some(changed),
            Proof::Unknown | Proof::Session(_) => None,
        };
        let network = at.network.map(|ip| mail::peer_network(ip).to_string());
        let browser: String = at.browser.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        self.0
            .store
            .write(Key::Directory, move |tx: &mut Tx| {
                sweep(tx, now)?;
                // The session keeps the password that was proved: if that was changed meanwhile, the session is over
                // before it begins.
                let sql = "INSERT INTO session (digest, account, begun, seen, network, browser, password)
                           VALUES ($1, $2, $3, $3, $4, $5, COALESCE($6,
                               (SELECT changed FROM password WHERE account = $2 AND label = ''), 0))";
                let made = tx.execute(sql, params![key, account, now.0, network, browser, known]);
                made.map(drop).map_err(Error::from)
            })
            .await?;
        Ok(token)
    }

    /// The person whose session this is; none: it is nobody's, or has ended.
    pub async fn session(&self, token: &str) -> Result<Option<Login>, Error> {
        let (key, now) = (key(token), (self.0.clock)());
        let Some((login, seen)) = self.0.store.read(move |view| find(view, &key, now)).await? else { return Ok(None) };
        if now.since(seen) >= NOTICE {
            let notice = move |tx: &mut Tx| {
                tx.execute("UPDATE session SET seen = $2 WHERE digest = $1", params![key.to_vec(), now.0])
            };
            self.0.store.write(Key::Directory, notice).await?;
        }
        Ok(Some(login))
    }

    /// Returns true if the session whose token has this SHA-256 is open. It does not count as used.
    pub async fn is_session(&self, digest: [u8; 32]) -> Result<bool, Error> {
        let now = (self.0.clock)();
        Ok(self.0.store.read(move |view| find(view, &digest, now)).await?.is_some())
    }

    /// Returns true if a person has had the same password since then.
    pub async fn has_kept_password(&self, account: AccountId, since: Timestamp) -> Result<bool, Error> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM password WHERE account = $1 AND changed > $2)
                   AND EXISTS (SELECT 1 FROM account WHERE id = $1)";
        let look = move |view: &View| view.query_one(sql, params![account.0, since.0], |row| row.get::<bool>(0));
        Ok(self.0.store.read(look).await?)
    }

    /// Ends a session. One that is not there has ended already.
    pub async fn end_session(&self, token: &str) -> Result<(), Error> {
        let key = key(token);
        let end = move |tx: &mut Tx| {
            if tx.execute("DELETE FROM session WHERE digest = $1", params![key.to_vec()])? > 0 {
                tx.announce(CREDENTIALS);
            }
            Ok::<_, Error>(())
        };
        self.0.store.write(Key::Directory, end).await
    }
}
