//! A connection, the state of the conversation on it, and the actions that every part of the loop needs.

use std::sync::Arc;
use std::time::Duration;

use doors::{Entrance, Stranger};
use mail::stay::Leave;
use net::{Connection, Error};

use super::capability;
use super::letters::Letters;
use crate::codec::decoder::{Decoder, Event, Limits};
use crate::selected;
use crate::session::{Answer, Halt, Output, Server, Session, Status};

/// After so many misunderstood commands in a row, the server gives the client up.
const BAD_MAX: u32 = 10;

/// The reason why a conversation is over.
pub(super) enum End {
    /// The client has gone.
    Gone,
    /// The client sent LOGOUT and got its goodbye.
    LoggedOut,
    /// The client has to go, for this reason.
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

/// Returns the farewell to a client that has to go. If it needs another password or another account to come back, a
/// code says so (RFC 5530 §3).
fn farewell(leave: Leave) -> &'static str {
    match leave {
        Leave::NewPassword => "[EXPIRED] Your password was changed, log in with the new one",
        Leave::SessionEnded => "[EXPIRED] Your session was ended, log in again",
        Leave::AccountGone => "[EXPIRED] Your account is no longer here",
        Leave::Dismissed => "The administrator has ended this conversation",
    }
}

/// The goodbye to clients when the program ends.
pub(super) const CLOSING: End = End::Bye("The post office is closing, come back soon");

/// The client at the other end.
pub(super) enum Who {
    /// A client that has not logged in.
    Stranger(Stranger),
    /// A client that has logged in.
    Person(Box<Session>),
}

/// A connection, and the state of the conversation on it.
pub(super) struct Conversation {
    pub(super) server: Arc<Server>,
    pub(super) connection: Connection,
    pub(super) decoder: Decoder,
    pub(super) who: Who,
    /// The number of misunderstood commands in a row.
    bad: u32,
    /// The memory of the letters of the APPEND that is being read.
    pub(super) letters: Letters,
}

impl Conversation {
    pub(super) fn new(server: Arc<Server>, mut connection: Connection) -> Self {
        connection.set_write_timeout(server.terms.write);
        let who = Who::Stranger(Stranger::new(&server.terms));
        let decoder = Decoder::new(Limits::ENTRY);
        Self { server, connection, decoder, who, bad: 0, letters: Letters::default() }
    }

    /// Returns the next event from the client.
    pub(super) async fn next(&mut self) -> Result<Event, End> {
        loop {
            // Commands that are already here are not carried out for a client that has to go.
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
                () = self.server.shared.shutdown.requested() => return Err(CLOSING),
            };
        }
    }

    fn patience(&self) -> Duration {
        match &self.who {
            Who::Stranger(stranger) => stranger.patience(),
            Who::Person(_) if self.decoder.is_idle() => self.server.timeouts.command,
            Who::Person(_) => self.server.timeouts.piece,
        }
    }

    /// Tells the client that it may send its literal.
    pub(super) async fn go_on(&mut self) -> Result<(), End> {
        Ok(self.connection.write(b"+ Go on\r\n").await?)
    }

    /// Tells the client of the changes that others have made in the selected folder, if one is selected.
    pub(super) async fn tell(&mut self, expunges: bool) -> Result<(), End> {
        let Who::Person(session) = &mut self.who else { return Ok(()) };
        if session.selected.is_none() {
            return Ok(());
        }
        let mut out = Output::new(&mut self.connection);
        match selected::updates(session, &mut out, expunges).await {
            // The client learns the next time of the changes that it could not learn now.
            Ok(()) | Err(Halt::Refuse(_)) => Ok(out.pass_on().await?),
            Err(Halt::Gone(error)) => Err(broken_off(error)),
        }
    }

    /// Writes the line that ends a command. A client that is never understood is given up.
    pub(super) async fn answer(&mut self, tag: &str, answer: &Answer) -> Result<(), End> {
        let mut line = Vec::with_capacity(128);
        answer.write(tag, &mut line);
        self.connection.write(&line).await?;
        self.bad = if answer.status == Status::Bad { self.bad + 1 } else { 0 };
        if self.bad >= BAD_MAX { Err(End::Bye("Too many commands that make no sense")) } else { Ok(()) }
    }

    /// Returns the ways in which a client can log in.
    pub(super) fn entrance(&self) -> Entrance {
        self.server.terms.entrance(self.connection.is_tls())
    }

    pub(super) fn capabilities(&self) -> String {
        match self.who {
            Who::Stranger(_) => capability::before(self.entrance()),
            Who::Person(_) => capability::after(self.server.append_limit),
        }
    }

    /// Begins again inside TLS, or ends. The old decoder is dropped with the old connection's buffer.
    pub(super) async fn start_tls(self) -> Option<Self> {
        let connection = self.server.terms.start_tls(self.connection).await?;
        Some(Self { who: self.who, ..Self::new(self.server, connection) })
    }
}

/// Ends after a response that was cut in two: perhaps in the middle of a literal, where no more words can be sent.
pub(super) fn broken_off(error: Error) -> End {
    match error {
        Error::Dismissed(_) => End::Gone,
        error => error.into(),
    }
}
