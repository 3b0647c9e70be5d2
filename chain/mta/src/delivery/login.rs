//! Logging in at a smarthost (RFC 4954).

use mail::{Enhanced, Reply};
use sasl::{Client, MOST_CHALLENGES, Mechanism};
use smtp::Command;

use super::hosts::Fault;
use super::line::{Line, Lost};
use crate::queue::Said;
use crate::route::Credentials;
use std::time::Duration;

/// Logs in with the strongest mechanism both sides know. A failure is never the letter's fault: it waits until the
/// postmaster has mended the configuration.
pub async fn log_in(line: &mut Line, login: &Credentials, wait: Duration) -> Result<(), Fault> {
    let Some((mechanism, name)) = strongest(line) else {
        return Err(fault("the server offers no log-in that Facteur knows (PLAIN, LOGIN, SCRAM-SHA-256)"));
    };
    let mut client = Client::new(mechanism, &login.user, &login.password, rand::random());
    let auth = Command::Auth { mechanism: name.to_owned(), initial: client.initial() };
    let host = line.host.clone();
    let lost = |lost: Lost| fault(&format!("the connection to {host} broke during the log-in: {lost}"));
    let mut reply = line.ask(&auth, wait).await.map_err(lost)?;
    for _ in 0..MOST_CHALLENGES {
        if reply.code != 334 {
            break;
        }
        let challenge = reply.text.first().map(|text| text.trim().to_owned()).unwrap_or_default();
        // The server decides how much work SCRAM takes to answer, so a thread does it where others do not wait for
        // it.
        let work = move || (client.challenge(&challenge), client);
        let (answer, again) = tokio::task::spawn_blocking(work).await.map_err(|error| fault(&error.to_string()))?;
        client = again;
        let answer = answer.map_err(|error| fault(&format!("log-in at {host}: {error}")))?;
        reply = line.ask_line(answer.reveal(), wait).await.map_err(lost)?;
    }
    if !reply.is_positive() {
        return Err(refused(&reply, &host));
    }
    client.finish().map_err(|error| fault(&format!("log-in at {host}: {error}")))
}

fn strongest(line: &Line) -> Option<(Mechanism, &'static str)> {
    let known = [(Mechanism::ScramSha256, "SCRAM-SHA-256"), (Mechanism::Plain, "PLAIN"), (Mechanism::Login, "LOGIN")];
    known.into_iter().find(|(_, name)| line.offers.offers_auth(name))
}

fn fault(text: &str) -> Fault {
    tracing::error!("{text}");
    Fault::for_now(Said::ours(Enhanced(4, 7, 0), text))
}

fn refused(reply: &Reply, host: &str) -> Fault {
    tracing::error!(host, %reply, "the log-in at the smarthost was refused: check user and password of the route");
    Fault::for_now(Said::reply(Enhanced(4, 7, 8), reply, host))
}
