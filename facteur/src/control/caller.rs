//! The caller, as a command sees it: whose it is, where it prints, and who answers its questions.

use std::cell::RefCell;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::frame::{self, PIECE};
use super::limits::{Large, LargeHeld};
use super::messages::{Circumstances, FromCaller, FromExecutor, Question};
use crate::failure::Failure;
use crate::language::{self, say};

/// Frames that were read and not yet listened to.
const AHEAD: usize = 4;

/// The user who runs a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The number of the user, as the system says it.
    pub uid: u32,
    /// The name that the person goes by, which is believed of root and of the owner of the data, who may do
    /// everything anyway; else the name that the system has for the user.
    pub name: Option<String>,
}

/// A caller.
pub struct Caller {
    who: Who,
    circumstances: Circumstances,
    stream: Mutex<UnixStream>,
    heard: Mutex<Receiver<(FromCaller, Vec<u8>)>>,
    gone: Arc<Gone>,
    /// The longest time that an answer may take.
    patience: Duration,
    large: Large,
}

/// Tells a command that the caller, or the post office, wants it to stop.
#[derive(Default)]
pub struct Gone {
    is: AtomicBool,
    told: Notify,
}

impl Gone {
    /// Asks the command to stop from now on.
    pub fn set(&self) {
        self.is.store(true, Ordering::Relaxed);
        self.told.notify_waiters();
        // A thread that begins to wait now finds a permit.
        self.told.notify_one();
    }

    pub fn is_set(&self) -> bool {
        self.is.load(Ordering::Relaxed)
    }

    async fn wait(&self) {
        while !self.is_set() {
            self.told.notified().await;
        }
    }
}

/// Nobody answers any more.
#[derive(Debug)]
pub struct NoAnswer;

impl From<NoAnswer> for Failure {
    fn from(_: NoAnswer) -> Self {
        Self::new(say!("it was stopped", "la commande a été arrêtée"))
    }
}

/// The facts about a caller when it has begun.
pub struct Begun {
    pub who: Who,
    pub circumstances: Circumstances,
    pub patience: Duration,
    pub large: Large,
}

impl Caller {
    /// Begins to listen to a caller, on a thread of its own that ends with the stream.
    pub fn listen(stream: UnixStream, begun: Begun, gone: Arc<Gone>) -> io::Result<Arc<Self>> {
        let (tell, heard) = sync_channel(AHEAD);
        let (mut from, its_gone) = (stream.try_clone()?, gone.clone());
        std::thread::Builder::new().name("caller".to_owned()).spawn(move || {
            while let Ok(Some((said, octets))) = frame::read::<FromCaller>(&mut from) {
                if matches!(said, FromCaller::Stop) || tell.send((said, octets)).is_err() {
                    break;
                }
            }
            its_gone.set();
        })?;
        let Begun { who, circumstances, patience, large } = begun;
        let (stream, heard) = (Mutex::new(stream), Mutex::new(heard));
        Ok(Arc::new(Self { who, circumstances, stream, heard, gone, patience, large }))
    }

    /// Returns the user who runs the command.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The language, the zone and the terminal of the person.
    pub fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    /// Tells whether nobody wants the command any more.
    pub fn is_gone(&self) -> bool {
        self.gone.is_set()
    }

    /// Resolves when the command is wanted no more.
    pub async fn gone(&self) {
        self.gone.wait().await;
    }

    /// Says something. A caller that has gone away is no failure of the command, as a closed pipe is none.
    pub fn say(&self, what: &FromExecutor, octets: &[u8]) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if frame::write(&mut *stream, what, octets).is_err() {
            self.gone.set();
        }
    }

    /// Text for standard output.
    pub fn print(&self, text: &str) {
        text.as_bytes().chunks(PIECE).for_each(|piece| self.say(&FromExecutor::Print, piece));
    }

    /// Text for standard error.
    pub fn note(&self, text: &str) {
        text.as_bytes().chunks(PIECE).for_each(|piece| self.say(&FromExecutor::Note, piece));
    }

    /// The next thing that the caller says.
    pub fn hear(&self) -> Result<(FromCaller, Vec<u8>), NoAnswer> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.recv_timeout(self.patience).map_err(|why| {
            if why == RecvTimeoutError::Timeout {
                tracing::info!("a command ends: its caller was silent for {} s", self.patience.as_secs());
            }
            NoAnswer
        })
    }

    /// The answer to a question, which is at most `most` octets long.
    pub fn ask(&self, question: Question, most: usize) -> Result<Vec<u8>, Failure> {
        self.say(&FromExecutor::Ask(question), &[]);
        self.answer(most)
    }

    /// Has a secret kept in the file that the command line names.
    pub fn keep_secret(&self, secret: &[u8]) -> Result<(), Failure> {
        self.say(&FromExecutor::Ask(Question::KeepSecret), secret);
        self.answer(0).map(drop)
    }

    /// Returns the answer to the last question.
    pub fn answer(&self, most: usize) -> Result<Vec<u8>, Failure> {
        let mut answer = Vec::new();
        let mut held = LargeHeld::default();
        loop {
            match self.hear()? {
                (FromCaller::Answer { more }, octets) => {
                    if answer.len() + octets.len() > most {
                        return Err(confused());
                    }
                    held.make_room(&self.large, answer.len() + octets.len(), self.patience)?;
                    answer.extend_from_slice(&octets);
                    if !more {
                        return Ok(answer);
                    }
                }
                (FromCaller::Failed { status, text }, _) => return Err(Failure { status, text }),
                _ => return Err(confused()),
            }
        }
    }

    /// The end, after which nothing is said or heard.
    pub fn end(&self, how: &FromExecutor) {
        self.say(how, &[]);
        let _ = self.stream.lock().unwrap_or_else(PoisonError::into_inner).shutdown(Shutdown::Both);
    }
}

/// The other side says something that makes no sense here. It is of the same version, so this is a fault of ours.
pub fn confused() -> Failure {
    Failure::new(say!(
        "the two halves of this command do not understand each other, which is a fault of this program",
        "les deux moitiés de cette commande ne se comprennent pas, par une erreur de ce programme"
    ))
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Caller>>> = const { RefCell::new(None) };
}

/// The caller whose command runs on this thread; `None` on all threads that serve, and in the caller's own process.
pub fn current() -> Option<Arc<Caller>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Runs `work` for a caller: text that is printed on this thread meanwhile goes there, in that person's language. A
/// command that has tasks runs them on this thread too ([`on_one_thread`](crate::threads::on_one_thread)).
pub fn on_this_thread<T>(caller: Arc<Caller>, work: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            CURRENT.set(None);
            language::of_caller(None);
        }
    }
    language::of_caller(Some(caller.circumstances().language));
    CURRENT.set(Some(caller));
    let _leave = Leave;
    work()
}
