//! Tables come and change by numbered steps, each done once.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::engine::WriteSession;
use crate::error::{OpenError, Result};
use crate::lock::Lock;
use crate::value::Row;
use crate::{edition, params, record, snapshot};

/// One step. Each room numbers its own steps 1, 2, 3, … and never changes one that is in `main`: data folders of `main` are
/// kept in `tests/folders`, and the tests upgrade each. The first step of a room makes all its tables as they were in
/// November 2026.
///
/// The next step of a room is a constant behind its first in the room's `schema.rs`, with the next number:
/// * Tables, columns and indexes that are added cost nothing: no copy is made before, and an older folder opens at once. A
///   column that is added has a default; what shall be in it is filled behind the doors, in slices, by the room's background
///   task, which is what `read_anew` does for columns that are read from letters.
/// * A step that changes rows runs as a whole before the doors open, after a copy of all tables but the bodies was made
///   ([`go_back`](crate::go_back) goes back to it). Use it for tables whose size does not grow with letters.
/// * A new layout for letters is a new table beside the old one: a step adds it, new letters are written to the new one,
///   reads ask both, and the background task moves the old ones over in slices; the step that drops the old table comes with
///   a later version, when no folder holds rows in it any more.
///
/// The statements are separated by `;`. The engine replaces `{id}` (a primary key that numbers itself and is never
/// used again), `{key}` (a whole number as primary key, given by who writes the row), `{clustered}` (behind the
/// closing parenthesis: rows lie in the order of the primary key) and `{blob}` (bytes).
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The room whose tables it makes.
    pub room: &'static str,
    /// Its number in the room.
    pub number: u32,
    /// The statements.
    pub sql: &'static str,
}

/// The editions of before the first release. They make no tables:
/// 1. Each room makes its tables by one first step.
/// 2. The records of people, which were tables of the JMAP room, are a room of their own.
pub(crate) const EDITIONS: [Migration; edition::LAST as usize] = [
    Migration { room: edition::EDITION, number: 1, sql: "" },
    Migration { room: edition::EDITION, number: edition::LAST, sql: "" },
];

/// Brings the database to the state that the migrations describe, all of it or nothing. `before` is called once it is
/// certain that something will be changed.
pub(crate) fn migrate(
    session: &dyn WriteSession,
    folder: &Path,
    file: &Path,
    migrations: &[Migration],
    before: impl FnOnce(),
) -> Result<(), OpenError> {
    check_numbers(migrations)?;
    let database = |error| OpenError::Database { file: file.to_owned(), error };
    let done = recorded(session).map_err(database)?;
    let waiting = pending(&done, migrations)?;
    if waiting.is_empty() {
        return Ok(());
    }
    if !done.is_empty() {
        nobody_else(folder)?;
        snapshot::require_room(session, folder, &waiting)?;
        if !waiting.iter().all(snapshot::only_adds) {
            snapshot::make(session, folder).map_err(OpenError::Snapshot)?;
        }
        snapshot::forget_old(folder);
    }
    before();
    session.begin().map_err(database)?;
    // Another process may have been first.
    let result = recorded(session).map_err(database).and_then(|done| apply(session, &pending(&done, migrations)?));
    match result {
        Ok(()) => session.commit().map_err(database),
        Err(error) => Err(error),
    }
    .inspect_err(|_| session.roll_back())
}

fn check_numbers(migrations: &[Migration]) -> Result<(), OpenError> {
    let mut last = HashMap::new();
    for migration in migrations {
        let last = last.entry(migration.room).or_insert(0);
        *last += 1;
        if *last != migration.number {
            return Err(OpenError::Numbering(migration.room));
        }
    }
    Ok(())
}

/// The last number of each room that the database has seen.
fn recorded(session: &dyn WriteSession) -> Result<BTreeMap<String, u32>> {
    let mut done = BTreeMap::new();
    if !session.has_table("migration")? {
        return Ok(done);
    }
    session.query("SELECT room, max(number) FROM migration GROUP BY room", params![], &mut |row: &Row<'_>| {
        done.insert(row.get(0)?, row.get(1)?);
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(done)
}

fn pending(done: &BTreeMap<String, u32>, migrations: &[Migration]) -> Result<Vec<Migration>, OpenError> {
    for (room, found) in done {
        let known = migrations.iter().filter(|step| step.room == room).map(|step| step.number).max().unwrap_or(0);
        if *found > known {
            return Err(OpenError::Newer { room: room.clone(), found: *found, known });
        }
    }
    let is_new = |step: &&Migration| done.get(step.room).is_none_or(|done| step.number > *done);
    Ok(migrations.iter().filter(is_new).copied().collect())
}

fn apply(session: &dyn WriteSession, steps: &[Migration]) -> Result<(), OpenError> {
    let table = "CREATE TABLE IF NOT EXISTS migration (
        room TEXT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (room, number))";
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for step in steps {
        session
            .execute(table, params![])
            .and_then(|_| session.run_migration(step.sql))
            .inspect(|()| record::schema("facteur", step.room, step.number, step.sql))
            .and_then(|()| {
                let record = "INSERT INTO migration (room, number, at) VALUES ($1, $2, $3)";
                session.execute(record, params![step.room, step.number, now])
            })
            .map_err(|error| OpenError::Migration { room: step.room, number: step.number, error })?;
        tracing::debug!(room = step.room, number = step.number, "migrated");
    }
    Ok(())
}

/// Never change the tables under a running post office of the version before.
fn nobody_else(folder: &Path) -> Result<(), OpenError> {
    match Lock::holder(folder) {
        Some(process) if process != std::process::id().to_string() => {
            Err(OpenError::InUse { folder: folder.to_owned(), process })
        }
        _ => Ok(()),
    }
}
