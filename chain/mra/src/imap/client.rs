//! The conversation with an IMAP server: commands out, responses in.

use std::time::Duration;

use bytes::Bytes;
use mail::Password;
use net::Connection;
use tokio::time::Instant;

use super::assemble::{Assembler, Bounds, Malformed};
use super::code::Code;
use super::response::{Response, Status, capabilities};
use crate::credential::Credential;
use crate::endpoint::{Endpoint, Security};
use crate::pace::Pace;
use crate::{Fault, login};

/// Text of one answer: SEARCH names every letter of a folder in one line, in its old form.
const MOST_TEXT: usize = 16 << 20;
/// Untagged responses that one command may have, where they are collected.
const MOST_UNTAGGED: usize = 20_000;
/// Responses between the ends of two commands: meanwhile the flags of each letter of a large folder may change.
const MOST_BETWEEN: usize = 1_000_000;
/// An answer that comes slower than so many octets a second does not come.
const SLOWEST: u64 = 256;

/// Alerts of one connection, and the characters of one.
const MOST_ALERTS: usize = 20;
const MOST_ALERT: usize = 500;

/// The reason why the conversation is over.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The connection broke, or the server is silent.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The server sent something that no server may send.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The server ended it.
    #[error("the server ended the conversation: {text}")]
    Bye {
        /// The reason, for programs.
        code: Option<Code>,
        /// The reason, for people.
        text: String,
    },
    /// The server answered something else than the question.
    #[error("the server answered {0}")]
    Unexpected(String),
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Net(why) => Self::Cut(why.to_string()),
            Lost::Bye { code, text } => {
                let throttled = code.is_some_and(|code| code.is_throttling()) || login::sounds_crowded(&text);
                if throttled { Self::Throttled { said: text, pause: None } } else { Self::Cut(text) }
            }
            wrong => Self::Server(wrong.to_string()),
        }
    }
}

/// The answer to a command.
#[derive(Clone, Debug)]
pub struct Answer {
    /// OK, NO or BAD.
    pub status: Status,
    /// The code, for programs.
    pub code: Option<Code>,
    /// The text, for people.
    pub text: String,
    /// The responses that came before it.
    pub untagged: Vec<Response>,
}

impl Answer {
    /// Returns true if the command succeeded.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// The answer, unless the command failed: then what that means for the fetch. A server that asks for less means
    /// everybody; any other refusal, behind the log-in, is about what was asked for.
    pub fn must(self, doing: &str) -> Result<Self, Fault> {
        if self.is_ok() {
            return Ok(self);
        }
        let throttled = self.code.as_ref().is_some_and(Code::is_throttling) || login::sounds_crowded(&self.text);
        let said = format!("{doing}: {}", self.said());
        Err(if throttled { Fault::Throttled { said, pause: None } } else { Fault::Server(said) })
    }

    /// Returns the fault that the refusal of a log-in means.
    fn refusal(&self) -> Fault {
        let said = format!("log-in: {}", self.said());
        match &self.code {
            Some(code) if code.is_refusal() => Fault::Refused(said),
            Some(code) if code.is_throttling() || code.is_illness() => Fault::Throttled { said, pause: None },
            _ if login::sounds_throttled(&self.text) => Fault::Throttled { said, pause: None },
            _ => Fault::Refused(said),
        }
    }

    /// Returns the words of the server, with its code if it has one.
    pub fn said(&self) -> String {
        match &self.code {
            Some(code) => format!("[{}] {}", code.name, self.text),
            None if self.text.is_empty() => "the server refuses without a word".to_owned(),
            None => self.text.clone(),
        }
    }

    /// The number of a response code that came with or before the end.
    pub fn code(&self, name: &str) -> Option<u32> {
        let untagged = self.untagged.iter().filter_map(|response| match response {
            Response::Status { code, .. } => code.as_ref(),
            _ => None,
        });
        self.code.iter().chain(untagged).find(|code| code.name == name)?.number()
    }
}

/// The facts that the server told unasked about the folder that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The last EXISTS.
    pub exists: u32,
    /// Something came or went since [`Client::look`].
    pub changed: bool,
    /// A letter went since [`Client::forget_log`].
    pub shrunk: bool,
}

