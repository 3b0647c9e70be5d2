//! The server's side of a log-in.

use std::time::Duration;

use mail::Password;
use mail::seam::{Login, LoginVerdict, OurFault, ScramKeys};

use crate::encoding::{decode_text, encode};
use crate::prepare::prepare;
use crate::scram::{self, ClientFinal, ClientFirst, ServerFirst};
use crate::{Mechanism, NONCE};

/// Bounds on a name and a password, in bytes: 64 + 1 + 255 of an address, and more than anyone types.
const MAX_NAME: usize = 320;
const MAX_PASSWORD: usize = 1024;

/// One log-in. The caller shows it the client's lines, and does what it says.
pub struct Exchange {
    stage: Stage,
    nonce: [u8; NONCE],
}

/// The next thing that the owner of the exchange has to do.
#[derive(Debug)]
pub enum Step {
    /// Send this behind `334 ` or `+ ` (base64, perhaps empty) and show the client's next line to [`Exchange::line`].
    Challenge(String),
    /// Find this out and call [`Exchange::answer`].
    Ask(Question),
    /// It is over.
    Done(Result<Login, Refusal>),
}

/// A question that only the owner can answer: the methods of [`mail::seam::Logins`], as values.
#[derive(Debug)]
pub enum Question {
    /// Asks if name and password belong together. The caller answers with a verdict.
    Password {
        /// The name as the client wrote it, prepared.
        name: String,
        /// The password, prepared.
        password: Password,
    },
    /// Asks for the keys of this name. The caller answers with keys.
    Keys {
        /// The name as the client wrote it, prepared.
        name: String,
    },
    /// The proof fitted the keys, or did not. The caller answers with a verdict on the person.
    Proved {
        /// The name whose keys the caller looked up.
        name: String,
        /// True if the client knows the password.
        proved: bool,
    },
}

/// The owner's answer to a [`Question`].
#[derive(Debug)]
pub enum Answer {
    /// The answer to [`Question::Keys`].
    Keys(Box<Keys>),
    /// The answer to [`Question::Password`] and [`Question::Proved`].
    Verdict(LoginVerdict),
    /// The caller could not find out.
    Fault(OurFault),
}

/// SCRAM keys, which are never printed.
pub struct Keys(pub ScramKeys);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// The reason why a log-in failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// Wrong name or password, or one person wanted to act as another.
    #[error("wrong name or password")]
    Wrong,
    /// Too many failures came from this network before this one; it may try again after this time.
    #[error("{}", too_many(*.0))]
    TooMany(Duration),
    /// Too many others log in now; the client may try again after this time.
    #[error("{}", busy(*.0))]
    Busy(Duration),
    /// The client sent `*`.
    #[error("the log-in was cancelled")]
    Cancelled,
    /// The client's line breaks the rules of the mechanism.
    #[error("{0}")]
    Malformed(&'static str),
    /// Ours to mend.
    #[error("log-ins cannot be checked now: {0}")]
    Fault(OurFault),
}

/// Returns the text for a client whose network had too many failures. It mentions no names.
pub fn too_many(wait: Duration) -> String {
    format!("too many failed log-ins from your network; try again in {}", minutes_or_seconds(wait))
}

/// Returns the text for a client whose log-in was not tried because too many others were being checked.
pub fn busy(wait: Duration) -> String {
    format!("too many log-ins are being checked now; try again in {}", minutes_or_seconds(wait))
}

