//! The loop: bytes in, commands to where they are done, answers out.

use std::sync::Arc;
use std::time::Duration;

use mail::stay::Leave;
use net::{Connection, Error, Stream};
use tokio::time::Instant;

use super::answer::{Answer, Code, Done, Halt, Status};
use super::capability::{self, Entrance};
use super::letters::{self, Letters};
use super::output::Output;
use super::server::Server;
use super::session::Session;
use super::{entry, idle};
use crate::codec::command::{AnyCommand, Command, FolderCommand, Request, SelectedCommand, Tag};
use crate::codec::decoder::{Decoder, Event, Limits, Refusal};
use crate::{commands, selected};

/// After so many commands in a row that were not understood, the client is given up.
const BAD_MAX: u32 = 10;
/// After so many log-ins that failed.
const FAILURES_MAX: u32 = 5;

/// One conversation, from greeting to goodbye.
///
/// A client spends its life waiting in [`Conversation::next`], so what is large in here (running a command) is boxed
/// and gone while it waits.
pub(super) async fn converse(server: Arc<Server>, stream: Stream) {
    let mut conversation = Conversation::new(server, Connection::new(stream));
    let mut step = conversation.greet().await.map(|()| Next::Command);
    let end = loop {
        step = match step {
            Ok(Next::Command) => match conversation.next().await {
                Ok(event) => Box::pin(conversation.act(event)).await,
                Err(end) => Err(end),
            },
            Ok(Next::Idle(tag)) => idle::idle(&mut conversation, &tag).await.map(|()| Next::Command),
            Ok(Next::StartTls) => match Box::pin(conversation.start_tls()).await {
                Some(encrypted) => {
                    conversation = encrypted;
                    Ok(Next::Command)
                }
                None => return,
            },
            Err(end) => break end,
        };
    };
    Box::pin(conversation.leave(end)).await;
}

/// What comes after a command.
pub(super) enum Next {
    /// The next command.
    Command,
    /// IDLE, of this tag.
    Idle(Tag),
    /// The handshake of TLS.
    StartTls,
}

/// Why a conversation is over.
pub(super) enum End {
    /// The client has gone.
    Gone,
    /// It said LOGOUT and was told goodbye.
    LoggedOut,
    /// It has to go, for this reason.
    Bye(&'static str),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::TimedOut => Self::Bye("Nothing was heard of you for too long"),
            Error::Dismissed(leave) => Self::Bye(farewell(leave)),
            _ => Self::Gone,
        }
    }
}

/// Said to who has to go. Where another password, or another account, is needed to come back, a code says so (RFC 5530 §3).
fn farewell(leave: Leave) -> &'static str {
    match leave {
        Leave::NewPassword => "[EXPIRED] Your password was changed, log in with the new one",
        Leave::SessionEnded => "[EXPIRED] Your session was ended, log in again",
        Leave::AccountGone => "[EXPIRED] Your account is no longer here",
        Leave::Dismissed => "The administrator has ended this conversation",
    }
}

/// Said to clients when the program ends.
pub(super) const CLOSING: End = End::Bye("The post office is closing, come back soon");

/// Who is at the other end.
pub(super) enum Who {
    /// Someone who has until then to log in.
    Stranger {
        /// All tries together.
        until: Instant,
        /// Log-ins that failed.
        failures: u32,
    },
    /// Someone who has logged in.
    Person(Box<Session>),
}

/// A connection, and how far the conversation on it has come.
pub(super) struct Conversation {
    pub(super) server: Arc<Server>,
    pub(super) connection: Connection,
    pub(super) decoder: Decoder,
    pub(super) who: Who,
    /// Commands in a row that were not understood.
    bad: u32,
    /// The memory taken by letters of the APPEND that is being read.
    pub(super) letters: Letters,
}

impl Conversation {
    fn new(server: Arc<Server>, mut connection: Connection) -> Self {
        connection.set_write_timeout(server.timeouts.write);
        let who = Who::Stranger { until: Instant::now() + server.timeouts.entry, failures: 0 };
        let decoder = Decoder::new(Limits::ENTRY);
        Self { server, connection, decoder, who, bad: 0, letters: Letters::default() }
    }

    async fn greet(&mut self) -> Result<(), End> {
        let greeting = Answer::ok("Facteur is ready").with(Code::Capability(self.capabilities()));
        self.answer("*", &greeting).await
    }

