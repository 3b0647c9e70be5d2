//! What a person tells a mail program of this mailbox: where it comes in, and as whom.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use crate::reader::Reader;
use crate::{Server, answer};

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

/// The doors for mail programs, and the name that opens them to the person who asks.
pub async fn show(State(server): State<Server>, Reader(person): Reader) -> Response {
    let doors: Vec<Value> = server.doors.iter().map(MailDoor::object).collect();
    answer::json(&json!({"name": person.address.to_string(), "doors": doors}))
}
