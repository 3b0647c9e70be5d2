//! The settings that a person enters in a mail program for this mailbox: its doors, and the name to log in with.

mod show;

use serde_json::{Value, json};

pub use show::show;

/// The protocol of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The program reads letters where they lie.
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
    /// The protocol of the door.
    pub protocol: Protocol,
    /// The name or the address by which a program calls it.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// True if TLS comes before the first word (RFC 8314 §3); otherwise both sides agree on it then.
    pub tls_at_once: bool,
    /// True if only programs on this machine reach it.
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
