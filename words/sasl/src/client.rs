//! The client's side of a log-in, for smarthosts and mailboxes elsewhere.

use mail::Password;

use crate::encoding::{decode_text, encode};
use crate::prepare::prepare;
use crate::scram::{self, ServerFirst};
use crate::{Mechanism, NONCE};

/// The reason why the log-in cannot go on. The caller sends `*` and gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server's challenge breaks the rules of the mechanism.
    #[error("the server's challenge is malformed")]
    Malformed,
    /// The server names more rounds than [`Client::MAX_ITERATIONS`], or so few that the password could be guessed from
    /// them.
    #[error("the server asks for an unreasonable number of SCRAM rounds")]
    Iterations,
    /// The server does not know the password either: it is an impostor.
    #[error("the server could not prove that it knows the password")]
    Impostor,
}

/// One log-in at another server.
pub struct Client {
    name: String,
    password: Password,
    stage: Stage,
}

enum Stage {
    Plain,
    LoginName,
    LoginPassword,
    ScramFirst { nonce: String },
    ScramFinal { nonce: String, bare: String },
    ScramProof { signature: [u8; 32] },
    Over,
}

impl Client {
    /// RFC 5802 leaves the number to the server; a hostile one must not keep us busy.
    pub const MAX_ITERATIONS: u32 = 1_000_000;

    /// Begins a log-in; `nonce` is fresh randomness.
    pub fn new(mechanism: Mechanism, name: &str, password: &Password, nonce: [u8; NONCE]) -> Self {
        let stage = match mechanism {
            Mechanism::Plain => Stage::Plain,
            Mechanism::Login => Stage::LoginName,
            Mechanism::ScramSha256 => Stage::ScramFirst { nonce: encode(nonce) },
        };
        Self { name: name.to_owned(), password: password.clone(), stage }
    }

    /// Returns the initial response, for the AUTH command; LOGIN has none.
    pub fn initial(&mut self) -> Option<Password> {
        match self.stage {
            Stage::LoginName => None,
            _ => self.challenge("").ok(),
        }
    }

    /// Returns the line that answers a challenge (the text behind `334 ` or `+ `).
    pub fn challenge(&mut self, challenge: &str) -> Result<Password, ClientError> {
        let text = decode_text(challenge).ok_or(ClientError::Malformed)?;
        let line = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Plain => encode(format!("\0{}\0{}", self.name, self.password.reveal())),
            Stage::LoginName => {
                self.stage = Stage::LoginPassword;
                encode(&self.name)
            }
            Stage::LoginPassword => encode(self.password.reveal()),
            Stage::ScramFirst { nonce } => self.scram_first(nonce),
            Stage::ScramFinal { nonce, bare } => self.scram_final(&text, &nonce, &bare)?,
            Stage::ScramProof { signature } => {
                check_signature(&text, &signature)?;
                String::new()
            }
            Stage::Over => return Err(ClientError::Malformed),
        };
        Ok(Password::new(line))
    }

    /// Ends the log-in, when the server says that it succeeded: with SCRAM the server must have proved itself by then.
    pub fn finish(self) -> Result<(), ClientError> {
        match self.stage {
            Stage::ScramFirst { .. } | Stage::ScramFinal { .. } | Stage::ScramProof { .. } => {
                Err(ClientError::Impostor)
            }
            _ => Ok(()),
        }
    }

    fn scram_first(&mut self, nonce: String) -> String {
        let bare = format!("n={},r={nonce}", scram::escape(&prepare(&self.name)));
        let line = encode(format!("n,,{bare}"));
        self.stage = Stage::ScramFinal { nonce, bare };
        line
    }

    fn scram_final(&mut self, text: &str, nonce: &str, bare: &str) -> Result<String, ClientError> {
        let first = ServerFirst::parse(text).ok_or(ClientError::Malformed)?;
        if !first.nonce.starts_with(nonce) || first.nonce.len() == nonce.len() || first.salt.is_empty() {
            return Err(ClientError::Malformed);
        }
        if !(4096..=Self::MAX_ITERATIONS).contains(&first.iterations) {
            return Err(ClientError::Iterations);
        }
        let salted = scram::salted(self.password.reveal(), &first.salt, first.iterations);
        let client_key = scram::client_key(&salted);
        let without_proof = format!("c=biws,r={}", first.nonce);
        let message = format!("{bare},{text},{without_proof}");
        let proof = scram::xor(&client_key, &scram::mac(&scram::sha256(&*client_key), message.as_bytes()));
        let signature = scram::mac(&scram::mac(&*salted, b"Server Key"), message.as_bytes());
        self.stage = Stage::ScramProof { signature };
        Ok(encode(format!("{without_proof},p={}", encode(proof))))
    }
}

fn check_signature(text: &str, expected: &[u8; 32]) -> Result<(), ClientError> {
    let proof = text.strip_prefix("v=").and_then(crate::encoding::decode).ok_or(ClientError::Impostor)?;
    if scram::same(&proof, expected) { Ok(()) } else { Err(ClientError::Impostor) }
}
