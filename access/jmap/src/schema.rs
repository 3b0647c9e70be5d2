//! The tables of this room: facts that JMAP knows and no other door does. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. [`Migration`] explains how to write the next step.
pub const MIGRATIONS: &[Migration] = &[Migration { room: "jmap", number: 1, sql: FIRST }];

/// The tables:
/// - `jmap_upload`: blobs that were uploaded and are kept for a while, `at` when they came.
/// - `jmap_subscription`: `credential` is empty for the password, otherwise the SHA-256 of a token; `keys` is empty if
///   nothing is encrypted; `types` is JSON.
/// - `jmap_vapid`: one row, the key by which push services know this server. It never leaves the row but to sign.
const FIRST: &str = "
CREATE TABLE jmap_upload (
    upload {id},
    account BIGINT NOT NULL,
    blob BIGINT NOT NULL,
    size BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX jmap_upload_account ON jmap_upload (account, upload);
CREATE INDEX jmap_upload_at ON jmap_upload (at);
CREATE TABLE jmap_subscription (
    subscription {id},
    account BIGINT NOT NULL,
    credential TEXT NOT NULL,
    made BIGINT NOT NULL,
    device TEXT NOT NULL,
    url TEXT NOT NULL,
    keys TEXT NOT NULL,
    code TEXT NOT NULL,
    verified BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    types TEXT NOT NULL
);
CREATE INDEX jmap_subscription_account ON jmap_subscription (account);
CREATE TABLE jmap_vapid (
    id {key},
    secret {blob} NOT NULL
);
";
