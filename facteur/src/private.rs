//! The data folder is its owner's alone: letters and the hashes of passwords lie in it.
//!
//! A folder that somebody else has made (`mkdir`, systemd's `StateDirectory=`) is closed before anything is opened in it, and
//! what lies in it after that. Once the folder itself is closed nobody reaches what is below, so the many files of bodies can
//! wait for a thread of their own. No symbolic link is followed below the folder.

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fchmod, fstat, open, openat, statat};
use rustix::io::Errno;

use crate::language::{say, system};
use crate::users;

/// The rights of everybody but the owner.
const OTHERS: Mode = Mode::RWXG.union(Mode::RWXO);
/// The rights of others to put something into a folder.
const OTHERS_WRITE: Mode = Mode::WGRP.union(Mode::WOTH);
/// Folders in folders are looked into to this depth; bodies lie in the second.
const DEPTH: u8 = 8;
/// After so many files the others who need the disk have their turn.
const SLICE: usize = 256;
const PAUSE: Duration = Duration::from_millis(5);

/// Other users could look into the data folder, and that cannot be changed. Nothing was.
#[derive(Debug)]
pub struct Exposed {
    folder: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    /// All users of the machine put things there, as into `/tmp`.
    Shared,
    /// There is no post office in it, but there are these.
    OtherThings(Vec<String>),
    /// It belongs to somebody else.
    OfAnother(u32),
    /// The file system has no rights that could be changed.
    NoRights,
    /// The system says why.
    System(Errno),
}

/// Folders in the data folder whose files others could read, if they could reach them.
#[must_use = "they stay as they are until `close_behind` is called"]
#[derive(Debug, Default)]
pub struct Rest {
    folder: Option<OwnedFd>,
    names: Vec<CString>,
}

/// Closes the data folder to others, with the files that lie directly in it. If it is not there, or cannot be looked
/// into, the code that opens the data says so. Call it before the database is opened: closing a second descriptor of
/// its file would give up the locks of the first (fcntl(2)).
pub fn close(folder: &Path) -> Result<Rest, Exposed> {
    let exposed = |why| Exposed { folder: folder.to_owned(), why };
    // The data folder itself may be a link: the administrator has put it elsewhere.
    let Ok(opened) = open(folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) else {
        return Ok(Rest::default());
    };
    let about = fstat(&opened).map_err(|why| exposed(Why::System(why)))?;
    if is_open(&about) {
        close_folder(&opened, &about).map_err(exposed)?;
        tracing::warn!("other users could look into {}; it is its owner's alone from now on", folder.display());
    }
    let mut names = Vec::new();
    for name in entries(&opened).map_err(|why| exposed(Why::System(why)))?.into_iter().filter(|name| is_ours(name)) {
        match statat(&opened, name.as_c_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(entry) if !is_open(&entry) => {}
            Ok(entry) if is_folder(&entry) => names.push(name),
            Ok(entry) if is_file(&entry) => close_file(&opened, &name, &about),
            // Sockets have the rights that their doors give them; links have none.
            _ => {}
        }
    }
    Ok(Rest { folder: Some(opened), names })
}

fn close_folder(folder: &OwnedFd, about: &Stat) -> Result<(), Why> {
    if about.st_mode & Mode::SVTX.as_raw_mode() != 0 {
        return Err(Why::Shared);
    }
    let names = entries(folder).map_err(Why::System)?;
    let others: Vec<_> = names.iter().filter(|name| !is_ours(name) && !name.to_bytes().starts_with(b".")).collect();
    if !others.is_empty() && !names.iter().any(|name| name.as_c_str() == c"facteur.db") {
        let name = |name: &&CString| name.to_string_lossy().into_owned();
        return Err(Why::OtherThings(others.iter().take(3).map(name).collect()));
    }
    match fchmod(folder, without(about, OTHERS)) {
        Ok(()) => {}
        Err(Errno::PERM) => return Err(Why::OfAnother(about.st_uid)),
        Err(why) => return Err(Why::System(why)),
    }
    // Some file systems say yes and change nothing.
    let after = fstat(folder).map_err(Why::System)?;
    if is_open(&after) { Err(Why::NoRights) } else { Ok(()) }
}