/// A conversation, logged in.
pub struct Client {
    line: Connection,
    assembler: Assembler,
    pace: Pace,
    answer_wait: Duration,
    tags: u32,
    capabilities: Vec<String>,
    log: Log,
    octets: u64,
    /// Responses since a command ended.
    between: usize,
    /// IDLE was begun, and DONE was not said.
    idling: bool,
    /// Nothing more can be said or heard.
    lost: bool,
    /// The texts that people must see, each once.
    alerts: Vec<String>,
}

impl Client {
    /// Connects, turns TLS on, and logs in as `user`. Letters larger than `largest` octets will be passed over.
    pub async fn open(endpoint: &Endpoint, user: &str, credential: &Credential, largest: u64) -> Result<Self, Fault> {
        let mut client = Self::inside_tls(endpoint, largest).await?;
        if client.capabilities.is_empty() {
            client.ask_capabilities().await?;
        }
        client.log_in(endpoint, user, credential).await?;
        Ok(client)
    }

    /// Connects and turns TLS on, and says no name and no password.
    pub async fn knock(endpoint: &Endpoint) -> Result<(), Fault> {
        Self::inside_tls(endpoint, 0).await?.close().await;
        Ok(())
    }

    async fn inside_tls(endpoint: &Endpoint, largest: u64) -> Result<Self, Fault> {
        let line = endpoint.connect().await?;
        let client = endpoint.greeted(Self::greet(endpoint, line, largest)).await?;
        if endpoint.security == Security::StartTls { client.start_tls(endpoint, largest).await } else { Ok(client) }
    }

    async fn greet(endpoint: &Endpoint, line: Connection, largest: u64) -> Result<Self, Fault> {
        let mut client = Self::over(line, endpoint, largest);
        match client.next().await? {
            Response::Status { tag: None, status: Status::Ok | Status::Preauth, code, .. } => {
                client.learn(code.as_ref());
                Ok(client)
            }
            other => Err(Lost::Unexpected(format!("no greeting but {other:?}")).into()),
        }
    }

    fn over(line: Connection, endpoint: &Endpoint, largest: u64) -> Self {
        let bounds = Bounds { text: MOST_TEXT, literal: largest, literals: 64 };
        Self {
            line,
            assembler: Assembler::new(bounds),
            pace: endpoint.pace.clone(),
            answer_wait: endpoint.waits.answer,
            tags: 0,
            capabilities: Vec::new(),
            log: Log::default(),
            octets: 0,
            between: 0,
            idling: false,
            lost: false,
            alerts: Vec::new(),
        }
    }

    async fn start_tls(mut self, endpoint: &Endpoint, largest: u64) -> Result<Self, Fault> {
        let answer = self.ask("STARTTLS").await?;
        if !answer.is_ok() {
            return Err(Fault::Untrusted(format!("{} offers no TLS: {}", endpoint.host, answer.text)));
        }
        // The client forgets all that was said in clear, the capabilities above all (RFC 9051 §6.2.1).
        let line = endpoint.secure(self.line).await?;
        Ok(Self::over(line, endpoint, largest))
    }

    async fn ask_capabilities(&mut self) -> Result<(), Fault> {
        let answer = self.ask("CAPABILITY").await?.must("CAPABILITY")?;
        self.learn(answer.code.as_ref());
        Ok(())
    }

    fn learn(&mut self, code: Option<&Code>) {
        if let Some(code) = code.filter(|code| code.name == "CAPABILITY") {
            self.capabilities = capabilities(&code.rest);
        }
    }