    /// The next thing the client says.
    pub(super) async fn next(&mut self) -> Result<Event, End> {
        loop {
            // Commands that have come already are not carried out for who has to go.
            if let Some(leave) = self.connection.must_leave() {
                return Err(Error::Dismissed(leave).into());
            }
            let (taken, event) = self.decoder.decode(self.connection.buffered());
            if let Event::Piece(octets) = event {
                let piece = self.connection.buffered().get(taken - octets..taken).unwrap_or_default();
                Box::pin(self.letters.add(piece)).await;
                self.connection.consume(taken);
                continue;
            }
            self.connection.consume(taken);
            if event != Event::More {
                return Ok(event);
            }
            let patience = self.patience();
            if patience.is_zero() {
                return Err(Error::TimedOut.into());
            }
            self.connection.set_read_timeout(patience);
            tokio::select! {
                filled = self.connection.fill() => filled?,
                () = self.server.shutdown.requested() => return Err(CLOSING),
            };
        }
    }

    fn patience(&self) -> Duration {
        match &self.who {
            Who::Stranger { until, .. } => until.saturating_duration_since(Instant::now()),
            Who::Person(_) if self.decoder.is_idle() => self.server.timeouts.command,
            Who::Person(_) => self.server.timeouts.piece,
        }
    }

    async fn act(&mut self, event: Event) -> Result<Next, End> {
        match event {
            Event::Continue => self.go_on().await?,
            Event::Letter { size, waits } => self.letter(size, waits).await?,
            Event::Request(request) => return self.request(request).await,
            Event::Refused(refusal) => self.refused(refusal).await?,
            Event::Lost(why) => return Err(End::Bye(why)),
            Event::More | Event::Piece(_) | Event::Line(_) => {}
        }
        Ok(Next::Command)
    }

    /// The client may send its literal.
    pub(super) async fn go_on(&mut self) -> Result<(), End> {
        Ok(self.connection.write(b"+ Go on\r\n").await?)
    }

    async fn refused(&mut self, refusal: Refusal) -> Result<(), End> {
        self.letters.give_back();
        let why = refusal.why.0;
        let answer = if refusal.too_big { Answer::no(why).word("TOOBIG") } else { Answer::bad(why) };
        self.answer(refusal.tag.as_ref().map_or("*", |tag| &tag.0), &answer).await
    }

    async fn request(&mut self, request: Request) -> Result<Next, End> {
        let Request { tag, mut command } = request;
        if let Command::Folder(FolderCommand::Append(append)) = &mut command
            && let Err(no_room) = Box::pin(self.letters.complete(append)).await
        {
            self.letters.give_back();
            self.answer(&tag.0, &letters::refusal(&no_room)).await?;
            return Ok(Next::Command);
        }
        let (answer, next) = match command {
            Command::Any(AnyCommand::Logout) => return self.log_out(&tag).await,
            Command::Any(any) => (self.any(any).await?, Next::Command),
            Command::Entry(command) => self.entry(command).await?,
            Command::Folder(FolderCommand::Idle) if matches!(self.who, Who::Person(_)) => return Ok(Next::Idle(tag)),
            Command::Folder(command) => (self.folder(command).await?, Next::Command),
            Command::Selected(command) => (self.selected(&tag, command).await?, Next::Command),
        };
        self.letters.give_back();
        self.answer(&tag.0, &answer).await?;
        match self.who {
            Who::Stranger { failures: FAILURES_MAX.., .. } => Err(End::Bye("Too many log-ins failed")),
            _ => Ok(next),
        }
    }

    async fn any(&mut self, command: AnyCommand) -> Result<Answer, End> {
        let text = match command {
            AnyCommand::Capability => format!("* CAPABILITY {}\r\n", self.capabilities()),
            AnyCommand::Id(client) => {
                tracing::debug!(?client, "a client says who it is");
                "* ID (\"name\" \"Facteur\")\r\n".to_owned()
            }
            AnyCommand::Noop | AnyCommand::Logout => String::new(),
        };
        self.connection.write(text.as_bytes()).await?;
        self.tell(true).await?;
        Ok(Answer::ok("Done"))
    }

    async fn folder(&mut self, command: FolderCommand) -> Result<Answer, End> {
        let Who::Person(session) = &mut self.who else { return Ok(log_in_first()) };
        let mut out = Output::new(&mut self.connection);
        let done = commands::run(session, &mut out, command).await;
        out.pass_on().await?;
        self.decoder.set_utf8_names(session.enabled.utf8_names());
        let answer = judged(done)?;
        self.tell(true).await?;
        Ok(answer)
    }

