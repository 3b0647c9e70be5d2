//! The copy of the tables that is made before a migration that changes rows.
//!
//! The migration itself is one transaction: it happens or it does not. The copy is for the mistake that is found
//! later, and for the way back to the version before. Bodies are never copied: no migration touches them, and they
//! are nearly all of the database. A migration that only adds tables, indexes and columns has nothing to go back to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::engine::full_text::FullText;
use crate::engine::{Opened, WriteSession};
use crate::error::{Error, OpenError, Result};
use crate::lock::Lock;
use crate::migration::Migration;
use crate::params;
use crate::space::{MIB, Room};
use crate::sqlite::full_text::SqliteFullText;
use crate::sqlite::{self, Durability, Setup};
use crate::value::Row;

/// The table that holds the bodies.
pub(crate) const BODIES: &str = "blob_content";
/// The number of copies that are kept.
const KEPT: usize = 1;

/// Returns true if the step leaves every row as it is.
pub(crate) fn only_adds(step: &Migration) -> bool {
    let text: String = step.sql.lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join(" ");
    let adds = |statement: &str| {
        let words: Vec<String> = statement.split_whitespace().take(5).map(str::to_ascii_uppercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            [] | ["CREATE", "TABLE" | "INDEX", ..]
                | ["CREATE", "UNIQUE", "INDEX", ..]
                | ["DROP", "INDEX", ..]
                | ["ALTER", "TABLE", _, "ADD", "COLUMN"]
        )
    };
    text.split(';').map(str::trim).all(adds)
}

/// Refuses the steps where there is too little room for them, before anything is changed.
pub(crate) fn require_room(session: &dyn WriteSession, folder: &Path, steps: &[Migration]) -> Result<(), OpenError> {
    let file = folder.join(crate::opening::DATABASE);
    let tables = bytes_of_tables(session).map_err(|error| OpenError::Database { file, error })?;
    let makes_index = steps.iter().any(|step| step.sql.to_ascii_uppercase().contains(" INDEX "));
    let needed = match steps.iter().all(only_adds) {
        // The copy, and all that is changed once in the log and once in the database.
        false => MIB + 3 * tables,
        true if makes_index => MIB + tables / 2,
        true => MIB,
    };
    match Room::of(folder) {
        Ok(room) if room.free < needed => {
            Err(OpenError::NoSpace { folder: folder.to_owned(), needed, free: room.free })
        }
        // An unknown size forbids nothing.
        _ => Ok(()),
    }
}

/// Returns the bytes that all tables but the bodies take.
fn bytes_of_tables(session: &dyn WriteSession) -> Result<u64> {
    let (bytes, free) = session.size()?;
    let mut bodies = 0_u64;
    if session.has_table("blob")? {
        let sql = "SELECT coalesce(sum(packed), 0) FROM blob WHERE file IS NULL";
        session.query(sql, params![], &mut |row: &Row<'_>| {
            bodies = row.get(0)?;
            Ok(std::ops::ControlFlow::Break(()))
        })?;
    }
    Ok(bytes.saturating_sub(free).saturating_sub(bodies))
}

/// Copies every table but the bodies into a new file in `snapshots/`.
pub(crate) fn make(session: &dyn WriteSession, folder: &Path) -> Result<()> {
    let io = |error: std::io::Error| Error::Io(error.to_string());
    let shelf = folder.join("snapshots");
    std::fs::create_dir_all(&shelf).map_err(io)?;
    let finished = shelf.join(format!("before-migration-{:013}.db", next_number(&shelf).map_err(io)?));
    let unfinished = shelf.join("unfinished");
    let _ = std::fs::remove_file(&unfinished);
    session.copy_tables(&unfinished, BODIES)?;
    std::fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io)?;
    std::fs::rename(&unfinished, &finished).map_err(io)?;
    std::fs::File::open(&shelf).and_then(|folder| folder.sync_all()).map_err(io)?;
    tracing::info!(file = %finished.display(), "the tables were copied before migrating");
    Ok(())
}

