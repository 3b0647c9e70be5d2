//! Before the log-in: the AUTHORIZATION state (RFC 1939 §4).

use doors::Entrance;
use sasl::Mechanism;

use super::act::{Act, OutOfPlace};
use crate::command::{Auth, Command};
use crate::language::{Language, say};
use crate::reply::{Code, Reply};

/// A client that has not logged in.
#[derive(Debug, Default)]
pub(super) struct Stranger {
    /// The name that USER gave.
    name: Option<String>,
    /// UTF8 was given.
    utf8: bool,
}

impl Stranger {
    pub(super) fn command(
        &mut self,
        command: Command,
        entrance: Entrance,
        language: Language,
    ) -> Result<Act, OutOfPlace> {
        let log_in = matches!(command, Command::User(_) | Command::Pass(_) | Command::Auth(Some(_)));
        if log_in && !entrance.log_in {
            // USER already gets this answer, so that a client that heeds it keeps its password to itself.
            let why = say!(language; "Turn TLS on before you log in", "Activez TLS avant de vous identifier");
            return Ok(Act::Say(Reply::err(why).with(Code::Permanent)));
        }
        match command {
            Command::User(name) => {
                self.name = Some(name);
                // The answer is the same for every name, known or not.
                Ok(Act::Say(Reply::ok(say!(language; "And the password?", "Et le mot de passe ?"))))
            }
            Command::Pass(password) => match self.name.take() {
                Some(name) => Ok(Act::Check { name, password }),
                None => Err(OutOfPlace(Reply::err(say!(language; "USER comes first", "USER vient d'abord")))),
            },
            Command::Auth(Some(auth)) => Ok(authenticate(auth, language)),
            Command::Auth(None) => Ok(mechanisms(entrance, language)),
            Command::Stls => self.start_tls(entrance, language),
            Command::Utf8 => {
                self.utf8 = true;
                Ok(Act::Say(Reply::ok(say!(language; "UTF-8 it is", "Ce sera donc UTF-8"))))
            }
            Command::Quit => Ok(Act::Leave(Reply::ok(say!(language; "Goodbye", "Au revoir")))),
            _ => Err(OutOfPlace(Reply::err(say!(language; "Log in first", "Identifiez-vous d'abord")))),
        }
    }

    fn start_tls(&self, entrance: Entrance, language: Language) -> Result<Act, OutOfPlace> {
        if !entrance.start_tls {
            let why = say!(language; "TLS is on already, or not to be had", "TLS est déjà actif, ou indisponible");
            return Err(OutOfPlace(Reply::err(why)));
        }
        if self.utf8 {
            // RFC 6856 §2.1: STLS does not follow UTF8.
            return Err(OutOfPlace(Reply::err(say!(language; "STLS comes before UTF8", "STLS vient avant UTF8"))));
        }
        Ok(Act::StartTls(Reply::ok(say!(language; "Begin TLS now", "Commencez TLS"))))
    }
}

fn authenticate(auth: Auth, language: Language) -> Act {
    match Mechanism::parse(&auth.mechanism) {
        Some(mechanism) => Act::Authenticate { mechanism, initial: auth.initial },
        None => Act::Say(Reply::err(say!(
            language;
            "This way to log in is not known here", "Cette façon de s'identifier est inconnue ici"
        ))),
    }
}

fn mechanisms(entrance: Entrance, language: Language) -> Act {
    let known: &[Mechanism] = if entrance.log_in { &Mechanism::ALL } else { &[] };
    let list = known.iter().map(|mechanism| mechanism.name().to_owned()).collect();
    Act::Show(Reply::ok(say!(language; "Ways to log in", "Façons de s'identifier")), list)
}
