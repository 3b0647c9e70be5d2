//! A folder, or one file, on the disk.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use mail::Timestamp;

use super::{Node, Part};
use crate::{Error, Fault};

/// Deeper than any mailbox.
const DEEPEST: usize = 64;

/// Lists all below the root in the order of the names. Symbolic links are not followed: they may lead in circles, or
/// to files that are not the person's. A file that cannot be looked at is in the list with its fault.
pub fn list(part: &mut Part) -> Result<(), Error> {
    let root = part.place.clone();
    if !root.is_dir() {
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = fs::metadata(&root).map_err(Error::reading(&root))?;
        return part.add(node(name, &about, &root));
    }
    walk(part, &root, "", 0)
}

fn walk(part: &mut Part, folder: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
    let mut entries = Vec::new();
    let read = fs::read_dir(folder).and_then(|listed| {
        listed.into_iter().try_for_each(|entry| {
            entries.push(entry?);
            Ok(())
        })
    });
    match read {
        Ok(()) => {}
        Err(gone) if gone.kind() == io::ErrorKind::NotFound && depth > 0 => return Ok(()),
        Err(error) if depth > 0 => part.add(with_fault(prefix, Fault::Unreadable(error.to_string())))?,
        Err(error) => return Err(Error::reading(folder)(error)),
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        see(part, name, &entry.path(), depth)?;
    }
    Ok(())
}

fn see(part: &mut Part, name: String, path: &Path, depth: usize) -> Result<(), Error> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return part.add(with_fault(&name, Fault::Unreadable(error.to_string()))),
    };
    if about.is_dir() {
        if depth >= DEEPEST {
            return part.add(with_fault(&name, Fault::Deep));
        }
        part.add(node(name.clone(), &about, path))?;
        return walk(part, path, &format!("{name}/"), depth + 1);
    }
    if !about.is_file() {
        let fault = if about.is_symlink() { Fault::Link } else { Fault::Special };
        return part.add(with_fault(&name, fault));
    }
    if part.is_telling(&name, about.len())
        && let Ok(mut file) = File::open(path)
    {
        // One that cannot be read says nothing; the letters beside it come without.
        let _ = part.tell(&name, &mut file);
    }
    part.add(node(name, &about, path))
}

fn with_fault(name: &str, fault: Fault) -> Node {
    Node { fault: Some(fault), ..Node::new(name.trim_end_matches('/').to_owned()) }
}

fn node(name: String, about: &fs::Metadata, path: &Path) -> Node {
    let modified = about.modified().ok().map(|time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Timestamp(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
        Err(before) => Timestamp(i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)),
    });
    Node { size: about.len(), modified, directory: about.is_dir(), real: Some(path.into()), ..Node::new(name) }
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
