//! The tables. Times are milliseconds since 1970.

use store::Migration;

/// The tables of this room.
pub const MIGRATIONS: &[Migration] = &[Migration { room: "mra", number: 1, sql: FIRST }];

/// What is where:
/// - `fetch_source`: a mailbox elsewhere. `service`: 1 fetched by `facteur serve`; 0 it was fetched once, by a command;
///   2 removed. Both are kept for what is known of their letters. `fault` and `said` tell how it fares since `since`.
/// - `fetch_folder`: a folder there. All its letters below `uid_next` have been dealt with, and it had `messages`
///   letters then. POP3 has one, without a name.
/// - `fetch_letter`: a letter there. `key` is UIDVALIDITY and UID (both big-endian), or a unique-id, or a hash.
///   `state`: 0 here, 1 left there (too large, say), 2 the same as another row, 3 taken away there by us.
///   `gone`: it is not there any more, under this key; what turns up under another key may be it.
const FIRST: &str = "
CREATE TABLE fetch_source (
    source {id},
    name TEXT NOT NULL UNIQUE,
    service BIGINT NOT NULL,
    settings TEXT NOT NULL,
    secret {blob},
    created BIGINT NOT NULL,
    fault TEXT,
    said TEXT NOT NULL DEFAULT '',
    since BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    next_try BIGINT NOT NULL DEFAULT 0,
    success BIGINT,
    letters BIGINT NOT NULL DEFAULT 0,
    octets BIGINT NOT NULL DEFAULT 0,
    left_there BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE fetch_folder (
    folder {id},
    source BIGINT NOT NULL,
    name {blob} NOT NULL,
    validity BIGINT NOT NULL DEFAULT 0,
    uid_next BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX fetch_folder_name ON fetch_folder (source, name);
CREATE TABLE fetch_letter (
    folder BIGINT NOT NULL,
    key {blob} NOT NULL,
    source BIGINT NOT NULL,
    state BIGINT NOT NULL,
    gone BIGINT NOT NULL DEFAULT 0,
    fetched BIGINT NOT NULL,
    size BIGINT NOT NULL,
    light {blob},
    content {blob},
    gmail BIGINT,
    PRIMARY KEY (folder, key)
) {clustered};
CREATE INDEX fetch_letter_light ON fetch_letter (source, light) WHERE gone = 1;
CREATE INDEX fetch_letter_content ON fetch_letter (source, content) WHERE gone = 1;
CREATE UNIQUE INDEX fetch_letter_gmail ON fetch_letter (source, gmail) WHERE gmail IS NOT NULL;
CREATE INDEX fetch_letter_due ON fetch_letter (folder, fetched) WHERE state = 0 AND gone = 0;
";
