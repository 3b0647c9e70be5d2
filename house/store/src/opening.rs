//! Is this the data folder of a post office, whole and as it was last? Asked before anything is changed in it.
//!
//! A part that is missing must not be made anew: an office without its database answers "nobody here is called Bob",
//! and bodies that no row refers to look like rubbish. Only a positive proof refuses; a doubt does not.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::edition::{EDITION, LAST};
use crate::engine::WriteSession;
use crate::error::{Error, OpenError};
use crate::mark::{self, Said, Stamp};
use crate::sqlite::inspect::Inspector;
use crate::sqlite::survey::Survey;
use crate::value::Row;
use crate::{lost_found, mount, params};

/// The depth of the look at a database when it is opened. The opening always checks that it is there, and is the one
/// that was there last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// No further, for a command that shall be quick.
    Presence,
    /// Every page: of a small database before it is opened, of a large one behind the work. If damage is found then,
    /// writes fail with [`Error::Corrupt`] from that moment on.
    Pages,
}

/// The name of the database in the data folder.
pub(crate) const DATABASE: &str = "facteur.db";
const LOG: &str = "facteur.db-wal";
const BODIES: &str = "blobs";

/// Returns true if there is a post office in this folder; an error where parts of one are there and its database is
/// not. Changes nothing.
pub fn has_office(folder: &Path) -> Result<bool, OpenError> {
    let found = Found::look(folder).map_err(|error| OpenError::Folder { folder: folder.to_owned(), error })?;
    found.refuse_remains()?;
    Ok(found.database > 0)
}

/// The files that lie in the folder.
struct Found {
    folder: PathBuf,
    /// Bytes of the database; 0 also where it is not there.
    database: u64,
    log: Option<u64>,
    /// Whatever else only a post office that has served leaves behind, by its name in the folder.
    remains: Vec<String>,
}

impl Found {
    fn look(folder: &Path) -> std::io::Result<Self> {
        let size = |name: &str| size(&folder.join(name));
        let mut remains = Vec::new();
        for name in [mark::NAME, "search.db"] {
            if size(name)?.is_some_and(|bytes| bytes > 0) {
                remains.push(name.to_owned());
            }
        }
        for (name, part) in [(BODIES, Part::BodyInShard), ("snapshots", Part::Database), ("lost+found", Part::PutAside)]
        {
            if holds(&folder.join(name), part)? {
                remains.push(format!("{name}/"));
            }
        }
        Ok(Self { folder: folder.to_owned(), database: size(DATABASE)?.unwrap_or(0), log: size(LOG)?, remains })
    }

