//! The loop: reads, shows the session the input, and does what it says.

use std::net::IpAddr;
use std::sync::Arc;

use mail::seam::{OurFault, Verdict};
use mail::stay::{self, Doing};
use mail::trace::{self, Arrival, Event, Link, Observation, refusal};
use mail::{Address, BodyKind, Envelope, Letter, LetterId, LetterWishes, Password, Recipient, Reply, ReturnPath};
use net::{Connection, Error, Inbound, NoRoom, Owner, Peer, Share, Stream, TlsInfo};
use sasl::{Mechanism, Refusal, Turn};
use smtp::{Answer, Kind, Mended, Question, Session, Settings, Step, replies};
use tokio::time::Instant;

use crate::{Doorkeeper, Server, Visit};

/// One dialogue, from greeting to goodbye. Whatever goes wrong on the way concerns nobody but this peer.
pub async fn converse<D: Doorkeeper>(stream: Stream, settings: Arc<Settings>, server: &Server, keeper: &D) {
    let mut connection = Connection::new(stream);
    let (mut dialogue, greeting) = Dialogue::new(&connection, settings, server, keeper);
    let mut leave = dialogue.begin(&mut connection, &greeting).await;
    while let (Ok(Leave::StartTls), Some(tls)) = (&leave, &server.tls) {
        connection = match Box::pin(connection.start_tls_server(tls)).await {
            Ok(secure) => secure,
            Err(error) => return tracing::debug!(peer = %dialogue.peer, %error, "TLS handshake failed"),
        };
        dialogue.tls_started(&connection);
        leave = dialogue.talk(&mut connection).await;
    }
    if let Err(error) = &leave {
        tracing::debug!(peer = %dialogue.peer, %error, "the dialogue broke off");
    }
    connection.close().await;
}

/// The reason why the talk ends.
enum Leave {
    StartTls,
    Goodbye,
}

struct Dialogue<'a, D> {
    server: &'a Server,
    keeper: &'a D,
    kind: Kind,
    session: Session,
    peer: Peer,
    /// The address of ours that the client has reached.
    local_ip: Option<IpAddr>,
    tls: Option<TlsInfo>,
    /// When the client last said something that could be used.
    heard: Instant,
    /// The letter that MAIL has begun: its refusals and the letter that is taken have one name.
    begun: Option<Box<Begun>>,
    /// Boxed: most of the time there is none.
    incoming: Option<Box<Incoming>>,
    login: Option<Box<sasl::Exchange>>,
}

/// A letter whose envelope is being written.
struct Begun {
    id: LetterId,
    return_path: ReturnPath,
}

/// The letter that is coming in.
struct Incoming {
    id: LetterId,
    begun: Instant,
    octets: Inbound,
}

impl<'a, D: Doorkeeper> Dialogue<'a, D> {
    fn new(connection: &Connection, settings: Arc<Settings>, server: &'a Server, keeper: &'a D) -> (Self, Reply) {
        let kind = settings.kind;
        let (session, greeting) = Session::new(settings, connection.is_tls());
        let dialogue = Self {
            server,
            keeper,
            kind,
            session,
            peer: connection.peer(),
            local_ip: connection.stream().local_ip(),
            tls: connection.tls_info(),
            heard: Instant::now(),
            begun: None,
            incoming: None,
            login: None,
        };
        (dialogue, greeting)
    }

    async fn begin(&mut self, connection: &mut Connection, greeting: &Reply) -> Result<Leave, Error> {
        say(connection, greeting).await?;
        self.talk(connection).await
    }

    /// Forgets all that was said in clear, when TLS has started (RFC 3207 §4.2).
    fn tls_started(&mut self, connection: &Connection) {
        self.session.tls_started();
        self.tls = connection.tls_info();
        self.begun = None;
        self.incoming = None;
        self.login = None;
    }

    async fn talk(&mut self, connection: &mut Connection) -> Result<Leave, Error> {
        loop {
            // The server takes no further input, even if it has come already, from a client that has to go; earlier
            // replies stay as they are.
            if let Some(leave) = connection.must_leave() {
                return say(connection, &farewell(leave)).await.map(|()| Leave::Goodbye);
            }
            let (used, step) = self.session.next(connection.buffered());
            if used > 0 {
                self.heard = Instant::now();
            }
            if let Some((envelope, reply)) = self.session.take_refused() {
                self.refused(&envelope, &reply);
                self.begun = None;
            }
            // The bytes are copied from where they lie, so they are passed over only afterwards.
            match &step {
                Step::Keep(piece) => self.keep(connection.buffered().get(piece.clone()).unwrap_or_default()).await,
                Step::KeepLineEnd => self.keep(b"\r\n").await,
                _ => {}
            }
            connection.consume(used);
            if let Some(leave) = self.act(connection, step).await? {
                return Ok(leave);
            }
            if !self.session.keeps_letter() {
                self.incoming = None;
            }
        }
    }