/// Goes back to the tables of a copy in `snapshots/`, for the version of Facteur before; bodies stay. No post office
/// may run on the folder. All of it is done, or nothing. Letters that came since are lost, save their bodies, which
/// nothing refers to.
pub fn go_back(folder: &Path, copy: &Path) -> Result<(), OpenError> {
    let _alone = Lock::take(folder)?;
    let file = folder.join(crate::opening::DATABASE);
    let database = |error| OpenError::Database { file: file.clone(), error };
    // A path that leads nowhere would be made.
    std::fs::metadata(copy).map_err(|error| OpenError::Folder { folder: copy.to_owned(), error })?;
    let setup = Setup {
        file: &file,
        durability: Durability::Synced,
        readers: &[],
        cache_bytes: 8 << 20,
        max_pages: None,
        unsettled: None,
    };
    let Opened { writer, upkeep, .. } = sqlite::open(&setup, &Arc::default()).map_err(database)?;
    let done = writer.copy_tables_back(copy, BODIES).map_err(database);
    drop(writer);
    upkeep.close();
    done?;
    // The numbers of letters begin again where they were then: the index would take new letters for those it has looked
    // at.
    SqliteFullText::new(folder).discard().map_err(database)?;
    // It spoke of a state that was left on purpose.
    match std::fs::remove_file(folder.join(crate::mark::NAME)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(OpenError::Folder { folder: folder.to_owned(), error })
        }
        _ => Ok(()),
    }
}

/// The time, for people; but always higher than any before, whatever the clock says.
fn next_number(shelf: &Path) -> std::io::Result<u128> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let last = copies(shelf)?.last().and_then(|file| number(file));
    Ok(last.map_or(now, |last| now.max(last.saturating_add(1))))
}

fn number(file: &Path) -> Option<u128> {
    file.file_stem()?.to_str()?.strip_prefix("before-migration-")?.parse().ok()
}

/// The copies, oldest first.
fn copies(shelf: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = match std::fs::read_dir(shelf) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?,
    };
    files.retain(|file| number(file).is_some());
    files.sort_by_key(|file| number(file));
    Ok(files)
}

/// Removes all copies but the last.
pub(crate) fn forget_old(folder: &Path) {
    let Ok(files) = copies(&folder.join("snapshots")) else { return };
    let old = files.len().saturating_sub(KEPT);
    for file in files.iter().take(old) {
        if let Err(error) = std::fs::remove_file(file) {
            tracing::warn!(%error, file = %file.display(), "an old copy could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adds(sql: &'static str) -> bool {
        only_adds(&Migration { room: "notes", number: 1, sql })
    }

    #[test]
    fn a_step_that_touches_rows_is_told_from_one_that_only_adds() {
        assert!(adds("CREATE TABLE a (b TEXT); create unique index c ON a (b);\nCREATE INDEX d ON a (b)"));
        assert!(adds("-- DROP TABLE a;\n ALTER TABLE a ADD COLUMN c BIGINT;"));
        assert!(adds("CREATE UNIQUE INDEX c ON a (b, d); DROP INDEX e;"));
        assert!(adds("-- Changes no table."));
        for sql in [
            "UPDATE a SET b = 1",
            "CREATE TABLE a (b TEXT); DROP TABLE c",
            "ALTER TABLE a RENAME TO b",
            "DELETE FROM a",
        ] {
            assert!(!adds(sql), "{sql}");
        }
    }

    #[test]
    fn copies_are_numbered_upwards_though_the_clock_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = folder.path().join("snapshots");
        std::fs::create_dir(&shelf).unwrap();
        let later = shelf.join("before-migration-9999999999999.db");
        std::fs::write(&later, "").unwrap();
        let next = next_number(&shelf).unwrap();
        assert_eq!(next, 10_000_000_000_000);
        let newest = shelf.join(format!("before-migration-{next}.db"));
        for file in ["before-migration-5.db", "mine.db"] {
            std::fs::write(shelf.join(file), "").unwrap();
        }
        std::fs::write(&newest, "").unwrap();
        forget_old(folder.path());
        assert_eq!(copies(&shelf).unwrap(), [newest]);
        assert!(shelf.join("mine.db").exists());
    }
}
