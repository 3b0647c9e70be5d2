//! The tables of this room: what JMAP knows and no other door does.

use store::Migration;

/// The tables, in the order they came.
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "jmap", number: 1, sql: FIRST },
    Migration { room: "jmap", number: 2, sql: SENDING },
    Migration { room: "jmap", number: 3, sql: crate::subscription::TABLE },
    Migration { room: "jmap", number: 4, sql: crate::submission::TABLE },
    Migration { room: "jmap", number: 5, sql: crate::subscription::VAPID },
];

/// Letters on their way, whose submissions are to say what becomes of them; `since` is how far their history is known.
const SENDING: &str = "
CREATE TABLE jmap_sending (
    letter TEXT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL,
    record BIGINT NOT NULL,
    since BIGINT NOT NULL
) {clustered};
CREATE INDEX jmap_sending_record ON jmap_sending (record);
CREATE INDEX jmap_sending_since ON jmap_sending (since);
";

/// What is where:
/// - `jmap_upload`: blobs that were uploaded and are kept for a while, `at` when they came.
/// - `jmap_state`: the last change of the records of a kind.
/// - `jmap_record`: identities, submissions, absences and preferences, as JSON. One that is gone has no data and stays for who asks
///   what has changed.
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
";
