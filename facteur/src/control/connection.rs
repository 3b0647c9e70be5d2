//! Decides which way a command goes: to the post office that runs, or to the data themselves.

use std::fs::Metadata;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::thread::JoinHandle;

use super::SOCKET;
use super::executor::serve_alone;
use crate::failure::Failure;
use crate::language::say;
use crate::users;

/// The first word of a command line that makes this program the executor of a command, run as the owner of the data.
pub const AS_OWNER: &str = "serve-one-command";

/// An executor, and what ends with it.
pub struct Connection {
    pub stream: UnixStream,
    pub executor: ServedBy,
}

/// The process that the executor belongs to.
pub enum ServedBy {
    /// The executor is a part of the post office that runs.
    Office,
    /// A thread of this process.
    Thread(JoinHandle<()>),
    /// A process of the owner of the data.
    Process(Child),
}

impl ServedBy {
    /// Waits for the end of an executor of ours, so that the data are closed when the command has ended.
    pub fn wait(self) {
        match self {
            Self::Office => {}
            Self::Thread(thread) => drop(thread.join()),
            Self::Process(mut process) => drop(process.wait()),
        }
    }
}

/// The reason why there is no way to an executor.
pub enum NoConnection {
    /// This user may not, and which one may.
    NotAllowed { owner: Option<u32> },
    /// Only others than the owner see this: nobody takes letters.
    NotRunning,
    /// Something that does not belong to the owner answers.
    Impostor,
    /// The system says so.
    System(io::Error),
}

/// The owner of the data.
pub enum Owned {
    /// Nothing is there yet.
    Nobody,
    /// A user, with this folder.
    By(Metadata),
    /// It is where this user may not even look.
    Hidden,
}

/// Returns the owner of the data folder.
pub fn owner(folder: &Path) -> io::Result<Owned> {
    match std::fs::metadata(folder) {
        Ok(about) => Ok(Owned::By(about)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Owned::Nobody),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Owned::Hidden),
        Err(error) => Err(error),
    }
}

/// The way to the data of a folder, for root and its owner.
pub fn to_data(folder: &Path) -> Result<Connection, NoConnection> {
    let me = rustix::process::geteuid().as_raw();
    let about = match owner(folder).map_err(NoConnection::System)? {
        Owned::Nobody => return alone(),
        Owned::Hidden => return Err(NoConnection::NotAllowed { owner: None }),
        Owned::By(about) => about,
    };
    if me != 0 && me != about.uid() {
        return Err(NoConnection::NotAllowed { owner: Some(about.uid()) });
    }
    match connect(folder) {
        Ok(stream) => Ok(Connection { stream, executor: ServedBy::Office }),
        // Nobody is there; only the name is left.
        Err(gone) if matches!(gone.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            if me == about.uid() || !about.is_dir() { alone() } else { as_owner(&about) }
        }
        Err(error) => Err(NoConnection::System(error)),
    }
}

/// The way for a letter of anybody else.
pub fn for_letters(folder: &Path) -> Result<Connection, NoConnection> {
    let about = match owner(folder).map_err(NoConnection::System)? {
        Owned::By(about) => about,
        Owned::Nobody => return alone(),
        Owned::Hidden => return Err(NoConnection::NotAllowed { owner: None }),
    };
    let stream = match super::door::connect_for_letters(&about) {
        Ok(stream) => stream,
        Err(gone) if gone.kind() == io::ErrorKind::ConnectionRefused => return Err(NoConnection::NotRunning),
        Err(error) => return Err(NoConnection::System(error)),
    };
    // Anybody could have taken the name while no post office ran.
    let uid = peer(&stream).map_err(NoConnection::System)?;
    if uid != 0 && uid != about.uid() {
        return Err(NoConnection::Impostor);
    }
    Ok(Connection { stream, executor: ServedBy::Office })
}

/// An executor on a thread of this process.
pub fn alone() -> Result<Connection, NoConnection> {
    let (ours, theirs) = UnixStream::pair().map_err(NoConnection::System)?;
    let serve = move || {
        // A fault here ends the stream, and the other half tells.
        let _ = serve_alone(&theirs);
    };
    let thread = std::thread::Builder::new().name("executor".to_owned()).spawn(serve).map_err(NoConnection::System)?;
    Ok(Connection { stream: ours, executor: ServedBy::Thread(thread) })
}

