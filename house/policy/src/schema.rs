//! The tables of this room. Times are milliseconds since 1970.

use store::Migration;

/// The tables, in the order they came. How the next step is written stands at [`Migration`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { room: "policy", number: 1, sql: LISTED },
    Migration { room: "policy", number: 2, sql: ROUTE },
    Migration { room: "policy", number: 3, sql: LIMIT_AND_COPY },
];

/// The lists of those who are denied and those who are allowed; an entry stands on one of the two. `subject` is the text of a
/// subject, which also says its kind.
const LISTED: &str = "
CREATE TABLE listed (
    id {id},
    subject TEXT NOT NULL UNIQUE,
    is_allowed BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created BIGINT NOT NULL
);
";

/// The routes of letters to servers. `side` is `to` or `from`; `subject` is an address, a domain, or `*`. `sealed` is the password,
/// locked with a key that lies beside the database: a copy of the database alone opens nothing elsewhere.
const ROUTE: &str = "
CREATE TABLE route (
    id {id},
    side TEXT NOT NULL,
    subject TEXT NOT NULL,
    host TEXT NOT NULL,
    tls TEXT NOT NULL,
    login TEXT NOT NULL,
    sealed {blob},
    created BIGINT NOT NULL,
    UNIQUE (side, subject)
);
";

/// `sending_limit`: how much a subject may send; NULL is as much as they like. `letter_copy`: who gets a copy of which letters;
/// `side` is `from`, `to`, `in`, `out` or `all`, and `subject` is empty but for the first two.
const LIMIT_AND_COPY: &str = "
CREATE TABLE sending_limit (
    id {id},
    subject TEXT NOT NULL UNIQUE,
    letters BIGINT,
    recipients BIGINT,
    size BIGINT,
    created BIGINT NOT NULL
);
CREATE TABLE letter_copy (
    id {id},
    side TEXT NOT NULL,
    subject TEXT NOT NULL,
    target TEXT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (side, subject, target)
);
";
