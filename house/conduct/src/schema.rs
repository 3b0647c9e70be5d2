//! The tables of this room. Times are milliseconds: `opened` since 1970, all others of running.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration { room: "conduct", number: 1, sql: FIRST }];

/// - `conduct_account`: what an account has sent: `sent` recipients and `strange` strangers since `day` began, `away` strangers
///   from new networks since `week` began; `good` days. `sends`: the limit that the postmaster has set for it.
/// - `conduct_place`: the networks of providers that it has sent from, and since when. `generation`: whom it knew by then
///   (see `mailbox::acquaintance`). `first`: the first network of a young account.
/// - `conduct_hold`: letters that are kept back. `reason` is 0 strangers, 1 refusals, 2 the day's limit; `state` 0 open, 1 being
///   released, 2 being dropped; `told`: its person and the postmaster were written to.
const FIRST: &str = "
CREATE TABLE conduct_account (
    account BIGINT NOT NULL PRIMARY KEY,
    day BIGINT NOT NULL,
    sent BIGINT NOT NULL DEFAULT 0,
    strange BIGINT NOT NULL DEFAULT 0,
    week BIGINT NOT NULL,
    away BIGINT NOT NULL DEFAULT 0,
    good BIGINT NOT NULL DEFAULT 0,
    sends BIGINT
) {clustered};
CREATE TABLE conduct_place (
    account BIGINT NOT NULL,
    network TEXT NOT NULL,
    since BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    first BIGINT NOT NULL,
    PRIMARY KEY (account, network)
) {clustered};
CREATE TABLE conduct_hold (
    id {id},
    account BIGINT NOT NULL,
    reason BIGINT NOT NULL,
    network TEXT NOT NULL,
    opened BIGINT NOT NULL,
    state BIGINT NOT NULL DEFAULT 0,
    told BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX conduct_hold_open ON conduct_hold (account, reason) WHERE state = 0;
CREATE INDEX conduct_hold_account ON conduct_hold (account);
";
