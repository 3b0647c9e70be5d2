//! A small SMTP client and a small SMTP server of our own, for what foreign programs will not do: break off in the
//! middle, send nonsense, count every transaction.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A conversation by hand with any line-based door.
pub struct Dialogue {
    reader: BufReader<TcpStream>,
}

impl Dialogue {
    /// Connects to a port of this machine. Reads give up after ten seconds.
    pub fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Reads one line without its end. An empty string when the other side has closed.
    pub fn line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Reads an SMTP reply and gives its last line.
    pub fn reply(&mut self) -> std::io::Result<String> {
        loop {
            let line = self.line()?;
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line);
            }
        }
    }

    /// Sends an SMTP command and gives the last line of the reply.
    pub fn ask(&mut self, command: &str) -> std::io::Result<String> {
        self.write(format!("{command}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends a tagged IMAP command and gives all lines up to the tagged one.
    pub fn imap(&mut self, tag: &str, command: &str) -> std::io::Result<Vec<String>> {
        self.write(format!("{tag} {command}\r\n").as_bytes())?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let last = line.is_empty() || line.starts_with(&format!("{tag} "));
            lines.push(line);
            if last {
                return Ok(lines);
            }
        }
    }

    /// Reads until the other side closes (or ten seconds of silence).
    pub fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.reader.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One whole transaction on an open session; true when the letter was taken.
    pub fn send(&mut self, from: &str, to: &str, letter: &[u8]) -> std::io::Result<bool> {
        for command in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".into()] {
            if !matches!(self.ask(&command)?.as_bytes().first(), Some(b'2' | b'3')) {
                return Ok(false);
            }
        }
        self.write(letter)?;
        self.write(b".\r\n")?;
        Ok(self.reply()?.starts_with("250"))
    }
}

/// The letters that a [`Sink`] has taken: the name of each in order, doubles included.
pub type Taken = Arc<Mutex<Vec<String>>>;

/// A server that takes every letter and remembers it.
pub struct Sink {
    /// The port that it listens on.
    pub port: u16,
    /// The letters that it has taken.
    pub taken: Taken,
    octets: Octets,
    connections: Arc<AtomicUsize>,
}

/// The octets of each letter that a [`Sink`] keeps whole.
type Octets = Arc<Mutex<Vec<Vec<u8>>>>;

/// The behaviour of a [`Sink`].
#[derive(Clone, Copy)]
struct Manner {
    /// Its answer to EHLO.
    offers: &'static str,
    /// It waits so long before each 250 for a letter.
    pause: Duration,
    /// It keeps letters whole, and not their names alone.
    whole: bool,
}

impl Sink {
    /// Starts it; before each 250 for a letter it waits `pause`.
    pub fn start(pause: Duration) -> Self {
        let offers = "250-sink.test\r\n250-8BITMIME\r\n250 PIPELINING\r\n";
        Self::with(Manner { offers, pause, whole: false })
    }

    /// Starts one that keeps letters whole; with 8BITMIME (RFC 6152), or without.
    pub fn keeping(eight_bit_mime: bool) -> Self {
        let offers =
            if eight_bit_mime { "250-sink.test\r\n250 8BITMIME\r\n" } else { "250-sink.test\r\n250 PIPELINING\r\n" };
        Self::with(Manner { offers, pause: Duration::ZERO, whole: true })
    }

    fn with(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let taken = Taken::default();
        let connections = Arc::new(AtomicUsize::new(0));
        let octets = Octets::default();
        let (shared, kept, counter) = (taken.clone(), octets.clone(), connections.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::Relaxed);
                let (taken, kept) = (shared.clone(), kept.clone());
                std::thread::spawn(move || drop(serve(stream, (&taken, &kept), manner)));
            }
        });
        Self { port, taken, octets, connections }
    }

    /// The letter with this name, once it has come, as it came but for dot-stuffing; of a sink that keeps them whole.
    pub fn letter(&self, id: &str) -> Vec<u8> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let place = self.taken.lock().expect("lock").iter().position(|known| known == id);
            if let Some(place) = place {
                return self.octets.lock().expect("lock")[place].clone();
            }
            assert!(Instant::now() < deadline, "{id} does not come");
            // time passes: the peer is slow
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns how many connections were opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Returns how many letters have come.
    pub fn count(&self) -> usize {
        self.taken.lock().expect("lock").len()
    }
}

fn serve(stream: TcpStream, (taken, octets): (&Taken, &Octets), manner: Manner) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    writer.write_all(b"220 sink.test\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => writer.write_all(manner.offers.as_bytes())?,
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                let (id, letter) = read_letter(&mut reader, manner.whole)?;
                // time passes: the peer is slow
                std::thread::sleep(manner.pause);
                let mut taken = taken.lock().expect("lock");
                if manner.whole {
                    octets.lock().expect("lock").push(letter);
                }
                taken.push(id);
                drop(taken);
                writer.write_all(b"250 taken\r\n")?;
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n"),
            _ => writer.write_all(b"250 fine\r\n")?,
        }
    }
}

/// Reads up to the final dot; returns the part before `@test` of the Message-ID, and the letter if it is kept.
fn read_letter(reader: &mut impl BufRead, keeps: bool) -> std::io::Result<(String, Vec<u8>)> {
    let (mut id, mut letter) = (String::new(), Vec::new());
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok((id, letter));
        }
        if keeps {
            letter.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        if let Some(rest) = line.strip_prefix(b"Message-ID: <")
            && id.is_empty()
        {
            id = String::from_utf8_lossy(rest).trim_end_matches(['>', '\r', '\n']).trim_end_matches("@test").to_owned();
        }
    }
}

/// Starts a server that knows nobody, and returns its port.
pub fn refusing() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"220 refusing.test\r\n");
            let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
            for line in lines.map_while(Result::ok) {
                let reply = if line.starts_with("RCPT") { "550 5.1.1 no such person" } else { "250 2.0.0 fine" };
                if stream.write_all(format!("{reply}\r\n").as_bytes()).is_err() || line.starts_with("QUIT") {
                    break;
                }
            }
        }
    });
    port
}
