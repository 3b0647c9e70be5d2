//! The loop: it reads lines, carries out the dialogue's acts, and writes answers.

use std::sync::Arc;

use bytes::Bytes;
use doors::Stranger;
use mail::trace::{Link, Observation};
use mailbox::LetterKey;
use net::{Connection, Error, Stream};

use super::ahead::Ahead;
use super::locks::Hold;
use super::send::{Found, HEAD, Parcel, find};
use super::server::Server;
use super::{entry, update};
use crate::dialogue::{Act, Dialogue, Event};
use crate::maildrop::{DropEntry, Listing};
use crate::reply::Reply;

/// The longest line of a stranger: an initial response of SASL (RFC 5034 §4), and its command.
const ENTRY_LINE: usize = 12_288 + 64;
/// The longest line of a person (RFC 2449 §4).
const LINE: usize = 255;
/// The octets of a listing that are written at a time.
const PIECE: usize = 32 * 1024;

/// One conversation, from greeting to goodbye.
///
/// A client spends its life waiting in [`Conversation::next_line`], so what is large in here is boxed and gone while
/// it waits.
pub(super) async fn converse(server: Arc<Server>, stream: Stream) {
    let stranger = Stranger::new(&server.terms);
    let mut conversation = Conversation::new(server, Connection::new(stream), stranger);
    let mut step = conversation.greet().await.map(|()| Next::Line);
    let end = loop {
        step = match step {
            Ok(Next::Line) => match conversation.next_line().await {
                Ok(line) => Box::pin(conversation.answer(line)).await,
                Err(end) => Err(end),
            },
            Ok(Next::StartTls) => match Box::pin(conversation.start_tls()).await {
                Some(encrypted) => {
                    conversation = encrypted;
                    Ok(Next::Line)
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
    /// The next line.
    Line,
    /// The handshake of TLS.
    StartTls,
}

/// The reason why a conversation is over.
pub(super) enum End {
    /// The client has gone, or was silent for so long that the server gives it up without a word (RFC 1939 §3).
    Gone,
    /// The client gets this reply.
    Told(Reply),
    /// The client sent QUIT: its marked letters are to be removed.
    Update,
}

impl From<Error> for End {
    fn from(_: Error) -> Self {
        Self::Gone
    }
}

/// A connection, and the state of the conversation on it.
pub(super) struct Conversation {
    pub(super) server: Arc<Server>,
    pub(super) connection: Connection,
    pub(super) dialogue: Dialogue,
    /// The time and the tries that the client has to log in.
    pub(super) stranger: Stranger,
    /// The maildrop of a client that has logged in.
    pub(super) hold: Option<Hold>,
    /// Letters for commands that have come.
    ahead: Ahead,
}

impl Conversation {
    fn new(server: Arc<Server>, mut connection: Connection, stranger: Stranger) -> Self {
        connection.set_write_timeout(server.terms.write);
        let dialogue = Dialogue::new(server.terms.entrance(connection.is_tls()));
        Self { server, connection, dialogue, stranger, hold: None, ahead: Ahead::default() }
    }

    async fn greet(&mut self) -> Result<(), End> {
        let greeting = self.dialogue.greeting();
        self.say(&greeting).await
    }

    /// Returns the next line of the client; `None` if it was too long and was skipped.
    pub(super) async fn next_line(&mut self) -> Result<Option<Bytes>, End> {
        let (patience, most) = if self.dialogue.is_in() {
            (self.server.timeouts.command, LINE)
        } else {
            (self.stranger.patience(), ENTRY_LINE)
        };
        if patience.is_zero() {
            return Err(End::Gone);
        }
        if self.connection.buffered().is_empty() {
            self.ahead = Ahead::default();
        }
        // Commands that are already here are not carried out for a client that has to go.
        if let Some(leave) = self.connection.must_leave() {
            return Err(End::Told(self.dialogue.say(Event::Dismissed(leave))));
        }
        self.connection.set_read_timeout(patience);
        let line = tokio::select! {
            line = self.connection.line(most) => line,
            () = self.server.shared.shutdown.requested() => return Err(End::Told(self.dialogue.say(Event::Closing))),
        };
        match line {
            Ok(line) => Ok(Some(line)),
            Err(Error::LineTooLong(_)) => Ok(None),
            Err(Error::Dismissed(leave)) => Err(End::Told(self.dialogue.say(Event::Dismissed(leave)))),
            Err(error) => Err(error.into()),
        }
    }

    async fn answer(&mut self, line: Option<Bytes>) -> Result<Next, End> {
        let act = match line {
            Some(line) => self.dialogue.line(&line),
            None => self.dialogue.line_too_long(),
        };
        let act = match act {
            Act::Check { name, password } => entry::check(self, &name, &password).await,
            Act::Authenticate { mechanism, initial } => entry::authenticate(self, mechanism, initial).await?,
            act => act,
        };
        match act {
            Act::Say(reply) => self.say(&reply).await?,
            Act::Show(reply, lines) => self.show(&reply, &lines).await?,
            Act::List(reply, listing) => self.list(&reply, listing).await?,
            Act::Send { reply, letter, lines } => self.send(&reply, letter, lines).await?,
            Act::StartTls(reply) => {
                self.say(&reply).await?;
                return Ok(Next::StartTls);
            }
            Act::Leave(reply) => return Err(End::Told(reply)),
            Act::Update => return Err(End::Update),
            // These acts were carried out above.
            Act::Check { .. } | Act::Authenticate { .. } => {}
        }
        Ok(Next::Line)
    }

    async fn say(&mut self, reply: &Reply) -> Result<(), End> {
        Ok(self.connection.write(reply.line().as_bytes()).await?)
    }

    async fn show(&mut self, reply: &Reply, lines: &[String]) -> Result<(), End> {
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
        Ok(self.connection.write(format!("{}{text}.\r\n", reply.line()).as_bytes()).await?)
    }

    /// Writes a listing piece by piece, so that a large drop costs no more memory than a small one.
    async fn list(&mut self, reply: &Reply, listing: Listing) -> Result<(), End> {
        self.say(reply).await?;
        let Some(maildrop) = self.dialogue.maildrop() else { return Ok(()) };
        let (mut next, mut piece) = (Some(0), Vec::with_capacity(PIECE + 128));
        while let Some(from) = next {
            piece.clear();
            next = maildrop.list(listing, from, PIECE, &mut piece);
            self.connection.write(&piece).await?;
        }
        Ok(self.connection.write(b".\r\n").await?)
    }

    async fn send(&mut self, reply: &Reply, letter: DropEntry, lines: Option<u32>) -> Result<(), End> {
        let found = match self.find(letter, lines).await {
            Ok(Some(found)) => found,
            Ok(None) => return self.say(&self.dialogue.say(Event::Gone)).await,
            Err(error) => return self.cannot_read(&error).await,
        };
        let (key, asker) = (found.key, self.asker());
        let parcel = match Parcel::pack(&self.server.shared.store, asker, found, lines).await {
            Ok(parcel) => parcel,
            Err(error) => return self.cannot_read(&error).await,
        };
        parcel.send(&self.server.shared.store, &mut self.connection, reply).await?;
        if lines.is_none() {
            self.was_sent(letter, key).await
        }
        Ok(())
    }

    /// Reports that a letter cannot be read: for good, or now. The other letters are not affected.
    async fn cannot_read(&mut self, error: &mailbox::Error) -> Result<(), End> {
        tracing::error!(%error, "a letter cannot be read");
        let lost = matches!(error, mailbox::Error::Store(error) if error.is_permanent());
        self.say(&self.dialogue.say(if lost { Event::Damaged } else { Event::Unavailable })).await
    }

    /// Returns the person for whom the store is read; nobody before the log-in.
    fn asker(&mut self) -> store::Asker {
        self.dialogue.maildrop().map_or(store::Asker(0), |maildrop| maildrop.access().asker())
    }

    async fn find(&mut self, letter: DropEntry, lines: Option<u32>) -> Result<Option<Found>, mailbox::Error> {
        let Some(maildrop) = self.dialogue.maildrop() else { return Ok(None) };
        let (store, access, folder) = (&self.server.shared.store, maildrop.access(), maildrop.folder());
        match lines {
            Some(_) => store.read_for(access.asker(), move |view| find(view, access, folder, letter, HEAD)).await,
            None => self.ahead.find(store, maildrop, letter, self.connection.buffered()).await,
        }
    }

    /// Notes a sent letter in its history, and with others in the flags.
    async fn was_sent(&mut self, letter: DropEntry, key: LetterKey) {
        let Some(maildrop) = self.dialogue.maildrop() else { return };
        let (access, folder) = (maildrop.access(), maildrop.folder());
        self.server.shared.witness.saw(Observation::Read {
            account: access.owner(),
            keys: vec![key.0],
            door: Link::Pop3,
            at: net::now(),
        });
        if maildrop.was_read(letter.uid) as usize >= mailbox::letter::SLICE {
            let read = maildrop.take_read();
            update::mark_seen(&self.server.shared.store, access, folder, read).await;
        }
    }

    /// Begins again inside TLS, or ends. The client's earlier statements are dropped with the old dialogue (RFC 2595
    /// §4).
    async fn start_tls(self) -> Option<Self> {
        let connection = self.server.terms.start_tls(self.connection).await?;
        Some(Self::new(self.server, connection, self.stranger))
    }

    /// Ends the conversation, for whatever reason. The maildrop is free before the client learns of the end, so that it
    /// can come back immediately.
    async fn leave(self, end: End) {
        let Self { server, mut connection, dialogue, hold, .. } = self;
        let (updated, not_updated) = (dialogue.say(Event::Updated), dialogue.say(Event::NotUpdated));
        let quit = matches!(end, End::Update);
        let kept = match dialogue.into_maildrop() {
            Some(maildrop) => update::update(&server, maildrop, quit).await.is_ok(),
            None => true,
        };
        drop(hold);
        let reply = match end {
            End::Gone => return,
            End::Told(reply) => reply,
            End::Update if kept => updated,
            End::Update => not_updated,
        };
        if connection.write(reply.line().as_bytes()).await.is_ok() {
            connection.close().await;
        }
    }
}
