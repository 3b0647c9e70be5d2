//! The account page: the sessions, and a change of password. A refusal is a code, for which the pages have words
//! (`web/src/i18n/refusals.ts`).

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use directory::session::{self, Session};
use directory::{Error, Open, Secret, Strength, account};
use http::Peer;
use mail::Password;
use mail::seam::Login;
use mail::stay::{Doing, Proof};
use sasl::Refusal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use store::{Key, Tx};
use tokio::sync::Semaphore;

use crate::reader::Reader;
use crate::{Server, answer};

/// The most passwords that are made into secrets, or weighed, at one time: each takes a processor for a moment.
static AT_WORK: Semaphore = Semaphore::const_new(2);

/// The reason why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    WrongPassword,
    TooManyAttempts,
    Busy,
    TooShort,
    TooLong,
    Guessable,
    BadRequest,
    Broke,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrongPassword",
            Self::TooManyAttempts => "tooManyAttempts",
            Self::Busy => "busy",
            Self::TooShort => "passwordTooShort",
            Self::TooLong => "passwordTooLong",
            Self::Guessable => "passwordGuessable",
            Self::BadRequest => "badRequest",
            Self::Broke => "broke",
        }
    }

    /// Returns the status, which is never 401: the session is good, whatever the person typed.
    fn status(self) -> StatusCode {
        match self {
            Self::WrongPassword => StatusCode::FORBIDDEN,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooShort | Self::TooLong | Self::Guessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Broke => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn answer(self) -> Response {
        let mut response = answer::json(&json!({"code": self.name()}));
        *response.status_mut() = self.status();
        response
    }
}

impl From<Refusal> for Code {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooMany(_) => Self::TooManyAttempts,
            Refusal::Busy(_) => Self::Busy,
            Refusal::Fault(fault) => {
                tracing::error!(%fault, "a password cannot be checked");
                Self::Busy
            }
            _ => Self::WrongPassword,
        }
    }
}

impl From<Error> for Code {
    fn from(error: Error) -> Self {
        match error {
            Error::PasswordTooShort => Self::TooShort,
            Error::PasswordTooLong => Self::TooLong,
            Error::PasswordGuessable => Self::Guessable,
            Error::Store(error) if error.is_temporary() => {
                tracing::warn!(%error, "the account page must be asked again later");
                Self::Busy
            }
            error => {
                tracing::error!(%error, "the account page cannot be answered");
                Self::Broke
            }
        }
    }
}

/// Shows the account: its owner, their sessions, and the mail programs that are here now.
pub async fn show(State(server): State<Server>, Reader(person): Reader) -> Response {
    let (account, now) = (person.account, (server.clock)());
    let sessions = match server.store.read(move |view| session::list(view, Some(account), now)).await {
        Ok(sessions) => sessions,
        Err(error) => return Code::from(error).answer(),
    };
    let sessions: Vec<Value> = sessions.iter().map(|one| session_object(one, person.proof)).collect();
    let programs = programs(&server.directory.open_conversations(Some(account)));
    answer::json(&json!({
        "address": person.address.to_string(), "name": person.name, "sessions": sessions, "programs": programs,
    }))
}

fn session_object(session: &Session, own: Proof) -> Value {
    json!({
        "number": session.number,
        "begun": session.begun.rfc3339(),
        "seen": session.seen.rfc3339(),
        "network": session.place.network.map(|network| network.to_string()),
        "browser": session.place.browser,
        "here": own == Proof::Session(session.number),
    })
}

/// Mail programs open several conversations together: those of one kind and place count as one.
fn programs(open: &[Open]) -> Vec<Value> {
    let mut programs: Vec<(&Open, usize)> = Vec::new();
    for one in open.iter().filter(|one| matches!(one.doing, Doing::Imap | Doing::Pop3 | Doing::Submission)) {
        let known = programs.iter().position(|(first, _)| (first.doing, first.from) == (one.doing, one.from));
        if let Some((_, count)) = known.and_then(|at| programs.get_mut(at)) {
            *count += 1;
        } else if programs.len() < MOST_PROGRAMS {
            programs.push((one, 1));
        }
    }
    let object = |(first, count): &(&Open, usize)| {
        json!({
            "protocol": first.doing.name(), "network": mail::peer_network(first.from).to_string(),
            "since": first.since.rfc3339(), "count": count,
        })
    };
    programs.iter().map(object).collect()
}

/// The most mail programs that are shown.
const MOST_PROGRAMS: usize = 50;

/// The sessions to end: one, or all but that of the person who asks, together with what mail programs have open.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Ending {
    Number(i64),
    Others(bool),
}

