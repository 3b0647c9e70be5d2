//! Carries out a request: its method calls one after the other (RFC 8620 §3.3).

use std::sync::Arc;

use mail::seam::{Login, Wire};
use mail::stay::{Doing, SharedStay};
use serde_json::{Value, json};

use crate::api::json::footprint_of;
use crate::api::{Invocation, MethodError, Object, Request, RequestError, reference};
use crate::limits;
use crate::memory::Memory;
use crate::methods::{self, Answers};
use crate::scope::{Created, Scope};
use crate::server::Server;
use crate::session;
use crate::subscription::Credential;
use crate::using;

/// The person and client that make a request.
pub(crate) struct Who {
    pub person: Login,
    /// The credential that they have logged in with.
    pub credential: Credential,
    /// The connection the request came over.
    pub wire: Wire,
    /// The time that they may go on.
    pub stay: SharedStay,
}

/// Carries out the request in `text` for a person, and returns the Response object. `wire` is the connection it came
/// over. The person has logged in with their password.
pub async fn run(server: &Arc<Server>, person: &Login, wire: &Wire, text: &[u8]) -> Result<Value, RequestError> {
    run_with(server, person, Credential::Password, wire, text).await
}

/// Carries out a request for a person who has logged in with this credential.
pub async fn run_with(
    server: &Arc<Server>,
    person: &Login,
    credential: Credential,
    wire: &Wire,
    text: &[u8],
) -> Result<Value, RequestError> {
    let memory = Memory::of(server, person.account);
    let stay = server.shared.logins.stay(person, Doing::Request, wire.ip);
    let who = Who { person: person.clone(), credential, wire: wire.clone(), stay };
    carry_out(server, who, text, memory).await.map(|(response, _)| response)
}

/// Carries out a request. `memory` is the request's share of the memory for all requests; it is returned together with
/// the share of the responses, and is held until they are sent.
pub(crate) async fn carry_out(
    server: &Arc<Server>,
    who: Who,
    text: &[u8],
    memory: Memory,
) -> Result<(Value, Memory), RequestError> {
    let request = Request::read(text, using::may_be_used, limits::CALLS_IN_REQUEST, limits::PARSED_REQUEST)?;
    let tells_created = request.created_ids.is_some();
    let Who { person, credential, wire, stay } = who;
    let mut scope = Scope {
        server: Arc::clone(server),
        person,
        credential,
        wire,
        using: request.using,
        created: Created(request.created_ids.unwrap_or_default()),
        left: limits::RESPONSES,
        references: limits::REFERENCES,
        memory,
    };
    let mut responses: Vec<Invocation> = Vec::new();
    for Invocation { name, arguments, id } in request.calls {
        match while_welcome(&stay, &name, call(&mut scope, &name, arguments, &responses)).await {
            Ok(answers) => {
                let answers = answers.into_iter();
                responses.extend(answers.map(|(name, arguments)| Invocation { name, arguments, id: id.clone() }));
            }
            Err(error) => responses.push(Invocation::error(&error, &id)),
        }
    }
    let responses: Vec<Value> = responses.into_iter().map(Invocation::into_value).collect();
    let mut response = json!({"methodResponses": responses, "sessionState": session::state(&scope.person)});
    if let Some(object) = response.as_object_mut().filter(|_| tells_created) {
        object.insert("createdIds".into(), json!(scope.created.0));
    }
    Ok((response, scope.memory))
}

/// Runs a call of a person who may have to go meanwhile. A reading call ends with their stay. A writing call that has
/// begun is finished and answered: otherwise the client would repeat it.
async fn while_welcome(
    stay: &SharedStay,
    name: &str,
    call: impl Future<Output = Result<Answers, MethodError>>,
) -> Result<Answers, MethodError> {
    let gone = || Err(MethodError::forbidden("what let you in is no longer good: log in again"));
    if stay.is_over().is_some() {
        return gone();
    }
    if !methods::only_reads(name) {
        return call.await;
    }
    tokio::select! {
        done = call => done,
        _ = stay.over() => gone(),
    }
}

/// Carries out one call, if there is still room for its answer.
async fn call(scope: &mut Scope, name: &str, arguments: Object, before: &[Invocation]) -> Result<Answers, MethodError> {
    if scope.left == 0 {
        return Err(MethodError::request_too_large());
    }
    let arguments = reference::resolve(arguments, before, &mut scope.references)?;
    let answers = methods::call(scope, name, arguments).await?;
    let size = answers.iter().map(|(_, arguments)| footprint_of(arguments)).sum::<usize>();
    // The answer is in memory twice: as an object, and as text. A finished call is answered in any case; without
    // memory, no further call is carried out.
    let room = scope.memory.more(size.saturating_mul(2)).await;
    scope.left = if room.is_ok() { scope.left.saturating_sub(size) } else { 0 };
    Ok(answers)
}
