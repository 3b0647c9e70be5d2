//! Reads the import as trees of files: a folder, one file, an archive, or a folder with archives in it.

mod archive;
mod folder;
mod guard;
mod members;
mod node;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::proton::{self, Metadata};
use crate::{Error, Fault, mh, sidecar};

pub use node::{Flow, Node};

/// The most files that are looked at.
pub const MOST_FILES: usize = 10_000_000;
/// Small files that say something about the letters beside them; read with the list.
const TELLING: [&str; 4] = ["dovecot-keywords", sidecar::NAME, mh::SEQUENCES, proton::LABELS];
/// The largest of them that is read, and how much of all of them is kept, in octets.
const LARGEST_TELLING: u64 = 16 << 20;
const MOST_TELLING: u64 = 64 << 20;

/// The files at a path that a person named, in parts that are read one after the other.
pub struct Tree {
    /// The path that the person named.
    pub path: PathBuf,
    /// The files that lie in no archive, then each archive.
    pub parts: Vec<Part>,
}

/// The files of a folder that are no archives, or those of one archive. They can be read several times.
pub struct Part {
    place: PathBuf,
    kind: Kind,
    /// Stands before the names of its files where people are told of them: `takeout-002.zip/`.
    prefix: String,
    /// The folder that a bundle of Apple Mail's stands for which was itself named: `Travail` for `Travail.mbox`.
    pub bundle: Option<String>,
    /// True if the archive breaks off. The reading tells where and why.
    pub torn: bool,
    /// All files and directories.
    pub nodes: Vec<Node>,
    /// The telling files, by name.
    pub telling: HashMap<String, Vec<u8>>,
    told: u64,
    /// The metadata that Proton keeps of letters, by the names of their files without the ending.
    pub proton: HashMap<String, Metadata>,
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

/// The content of a file, or the error that keeps it from being read.
pub type Content<'a> = Result<&'a mut dyn BufRead, io::Error>;

impl Tree {
    /// Looks what there is. An archive that was named must open; one that lies in a folder and does not is in the list with
    /// its fault.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let kind = kind_of(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut parts = vec![Part::open(path, kind, String::new(), &name)?];
        if path.is_dir() {
            let archives = open_archives(&mut parts[0])?;
            parts.extend(archives);
        }
        let files: usize = parts.iter().map(|part| part.nodes.len()).sum();
        if files > MOST_FILES {
            return Err(Error::TooManyFiles { path: path.to_owned(), most: MOST_FILES });
        }
        Ok(Self { path: path.to_owned(), parts })
    }
}

/// Opens the archives among the files of a folder, so that the parts of a Takeout need not be unpacked.
fn open_archives(part: &mut Part) -> Result<Vec<Part>, Error> {
    let mut archives = Vec::new();
    for node in &mut part.nodes {
        let Some(real) = node.real.as_deref().filter(|_| !node.directory && is_called_archive(&node.name)) else {
            continue;
        };
        let opened = kind_of(real).and_then(|kind| match kind {
            Kind::Plain => Ok(None),
            kind => {
                let inside = node.name.strip_suffix(".gz").unwrap_or(&node.name);
                let prefix = if kind == Kind::Gzip { String::new() } else { format!("{}/", node.name) };
                Part::open(real, kind, prefix, inside).map(Some)
            }
        });
        match opened {
            Ok(None) => {}
            Ok(Some(archive)) => {
                node.is_part = true;
                archives.push(archive);
            }
            Err(too_many @ Error::TooManyFiles { .. }) => return Err(too_many),
            Err(Error::Archive { why, .. }) => node.fault = Some(Fault::Unreadable(why)),
            Err(why) => node.fault = Some(Fault::Unreadable(why.to_string())),
        }
    }
    Ok(archives)
}

fn is_called_archive(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| matches!(ending.as_str(), "zip" | "tar" | "tgz" | "gz"))
}

