//! Archives: zip, which can be read in any order, and tar, which is a stream.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};

use zip::ZipArchive;

use super::guard::Guard;
use super::members::{self, Member};
use super::{CHUNK, Content, Flow, Kind, MOST_FILES, Node, Part, unpacked};
use crate::{Error, Fault};

type Zip = ZipArchive<BufReader<File>>;

fn open_zip(part: &Part) -> Result<Zip, Error> {
    let file = File::open(&part.place).map_err(Error::reading(&part.place))?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|why| Error::archive(&part.place, why))?;
    if archive.len() > MOST_FILES {
        return Err(Error::TooManyFiles { path: part.place.clone(), most: MOST_FILES });
    }
    Ok(archive)
}

/// Lists a zip. The number of a node is the number of the entry.
pub fn list_zip(part: &mut Part) -> Result<(), Error> {
    let mut archive = open_zip(part)?;
    for number in 0..archive.len() {
        let fault = |why| Error::archive(&part.place, why);
        let (name, size, packed, directory, encrypted) = {
            let entry = archive.by_index_raw(number).map_err(fault)?;
            let name = String::from_utf8_lossy(entry.name_raw()).replace('\\', "/");
            (name, entry.size(), entry.compressed_size(), entry.is_dir(), entry.encrypted())
        };
        if !encrypted
            && part.is_telling(&name, size)
            && let Ok(entry) = archive.by_index(number)
        {
            let read = part.tell(&name, &mut Guard::new(entry, packed));
            read.map_err(|why| Error::archive(&part.place, why))?;
        }
        let fault = encrypted.then_some(Fault::Encrypted);
        part.add(Node { size, directory, fault, ..Node::new(name) })?;
    }
    Ok(())
}

pub fn read_zip(
    part: &Part,
    wanted: &[usize],
    each: &mut dyn FnMut(usize, Content<'_>) -> Flow,
) -> Result<Flow, Error> {
    let mut archive = open_zip(part)?;
    for &number in wanted {
        let flow = match archive.by_index(number) {
            Ok(entry) => {
                let packed = entry.compressed_size();
                each(number, Ok(&mut BufReader::with_capacity(CHUNK, Guard::new(entry, packed))))
            }
            Err(why) => each(number, Err(io::Error::other(why))),
        };
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(Flow::Continue(()))
}

fn open_tar(part: &Part) -> Result<tar::Archive<Box<dyn Read>>, Error> {
    let stream: Box<dyn Read> = if part.kind == Kind::TarGzip {
        Box::new(unpacked(&part.place)?)
    } else {
        Box::new(File::open(&part.place).map_err(Error::reading(&part.place))?)
    };
    Ok(tar::Archive::new(Box::new(BufReader::with_capacity(CHUNK, stream))))
}

/// Lists a tar. If the archive breaks off, the list ends: the letters before are imported, and the reading tells of
/// it.
pub fn list_tar(part: &mut Part) -> Result<(), Error> {
    let mut archive = open_tar(part)?;
    let place = part.place.clone();
    let mut failed = None;
    members::walk(&mut archive, &mut |_, member| {
        let Ok(Member { node, content }) = member else {
            part.torn = true;
            return Flow::Break(());
        };
        if node.fault.is_none() && part.is_telling(&node.name, node.size) && part.tell(&node.name, content).is_err() {
            return Flow::Break(());
        }
        match part.add(node) {
            Ok(()) => Flow::Continue(()),
            Err(why) => {
                failed = Some(why);
                Flow::Break(())
            }
        }
    })
    .map_err(|why| Error::archive(&place, why))?;
    failed.map_or(Ok(()), Err)
}

pub fn read_tar(
    part: &Part,
    wanted: &[usize],
    each: &mut dyn FnMut(usize, Content<'_>) -> Flow,
) -> Result<Flow, Error> {
    let wanted: HashSet<usize> = wanted.iter().copied().collect();
    let mut archive = open_tar(part)?;
    let mut last = Flow::Continue(());
    members::walk(&mut archive, &mut |number, member| {
        last = match member {
            Ok(member) if wanted.contains(&number) => {
                each(number, Ok(&mut BufReader::with_capacity(CHUNK, member.content)))
            }
            Ok(_) => Flow::Continue(()),
            // All that comes behind is lost; it is told once.
            Err(torn) => each(number, Err(torn)),
        };
        last
    })
    .map_err(|why| Error::archive(&part.place, why))?;
    Ok(last)
}
