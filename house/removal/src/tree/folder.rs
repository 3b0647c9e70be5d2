//! A folder, or one file, on the disk.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use mail::Timestamp;

use super::{Node, Tree};
use crate::Error;

/// Deeper than any mailbox.
const DEEPEST: usize = 64;

/// Lists all below the root in the order of the names. Symbolic links are not followed: they may lead in circles, or to
/// files that are not the person's.
pub fn list(tree: &mut Tree) -> Result<(), Error> {
    let root = tree.path.clone();
    if !root.is_dir() {
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = fs::metadata(&root).map_err(Error::reading(&root))?;
        return tree.add(node(name, &about, &root));
    }
    walk(tree, &root, "", 0)
}

fn walk(tree: &mut Tree, folder: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
    let mut entries: Vec<_> = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().collect(),
        Err(gone) if gone.kind() == io::ErrorKind::NotFound && depth > 0 => return Ok(()),
        Err(error) => return Err(Error::reading(folder)(error)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if about.is_dir() && depth < DEEPEST {
            tree.add(node(name.clone(), &about, &path))?;
            walk(tree, &path, &format!("{name}/"), depth + 1)?;
        } else if about.is_file() {
            if super::is_telling(&name, about.len())
                && let Ok(mut file) = File::open(&path)
            {
                tree.tell(&name, about.len(), &mut file).map_err(Error::reading(&path))?;
            }
            tree.add(node(name, &about, &path))?;
        }
    }
    Ok(())
}

fn node(name: String, about: &fs::Metadata, path: &Path) -> Node {
    let modified = about.modified().ok().map(|time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Timestamp(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
        Err(before) => Timestamp(i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)),
    });
    Node { name, size: about.len(), modified, directory: about.is_dir(), real: Some(path.into()) }
}

/// Opens a file; `None` when it is gone. A letter of a Maildir may have been renamed since the list was made.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => match maildir::moved_to(path) {
            Some(now) => File::open(now).map(Some).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(None),
                _ => Err(error),
            }),
            None => Ok(None),
        },
        opened => opened.map(Some),
    }
}
