//! The tables. Times are milliseconds since 1970.

use store::Migration;

/// The tables of the queue.
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "queue", number: 1, sql: TABLES },
    Migration { room: "queue", number: 2, sql: POSTPONED },
    Migration { room: "queue", number: 3, sql: RUNNING },
];

/// How long the post office has been running (`ran`, in milliseconds), and in that time: when a letter is given up, and
/// when its sender is told that it is late. Letters without these get them at the next start. `expires` is what people are
/// shown; `warn_at` is not read any more. `sender`: whose letter it is, so that senders take turns.
const RUNNING: &str = "
CREATE TABLE queue_running (id BIGINT NOT NULL PRIMARY KEY, ran BIGINT NOT NULL) {clustered};
INSERT INTO queue_running (id, ran) VALUES (1, 0);
ALTER TABLE queue_letter ADD COLUMN give_up BIGINT;
ALTER TABLE queue_letter ADD COLUMN warn BIGINT;
ALTER TABLE queue_letter ADD COLUMN sender TEXT NOT NULL DEFAULT '';
UPDATE queue_letter SET sender = return_path;
DROP INDEX queue_letter_late;
CREATE INDEX queue_letter_warn ON queue_letter (warn) WHERE warn IS NOT NULL;
CREATE INDEX queue_letter_sender ON queue_letter (sender, id);
";

/// Letters that wait for the time their author wants: `held_until` while they do.
const POSTPONED: &str = "
ALTER TABLE queue_letter ADD COLUMN held_until BIGINT;
CREATE INDEX queue_letter_held ON queue_letter (held_until) WHERE held_until IS NOT NULL;
";

/// `state`: 0 waiting, 1 held, 2 failed and to be reported, 3 postponed by the author. `queue_domain` says when a domain is to be looked at next:
/// the earliest `next_try` of its waiting recipients or, after a failure to reach it at all, when its own wait is over.
/// So a dead domain costs one row a look, however many letters wait for it. `failures` is -1 when a command has asked
/// for the domain.
const TABLES: &str = "
CREATE TABLE queue_letter (
    id {id},
    name TEXT NOT NULL,
    return_path TEXT NOT NULL,
    blob BIGINT NOT NULL,
    size BIGINT NOT NULL,
    eight_bit BIGINT NOT NULL,
    smtputf8 BIGINT NOT NULL,
    arrived BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    warn_at BIGINT
);
CREATE INDEX queue_letter_name ON queue_letter (name);
CREATE INDEX queue_letter_late ON queue_letter (warn_at) WHERE warn_at IS NOT NULL;

CREATE TABLE queue_recipient (
    id {id},
    letter BIGINT NOT NULL,
    address TEXT NOT NULL,
    domain TEXT NOT NULL,
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_try BIGINT NOT NULL,
    tried BIGINT,
    status TEXT NOT NULL,
    said TEXT NOT NULL,
    said_by TEXT NOT NULL
);
CREATE INDEX queue_recipient_due ON queue_recipient (domain, next_try, id) WHERE state = 0;
CREATE INDEX queue_recipient_letter ON queue_recipient (letter);
CREATE INDEX queue_recipient_failed ON queue_recipient (letter) WHERE state = 2;

CREATE TABLE queue_domain (
    domain TEXT NOT NULL PRIMARY KEY,
    next_try BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    said TEXT NOT NULL
) {clustered};
CREATE INDEX queue_domain_due ON queue_domain (next_try);

CREATE TABLE queue_attempt (
    id {id},
    letter BIGINT NOT NULL,
    address TEXT NOT NULL,
    at BIGINT NOT NULL,
    said TEXT NOT NULL,
    said_by TEXT NOT NULL
);
CREATE INDEX queue_attempt_letter ON queue_attempt (letter);
";
