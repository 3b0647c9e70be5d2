//! Uploads: each is kept until it is used or a day is over (RFC 8620 §6.1).

use std::time::Duration;

use bytes::Bytes;
use mail::Timestamp;
use mail::seam::AccountId;
use store::{BlobId, Key, PreparedBlob, Store, Tx, params};

use crate::limits;

/// The time that an upload is kept if nothing is made of it.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// The time between two searches for uploads that have been kept long enough, and the number that one search removes.
const LOOK: Duration = Duration::from_secs(600);
const AT_ONCE: usize = 100;

/// Keeps octets for the account and returns their number. If the account has reached its limit, its oldest uploads make
/// room.
pub async fn keep(store: &Store, account: AccountId, octets: Bytes, now: Timestamp) -> Result<i64, store::Error> {
    let packing = store.clone();
    let prepared = tokio::task::spawn_blocking(move || packing.prepare_blob(octets)).await;
    let prepared = prepared.map_err(|error| store::Error::Panicked(error.to_string()))??;
    store.write(Key::Account(account.0), move |tx| write(tx, account, &prepared, now)).await
}

fn write(tx: &mut Tx, account: AccountId, prepared: &PreparedBlob, now: Timestamp) -> Result<i64, store::Error> {
    let blob = tx.put_blob(prepared)?;
    let number = tx.query_one(
        "INSERT INTO jmap_upload (account, blob, size, at) VALUES ($1, $2, $3, $4) RETURNING upload",
        params![account.0, blob, prepared.length(), now.0],
        |row| row.get(0),
    )?;
    let sql = "SELECT upload, blob, size FROM jmap_upload WHERE account = $1 ORDER BY upload DESC";
    let all = tx.query(sql, params![account.0], read)?;
    let mut octets = 0_u64;
    for (place, (upload, blob, size)) in all.into_iter().enumerate() {
        octets = octets.saturating_add(size);
        if place >= limits::KEPT_UPLOADS || octets > limits::KEPT_UPLOAD_OCTETS {
            forget(tx, upload, blob)?;
        }
    }
    Ok(number)
}

fn read(row: &store::Row) -> Result<(i64, BlobId, u64), store::Error> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn forget(tx: &mut Tx, upload: i64, blob: BlobId) -> Result<(), store::Error> {
    tx.execute("DELETE FROM jmap_upload WHERE upload = $1", params![upload])?;
    tx.drop_blob(blob)
}

/// Takes away uploads that were kept long enough, until `shutdown` is done.
pub async fn housekeeping(store: Store, clock: fn() -> Timestamp, shutdown: impl Future<Output = ()> + Send) {
    let work = async {
        loop {
            let before = clock().0 - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
            match store.write(Key::Everything, move |tx| forget_old(tx, before)).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "old uploads will be taken away later"),
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = work => {}
    }
}

/// Removes old uploads. Returns true if there may be more.
fn forget_old(tx: &mut Tx, before: i64) -> Result<bool, store::Error> {
    let sql = "SELECT upload, blob, size FROM jmap_upload WHERE at < $1 ORDER BY at LIMIT $2";
    let old = tx.query(sql, params![before, AT_ONCE], read)?;
    for (upload, blob, _) in &old {
        forget(tx, *upload, *blob)?;
    }
    Ok(old.len() == AT_ONCE)
}
