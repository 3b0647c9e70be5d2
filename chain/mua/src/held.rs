//! `/held`: letters of a person that are kept back, since their account behaves as if it was stolen. The page says what
//! happened, shows whom the letters go to, and asks whether it was them. It works without script.
//!
//! Only a device in a place where the person is at home may answer: a thief has the password as well.

mod words;

use axum::Extension;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use directory::{Error, Secret, session};
use http::Peer;
use mail::Password;
use mail::seam::{Login, OurFault};
use mail::stay::Proof;
use serde::Deserialize;

use crate::holds::HeldBack;
use crate::login::go_to;
use crate::reader::{Reader, bearer, who};
use crate::show::escape;
use crate::{Server, answer, guard, language, plain};
use words::Words;

/// Returns where the browser of this request goes instead of the pages: to letters that are kept back. A person who does not
/// want to decide now is not sent there again by the link that says so.
async fn leads_elsewhere(server: &Server, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let holds = server.holds.as_ref()?;
    if bearer(headers).is_none() || uri.query().is_some() {
        return None;
    }
    let person = who(server, headers).await.ok()?;
    holds.of(person.account).await.ok().flatten()?;
    is_at_home(server, &person).await.ok().filter(|home| *home).map(|_| go_to("/held"))
}

/// Serves `/`: leads to letters that are kept back, and else to the pages.
pub async fn front(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Response {
    match leads_elsewhere(&server, &uri, &headers).await {
        Some(elsewhere) => elsewhere,
        None => plain::front(State(server), uri, headers).await,
    }
}

/// Answers `GET /held`.
pub async fn show(State(server): State<Server>, Reader(person): Reader, headers: HeaderMap) -> Response {
    page(&server, &person, &headers, "").await
}

async fn page(server: &Server, person: &Login, headers: &HeaderMap, alert: &str) -> Response {
    let words = Words::of(language::preferred(headers));
    let Some(holds) = &server.holds else { return go_to("/") };
    let held = match holds.of(person.account).await {
        Ok(Some(held)) => held,
        Ok(None) => return go_to("/"),
        Err(fault) => return answer::fault(&fault),
    };
    let home = match is_at_home(server, person).await {
        Ok(home) => home,
        Err(fault) => return answer::fault(&fault),
    };
    let token = bearer(headers).unwrap_or_default();
    let questions = if home { questions(words, token) } else { format!("<p>{}</p>", words.elsewhere) };
    plain::sheet(headers, &format!("{alert}{}{questions}", story(words, &held)))
}

/// Tells the person about the letters, and their recipients.
fn story(words: &Words, held: &HeldBack) -> String {
    let why = if held.refused { words.refused } else { words.strangers };
    let mut network = String::new();
    escape(&held.network.map(|ip| ip.to_string()).unwrap_or_default(), &mut network);
    let (letters, recipients) = (held.letters_in_all.to_string(), held.recipients_in_all.to_string());
    let counted = words.counted.replace("{letters}", &letters).replace("{recipients}", &recipients);
    let mut story = format!("<p><strong>{}</strong></p><p>{why}</p><p>{counted}</p><ul>", words.question);
    for letter in &held.letters {
        story.push_str("<li>");
        escape(&letter.subject, &mut story);
        let to: Vec<String> = letter.recipients.iter().map(ToString::to_string).collect();
        story.push_str("<br><span class=\"note\">");
        escape(&to.join(", "), &mut story);
        let more = letter.recipients_in_all.saturating_sub(letter.recipients.len() as u64);
        if more > 0 {
            story.push_str(&format!(" +{more}"));
        }
        story.push_str("</span></li>");
    }
    let more = held.letters_in_all.saturating_sub(held.letters.len() as u64);
    let more = if more > 0 { format!("<p>… +{more}</p>") } else { String::new() };
    let place = words.place.replace("{network}", &network).replace("{since}", &held.since.rfc3339());
    format!("{story}</ul>{more}<p class=\"note\">{place}</p>")
}

fn questions(words: &Words, token: &str) -> String {
    let key = guard::form_key(token, "/held");
    let Words { mine, not_mine, not_mine_means, password, later, .. } = words;
    format!(
        "<form method=\"post\" action=\"/held?key={key}\"><input type=\"hidden\" name=\"answer\" value=\"mine\">\
         <button>{mine}</button></form>\
         <form method=\"post\" action=\"/held?key={key}\"><input type=\"hidden\" name=\"answer\" value=\"not-mine\">\
         <p>{not_mine_means}</p><label for=\"password\">{password}</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"new-password\" required>\
         <button>{not_mine}</button></form><p><a href=\"/?later\">{later}</a></p>"
    )
}

/// The answer of the person.
#[derive(Deserialize)]
pub struct Answered {
    answer: String,
    #[serde(default)]
    password: String,
}

/// Answers `POST /held`.
pub async fn decide(
    State(server): State<Server>,
    Extension(peer): Extension<Peer>,
    Reader(person): Reader,
    headers: HeaderMap,
    Form(Answered { answer, password }): Form<Answered>,
) -> Response {
    let Some(holds) = &server.holds else { return go_to("/") };
    match is_at_home(&server, &person).await {
        Ok(true) => {}
        Ok(false) => {
            return answer::plain(StatusCode::FORBIDDEN, "only a device that you have used before may decide this");
        }
        Err(fault) => return answer::fault(&fault),
    }
    match answer.as_str() {
        "mine" => match holds.release(person.account).await {
            Ok(()) => {
                tracing::warn!(person = %person.address, peer = %peer.ip, "a person lets their letters go that were kept back");
                go_to("/")
            }
            Err(fault) => answer::fault(&fault),
        },
        "not-mine" => drop_letters(&server, &person, &headers, Password::new(password)).await,
        _ => answer::plain(StatusCode::BAD_REQUEST, "the answer is mine, or not-mine"),
    }
}

/// Drops the letters and sets the new password, or says why that cannot be one.
async fn drop_letters(server: &Server, person: &Login, headers: &HeaderMap, password: Password) -> Response {
    let Some(holds) = &server.holds else { return go_to("/") };
    let secret = match secret(person, password).await {
        Ok(secret) => secret,
        Err(fault) => {
            let words = Words::of(language::preferred(headers));
            let alert = format!("<p role=\"alert\">{}</p>", words.refusal(&fault));
            return page(server, person, headers, &alert).await;
        }
    };
    match holds.drop_letters(person.address.clone(), secret).await {
        Ok(()) => {
            tracing::warn!(person = %person.address, "a person drops letters of a thief");
            go_to("/login")
        }
        Err(fault) => answer::fault(&fault),
    }
}

/// Makes the secret of the new password. One at a time: it takes a processor for a moment.
async fn secret(person: &Login, password: Password) -> Result<Secret, Error> {
    static AT_WORK: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(1);
    let own = [person.address.to_string(), person.name.clone().unwrap_or_default()];
    let turn = AT_WORK.acquire().await.map_err(|error| Error::Hash(error.to_string()))?;
    let make = move || (Secret::make(&password, &own.each_ref().map(String::as_str)), turn).0;
    tokio::task::spawn_blocking(make).await.map_err(|error| Error::Hash(error.to_string()))?
}

/// Returns true if the session was begun where the person is at home. It is the device that counts, wherever it is now.
async fn is_at_home(server: &Server, person: &Login) -> Result<bool, OurFault> {
    let (Some(holds), Proof::Session(number)) = (&server.holds, person.proof) else { return Ok(false) };
    let (account, now) = (person.account, (server.clock)());
    let sessions = server.store.read(move |view| session::list(view, Some(account), now)).await;
    let sessions = sessions.map_err(|error| OurFault(error.to_string()))?;
    let network =
        sessions.into_iter().find(|session| session.number == number).and_then(|session| session.place.network);
    match network {
        Some(network) => holds.is_home(account, network).await,
        None => Ok(false),
    }
}
