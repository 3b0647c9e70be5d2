//! The errors of the store; each says who must act.

use std::path::PathBuf;

use crate::blob_id::BlobId;

/// The result of a call of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a read or a write was not done. Nothing of a failed write is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too much is waiting already, or another process holds the database. Try again later.
    #[error("the store is busy: {0}")]
    Busy(&'static str),
    /// The disk is full. The administrator must make room; then it goes on by itself.
    #[error("the disk is full ({0}); make room and the post office goes on by itself")]
    Full(String),
    /// The disk or the file system failed.
    #[error("the disk failed: {0}")]
    Io(String),
    /// The database file is damaged. Restore a backup.
    #[error("the database is damaged ({0}); stop the post office and restore a backup")]
    Corrupt(String),
    /// The database cannot be written: file permissions, or a read-only file system.
    #[error("the database cannot be written ({0}); check who owns the data folder")]
    ReadOnly(String),
    /// A row breaks a rule of its table (it exists already, or what it refers to does not).
    #[error("a rule of the table forbids this: {0}")]
    Constraint(String),
    /// There is no such row.
    #[error("there is no such row")]
    NoRow,
    /// There is no blob of this number.
    #[error("there is no {0}")]
    NoBlob(BlobId),
    /// The row of a blob is there and its bytes are not: a file of `blobs/` or a row was taken away. Restore a backup.
    #[error("{blob} is lost ({what}); restore it from a backup")]
    Missing {
        /// The blob.
        blob: BlobId,
        /// The thing that is not there.
        what: String,
    },
    /// The bytes of a blob are not those that were kept: cut short, or changed. Restore a backup.
    #[error("{blob} is damaged ({what}); restore it from a backup")]
    Damaged {
        /// The blob.
        blob: BlobId,
        /// The sign by which that was seen.
        what: String,
    },
    /// A column holds something else than was asked for.
    #[error("column {column} does not hold {wanted}")]
    Type {
        /// Number of the column, from 0.
        column: usize,
        /// The type that was asked for.
        wanted: &'static str,
    },
    /// A value that the database cannot hold: an integer beyond 2⁶³-1, a text or blob beyond the limit.
    #[error("the value is too large for the database")]
    TooLarge,
    /// The statement is wrong: a fault of this program.
    #[error("a statement is wrong: {0}")]
    Sql(String),
    /// The read took longer than its deadline allows, or nobody waits for its answer any more.
    #[error("the read took too long and was ended")]
    Interrupted,
    /// The closure panicked: a fault of this program. Its changes were undone.
    #[error("a write or read panicked: {0}")]
    Panicked(String),
    /// The store is closed or closing.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// Returns true if it is proven that this blob cannot be read, now or later, unless somebody restores it. For no
    /// other reason may a letter be given up, and the rest of the letters is not concerned.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::NoBlob(_) | Self::Missing { .. } | Self::Damaged { .. })
    }

    /// Returns true if the same call may succeed later without anybody changing the program or the request.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy(_)
                | Self::Full(_)
                | Self::Io(_)
                | Self::Corrupt(_)
                | Self::ReadOnly(_)
                | Self::Interrupted
                | Self::Closed
        )
    }
}

/// The reason why the data folder could not be opened. The data is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be made or entered.
    #[error("cannot use the data folder {}: {error}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// Another process has the folder.
    #[error("the data folder {} is in use by another Facteur (process {process}); stop it first, or give --data", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The other process, as it wrote itself down.
        process: String,
    },
    /// The database was written by a newer Facteur.
    #[error(
        "the database is newer than this program: {room} is at number {found}, this program knows {known}; \
         install the newer Facteur again, or restore a backup from before"
    )]
    Newer {
        /// The room whose tables are newer.
        room: String,
        /// The number found in the database.
        found: u32,
        /// The last number this program knows.
        known: u32,
    },
    /// The database was made before the tables were made anew.
    #[error(
        "the database in {} was made by a Facteur of before December 2026, whose tables were others; export the mailboxes with \
         that version (facteur export), and import them into a new data folder with this one; nothing was changed",
        folder.display()
    )]
    FormerTables {
        /// The data folder.
        folder: PathBuf,
    },
    /// Parts of a post office are there, and its database is not, or is empty.
    #[error(
        "the database facteur.db is missing in {}, where {} shows that there was a post office; put facteur.db back from \
         a backup, or move all of this away to begin anew", folder.display(), found.join(", ")
    )]
    NoDatabase {
        /// The data folder.
        folder: PathBuf,
        /// The files that were found, by their names in the folder.
        found: Vec<String>,
    },
    /// The folder is empty, and the disk on which it should lie is not mounted.
    #[error("{} is empty, and nothing is mounted at {}, which /etc/fstab names; mount it", folder.display(), mount.display())]
    NotMounted {
        /// The data folder.
        folder: PathBuf,
        /// The mount point of the disk.
        mount: PathBuf,
    },
    /// The log of the database, with the last letters, was there and is missing.
    #[error(
        "facteur.db-wal is missing in {}, and it held letters that facteur.db does not; put it back, or restore a backup, \
         or move facteur.state away to go on without them", folder.display()
    )]
    NoLog {
        /// The data folder.
        folder: PathBuf,
    },
    /// The database is an earlier state of the one that was here last.
    #[error(
        "the database in {} is older than the one that was here last, so letters are missing in it; put the newer one back, \
         or, if you restored a backup, move facteur.state away", folder.display()
    )]
    Older {
        /// The data folder.
        folder: PathBuf,
    },
    /// The database of another post office lies here.
    #[error(
        "the database in {} is that of another post office; put the right one back, or move facteur.state and blobs away \
         to go on with this one", folder.display()
    )]
    OtherOffice {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder of large bodies is missing.
    #[error(
        "the folder blobs is missing in {}, and {bodies} large letters have their bodies there; put it back from a backup, \
         or, if they are lost for good, make it again: mkdir -p blobs && touch blobs/.in-use", folder.display()
    )]
    NoBodies {
        /// The data folder.
        folder: PathBuf,
        /// The number of bodies that should be there.
        bodies: i64,
    },
    /// Pages of the database are damaged.
    #[error(
        "the database {} is damaged ({}); restore a backup", file.display(), what.first().map_or("", String::as_str)
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The damage, in the words of the database.
        what: Vec<String>,
    },
    /// There is too little room for the migrations, so that none was tried.
    #[error(
        "{} needs {needed} bytes of room to be brought up to date, and there are {free}; make room and start again",
        folder.display()
    )]
    NoSpace {
        /// The data folder.
        folder: PathBuf,
        /// The number of bytes that are needed.
        needed: u64,
        /// The number of bytes that are free.
        free: u64,
    },
    /// A migration failed; all were undone.
    #[error("migration {number} of {room} failed and was undone, the data is as it was: {error}")]
    Migration {
        /// The room.
        room: &'static str,
        /// The number in the room.
        number: u32,
        /// The reason.
        error: Error,
    },
    /// The snapshot before the migrations could not be made, so that none was tried.
    #[error("no snapshot could be made before the migrations, so none was tried: {0}")]
    Snapshot(Error),
    /// The list of migrations is wrong: a fault of this program.
    #[error("the migrations of {0} are not numbered 1, 2, 3, …")]
    Numbering(&'static str),
    /// The database could not be opened.
    #[error("cannot open the database {}: {error}", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// The reason.
        error: Error,
    },
}