    async fn act(&mut self, connection: &mut Connection, mut step: Step) -> Result<Option<Leave>, Error> {
        loop {
            step = match step {
                Step::More => return self.wait(connection).await,
                Step::Keep(_) | Step::KeepLineEnd => return Ok(None),
                Step::Say(reply) => return say(connection, &reply).await.map(|()| None),
                Step::StartTls(reply) => return say(connection, &reply).await.map(|()| Some(Leave::StartTls)),
                Step::Close(reply) => return say(connection, &reply).await.map(|()| Some(Leave::Goodbye)),
                Step::Ask(question) => {
                    let answer = Box::pin(self.find_out(question)).await;
                    let step = self.session.answer(answer);
                    self.begin_stay(connection);
                    step
                }
                Step::Deliver(envelope) => {
                    let replies = Box::pin(self.deliver(*envelope)).await;
                    self.session.answer(Answer::Letter(replies))
                }
            };
        }
    }

    /// Registers the client that has logged in: it stays for as long as the credentials that let it in are good.
    fn begin_stay(&self, connection: &mut Connection) {
        if let (Some(login), Some(logins), false) = (self.session.login(), self.keeper.logins(), connection.has_stay())
        {
            connection.stay_while(logins.stay(login, Doing::Submission, self.peer.ip()));
        }
    }

    /// Waits for more input: patiently within a letter, and otherwise only until the server closes.
    async fn wait(&mut self, connection: &mut Connection) -> Result<Option<Leave>, Error> {
        let receiving = self.session.is_receiving();
        connection.set_read_timeout(self.patience(receiving));
        let filled = tokio::select! {
            biased;
            () = self.server.shutdown.requested(), if !receiving => {
                return say(connection, &replies::shutting_down()).await.map(|()| Some(Leave::Goodbye));
            }
            filled = connection.fill() => filled,
        };
        match filled {
            Ok(_) => Ok(None),
            Err(Error::TimedOut) => say(connection, &replies::timed_out()).await.map(|()| Some(Leave::Goodbye)),
            Err(Error::Dismissed(leave)) => say(connection, &farewell(leave)).await.map(|()| Some(Leave::Goodbye)),
            Err(error) => Err(error),
        }
    }

    /// Returns how much longer to wait. A command, and a letter as a whole, also have an end when each octet comes in
    /// time.
    fn patience(&self, receiving: bool) -> std::time::Duration {
        let timeouts = &self.server.timeouts;
        let now = if receiving { timeouts.data } else { timeouts.command.saturating_sub(self.heard.elapsed()) };
        match &self.incoming {
            Some(incoming) => now.min(timeouts.letter.saturating_sub(incoming.begun.elapsed())),
            None => now,
        }
    }

    /// Adds octets to the letter; where there is no room for them it is lost.
    async fn keep(&mut self, octets: &[u8]) {
        let kept = match (&mut self.incoming, self.session.envelope()) {
            (Some(incoming), _) => incoming.octets.add(octets).await,
            (None, Some(envelope)) => match Box::pin(self.open(envelope)).await {
                Ok(mut incoming) => {
                    let added = incoming.octets.add(octets).await;
                    self.incoming = Some(Box::new(incoming));
                    added
                }
                Err(no_room) => Err(no_room),
            },
            (None, None) => Ok(()),
        };
        if let Err(no_room) = kept {
            self.session.refuse_letter(no_room_reply(&no_room));
            self.incoming = None;
        }
    }

    /// Begins a letter with the fields that we put in front of it.
    async fn open(&self, envelope: &Envelope) -> Result<Incoming, NoRoom> {
        let id = self.begun.as_ref().map_or_else(new_id, |begun| begun.id);
        let protocol = self.session.protocol(envelope.smtputf8);
        let front = self.keeper.front(self.visit(&protocol), envelope, id);
        // A client on a Unix socket hands on letters that others sent.
        let owner = match self.peer {
            Peer::Net(_) => Some(Owner::at(self.peer.ip())),
            Peer::Unix => None,
        };
        let mut octets = self.server.intake.open(owner);
        octets.add(front.as_bytes()).await?;
        Ok(Incoming { id, begun: Instant::now(), octets })
    }

