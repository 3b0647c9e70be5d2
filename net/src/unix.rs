//! A door that is a Unix socket: a name in a folder, for programs on this machine.
//!
//! The file system decides who may come in, as with any file: the socket is open to its owner and to its group (mode
//! 0660), and its group is that of its folder, if we may give it that. So the administrator needs only a folder that
//! belongs to the group of the mail server in front.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::BindError;

/// A name in the file system holds 107 octets at most (`sun_path` of unix(7), with its final NUL).
const LONGEST_PATH: usize = 107;

/// An open Unix socket, whose name is taken away when the door closes.
pub(crate) struct UnixDoor {
    pub listener: UnixListener,
    pub path: PathBuf,
    /// The inode of the name that we made: we must not remove another program's.
    inode: u64,
}

/// Opens the door `path`. A name that a dead process left behind is taken over; a name that another process answers at,
/// or that is no socket, is left alone.
pub(crate) fn open(role: &str, path: &Path) -> Result<UnixDoor, BindError> {
    let fault = |problem| BindError::Unix { role: role.to_owned(), path: path.to_owned(), problem };
    let system = |error: io::Error| fault(UnixFault::Io(error));
    if !path.is_absolute() {
        return Err(fault(UnixFault::NotAbsolute));
    }
    // The socket is made beside, gets its mode and group, and is only then put in its place: so nobody finds it with
    // other rights, and a stale name is replaced in one step.
    let beside = beside(path);
    if beside.as_os_str().len() > LONGEST_PATH {
        return Err(fault(UnixFault::TooLong));
    }
    look(path).map_err(fault)?;
    let _ = fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside).map_err(system)?;
    let placed =
        give_rights(&beside).and_then(|()| fs::rename(&beside, path)).and_then(|()| fs::symlink_metadata(path));
    match placed {
        Ok(placed) => Ok(UnixDoor { listener, path: path.to_owned(), inode: placed.ino() }),
        Err(error) => {
            let _ = fs::remove_file(&beside);
            Err(system(error))
        }
    }
}

/// The fault of the place of a Unix socket.
#[derive(Debug, thiserror::Error)]
pub enum UnixFault {
    /// `unix:` wants a full path.
    #[error("the path must begin with a slash")]
    NotAbsolute,
    /// The path is longer than a socket's name may be.
    #[error("the path is too long for a socket")]
    TooLong,
    /// Another program answers there.
    #[error("another program listens there")]
    InUse,
    /// Another file has that name, and we must not remove it.
    #[error("there is something there that is not a socket")]
    NotASocket,
    /// The folder is missing, or we may not write to it, ….
    #[error("{0}")]
    Io(io::Error),
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

/// Checks that we may take this name.
fn look(path: &Path) -> Result<(), UnixFault> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(UnixFault::Io(error)),
    };
    if !there.file_type().is_socket() {
        return Err(UnixFault::NotASocket);
    }
    match BlockingStream::connect(path) {
        // No process has it open any more.
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => Ok(()),
        Ok(_) => Err(UnixFault::InUse),
        // A process whose queue is full (EAGAIN), for example, is there.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(UnixFault::InUse),
        Err(error) => Err(UnixFault::Io(error)),
    }
}

fn give_rights(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        let group = fs::metadata(folder)?.gid();
        // Only root and members of the group may do this: otherwise the socket keeps our group.
        let _ = chown(path, None, Some(group));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))
}

impl Drop for UnixDoor {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|there| there.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[tokio::test]
    async fn the_socket_is_for_its_owner_and_the_group_of_its_folder_and_goes_with_the_door() {
        let folder = folder();
        let path = folder.path().join("lmtp");
        let door = open("lmtp", &path).unwrap();
        let made = fs::metadata(&path).unwrap();
        assert_eq!(made.permissions().mode() & 0o777, 0o660);
        assert_eq!(made.gid(), fs::metadata(folder.path()).unwrap().gid());
        drop(door);
        assert!(!path.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_name_that_a_dead_process_left_is_taken_over_and_a_living_one_is_not() {
        let folder = folder();
        let path = folder.path().join("lmtp");
        // Closed without taking its name away, as by kill -9.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let living = open("lmtp", &path).unwrap();
        let second = open("lmtp", &path).err().unwrap();
        assert!(matches!(second, BindError::Unix { problem: UnixFault::InUse, .. }), "{second}");
        assert!(path.exists());
        drop(living);
    }

    #[tokio::test]
    async fn what_is_not_a_socket_is_never_removed() {
        let folder = folder();
        let path = folder.path().join("lmtp");
        fs::write(&path, "letters").unwrap();
        let refused = open("lmtp", &path).err().unwrap();
        assert!(matches!(refused, BindError::Unix { problem: UnixFault::NotASocket, .. }), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "letters");
    }

    #[tokio::test]
    async fn a_door_leaves_the_name_of_another_alone_when_it_closes() {
        let folder = folder();
        let path = folder.path().join("lmtp");
        let door = open("lmtp", &path).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(door);
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_path_that_no_socket_can_have_is_said() {
        let problem = |path: &str| match open("lmtp", Path::new(path)).err().unwrap() {
            BindError::Unix { problem, .. } => problem,
            other => panic!("{other}"),
        };
        assert!(matches!(problem("lmtp"), UnixFault::NotAbsolute));
        assert!(matches!(problem(&format!("/{}", "x".repeat(120))), UnixFault::TooLong));
        assert!(matches!(problem("/nowhere/at/all/lmtp"), UnixFault::Io(_)));
    }
}
