//! A visit: the caller's half of a command. It prints what the executor says, and answers what the executor asks.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::caller::confused;
use super::connection::{self, Connection, NoConnection};
use super::files::{self, OutgoingExport};
use super::frame::{self, PIECE};
use super::greeting::{self, Answer};
use super::messages::{Circumstances, FromCaller, FromExecutor, Named, Question};
use crate::command_line::domain_key::KeyCommand;
use crate::command_line::fetch::FetchCommand;
use crate::command_line::{Command, CommandLine, DomainCommand};
use crate::commands::send::sysexits;
use crate::config::Config;
use crate::failure::Failure;
use crate::language::{Language, say, system};
use crate::rights::ServiceUser;
use crate::{clock, terminal};

/// The longest time that a command waits for data that another process has.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest time that an executor may take to greet.
const GREETING: Duration = Duration::from_secs(20);
/// A line that is typed is no longer.
const LONGEST_LINE: u64 = 4096;

/// Runs a command: through the post office, where it runs. `words` are the command line, which has been understood already.
pub fn visit(line: &CommandLine, command: &Command, words: &[OsString]) -> Result<(), Failure> {
    let sending = matches!(command, Command::Send(_));
    let config = Config::of(&line.office)
        .map_err(|failure| if sending { Failure { status: sysexits::CONFIG, ..failure } } else { failure })?;
    if command.makes_data()
        && rustix::process::geteuid().is_root()
        && let Some(user) = ServiceUser::of(&config)?
    {
        // The owner of the folder is who works on it from now on.
        user.take(&config.data)?;
    }
    let until = Instant::now() + PATIENCE;
    loop {
        let way = find(&config, command).map_err(|no_way| no_way.told(&config.data, sending));
        let Connection { stream, executor } = way?;
        let ended = Visit { command, words, stream, export: None, sending }.run();
        executor.wait();
        match ended? {
            Ended::Done => return Ok(()),
            Ended::Failed(failure) => return Err(failure),
            Ended::InUse(_) | Ended::Busy(_) if Instant::now() < until => std::thread::sleep(PAUSE),
            Ended::InUse(process) => return Err(in_use(&config, &process, sending)),
            Ended::Busy(failure) => return Err(failure),
        }
    }
}

fn find(config: &Config, command: &Command) -> Result<Connection, NoConnection> {
    if command.works_apart() {
        return connection::alone();
    }
    match connection::to_data(&config.data) {
        Err(NoConnection::NotAllowed { .. }) if matches!(command, Command::Send(_)) => {
            connection::for_letters(&config.data)
        }
        way => way,
    }
}

fn in_use(config: &Config, process: &str, sending: bool) -> Failure {
    let folder = config.data.display();
    let text = say!(
        "the data folder {folder} is in use by another Facteur (process {process}), which does not answer yet; try again when it has begun, or ended",
        "le dossier {folder} est utilisé par un autre Facteur (processus {process}), qui ne répond pas encore ; réessayez quand il aura démarré, ou fini"
    );
    Failure { status: if sending { sysexits::TEMPFAIL } else { 1 }, text }
}

/// The end of a visit.
enum Ended {
    Done,
    Failed(Failure),
    /// Another process has the data.
    InUse(String),
    /// There was no place for it; nothing was begun.
    Busy(Failure),
}

/// The voice with which any thread speaks to the executor. It is cheap to clone.
#[derive(Clone)]
pub struct Voice(Arc<Mutex<UnixStream>>);

impl Voice {
    pub fn say(&self, what: &FromCaller, octets: &[u8]) -> io::Result<()> {
        frame::write(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), what, octets)
    }

    /// An answer, however long.
    fn answer(&self, octets: &[u8]) -> io::Result<()> {
        let mut pieces = octets.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            self.say(&FromCaller::Answer { more: pieces.peek().is_some() }, piece)?;
        }
        if octets.is_empty() { self.say(&FromCaller::Answer { more: false }, &[]) } else { Ok(()) }
    }
}

