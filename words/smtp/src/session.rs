//! The server's side of a dialogue (RFC 5321 §3, §4; RFC 2033 for LMTP; RFC 6409 for submission).

mod patience;
mod receive;
pub mod replies;
mod settings;
mod verbs;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use mail::seam::{Login, Verdict};
use mail::{Address, Envelope, Password, Recipient, Reply};

use self::patience::Patience;
use self::receive::{Chunked, Incoming};
pub use self::settings::{Kind, Settings};
use crate::command::announces_octets;
use crate::{Command, MailFrom};

/// One dialogue. The caller shows it the input with [`Session::next`], carries out the step, forgets the used bytes,
/// and repeats. When the session asks a question, the caller finds the answer and calls [`Session::answer`].
#[derive(Debug)]
pub struct Session {
    settings: Arc<Settings>,
    tls: bool,
    hello: Option<Hello>,
    login: Option<Login>,
    stage: Stage,
    patience: Patience,
    /// The replies that go before anything else is read.
    waiting: VecDeque<Reply>,
    /// The octets of an overlong line that were skipped so far.
    skipping: Option<usize>,
    /// The letter that was refused here, without a question to anybody.
    refused: Option<Box<(Envelope, Reply)>>,
    /// The faults that were mended in the letter that was handed over last.
    mended: Mended,
}

/// The faults of a letter against the standards (RFC 5321 §2.3.8, RFC 5322 §2.3) that was taken all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mended {
    /// The number of bare LFs, bare CRs and CR CR LFs that became CRLF.
    pub line_ends: u64,
    /// True if it has NUL octets, which were kept.
    pub nul: bool,
}

/// The introduction of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Its own word, up to 255 printable characters: never to be trusted.
    pub name: String,
    /// True if the client used EHLO or LHLO.
    pub extended: bool,
}

/// The next thing that the owner of the dialogue has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The caller sends the waiting output, and comes back when more input has arrived.
    More,
    /// Send this reply (it may wait for company: RFC 2920), and come back.
    Say(Reply),
    /// Find this out and call [`Session::answer`].
    Ask(Question),
    /// These bytes of the input belong to the letter: keep them, and come back.
    Keep(Range<usize>),
    /// A CRLF belongs to the letter where the input has something else: the caller keeps one, and comes back.
    KeepLineEnd,
    /// The letter is complete. Hand it over and call [`Session::answer`] with [`Answer::Letter`].
    Deliver(Box<Envelope>),
    /// Send this, forget all input so far (RFC 3207 §4.2), do the handshake, and call [`Session::tls_started`].
    StartTls(Reply),
    /// Send this and close the connection.
    Close(Reply),
}

/// A question that only the owner of the dialogue can answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Question {
    /// Asks if this sender may write. The caller answers with a verdict.
    Sender(MailFrom),
    /// Asks if a letter is taken for this recipient. The caller answers with a verdict.
    Recipient(Address),
    /// A log-in begins.
    Login {
        /// A mechanism of the settings.
        mechanism: String,
        /// The initial response in base64; `=` stands for an empty one.
        initial: Option<Password>,
    },
    /// The next line of the log-in, in base64; `*` cancels.
    LoginLine(Password),
}

/// The owner's answer.
#[derive(Debug)]
pub enum Answer {
    /// The answer to [`Question::Sender`] and [`Question::Recipient`].
    Verdict(Verdict),
    /// The answer to [`Question::Recipient`]: a letter is taken, for this address, which the questioned one stands for.
    TakenFor(Address),
    /// The answer to [`Step::Deliver`]: one reply; for LMTP one for each recipient, in order.
    Letter(Vec<Reply>),
    /// The log-in goes on: this base64 text goes to the client.
    Challenge(String),
    /// The log-in succeeded.
    Welcome(Login),
    /// The log-in failed, and the client gets this reply.
    LoginFailed(Reply),
}

/// The stage of the dialogue.
#[derive(Debug)]
enum Stage {
    /// No letter is begun.
    Idle,
    /// MAIL was accepted.
    Draft(Draft),
    /// A question is open.
    Asked(Asked),
    /// A line of a log-in is due.
    LoginLine,
    /// The dialogue is behind DATA.
    Data(Incoming),
    /// The dialogue is within a chunk.
    Chunk(Envelope, Chunked),
    /// The dialogue is within a chunk that belongs to no letter.
    Stray(Chunked),
    /// The client has sent STARTTLS.
    TlsDue,
    /// The dialogue has ended.
    Closed,
}

/// A letter whose envelope is being written.
#[derive(Debug)]
struct Draft {
    envelope: Envelope,
    /// Its text has begun, in chunks.
    chunked: Option<Chunked>,
}