    async fn deliver(&mut self, envelope: Envelope) -> Vec<Reply> {
        let incoming = match self.incoming.take() {
            Some(incoming) => Ok(*incoming),
            // A letter without a single octet.
            None => self.open(&envelope).await,
        };
        let whole = match incoming {
            Ok(incoming) => whole(incoming).await,
            Err(no_room) => Err(no_room),
        };
        // The share stays until the letter is in good hands.
        let (letter, _share) = match whole {
            Ok(whole) => whole,
            Err(no_room) => return self.not_kept(&envelope, &no_room),
        };
        let protocol = self.session.protocol(envelope.smtputf8);
        self.begun = None;
        let id = letter.id;
        let replies = self.keeper.letter(self.visit(&protocol), letter, envelope).await;
        if replies.iter().any(Reply::is_positive) {
            self.note_mended(id);
        }
        replies
    }

    /// The letter came whole and there is no room for it: told in its history, too.
    fn not_kept(&mut self, envelope: &Envelope, no_room: &NoRoom) -> Vec<Reply> {
        let reply = no_room_reply(no_room);
        self.refused(envelope, &reply);
        self.begun = None;
        self.to_each(envelope, reply)
    }

    /// Has it taken down that the letter was not as it must be.
    fn note_mended(&self, letter: LetterId) {
        let Mended { line_ends, nul } = self.session.mended();
        if line_ends > 0 || nul {
            let event = Event::Mended { line_ends, nul };
            self.server.witness.saw(Observation::Step(Box::new(trace::Step { letter, at: net::now(), event })));
        }
    }

    fn to_each(&self, envelope: &Envelope, reply: Reply) -> Vec<Reply> {
        vec![reply; if self.kind == Kind::Lmtp { envelope.recipients.len() } else { 1 }]
    }

    fn visit<'v>(&'v self, protocol: &'v str) -> Visit<'v> {
        Visit {
            peer: self.peer,
            hello: self.session.hello(),
            login: self.session.login(),
            return_path: self.begun.as_ref().map(|begun| &begun.return_path),
            recipients: self.session.recipients(),
            tls: self.tls.as_ref(),
            protocol,
        }
    }

    async fn find_out(&mut self, question: Question) -> Answer {
        let protocol = self.session.protocol(false);
        match question {
            // Before the body, which would come for nothing (RFC 5321 §4.3.2). Not taken down: that takes room too.
            Question::Sender(_) if !self.server.room.has_room() => Answer::Verdict(Verdict::Refuse(replies::no_room())),
            Question::Sender(mail) => {
                self.begun = Some(Box::new(Begun { id: new_id(), return_path: mail.return_path.clone() }));
                let verdict = self.keeper.sender(self.visit(&protocol), &mail).await;
                self.note(&verdict, Vec::new());
                Answer::Verdict(verdict)
            }
            Question::Recipient(to) => self.recipient(to, &protocol).await,
            Question::Login { mechanism, initial } => self.begin_login(&mechanism, initial.as_ref()).await,
            Question::LoginLine(line) => match self.login.take() {
                Some(mut exchange) => {
                    let step = exchange.line(line.reveal());
                    self.settle(exchange, step).await
                }
                None => Answer::LoginFailed(replies::our_fault()),
            },
        }
    }

    async fn recipient(&self, named: Address, protocol: &str) -> Answer {
        let (to, verdict) = match self.meant(&named).await {
            Ok(Some(to)) => {
                let verdict = self.keeper.recipient(self.visit(protocol), &to).await;
                (to, verdict)
            }
            Ok(None) => {
                let reply = Reply::new(550, (5, 1, 1), format!("nobody here is called {}", named.local()));
                (named, Verdict::Refuse(reply))
            }
            Err(fault) => {
                tracing::error!(%fault, to = %named, "a recipient cannot be looked up");
                (named, Verdict::Refuse(replies::our_fault()))
            }
        };
        self.note(&verdict, vec![to.clone()]);
        match verdict {
            Verdict::Accept => Answer::TakenFor(to),
            refused => Answer::Verdict(refused),
        }
    }

    /// Finds the address that a recipient means: if it names the IP address that the client has reached instead of a
    /// domain, one of our people (RFC 5321 §4.1.3), or nobody.
    async fn meant(&self, named: &Address) -> Result<Option<Address>, OurFault> {
        match (named.domain().literal_ip(), self.keeper.recipients()) {
            (Some(ip), Some(recipients)) if Some(ip) == self.local_ip => recipients.under_our_ip(named.local()).await,
            _ => Ok(Some(named.clone())),
        }
    }

