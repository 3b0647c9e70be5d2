//! The two sockets of a post office that runs: who may come to which, and how many at once.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use net::Shutdown;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::SOCKET;
use super::caller::Gone;
use super::connection::Near;
use super::executor::{Executor, Socket, turn_away};
use super::fault::DoorFault;
use super::greeting::Answer;
use super::limits::{COMMANDS, Large, Senders};
use crate::config::Config;
use crate::context::Running;

/// The number of callers who are told at one time that they are not served.
const TURNED_AWAY: usize = 16;
/// After the system could not give a connection (it has no more file descriptors, say).
const PAUSE: Duration = Duration::from_millis(100);

/// The open sockets. Closed, they leave no name behind.
pub struct ControlSocket {
    commands: UnixListener,
    letters: Option<UnixListener>,
    path: PathBuf,
    /// The user who may come to the first socket.
    owner: u32,
}

impl ControlSocket {
    /// Opens the sockets of a data folder, whose lock the caller holds.
    pub fn open(folder: &Path) -> Result<Self, DoorFault> {
        let fault = |why| DoorFault { folder: folder.to_owned(), why };
        let about = fs::metadata(folder).map_err(fault)?;
        let commands = listen(folder).and_then(UnixListener::from_std).map_err(fault)?;
        let letters = match listen_for_letters(&about).and_then(UnixListener::from_std) {
            Ok(listener) => Some(listener),
            Err(why) => {
                tracing::warn!(%why, "other users of this machine cannot send letters with facteur send");
                None
            }
        };
        Ok(Self { commands, letters, path: folder.join(SOCKET), owner: about.uid() })
    }

    /// Serves until the shutdown; a visit in the middle of something then ends at its next step.
    pub async fn run(self, config: Config, running: Running, shutdown: Shutdown) {
        let executor = Executor { config: Arc::new(config), running, large: Large::new() };
        let room = Room {
            executor,
            places: Arc::new(Semaphore::new(COMMANDS)),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            senders: Senders::default(),
            shutdown: shutdown.clone(),
        };
        let mut visits = JoinSet::new();
        loop {
            let (stream, socket) = tokio::select! {
                () = shutdown.requested() => break,
                Some(_) = visits.join_next() => continue,
                came = self.commands.accept() => (came, Socket::Owner),
                came = next(self.letters.as_ref()) => (came, Socket::Letters),
            };
            match stream {
                Ok((stream, _)) => room.let_in(stream, socket, self.owner, &mut visits),
                Err(error) => {
                    tracing::warn!(%error, "a command could not come in");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        // From now on a command finds nobody, and waits for the lock.
        drop(self);
        while visits.join_next().await.is_some() {}
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn next(listener: Option<&UnixListener>) -> io::Result<(UnixStream, tokio::net::unix::SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// The values that all visits share.
struct Room {
    executor: Executor,
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    senders: Senders,
    shutdown: Shutdown,
}

impl Room {
    /// Gives a caller a thread, or tells why not.
    fn let_in(&self, stream: UnixStream, socket: Socket, owner: u32, visits: &mut JoinSet<()>) {
        let Ok(uid) = stream.peer_cred().map(|cred| cred.uid()) else { return };
        let Ok(stream) = stream.into_std() else { return };
        if stream.set_nonblocking(false).is_err() {
            return;
        }
        let ours = uid == 0 || uid == owner || uid == rustix::process::geteuid().as_raw();
        match socket {
            Socket::Owner if !ours => self.turn_away(stream, Answer::NotAllowed),
            Socket::Owner => match self.places.clone().try_acquire_owned() {
                Ok(place) => self.serve(stream, uid, socket, place, visits),
                Err(_) => self.turn_away(stream, Answer::Busy),
            },
            Socket::Letters => match self.senders.admit(uid, std::time::Instant::now()) {
                Some(sending) => self.serve(stream, uid, socket, sending, visits),
                None => self.turn_away(stream, Answer::Busy),
            },
        }
    }

    fn serve(&self, stream: StdStream, uid: u32, socket: Socket, place: impl Send + 'static, visits: &mut JoinSet<()>) {
        let (executor, shutdown) = (self.executor.clone(), self.shutdown.clone());
        let gone = Arc::<Gone>::default();
        let (done, ended) = oneshot::channel::<()>();
        let Ok(of_visit) = stream.try_clone() else { return };
        let its_gone = gone.clone();
        let work = move || {
            let _at_the_end = (place, done);
            if let Err(error) = executor.serve(&of_visit, uid, socket, &its_gone) {
                tracing::debug!(%error, "a command ended before it had begun");
            }
        };
        // A command reads and writes where it may wait: not on a thread that serves the doors.
        if let Err(error) = std::thread::Builder::new().name("command".to_owned()).spawn(work) {
            tracing::warn!(%error, "no thread for a command");
            return;
        }
        visits.spawn(async move {
            let mut ended = ended;
            tokio::select! {
                _ = &mut ended => return,
                () = shutdown.requested() => gone.set(),
            }
            // The visit is told to stop by its next question and its next word; a thread that waits for the caller is
            // woken.
            let _ = stream.shutdown(std::net::Shutdown::Read);
            tokio::select! {
                _ = ended => {}
                () = shutdown.overdue() => drop(stream.shutdown(std::net::Shutdown::Both)),
            }
        });
    }

    fn turn_away(&self, stream: StdStream, answer: Answer) {
        // One of so many that there is no time to tell each sees the connection end.
        let Ok(place) = self.turned_away.clone().try_acquire_owned() else { return };
        let work = move || {
            let _place = place;
            turn_away(&stream, answer);
        };
        if let Err(error) = std::thread::Builder::new().name("turned away".to_owned()).spawn(work) {
            tracing::warn!(%error, "no thread to turn a command away");
        }
    }
}

/// The socket of the data folder. It is given its mode beside its place, so that nobody finds it with another one.
fn listen(folder: &Path) -> io::Result<StdListener> {
    let near = Near::of(folder)?;
    let (beside, path) = (near.path("facteur.socket.new"), near.path(SOCKET));
    // We hold the lock: a socket that is there was left by a process that was killed.
    for left in [&beside, &path] {
        match fs::remove_file(left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let listener = StdListener::bind(&beside)?;
    fs::set_permissions(&beside, Permissions::from_mode(0o600))?;
    fs::rename(&beside, &path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The name of the socket for letters has no place in the file system (unix(7): abstract), for there is no folder that
/// everybody can look into and that every post office may write to. It says which data folder it belongs to.
#[cfg(target_os = "linux")]
fn name_for_letters(about: &Metadata) -> io::Result<std::os::unix::net::SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    std::os::unix::net::SocketAddr::from_abstract_name(format!("facteur/letters/{:x}-{:x}", about.dev(), about.ino()))
}

#[cfg(target_os = "linux")]
fn listen_for_letters(about: &Metadata) -> io::Result<StdListener> {
    let listener = StdListener::bind_addr(&name_for_letters(about)?)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Connects to the socket for letters of the data folder that `about` is of.
#[cfg(target_os = "linux")]
pub fn connect_for_letters(about: &Metadata) -> io::Result<StdStream> {
    StdStream::connect_addr(&name_for_letters(about)?)
}

#[cfg(not(target_os = "linux"))]
fn listen_for_letters(_: &Metadata) -> io::Result<StdListener> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub fn connect_for_letters(_: &Metadata) -> io::Result<StdStream> {
    Err(io::ErrorKind::ConnectionRefused.into())
}
