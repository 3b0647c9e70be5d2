//! An SMTP server that does as its script says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use net::{Connection, ServerTls, Stream};
use tokio::net::TcpListener;

/// The command that the server is about to answer.
pub struct Turn<'a> {
    /// Number of the connection, from 1.
    pub connection: usize,
    /// The command, `GREETING`, or `DOT` after a letter; with LMTP `DOT` and the RCPT command, once for each.
    pub said: &'a str,
}

/// The act of the server then.
pub enum Act {
    /// Answers so.
    Say(String),
    /// Closes the connection.
    Close,
    /// Answers so, then closes.
    SayAndClose(String),
    /// Says nothing any more.
    Silence,
    /// Begins a reply that never ends.
    Endless,
}

pub fn say(text: &str) -> Option<Act> {
    Some(Act::Say(text.to_owned()))
}

/// A letter that was acknowledged or not, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    pub connection: usize,
    pub mail: String,
    pub rcpt: Vec<String>,
    pub data: String,
    pub tls: bool,
    pub acknowledged: bool,
}

type Script = dyn Fn(Turn<'_>) -> Option<Act> + Send + Sync;

pub struct Server {
    pub address: SocketAddr,
    letters: Arc<Mutex<Vec<Arrived>>>,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    script: Arc<Script>,
    letters: Arc<Mutex<Vec<Arrived>>>,
    tls: Option<ServerTls>,
}

pub const OFFERS: &str = "250-mx.beta.test\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250-SMTPUTF8\r\n250 8BITMIME";

impl Server {
    /// Starts a server on a port of 127.0.0.1. If the script says nothing, it does what a good server does.
    pub async fn start(script: impl Fn(Turn<'_>) -> Option<Act> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", None, script).await
    }

    pub async fn start_at(
        at: &str,
        tls: Option<ServerTls>,
        script: impl Fn(Turn<'_>) -> Option<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let shared = Shared { script: Arc::new(script), letters: letters.clone(), tls };
        let counter = connections.clone();
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
                let connection = Connection::new(Stream::plain(socket).unwrap());
                tokio::spawn(converse(number, connection, shared.clone()));
            }
        });
        Self { address, letters, connections, task }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Letters it has acknowledged.
    pub fn taken(&self) -> Vec<Arrived> {
        self.letters.lock().unwrap().iter().filter(|letter| letter.acknowledged).cloned().collect()
    }

    /// Returns how many letters it has acknowledged.
    pub fn count(&self) -> usize {
        self.letters.lock().unwrap().iter().filter(|letter| letter.acknowledged).count()
    }

    /// All letters it has seen to their end.
    pub fn seen(&self) -> Vec<Arrived> {
        self.letters.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(number: usize, connection: Connection, shared: Shared) {
    let mut talk = Talk { number, connection, shared, mail: String::new(), rcpt: Vec::new(), lmtp: false };
    let _ = talk.run().await;
}

struct Talk {
    number: usize,
    connection: Connection,
    shared: Shared,
    mail: String,
    rcpt: Vec<String>,
    /// The client has said LHLO (RFC 2033).
    lmtp: bool,
}

enum End {
    Over,
}

impl From<net::Error> for End {
    fn from(_: net::Error) -> Self {
        Self::Over
    }
}

impl Talk {
    async fn run(&mut self) -> Result<(), End> {
        self.turn("GREETING", "220 mx.beta.test").await?;
        loop {
            let line = self.connection.line(4096).await?;
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.command(&line).await?;
        }
    }

    async fn command(&mut self, line: &str) -> Result<(), End> {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => drop(self.turn(line, OFFERS).await?),
            "LHLO" => {
                self.lmtp = true;
                self.turn(line, OFFERS).await?;
            }
            "MAIL" => {
                if self.turn(line, "250 2.1.0 ok").await?.starts_with('2') {
                    self.mail = line.to_owned();
                    self.rcpt.clear();
                }
            }
            "RCPT" => {
                let usual = if self.mail.is_empty() { "503 no MAIL" } else { "250 2.1.5 ok" };
                if self.turn(line, usual).await?.starts_with('2') {
                    self.rcpt.push(line.to_owned());
                }
            }
            "DATA" => {
                let usual = if self.rcpt.is_empty() { "554 5.5.1 no valid recipients" } else { "354 go on" };
                if self.turn(line, usual).await?.starts_with('3') {
                    self.letter().await?;
                }
            }
            "STARTTLS" => self.start_tls(line).await?,
            "QUIT" => {
                self.turn(line, "221 bye").await?;
                self.connection.flush().await?;
                return Err(End::Over);
            }
            _ => drop(self.turn(line, "250 2.0.0 ok").await?),
        }
        Ok(())
    }

    async fn letter(&mut self) -> Result<(), End> {
        let mut data = String::new();
        loop {
            let line = self.connection.line(1_000_000).await?;
            let line = String::from_utf8_lossy(&line).into_owned();
            if line == ".\r\n" {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
        let place = self.arrived(data);
        if self.lmtp {
            for rcpt in self.rcpt.clone() {
                let said = self.turn(&format!("DOT {rcpt}"), "250 2.0.0 taken").await?;
                self.shared.letters.lock().unwrap()[place].acknowledged |= said.starts_with('2');
                self.connection.flush().await?;
            }
        } else {
            let said = self.turn("DOT", "250 2.0.0 taken").await?;
            self.shared.letters.lock().unwrap()[place].acknowledged = said.starts_with('2');
        }
        self.connection.flush().await?;
        self.mail.clear();
        Ok(())
    }

    fn arrived(&self, data: String) -> usize {
        let mut letters = self.shared.letters.lock().unwrap();
        letters.push(Arrived {
            connection: self.number,
            mail: self.mail.clone(),
            rcpt: self.rcpt.clone(),
            data,
            tls: self.connection.is_tls(),
            acknowledged: false,
        });
        letters.len() - 1
    }

    async fn start_tls(&mut self, line: &str) -> Result<(), End> {
        let said = self.turn(line, "220 go on").await?;
        let Some(tls) = self.shared.tls.clone() else { return Ok(()) };
        if said.starts_with('2') {
            self.connection.flush().await?;
            let plain = take_socket(&mut self.connection).await;
            self.connection = plain.start_tls_server(&tls).await?;
        }
        Ok(())
    }

    /// Does what the script says, or answers `usual`; gives the answer.
    async fn turn(&mut self, said: &str, usual: &str) -> Result<String, End> {
        let act = (self.shared.script)(Turn { connection: self.number, said });
        match act.unwrap_or_else(|| Act::Say(usual.to_owned())) {
            Act::Say(text) => {
                self.write(&text).await?;
                Ok(text)
            }
            Act::Close => Err(End::Over),
            Act::SayAndClose(text) => {
                self.write(&text).await?;
                self.connection.flush().await?;
                Err(End::Over)
            }
            Act::Silence => {
                self.connection.flush().await?;
                // time passes: the peer is slow
                tokio::time::sleep(Duration::from_secs(60)).await;
                Err(End::Over)
            }
            Act::Endless => loop {
                self.write("250-and so on").await?;
                self.connection.flush().await?;
            },
        }
    }

    async fn write(&mut self, text: &str) -> Result<(), End> {
        self.connection.write(text.as_bytes()).await?;
        self.connection.write(b"\r\n").await?;
        Ok(())
    }
}

/// `start_tls_server` consumes the connection; a dead one takes its place for a moment.
async fn take_socket(connection: &mut Connection) -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    std::mem::replace(connection, Connection::new(Stream::plain(dead).unwrap()))
}