    /// Refuses a folder in which there was an office whose database is missing, or empty.
    fn refuse_remains(&self) -> Result<(), OpenError> {
        if self.database > 0 {
            return Ok(());
        }
        let mut found = self.remains.clone();
        if self.log.is_some_and(|bytes| bytes > 0) {
            found.push(LOG.to_owned());
        }
        if !found.is_empty() {
            return Err(OpenError::NoDatabase { folder: self.folder.clone(), found });
        }
        match mount::missing(&self.folder) {
            Some(mount) => Err(OpenError::NotMounted { folder: self.folder.clone(), mount }),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
enum Part {
    /// A file in a folder in it.
    BodyInShard,
    /// A database.
    Database,
    /// A folder of files that were put aside.
    PutAside,
}

fn holds(folder: &Path, part: Part) -> std::io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        // A file system's own lost+found is root's.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let is_folder = entry.file_type()?.is_dir();
        let is_part = match part {
            Part::BodyInShard => is_folder && fs::read_dir(entry.path())?.next().is_some(),
            Part::Database => entry.path().extension() == Some(OsStr::new("db")),
            Part::PutAside => is_folder && lost_found::is_ours(&entry.file_name()),
        };
        if is_part {
            return Ok(true);
        }
    }
    Ok(false)
}

fn size(file: &Path) -> std::io::Result<Option<u64>> {
    match fs::metadata(file) {
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses what is not as it was, or is damaged.
pub(crate) fn check(folder: &Path, check: Check) -> Result<Looked, OpenError> {
    let unusable = |error| OpenError::Folder { folder: folder.to_owned(), error };
    let found = Found::look(folder).map_err(unusable)?;
    found.refuse_remains()?;
    if found.database == 0 {
        return Ok(Looked::Enough);
    }
    let said = mark::read_in(folder).map_err(unusable)?;
    check_presence(folder, &found, said.as_ref())?;
    match check {
        Check::Presence => Ok(Looked::Enough),
        // A database that was found damaged is not served again before it has been looked at.
        Check::Pages => look_at_pages(folder, found.database, said.is_some_and(|said| said.damaged)),
    }
}

fn check_presence(folder: &Path, found: &Found, said: Option<&Said>) -> Result<(), OpenError> {
    let file = folder.join(DATABASE);
    // Whoever carried the log into the database, as sqlite3 does, wrote to its file.
    let needed = said.and_then(|said| said.log_needed);
    if found.log.is_none_or(|bytes| bytes == 0) && needed.is_some() && needed == Stamp::of(&file).ok() {
        return Err(OpenError::NoLog { folder: folder.to_owned() });
    }
    let database = |error| OpenError::Database { file: file.clone(), error };
    let survey = Survey::open(&file).map_err(database)?;
    if !survey.has_table("migration").map_err(database)? {
        return match found.remains.is_empty() {
            true => Ok(()),
            false => Err(OpenError::NoDatabase { folder: folder.to_owned(), found: found.remains.clone() }),
        };
    }
    if !survey.has_migrated(EDITION, LAST).map_err(database)? {
        return Err(OpenError::FormerTables { folder: folder.to_owned() });
    }
    if let Some(said) = said {
        same(&survey, said, folder, &file)?;
    }
    refuse_lost_bodies(&survey, folder, &file)
}

/// Checks that it is the database of which the mark speaks, and that it has come as far.
fn same(survey: &Survey, said: &Said, folder: &Path, file: &Path) -> Result<(), OpenError> {
    let database = |error| OpenError::Database { file: file.to_owned(), error };
    if !said.office.is_empty() {
        match survey.office().map_err(database)? {
            Some(office) if office == said.office => {}
            // It was made before databases had names.
            None => return Err(OpenError::Older { folder: folder.to_owned() }),
            Some(_) => return Err(OpenError::OtherOffice { folder: folder.to_owned() }),
        }
    }
    let numbers = survey.numbers().map_err(database)?;
    let is_behind = |(table, seen): (&String, &i64)| numbers.get(table).is_some_and(|number| number < seen);
    if said.numbers.iter().any(is_behind) {
        return Err(OpenError::Older { folder: folder.to_owned() });
    }
    Ok(())
}

/// Refuses where the folder of bodies is not the one that was there: letters would be damaged one by one.
fn refuse_lost_bodies(survey: &Survey, folder: &Path, file: &Path) -> Result<(), OpenError> {
    let bodies = folder.join(BODIES);
    // The file by which processes know of each other is there once the folder has been used.
    let is_ours = bodies.join(".in-use").try_exists();
    let unusable = |error| OpenError::Folder { folder: folder.to_owned(), error };
    if is_ours.map_err(unusable)? || holds(&bodies, Part::BodyInShard).map_err(unusable)? {
        return Ok(());
    }
    let missing = survey.bodies_in_files();
    match missing.map_err(|error| OpenError::Database { file: file.to_owned(), error })? {
        0 => Ok(()),
        bodies => Err(OpenError::NoBodies { folder: folder.to_owned(), bodies }),
    }
}

/// Looks at every page of a database, where it is small enough to be waited for or `whatever_its_size`.
fn look_at_pages(folder: &Path, bytes: u64, whatever_its_size: bool) -> Result<Looked, OpenError> {
    let file = folder.join(DATABASE);
    if bytes > SMALL && !whatever_its_size {
        return Ok(Looked::Later);
    }
    match Inspector::open(&file, Arc::default()).and_then(|inspector| inspector.check_all()) {
        Ok(found) if found.is_empty() => Ok(Looked::Enough),
        Ok(what) => Err(OpenError::Damaged { file, what }),
        Err(error) => Err(OpenError::Database { file, error }),
    }
}

/// The result of the look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looked {
    /// All that was asked for was looked at.
    Enough,
    /// The pages are still to be looked at: they are too many to be waited for.
    Later,
}

/// A database up to this size is looked at before the doors open; it takes about a second.
const SMALL: u64 = 64 << 20;

/// The name of the office in its database, given once.
pub(crate) fn name_of_office(session: &dyn WriteSession) -> Result<Vec<u8>, Error> {
    let look = || {
        let mut found = None;
        session.query("SELECT id FROM office", params![], &mut |row: &Row<'_>| {
            found = Some(row.get(0)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    };
    if let Some(name) = look()? {
        return Ok(name);
    }
    let name: [u8; 16] = rand::random();
    session.begin()?;
    let given = session.execute("INSERT INTO office (id) VALUES ($1)", params![name]);
    given.and_then(|_| session.commit()).inspect_err(|_| session.roll_back())?;
    Ok(name.to_vec())
}
