//! Tables come and change by numbered steps, each done once.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::engine::WriteSession;
use crate::error::{OpenError, Result};
use crate::lock::Lock;
use crate::migration::Migration;
use crate::value::Row;
use crate::{params, record, snapshot};

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
