//! A letter or an upload on its way in: in memory while it is small, beyond that in a file without a name, so that a
//! slow sender holds a place on the disk and not in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use crate::{Budget, NoMemory, Owner, Share};

/// The first piece of memory.
const FIRST: usize = 4096;
/// The size beyond which a letter goes to the disk, and of the pieces in which it goes.
const PIECE: usize = 256 * 1024;
/// Octets of all files of letters on their way in: room for eighty of the largest.
const ON_DISK: usize = 4 << 30;

/// The place where incomplete letters wait. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    memory: Budget,
    disk: Option<Disk>,
    patience: Duration,
}

#[derive(Clone, Debug)]
struct Disk {
    folder: PathBuf,
    budget: Budget,
}

impl Intake {
    /// Keeps all in memory. `patience` is the time that a letter waits for a place.
    pub fn new(memory: Budget, patience: Duration) -> Self {
        Self { memory, disk: None, patience }
    }

    /// Keeps large letters in files in this folder; they have no names, and go with the process.
    #[must_use]
    pub fn with_folder(self, folder: &Path) -> Self {
        Self { disk: Some(Disk { folder: folder.to_owned(), budget: Budget::new(ON_DISK) }), ..self }
    }

    /// Returns the budget that it takes memory from.
    pub fn memory(&self) -> &Budget {
        &self.memory
    }

    /// Returns the time that a letter waits for a place in it.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Begins to take something in from `owner`, or from the server itself.
    pub fn open(&self, owner: Option<Owner>) -> Inbound {
        let share = |budget: &Budget| owner.map_or_else(|| budget.share(), |owner| budget.share_of(owner));
        Inbound {
            octets: Vec::new(),
            last: [0; 2],
            memory: share(&self.memory),
            file: None,
            disk: self.disk.as_ref().map(|disk| (disk.folder.clone(), share(&disk.budget))),
            patience: self.patience,
        }
    }
}

/// Octets that grow as they come: the size that a sender declares costs nothing.
pub struct Inbound {
    /// All octets, or those that are not in the file yet.
    octets: Vec<u8>,
    /// The last two octets.
    last: [u8; 2],
    memory: Share,
    file: Option<Spooled>,
    disk: Option<(PathBuf, Share)>,
    patience: Duration,
}

struct Spooled {
    file: File,
    length: usize,
}