    /// Returns true if the server offers this capability.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|own| own.eq_ignore_ascii_case(capability))
    }

    /// Octets that came so far.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Returns what the server told unasked, and forgets that it changed.
    pub fn look(&mut self) -> Log {
        let log = self.log;
        self.log.changed = false;
        log
    }

    /// Forgets the facts about the folder that was open before.
    pub fn forget_log(&mut self) {
        self.log = Log::default();
    }

    async fn log_in(&mut self, endpoint: &Endpoint, user: &str, credential: &Credential) -> Result<(), Fault> {
        let offered: Vec<String> =
            self.capabilities.iter().filter_map(|own| own.strip_prefix("AUTH=")).map(str::to_owned).collect();
        let answer = match login::Exchange::begin(endpoint, user, credential, &offered) {
            Some(exchange) => self.authenticate(exchange).await?,
            None => match credential {
                Credential::Password(password) if !self.can("LOGINDISABLED") => self.login(user, password).await?,
                _ => return Err(Fault::Refused("the server offers no way to log in that we know".to_owned())),
            },
        };
        if !answer.is_ok() {
            return Err(answer.refusal());
        }
        self.capabilities.clear();
        self.learn(answer.code.as_ref());
        for told in &answer.untagged {
            if let Response::Capability(own) = told {
                self.capabilities.clone_from(own);
            }
        }
        if self.capabilities.is_empty() {
            self.ask_capabilities().await?;
        }
        Ok(())
    }

    async fn authenticate(&mut self, mut exchange: login::Exchange) -> Result<Answer, Fault> {
        let tag = self.tag();
        let mut initial = exchange.initial();
        let mut command = format!("{tag} AUTHENTICATE {}", exchange.name());
        if self.can("SASL-IR")
            && let Some(first) = initial.take()
        {
            command.push(' ');
            command.push_str(if first.reveal().is_empty() { "=" } else { first.reveal() });
        }
        self.write(Password::new(command + "\r\n")).await?;
        let mut challenges = login::Challenges::default();
        loop {
            match self.next().await? {
                Response::Continue(challenge) => {
                    challenges.count()?;
                    let line;
                    (exchange, line) = match initial.take() {
                        Some(first) => (exchange, first),
                        None => exchange.answer(challenge).await?,
                    };
                    self.write(Password::new(format!("{}\r\n", line.reveal()))).await?;
                }
                Response::Status { tag: Some(ended), status, code, text } if ended == tag => {
                    let text = exchange.refusal().unwrap_or(text);
                    if status == Status::Ok {
                        exchange.finish()?;
                    }
                    return Ok(Answer { status, code, text, untagged: Vec::new() });
                }
                Response::Capability(own) => self.capabilities = own,
                _ => {}
            }
        }
    }

    /// LOGIN with both as literals where they are more than plain text.
    async fn login(&mut self, user: &str, password: &Password) -> Result<Answer, Fault> {
        let tag = self.tag();
        self.put(format!("{tag} LOGIN ").as_bytes()).await?;
        for (word, end) in [(user, " "), (password.reveal(), "\r\n")] {
            match quoted(word) {
                Some(quoted) => self.write(quoted).await?,
                None => {
                    self.put(format!("{{{}}}\r\n", word.len()).as_bytes()).await?;
                    match self.next().await? {
                        Response::Continue(_) => self.put(word.as_bytes()).await?,
                        other => return Err(Lost::Unexpected(format!("{other:?}")).into()),
                    }
                }
            }
            self.put(end.as_bytes()).await?;
        }
        self.answer_to(&tag).await.map_err(Fault::from)
    }

    async fn write(&mut self, secret: Password) -> Result<(), Lost> {
        self.put(secret.reveal().as_bytes()).await
    }

    async fn put(&mut self, octets: &[u8]) -> Result<(), Lost> {
        let put = self.line.write(octets).await;
        self.lost |= put.is_err();
        Ok(put?)
    }

    /// Returns true if the conversation is over, so that only another connection can go on.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Returns the texts that the server wants people to see, as far as they have not been taken before.
    pub fn take_alerts(&mut self) -> Vec<String> {
        std::mem::take(&mut self.alerts)
    }

    fn tag(&mut self) -> String {
        self.tags = self.tags.wrapping_add(1);
        format!("f{}", self.tags)
    }

    // Commands.

    /// Puts a command on its way, behind those that are there already, and gives its tag.
    pub async fn start(&mut self, command: &str) -> Result<String, Lost> {
        let tag = self.tag();
        self.put(format!("{tag} {command}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    /// Sends a command and collects the answers.
    pub async fn ask(&mut self, command: &str) -> Result<Answer, Lost> {
        let tag = self.start(command).await?;
        self.answer_to(&tag).await
    }

    async fn answer_to(&mut self, tag: &str) -> Result<Answer, Lost> {
        let mut untagged = Vec::new();
        loop {
            match self.next().await? {
                Response::Status { tag: Some(ended), status, code, text } if ended == tag => {
                    return Ok(Answer { status, code, text, untagged });
                }
                Response::Other | Response::Continue(_) => {}
                told if untagged.len() < MOST_UNTAGGED => untagged.push(told),
                _ => {
                    self.lost = true;
                    return Err(Lost::Unexpected("more than anybody can read".to_owned()));
                }
            }
        }
    }

    /// The next response, whatever it is. BYE ends the conversation. Can be dropped while it waits.
    pub async fn next(&mut self) -> Result<Response, Lost> {
        let next = self.hear().await;
        self.lost |= next.is_err();
        next
    }

    async fn hear(&mut self) -> Result<Response, Lost> {
        let (begun, before) = (Instant::now(), self.octets);
        loop {
            let (took, whole) = self.assembler.take(self.line.buffered())?;
            self.line.consume(took);
            if let Some(raw) = whole {
                let response = Response::read(&raw);
                self.count(&response)?;
                self.notice(&response)?;
                return Ok(response);
            }
            let patience = self.answer_wait + Duration::from_secs((self.octets - before) / SLOWEST);
            if begun.elapsed() > patience {
                return Err(net::Error::TimedOut.into());
            }
            let count = self.line.fill().await?;
            self.octets += count as u64;
            self.pace.took(count).await;
        }
    }

    /// A server that talks without end must not keep us listening.
    fn count(&mut self, response: &Response) -> Result<(), Lost> {
        let is_end = matches!(response, Response::Status { tag: Some(_), .. });
        self.between = if is_end { 0 } else { self.between + 1 };
        if self.between > MOST_BETWEEN {
            return Err(Lost::Unexpected("more than anybody asked for".to_owned()));
        }
        Ok(())
    }

    fn notice(&mut self, response: &Response) -> Result<(), Lost> {
        match response {
            Response::Exists(count) => self.log = Log { exists: *count, changed: true, ..self.log },
            Response::Expunge | Response::Vanished => self.log = Log { changed: true, shrunk: true, ..self.log },
            Response::Capability(own) => self.capabilities.clone_from(own),
            Response::Status { tag: None, status: Status::Bye, code, text } => {
                return Err(Lost::Bye { code: code.clone(), text: text.clone() });
            }
            Response::Status { code: Some(code), text, .. } if code.name == "ALERT" => self.keep_alert(text),
            _ => {}
        }
        Ok(())
    }

    /// RFC 9051 §7.1: people must see it. Some servers say the same with every answer.
    fn keep_alert(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| !c.is_control()).take(MOST_ALERT).collect();
        if self.alerts.len() < MOST_ALERTS && !self.alerts.contains(&text) {
            self.alerts.push(text);
        }
    }

    /// Waits until something happens in the folder that is open (RFC 2177), at most for `most`. Returns whether
    /// something did.
    pub async fn idle(&mut self, most: Duration) -> Result<bool, Lost> {
        self.idling = true;
        let tag = self.start("IDLE").await?;
        loop {
            match self.next().await? {
                Response::Continue(_) => break,
                Response::Status { tag: Some(ended), text, .. } if ended == tag => return Err(Lost::Unexpected(text)),
                _ => {}
            }
        }
        let deadline = Instant::now() + most;
        while !self.log.changed {
            // IDLE is about servers that are silent for long: the wait itself is the limit.
            match tokio::time::timeout_at(deadline, self.line.heard()).await {
                Err(_) => break,
                Ok(heard) => heard?,
            }
            self.next().await?;
        }
        self.put(b"DONE\r\n").await?;
        self.idling = false;
        self.answer_to(&tag).await?;
        Ok(self.log.changed)
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        // An IDLE that was broken off: the server takes no LOGOUT in it.
        if self.idling && self.line.write(b"DONE\r\n").await.is_err() {
            return;
        }
        if self.start("LOGOUT").await.is_ok() {
            let goodbye = async { while self.next().await.is_ok() {} };
            let _ = tokio::time::timeout(Duration::from_secs(5), goodbye).await;
        }
        self.line.close().await;
    }
}

/// A quoted string, if the text can be one (RFC 9051 §9: no NUL, CR, LF; ASCII for old servers).
fn quoted(text: &str) -> Option<Password> {
    let plain = text.is_ascii() && !text.bytes().any(|b| matches!(b, 0 | b'\r' | b'\n'));
    plain.then(|| Password::new(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))))
}

/// A folder's name as the server wrote it, for a command.
pub(crate) fn folder_argument(raw_name: &Bytes) -> Option<String> {
    quoted(std::str::from_utf8(raw_name).ok()?).map(|quoted| quoted.reveal().to_owned())
}