struct Visit<'a> {
    command: &'a Command,
    words: &'a [OsString],
    stream: UnixStream,
    /// The export that is being written.
    export: Option<OutgoingExport>,
    sending: bool,
}

impl Visit<'_> {
    fn run(mut self) -> Result<Ended, Failure> {
        let mut from = self.stream.try_clone().map_err(|why| self.broken(&why))?;
        let (answer, version) = self.greet()?;
        match answer {
            Answer::Welcome => self.begin()?,
            Answer::Busy => return Ok(Ended::Busy(self.turned_away(answer, &version))),
            Answer::OtherVersion | Answer::NotAllowed => return Ok(Ended::Failed(self.turned_away(answer, &version))),
        }
        let voice = Voice(Arc::new(Mutex::new(self.stream.try_clone().map_err(|why| self.broken(&why))?)));
        if matches!(self.command, Command::Fetch(FetchCommand::Run(_))) {
            stop_when_interrupted(voice.clone())?;
        }
        loop {
            match frame::read::<FromExecutor>(&mut from) {
                Ok(Some((FromExecutor::End { status: 0, .. }, _))) => return Ok(Ended::Done),
                Ok(Some((FromExecutor::End { status, text }, _))) => {
                    return Ok(Ended::Failed(Failure { status, text: text.unwrap_or_default() }));
                }
                Ok(Some((FromExecutor::InUse { process }, _))) => return Ok(Ended::InUse(process)),
                Ok(Some((said, octets))) => self.heed(said, &octets, &voice)?,
                Ok(None) => return Err(self.broken(&io::ErrorKind::UnexpectedEof.into())),
                Err(why) => return Err(self.broken(&why)),
            }
        }
    }

    /// Greets. Returns what the executor says to it, and its version.
    fn greet(&self) -> Result<(Answer, String), Failure> {
        let mut stream = &self.stream;
        let greeted = stream.set_read_timeout(Some(GREETING)).and_then(|()| {
            greeting::greet(&mut stream)?;
            greeting::hear_executor(&mut stream)
        });
        greeted.map(|(version, answer)| (answer, version)).map_err(|why| self.broken(&why))
    }

    /// Says what is wanted.
    fn begin(&self) -> Result<(), Failure> {
        let mut stream = &self.stream;
        let mut words = Vec::new();
        for word in self.words {
            words.extend_from_slice(word.as_bytes());
            words.push(0);
        }
        let begun = stream.set_read_timeout(None);
        let begun = begun.and_then(|()| frame::write(&mut stream, &FromCaller::Begin(circumstances()), &words));
        begun.map_err(|why| self.broken(&why))
    }

    fn turned_away(&self, answer: Answer, theirs: &str) -> Failure {
        let ours = greeting::version();
        let (status, text) = match answer {
            Answer::OtherVersion | Answer::Welcome => (
                sysexits::UNAVAILABLE,
                say!(
                    "the post office that runs is Facteur {theirs}, and this is {ours}; use the same program, or restart the post office with this one",
                    "le bureau de poste qui tourne est un Facteur {theirs}, et celui-ci est {ours} ; utilisez le même programme, ou redémarrez le bureau de poste avec celui-ci"
                ),
            ),
            Answer::NotAllowed => (
                sysexits::NOPERM,
                say!(
                    "only root and the owner of the data folder may do this",
                    "seuls root et le propriétaire du dossier des données peuvent faire cela"
                ),
            ),
            Answer::Busy if self.sending => (
                sysexits::TEMPFAIL,
                say!(
                    "the post office takes no more letters of this user for now; try again later",
                    "le bureau de poste ne prend plus de lettres de cet utilisateur pour l'instant ; réessayez plus tard"
                ),
            ),
            Answer::Busy => (
                sysexits::TEMPFAIL,
                say!(
                    "the post office is busy with other commands; try again",
                    "le bureau de poste est occupé par d'autres commandes ; réessayez"
                ),
            ),
        };
        Failure { status: if self.sending { status } else { 1 }, text }
    }

    /// The executor has ended without saying how.
    fn broken(&self, why: &io::Error) -> Failure {
        let ended = say!(
            "the post office has ended before this command did, so what is done of it is not known; look, and say it again if need be",
            "le bureau de poste s'est arrêté avant la fin de cette commande, et l'on ne sait pas ce qui en est fait ; vérifiez, et répétez-la s'il le faut"
        );
        let text = match why.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => ended,
            _ => {
                let why = system(why);
                say!("the post office does not answer: {why}", "le bureau de poste ne répond pas : {why}")
            }
        };
        Failure { status: if self.sending { sysexits::TEMPFAIL } else { 1 }, text }
    }

    fn heed(&mut self, said: FromExecutor, octets: &[u8], voice: &Voice) -> Result<(), Failure> {
        match said {
            FromExecutor::Print => terminal::put(&mut io::stdout().lock(), octets),
            FromExecutor::Note => terminal::put(&mut io::stderr().lock(), octets),
            FromExecutor::Ask(question) => self.answer(question, octets, voice)?,
            FromExecutor::Folder(folder) => self.export().map_or(Ok(()), |export| export.folder(&folder))?,
            FromExecutor::Letter { letter, size } => {
                self.export().map_or(Ok(()), |export| export.letter(letter, size))?
            }
            FromExecutor::Piece => self.export().map_or(Ok(()), |export| export.piece(octets))?,
            FromExecutor::Finish => {
                let finished = self.export().map_or(Ok(()), OutgoingExport::finish);
                self.reply(finished.map(|()| Vec::new()), voice);
            }
            FromExecutor::End { .. } | FromExecutor::InUse { .. } => {}
        }
        Ok(())
    }

    fn export(&mut self) -> Option<&mut OutgoingExport> {
        self.export.as_mut()
    }

    /// If nobody hears the answer, the next look at the executor's messages shows it.
    fn reply(&self, answer: Result<Vec<u8>, Failure>, voice: &Voice) {
        let _ = match answer {
            Ok(octets) => voice.answer(&octets),
            Err(Failure { status, text }) => voice.say(&FromCaller::Failed { status, text }, &[]),
        };
    }

    fn answer(&mut self, question: Question, octets: &[u8], voice: &Voice) -> Result<(), Failure> {
        if !is_fair(&question, self.command) {
            return Err(confused());
        }
        let by_system = |why: io::Error| Failure::new(system(&why));
        let answer = match question {
            Question::Line => line().map_err(by_system),
            Question::Hidden { prompt } => {
                rpassword::prompt_password(prompt).map(String::into_bytes).map_err(by_system)
            }
            Question::Input { most } => input(most).map_err(by_system),
            Question::File(named) => files::read(self.command, named).map_err(by_system),
            Question::KeepSecret => files::keep_secret(self.command, octets).map(|()| Vec::new()).map_err(by_system),
            Question::Letters => return self.send_letters(voice),
            Question::Place => self.begin_export().map(|()| Vec::new()),
        };
        self.reply(answer, voice);
        Ok(())
    }

    fn begin_export(&mut self) -> Result<(), Failure> {
        if let Command::Export(export) = self.command {
            self.export = Some(OutgoingExport::begin(export)?);
        }
        Ok(())
    }

    /// Sends the letters on a thread of its own, so that the executor's words are printed meanwhile. The thread ends
    /// with the letters, or with the stream.
    fn send_letters(&self, voice: &Voice) -> Result<(), Failure> {
        let Command::Import(import) = self.command else { return Ok(()) };
        let (import, voice) = (import.clone(), voice.clone());
        let sending = std::thread::Builder::new().spawn(move || files::send_letters(&import, &voice));
        sending.map(drop).map_err(|why| self.broken(&why))
    }
}