/// Tells whether a post office makes a file of this name in its folder; any other file is left as it is.
fn is_ours(name: &CStr) -> bool {
    let name = name.to_bytes();
    let begins = |with: &[u8]| name.starts_with(with);
    matches!(name, b"blobs" | b"snapshots" | b"lost+found" | b"tls" | b"opening.lock")
        || begins(b"facteur.")
        || begins(b"search.db")
        || begins(b"fetch.key")
}

/// A file that others have put there by a hard link to another's is not ours to change.
fn close_file(folder: &OwnedFd, name: &CStr, of: &Stat) {
    let attempt = || -> Result<(), Errno> {
        let how = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(folder, name, how, Mode::empty())?;
        let about = fstat(&file)?;
        let is_link_to_others = about.st_nlink > 1 && about.st_uid != of.st_uid;
        if is_file(&about) && !is_link_to_others { fchmod(&file, without(&about, OTHERS)) } else { Ok(()) }
    };
    if let Err(why) = attempt() {
        // Nobody reaches it through the folder, which is closed.
        tracing::warn!(%why, "the rights of {} cannot be changed", name.to_string_lossy());
    }
}

impl Rest {
    /// Closes what lies in the folders too, on a thread of its own.
    pub fn close_behind(self) {
        let Some(folder) = self.folder.filter(|_| !self.names.is_empty()) else { return };
        let names = self.names;
        let work = move || names.iter().for_each(|name| close_below(&folder, name, DEPTH, &mut 0));
        if let Err(error) = std::thread::Builder::new().name("rights".to_owned()).spawn(work) {
            tracing::warn!(%error, "no thread to close the files in the data folder");
        }
    }
}

/// Closes a folder when all in it is closed: one that is found closed need not be looked into.
fn close_below(folder: &OwnedFd, name: &CStr, depth: u8, seen: &mut usize) {
    let attempt = |seen: &mut usize| -> Result<(), Errno> {
        let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let inner = openat(folder, name, how, Mode::empty())?;
        let about = fstat(&inner)?;
        fchmod(&inner, without(&about, OTHERS_WRITE))?;
        for entry in entries(&inner)? {
            *seen += 1;
            if seen.is_multiple_of(SLICE) {
                std::thread::sleep(PAUSE);
            }
            match statat(&inner, entry.as_c_str(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) if !is_open(&found) => {}
                Ok(found) if is_folder(&found) && depth > 0 => close_below(&inner, &entry, depth - 1, seen),
                Ok(found) if is_file(&found) => close_file(&inner, &entry, &about),
                _ => {}
            }
        }
        fchmod(&inner, without(&about, OTHERS))
    };
    if let Err(why) = attempt(seen) {
        tracing::warn!(%why, "the rights of {} cannot be changed", name.to_string_lossy());
    }
}

fn entries(folder: impl AsFd) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

fn is_open(about: &Stat) -> bool {
    about.st_mode & OTHERS.as_raw_mode() != 0
}

fn is_folder(about: &Stat) -> bool {
    FileType::from_raw_mode(about.st_mode) == FileType::Directory
}

fn is_file(about: &Stat) -> bool {
    FileType::from_raw_mode(about.st_mode) == FileType::RegularFile
}

