//! The tables of this room.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration { room: "records", number: 1, sql: FIRST }];

/// The tables:
/// - `record_state`: the last change of the records of a kind; changes up to `forgotten` are not remembered any more.
/// - `record_object`: the records themselves, as JSON. A record that is gone has no data, and its row stays for those who
///   ask what has changed.
/// - `record_sending`: letters on their way, by their names, and the submissions that tell what becomes of them; `since` is
///   how far the history of the letter has been read.
/// - `record_sent`: the Message-ID under which the letter of a submission went. A letter can be submitted more than once.
const FIRST: &str = "
CREATE TABLE record_state (
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    change BIGINT NOT NULL,
    forgotten BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account, kind)
) {clustered};
CREATE TABLE record_object (
    record {id},
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    born BIGINT NOT NULL,
    change BIGINT NOT NULL,
    data TEXT
);
CREATE INDEX record_object_change ON record_object (account, kind, change);
CREATE TABLE record_sending (
    letter TEXT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL,
    record BIGINT NOT NULL,
    since BIGINT NOT NULL
) {clustered};
CREATE INDEX record_sending_record ON record_sending (record);
CREATE INDEX record_sending_since ON record_sending (since);
CREATE TABLE record_sent (
    account BIGINT NOT NULL,
    message TEXT NOT NULL,
    record BIGINT NOT NULL,
    PRIMARY KEY (account, message, record)
) {clustered};
CREATE INDEX record_sent_record ON record_sent (record);
";
