//! The tools that every format of an export is written with: the items of an export, the trait of the writers, and
//! files that nobody else can look into.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use bytes::Bytes;
use mailbox::{SpecialUse, Uid};
use serde::{Deserialize, Serialize};

use crate::state::State;
use crate::{Error, written};

/// A folder on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Its name.
    pub name: String,
    /// The use of the folder.
    #[serde(with = "written::special_use")]
    pub special_use: Option<SpecialUse>,
    /// True if the folder is subscribed to.
    pub subscribed: bool,
}

/// A letter on its way out. Its octets are not part of what is serialized.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Its flags, keywords and date.
    pub state: State,
    /// Header and body.
    #[serde(skip)]
    pub raw: Bytes,
    /// Its number in the folder.
    #[serde(with = "written::uid")]
    pub uid: Uid,
}

/// Something that writes letters in a format.
pub(super) trait Writer {
    /// Begins a folder, and gives the path that leads to it below the place.
    fn folder(&mut self, folder: &Heading) -> Result<String, Error>;
    /// Writes a letter of the folder that was begun last.
    fn letter(&mut self, letter: &Leaving) -> Result<(), Error>;
    /// Writes the sidecar and puts all on the disk.
    fn finish(self: Box<Self>, sidecar: &[u8]) -> Result<(), Error>;
}

/// Syncs the file system that a path is on, once for all that was written.
pub(super) fn sync(path: &Path) -> Result<(), Error> {
    let file = File::open(path).map_err(Error::writing(path))?;
    #[cfg(target_os = "linux")]
    return rustix::fs::syncfs(&file).map_err(|error| Error::writing(path)(error.into()));
    #[cfg(not(target_os = "linux"))]
    return file.sync_all().map_err(Error::writing(path));
}

/// Makes the folder of the place itself, if the one it lies in is there.
pub(super) fn private_root(path: &Path) -> Result<(), Error> {
    DirBuilder::new().mode(0o700).create(path).map_err(Error::writing(path))
}

/// Makes a folder, and those above it below the place, that nobody else can look into: letters come there.
pub(super) fn private_folder(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::writing(path))
}

/// Makes a file of the same kind, which must not be there yet.
pub(super) fn private_file(path: &Path) -> Result<BufWriter<File>, Error> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(Error::writing(path))?;
    Ok(BufWriter::with_capacity(256 << 10, file))
}
