//! The conversation with a POP3 server.

use std::time::Duration;

use bytes::Bytes;
use mail::Password;
use net::Connection;
use tokio::time::Instant;

use super::body::Body;
use super::reply::Reply;
use crate::credential::Credential;
use crate::endpoint::{Endpoint, Security};
use crate::pace::Pace;
use crate::{Fault, login};

/// A reply has 512 octets at most (RFC 2449 §4); some servers have more to say.
const MOST_REPLY: usize = 4096;
/// Octets of a listing: a million letters.
const MOST_LISTING: u64 = 64 << 20;
/// RFC 5034 §4: an initial response goes with the command only where the line stays this short.
const MOST_COMMAND: usize = 255;
/// A unique-id has 70 octets at most (RFC 1939 §7); some servers give longer ones.
const MOST_ID: usize = 500;

/// The octets that a body may have beyond those that are kept of it.
const ABSURD: u64 = 1 << 32;
/// An answer that comes slower than so many octets a second does not come.
const SLOWEST: u64 = 256;

/// A letter of a listing: its number in this conversation, and its value.
pub type Numbered<T> = Vec<(u32, T)>;

/// A listing, as far as it makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The letters that could be read, by ascending numbers.
    pub letters: Numbered<T>,
    /// The line of the list that makes no sense: then nothing that depends on the list's being whole may be concluded
    /// from it.
    pub wrong: Option<String>,
}

impl Listing<u64> {
    /// The answer to LIST (RFC 1939 §5).
    pub fn sizes(answer: &[u8]) -> Self {
        numbered("LIST", answer, |text| text.split_ascii_whitespace().next()?.parse().ok())
    }
}

impl Listing<String> {
    /// The answer to UIDL (RFC 1939 §7).
    pub fn unique_ids(answer: &[u8]) -> Self {
        numbered("UIDL", answer, |text| {
            let id = text.split_ascii_whitespace().next()?;
            (id.len() <= MOST_ID).then(|| id.to_owned())
        })
    }
}

/// A conversation, logged in.
pub struct Client {
    line: Connection,
    pace: Pace,
    answer_wait: Duration,
    capabilities: Vec<String>,
    /// Nothing more can be said or heard.
    lost: bool,
}

impl Client {
    /// Connects, turns TLS on, and logs in as `user`.
    pub async fn open(endpoint: &Endpoint, user: &str, credential: &Credential) -> Result<Self, Fault> {
        let mut client = Self::inside_tls(endpoint).await?;
        client.log_in(endpoint, user, credential).await?;
        // They may be others after the log-in (RFC 2449 §5).
        client.ask_capabilities().await?;
        Ok(client)
    }

    /// Connects and turns TLS on, and says no name and no password.
    pub async fn knock(endpoint: &Endpoint) -> Result<(), Fault> {
        Self::inside_tls(endpoint).await?.quit().await
    }

    async fn inside_tls(endpoint: &Endpoint) -> Result<Self, Fault> {
        let line = endpoint.connect().await?;
        let (pace, answer_wait) = (endpoint.pace.clone(), endpoint.waits.answer);
        let mut client = Self { line, pace, answer_wait, capabilities: Vec::new(), lost: false };
        endpoint.greeted(async { client.reply().await?.must("the greeting") }).await?;
        client.ask_capabilities().await?;
        if endpoint.security == Security::StartTls { client.start_tls(endpoint).await } else { Ok(client) }
    }

    async fn start_tls(mut self, endpoint: &Endpoint) -> Result<Self, Fault> {
        match self.ask("STLS").await? {
            Reply::Ok(_) => {}
            _ => return Err(Fault::Untrusted(format!("{} offers no TLS", endpoint.host))),
        }
        // The client forgets all that was said in clear (RFC 2595 §4).
        let Self { line, pace, answer_wait, .. } = self;
        let line = endpoint.secure(line).await?;
        let mut client = Self { line, pace, answer_wait, capabilities: Vec::new(), lost: false };
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

    /// Returns true if the server offers this capability.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|own| own.split(' ').next() == Some(capability))
    }