fn minutes_or_seconds(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    match seconds {
        1 => "1 second".to_owned(),
        2..120 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

enum Stage {
    /// The stage before the first line of the mechanism.
    Begin(Mechanism),
    /// LOGIN: the name is there, the password is not.
    LoginPassword {
        name: String,
    },
    /// The exchange waits for the verdict on a password.
    Checking,
    /// SCRAM: the exchange waits for keys.
    ScramKeys {
        first: ClientFirst,
    },
    /// SCRAM: the server-first message was sent.
    ScramFinal {
        first: ClientFirst,
        server_first: String,
        nonce: String,
        keys: ScramKeys,
    },
    /// SCRAM: the exchange waits for the verdict; this is our own proof, for the client.
    ScramVerdict {
        signature: [u8; 32],
    },
    /// SCRAM: our proof was sent, an empty line closes the exchange (RFC 4422 §3.6: no data with success).
    ScramClose {
        login: Login,
    },
    Over,
}

impl Exchange {
    /// Starts before the client's first line. `nonce` is fresh randomness.
    pub fn new(mechanism: Mechanism, nonce: [u8; NONCE]) -> Self {
        Self { stage: Stage::Begin(mechanism), nonce }
    }

    /// Begins, with the initial response if the client sent one (`=` stands for an empty one, RFC 4954 §4).
    pub fn begin(&mut self, initial: Option<&str>) -> Step {
        match (initial, &self.stage) {
            (Some("="), _) => self.line(""),
            (Some(initial), _) => self.line(initial),
            (None, Stage::Begin(Mechanism::Login)) => Step::Challenge(encode("Username:")),
            (None, _) => Step::Challenge(String::new()),
        }
    }

    /// Takes a line of the client, without its line end. `*` cancels.
    pub fn line(&mut self, line: &str) -> Step {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        if line == "*" {
            return Step::Done(Err(Refusal::Cancelled));
        }
        let Some(text) = decode_text(line) else {
            return malformed("the line is not base64 of UTF-8, or too long");
        };
        match stage {
            Stage::Begin(Mechanism::Plain) => self.plain(&text),
            Stage::Begin(Mechanism::Login) => self.login_name(&text),
            Stage::Begin(Mechanism::ScramSha256) => self.scram_first(&text),
            Stage::LoginPassword { name } => self.password(&name, &text),
            Stage::ScramFinal { first, server_first, nonce, keys } => {
                self.scram_final(&text, &first, &server_first, &nonce, &keys)
            }
            Stage::ScramClose { login } if text.is_empty() => Step::Done(Ok(login)),
            _ => malformed("no line is due here"),
        }
    }

    /// Takes the answer to its question.
    pub fn answer(&mut self, answer: Answer) -> Step {
        match (std::mem::replace(&mut self.stage, Stage::Over), answer) {
            (_, Answer::Fault(fault)) => Step::Done(Err(Refusal::Fault(fault))),
            (Stage::ScramKeys { first }, Answer::Keys(keys)) => self.scram_challenge(first, keys.0),
            (Stage::Checking, Answer::Verdict(verdict)) => Step::Done(judged(verdict)),
            (Stage::ScramVerdict { signature }, Answer::Verdict(verdict)) => match judged(verdict) {
                Ok(login) => {
                    self.stage = Stage::ScramClose { login };
                    Step::Challenge(encode(format!("v={}", encode(signature))))
                }
                Err(refusal) => Step::Done(Err(refusal)),
            },
            _ => malformed("no answer was asked for"),
        }
    }

    /// Reads a response of PLAIN (RFC 4616 §2): `authzid NUL authcid NUL passwd`.
    fn plain(&mut self, text: &str) -> Step {
        let mut parts = text.split('\0');
        let (Some(authzid), Some(name), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return malformed("PLAIN wants NUL, name, NUL, password");
        };
        if !authzid.is_empty() && authzid != name {
            return Step::Done(Err(Refusal::Wrong));
        }
        self.password(name, password)
    }

    fn login_name(&mut self, name: &str) -> Step {
        self.stage = Stage::LoginPassword { name: name.to_owned() };
        Step::Challenge(encode("Password:"))
    }

    fn password(&mut self, name: &str, password: &str) -> Step {
        if !is_sane(name) || password.is_empty() || password.len() > MAX_PASSWORD {
            return malformed("name and password may not be empty or overlong");
        }
        self.stage = Stage::Checking;
        let password = Password::new(prepare(password).into_owned());
        Step::Ask(Question::Password { name: prepare(name).into_owned(), password })
    }

    fn scram_first(&mut self, text: &str) -> Step {
        let Some(first) = ClientFirst::parse(text).filter(|first| is_sane(&first.name)) else {
            return malformed("this is no client-first message of SCRAM-SHA-256");
        };
        if first.authzid.as_ref().is_some_and(|authzid| *authzid != first.name) {
            return Step::Done(Err(Refusal::Wrong));
        }
        let name = prepare(&first.name).into_owned();
        self.stage = Stage::ScramKeys { first };
        Step::Ask(Question::Keys { name })
    }

    fn scram_challenge(&mut self, first: ClientFirst, keys: ScramKeys) -> Step {
        let nonce = format!("{}{}", first.nonce, encode(self.nonce));
        let server_first =
            ServerFirst { nonce: nonce.clone(), salt: keys.salt.clone(), iterations: keys.iterations }.write();
        let challenge = encode(&server_first);
        self.stage = Stage::ScramFinal { first, server_first, nonce, keys };
        Step::Challenge(challenge)
    }

    fn scram_final(
        &mut self,
        text: &str,
        first: &ClientFirst,
        server_first: &str,
        nonce: &str,
        keys: &ScramKeys,
    ) -> Step {
        let Some(last) = ClientFinal::parse(text) else {
            return malformed("this is no client-final message of SCRAM-SHA-256");
        };
        if last.channel != first.gs2_header || last.nonce != nonce {
            return malformed("channel binding or nonce do not fit");
        }
        let message = format!("{},{server_first},{}", first.bare, last.without_proof);
        let client_key = scram::xor(&last.proof, &scram::mac(&keys.stored_key, message.as_bytes()));
        let proved = scram::same(&scram::sha256(&client_key), &keys.stored_key);
        self.stage = Stage::ScramVerdict { signature: scram::mac(&keys.server_key, message.as_bytes()) };
        Step::Ask(Question::Proved { name: prepare(&first.name).into_owned(), proved })
    }
}

fn is_sane(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
}

pub(crate) fn judged(verdict: LoginVerdict) -> Result<Login, Refusal> {
    match verdict {
        LoginVerdict::Welcome(login) => Ok(login),
        LoginVerdict::Wrong => Err(Refusal::Wrong),
        LoginVerdict::TooMany(wait) => Err(Refusal::TooMany(wait)),
        LoginVerdict::Busy(wait) => Err(Refusal::Busy(wait)),
    }
}

fn malformed(what: &'static str) -> Step {
    Step::Done(Err(Refusal::Malformed(what)))
}