fn without(about: &Stat, rights: Mode) -> Mode {
    Mode::from_raw_mode(about.st_mode).difference(rights)
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.display();
        f.write_str(&match &self.why {
            Why::Shared => say!(
                "all users of this machine share {folder}, and letters must not lie there; name a folder of its own with --data, or with data in the configuration",
                "tous les utilisateurs de cette machine se partagent {folder}, et des lettres n'ont rien à y faire ; indiquez un dossier à part avec --data, ou avec data dans la configuration"
            ),
            Why::OtherThings(names) => {
                let names = names.join(", ");
                say!(
                    "{folder} holds other things ({names}) and is open to other users; name a folder for the post office alone, or close this one first: chmod 700 {folder}",
                    "{folder} contient autre chose ({names}) et est ouvert à d'autres utilisateurs ; indiquez un dossier pour le seul bureau de poste, ou fermez d'abord celui-ci : chmod 700 {folder}"
                )
            }
            Why::OfAnother(uid) => {
                let owner = users::named(*uid).unwrap_or_else(|| uid.to_string());
                say!(
                    "other users can look into the data folder {folder}, and only {owner}, who owns it, can close it (chmod 700 {folder}); or give it to the user that Facteur runs as (chown)",
                    "d'autres utilisateurs peuvent regarder dans le dossier {folder}, et seul {owner}, à qui il est, peut le fermer (chmod 700 {folder}) ; ou bien donnez-le à l'utilisateur de Facteur (chown)"
                )
            }
            Why::NoRights => say!(
                "other users can look into the data folder {folder}, and the file system it lies on keeps no rights; mount it with umask=077, or name a folder on another disk with --data",
                "d'autres utilisateurs peuvent regarder dans le dossier {folder}, et son système de fichiers ne garde pas les droits ; montez-le avec umask=077, ou indiquez un dossier sur un autre disque avec --data"
            ),
            Why::System(why) => {
                let why = system(&(*why).into());
                say!(
                    "other users can look into the data folder {folder}, and its rights cannot be changed: {why}",
                    "d'autres utilisateurs peuvent regarder dans le dossier {folder}, et ses droits ne peuvent pas être changés : {why}"
                )
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "letters").unwrap();
            for above in path.ancestors().take_while(|above| *above != folder.path()) {
                let mode = if above.is_dir() { 0o755 } else { 0o644 };
                fs::set_permissions(above, Permissions::from_mode(mode)).unwrap();
            }
        }
        set(folder.path(), 0o755);
        folder
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn close_all(folder: &Path) {
        let rest = close(folder).unwrap();
        let opened = rest.folder.unwrap();
        rest.names.iter().for_each(|name| close_below(&opened, name, DEPTH, &mut 0));
    }

    #[test]
    fn all_that_a_post_office_made_is_closed_and_nothing_else_is_touched() {
        let folder = folder_with(&["facteur.db", "facteur.db-wal", "blobs/7f/one", "tls/a.pem", "notes/x"]);
        close_all(folder.path());
        for (name, wanted) in [
            ("", 0o700),
            ("facteur.db", 0o600),
            ("facteur.db-wal", 0o600),
            ("blobs", 0o700),
            ("blobs/7f", 0o700),
            ("blobs/7f/one", 0o600),
            ("tls/a.pem", 0o600),
            ("notes/x", 0o644),
        ] {
            assert_eq!(mode(&folder.path().join(name)), wanted, "{name}");
        }
    }

    #[test]
    fn a_folder_of_bodies_is_closed_last_so_that_one_who_is_interrupted_goes_on() {
        let folder = folder_with(&["facteur.db", "blobs/7f/one"]);
        let rest = close(folder.path()).unwrap();
        assert_eq!(rest.names, [c"blobs".to_owned()]);
        assert_eq!((mode(folder.path()), mode(&folder.path().join("blobs"))), (0o700, 0o755));
        close_all(folder.path());
        assert!(close(folder.path()).unwrap().names.is_empty());
    }

    #[test]
    fn links_lead_nowhere() {
        let outside = folder_with(&["passwd", "tree/file"]);
        let folder = folder_with(&["facteur.db", "blobs/7f/one"]);
        let link = |to: &str, name: &str| symlink(outside.path().join(to), folder.path().join(name)).unwrap();
        link("passwd", "facteur.state");
        link("tree", "snapshots");
        link("tree", "blobs/80");
        link("passwd", "blobs/7f/two");
        close_all(folder.path());
        for (name, wanted) in [("passwd", 0o644), ("tree", 0o755), ("tree/file", 0o644)] {
            assert_eq!(mode(&outside.path().join(name)), wanted, "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_shared_or_holds_other_things_is_refused_as_it_is() {
        let shared = folder_with(&[]);
        set(shared.path(), 0o1777);
        assert!(close(shared.path()).unwrap_err().to_string().contains("all users of this machine share"));
        let home = folder_with(&["letters.txt", "photos/a.jpg"]);
        let refused = close(home.path()).unwrap_err().to_string();
        assert!(refused.contains("letters.txt") && refused.contains("chmod 700"), "{refused}");
        assert_eq!((mode(shared.path()), mode(home.path())), (0o1777, 0o755));
        set(home.path(), 0o700);
        assert!(close(home.path()).is_ok(), "it is closed already");
        assert!(close(&home.path().join("nothing")).is_ok(), "whoever opens it says that it is not there");
    }
}
