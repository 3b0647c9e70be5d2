//! The tables of this room: facts that JMAP knows and no other door does. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. [`Migration`] explains how to write the next step.
pub const MIGRATIONS: &[Migration] = &[Migration { room: "jmap", number: 1, sql: FIRST }];

/// The tables:
/// - `jmap_upload`: blobs that were uploaded and are kept for a while, `at` when they came.
/// - `jmap_state`: the last change of the records of a kind.
/// - `jmap_record`: identities, submissions, absences and preferences, as JSON. A destroyed record has no data; its row
///   stays for clients that ask what has changed.
/// - `jmap_sending`: letters on their way, whose submissions report what becomes of them; `since` marks the end of
///   their known history.
/// - `jmap_sent`: the Message-ID that the letter of a submission was sent under. A letter can be submitted more than
///   once.
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
CREATE TABLE jmap_state (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    change BIGINT NOT NULL,
    forgotten BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account, kind)
) {clustered};
CREATE TABLE jmap_record (
    record {id},
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    born BIGINT NOT NULL,
    change BIGINT NOT NULL,
    data TEXT
);
CREATE INDEX jmap_record_change ON jmap_record (account, kind, change);
CREATE TABLE jmap_sending (
    letter TEXT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL,
    record BIGINT NOT NULL,
    since BIGINT NOT NULL
) {clustered};
CREATE INDEX jmap_sending_record ON jmap_sending (record);
CREATE INDEX jmap_sending_since ON jmap_sending (since);
CREATE TABLE jmap_sent (
    account BIGINT NOT NULL,
    message TEXT NOT NULL,
    record BIGINT NOT NULL,
    PRIMARY KEY (account, message, record)
) {clustered};
CREATE INDEX jmap_sent_record ON jmap_sent (record);
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
