//! The tables of this room. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[Migration { room: "directory", number: 1, sql: FIRST }];

/// The tables keep more than their names say:
/// - `password`: made-up keys have as many rounds as those whose salt comes next, which is found by `password_salt`.
/// - `session`: of a token only its SHA-256 is kept. `network`, `browser` and `password` say where the session was begun,
///   and with which password: the number of its change.
/// - `familiar_place`: where people have logged in; an IPv6 network is its first 64 bits.
const FIRST: &str = "
CREATE TABLE domain (
    id {id},
    name TEXT NOT NULL UNIQUE,
    created BIGINT NOT NULL
);
CREATE TABLE account (
    id {id},
    domain BIGINT NOT NULL,
    local TEXT NOT NULL,
    address TEXT NOT NULL,
    name TEXT,
    language TEXT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (domain, local)
);
CREATE INDEX account_local ON account (local);
CREATE TABLE password (
    id {id},
    account BIGINT NOT NULL,
    label TEXT NOT NULL,
    argon2 TEXT NOT NULL,
    scram_salt {blob},
    scram_iterations BIGINT,
    scram_stored_key {blob},
    scram_server_key {blob},
    changed BIGINT NOT NULL,
    UNIQUE (account, label)
);
CREATE TABLE alias (
    id {id},
    domain BIGINT NOT NULL,
    local TEXT NOT NULL,
    address TEXT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (domain, local)
);
CREATE TABLE alias_target (
    alias BIGINT NOT NULL,
    folded TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (alias, folded)
) {clustered};
CREATE TABLE directory_secret (
    id {key},
    secret {blob} NOT NULL
);
CREATE INDEX alias_target_folded ON alias_target (folded);
CREATE INDEX password_salt ON password (scram_salt);
CREATE TABLE session (
    id {id},
    digest {blob} NOT NULL UNIQUE,
    account BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    network TEXT,
    browser TEXT,
    password BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX session_seen ON session (seen);
CREATE INDEX session_begun ON session (begun);
CREATE INDEX session_account ON session (account);
CREATE TABLE familiar_place (
    network TEXT NOT NULL,
    name TEXT NOT NULL,
    account BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    PRIMARY KEY (network, name)
) {clustered};
CREATE INDEX familiar_place_account ON familiar_place (account, seen);
";
