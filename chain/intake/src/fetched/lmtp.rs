//! Fetched letters to a delivery agent elsewhere, over LMTP (RFC 2033).
//!
//! It does not know our commits: a letter it has taken is written down here right behind its answer. Killed between the
//! two, the next fetch hands the letter in once more; that is the one moment in which a letter can come twice.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mail::seam::Pending;
use mail::{Address, BodyKind, DotStuffer, Reply, ReturnPath, header};
use mra::ledger::{self, Fate, Source, SourceId};
use mra::progress::Why;
use mra::{Arrived, Destination, Fault, Taken};
use net::{Answer, Connection, Resolver, Stream};
use smtp::{Capabilities, Command, Forward, MailFrom, RcptTo, ReplyReader};
use store::{Key, Store, Tx};

const CONNECT: Duration = Duration::from_secs(30);
/// A delivery agent may think long about a letter (RFC 5321 §4.5.3.2.6).
const ANSWER: Duration = Duration::from_secs(600);

/// Where a delivery agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// On a port of a host.
    Tcp(String, u16),
    /// On a socket of this machine.
    Unix(PathBuf),
}

/// A person at a delivery agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LmtpTarget {
    pub recipient: Address,
    pub door: Door,
}

impl LmtpTarget {
    /// Understands `alice@example.org@127.0.0.1:24` and `alice@example.org@unix:/run/lmtp`.
    pub fn parse(text: &str) -> Option<Self> {
        let (recipient, door) = text.rsplit_once('@')?;
        let door = match door.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Door::Unix(path.into()),
            Some(_) => return None,
            None => {
                let (host, port) = door.rsplit_once(':')?;
                let host = host.trim_start_matches('[').trim_end_matches(']');
                Door::Tcp((!host.is_empty()).then(|| host.to_owned())?, port.parse().ok().filter(|port| *port > 0)?)
            }
        };
        Some(Self { recipient: Address::parse(recipient).ok()?, door })
    }
}

/// A delivery agent as the home of a source.
pub struct LmtpHome {
    store: Store,
    resolver: Arc<dyn Resolver>,
    hostname: String,
    source: SourceId,
    target: LmtpTarget,
}

impl LmtpHome {
    /// For the letters of a source; we call ourselves `hostname`.
    pub fn new(
        store: Store,
        resolver: Arc<dyn Resolver>,
        hostname: String,
        source: &Source,
        target: LmtpTarget,
    ) -> Self {
        Self { store, resolver, hostname, source: source.id, target }
    }

    async fn take_all(&self, letters: Vec<Arrived>) -> Result<Vec<Taken>, Fault> {
        let mut talk = self.connect().await?;
        let mut taken = Vec::with_capacity(letters.len());
        for letter in letters {
            let entry = letter.entry.clone();
            if self.store.read(move |view| entry.is_known(view)).await? {
                taken.push(Taken::Known);
                continue;
            }
            let reply = talk.hand_in(&self.target.recipient, &letter).await.map_err(cut)?;
            if !reply.is_positive() && !reply.is_permanent() {
                return Err(Fault::Destination(format!("the delivery agent says {reply}")));
            }
            taken.push(self.write_down(letter, &reply).await?);
        }
        talk.end().await;
        Ok(taken)
    }

    /// What is refused for good is neither here nor lost: it stays where it is.
    async fn write_down(&self, letter: Arrived, reply: &Reply) -> Result<Taken, Fault> {
        let (entry, source, now) = (letter.entry, self.source, net::now());
        let octets = letter.raw.len() as u64;
        if reply.is_permanent() {
            tracing::warn!(said = %reply, "the delivery agent refuses a letter, which stays where it is");
            let said = reply.to_string();
            let noted = move |tx: &mut Tx| ledger::leave(tx, &entry, Why::NotTaken, &said, now);
            self.store.write(Key::Fetching, noted).await?;
            return Ok(Taken::LeftThere);
        }
        let admitted = move |tx: &mut Tx| {
            let fate = entry.admit(tx, now)?;
            ledger::note_taken(tx, source, u64::from(fate == Fate::New), octets)
        };
        self.store.write(Key::Fetching, admitted).await?;
        Ok(Taken::Filed)
    }