    async fn log_in(&mut self, endpoint: &Endpoint, user: &str, credential: &Credential) -> Result<(), Fault> {
        let mechanisms = self.capabilities.iter().find_map(|own| own.strip_prefix("SASL "));
        let offered: Vec<String> = mechanisms.unwrap_or_default().split(' ').map(str::to_owned).collect();
        let outcome = match (login::Exchange::begin(endpoint, user, credential, &offered), credential) {
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
        let mut challenges = login::Challenges::default();
        loop {
            match self.reply().await? {
                Reply::Challenge(challenge) => {
                    challenges.count()?;
                    let line;
                    (exchange, line) = match initial.take() {
                        Some(first) => (exchange, first),
                        None => exchange.answer(challenge).await?,
                    };
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

    /// Returns how many letters there are; `None` if the server does not say.
    pub async fn count(&mut self) -> Result<Option<u32>, Fault> {
        Ok(match self.ask("STAT").await? {
            Reply::Ok(text) => text.split_ascii_whitespace().next().and_then(|count| count.parse().ok()),
            _ => None,
        })
    }

    /// The sizes of the letters, in octets.
    pub async fn sizes(&mut self) -> Result<Listing<u64>, Fault> {
        if let error @ Reply::Error { .. } = self.ask("LIST").await? {
            return Ok(Listing { letters: Vec::new(), wrong: Some(format!("LIST: {}", error.said())) });
        }
        let listing = self.listing().await?;
        Ok(Listing::sizes(&listing))
    }

    /// The unique-ids of the letters; `None` if the server has none.
    pub async fn unique_ids(&mut self) -> Result<Option<Listing<String>>, Fault> {
        if let Reply::Error { .. } = self.ask("UIDL").await? {
            return Ok(None);
        }
        let listing = self.listing().await?;
        Ok(Some(Listing::unique_ids(&listing)))
    }

    /// Returns true if the conversation is over, so that only another connection can go on.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Puts a command on its way; [`answer`](Self::answer) reads the reply.
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
        let line = self.line.line(MOST_REPLY).await.map_err(cut);
        self.lost |= line.is_err();
        let line = line?;
        self.pace.took(line.len()).await;
        let reply = Reply::read(&line);
        self.lost |= reply.is_none();
        reply.ok_or_else(|| Fault::Server("the server does not speak POP3".to_owned()))
    }

    async fn body(&mut self, most: u64) -> Result<Body, Fault> {
        let body = self.read_body(most).await;
        self.lost |= body.is_err();
        body
    }

    async fn read_body(&mut self, most: u64) -> Result<Body, Fault> {
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
        let written = self.line.write(line.reveal().as_bytes()).await.map_err(cut);
        self.lost |= written.is_err();
        written
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

/// Characters of a line that makes no sense, as they are shown.
const MOST_SHOWN: usize = 60;

/// Reads `NUMBER text` on each line; numbers ascend. A line that makes no sense is left out, and told.
fn numbered<T>(command: &str, listing: &[u8], read: impl Fn(&str) -> Option<T>) -> Listing<T> {
    let mut found = Listing { letters: Vec::new(), wrong: None };
    for line in listing.split(|b| *b == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let last = found.letters.last().map_or(0, |(last, _): &(u32, T)| *last);
        let parts = line.split_once(' ').filter(|_| !line.contains(char::REPLACEMENT_CHARACTER));
        let number = parts.and_then(|(number, _)| number.parse::<u32>().ok()).filter(|number| last < *number);
        match (number, parts.and_then(|(_, text)| read(text.trim_start()))) {
            (Some(number), Some(told)) => found.letters.push((number, told)),
            _ if found.wrong.is_none() => {
                let shown: String = line.chars().filter(|c| !c.is_control()).take(MOST_SHOWN).collect();
                found.wrong = Some(format!("the answer to {command} makes no sense: {shown}"));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_and_nonsense_in_it_is_told_and_not_read() {
        let found = Listing::sizes(b"1 120\r\n3 200 \r\n9 1 more\r\n\r\n");
        assert_eq!(found, Listing { letters: vec![(1, 120), (3, 200), (9, 1)], wrong: None });
        for nonsense in ["2 x", "three 3", "1 7", "0 7", "2", "\u{fffd} 7", "99999999999 7", "-2 7"] {
            let listing = format!("1 120\r\n{nonsense}\r\n9 1\r\n");
            let found = Listing::sizes(listing.as_bytes());
            assert_eq!(found.letters, [(1, 120), (9, 1)], "{nonsense}");
            assert!(found.wrong.is_some_and(|wrong| wrong.contains(nonsense)), "{nonsense}");
        }
    }
}
