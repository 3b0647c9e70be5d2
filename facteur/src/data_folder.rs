//! The data of a post office: one store in which every room keeps its tables.

use std::path::Path;

use store::{Check, Migration, OpenError, Options, Store};

use crate::data_fault::data_fault;
use crate::failure::Failure;
use crate::language::say;

/// The tables of all rooms.
fn migrations() -> Vec<Migration> {
    [
        directory::MIGRATIONS,
        policy::MIGRATIONS,
        mailbox::MIGRATIONS,
        mta::MIGRATIONS,
        mda::MIGRATIONS,
        mra::MIGRATIONS,
        trace::MIGRATIONS,
        records::MIGRATIONS,
        conduct::MIGRATIONS,
        jmap::MIGRATIONS,
        import_export::MIGRATIONS,
    ]
    .concat()
}

/// Opens the data for a post office that serves.
pub fn open(folder: &Path) -> Result<Store, OpenError> {
    Store::open(Options { check: Check::Pages, reserve: true, ..Options::new(folder) }, &migrations())
}

/// Opens the data for a command, where no post office runs. The caller holds the lock.
pub fn open_for_command(folder: &Path) -> Result<Store, OpenError> {
    Store::open(Options { readers: 1, ..Options::new(folder) }, &migrations())
}

/// Fails if there is no post office yet, and says what to do.
pub fn must_exist(folder: &Path) -> Result<(), Failure> {
    if exists(folder)? {
        return Ok(());
    }
    let folder = folder.display();
    Err(Failure::new(say!(
        "there is no post office in {folder} yet; begin with facteur domain add, or name its folder with --data where it was begun elsewhere",
        "il n'y a pas encore de bureau de poste dans {folder} ; commencez par facteur domain add, ou indiquez son dossier avec --data s'il a été créé ailleurs"
    )))
}

/// Returns true if there is a post office in the folder. Fails where parts of one are there and the database is not.
pub fn exists(folder: &Path) -> Result<bool, Failure> {
    store::has_office(folder).map_err(|fault| Failure::new(data_fault(&fault)))
}
