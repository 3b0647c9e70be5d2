//! The tables of the trace. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration { room: "trace", number: 1, sql: FIRST }];

/// The tables:
/// - `trace_step`: the events of one commit for one letter (see [`crate::row`]). Only ever added to at its end.
/// - `trace_filed`: the name under which a letter in a mailbox came, and through which doors it was opened (one bit each).
/// - `trace_key`: finds steps. Keys are hashes, so within `period` (65,536 steps) they come in any order: the tree that
///   is added to stays small however many letters there were, and what is too old is one stretch of it.
/// - `trace_indexed`: the number up to which `trace_key` is filled. The rows behind it are few and are looked
///   through.
const FIRST: &str = "
CREATE TABLE trace_step (
    entry {id},
    letter {blob} NOT NULL,
    at BIGINT NOT NULL,
    steps {blob} NOT NULL
);
CREATE TABLE trace_filed (
    key {key},
    letter {blob} NOT NULL,
    doors BIGINT NOT NULL
);
CREATE TABLE trace_key (
    period BIGINT NOT NULL,
    key BIGINT NOT NULL,
    entry BIGINT NOT NULL,
    PRIMARY KEY (period, key, entry)
) {clustered};
CREATE TABLE trace_indexed (
    id {key},
    upto BIGINT NOT NULL
);
INSERT INTO trace_indexed (id, upto) VALUES (1, 0);
";
