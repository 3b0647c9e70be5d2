//! Subscriptions on the disk.

use mail::Timestamp;
use mail::seam::AccountId;
use store::{Tx, View, params};

use super::{Credential, Keys, Subscription, SubscriptionId};

const COLUMNS: &str = "subscription, account, credential, made, device, url, keys, code, verified, expires, types";

fn read(row: &store::Row) -> Result<Subscription, store::Error> {
    Ok(Subscription {
        id: SubscriptionId(row.get(0)?),
        account: AccountId(row.get(1)?),
        credential: Credential::read(row.text(2)?),
        made: Timestamp(row.get(3)?),
        device: row.text(4)?.to_owned(),
        url: row.text(5)?.to_owned(),
        keys: Keys::read(row.text(6)?),
        code: row.text(7)?.to_owned(),
        is_verified: row.get::<i64>(8)? != 0,
        expires: Timestamp(row.get(9)?),
        types: serde_json::from_str(row.text(10)?).unwrap_or_default(),
    })
}

/// Returns the subscriptions of a person that have not expired, in the order they came.
pub fn list(view: &View, account: AccountId, now: Timestamp) -> Result<Vec<Subscription>, store::Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM jmap_subscription WHERE account = $1 AND expires > $2 ORDER BY subscription");
    view.query(&sql, params![account.0, now.0], read)
}

/// Returns one subscription.
pub fn get(view: &View, id: SubscriptionId, now: Timestamp) -> Result<Option<Subscription>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM jmap_subscription WHERE subscription = $1 AND expires > $2");
    view.query_opt(&sql, params![id.0, now.0], read)
}

/// Returns all subscriptions that are to be told of changes.
pub fn verified(view: &View, now: Timestamp) -> Result<Vec<Subscription>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM jmap_subscription WHERE verified = 1 AND expires > $1");
    view.query(&sql, params![now.0], read)
}

/// Makes a subscription. Expired ones make room first.
pub fn create(tx: &mut Tx, new: &Subscription, now: Timestamp) -> Result<SubscriptionId, store::Error> {
    tx.execute("DELETE FROM jmap_subscription WHERE account = $1 AND expires <= $2", params![new.account.0, now.0])?;
    tx.query_one(
        "INSERT INTO jmap_subscription (account, credential, made, device, url, keys, code, verified, expires, types)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING subscription",
        params![
            new.account.0,
            new.credential.written(),
            new.made.0,
            new.device.as_str(),
            new.url.as_str(),
            new.keys.as_ref().map(Keys::written).unwrap_or_default(),
            new.code.as_str(),
            i64::from(new.is_verified),
            new.expires.0,
            types(new),
        ],
        |row| row.get(0).map(SubscriptionId),
    )
}

/// Writes the properties that a client may change.
pub fn update(tx: &mut Tx, changed: &Subscription) -> Result<(), store::Error> {
    let sql = "UPDATE jmap_subscription SET verified = $2, expires = $3, types = $4 WHERE subscription = $1";
    let verified = i64::from(changed.is_verified);
    tx.execute(sql, params![changed.id.0, verified, changed.expires.0, types(changed)]).map(drop)
}

/// Destroys a subscription; returns false if the person has no such one.
pub fn destroy(tx: &mut Tx, account: AccountId, id: SubscriptionId) -> Result<bool, store::Error> {
    let sql = "DELETE FROM jmap_subscription WHERE subscription = $1 AND account = $2";
    Ok(tx.execute(sql, params![id.0, account.0])? > 0)
}

fn types(of: &Subscription) -> String {
    serde_json::json!(of.types).to_string()
}
