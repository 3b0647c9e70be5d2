//! A POP3 server as providers had them in 1998, made for the tests: no UIDL, no TOP, no CAPA unless it is told to have
//! them; one client at a time, and not too often.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::tls::{Certificate, Encrypted, accept};

/// A letter of the drop, with a number that no client is told.
type Numbered = (usize, Vec<u8>);

/// The running server, with one mailbox: `alice`, whose password is `secret`.
pub struct OldPop3 {
    /// The port at which it serves POP3 with TLS.
    pub pop3s: u16,
    certificate: Certificate,
    state: Arc<Mutex<Pop3State>>,
}

/// The letters, the behaviour of the server, and its counts.
#[derive(Default)]
pub struct Pop3State {
    /// The drop.
    pub letters: Vec<Numbered>,
    /// Knows UIDL, TOP and CAPA.
    pub modern: bool,
    /// Says `-ERR [IN-USE]` to so many log-ins.
    pub in_use: usize,
    /// Says `-ERR [LOGIN-DELAY]` to so many log-ins.
    pub login_delay: usize,
    /// Log-ins tried and refused for a wrong password.
    pub logins: usize,
    /// Log-ins with a wrong password.
    pub refused: usize,
    /// The number of times that each letter was sent whole.
    pub sent: HashMap<usize, usize>,
    /// Letters deleted for good.
    pub deleted: Vec<usize>,
    /// Closes without a word before the answer to so many QUITs.
    pub cut_at_quit: usize,
}

impl OldPop3 {
    /// Starts it with an empty drop.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let pop3s = listener.local_addr().expect("a port").port();
        let certificate = Certificate::make();
        let state = Arc::new(Mutex::new(Pop3State::default()));
        let (config, all) = (certificate.config(), state.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, state) = (config.clone(), all.clone());
                std::thread::spawn(move || drop(serve(socket, &config, &state)));
            }
        });
        Self { pop3s, certificate, state }
    }

    /// `pop3s://alice@localhost:PORT`
    pub fn url(&self) -> String {
        format!("pop3s://alice@localhost:{}", self.pop3s)
    }

    /// The certificate to trust, as a PEM file.
    pub fn certificate(&self) -> &Path {
        self.certificate.path()
    }

    /// Letters, behaviour and counts. Hold it briefly: it holds up the server.
    pub fn state(&self) -> MutexGuard<'_, Pop3State> {
        lock(&self.state)
    }

    /// Puts a letter into the drop.
    pub fn add(&self, letter: &[u8]) {
        let mut state = self.state();
        let number = state.letters.last().map_or(0, |(number, _)| number + 1);
        state.letters.push((number, letter.to_vec()));
    }
}

fn lock(state: &Mutex<Pop3State>) -> MutexGuard<'_, Pop3State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(socket: TcpStream, config: &Arc<rustls::ServerConfig>, state: &Mutex<Pop3State>) -> io::Result<()> {
    let mut stream = BufReader::new(accept(socket, config)?);
    say(&mut stream, "+OK POP3 server ready")?;
    let mut name = String::new();
    let mut drop: Option<Vec<Numbered>> = None;
    let mut marked: Vec<usize> = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        let modern = lock(state).modern;
        match (verb.as_str(), &drop) {
            ("QUIT", _) => {
                if lock(state).quit(&marked) {
                    return Ok(());
                }
                return say(&mut stream, "+OK bye");
            }
            ("CAPA", _) if modern => say(&mut stream, "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nRESP-CODES\r\n.")?,
            ("USER", None) => {
                name = rest.to_owned();
                say(&mut stream, "+OK")?;
            }
            ("PASS", None) => match lock(state).log_in(&name, rest) {
                Ok(letters) => drop = Some(letters),
                Err(why) => {
                    say(&mut stream, why)?;
                    continue;
                }
            },
            (_, None) => say(&mut stream, "-ERR what?")?,
            (verb, Some(letters)) => {
                let answer = answer(verb, rest, letters, &mut marked, modern, state);
                send(&mut stream, &answer)?;
            }
        }
        if verb == "PASS" {
            say(&mut stream, "+OK maildrop ready")?;
        }
    }
}

