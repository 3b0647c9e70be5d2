//! Delivering letters.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use mail::Timestamp;

use crate::{Batch, Error, Flags, folder, name};

/// A Maildir with its folders. Cheap to make; nothing is looked at before it is used.
#[derive(Clone, Debug)]
pub struct Maildir {
    root: PathBuf,
    pub(crate) host: String,
}

/// A letter to be delivered, with its flags, keywords and time.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Header and body with CRLF.
    pub letter: &'a [u8],
    /// When we received it: the time of the file.
    pub received: Timestamp,
    /// Without flags and keywords it goes to `new/`, else to `cur/`.
    pub flags: Flags,
    /// Names of keywords. A folder can have 26 different ones; others are left out.
    pub keywords: &'a [&'a str],
    /// The name of its file.
    pub name: Name<'a>,
}

/// The way in which the file of a letter is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Name<'a> {
    /// A name that no file had before.
    #[default]
    Fresh,
    /// This name, followed by sizes and flags: letters, digits and `. _ -`, 100 at most. If the folder has a letter
    /// of this name already, wherever its reader moved it and whatever flags it has now, nothing is written: a
    /// delivery is repeated when nobody knows whether it succeeded. It costs a look through the folder, in a
    /// [`Batch`] once for all its letters.
    Chosen(&'a str),
}

impl<'a> Delivery<'a> {
    /// A new letter without flags.
    pub fn new(letter: &'a [u8], received: Timestamp) -> Self {
        Self { letter, received, flags: Flags::default(), keywords: &[], name: Name::Fresh }
    }

    /// The same under a name chosen by the caller.
    #[must_use]
    pub fn called(self, name: &'a str) -> Self {
        Self { name: Name::Chosen(name), ..self }
    }
}

impl Maildir {
    /// The Maildir at a place, whether it is there already or not.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), host: name::host() }
    }

    /// Returns the path of the maildir.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the Maildir, and the directories above it, where they are missing. Nobody else can read it.
    pub fn create(&self) -> Result<(), Error> {
        make_missing(&self.root)?;
        make_parts(&self.root)
    }

    /// Makes a folder if it is missing: `A/B`, or INBOX, which is the Maildir itself. The Maildir must be there.
    pub fn create_folder(&self, folder: &str) -> Result<PathBuf, Error> {
        self.check()?;
        let path = self.folder_path(Some(folder))?;
        if path != self.root && !path.join("tmp").is_dir() {
            make_missing(&path)?;
            make_parts(&path)?;
            // Maildir++: by this file the deliverer of a folder knows that quotas and names are its parent's affair.
            File::create(path.join("maildirfolder")).map_err(Error::at(&path))?;
            sync_directory(&path)?;
        }
        Ok(path)
    }

    /// Delivers one letter: on the disk, with its directory, when this returns. The folder (none: INBOX) is made where it
    /// is missing; the Maildir must be there. Returns the path of the letter's file.
    pub fn deliver(&self, folder: Option<&str>, delivery: &Delivery) -> Result<PathBuf, Error> {
        let mut batch = self.batch();
        batch.add(folder, delivery)?;
        let mut paths = batch.commit()?;
        paths.pop().ok_or_else(|| Error::NoMaildir(self.root.clone()))
    }

    /// Delivers many letters that share the waits for the disk.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// The directory of a folder, whether it is there or not.
    pub fn folder_path(&self, folder: Option<&str>) -> Result<PathBuf, Error> {
        Ok(match folder.map(folder::directory).transpose()?.flatten() {
            Some(directory) => self.root.join(directory),
            None => self.root.clone(),
        })
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let has = |part| self.root.join(part).is_dir();
        if has("cur") && has("new") && has("tmp") { Ok(()) } else { Err(Error::NoMaildir(self.root.clone())) }
    }
}

/// The three directories that make a Maildir.
const PARTS: [&str; 3] = ["tmp", "new", "cur"];

fn make_parts(folder: &Path) -> Result<(), Error> {
    for part in PARTS {
        make(&folder.join(part))?;
    }
    sync_directory(folder)
}

/// Makes a directory and those above it, each with its name on the disk.
fn make_missing(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_missing(parent)?;
    }
    make(path)?;
    sync_directory(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

fn make(path: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.map_err(Error::at(path)),
    }
}

pub(crate) fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::at(path))
}

/// The letters of a folder: unique name and path.
pub(crate) fn every_unique(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let mut found = Vec::new();
    for part in ["new", "cur"] {
        let directory = folder.join(part);
        for entry in fs::read_dir(&directory).map_err(Error::at(&directory))? {
            let entry = entry.map_err(Error::at(&directory))?;
            let file = entry.file_name();
            let unique = crate::FileName::read(&file.to_string_lossy()).unique.to_owned();
            found.push((unique, entry.path()));
        }
    }
    Ok(found)
}