#[derive(Debug)]
enum Asked {
    Sender(MailFrom),
    Recipient(Draft, Recipient),
    Login,
    Letter,
}

/// RFC 5321 §4.5.3.1.4 asks for 512 octets; extensions add to it.
const MAX_LINE: usize = 2048;
/// RFC 4954 §4
const MAX_LOGIN_LINE: usize = 12_288;
/// A line may be this much too long before the client is taken for an attacker.
const MAX_SKIPPED: usize = 1024 * 1024;

/// The beginning of the input's first line, or all of it.
enum Line<'a> {
    Incomplete,
    TooLong,
    /// A line that LF alone ends.
    Bare(usize),
    Whole(usize, &'a [u8]),
}

impl Session {
    /// Makes a dialogue, inside TLS or not, and the greeting that it begins with.
    pub fn new(settings: Arc<Settings>, tls: bool) -> (Self, Reply) {
        let protocol = if settings.kind == Kind::Lmtp { "LMTP" } else { "ESMTP" };
        let greeting = Reply::plain(220, format!("{} {protocol} Facteur", settings.hostname));
        let session = Self {
            settings,
            tls,
            hello: None,
            login: None,
            stage: Stage::Idle,
            patience: Patience::default(),
            waiting: VecDeque::new(),
            skipping: None,
            refused: None,
            mended: Mended::default(),
        };
        (session, greeting)
    }

    /// Returns the client's introduction, if it has made one.
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Returns the person who has logged in.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Returns true while the bytes of an incoming letter are to be kept. If it is false, the caller forgets those it
    /// kept.
    pub fn keeps_letter(&self) -> bool {
        match &self.stage {
            Stage::Data(incoming) => incoming.is_kept(),
            Stage::Chunk(_, chunked) => chunked.is_kept(),
            Stage::Draft(draft) => draft.chunked.as_ref().is_some_and(Chunked::is_kept),
            Stage::Asked(Asked::Letter) => true,
            _ => false,
        }
    }

    /// Returns the envelope of the letter that is being begun or is coming in.
    pub fn envelope(&self) -> Option<&Envelope> {
        match &self.stage {
            Stage::Data(incoming) => Some(incoming.envelope()),
            Stage::Chunk(envelope, _) => Some(envelope),
            Stage::Draft(draft) => Some(&draft.envelope),
            _ => None,
        }
    }

    /// Returns the number of recipients that were taken for the letter that is being begun.
    pub fn recipients(&self) -> usize {
        let asked = match &self.stage {
            Stage::Asked(Asked::Recipient(draft, _)) => Some(&draft.envelope),
            _ => self.envelope(),
        };
        asked.map_or(0, |envelope| envelope.recipients.len())
    }

    /// Returns the letter that was refused since the last call without a question to anybody (too large, spoiled), and
    /// the reply to the client.
    pub fn take_refused(&mut self) -> Option<(Envelope, Reply)> {
        self.refused.take().map(|refused| *refused)
    }

    /// Returns the faults that were mended in the letter of the last [`Step::Deliver`].
    pub fn mended(&self) -> Mended {
        self.mended
    }

    /// Returns true if the client is in the middle of sending a letter. (It must then not be interrupted, and has more
    /// time.)
    pub fn is_receiving(&self) -> bool {
        matches!(self.stage, Stage::Data(_) | Stage::Chunk(..))
    }

    /// Returns the word behind `with` in a Received field (RFC 3848, RFC 6531 §4.3).
    pub fn protocol(&self, smtputf8: bool) -> String {
        let extended = self.hello.as_ref().is_some_and(|hello| hello.extended);
        let name = match (self.settings.kind, smtputf8, extended) {
            (Kind::Lmtp, true, _) => "UTF8LMTP",
            (Kind::Lmtp, false, _) => "LMTP",
            (_, true, _) => "UTF8SMTP",
            (_, false, true) => "ESMTP",
            (_, false, false) => return "SMTP".to_owned(),
        };
        let tls = if self.tls { "S" } else { "" };
        let login = if self.login.is_some() { "A" } else { "" };
        format!("{name}{tls}{login}")
    }

    /// Looks at the input that was not used yet: returns the number of bytes dealt with, and the step.
    pub fn next(&mut self, input: &[u8]) -> (usize, Step) {
        let mut used = 0;
        loop {
            let (more, step) = self.look(&input[used..]);
            let before = used;
            used += more;
            match step {
                Step::Keep(piece) => return (used, Step::Keep(before + piece.start..before + piece.end)),
                Step::More if more > 0 && used < input.len() => {}
                step => return (used, step),
            }
        }
    }