impl Pop3State {
    fn log_in(&mut self, name: &str, password: &str) -> Result<Vec<Numbered>, &'static str> {
        self.logins += 1;
        if self.in_use > 0 {
            self.in_use -= 1;
            return Err("-ERR [IN-USE] maildrop already locked");
        }
        if self.login_delay > 0 {
            self.login_delay -= 1;
            return Err("-ERR [LOGIN-DELAY] minimum time between mail checks violation");
        }
        if (name, password) == ("alice", "secret") {
            return Ok(self.letters.clone());
        }
        self.refused += 1;
        Err("-ERR [AUTH] wrong password")
    }

    /// Deletes the marked letters. True if the connection is to break before the answer.
    fn quit(&mut self, marked: &[usize]) -> bool {
        self.letters.retain(|(number, _)| !marked.contains(number));
        self.deleted.extend(marked);
        let cut = self.cut_at_quit > 0;
        self.cut_at_quit = self.cut_at_quit.saturating_sub(1);
        cut
    }
}

fn answer(
    verb: &str,
    rest: &str,
    letters: &[Numbered],
    marked: &mut Vec<usize>,
    modern: bool,
    state: &Mutex<Pop3State>,
) -> Vec<u8> {
    let mut words = rest.split(' ');
    let number: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let one = number.checked_sub(1).and_then(|at| letters.get(at));
    let each = |line: &dyn Fn(usize, &Numbered) -> String| {
        let lines: String = letters.iter().zip(1..).map(|(letter, number)| line(number, letter)).collect();
        format!("+OK\r\n{lines}.\r\n").into_bytes()
    };
    match (verb, one) {
        ("NOOP", _) => b"+OK\r\n".to_vec(),
        ("STAT", _) => {
            let octets: usize = letters.iter().map(|(_, letter)| letter.len()).sum();
            format!("+OK {} {octets}\r\n", letters.len()).into_bytes()
        }
        ("LIST", None) => each(&|number, (_, letter)| format!("{number} {}\r\n", letter.len())),
        ("LIST", Some((_, letter))) => format!("+OK {number} {}\r\n", letter.len()).into_bytes(),
        ("UIDL", None) if modern => each(&|number, (id, _)| format!("{number} uid-{id}\r\n")),
        ("UIDL", Some((id, _))) if modern => format!("+OK {number} uid-{id}\r\n").into_bytes(),
        ("RETR", Some((id, letter))) => {
            *lock(state).sent.entry(*id).or_default() += 1;
            let mut bytes = b"+OK\r\n".to_vec();
            stuff(letter, &mut bytes);
            bytes
        }
        ("TOP", Some((_, letter))) if modern => {
            let end = letter.windows(4).position(|end| end == b"\r\n\r\n").map_or(letter.len(), |at| at + 4);
            let mut bytes = b"+OK\r\n".to_vec();
            stuff(&letter[..end], &mut bytes);
            bytes
        }
        ("DELE", Some((id, _))) => {
            marked.push(*id);
            b"+OK\r\n".to_vec()
        }
        ("RSET", _) => {
            marked.clear();
            b"+OK\r\n".to_vec()
        }
        _ => b"-ERR unknown command\r\n".to_vec(),
    }
}

fn stuff(letter: &[u8], out: &mut Vec<u8>) {
    for line in letter.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !letter.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
}

fn say(stream: &mut BufReader<Encrypted>, text: &str) -> io::Result<()> {
    send(stream, format!("{text}\r\n").as_bytes())
}

fn send(stream: &mut BufReader<Encrypted>, bytes: &[u8]) -> io::Result<()> {
    let stream = stream.get_mut();
    stream.write_all(bytes)?;
    stream.flush()
}