impl Drop for Visit<'_> {
    /// The executor, which may still be in the middle of something, sees that nobody listens any more.
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Returns true if the command needs an answer to this. The owner of the data, whose program the executor may be,
/// learns nothing else of root.
fn is_fair(question: &Question, command: &Command) -> bool {
    match question {
        Question::Line => {
            matches!(
                command,
                Command::Account(_) | Command::Hold(_) | Command::Domain(_) | Command::Fetch(_) | Command::Route(_)
            )
        }
        Question::Hidden { .. } => {
            matches!(command, Command::Account(_) | Command::Hold(_) | Command::Fetch(_) | Command::Route(_))
        }
        Question::File(Named::PrivateKey) => {
            matches!(command, Command::Domain(DomainCommand::Key(KeyCommand::Import { .. })))
        }
        Question::File(_) => matches!(command, Command::Fetch(_)),
        Question::KeepSecret => matches!(command, Command::Domain(DomainCommand::Key(KeyCommand::Export { .. }))),
        Question::Input { .. } => matches!(command, Command::Send(_)),
        Question::Letters => matches!(command, Command::Import(_)),
        Question::Place => matches!(command, Command::Export(_)),
    }
}

/// A line of standard input.
fn line() -> io::Result<Vec<u8>> {
    use io::BufRead as _;
    let mut line = Vec::new();
    io::stdin().lock().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// All of standard input. One octet more than may be shows that it is too much.
fn input(most: u64) -> io::Result<Vec<u8>> {
    let mut input = Vec::new();
    io::stdin().lock().take(most.saturating_add(1)).read_to_end(&mut input)?;
    Ok(input)
}

fn circumstances() -> Circumstances {
    let named = ["LOGNAME", "USER"].iter().find_map(|name| std::env::var(name).ok());
    Circumstances {
        language: Language::of_the_person(),
        zone: clock::own_zone(),
        width: terminal::width(),
        input_is_terminal: io::stdin().is_terminal(),
        notes_are_on_terminal: io::stderr().is_terminal(),
        folder: std::env::current_dir().unwrap_or_default(),
        name: named.filter(|name| !name.is_empty()),
    }
}

/// Lets Ctrl-C end the command in order: letters that have come are taken home. A second Ctrl-C ends it at once.
fn stop_when_interrupted(voice: Voice) -> Result<(), Failure> {
    let runtime = crate::threads::on_one_thread()?;
    let watch = move || {
        runtime.block_on(async {
            let Ok(mut signals) = crate::signals::Signals::new() else { return };
            signals.next().await;
            let _ = voice.say(&FromCaller::Stop, &[]);
            signals.next().await;
            std::process::exit(130);
        });
    };
    std::thread::Builder::new().spawn(watch).map(drop).map_err(|why| Failure::new(system(&why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_answers_only_what_it_needs() {
        let command = |line: &str| {
            let read = CommandLine::read(line.split(' ').map(Into::into))
                .unwrap_or_else(|refused| panic!("{}", refused.error));
            read.command.unwrap_or(Command::Serve)
        };
        let (list, send) = (command("facteur domain list"), command("facteur send bob@beta.test"));
        let import = command("facteur import alice@alpha.test x.mbox");
        let input = Question::Input { most: 1 };
        assert!(is_fair(&input, &send) && !is_fair(&input, &list) && !is_fair(&input, &import));
        assert!(is_fair(&Question::Letters, &import) && !is_fair(&Question::Letters, &send));
        let hidden = Question::Hidden { prompt: "root's password: ".into() };
        assert!(is_fair(&Question::Line, &list) && !is_fair(&Question::Line, &send));
        let export = command("facteur domain key export alpha.test mail key.pem");
        let key = Question::File(Named::PrivateKey);
        assert!(is_fair(&Question::KeepSecret, &export) && !is_fair(&key, &export), "it writes, and reads nothing");
        assert!(is_fair(&key, &command("facteur domain key import alpha.test mail key.pem")) && !is_fair(&key, &list));
        assert!(!is_fair(&hidden, &list) && is_fair(&hidden, &command("facteur account add alice@alpha.test")));
    }
}
