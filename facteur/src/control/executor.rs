//! The executor: serves one caller, from the greeting to the end of the command.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use store::OpenError;

use super::caller::{Begun, Caller, Gone, Who, confused, on_this_thread};
use super::greeting::{self, Answer};
use super::limits::Large;
use super::messages::{FromCaller, FromExecutor};
use super::{connection, frame};
use crate::command_line::{Command, CommandLine};
use crate::config::Config;
use crate::context::{Context, Running};
use crate::data_fault::data_fault;
use crate::failure::Failure;
use crate::language::say;
use crate::{commands, data_folder, private, users};

/// The longest time that a caller may take for its first words.
const FIRST_WORDS: Duration = Duration::from_secs(10);
/// The longest time that a person may think, or files may take.
const PATIENCE: Duration = Duration::from_secs(3600);
/// The longest time that another user of this machine may take to send a letter.
const PATIENCE_WITH_OTHERS: Duration = Duration::from_secs(60);

/// An executor of a post office that runs.
#[derive(Clone)]
pub struct Executor {
    pub config: Arc<Config>,
    pub running: Running,
    pub large: Large,
}

/// The socket that a caller came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// The socket of root and the owner.
    Owner,
    /// The socket of everybody, for letters.
    Letters,
}

impl Executor {
    /// Serves a caller to the end. `gone` ends it earlier, at the next step of the command.
    pub fn serve(&self, stream: &UnixStream, uid: u32, socket: Socket, gone: &Arc<Gone>) -> io::Result<()> {
        let Some(visit) = Visit::begin(stream, uid, socket, self.large.clone(), gone)? else { return Ok(()) };
        visit.run(|command, _| Ok(commands::run(command, &Context::of_running(&self.config, &self.running))?));
        Ok(())
    }
}

/// Says that a caller is not served, and why. There is no time for one who does not listen.
pub fn turn_away(stream: &UnixStream, answer: Answer) {
    let _ = stream.set_read_timeout(Some(FIRST_WORDS));
    let _ = stream.set_write_timeout(Some(FIRST_WORDS));
    let (mut from, mut to) = (stream, stream);
    let _ = greeting::hear_caller(&mut from).and_then(|_| greeting::answer(&mut to, answer));
}

/// An executor where no post office runs: opens the data itself, under their lock.
pub fn serve_alone(stream: &UnixStream) -> io::Result<()> {
    let uid = connection::peer(stream)?;
    let visit = Visit::begin(stream, uid, Socket::Owner, Large::new(), &Arc::default())?;
    let Some(visit) = visit else { return Ok(()) };
    visit.run(|command, line| {
        let config = Config::of(&line.office)?;
        let context = Context::of_closed(&config);
        if command.makes_data() || (!command.works_apart() && data_folder::exists(&config.data)?) {
            let exposed = |fault: private::Exposed| Failure::new(fault.to_string());
            // The post office closes the insides of folders: it has the time for that.
            drop(private::close(&config.data).map_err(exposed)?);
            match context.lock() {
                Err(OpenError::InUse { process, .. }) => return Err(Ended::InUse { process }),
                taken => taken.map_err(|fault| Failure::new(data_fault(&fault)))?,
            }
        }
        let done = commands::run(command, &context);
        // The data are closed before the end is said: the next command finds them closed.
        context.close();
        Ok(done?)
    });
    Ok(())
}

/// The same in a process of its own, whose standard input is the socket. Returns the exit status.
pub fn serve_on_standard_input() -> u8 {
    let stream = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from);
    match stream.and_then(|stream| serve_alone(&stream)) {
        Ok(()) => 0,
        Err(_) => 2,
    }
}

/// The reason why a command ended before its work was done.
enum Ended {
    Failed(Failure),
    /// Another process has the data: nothing was begun.
    InUse {
        process: String,
    },
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A caller who has been welcomed, and the command that they ask for.
struct Visit {
    socket: Socket,
    caller: Arc<Caller>,
    words: Vec<OsString>,
}

impl Visit {
    /// Greets; `None` if the other side is another version, which has been told.
    fn begin(
        stream: &UnixStream,
        uid: u32,
        socket: Socket,
        large: Large,
        gone: &Arc<Gone>,
    ) -> io::Result<Option<Self>> {
        let patience = if socket == Socket::Owner { PATIENCE } else { PATIENCE_WITH_OTHERS };
        stream.set_read_timeout(Some(FIRST_WORDS))?;
        stream.set_write_timeout(Some(patience))?;
        let (mut from, mut to) = (stream, stream);
        if greeting::hear_caller(&mut from)? != greeting::version() {
            greeting::answer(&mut to, Answer::OtherVersion)?;
            return Ok(None);
        }
        greeting::answer(&mut to, Answer::Welcome)?;
        let Some((FromCaller::Begin(circumstances), words)) = frame::read(&mut from)? else { return Ok(None) };
        // From here on a thread listens all the time; the code that waits for an answer limits the time.
        stream.set_read_timeout(None)?;
        let said = circumstances.name.clone().filter(|_| socket == Socket::Owner);
        let who = Who { uid, name: said.or_else(|| users::named(uid)) };
        let begun = Begun { who, circumstances, patience, large };
        let caller = Caller::listen(stream.try_clone()?, begun, gone.clone())?;
        let words = words.split(|octet| *octet == 0).map(|word| OsString::from_vec(word.to_vec()));
        let mut words: Vec<OsString> = words.collect();
        // Each word has a zero behind it, also the last.
        words.pop();
        Ok(Some(Self { socket, caller, words }))
    }

    /// Runs the command, whatever becomes of it, and says how it ended.
    fn run(self, work: impl FnOnce(Command, &CommandLine) -> Result<(), Ended>) {
        let Self { socket, caller, words } = self;
        let outcome = on_this_thread(caller.clone(), || {
            catch_unwind(AssertUnwindSafe(|| {
                let mut line = CommandLine::read(words).map_err(|_| confused())?;
                let command = line.command.take().ok_or_else(confused)?;
                if socket == Socket::Letters && !matches!(command, Command::Send(_)) {
                    return Err(not_allowed().into());
                }
                work(command, &line)
            }))
            .unwrap_or_else(|_| Err(panicked().into()))
        });
        caller.end(&match outcome {
            Ok(()) => FromExecutor::End { status: 0, text: None },
            Err(Ended::Failed(Failure { status, text })) => FromExecutor::End { status, text: Some(text) },
            Err(Ended::InUse { process }) => FromExecutor::InUse { process },
        });
    }
}

fn not_allowed() -> Failure {
    Failure::new(say!("this socket takes letters only", "cette socket ne prend que des lettres"))
}

fn panicked() -> Failure {
    Failure::new(say!(
        "the command failed by a fault of this program; the log says more",
        "la commande a échoué par une erreur de ce programme ; le journal en dit plus"
    ))
}
