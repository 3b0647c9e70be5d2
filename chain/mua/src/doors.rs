//! What a person tells a mail program of this mailbox: where it comes in, and as whom.

mod show;

use serde_json::{Value, json};

pub use show::show;

/// What is spoken behind a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Letters are read where they lie.
    Imap,
    /// Letters are fetched.
    Pop3,
    /// Letters are sent (RFC 6409).
    Smtp,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Smtp => "smtp",
        }
    }
}

/// A door at which mail programs come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailDoor {
    /// What is spoken behind it.
    pub protocol: Protocol,
    /// The name or the address by which a program calls it.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// Whether TLS comes before the first word (RFC 8314 §3); else both sides agree on it then.
    pub tls_at_once: bool,
    /// Whether only programs on this machine reach it.
    pub near_only: bool,
}

impl MailDoor {
    fn object(&self) -> Value {
        json!({
            "protocol": self.protocol.name(),
            "host": self.host,
            "port": self.port,
            "tls": if self.tls_at_once { "atOnce" } else { "starttls" },
            "nearOnly": self.near_only,
        })
    }
}
