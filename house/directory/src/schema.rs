//! The tables of this room. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "directory", number: 1, sql: FIRST },
    Migration { room: "directory", number: 2, sql: DOMAIN_KEYS },
    Migration { room: "directory", number: 3, sql: FORWARDS },
    // The number of the domain whose other name this one is.
    Migration { room: "directory", number: 4, sql: "ALTER TABLE domain ADD COLUMN alias_of BIGINT;" },
    Migration { room: "directory", number: 5, sql: GROUPS },
    // 1: forged letters to people of the domain are filed as junk, and never refused.
    Migration { room: "directory", number: 6, sql: "ALTER TABLE domain ADD COLUMN keeps_forged BIGINT;" },
    // When somebody first logged in from a place; of places from before this column nobody knows it.
    Migration { room: "directory", number: 7, sql: "ALTER TABLE familiar_place ADD COLUMN since BIGINT;" },
];

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

/// The keys that sign the letters of a domain:
/// - `domain` is a name: the name of this server, which reports are from, can have keys and be no domain of people.
/// - `state`: 0 is the next key, 1 the active one, 2 an old one. There is one next and one active key of each algorithm.
/// - `since`: when it came into its state, for people; `ran` is how long it has been in it while the office was running, in
///   milliseconds: what happens by the time that has passed goes by that, since nobody can set it.
/// - `published`: when its record was first seen in the domain name system.
/// - `secret`: the private key as a PEM file. Whoever reads this table reads all the letters beside it, so that a key to lock
///   it with, which could be lost by itself, would protect nothing.
const DOMAIN_KEYS: &str = "
CREATE TABLE domain_key (
    id {id},
    domain TEXT NOT NULL,
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    state BIGINT NOT NULL,
    made BIGINT NOT NULL,
    since BIGINT NOT NULL,
    ran BIGINT NOT NULL DEFAULT 0,
    published BIGINT,
    secret {blob} NOT NULL,
    UNIQUE (domain, selector)
);
CREATE UNIQUE INDEX domain_key_in_use ON domain_key (domain, algorithm, state) WHERE state < 2;
";

/// The ways on of letters, and the ways back of reports on them:
/// - `forward`: the addresses to which letters for a person go on, and `account.keep_copy`: whether the person gets them, too.
/// - `forwarded_sender`: the senders of forwarded letters whose address does not fit into the return path, by its token.
const FORWARDS: &str = "
ALTER TABLE account ADD COLUMN keep_copy BIGINT NOT NULL DEFAULT 1;
CREATE TABLE forward (
    account BIGINT NOT NULL,
    folded TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (account, folded)
) {clustered};
CREATE TABLE forwarded_sender (
    token TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    until BIGINT NOT NULL
) {clustered};
CREATE INDEX forwarded_sender_until ON forwarded_sender (until);
";

/// An alias is a group if `writers` says whose letters it takes: 0 everybody's, 1 our people's and its members', 2 its members'.
/// `members_write_as`: members who live here may write as the group.
const GROUPS: &str = "
ALTER TABLE alias ADD COLUMN writers BIGINT;
ALTER TABLE alias ADD COLUMN members_write_as BIGINT NOT NULL DEFAULT 1;
";
