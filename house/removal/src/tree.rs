//! What is imported as a tree of files, whether it is a folder, one file, or an archive.

mod archive;
mod folder;
mod guard;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use mail::Timestamp;

use crate::Error;

/// The most files that are looked at.
pub const MOST_FILES: usize = 10_000_000;
/// Small files that say something about the letters beside them; read with the list.
const TELLING: [&str; 2] = ["dovecot-keywords", crate::sidecar::NAME];
/// The largest of them that is read.
const LARGEST_TELLING: u64 = 16 << 20;

/// A tree of files that can be read several times.
pub struct Tree {
    /// What was named.
    pub path: PathBuf,
    kind: Kind,
    /// All files and directories.
    pub nodes: Vec<Node>,
    /// The telling files, by name.
    pub telling: HashMap<String, Vec<u8>>,
}

/// A file or a directory.
#[derive(Clone, Debug)]
pub struct Node {
    /// Below the root, `/` between the levels. Not to be used as a path: it may be anything an archive says.
    pub name: String,
    /// Octets, unpacked.
    pub size: u64,
    /// When it was changed, where that is known.
    pub modified: Option<Timestamp>,
    /// Is it a directory?
    pub directory: bool,
    /// Where it really is, in a tree on the disk.
    real: Option<Box<Path>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A folder or a file on the disk.
    Plain,
    /// One file in gzip.
    Gzip,
    Zip,
    Tar,
    TarGzip,
}

/// Does the reading go on?
pub type Flow = std::ops::ControlFlow<()>;

/// What is shown of a file: its content, or why it cannot be read.
pub type Content<'a> = Result<&'a mut dyn BufRead, io::Error>;

impl Tree {
    /// Looks what there is.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let kind = kind_of(path)?;
        let mut tree = Self { path: path.to_owned(), kind, nodes: Vec::new(), telling: HashMap::new() };
        match kind {
            Kind::Plain => folder::list(&mut tree)?,
            Kind::Gzip => tree.nodes.push(unpacked_node(path)),
            Kind::Zip => archive::list_zip(&mut tree)?,
            Kind::Tar | Kind::TarGzip => archive::list_tar(&mut tree)?,
        }
        Ok(tree)
    }

    /// Shows the files of these numbers, in this order where the tree can be read in any order; an archive that is a
    /// stream shows them in its own. The content may be left unread.
    pub fn read(&self, wanted: &[usize], each: &mut dyn FnMut(usize, Content<'_>) -> Flow) -> Result<(), Error> {
        match self.kind {
            Kind::Plain => self.read_plain(wanted, each),
            Kind::Gzip => {
                let mut unpacked = BufReader::with_capacity(CHUNK, unpacked(&self.path)?);
                let _ = each(0, Ok(&mut unpacked));
                Ok(())
            }
            Kind::Zip => archive::read_zip(self, wanted, each),
            Kind::Tar | Kind::TarGzip => archive::read_tar(self, wanted, each),
        }
    }

    fn read_plain(&self, wanted: &[usize], each: &mut dyn FnMut(usize, Content<'_>) -> Flow) -> Result<(), Error> {
        for &number in wanted {
            let Some(path) = self.nodes.get(number).and_then(|node| node.real.as_deref()) else { continue };
            let flow = match folder::open(path) {
                Ok(Some(file)) => each(number, Ok(&mut BufReader::with_capacity(CHUNK, file))),
                Ok(None) => Flow::Continue(()),
                Err(error) => each(number, Err(error)),
            };
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn add(&mut self, node: Node) -> Result<(), Error> {
        if self.nodes.len() >= MOST_FILES {
            return Err(Error::TooManyFiles { path: self.path.clone(), most: MOST_FILES });
        }
        self.nodes.push(node);
        Ok(())
    }

    /// Keeps the content of a file that says something about others.
    fn tell(&mut self, name: &str, size: u64, content: &mut dyn Read) -> io::Result<()> {
        if is_telling(name, size) {
            let mut bytes = Vec::new();
            content.take(LARGEST_TELLING).read_to_end(&mut bytes)?;
            self.telling.insert(name.to_owned(), bytes);
        }
        Ok(())
    }
}

/// How much is read from the disk at once.
const CHUNK: usize = 128 << 10;

fn is_telling(name: &str, size: u64) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    TELLING.contains(&last) && size <= LARGEST_TELLING
}

fn kind_of(path: &Path) -> Result<Kind, Error> {
    let about = std::fs::metadata(path).map_err(Error::reading(path))?;
    if about.is_dir() {
        return Ok(Kind::Plain);
    }
    let file = File::open(path).map_err(Error::reading(path))?;
    let start = start_of(file).map_err(Error::reading(path))?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Zip);
    }
    if start.starts_with(b"\x1f\x8b") {
        // What cannot be unpacked says so when it is read.
        let inside = start_of(unpacked(path)?).unwrap_or_default();
        return Ok(if is_tar(&inside) { Kind::TarGzip } else { Kind::Gzip });
    }
    Ok(if is_tar(&start) { Kind::Tar } else { Kind::Plain })
}

fn start_of(file: impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.take(512).read_to_end(&mut start)?;
    Ok(start)
}

fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// The content of a gzip file, guarded.
fn unpacked(path: &Path) -> Result<impl Read + use<>, Error> {
    let file = File::open(path).map_err(Error::reading(path))?;
    let packed = file.metadata().map_err(Error::reading(path))?.len();
    Ok(guard::Guard::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(CHUNK, file)), packed))
}

/// `mail.mbox.gz` holds `mail.mbox`.
fn unpacked_node(path: &Path) -> Node {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Node { name, size: 0, modified: None, directory: false, real: None }
}

pub use guard::is_bomb;