/// Ends sessions of the person who asks. Conversations that were opened with them end within a second.
pub async fn end_sessions(State(server): State<Server>, Reader(person): Reader, body: Bytes) -> Response {
    let account = person.account;
    let ended = match read(&body) {
        Ok(Ending::Number(number)) if number > 0 => {
            server.store.write(Key::Directory, move |tx| session::end(tx, account, Some(number))).await
        }
        Ok(Ending::Others(true)) => {
            let own = person.proof;
            let ended = server.store.write(Key::Directory, move |tx| session::end_others(tx, account, own)).await;
            server.directory.end_other_conversations(account, own);
            ended
        }
        _ => return Code::BadRequest.answer(),
    };
    match ended {
        Ok(ended) => {
            tracing::info!(person = %person.address, ended, "sessions are ended from the account page");
            answer::json(&json!({"ended": ended}))
        }
        Err(error) => Code::from(error).answer(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    current: String,
    new: String,
}

/// Sets another password, for a person who knows the present one. This session goes on; all others end.
pub async fn change_password(
    State(server): State<Server>,
    Extension(peer): Extension<Peer>,
    Reader(person): Reader,
    body: Bytes,
) -> Response {
    let Ok(Change { current, new }) = read(&body) else { return Code::BadRequest.answer() };
    let (current, new) = (Password::new(current), Password::new(new));
    match change(&server, &peer, &person, &current, new).await {
        Ok(()) => answer::empty(StatusCode::NO_CONTENT),
        Err(code) => code.answer(),
    }
}

async fn change(server: &Server, peer: &Peer, person: &Login, current: &Password, new: Password) -> Result<(), Code> {
    // The check is that of a log-in, so that nobody guesses quicker here than at the door.
    sasl::check(&server.directory, &person.address.to_string(), current, peer.ip).await?;
    let turn = AT_WORK.try_acquire().map_err(|_| Code::Busy)?;
    let own = own_words(person);
    // The turn goes along: a browser that hangs up does not end the work.
    let make = move || (Secret::make(&new, &own.each_ref().map(String::as_str)), turn).0;
    let secret = tokio::task::spawn_blocking(make).await.map_err(|_| Code::Broke)??;
    let (address, now, whose, proof) = (person.address.clone(), (server.clock)(), person.account, person.proof);
    let write = move |tx: &mut Tx| {
        account::set_secret(tx, &address, &secret, now)?;
        session::go_on(tx, whose, proof)?;
        session::end_others(tx, whose, proof)
    };
    let ended = server.store.write(Key::Directory, write).await?;
    tracing::info!(person = %person.address, peer = %peer.ip, ended, "a person has changed their password");
    Ok(())
}

/// Returns the words about a person that everybody who guesses at their password knows.
fn own_words(person: &Login) -> [String; 2] {
    [person.address.to_string(), person.name.clone().unwrap_or_default()]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Weighed {
    new: String,
}

/// Answers how good a password is, by the same judge that takes or refuses new passwords.
pub async fn weigh(Reader(person): Reader, body: Bytes) -> Response {
    let Ok(Weighed { new }) = read(&body) else { return Code::BadRequest.answer() };
    let Ok(turn) = AT_WORK.try_acquire() else { return Code::Busy.answer() };
    let (new, own) = (Password::new(new), own_words(&person));
    let weigh = move || (directory::strength(&new, &own.each_ref().map(String::as_str)), turn).0;
    match tokio::task::spawn_blocking(weigh).await {
        Ok(strength) => answer::json(&json!({"strength": word(strength)})),
        Err(_) => Code::Broke.answer(),
    }
}

fn word(strength: Strength) -> &'static str {
    match strength {
        Strength::TooShort => "short",
        Strength::TooLong => "long",
        Strength::Guessable => "guessable",
        Strength::Fair => "fair",
        Strength::Good => "good",
        Strength::Strong => "strong",
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

#[cfg(test)]
mod tests {
    use mail::Timestamp;
    use mail::seam::AccountId;

    use super::*;

    #[test]
    fn a_wrong_password_does_not_look_like_the_end_of_the_session() {
        let minute = std::time::Duration::from_secs(60);
        assert_eq!(Code::from(Refusal::Wrong).answer().status(), 403);
        assert_eq!(Code::from(Refusal::TooMany(minute)).answer().status(), 429);
        assert_eq!(Code::from(Refusal::Busy(minute)).name(), "busy");
        assert_eq!(Code::from(Error::PasswordGuessable).name(), "passwordGuessable");
    }

    #[test]
    fn only_one_session_or_all_others_can_be_ended_and_nothing_by_mistake() {
        let ending = |text: &'static str| read::<Ending>(&Bytes::from_static(text.as_bytes()));
        assert!(matches!(ending(r#"{"number": 7}"#), Ok(Ending::Number(7))));
        assert!(matches!(ending(r#"{"others": true}"#), Ok(Ending::Others(true))));
        for bad in ["", "{}", "[]", r#"{"number": "7"}"#, r#"{"number": 1, "others": true}"#, r#"{"all": true}"#] {
            assert!(ending(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_conversations_of_one_mail_program_are_one_line() {
        let open = |number, doing, last| Open {
            number,
            account: AccountId(1),
            doing,
            from: [192, 0, 2, last].into(),
            since: Timestamp(0),
            proof: Proof::Password(1),
        };
        let all =
            [open(1, Doing::Imap, 1), open(2, Doing::Imap, 1), open(3, Doing::Imap, 2), open(4, Doing::Events, 1)];
        let programs = programs(&all);
        assert_eq!(programs.iter().map(|one| one["count"].clone()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(programs[0]["protocol"], "imap");
    }
}
