//! The files that the caller reads and writes for its command, with the rights of the person.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use import_export::{ExportTarget, Flow, Given, Leaving, Sink as _, Source as _};

use super::client::Voice;
use super::frame::PIECE;
use super::messages::{FromCaller, Named};
use crate::command_line::domain_key::KeyCommand;
use crate::command_line::fetch::{FetchCommand, FetchLogin, FetchOptions};
use crate::command_line::{Command, DomainCommand, Export, Import};
use crate::commands::{export, import, moving};
use crate::failure::Failure;

/// A small file of a command line is no larger.
pub const LARGEST_SMALL_FILE: u64 = 1 << 20;
/// Folders of an import that are said at once.
const FOLDERS: usize = 500;

/// Reads a file that the command line names.
pub fn read(command: &Command, named: Named) -> io::Result<Vec<u8>> {
    let path = path(command, named).ok_or(io::ErrorKind::NotFound)?;
    let mut content = Vec::new();
    File::open(path)?.take(LARGEST_SMALL_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST_SMALL_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(content)
}

fn path(command: &Command, named: Named) -> Option<&Path> {
    if let Command::Domain(DomainCommand::Key(KeyCommand::Import { file, .. })) = command {
        return Some(file).filter(|_| named == Named::PrivateKey).map(PathBuf::as_path);
    }
    let Command::Fetch(fetch) = command else { return None };
    let (options, login): (Option<&FetchOptions>, &FetchLogin) = match fetch {
        FetchCommand::Add(new) => (Some(&new.options), &new.login),
        FetchCommand::Run(run) => (Some(&run.options), &run.login),
        FetchCommand::Password { login, .. } => (None, login),
        FetchCommand::List { .. } | FetchCommand::Remove { .. } => return None,
    };
    match named {
        Named::Certificates => options?.ca.as_deref(),
        Named::Password => login.password_file.as_deref(),
        Named::OAuthSecret => login.oauth.oauth_secret_file.as_deref(),
        Named::PrivateKey => None,
    }
}

/// Keeps a secret in the new file that the command line names; only the person can read it. `-` is standard output.
pub fn keep_secret(command: &Command, secret: &[u8]) -> io::Result<()> {
    let Command::Domain(DomainCommand::Key(KeyCommand::Export { file, .. })) = command else {
        return Err(io::ErrorKind::NotFound.into());
    };
    if file.as_os_str() == "-" {
        return io::stdout().lock().write_all(secret);
    }
    let mut kept = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    kept.write_all(secret)?;
    kept.sync_all()
}

/// Reads the letters of an import and sends them. If it cannot do that to the end, it says why.
pub fn send_letters(import: &Import, voice: &Voice) {
    let sent = import::files(import).and_then(|mut files| {
        say_folders(&files.folders(), files.total(), voice);
        files.give(&mut |given, position| say(given, position, voice)).map_err(|why| moving::trouble(&why))
    });
    // The thread that waits for the outcome sees whether anybody listens to the end.
    let _ = match sent {
        Ok(()) => voice.say(&FromCaller::Done, &[]),
        Err(Failure { status, text }) => voice.say(&FromCaller::Failed { status, text }, &[]),
    };
}

fn say_folders(folders: &[std::sync::Arc<import_export::Goal>], total: u64, voice: &Voice) {
    let mut rest = folders;
    loop {
        let (now, later) = rest.split_at(rest.len().min(FOLDERS));
        let _ = voice.say(&FromCaller::Goals { goals: now.to_vec(), total, more: !later.is_empty() }, &[]);
        if later.is_empty() {
            return;
        }
        rest = later;
    }
}

fn say(given: Given, position: u64, voice: &Voice) -> Flow {
    let said = match given {
        Given::Letter { letter, file, at } => {
            let (raw, size) = (letter.raw.clone(), letter.raw.len() as u64);
            let head = voice.say(&FromCaller::Letter { letter, file, at, size, position }, &[]);
            head.and_then(|()| raw.chunks(PIECE).try_for_each(|piece| voice.say(&FromCaller::Piece, piece)))
        }
        Given::Skipped(skipped) => voice.say(&FromCaller::Skipped { skipped, position }, &[]),
        Given::Beside { kind, file } => voice.say(&FromCaller::Beside { kind, file, position }, &[]),
        Given::FileEnd => voice.say(&FromCaller::FileEnd { position }, &[]),
    };
    // Nobody listens: the end has been said already, or the executor has gone, and who listens to it knows.
    if said.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// The files that an export writes.
pub struct OutgoingExport {
    place: ExportTarget,
    /// The letter whose octets are still coming, and how many there will be.
    begun: Option<(Box<Leaving>, Vec<u8>, usize)>,
}

impl OutgoingExport {
    /// Begins at the place that the command line names.
    pub fn begin(export: &Export) -> Result<Self, Failure> {
        let place =
            ExportTarget::create(&export.path, export::format_of(export)).map_err(|why| moving::trouble(&why))?;
        Ok(Self { place, begun: None })
    }

    pub fn folder(&mut self, folder: &import_export::Heading) -> Result<(), Failure> {
        self.place.folder(folder).map_err(|why| moving::trouble(&why))
    }

    pub fn letter(&mut self, letter: Box<Leaving>, size: u64) -> Result<(), Failure> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.begun = Some((letter, Vec::new(), size));
        self.piece(&[])
    }

    pub fn piece(&mut self, octets: &[u8]) -> Result<(), Failure> {
        let Some((_, raw, size)) = &mut self.begun else { return Ok(()) };
        raw.extend_from_slice(octets);
        if raw.len() < *size {
            return Ok(());
        }
        let Some((mut letter, raw, _)) = self.begun.take() else { return Ok(()) };
        letter.raw = raw.into();
        self.place.letter(*letter).map_err(|why| moving::trouble(&why))
    }

    pub fn finish(&mut self) -> Result<(), Failure> {
        self.place.finish().map_err(|why| moving::trouble(&why))
    }
}