/// An executor with the rights of the owner, so that all it makes is theirs. The caller, which stays root, reads the files.
fn as_owner(about: &Metadata) -> Result<Connection, NoConnection> {
    let start = || -> io::Result<Connection> {
        let (ours, theirs) = UnixStream::pair()?;
        let program =
            if Path::new("/proc/self/exe").exists() { "/proc/self/exe".into() } else { std::env::current_exe()? };
        let process = Process::new(program)
            .arg0("facteur")
            .arg(AS_OWNER)
            .uid(about.uid())
            .gid(about.gid())
            // Ctrl-C is for the caller; the executor sees that it has gone, and stops between two steps.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Connection { stream: ours, executor: ServedBy::Process(process) })
    };
    start().map_err(NoConnection::System)
}

/// Returns true if a post office serves commands there.
pub fn is_open(folder: &Path) -> bool {
    connect(folder).is_ok()
}

fn connect(folder: &Path) -> io::Result<UnixStream> {
    let near = Near::of(folder)?;
    UnixStream::connect(near.path(SOCKET))
}

/// A folder by a path that is short enough for the name of a socket, however long its own is (unix(7): 107 octets).
pub struct Near {
    folder: std::path::PathBuf,
    _open: Option<std::fs::File>,
}

impl Near {
    const LONGEST: usize = 80;

    pub fn of(folder: &Path) -> io::Result<Self> {
        use std::os::fd::AsRawFd;
        if folder.as_os_str().len() <= Self::LONGEST {
            return Ok(Self { folder: folder.to_owned(), _open: None });
        }
        let open = std::fs::File::open(folder)?;
        let short = format!("/proc/self/fd/{}", open.as_raw_fd());
        Ok(Self { folder: short.into(), _open: Some(open) })
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.join(name)
    }
}

/// Returns the user at the other end of a socket of this machine (unix(7): `SO_PEERCRED`).
pub fn peer(stream: &impl AsFd) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw())
}

impl NoConnection {
    /// Returns what the person is told. `sending`: it was a letter.
    pub fn told(&self, folder: &Path, sending: bool) -> Failure {
        use crate::commands::send::sysexits;
        let folder = folder.display();
        let (status, text) = match self {
            Self::NotAllowed { owner } => {
                let owner = owner.map(users::name_of);
                let who = owner.filter(|owner| owner != "root");
                (sysexits::NOPERM, not_allowed(&folder.to_string(), who.as_deref()))
            }
            Self::NotRunning => (
                sysexits::TEMPFAIL,
                say!(
                    "the post office in {folder} does not run; until it does, only root and its owner may leave letters with it",
                    "le bureau de poste de {folder} ne tourne pas ; d'ici là, seuls root et son propriétaire peuvent y déposer des lettres"
                ),
            ),
            Self::Impostor => (
                sysexits::TEMPFAIL,
                say!(
                    "what takes letters for the post office in {folder} does not belong to its owner; nothing was sent",
                    "ce qui prend des lettres pour le bureau de poste de {folder} n'est pas à son propriétaire ; rien n'a été envoyé"
                ),
            ),
            Self::System(why) => (
                sysexits::TEMPFAIL,
                say!(
                    "the post office in {folder} cannot be reached: {why}",
                    "le bureau de poste de {folder} est injoignable : {why}"
                ),
            ),
        };
        Failure { status: if sending { status } else { 1 }, text }
    }
}

/// Says that this user has no right to the data, and nothing of what is there.
fn not_allowed(folder: &str, owner: Option<&str>) -> String {
    match owner {
        None => say!(
            "you have no right to read {folder}, so it cannot be said what is there; only root and its owner may do this: say it again with sudo, or name your own post office with --data",
            "vous n'avez pas le droit de lire {folder}, et l'on ne peut dire ce qui s'y trouve ; seuls root et son propriétaire peuvent faire cela : répétez la commande avec sudo, ou indiquez votre propre bureau de poste avec --data"
        ),
        Some(owner) => say!(
            "you have no right to read {folder}; only root and {owner}, who owns it, may do this to the post office there: say it again with sudo, or name your own post office with --data",
            "vous n'avez pas le droit de lire {folder} ; seuls root et {owner}, à qui il est, peuvent faire cela au bureau de poste qui s'y trouve : répétez la commande avec sudo, ou indiquez votre propre bureau de poste avec --data"
        ),
    }
}
