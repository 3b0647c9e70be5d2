//! Archives: zip, which can be read in any order, and tar, which is a stream.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};

use mail::Timestamp;
use tar::EntryType;
use zip::ZipArchive;

use super::guard::Guard;
use super::{CHUNK, Content, Flow, Kind, MOST_FILES, Node, Tree, unpacked};
use crate::Error;

type Zip = ZipArchive<BufReader<File>>;

fn open_zip(tree: &Tree) -> Result<Zip, Error> {
    let file = File::open(&tree.path).map_err(Error::reading(&tree.path))?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|why| Error::archive(&tree.path, why))?;
    if archive.len() > MOST_FILES {
        return Err(Error::TooManyFiles { path: tree.path.clone(), most: MOST_FILES });
    }
    Ok(archive)
}

/// Lists a zip. The number of a node is the number of the entry.
pub fn list_zip(tree: &mut Tree) -> Result<(), Error> {
    let mut archive = open_zip(tree)?;
    for number in 0..archive.len() {
        let fault = |why| Error::archive(&tree.path, why);
        let (name, size, packed, directory) = {
            let entry = archive.by_index_raw(number).map_err(fault)?;
            let name = String::from_utf8_lossy(entry.name_raw()).replace('\\', "/");
            (name, entry.size(), entry.compressed_size(), entry.is_dir())
        };
        if super::is_telling(&name, size)
            && let Ok(entry) = archive.by_index(number)
        {
            let read = tree.tell(&name, size, &mut Guard::new(entry, packed));
            read.map_err(|why| Error::archive(&tree.path, why))?;
        }
        tree.add(Node { name, size, modified: None, directory, real: None })?;
    }
    Ok(())
}

pub fn read_zip(tree: &Tree, wanted: &[usize], each: &mut dyn FnMut(usize, Content<'_>) -> Flow) -> Result<(), Error> {
    let mut archive = open_zip(tree)?;
    for &number in wanted {
        let flow = match archive.by_index(number) {
            Ok(entry) => {
                let packed = entry.compressed_size();
                each(number, Ok(&mut BufReader::with_capacity(CHUNK, Guard::new(entry, packed))))
            }
            Err(why) => each(number, Err(io::Error::other(why))),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

fn open_tar(tree: &Tree) -> Result<tar::Archive<Box<dyn Read>>, Error> {
    let stream: Box<dyn Read> = if tree.kind == Kind::TarGzip {
        Box::new(unpacked(&tree.path)?)
    } else {
        Box::new(File::open(&tree.path).map_err(Error::reading(&tree.path))?)
    };
    Ok(tar::Archive::new(Box::new(BufReader::with_capacity(CHUNK, stream))))
}

/// Lists a tar. Where the archive breaks off, the list ends: what stands before is imported, and the reading tells.
pub fn list_tar(tree: &mut Tree) -> Result<(), Error> {
    let mut archive = open_tar(tree)?;
    let fault = |why| Error::archive(&tree.path, why);
    let entries = archive.entries().map_err(fault)?;
    for entry in entries {
        let Ok(mut entry) = entry else { break };
        let kind = entry.header().entry_type();
        if !matches!(kind, EntryType::Regular | EntryType::Continuous | EntryType::Directory) {
            // Its place is kept, so that numbers stay those of the entries.
            tree.add(Node { name: String::new(), size: 0, modified: None, directory: true, real: None })?;
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (size, modified) = (entry.size(), entry.header().mtime().ok());
        let modified = modified.and_then(|at| i64::try_from(at).ok()).map(Timestamp::from_seconds);
        if tree.tell(&name, size, &mut entry).is_err() {
            break;
        }
        tree.add(Node { name, size, modified, directory: kind.is_dir(), real: None })?;
    }
    Ok(())
}

pub fn read_tar(tree: &Tree, wanted: &[usize], each: &mut dyn FnMut(usize, Content<'_>) -> Flow) -> Result<(), Error> {
    let wanted: HashSet<usize> = wanted.iter().copied().collect();
    let mut archive = open_tar(tree)?;
    let entries = archive.entries().map_err(|why| Error::archive(&tree.path, why))?;
    for (number, entry) in entries.enumerate() {
        let flow = match entry {
            Ok(entry) if wanted.contains(&number) => each(number, Ok(&mut BufReader::with_capacity(CHUNK, entry))),
            Ok(_) => Flow::Continue(()),
            Err(torn) => {
                // All that comes behind is lost; it is told once.
                let _ = each(number, Err(torn));
                Flow::Break(())
            }
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}
