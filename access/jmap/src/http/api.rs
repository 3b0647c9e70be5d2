//! The API resource (RFC 8620 §3.1).

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::Line;
use http_body_util::BodyExt;
use mail::stay::Doing;

use super::door::Person;
use super::{answer, aside, door};
use crate::api::{RequestError, json};
use crate::limits;
use crate::memory::Memory;
use crate::run::{Who, carry_out};
use crate::server::Server;
use crate::subscription::Credential;

/// The step, in octets, by which a request takes memory while it arrives.
const STEP: usize = 1 << 20;

pub async fn api(
    State(server): State<Arc<Server>>,
    Person(person, wire): Person,
    line: Line,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(turn) = server.requests.begin(person.account, limits::CONCURRENT_REQUESTS) else {
        return answer::limit("maxConcurrentRequests");
    };
    if !answer::is_json(&headers) {
        return answer::problem(&RequestError::NotJson("its type is not application/json".into()).problem());
    }
    let stay = server.shared.logins.stay(&person, Doing::Request, wire.ip);
    let mut memory = Memory::of(&server, person.account);
    let received = tokio::select! {
        biased;
        _ = stay.over() => return door::log_in(),
        received = receive(body, &mut memory) => received,
    };
    let text = match received {
        Ok(text) => text,
        Err(refused) => return refused,
    };
    let desks = Arc::clone(&server.desks);
    let Ok(desk) = desks.acquire_owned().await else { return busy() };
    let work = async move {
        let _held = (turn, desk);
        let who = Who { person, credential: Credential::of(&headers), wire, stay: stay.clone() };
        let done = carry_out(&server, who, &text, memory).await;
        drop(text);
        match done {
            Ok((response, memory)) => answer::held(&response, memory).map(|body| line.body_while(stay, body)),
            Err(error) => answer::problem(&error.problem()),
        }
    };
    aside::aside(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request could not be carried out");
        answer::plain_problem(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be carried out")
    })
}

/// Takes in the request, up to the limit, and the memory that it needs now and will need when it is read.
async fn receive(mut body: Body, memory: &mut Memory) -> Result<Bytes, Response> {
    let mut text = BytesMut::new();
    if body.size_hint().lower() > limits::SIZE_REQUEST as u64 {
        return Err(answer::limit("maxSizeRequest"));
    }
    let (mut held, mut swollen) = (limits::SMALL, 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(answer::plain_problem(StatusCode::REQUEST_TIMEOUT, "the request did not come whole"));
        };
        let Ok(piece) = frame.into_data() else { continue };
        let length = text.len() + piece.len();
        if length > limits::SIZE_REQUEST {
            return Err(answer::limit("maxSizeRequest"));
        }
        if length > held {
            memory.more(STEP).await.map_err(|_| busy())?;
            held += STEP;
        }
        swollen = swollen.saturating_add(json::swells(&piece));
        text.extend_from_slice(&piece);
    }
    memory.more(swollen.min(limits::PARSED_REQUEST)).await.map_err(|_| busy())?;
    Ok(text.freeze())
}

fn busy() -> Response {
    answer::plain_problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "too much is being asked for at this time: try again in a minute",
    )
}
