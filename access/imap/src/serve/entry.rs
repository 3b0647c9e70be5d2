//! The commands before the log-in: STARTTLS, LOGIN and AUTHENTICATE (RFC 9051 §6.2).

use doors::Lines;
use mail::Password;
use mail::seam::Login;
use mail::stay::Doing;
use sasl::{Mechanism, Refusal};

use super::conversation::{Conversation, End, Who};
use crate::codec::command::EntryCommand;
use crate::codec::decoder::{Event, Limits};
use crate::session::{Answer, Code};
use crate::session::{Enabled, Session};

/// The result of a log-in.
pub(super) enum Entered {
    /// The client gets this answer.
    Answer(Answer),
    /// TLS begins.
    StartTls,
}

pub(super) async fn run(conversation: &mut Conversation, command: EntryCommand) -> Result<Entered, End> {
    if matches!(conversation.who, Who::Person(_)) {
        return Ok(Entered::Answer(Answer::bad("You have logged in already")));
    }
    let entrance = conversation.entrance();
    match command {
        EntryCommand::StartTls if entrance.start_tls => Ok(Entered::StartTls),
        EntryCommand::StartTls => Ok(Entered::Answer(Answer::bad("TLS is on already, or not to be had here"))),
        // RFC 9051 §11.1: the password would have travelled in clear already; the server can only refuse.
        _ if !entrance.log_in => {
            Ok(Entered::Answer(Answer::no("Turn TLS on before you log in").word("PRIVACYREQUIRED")))
        }
        EntryCommand::Login { name, password } => Ok(Entered::Answer(login(conversation, &name, &password).await)),
        EntryCommand::Authenticate { mechanism, initial } => {
            authenticate(conversation, &mechanism, initial).await.map(Entered::Answer)
        }
    }
}

async fn login(conversation: &mut Conversation, name: &str, password: &Password) -> Answer {
    let from = conversation.connection.peer().ip();
    let outcome = sasl::check(conversation.server.shared.logins.as_ref(), name, password, from).await;
    conclude(conversation, outcome)
}

async fn authenticate(
    conversation: &mut Conversation,
    mechanism: &str,
    initial: Option<Password>,
) -> Result<Answer, End> {
    let Some(mechanism) = Mechanism::parse(mechanism) else {
        return Ok(Answer::no("This way to log in is not known here"));
    };
    let logins = conversation.server.shared.logins.clone();
    let from = conversation.connection.peer().ip();
    let outcome = doors::log_in(conversation, logins.as_ref(), from, mechanism, initial).await?;
    Ok(conclude(conversation, outcome))
}

impl Lines for Conversation {
    type End = End;

    async fn challenge(&mut self, challenge: &str) -> Result<(), End> {
        Ok(self.connection.write(format!("+ {challenge}\r\n").as_bytes()).await?)
    }

    async fn line(&mut self) -> Result<Option<Password>, End> {
        self.decoder.expect_line();
        loop {
            match self.next().await? {
                Event::Line(line) => return Ok(Some(Password::new(String::from_utf8_lossy(&line).into_owned()))),
                Event::Lost(why) => return Err(End::Bye(why)),
                Event::Refused(_) => return Ok(None),
                _ => {}
            }
        }
    }
}

/// Lets the person in, or counts the failure.
fn conclude(conversation: &mut Conversation, outcome: Result<Login, Refusal>) -> Answer {
    match outcome {
        Ok(login) => welcome(conversation, login),
        Err(refusal) => {
            if let Who::Stranger(stranger) = &mut conversation.who {
                stranger.refused(&refusal);
            }
            refuse(refusal)
        }
    }
}

fn welcome(conversation: &mut Conversation, login: Login) -> Answer {
    let server = conversation.server.clone();
    let from = conversation.connection.peer().ip();
    conversation.connection.stay_while(server.shared.logins.stay(&login, Doing::Imap, from));
    conversation.decoder.set_limits(Limits::logged_in(server.append_limit));
    let session = Session { server, login, enabled: Enabled::default(), tag: "".into(), selected: None };
    conversation.who = Who::Person(Box::new(session));
    Answer::ok("Welcome").with(Code::Capability(conversation.capabilities()))
}

fn refuse(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Wrong => Answer::no("Wrong name or password").word("AUTHENTICATIONFAILED"),
        refusal @ Refusal::TooMany(_) => Answer::no(refusal.to_string()).word("LIMIT"),
        // RFC 5530 §3: the failure is temporary, and no reason to ask the person for another password.
        refusal @ Refusal::Busy(_) => Answer::no(refusal.to_string()).word("UNAVAILABLE"),
        Refusal::Cancelled => Answer::bad("The log-in was cancelled"),
        Refusal::Malformed(what) => Answer::bad(what),
        Refusal::Fault(_) => Answer::unavailable(),
    }
}
