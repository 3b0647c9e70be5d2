//! Exporting: a mailbox into files that other programs read, and that [`import()`](crate::import()) makes the same mailbox of.
//!
//! One process may read the mailbox and another write the files: [`export()`] gives the letters to a [`Sink`], and
//! [`ExportTarget`] is the sink that writes them.

mod files;
mod maildirs;
mod mboxes;
mod names;
mod writing;

use std::fs::File;
use std::path::{Path, PathBuf};

use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::fetch::{self, Row, Want};
use mailbox::{Access, FolderId, Keywords, Uid, UidRange, body, folder, letter};
use store::{Store, View};

use crate::sidecar::{Listed, Sidecar};
use crate::state::State;
use crate::{Error, Progress};
use writing::Writer;

pub use writing::{Heading, Leaving};

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A Maildir++, as Dovecot keeps it.
    Maildir,
    /// A folder with an mbox (mboxrd) for each folder.
    Mbox,
    /// A folder with a file for each letter.
    Eml,
    /// The same in a zip.
    Zip,
    /// The same in a tar packed with gzip.
    TarGz,
}

/// The result of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Folders written.
    pub folders: u64,
    /// Letters written.
    pub letters: u64,
    /// Letters left out, since their text is damaged or lost.
    pub damaged: u64,
}

/// A sink takes the letters of an export.
pub trait Sink {
    /// Begins a folder.
    fn folder(&mut self, folder: &Heading) -> Result<(), Error>;
    /// Takes a letter of the folder that was begun last.
    fn letter(&mut self, letter: Leaving) -> Result<(), Error>;
    /// Ends the export. When this returns, all of it is on the disk.
    fn finish(&mut self) -> Result<(), Error>;
}

/// Octets of letters read at a time.
const SLICE: usize = 8 << 20;
/// Letters read at a time.
const LETTERS: usize = 200;

/// Gives a mailbox to a sink, folder by folder.
pub fn export(
    store: &Store,
    account: AccountId,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Exported, Error> {
    let access = Access::house(account);
    let folders = store.read_blocking(move |view| folder::list(view, access))?;
    let mut damaged = 0;
    let mut so_far = Progress { total: folders.iter().map(|folder| folder.size).sum(), ..Progress::default() };
    for folder in &folders {
        let (name, special_use, subscribed) = (folder.name.clone(), folder.special_use, folder.subscribed);
        sink.folder(&Heading { name, special_use, subscribed })?;
        damaged += give_folder(store, access, folder.id, sink, &mut so_far, progress)?;
    }
    sink.finish()?;
    Ok(Exported { folders: folders.len() as u64, letters: so_far.letters, damaged })
}

/// A place on the disk that an export is written to. It must not be there yet, and it has its name only when all of it is on
/// the disk: until then it is called the same with `.unfinished` behind it. Dropped before its end, it leaves nothing.
pub struct ExportTarget {
    path: PathBuf,
    unfinished: PathBuf,
    writer: Option<Box<dyn Writer>>,
    listed: Vec<Listed>,
}

impl ExportTarget {
    /// Begins to write there.
    pub fn create(path: &Path, format: ExportFormat) -> Result<Self, Error> {
        if path.symlink_metadata().is_ok() {
            return Err(Error::Exists(path.to_owned()));
        }
        // A disk that is not mounted is no reason to fill another one.
        let parent = parent(path);
        if !parent.is_dir() {
            return Err(Error::NoParent(parent.to_owned()));
        }
        let unfinished = unfinished(path);
        remove(&unfinished)?;
        let mut place = Self { path: path.to_owned(), unfinished, writer: None, listed: Vec::new() };
        place.writer = Some(writer(&place.unfinished, format)?);
        Ok(place)
    }
}

fn writer(path: &Path, format: ExportFormat) -> Result<Box<dyn Writer>, Error> {
    Ok(match format {
        ExportFormat::Maildir => Box::new(maildirs::Maildirs::create(path)?),
        ExportFormat::Mbox => Box::new(mboxes::Mboxes::create(path)?),
        ExportFormat::Eml => Box::new(files::Letters::in_folder(path)?),
        ExportFormat::Zip => Box::new(files::Letters::in_zip(path)?),
        ExportFormat::TarGz => Box::new(files::Letters::in_tar(path)?),
    })
}

impl Sink for ExportTarget {
    fn folder(&mut self, folder: &Heading) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let path = writer.folder(folder)?;
        let special_use = folder.special_use.map(|special_use| special_use.attribute().to_owned());
        self.listed.push(Listed { name: folder.name.clone(), path, special_use, subscribed: folder.subscribed });
        Ok(())
    }

    fn letter(&mut self, letter: Leaving) -> Result<(), Error> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.letter(&letter))
    }

    fn finish(&mut self) -> Result<(), Error> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        writer.finish(&Sidecar::new(std::mem::take(&mut self.listed)).write())?;
        rename_new(&self.unfinished, &self.path)?;
        let parent = parent(&self.path);
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(Error::writing(parent))
    }
}

