//! The tables of this room.

use store::Migration;

/// The tables, step by step.
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "directory", number: 1, sql: FIRST },
    // Of a token only its SHA-256 is kept. Times are milliseconds since 1970.
    Migration {
        room: "directory",
        number: 2,
        sql: "
        CREATE TABLE session (
            id {id},
            digest {blob} NOT NULL UNIQUE,
            account BIGINT NOT NULL,
            begun BIGINT NOT NULL,
            seen BIGINT NOT NULL
        );
        CREATE INDEX session_seen ON session (seen);
    ",
    },
    // Where people have logged in; an IPv6 network is its first 64 bits.
    Migration {
        room: "directory",
        number: 3,
        sql: "
        CREATE TABLE familiar_place (
            network TEXT NOT NULL,
            name TEXT NOT NULL,
            account BIGINT NOT NULL,
            seen BIGINT NOT NULL,
            PRIMARY KEY (network, name)
        ){clustered};
        CREATE INDEX familiar_place_account ON familiar_place (account, seen);
    ",
    },
    // Made-up keys have as many rounds as those whose salt comes next.
    Migration { room: "directory", number: 4, sql: "CREATE INDEX password_salt ON password (scram_salt);" },
    // Where a session was begun, and with which password: the number of its change. A session of before, whose person has
    // the password still, goes on.
    Migration {
        room: "directory",
        number: 5,
        sql: "
        ALTER TABLE session ADD COLUMN network TEXT;
        ALTER TABLE session ADD COLUMN browser TEXT;
        ALTER TABLE session ADD COLUMN password BIGINT NOT NULL DEFAULT 0;
        UPDATE session SET password = COALESCE((SELECT changed FROM password
            WHERE password.account = session.account AND password.label = '' AND password.changed <= session.begun), 0);
        CREATE INDEX session_account ON session (account);
    ",
    },
];

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
        ){clustered};
        CREATE TABLE directory_secret (
            id {key},
            secret {blob} NOT NULL
        );
        CREATE INDEX alias_target_folded ON alias_target (folded);
    ";
