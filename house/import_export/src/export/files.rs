//! A file for each letter: in a folder, a zip, or a tar packed with gzip.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::names::Names;
use super::writing::{Heading, Leaving, Writer, private_file, private_folder, private_root};
use crate::{Error, sidecar, state};

pub struct Letters {
    path: PathBuf,
    names: Names,
    folder: String,
    into: Into,
}

enum Into {
    Folder,
    Zip(Box<ZipWriter<BufWriter<File>>>),
    Tar(Box<tar::Builder<GzEncoder<BufWriter<File>>>>),
}

impl Letters {
    pub fn in_folder(path: &Path) -> Result<Self, Error> {
        private_root(path)?;
        Ok(Self::new(path, Into::Folder))
    }

    pub fn in_zip(path: &Path) -> Result<Self, Error> {
        Ok(Self::new(path, Into::Zip(Box::new(ZipWriter::new(private_file(path)?)))))
    }

    pub fn in_tar(path: &Path) -> Result<Self, Error> {
        let packed = GzEncoder::new(private_file(path)?, Compression::default());
        Ok(Self::new(path, Into::Tar(Box::new(tar::Builder::new(packed)))))
    }

    fn new(path: &Path, into: Into) -> Self {
        Self { path: path.to_owned(), names: Names::default(), folder: String::new(), into }
    }

    fn directory(&mut self, name: &str) -> Result<(), Error> {
        let made = match &mut self.into {
            Into::Folder => return private_folder(&self.path.join(name)),
            Into::Zip(zip) => zip.add_directory(name, SimpleFileOptions::default()).map_err(std::io::Error::other),
            Into::Tar(tar) => {
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o700);
                header.set_size(0);
                tar.append_data(&mut header, format!("{name}/"), std::io::empty())
            }
        };
        made.map_err(Error::writing(&self.path))
    }

    fn file(&mut self, name: &str, content: &[u8], seconds: i64) -> Result<(), Error> {
        let written = match &mut self.into {
            Into::Folder => {
                let mut file = private_file(&self.path.join(name))?;
                file.write_all(content).and_then(|()| file.flush())
            }
            Into::Zip(zip) => {
                // Only a file beyond 4 GB needs the larger form, and no letter is one.
                let private = SimpleFileOptions::default().unix_permissions(0o600);
                let options = private.compression_method(zip::CompressionMethod::Deflated);
                zip.start_file(name, options).map_err(std::io::Error::other).and_then(|()| zip.write_all(content))
            }
            Into::Tar(tar) => {
                let mut header = tar::Header::new_gnu();
                header.set_mode(0o600);
                header.set_size(content.len() as u64);
                header.set_mtime(u64::try_from(seconds).unwrap_or(0));
                tar.append_data(&mut header, name, content)
            }
        };
        written.map_err(Error::writing(&self.path))
    }
}

impl Writer for Letters {
    fn folder(&mut self, folder: &Heading) -> Result<String, Error> {
        self.folder = self.names.path(&folder.name);
        let name = self.folder.clone();
        self.directory(&name)?;
        Ok(name)
    }

    fn letter(&mut self, letter: &Leaving) -> Result<(), Error> {
        // Numbered, so that the order of the names is the order of the letters.
        let name = format!("{}/{:010}.eml", self.folder, letter.uid.get());
        self.file(&name, &state::write(&letter.state, &letter.raw), letter.state.received.seconds())
    }

    fn finish(mut self: Box<Self>, sidecar: &[u8]) -> Result<(), Error> {
        self.file(sidecar::NAME, sidecar, 0)?;
        let fault = || Error::writing(&self.path);
        let file = match self.into {
            Into::Folder => return super::writing::sync(&self.path),
            Into::Zip(zip) => zip.finish().map_err(std::io::Error::other).map_err(fault())?,
            Into::Tar(tar) => tar.into_inner().and_then(GzEncoder::finish).map_err(fault())?,
        };
        let file = file.into_inner().map_err(|error| fault()(error.into_error()))?;
        file.sync_all().map_err(fault())
    }
}