impl Drop for ExportTarget {
    fn drop(&mut self) {
        // The files are closed first.
        self.writer = None;
        let _ = remove(&self.unfinished);
    }
}

fn give_folder(
    store: &Store,
    access: Access,
    folder: FolderId,
    sink: &mut dyn Sink,
    so_far: &mut Progress,
    progress: &mut dyn FnMut(&Progress),
) -> Result<u64, Error> {
    let (mut from, mut damaged) = (Some(Uid::FIRST), 0);
    while let Some(first) = from {
        // Slice by slice, so that no snapshot is held for as long as a large export takes.
        let Slice { letters, damaged: missing, next } =
            store.read_blocking(move |view| slice(view, access, folder, first))?;
        damaged += missing;
        for letter in letters {
            so_far.letters += 1;
            so_far.read += letter.raw.len() as u64;
            sink.letter(letter)?;
        }
        progress(so_far);
        from = next;
    }
    Ok(damaged)
}

/// Some letters, and where the next ones begin.
struct Slice {
    letters: Vec<Leaving>,
    /// Letters that are not among them, since their text is damaged or lost.
    damaged: u64,
    next: Option<Uid>,
}

/// Some letters from a UID on.
fn slice(view: &View, access: Access, folder: FolderId, first: Uid) -> Result<Slice, mailbox::Error> {
    let keywords = Keywords::load(view, access)?;
    let range = UidRange { first, last: Uid::LAST };
    let rows = fetch::fetch(view, access, folder, &[range], Want { card: true, ..Want::ROW }, LETTERS)?;
    let ended = rows.len() < LETTERS;
    let (mut letters, mut size, mut damaged, mut last) = (Vec::new(), 0, 0, None);
    for row in rows {
        let uid = row.uid;
        if size >= SLICE {
            return Ok(Slice { letters, damaged, next: Some(uid) });
        }
        last = Some(uid);
        match leaving(view, access, row, &keywords) {
            Ok(letter) => {
                size += letter.raw.len();
                letters.push(letter);
            }
            Err(mailbox::Error::Store(error)) if error.is_permanent() => {
                tracing::error!(uid = uid.get(), %error, "a letter is damaged or lost and is not exported");
                damaged += 1;
            }
            Err(error) => return Err(error),
        }
    }
    let next = last.filter(|_| !ended).and_then(|last| last.next());
    Ok(Slice { letters, damaged, next })
}

fn leaving(view: &View, access: Access, row: Row, keywords: &Keywords) -> Result<Leaving, mailbox::Error> {
    let blob = row.card.ok_or(mailbox::Error::Damaged("a letter"))?.blob;
    let mut raw = Vec::with_capacity(usize::try_from(row.size).unwrap_or(0));
    while (raw.len() as u64) < row.size {
        let piece = body::read(view, blob, raw.len() as u64..row.size)?;
        if piece.is_empty() {
            return Err(mailbox::Error::Damaged("a letter"));
        }
        raw.extend_from_slice(&piece);
    }
    let names = row.flags.keywords().iter().filter_map(|id| keywords.name(*id)).map(str::to_owned).collect();
    let received = Timestamp::from_seconds(row.received.seconds());
    // Each of its folders gets the whole letter, so that every program finds it there; the number tells an import that it
    // is one.
    let shared = (letter::places(view, access, row.letter)?.len() > 1).then_some(row.letter.0);
    let state = State { system: row.flags.system, keywords: names, received, shared };
    Ok(Leaving { state, raw: raw.into(), uid: row.uid })
}

/// The folder that a path lies in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `PATH.unfinished`
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

/// Removes the files that a killed export has left.
fn remove(path: &Path) -> Result<(), Error> {
    let removed = match path.symlink_metadata() {
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.map_err(Error::writing(path))
}

/// Never over something that came there meanwhile.
fn rename_new(from: &Path, to: &Path) -> Result<(), Error> {
    if to.symlink_metadata().is_ok() {
        return Err(Error::Exists(to.to_owned()));
    }
    std::fs::rename(from, to).map_err(Error::writing(to))
}
