//! The conversation with a POP3 server.

use std::time::Duration;

use bytes::Bytes;
use mail::Password;
use net::Connection;
use tokio::time::Instant;

use super::body::Body;
use super::reply::Reply;
use crate::credential::Credential;
use crate::pace::Pace;
use crate::way::{Security, Way};
use crate::{Fault, login};

/// A reply has 512 octets at most (RFC 2449 §4); some servers have more to say.
const MOST_REPLY: usize = 4096;
/// Octets of a listing: a million letters.
const MOST_LISTING: u64 = 64 << 20;
/// RFC 5034 §4: an initial response goes with the command only where the line stays this short.
const MOST_COMMAND: usize = 255;
/// A unique-id has 70 octets at most (RFC 1939 §7); some servers give longer ones.
const MOST_ID: usize = 500;

/// Octets that a body may have beyond what is kept of it.
const ABSURD: u64 = 1 << 32;
/// An answer that comes slower than so many octets a second does not come.
const SLOWEST: u64 = 256;

/// A letter of a listing: its number in this conversation, and what is told of it.
pub type Numbered<T> = Vec<(u32, T)>;

/// A conversation, logged in.
pub struct Client {
    line: Connection,
    pace: Pace,
    answer_wait: Duration,
    capabilities: Vec<String>,
}

impl Client {
    /// Connects, turns TLS on, and logs in as `user`.
    pub async fn open(way: &Way, user: &str, credential: &Credential) -> Result<Self, Fault> {
        let line = way.connect().await?;
        let (pace, answer_wait) = (way.pace.clone(), way.waits.answer);
        let mut client = Self { line, pace, answer_wait, capabilities: Vec::new() };
        client.reply().await?.must("the greeting")?;
        client.ask_capabilities().await?;
        if way.security == Security::StartTls {
            client = client.start_tls(way).await?;
        }
        client.log_in(way, user, credential).await?;
        // They may be others after the log-in (RFC 2449 §5).
        client.ask_capabilities().await?;
        Ok(client)
    }

    async fn start_tls(mut self, way: &Way) -> Result<Self, Fault> {
        match self.ask("STLS").await? {
            Reply::Ok(_) => {}
            _ => return Err(Fault::Untrusted(format!("{} offers no TLS", way.host))),
        }
        // What was said in clear is forgotten (RFC 2595 §4).
        let Self { line, pace, answer_wait, .. } = self;
        let line = way.secure(line).await?;
        let mut client = Self { line, pace, answer_wait, capabilities: Vec::new() };
        client.ask_capabilities().await?;
        Ok(client)
    }

    /// Old servers know no CAPA.
    async fn ask_capabilities(&mut self) -> Result<(), Fault> {
        self.capabilities.clear();
        if let Reply::Ok(_) = self.ask("CAPA").await? {
            let listing = self.listing().await?;
            let lines = String::from_utf8_lossy(&listing);
            self.capabilities = lines.lines().take(100).map(str::to_ascii_uppercase).collect();
        }
        Ok(())
    }

