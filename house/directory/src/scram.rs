//! The keys of SCRAM: those of people, those made up for names that nobody has, and the renewal of old ones.

use mail::Password;
use mail::seam::{AccountId, ScramKeys};
use ring::hmac;
use store::{Key, Tx, View, params};

use crate::login::fold_name;
use crate::person::{self, Person};
use crate::{Directory, Error, Secret};

impl Directory {
    /// The keys of a name. For an unknown name: keys that look like any other, the same at each asking, and that no password
    /// fits. They are made up for each name, so that asking for one that exists takes as long.
    pub(crate) async fn keys(&self, name: &str) -> Result<ScramKeys, Error> {
        let mut made_up = make_up(self.pretence().await?, name);
        let (name, salt) = (name.to_owned(), made_up.salt.clone());
        let look = move |view: &View| Ok::<_, Error>((person::find(view, &name)?, rounds_beside(view, &salt)?));
        let (person, rounds) = self.0.store.read(look).await?;
        made_up.iterations = rounds.unwrap_or(Secret::SCRAM_ITERATIONS);
        Ok(person.and_then(|person| person.scram).unwrap_or(made_up))
    }

    /// Somebody has just shown their password: keys with fewer rounds than today's are made anew, behind the log-in. One at a
    /// time; whoever comes meanwhile has it done at another log-in.
    pub(crate) fn renew_keys(&self, person: &Person, password: &Password) {
        let old = person.scram.as_ref();
        if old.is_some_and(|keys| keys.iterations >= Secret::SCRAM_ITERATIONS) {
            return;
        }
        let Ok(turn) = self.0.renewals.clone().try_acquire_owned() else { return };
        // The salt stays: by it, names that nobody has get their rounds, and theirs should change with this person's only.
        let salt = old.map_or_else(|| rand::random::<[u8; Secret::SALT]>().to_vec(), |keys| keys.salt.clone());
        let (store, account, argon2) = (self.0.store.clone(), person.login.account, person.argon2.clone());
        let password = password.clone();
        tokio::spawn(async move {
            let make = move || sasl::derive_keys(password.reveal(), salt, Secret::SCRAM_ITERATIONS);
            let Ok(keys) = tokio::task::spawn_blocking(make).await else { return };
            let renewed = store.write(Key::Directory, move |tx| replace(tx, account, &argon2, &keys)).await;
            if let Err(error) = renewed {
                tracing::warn!(%error, "keys of a log-in could not be renewed");
            }
            drop(turn);
        });
    }

    /// The key that made-up SCRAM keys come from: kept, so that they are the same after a restart.
    async fn pretence(&self) -> Result<&hmac::Key, Error> {
        let fresh: [u8; 32] = rand::random();
        let make = || async move {
            let kept: [u8; 32] = self.0.store.write(Key::Directory, move |tx| keep_secret(tx, fresh)).await?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &kept))
        };
        self.0.pretence.get_or_try_init(make).await
    }
}

fn keep_secret(tx: &mut Tx, fresh: [u8; 32]) -> Result<[u8; 32], Error> {
    let sql = "INSERT INTO directory_secret (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
    tx.execute(sql, params![fresh])?;
    Ok(tx.query_one("SELECT secret FROM directory_secret WHERE id = 1", params![], |row| row.get(0))?)
}

/// Other keys of the same password; where it is another one by now, its keys stay.
fn replace(tx: &mut Tx, account: AccountId, argon2: &str, keys: &ScramKeys) -> Result<(), Error> {
    let sql = "UPDATE password SET scram_salt = $3, scram_iterations = $4, scram_stored_key = $5, scram_server_key = $6
               WHERE account = $1 AND label = '' AND argon2 = $2";
    let ScramKeys { salt, iterations, stored_key, server_key } = keys;
    tx.execute(sql, params![account.0, argon2, *salt, *iterations, *stored_key, *server_key])?;
    Ok(())
}

/// Returns the number of rounds of the person whose salt comes next after this one; the last salt is followed by the
/// first. So old keys are as common among names that nobody has as among people, and such a name moves to today's
/// number of rounds when that person does: once and for good, as people do.
fn rounds_beside(view: &View, salt: &[u8]) -> Result<Option<u32>, Error> {
    let rounds = "SELECT scram_iterations FROM password WHERE scram_salt IS NOT NULL";
    let next = format!("{rounds} AND scram_salt >= $1 ORDER BY scram_salt LIMIT 1");
    let first = format!("{rounds} ORDER BY scram_salt LIMIT 1");
    match view.query_opt(&next, params![salt.to_vec()], |row| row.get(0))? {
        Some(rounds) => Ok(Some(rounds)),
        None => Ok(view.query_opt(&first, params![], |row| row.get(0))?),
    }
}

/// Keys that look like any other and that no password fits.
fn make_up(key: &hmac::Key, name: &str) -> ScramKeys {
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
