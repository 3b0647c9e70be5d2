//! The loop: it reads bytes, passes commands to the code that runs them, and writes answers.

use std::sync::Arc;

use net::{Connection, Error, Stream};

use super::conversation::{Conversation, End, Who, broken_off};
use super::{entry, idle, letters};
use crate::codec::command::{AnyCommand, Command, EntryCommand, FolderCommand, Request, SelectedCommand, Tag};
use crate::codec::decoder::{Event, Refusal};
use crate::session::{Answer, Code, Done, Halt, Output, Server};
use crate::{commands, selected};

/// Serves one conversation, from greeting to goodbye.
///
/// A client spends its life waiting in [`Conversation::next`], so the large state in here (that of a running command)
/// is boxed and dropped while it waits.
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

/// The step after a command.
pub(super) enum Next {
    /// The next command.
    Command,
    /// IDLE with this tag.
    Idle(Tag),
    /// The handshake of TLS.
    StartTls,
}

impl Conversation {
    async fn greet(&mut self) -> Result<(), End> {
        let greeting = Answer::ok("Facteur is ready").with(Code::Capability(self.capabilities()));
        self.answer("*", &greeting).await
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
        match &self.who {
            Who::Stranger(stranger) if stranger.has_to_go() => Err(End::Bye("Too many log-ins failed")),
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
        // A search through many letters does not wait for its client, but it ends if the client has to go.
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

    async fn entry(&mut self, command: EntryCommand) -> Result<(Answer, Next), End> {
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