    async fn connect(&self) -> Result<Talk, Fault> {
        let unreachable = |why: String| Fault::Destination(format!("the delivery agent cannot be reached: {why}"));
        let stream = match &self.target.door {
            Door::Unix(path) => Stream::connect_unix(path, CONNECT).await,
            Door::Tcp(host, port) => {
                let answer = self.resolver.addresses(host).await.map_err(|why| unreachable(why.to_string()))?;
                let Answer::Records(addresses, _) = answer else { return Err(unreachable(host.clone())) };
                let first = addresses.first().ok_or_else(|| unreachable(host.clone()))?;
                Stream::connect(SocketAddr::new(*first, *port), CONNECT).await
            }
        };
        let mut connection = Connection::new(stream.map_err(|why| unreachable(why.to_string()))?);
        connection.set_read_timeout(ANSWER);
        let mut talk = Talk { connection, reader: ReplyReader::new(), offers: Capabilities::default() };
        let greeting = talk.reply().await.map_err(cut)?;
        let hello = talk.ask(&Command::Lhlo(self.hostname.clone())).await.map_err(cut)?;
        if !greeting.is_positive() || !hello.is_positive() {
            return Err(unreachable(hello.to_string()));
        }
        talk.offers = Capabilities::parse(&hello);
        Ok(talk)
    }
}

impl Destination for LmtpHome {
    fn take(&self, letters: Vec<Arrived>) -> Pending<'_, Result<Vec<Taken>, Fault>> {
        Box::pin(self.take_all(letters))
    }
}

fn cut(why: String) -> Fault {
    Fault::Destination(format!("the conversation with the delivery agent broke: {why}"))
}

/// An open conversation.
struct Talk {
    connection: Connection,
    reader: ReplyReader,
    offers: Capabilities,
}

impl Talk {
    /// Hands one letter in, and gives the answer that counts: the one behind the letter, or the first refusal.
    async fn hand_in(&mut self, recipient: &Address, letter: &Arrived) -> Result<Reply, String> {
        let eight_bit = self.offers.eight_bit_mime;
        let body = if eight_bit && !letter.raw.is_ascii() { BodyKind::EightBitMime } else { BodyKind::SevenBit };
        let return_path = author(letter).map_or(ReturnPath::Null, ReturnPath::Address);
        let mail = MailFrom { return_path, size: None, body, smtputf8: false, auth: None, hold: None };
        let rcpt = RcptTo::new(Forward::Address(recipient.clone()));
        for command in [Command::Mail(mail), Command::Rcpt(rcpt), Command::Data] {
            let reply = self.ask(&command).await?;
            let goes_on = reply.is_positive() || reply.code == 354;
            if !goes_on {
                self.ask(&Command::Rset).await?;
                return Ok(reply);
            }
        }
        let mut stuffer = DotStuffer::new();
        for piece in stuffer.pieces(&letter.raw) {
            self.connection.write(piece).await.map_err(|why| why.to_string())?;
        }
        self.connection.write(stuffer.finish()).await.map_err(|why| why.to_string())?;
        self.reply().await
    }

    async fn ask(&mut self, command: &Command) -> Result<Reply, String> {
        let mut line = Vec::with_capacity(80);
        command.encode(&mut line);
        self.connection.write(&line).await.map_err(|why| why.to_string())?;
        self.reply().await
    }

    async fn reply(&mut self) -> Result<Reply, String> {
        loop {
            let (taken, reply) = self.reader.read(self.connection.buffered()).map_err(|why| why.to_string())?;
            self.connection.consume(taken);
            match reply {
                Some(reply) => return Ok(reply),
                None => self.connection.fill().await.map(drop).map_err(|why| why.to_string())?,
            }
        }
    }

    async fn end(mut self) {
        let goodbye = self.ask(&Command::Quit);
        let _ = tokio::time::timeout(Duration::from_secs(2), goodbye).await;
        self.connection.close().await;
    }
}

/// The return path the letter came with, where it can be read and sent.
fn author(letter: &Arrived) -> Option<Address> {
    let field = header::find(&letter.raw, "Return-Path")?;
    let value = field.value();
    let inner = std::str::from_utf8(&value).ok()?.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    Address::parse(&inner).ok().filter(|address| address.to_string().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_agent_is_named_with_the_person_in_front() {
        let target = LmtpTarget::parse("alice@example.org@127.0.0.1:24").unwrap();
        assert_eq!(target.door, Door::Tcp("127.0.0.1".to_owned(), 24));
        assert_eq!(target.recipient.to_string(), "alice@example.org");
        assert_eq!(LmtpTarget::parse("a@b.test@unix:/run/lmtp").unwrap().door, Door::Unix("/run/lmtp".into()));
        for bad in ["alice@example.org", "a@b.test@host", "a@b.test@host:0", "a@b.test@unix:lmtp", "@host:24"] {
            assert_eq!(LmtpTarget::parse(bad), None, "{bad}");
        }
    }
}