    fn look(&mut self, input: &[u8]) -> (usize, Step) {
        if let Some(reply) = self.waiting.pop_front() {
            return (0, Step::Say(reply));
        }
        match &self.stage {
            Stage::Data(_) => self.letter(input),
            Stage::Chunk(..) => self.chunk(input),
            Stage::Stray(_) => self.stray(input),
            Stage::Asked(_) | Stage::TlsDue => (0, Step::More),
            Stage::Closed => (input.len(), Step::More),
            Stage::Idle | Stage::Draft(_) | Stage::LoginLine => self.line(input),
        }
    }

    /// Takes the answer to its question.
    pub fn answer(&mut self, answer: Answer) -> Step {
        match (std::mem::replace(&mut self.stage, Stage::Idle), answer) {
            (Stage::Asked(Asked::Sender(mail)), Answer::Verdict(Verdict::Accept)) => self.begin_letter(mail),
            (Stage::Asked(Asked::Sender(_)), Answer::Verdict(Verdict::Refuse(reply))) => self.refuse(reply),
            (Stage::Asked(Asked::Recipient(draft, recipient)), Answer::Verdict(Verdict::Accept)) => {
                self.recipient_taken(draft, recipient)
            }
            (Stage::Asked(Asked::Recipient(draft, recipient)), Answer::TakenFor(address)) => {
                self.recipient_taken(draft, Recipient { address, ..recipient })
            }
            (Stage::Asked(Asked::Recipient(draft, _)), Answer::Verdict(Verdict::Refuse(reply))) => {
                self.stage = Stage::Draft(draft);
                self.refuse(reply)
            }
            (Stage::Asked(Asked::Letter), Answer::Letter(replies)) => {
                self.patience.letter();
                self.say_all(replies)
            }
            (Stage::Asked(Asked::Login), answer) => self.login_answer(answer),
            (stage, _) => {
                // The owner answered a question that was not asked: nothing is lost by going on.
                self.stage = stage;
                Step::More
            }
        }
    }

    /// Refuses the letter that is coming in: its rest is thrown away, and the client gets this reply at its end.
    pub fn refuse_letter(&mut self, reply: Reply) {
        match &mut self.stage {
            Stage::Data(incoming) => incoming.lose(reply),
            Stage::Chunk(_, chunked) => chunked.lose(reply),
            Stage::Draft(Draft { chunked: Some(chunked), .. }) => chunked.lose(reply),
            _ => {}
        }
    }

    /// Begins anew after the handshake: all earlier commands are forgotten (RFC 3207 §4.2).
    pub fn tls_started(&mut self) {
        self.tls = true;
        self.hello = None;
        self.login = None;
        self.stage = Stage::Idle;
        self.waiting.clear();
    }

    fn login_answer(&mut self, answer: Answer) -> Step {
        match answer {
            Answer::Challenge(text) => {
                self.stage = Stage::LoginLine;
                Step::Say(Reply::plain(334, text))
            }
            Answer::Welcome(login) => {
                self.login = Some(login);
                Step::Say(Reply::new(235, (2, 7, 0), "welcome"))
            }
            Answer::LoginFailed(_) if self.patience.failed_login() => {
                self.close(Reply::new(421, (4, 7, 0), "too many failed log-ins, goodbye"))
            }
            Answer::LoginFailed(reply) => Step::Say(reply),
            Answer::Verdict(_) | Answer::TakenFor(_) | Answer::Letter(_) => Step::More,
        }
    }

    fn line(&mut self, input: &[u8]) -> (usize, Step) {
        if let Some(skipped) = self.skipping {
            return self.skip_line(input, skipped);
        }
        // A TLS hello has no line end: it is answered immediately, or both sides wait for each other.
        if input.starts_with(&[0x16, 3]) && !self.tls {
            let reply = Reply::new(500, (5, 5, 1), "this is TLS where none was begun: say STARTTLS first");
            return (input.len(), self.close(reply));
        }
        match self.cut_line(input) {
            Line::Incomplete => (0, Step::More),
            Line::TooLong if announces_octets(input) => (input.len(), self.close(replies::line_too_long())),
            Line::TooLong => {
                self.skipping = Some(0);
                self.skip_line(input, 0)
            }
            Line::Bare(used) => {
                let in_login = self.leave_login();
                let line = if in_login { &[] } else { &input[..used] };
                (used, self.not_obeyed(line, replies::bare_line_feed()))
            }
            Line::Whole(used, line) => match self.whole_line(line) {
                // An attacker in between may have put octets in clear behind STARTTLS.
                step @ Step::StartTls(_) => (input.len(), step),
                step => (used, step),
            },
        }
    }

