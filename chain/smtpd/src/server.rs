//! The values that all doors of one server share.

use std::sync::Arc;
use std::time::Duration;

use mail::seam::{Boundless, Room};
use mail::trace::{Blind, Witness};
use mail::{Address, Domain};
use net::{Budget, Intake, ServerTls, Shutdown};
use smtp::{Kind, Settings};

/// The values that the loop behind an SMTP-speaking door needs of the server.
#[derive(Clone)]
pub struct Server {
    /// The name by which we introduce ourselves.
    pub hostname: Domain,
    /// The address that `RCPT TO:<Postmaster>` reaches.
    pub postmaster: Address,
    /// The largest letter taken, in octets.
    pub max_letter: u64,
    /// The most recipients of one letter (RFC 5321 §4.5.3.1.8 asks for 100 at least).
    pub max_recipients: usize,
    /// STARTTLS is offered with this.
    pub tls: Option<ServerTls>,
    /// The store of letters on their way in: clone one into every door.
    pub intake: Intake,
    /// The longest times to wait for a client.
    pub timeouts: Timeouts,
    /// Asks the dialogues to end.
    pub shutdown: Shutdown,
    /// The witness that takes down refusals.
    pub witness: Arc<dyn Witness>,
    /// Tells whether another letter can be kept.
    pub room: Arc<dyn Room>,
}

impl Server {
    /// A server with the usual limits, and without TLS.
    pub fn new(hostname: Domain, postmaster: Address) -> Self {
        Self {
            hostname,
            postmaster,
            max_letter: 50 * 1024 * 1024,
            max_recipients: 1000,
            tls: None,
            intake: Intake::new(Budget::new(256 * 1024 * 1024), MEMORY_PATIENCE),
            timeouts: Timeouts::default(),
            shutdown: Shutdown::never(),
            witness: Arc::new(Blind),
            room: Arc::new(Boundless),
        }
    }

    /// Returns the settings of a dialogue at a door of this server.
    pub fn settings(&self, kind: Kind) -> Settings {
        let mut settings = Settings::new(kind, self.hostname.clone(), self.postmaster.clone());
        settings.max_letter = self.max_letter;
        settings.max_recipients = self.max_recipients;
        settings.starttls = self.tls.is_some();
        settings
    }
}

/// RFC 5321 §4.5.3.2.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// The time to wait for the next command.
    pub command: Duration,
    /// The time to wait for the next piece of a letter.
    pub data: Duration,
    /// The time for a whole letter, so that nobody holds memory by sending an octet now and then.
    pub letter: Duration,
}

/// The longest time that a letter waits for a place in memory.
pub const MEMORY_PATIENCE: Duration = Duration::from_secs(30);

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            command: Duration::from_secs(300),
            data: Duration::from_secs(600),
            letter: Duration::from_secs(2 * 3600),
        }
    }
}