impl Part {
    /// Opens an archive. `inside`: the name of the one file in a gzip.
    fn open(place: &Path, kind: Kind, prefix: String, inside: &str) -> Result<Self, Error> {
        let (nodes, telling, proton) = (Vec::new(), HashMap::new(), HashMap::new());
        let bundle = place.extension().filter(|ending| ending.eq_ignore_ascii_case("mbox") && place.is_dir());
        let bundle = bundle.and(place.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
        let mut part =
            Self { place: place.to_owned(), kind, prefix, bundle, torn: false, nodes, telling, told: 0, proton };
        match kind {
            Kind::Plain => folder::list(&mut part)?,
            Kind::Gzip => part.nodes.push(Node::new(inside.to_owned())),
            Kind::Zip => archive::list_zip(&mut part)?,
            Kind::Tar | Kind::TarGzip => archive::list_tar(&mut part)?,
        }
        Ok(part)
    }

    /// A file as people are told of it.
    pub fn shown(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The part itself, as people are told of it.
    pub fn place(&self) -> String {
        match self.prefix.trim_end_matches('/') {
            "" => self.place.display().to_string(),
            name => name.to_owned(),
        }
    }

    /// Shows the files of these numbers, in this order where the part can be read in any order; an archive that is a stream
    /// shows them in its own. The content may be left unread.
    pub fn read(&self, wanted: &[usize], each: &mut dyn FnMut(usize, Content<'_>) -> Flow) -> Result<Flow, Error> {
        match self.kind {
            Kind::Plain => Ok(self.read_plain(wanted, each)),
            Kind::Gzip if wanted.is_empty() => Ok(Flow::Continue(())),
            Kind::Gzip => {
                let mut unpacked = BufReader::with_capacity(CHUNK, unpacked(&self.place)?);
                Ok(each(0, Ok(&mut unpacked)))
            }
            Kind::Zip => archive::read_zip(self, wanted, each),
            Kind::Tar | Kind::TarGzip => archive::read_tar(self, wanted, each),
        }
    }

    fn read_plain(&self, wanted: &[usize], each: &mut dyn FnMut(usize, Content<'_>) -> Flow) -> Flow {
        for &number in wanted {
            let Some(path) = self.nodes.get(number).and_then(|node| node.real.as_deref()) else { continue };
            let flow = match folder::open(path) {
                Ok(Some(file)) => each(number, Ok(&mut BufReader::with_capacity(CHUNK, file))),
                Ok(None) => Flow::Continue(()),
                Err(error) => each(number, Err(error)),
            };
            if flow.is_break() {
                return flow;
            }
        }
        Flow::Continue(())
    }

    fn add(&mut self, node: Node) -> Result<(), Error> {
        if self.nodes.len() >= MOST_FILES {
            return Err(Error::TooManyFiles { path: self.place.clone(), most: MOST_FILES });
        }
        self.nodes.push(node);
        Ok(())
    }

    /// Returns true if a file says something about others.
    fn is_telling(&self, name: &str, size: u64) -> bool {
        let last = name.rsplit('/').next().unwrap_or(name);
        if last.ends_with(proton::METADATA) {
            return size <= proton::LARGEST_METADATA;
        }
        TELLING.contains(&last) && size <= LARGEST_TELLING && self.told + size <= MOST_TELLING
    }

    /// Keeps the values of such a file.
    fn tell(&mut self, name: &str, content: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        content.take(LARGEST_TELLING).read_to_end(&mut bytes)?;
        if let Some(stem) = name.strip_suffix(proton::METADATA) {
            self.proton.extend(Metadata::read(&bytes).map(|metadata| (stem.to_owned(), metadata)));
            return Ok(());
        }
        self.told += bytes.len() as u64;
        self.telling.insert(name.to_owned(), bytes);
        Ok(())
    }
}

/// The number of octets that are read from the disk at once.
const CHUNK: usize = 128 << 10;

fn kind_of(path: &Path) -> Result<Kind, Error> {
    let about = std::fs::metadata(path).map_err(Error::reading(path))?;
    // Outlook's archive is a zip with nothing in it that is read here.
    if about.is_dir() || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("olm")) {
        return Ok(Kind::Plain);
    }
    let file = File::open(path).map_err(Error::reading(path))?;
    let start = start_of(file).map_err(Error::reading(path))?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Zip);
    }
    if start.starts_with(b"\x1f\x8b") {
        // A file that cannot be unpacked gives its error when it is read.
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

pub use guard::is_bomb;