/// The reason why an incoming letter cannot be kept now.
#[derive(Debug, thiserror::Error)]
pub enum NoRoom {
    /// Too much is on its way in.
    #[error(transparent)]
    Memory(#[from] NoMemory),
    /// The disk does not take it, or does not return it.
    #[error("the disk keeps no letter on its way in: {0}")]
    Disk(#[from] io::Error),
}

impl Inbound {
    /// Returns the number of octets that have come.
    pub fn len(&self) -> usize {
        self.file.as_ref().map_or(0, |spooled| spooled.length) + self.octets.len()
    }

    /// Returns true if nothing has come.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds octets.
    pub async fn add(&mut self, octets: &[u8]) -> Result<(), NoRoom> {
        let mut rest = octets;
        while self.disk.is_some() && self.octets.len() + rest.len() > PIECE {
            let (now, later) = rest.split_at(PIECE.saturating_sub(self.octets.len()).min(rest.len()));
            self.keep(now).await?;
            self.move_to_disk().await?;
            rest = later;
        }
        self.keep(rest).await
    }

    async fn keep(&mut self, octets: &[u8]) -> Result<(), NoRoom> {
        let wanted = self.octets.len() + octets.len();
        if wanted > self.octets.capacity() {
            let mut capacity = wanted.max(self.octets.capacity() * 3 / 2).max(FIRST);
            if self.disk.is_some() {
                capacity = capacity.min(PIECE.max(wanted));
            }
            self.memory.grow_to(capacity, self.patience).await?;
            self.octets.reserve_exact(capacity - self.octets.len());
        }
        self.octets.extend_from_slice(octets);
        self.last = match octets {
            [] => self.last,
            [one] => [self.last[1], *one],
            [.., before, last] => [*before, *last],
        };
        Ok(())
    }

    /// Appends the octets in memory to the file, on a thread that may wait for the disk.
    async fn move_to_disk(&mut self) -> Result<(), NoRoom> {
        let Some((folder, share)) = &mut self.disk else { return Ok(()) };
        let (file, length) = match self.file.take() {
            Some(Spooled { file, length }) => (Some(file), length),
            None => (None, 0),
        };
        let all = length + self.octets.len();
        share.grow_to(all, self.patience).await?;
        let (folder, octets) = (folder.clone(), std::mem::take(&mut self.octets));
        let written = tokio::task::spawn_blocking(move || {
            let mut file = file.map_or_else(|| tempfile::tempfile_in(folder), Ok)?;
            file.write_all(&octets)?;
            Ok::<_, io::Error>((file, octets))
        });
        let (file, mut octets) = written.await.map_err(io::Error::other)??;
        octets.clear();
        self.octets = octets;
        self.file = Some(Spooled { file, length: all });
        Ok(())
    }

    /// Returns all octets with `end` behind them, in memory now, and their share of it: the caller holds the share
    /// until they are in good hands.
    pub async fn finish(self, end: &[u8]) -> Result<(Bytes, Share), NoRoom> {
        let nothing = self.memory.empty();
        self.finish_beside(nothing, end).await
    }

    /// Returns the octets of several that are needed together: the share also covers those before, which `beside`
    /// holds. (A letter that waited for the share of its own neighbour would wait in vain.)
    pub async fn finish_beside(mut self, beside: Share, end: &[u8]) -> Result<(Bytes, Share), NoRoom> {
        let others = beside.octets();
        self.memory.join(beside);
        let Some(Spooled { mut file, length }) = self.file.take() else {
            self.memory.grow_to(others + self.octets.len() + end.len(), self.patience).await?;
            self.octets.extend_from_slice(end);
            return Ok((Bytes::from(self.octets), self.memory));
        };
        let (last, whole) = (std::mem::take(&mut self.octets), length + self.octets.len() + end.len());
        self.memory.grow_to(others + whole + last.len(), self.patience).await?;
        let end = end.to_vec();
        let read = tokio::task::spawn_blocking(move || {
            let mut octets = Vec::with_capacity(whole + last.len());
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut octets)?;
            if octets.len() != length {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            octets.extend_from_slice(&last);
            octets.extend_from_slice(&end);
            Ok(octets)
        });
        let octets = read.await.map_err(io::Error::other)??;
        self.memory.shrink_to(others + octets.len());
        Ok((Bytes::from(octets), self.memory))
    }

    /// Returns true if the last line is ended.
    pub fn ends_line(&self) -> bool {
        self.last == *b"\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn intake(memory: usize, folder: Option<&Path>) -> Intake {
        let intake = Intake::new(Budget::new(memory), Duration::from_secs(1));
        folder.map_or(intake.clone(), |folder| intake.with_folder(folder))
    }

    async fn fill(inbound: &mut Inbound, octets: usize) -> Result<Vec<u8>, NoRoom> {
        let pattern: Vec<u8> = (0..octets).map(|at| (at % 251) as u8).collect();
        for piece in pattern.chunks(16_000) {
            inbound.add(piece).await?;
        }
        Ok(pattern)
    }

    #[tokio::test]
    async fn what_comes_in_comes_out_whether_it_was_on_the_disk_or_not() {
        let folder = tempfile::tempdir().unwrap();
        for folder in [None, Some(folder.path())] {
            for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * MIB + 7] {
                let mut inbound = intake(64 * MIB, folder).open(None);
                let expected = fill(&mut inbound, length).await.unwrap();
                inbound.add(b"\r").await.unwrap();
                assert!(!inbound.ends_line());
                inbound.add(b"\n").await.unwrap();
                assert!(inbound.ends_line());
                assert_eq!(inbound.len(), length + 2);
                let (octets, _share) = inbound.finish(b"end").await.unwrap();
                assert!(octets == [&expected[..], b"\r\nend"].concat(), "{length}");
            }
        }
    }

    #[tokio::test]
    async fn letters_that_are_not_complete_hold_the_disk_and_hardly_any_memory() {
        let folder = tempfile::tempdir().unwrap();
        let intake = intake(64 * MIB, Some(folder.path()));
        let owner = Owner::at([192, 0, 2, 1].into());
        let mut open = Vec::new();
        for _ in 0..10 {
            let mut inbound = intake.open(Some(owner));
            fill(&mut inbound, 20 * MIB).await.unwrap();
            open.push(inbound);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "they have no names");
        let mut other = intake.open(Some(Owner::at([192, 0, 2, 2].into())));
        fill(&mut other, 40 * MIB).await.unwrap();
        assert_eq!(other.finish(b"").await.unwrap().0.len(), 40 * MIB);
        for inbound in open {
            assert_eq!(inbound.finish(b"").await.unwrap().0.len(), 20 * MIB);
        }
    }

    #[tokio::test]
    async fn a_disk_that_takes_nothing_is_said() {
        let nowhere = intake(64 * MIB, Some(Path::new("/nowhere/at/all")));
        let mut inbound = nowhere.open(None);
        assert!(matches!(fill(&mut inbound, MIB).await, Err(NoRoom::Disk(_))));
    }
}