    /// Has a refusal of the envelope taken down.
    fn note(&self, verdict: &Verdict, recipients: Vec<Address>) {
        if let Verdict::Refuse(reply) = verdict {
            let return_path = self.begun.as_ref().map_or(ReturnPath::Null, |begun| begun.return_path.clone());
            let recipients = recipients.into_iter().map(Recipient::from).collect();
            let body = BodyKind::SevenBit;
            let wishes = LetterWishes::default();
            self.refused(&Envelope { return_path, recipients, body, smtputf8: false, hold: None, wishes }, reply);
        }
    }

    /// Has it taken down that a letter, or the beginning of one, was refused.
    fn refused(&self, envelope: &Envelope, reply: &Reply) {
        // A transaction that was begun before and never ended is another letter.
        let begun = self.begun.as_ref().filter(|begun| begun.return_path == envelope.return_path);
        let id = begun.map_or_else(new_id, |begun| begun.id);
        let link = match self.kind {
            Kind::Reception => Link::Mta,
            Kind::Submission => Link::Msa,
            Kind::Lmtp => Link::Lmtp,
        };
        let visit = self.visit("");
        let arrival = Arrival::begun(link, envelope).over(&visit.wire());
        let arrival = match visit.login {
            Some(login) => arrival.written_by(login),
            None => arrival,
        };
        self.server.witness.saw(refusal(id, net::now(), arrival, reply));
    }

    async fn begin_login(&mut self, mechanism: &str, initial: Option<&Password>) -> Answer {
        let Some(mechanism) = Mechanism::parse(mechanism) else {
            return Answer::LoginFailed(replies::our_fault());
        };
        let mut exchange = Box::new(sasl::Exchange::new(mechanism, rand::random()));
        let step = exchange.begin(initial.map(Password::reveal));
        self.settle(exchange, step).await
    }

    async fn settle(&mut self, mut exchange: Box<sasl::Exchange>, step: sasl::Step) -> Answer {
        let Some(logins) = self.keeper.logins() else {
            return Answer::LoginFailed(replies::our_fault());
        };
        match sasl::settle(&mut exchange, step, logins, self.peer.ip()).await {
            Turn::Say(text) => {
                self.login = Some(exchange);
                Answer::Challenge(text)
            }
            Turn::Done(Ok(login)) => Answer::Welcome(login),
            Turn::Done(Err(refusal)) => {
                tracing::info!(peer = %self.peer, %refusal, "log-in refused");
                Answer::LoginFailed(refused(&refusal))
            }
        }
    }
}

/// The letter, its last line ended (chunks need not end with a line end; every letter in the server does), and its share of
/// the memory.
async fn whole(incoming: Incoming) -> Result<(Letter, Share), NoRoom> {
    let end: &[u8] = if incoming.octets.ends_line() { b"" } else { b"\r\n" };
    let (raw, share) = incoming.octets.finish(end).await?;
    Ok((Letter { id: incoming.id, raw }, share))
}

fn no_room_reply(no_room: &NoRoom) -> Reply {
    if let NoRoom::Disk(error) = no_room {
        tracing::error!(%error, "a letter on its way in cannot be kept");
    }
    replies::no_memory()
}

/// Returns the reply to a client that has to go: 421 is the only reply that may come unasked (RFC 5321 §3.8). In the
/// midst of a letter it says that the letter was not taken.
fn farewell(leave: stay::Leave) -> Reply {
    let why = match leave {
        stay::Leave::NewPassword => "your password was changed, log in with the new one",
        stay::Leave::SessionEnded => "your session was ended, log in again",
        stay::Leave::AccountGone => "your account is no longer here",
        stay::Leave::Dismissed => "the administrator has ended this conversation",
    };
    Reply::new(421, if leave.is_for_good() { (4, 7, 0) } else { (4, 3, 2) }, why)
}

fn new_id() -> LetterId {
    LetterId::from_random(rand::random())
}

async fn say(connection: &mut Connection, reply: &Reply) -> Result<(), Error> {
    connection.write(reply.encode().as_bytes()).await
}

/// RFC 4954 §4, §6
fn refused(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Wrong => Reply::new(535, (5, 7, 8), "wrong name or password"),
        Refusal::TooMany(_) | Refusal::Busy(_) => Reply::new(454, (4, 7, 0), refusal.to_string()),
        Refusal::Cancelled => Reply::new(501, (5, 7, 0), "the log-in was cancelled"),
        Refusal::Malformed(what) => Reply::new(501, (5, 5, 2), *what),
        Refusal::Fault(fault) => {
            tracing::error!(%fault, "log-ins cannot be checked");
            Reply::new(454, (4, 7, 0), "log-ins cannot be checked now, try again later")
        }
    }
}
