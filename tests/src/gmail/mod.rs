//! An IMAP server that behaves as Gmail's does, made for the tests: labels that show one letter in many folders,
//! X-GM-EXT-1, special uses, IDLE, tokens instead of passwords, and limits that it enforces with NO and BYE. It counts
//! all that a client takes, and can be told to misbehave.

mod answer;
mod labels;
mod mailbox;
mod mood;
mod session;
mod words;

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use mailbox::{GmailLetter, Mailbox};
pub use mood::{Hostile, Mood, Throttle};

use crate::provider::FakeProvider;
use crate::tls::Certificate;

/// The running server, with one mailbox: `alice@gmail.test`.
pub struct Gmail {
    /// The port at which it serves IMAP with TLS.
    pub imaps: u16,
    certificate: Certificate,
    shared: Arc<Shared>,
}

/// The person whose mailbox it is.
pub const GMAIL_USER: &str = "alice@gmail.test";
/// Her password for programs.
pub const GMAIL_PASSWORD: &str = "abcd efgh ijkl mnop";

pub(crate) struct Shared {
    state: Mutex<State>,
    provider: Option<FakeProvider>,
}

/// The mailbox, the behaviour of the server, and its counts.
pub struct State {
    /// The letters.
    pub mailbox: Mailbox,
    /// The behaviour of the server.
    pub mood: Mood,
    /// The commands and letters that it has counted.
    pub counts: Counts,
}

/// The counts of the server.
#[derive(Default)]
pub struct Counts {
    /// Connections taken.
    pub connections: usize,
    /// Connections open now, and the most there were at once.
    pub open: usize,
    /// The most connections at once.
    pub most_open: usize,
    /// Log-ins tried.
    pub logins: usize,
    /// Log-ins refused.
    pub refused: usize,
    /// Octets sent inside TLS.
    pub octets: u64,
    /// The number of times that each letter was sent whole, by X-GM-MSGID.
    pub bodies: HashMap<u64, usize>,
    /// Commands, by name: `UID FETCH`, `IDLE`, …
    pub commands: HashMap<String, usize>,
    /// Answers that told the client to go slower.
    pub throttled: usize,
}

impl Gmail {
    /// Starts it with an empty mailbox. With a provider, access tokens of that provider are the only way in.
    pub fn start(provider: Option<FakeProvider>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let imaps = listener.local_addr().expect("a port").port();
        let certificate = Certificate::make();
        let state = State { mailbox: Mailbox::new(), mood: Mood::default(), counts: Counts::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), provider });
        let (config, all) = (certificate.config(), shared.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, shared) = (config.clone(), all.clone());
                std::thread::spawn(move || {
                    shared.state().counts.opened();
                    // A client that breaks off ends the session; that is its right.
                    let _ = session::serve(socket, &config, &shared);
                    shared.state().counts.open -= 1;
                });
            }
        });
        Self { imaps, certificate, shared }
    }

    /// `imaps://alice@gmail.test@localhost:PORT`
    pub fn url(&self) -> String {
        format!("imaps://{GMAIL_USER}@localhost:{}", self.imaps)
    }

    /// The certificate to trust, as a PEM file.
    pub fn certificate(&self) -> &Path {
        self.certificate.path()
    }

    /// Letters, behaviour and counts, to be changed or looked at. Hold it briefly: it holds up the server.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// Returns how often any letter was sent whole.
    pub fn bodies_sent(&self) -> usize {
        self.state().counts.bodies.values().sum()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn opened(&mut self) {
        self.connections += 1;
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
    }
}