    fn cut_line<'a>(&self, input: &'a [u8]) -> Line<'a> {
        let login = matches!(self.stage, Stage::LoginLine)
            || input.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        let most = if login { MAX_LOGIN_LINE } else { MAX_LINE };
        match memchr::memchr(b'\n', &input[..input.len().min(most)]) {
            None if input.len() >= most => Line::TooLong,
            None => Line::Incomplete,
            Some(0) => Line::Bare(1),
            Some(at) if input[at - 1] != b'\r' => Line::Bare(at + 1),
            Some(at) => Line::Whole(at + 1, &input[..at - 1]),
        }
    }

    fn skip_line(&mut self, input: &[u8], skipped: usize) -> (usize, Step) {
        if let Some(at) = memchr::memchr(b'\n', input) {
            self.skipping = None;
            let in_login = self.leave_login();
            let reply = if in_login { replies::auth_line_too_long() } else { replies::line_too_long() };
            return (at + 1, self.mistake(reply));
        }
        let skipped = skipped + input.len();
        self.skipping = Some(skipped);
        if skipped > MAX_SKIPPED {
            return (input.len(), self.close(replies::too_many_errors()));
        }
        (input.len(), Step::More)
    }

    fn leave_login(&mut self) -> bool {
        let in_login = matches!(self.stage, Stage::LoginLine);
        if in_login {
            self.stage = Stage::Idle;
        }
        in_login
    }

    fn whole_line(&mut self, line: &[u8]) -> Step {
        if self.leave_login() {
            self.stage = Stage::Asked(Asked::Login);
            return Step::Ask(Question::LoginLine(Password::new(String::from_utf8_lossy(line).into_owned())));
        }
        if is_http(line) {
            return self.close(Reply::new(500, (5, 5, 1), "this is no web server, goodbye"));
        }
        match Command::parse(line) {
            Ok(command) => self.obey(command, line.is_ascii()),
            Err(error) => self.not_obeyed(line, replies::bad_command(&error)),
        }
    }

    /// Answers a line that is no command. If nobody can say how many of the octets behind it are no commands either,
    /// the dialogue ends: the author of the letter may have chosen some of them (RFC 3030 §2).
    fn not_obeyed(&mut self, line: &[u8], reply: Reply) -> Step {
        if announces_octets(line) { self.close(reply) } else { self.mistake(reply) }
    }

    fn recipient_taken(&mut self, mut draft: Draft, recipient: Recipient) -> Step {
        self.add_recipient(&mut draft, recipient);
        self.stage = Stage::Draft(draft);
        Step::Say(Reply::new(250, (2, 1, 5), "recipient taken"))
    }

    /// A recipient who is named twice gets one letter; LMTP wants two replies, so there both are kept (RFC 2033 §4.2).
    fn add_recipient(&self, draft: &mut Draft, recipient: Recipient) {
        let recipients = &mut draft.envelope.recipients;
        let is_known = recipients.iter().any(|known| known.address == recipient.address);
        if self.settings.kind == Kind::Lmtp || !is_known {
            recipients.push(recipient);
        }
    }

    /// Refuses a sender or a recipient, which is no mistake of the dialogue. A server in front of us passes on the
    /// letters of others, on one connection for days: it is no harvester.
    fn refuse(&mut self, reply: Reply) -> Step {
        if self.settings.kind != Kind::Lmtp && reply.is_permanent() && self.patience.stranger() {
            return self.close(replies::too_many_errors());
        }
        Step::Say(reply)
    }

    fn mistake(&mut self, reply: Reply) -> Step {
        if self.patience.mistake() { self.close(replies::too_many_errors()) } else { Step::Say(reply) }
    }

    fn idle(&mut self, reply: Reply) -> Step {
        if self.patience.idle() { self.close(replies::too_many_errors()) } else { Step::Say(reply) }
    }

    fn close(&mut self, reply: Reply) -> Step {
        self.stage = Stage::Closed;
        Step::Close(reply)
    }

    /// Sends one reply about a letter; with LMTP one for each recipient (RFC 2033 §4.2).
    fn say_letter_replies(&mut self, envelope: &Envelope, reply: Reply) -> Step {
        self.note_refused(envelope, &reply);
        let count = if self.settings.kind == Kind::Lmtp { envelope.recipients.len() } else { 1 };
        self.say_all(vec![reply; count.max(1)])
    }

    fn note_refused(&mut self, envelope: &Envelope, reply: &Reply) {
        self.refused = Some(Box::new((envelope.clone(), reply.clone())));
    }

    fn say_all(&mut self, replies: Vec<Reply>) -> Step {
        self.waiting.extend(replies);
        Step::Say(self.waiting.pop_front().unwrap_or_else(replies::our_fault))
    }
}

/// Returns true for a line of HTTP: a web page can make a browser send a form to any port, with commands of SMTP in its
/// body.
fn is_http(line: &[u8]) -> bool {
    [&b"GET "[..], b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"CONNECT "].iter().any(|verb| line.starts_with(verb))
}
