//! A person as their log-in finds them.

use mail::Address;
use mail::seam::{AccountId, Login, ScramKeys};
use mail::stay::Proof;
use store::{Row, View, params};

use crate::fold::fold;
use crate::{Error, domain};

/// A person, with the columns that keep their password.
pub(crate) struct Person {
    pub login: Login,
    pub argon2: String,
    pub scram: Option<ScramKeys>,
}

/// People log in with their address; where their local part is nobody else's, it alone will do.
pub(crate) fn find(view: &View, name: &str) -> Result<Option<Person>, Error> {
    let columns = "SELECT account.id, account.address, password.argon2, password.scram_salt, password.scram_iterations,
                       password.scram_stored_key, password.scram_server_key, account.name, password.changed
                   FROM account JOIN domain ON domain.id = account.domain
                   JOIN password ON password.account = account.id AND password.label = ''";
    let found = match Address::parse(name) {
        Ok(address) => {
            let domain = domain::number(view, address.domain())?;
            let sql = format!("{columns} WHERE account.domain = $1 AND account.local = $2");
            view.query(&sql, params![domain, fold(address.local())], read)?
        }
        Err(_) => view.query(&format!("{columns} WHERE account.local = $1 LIMIT 2"), params![fold(name)], read)?,
    };
    let mut found = found.into_iter().flatten();
    Ok(found.next().filter(|_| found.next().is_none()))
}

fn read(row: &Row<'_>) -> store::Result<Option<Person>> {
    let Ok(address) = Address::parse(row.text(1)?) else { return Ok(None) };
    let proof = Proof::Password(row.get(8)?);
    let login = Login { account: AccountId(row.get(0)?), address, name: row.get(7)?, proof };
    let scram = match row.get::<Option<Vec<u8>>>(3)? {
        None => None,
        Some(salt) => {
            Some(ScramKeys { salt, iterations: row.get(4)?, stored_key: row.get(5)?, server_key: row.get(6)? })
        }
    };
    Ok(Some(Person { login, argon2: row.get(2)?, scram }))
}