    async fn selected(&mut self, tag: &Tag, command: SelectedCommand) -> Result<Answer, End> {
        let Who::Person(session) = &mut self.who else { return Ok(log_in_first()) };
        if session.selected.is_none() {
            return Ok(Answer::bad("Select a folder first"));
        }
        session.tag = tag.0.clone();
        let (expunges, only_reads) = (command.allows_expunges(), command.only_reads());
        let dismissal = self.connection.dismissal();
        let mut out = Output::new(&mut self.connection);
        // A search through many letters does not wait for its client, and ends all the same when that has to go.
        let done = tokio::select! {
            biased;
            done = selected::run(session, &mut out, command) => done,
            leave = dismissal, if only_reads => {
                let dismissed = Error::Dismissed(leave);
                return Err(if out.has_begun() { broken_off(dismissed) } else { dismissed.into() });
            }
        };
        out.pass_on().await?;
        let answer = judged(done)?;
        self.tell(expunges).await?;
        Ok(answer)
    }

    /// Tells what others have changed in the selected folder, if one is selected.
    pub(super) async fn tell(&mut self, expunges: bool) -> Result<(), End> {
        let Who::Person(session) = &mut self.who else { return Ok(()) };
        if session.selected.is_none() {
            return Ok(());
        }
        let mut out = Output::new(&mut self.connection);
        match selected::updates(session, &mut out, expunges).await {
            // What could not be told now is told the next time.
            Ok(()) | Err(Halt::Refuse(_)) => Ok(out.pass_on().await?),
            Err(Halt::Gone(error)) => Err(broken_off(error)),
        }
    }

    async fn entry(&mut self, command: crate::codec::command::EntryCommand) -> Result<(Answer, Next), End> {
        match entry::run(self, command).await? {
            entry::Entered::Answer(answer) => Ok((answer, Next::Command)),
            entry::Entered::StartTls => Ok((Answer::ok("Begin TLS now"), Next::StartTls)),
        }
    }

    async fn log_out(&mut self, tag: &Tag) -> Result<Next, End> {
        self.connection.write(b"* BYE Goodbye\r\n").await?;
        self.answer(&tag.0, &Answer::ok("Logged out")).await?;
        Err(End::LoggedOut)
    }

    /// Writes the line that ends a command. Who is never understood is given up.
    pub(super) async fn answer(&mut self, tag: &str, answer: &Answer) -> Result<(), End> {
        let mut line = Vec::with_capacity(128);
        answer.write(tag, &mut line);
        self.connection.write(&line).await?;
        self.bad = if answer.status == Status::Bad { self.bad + 1 } else { 0 };
        if self.bad >= BAD_MAX { Err(End::Bye("Too many commands that make no sense")) } else { Ok(()) }
    }

    /// What a client can do to come in.
    pub(super) fn entrance(&self) -> Entrance {
        let encrypted = self.connection.is_tls();
        Entrance { start_tls: !encrypted && self.server.tls.is_some(), log_in: encrypted || self.server.clear_logins }
    }

    pub(super) fn capabilities(&self) -> String {
        match self.who {
            Who::Stranger { .. } => capability::before(self.entrance()),
            Who::Person(_) => capability::after(self.server.append_limit),
        }
    }

    /// Begins again inside TLS, or is over. What came in clear behind STARTTLS is thrown away with the old
    /// connection's buffer and the old decoder: someone between may have put it there (CVE-2011-0411).
    async fn start_tls(self) -> Option<Self> {
        let tls = self.server.tls.clone()?;
        match self.connection.start_tls_server(&tls).await {
            Ok(connection) => Some(Self { who: self.who, ..Self::new(self.server, connection) }),
            Err(error) => {
                tracing::debug!(%error, "the TLS handshake failed");
                None
            }
        }
    }

    async fn leave(mut self, end: End) {
        match end {
            End::Gone => return,
            End::LoggedOut => {}
            End::Bye(why) => {
                let bye = format!("* BYE {why}\r\n");
                if self.connection.write(bye.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
        self.connection.close().await;
    }
}

fn log_in_first() -> Answer {
    Answer::bad("Log in first")
}

fn judged(done: Done) -> Result<Answer, End> {
    match done {
        Ok(answer) | Err(Halt::Refuse(answer)) => Ok(answer),
        Err(Halt::Gone(error)) => Err(broken_off(error)),
    }
}

/// A response was cut in two: perhaps in the midst of a literal, where no more words can be said.
fn broken_off(error: Error) -> End {
    match error {
        Error::Dismissed(_) => End::Gone,
        error => error.into(),
    }
}