    /// Does the server offer this?
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|own| own.split(' ').next() == Some(capability))
    }

    async fn log_in(&mut self, way: &Way, user: &str, credential: &Credential) -> Result<(), Fault> {
        let mechanisms = self.capabilities.iter().find_map(|own| own.strip_prefix("SASL "));
        let offered: Vec<String> = mechanisms.unwrap_or_default().split(' ').map(str::to_owned).collect();
        let outcome = match (login::Exchange::begin(way, user, credential, &offered), credential) {
            (Some(exchange), _) => self.authenticate(exchange).await,
            (None, Credential::Password(password)) => self.user_and_password(user, password).await,
            (None, Credential::Bearer(_)) => {
                return Err(Fault::Refused("the server takes no tokens".to_owned()));
            }
        };
        outcome.map_err(|fault| match fault {
            // Servers without codes say only that it did not work.
            Fault::Server(said) => Fault::Refused(said),
            other => other,
        })
    }

    async fn user_and_password(&mut self, user: &str, password: &Password) -> Result<(), Fault> {
        let unfit = |text: &str| text.chars().any(char::is_control);
        if unfit(user) || unfit(password.reveal()) {
            return Err(Fault::Refused("the name or the password cannot be sent in a line".to_owned()));
        }
        self.ask(&format!("USER {user}")).await?.must("USER")?;
        self.write(&Password::new(format!("PASS {}\r\n", password.reveal()))).await?;
        self.reply().await?.must("PASS").map(drop)
    }

    async fn authenticate(&mut self, mut exchange: login::Exchange) -> Result<(), Fault> {
        let mut initial = exchange.initial();
        let mut command = format!("AUTH {}", exchange.name());
        if let Some(first) = initial.take_if(|first| command.len() + first.reveal().len() + 3 <= MOST_COMMAND) {
            command.push(' ');
            command.push_str(if first.reveal().is_empty() { "=" } else { first.reveal() });
        }
        self.write(&Password::new(command + "\r\n")).await?;
        loop {
            match self.reply().await? {
                Reply::Challenge(challenge) => {
                    let line = initial.take().unwrap_or_else(|| exchange.answer(&challenge));
                    self.write(&Password::new(format!("{}\r\n", line.reveal()))).await?;
                }
                Reply::Ok(_) => return exchange.finish(),
                error @ Reply::Error { .. } => {
                    let refusal = exchange.refusal();
                    error.must("AUTH")?;
                    return Err(Fault::Refused(refusal.unwrap_or_default()));
                }
            }
        }
    }

    // Commands.

    /// The sizes of the letters, in octets.
    pub async fn sizes(&mut self) -> Result<Numbered<u64>, Fault> {
        self.ask("LIST").await?.must("LIST")?;
        let listing = self.listing().await?;
        Ok(numbered(&listing, |text| text.split_ascii_whitespace().next()?.parse().ok()))
    }

    /// The unique-ids of the letters; none where the server has none.
    pub async fn unique_ids(&mut self) -> Result<Option<Numbered<String>>, Fault> {
        if let Reply::Error { .. } = self.ask("UIDL").await? {
            return Ok(None);
        }
        let listing = self.listing().await?;
        Ok(Some(numbered(&listing, |text| {
            let id = text.split_ascii_whitespace().next()?;
            (id.len() <= MOST_ID).then(|| id.to_owned())
        })))
    }

    /// Puts a command on its way; [`answer`](Self::answer) reads what comes.
    pub async fn start(&mut self, command: &str) -> Result<(), Fault> {
        self.write(&Password::new(format!("{command}\r\n"))).await
    }

    /// The answer to the next command on its way that has a letter, or a part of one, in its answer. The body is kept
    /// up to `most` octets.
    pub async fn answer(&mut self, most: u64) -> Result<Result<Body, Reply>, Fault> {
        match self.reply().await? {
            Reply::Ok(_) => Ok(Ok(self.body(most).await?)),
            other => Ok(Err(other)),
        }
    }

    /// Sends a command and reads its reply.
    pub async fn ask(&mut self, command: &str) -> Result<Reply, Fault> {
        self.start(command).await?;
        self.reply().await
    }

    /// Reads a reply.
    pub async fn reply(&mut self) -> Result<Reply, Fault> {
        let line = self.line.line(MOST_REPLY).await.map_err(cut)?;
        self.pace.took(line.len()).await;
        Reply::read(&line).ok_or_else(|| Fault::Server("the server does not speak POP3".to_owned()))
    }

    async fn body(&mut self, most: u64) -> Result<Body, Fault> {
        let mut body = Body::new(most);
        let (begun, mut octets) = (Instant::now(), 0);
        loop {
            let taken = body.take(self.line.buffered());
            self.line.consume(taken);
            if body.is_over() {
                return Ok(body);
            }
            if octets > most.saturating_add(ABSURD) {
                return Err(Fault::Server("the server sent a letter without end".to_owned()));
            }
            if begun.elapsed() > self.answer_wait + Duration::from_secs(octets / SLOWEST) {
                return Err(cut(net::Error::TimedOut));
            }
            let count = self.line.fill().await.map_err(cut)?;
            octets += count as u64;
            self.pace.took(count).await;
        }
    }

    async fn listing(&mut self) -> Result<Bytes, Fault> {
        let listing = self.body(MOST_LISTING).await?.finish();
        listing.map_err(|_| Fault::Server("the server sent a list without end".to_owned()))
    }

    async fn write(&mut self, line: &Password) -> Result<(), Fault> {
        self.line.write(line.reveal().as_bytes()).await.map_err(cut)
    }

    /// Ends the conversation. Only when this is `Ok` have the letters that were marked gone away (RFC 1939 §6).
    pub async fn quit(mut self) -> Result<(), Fault> {
        let reply = self.ask("QUIT").await?;
        let outcome = reply.must("QUIT").map(drop);
        self.line.close().await;
        outcome
    }
}

fn cut(error: net::Error) -> Fault {
    match error {
        net::Error::LineTooLong(_) | net::Error::Flood => Fault::Server(error.to_string()),
        error => Fault::Cut(error.to_string()),
    }
}

/// `NUMBER text` on each line; numbers ascend, and lines that make no sense are left out.
fn numbered<T>(listing: &[u8], read: impl Fn(&str) -> Option<T>) -> Numbered<T> {
    let mut found: Numbered<T> = Vec::new();
    for line in listing.split(|b| *b == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let Some((number, text)) = line.trim().split_once(' ') else { continue };
        let number = number.parse().ok().filter(|n| found.last().is_none_or(|(last, _)| last < n));
        if let (Some(number), Some(told)) = (number, read(text)) {
            found.push((number, told));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_and_nonsense_in_it_is_not() {
        let read = |text: &str| text.parse::<u64>().ok();
        let found = numbered(b"1 120\r\n2 x\r\nthree 3\r\n3 200 \r\n3 7\r\n2 7\r\n\xff\r\n9 1\r\n", read);
        assert_eq!(found, [(1, 120), (3, 200), (9, 1)]);
    }
}
