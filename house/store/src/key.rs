//! A key says what a write changes; the caller of the write names it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::migration::Migration;
use crate::value::Value;

/// The key of a write says what the write changes. Today one thread writes everything in the order in which it came;
/// an engine with several writers chooses the lane by this key, so that writes with nothing in common run beside each
/// other. While the suite writes its statements down (`record.rs`), each is compared with the key of its write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// The mail of one account with the rows beside it, by the number of the account.
    Account(i64),
    /// Letters on their way to other servers.
    Queue,
    /// Domains, accounts, passwords and sessions, and the rules of the administrator.
    Directory,
    /// Mailboxes elsewhere from which letters are fetched.
    Fetching,
    /// The history of letters, beside the writes that make it.
    Trace,
    /// Several of these at once, such as a letter that is filed for some and queued for others, or whoever's rows it is.
    Everything,
}

/// Rooms whose rows any write may add: bodies, and what happened.
const SHARED: [&str; 2] = ["store", "trace"];

impl Key {
    /// Returns true if a write with this key may change tables of the room.
    fn covers(self, room: &str) -> bool {
        let own = match self {
            Self::Everything => return true,
            Self::Account(_) => !["queue", "directory", "policy"].contains(&room),
            Self::Queue => room == "queue",
            Self::Directory => ["directory", "policy"].contains(&room),
            Self::Fetching => room == "mra",
            Self::Trace => false,
        };
        own || SHARED.contains(&room)
    }
}

/// The room of each table.
#[derive(Debug, Default)]
pub(crate) struct Tables(HashMap<&'static str, &'static str>);

impl Tables {
    pub(crate) fn of<'m>(migrations: impl IntoIterator<Item = &'m Migration>) -> Self {
        let made = |step: &Migration| {
            let tables = step.sql.split(';').filter_map(made_by);
            tables.map(|table| (table, step.room)).collect::<Vec<_>>()
        };
        Self(migrations.into_iter().flat_map(made).collect())
    }
}

/// The table that a statement of a migration makes.
fn made_by(statement: &'static str) -> Option<&'static str> {
    let rest = statement.trim_start().strip_prefix("CREATE TABLE ")?;
    rest.split(|c: char| c.is_whitespace() || c == '(').next()
}

/// The bounds that the write that runs has set itself with its key.
pub(crate) struct Bounds {
    key: Key,
    tables: Arc<Tables>,
}

impl Bounds {
    pub(crate) fn new(tables: Arc<Tables>) -> Self {
        Self { key: Key::Everything, tables }
    }

    pub(crate) fn begin(&mut self, key: Key) {
        self.key = key;
    }

    /// Returns what is wrong with a statement that changes rows outside the key.
    pub(crate) fn fault(&self, sql: &str, params: &[Value<'_>]) -> Option<String> {
        let table = changed_by(sql)?;
        let room = self.tables.0.get(table).copied();
        if room.is_some_and(|room| !self.key.covers(room)) {
            return Some(format!("a write for {:?} changes the table {table}", self.key));
        }
        match (self.key, account_in(sql, params)) {
            (Key::Account(own), Some(other)) if own != other => {
                Some(format!("a write for one account changes the table {table} for another"))
            }
            _ => None,
        }
    }
}

/// The table that a statement changes.
fn changed_by(sql: &str) -> Option<&str> {
    let mut words = sql.split_ascii_whitespace();
    let table = match (words.next()?, words.next()?) {
        ("INSERT", "INTO") | ("DELETE", "FROM") => words.next()?,
        ("UPDATE", table) => table,
        _ => return None,
    };
    table.split('(').next()
}

/// The account whose rows a statement changes, if it says so by a parameter.
fn account_in(sql: &str, params: &[Value<'_>]) -> Option<i64> {
    const NAMED: &str = " account = $";
    let number = match sql.find(NAMED) {
        Some(at) => sql[at + NAMED.len()..].split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok()?,
        None if sql.contains("(account, ") && sql.contains("VALUES ($1,") => 1,
        None => return None,
    };
    match params.get(number.checked_sub(1)?)? {
        Value::Integer(account) => Some(*account),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: [Migration; 2] = [
        Migration { room: "queue", number: 1, sql: "CREATE TABLE queue_letter (id {id}); CREATE INDEX i ON x (y);" },
        Migration {
            room: "mailbox",
            number: 1,
            sql: "\nCREATE TABLE entry(account BIGINT);CREATE TABLE folder (f {id})",
        },
    ];

    fn check(key: Key, sql: &str, account: i64) -> bool {
        let mut bounds = Bounds::new(Arc::new(Tables::of(&ROOMS)));
        bounds.begin(key);
        bounds.fault(sql, &[Value::Integer(account)]).is_none()
    }

    #[test]
    fn a_write_changes_only_what_its_key_covers() {
        let queued = "INSERT INTO queue_letter (name) VALUES ($1)";
        assert!(check(Key::Queue, queued, 0) && check(Key::Everything, queued, 0));
        assert!(
            !check(Key::Account(1), queued, 0) && !check(Key::Directory, queued, 0) && !check(Key::Trace, queued, 0)
        );
        assert!(check(Key::Account(1), "DELETE FROM folder WHERE f = $1", 2));
        assert!(!check(Key::Queue, "UPDATE folder SET f = $1", 2));
        assert!(check(Key::Queue, "SELECT f FROM folder", 2), "whoever writes may read everything");
    }

    #[test]
    fn a_write_for_one_account_leaves_the_rows_of_others() {
        for sql in ["DELETE FROM entry WHERE account = $1", "INSERT INTO entry (account, a) VALUES ($1, 2)"] {
            assert!(check(Key::Account(7), sql, 7) && check(Key::Everything, sql, 8), "{sql}");
            assert!(!check(Key::Account(7), sql, 8), "{sql}");
        }
    }
}
