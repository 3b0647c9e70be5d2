//! Room on the disk: watched, so that letters are refused before their bodies come, and kept in reserve, so that letters can
//! still be deleted when there is none left.
//!
//! A delete writes to the log before it frees anything. On a full disk it could not, and nobody could make room. So a
//! file takes some room away while there is plenty and is given up when there is not; it is made again afterwards.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use crate::error::{Error, Result};

/// The name of the reserve in the data folder.
pub(crate) const RESERVE: &str = "facteur.reserve";
pub(crate) const MIB: u64 = 1 << 20;

/// The room that a file system has for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) total: u64,
    pub(crate) free: u64,
    /// Files can still be made.
    pub(crate) has_files: bool,
}

impl Room {
    pub(crate) fn of(folder: &Path) -> std::io::Result<Self> {
        let found = statvfs(folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        // Some file systems do not count files.
        let has_files = found.f_files == 0 || found.f_favail > 64;
        Ok(Self { total: bytes(found.f_blocks), free: bytes(found.f_bavail), has_files })
    }

    /// Below this nothing new is taken: a letter of the largest size, in the log and in the database.
    fn low(self) -> u64 {
        (self.total / 20).min(128 * MIB)
    }

    /// Returns the size of the reserve.
    fn reserve(self) -> u64 {
        (self.total / 40).min(16 * MIB)
    }
}

/// The state of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// Everything is taken.
    Plenty,
    /// New letters are refused; old ones can be read, changed and deleted.
    Low,
    /// The same, and the reserve has been given up.
    Full,
}

/// The watch over one data folder.
pub(crate) struct Space {
    folder: PathBuf,
    /// Only who serves keeps a reserve: a command comes and goes.
    keeps_reserve: bool,
    state: Mutex<State>,
}

impl Space {
    /// Begins to watch.
    pub(crate) fn new(folder: &Path, keeps_reserve: bool) -> Self {
        let this = Self { folder: folder.to_owned(), keeps_reserve, state: Mutex::new(State::Plenty) };
        this.look();
        this
    }

    /// Fails if there is no room for something new.
    pub(crate) fn may_grow(&self) -> Result<()> {
        match *self.lock() {
            State::Plenty => Ok(()),
            State::Low => Err(Error::Full("there is little room left".to_owned())),
            State::Full => Err(Error::Full("there is no room left".to_owned())),
        }
    }

    /// The octets that are kept in reserve on a disk of this size; 0 if nothing is.
    pub(crate) fn kept(&self) -> u64 {
        if !self.keeps_reserve {
            return 0;
        }
        Room::of(&self.folder).map_or(0, Room::reserve)
    }

    /// A write found no room, whatever the system says of it (a quota, for one).
    pub(crate) fn ran_out(&self) {
        self.become_(State::Full, None);
    }

    /// Asks the system. To be called every few seconds.
    pub(crate) fn look(&self) {
        match Room::of(&self.folder) {
            Ok(room) => self.judge(room),
            Err(error) => tracing::debug!(%error, "the system does not say how much room there is"),
        }
    }

    fn judge(&self, room: Room) {
        let state = *self.lock();
        let (low, reserve) = (room.low(), room.reserve());
        // A quarter more before it counts as enough again, so that the answer does not flutter.
        let enough = low + low / 4;
        let next = match state {
            _ if room.free < reserve / 2 => State::Full,
            State::Plenty if room.free < low || !room.has_files => State::Low,
            State::Low if room.free >= enough && room.has_files => State::Plenty,
            State::Full if room.free >= enough + reserve && room.has_files => State::Plenty,
            state => state,
        };
        // Only a try shows whether a quota forbids the reserve.
        let next = if next == State::Plenty && !self.has_reserve(reserve) { State::Full } else { next };
        self.become_(next, Some(room));
    }

    fn become_(&self, next: State, room: Option<Room>) {
        let before = std::mem::replace(&mut *self.lock(), next);
        if next == State::Full && before != State::Full {
            give_up(&self.folder);
        }
        let free = room.map_or(0, |room| room.free / MIB);
        match (before, next) {
            (State::Plenty, State::Low | State::Full) => tracing::error!(
                free_mib = free,
                folder = %self.folder.display(),
                "the disk is nearly full: letters are read and deleted, and none is taken, so that senders keep theirs \
                 and try again; make room and the post office goes on by itself"
            ),
            (State::Low | State::Full, State::Plenty) => {
                tracing::info!(free_mib = free, "there is room on the disk again, letters are taken again");
            }
            _ => {}
        }
    }

    /// Sees to it that the reserve is there, whole.
    fn has_reserve(&self, bytes: u64) -> bool {
        !self.keeps_reserve || make(&self.folder, bytes).is_ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the reserve; nothing is done if it is there.
fn make(folder: &Path, bytes: u64) -> std::io::Result<()> {
    let path = folder.join(RESERVE);
    if std::fs::metadata(&path).is_ok_and(|found| found.len() >= bytes) {
        return Ok(());
    }
    let file = File::options().create(true).truncate(false).write(true).open(&path)?;
    let made = fallocate(&file, FallocateFlags::empty(), 0, bytes).map_err(std::io::Error::from);
    match made {
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            give_up(folder);
            Err(error)
        }
        // A file system that cannot set room aside.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        made => made,
    }
}

fn give_up(folder: &Path) {
    let path = folder.join(RESERVE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "the reserve could not be given up");
        }
        _ => {}
    }
}

/// Gives the reserve up where the disk is so full that a database could not even be opened.
pub(crate) fn make_room_to_open(folder: &Path) {
    // Besides the database there are its log and the index of the log, and those of the full text.
    if Room::of(folder).is_ok_and(|room| room.free < MIB.min(room.reserve())) {
        give_up(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(free_mib: u64) -> Room {
        Room { total: 10_000 * MIB, free: free_mib * MIB, has_files: true }
    }

    fn has_reserve(folder: &Path) -> bool {
        folder.join(RESERVE).exists()
    }

    #[test]
    fn letters_are_refused_below_the_mark_and_taken_again_well_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::new(folder.path(), true);
        for (free, takes) in [(500, true), (129, true), (127, false), (130, false), (159, false), (161, true)] {
            space.judge(room(free));
            assert_eq!(space.may_grow().is_ok(), takes, "{free} MiB");
            assert!(has_reserve(folder.path()));
        }
        space.judge(Room { has_files: false, ..room(500) });
        assert!(space.may_grow().is_err(), "without files there is no room either");
    }

    #[test]
    fn the_reserve_is_given_up_once_and_made_again_when_there_is_room_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::new(folder.path(), true);
        space.judge(room(500));
        assert_eq!(std::fs::metadata(folder.path().join(RESERVE)).unwrap().len(), 16 * MIB);
        space.judge(room(7));
        assert!(!has_reserve(folder.path()) && space.may_grow().is_err());
        // The bytes that the reserve gave are not room.
        for free in [23, 100, 170] {
            space.judge(room(free));
            assert!(!has_reserve(folder.path()) && space.may_grow().is_err(), "{free}");
        }
        space.judge(room(180));
        assert!(has_reserve(folder.path()) && space.may_grow().is_ok());
        space.ran_out();
        assert!(!has_reserve(folder.path()) && space.may_grow().is_err(), "a write knows better");
        space.judge(room(180));
        assert!(has_reserve(folder.path()) && space.may_grow().is_ok());
    }

    #[test]
    fn a_command_keeps_no_reserve() {
        let folder = tempfile::tempdir().unwrap();
        Space::new(folder.path(), false).judge(room(500));
        assert!(!has_reserve(folder.path()));
    }
}
