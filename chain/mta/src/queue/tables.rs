//! The tables. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "queue", number: 1, sql: FIRST },
    // The findings of the checks about the letter, from where it came in (`mail::Findings::to_column`).
    Migration { room: "queue", number: 2, sql: "ALTER TABLE queue_letter ADD COLUMN findings {blob};" },
    Migration { room: "queue", number: 3, sql: FORWARDS },
    Migration { room: "queue", number: 4, sql: WISHES },
    // Authors, and what is kept back of theirs (see `super::author`).
    Migration { room: "queue", number: 5, sql: super::author::TABLES },
];

/// The tables keep more than their names say:
/// - `queue_letter`: `expires` and `warn_at` are by the clock, which is what people are shown. `give_up` and `warn` count in the time that the post office has
///   been running: when a letter is given up, and when its sender is told that it is late. A letter without them gets them
///   at the next start. `sender`: whose letter it is, so that senders take turns. `held_until`: the time until which its
///   author has postponed it, while it waits for that.
/// - `queue_recipient`: `state` is 0 waiting, 1 held, 2 failed and to be reported, 3 postponed by the author.
/// - `queue_domain`: when a domain is to be looked at next: the earliest `next_try` of its waiting recipients or, after a
///   failure to reach it at all, when its own wait is over. So a dead domain costs one row a look, however many letters wait
///   for it. `failures` is -1 when a command has asked for the domain.
/// - `queue_running`: how long the post office has been running (`ran`, in milliseconds).
const FIRST: &str = "
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
    warn_at BIGINT,
    held_until BIGINT,
    give_up BIGINT,
    warn BIGINT,
    sender TEXT NOT NULL DEFAULT ''
);
CREATE INDEX queue_letter_name ON queue_letter (name);
CREATE INDEX queue_letter_held ON queue_letter (held_until) WHERE held_until IS NOT NULL;
CREATE INDEX queue_letter_warn ON queue_letter (warn) WHERE warn IS NOT NULL;
CREATE INDEX queue_letter_sender ON queue_letter (sender, id);

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

CREATE TABLE queue_running (id BIGINT NOT NULL PRIMARY KEY, ran BIGINT NOT NULL) {clustered};
INSERT INTO queue_running (id, ran) VALUES (1, 0);
";

/// Letters that go on from an address of ours to another house:
/// - `queue_forwarded_letter`: of a letter of the queue, the address that it goes on from, who gets it if it is not taken, whether
///   they have a copy, and the sender, if reports may go there.
/// - `queue_forward_state`: forwards that do not work: how often the letters were refused as spam in a row, since when they are
///   paused, and `told`: 1 if the owner knows that they fail, 2 if also that they are paused.
/// - `queue_pace`: when the allowance of an address is whole again.
const FORWARDS: &str = "
CREATE TABLE queue_forwarded_letter (
    letter BIGINT NOT NULL PRIMARY KEY,
    through TEXT NOT NULL,
    owner TEXT NOT NULL,
    kept BIGINT NOT NULL,
    reports_to TEXT
) {clustered};
CREATE TABLE queue_forward_state (
    through TEXT NOT NULL,
    target TEXT NOT NULL,
    refusals BIGINT NOT NULL,
    said TEXT NOT NULL,
    since BIGINT NOT NULL,
    paused BIGINT,
    told BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (through, target)
) {clustered};
CREATE TABLE queue_pace (
    target TEXT NOT NULL PRIMARY KEY,
    whole_at BIGINT NOT NULL
) {clustered};
CREATE INDEX queue_pace_whole_at ON queue_pace (whole_at);
";

/// The wishes of the sender, in the words of RFC 3461 and RFC 2852; empty where there are none:
/// - `queue_letter`: `by_mode` is R, RT, N or NT. `deadline` counts in the time that the post office has been running and
///   `deadline_at` by the clock; without `deadline` the sender has been told. `mistrusted`: its return path may be forged, so that
///   nobody is written to about it.
/// - `queue_recipient`: `original` is the kind and the address of ORCPT, decoded, with a semicolon between them. `action`: this
///   recipient has the letter, and its sender is to be told so in this word of RFC 3464; its state is then 2.
const WISHES: &str = "
ALTER TABLE queue_letter ADD COLUMN returned TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_letter ADD COLUMN envelope_id TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_letter ADD COLUMN by_mode TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_letter ADD COLUMN deadline BIGINT;
ALTER TABLE queue_letter ADD COLUMN deadline_at BIGINT;
ALTER TABLE queue_letter ADD COLUMN mistrusted BIGINT NOT NULL DEFAULT 0;
CREATE INDEX queue_letter_deadline ON queue_letter (deadline) WHERE deadline IS NOT NULL;
CREATE INDEX queue_letter_deadline_at ON queue_letter (deadline_at) WHERE deadline IS NOT NULL;
ALTER TABLE queue_recipient ADD COLUMN notify TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_recipient ADD COLUMN original TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_recipient ADD COLUMN action TEXT NOT NULL DEFAULT '';
";
