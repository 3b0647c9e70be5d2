//! Carries out a request: its method calls one after the other (RFC 8620 §3.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use mail::seam::{AccountId, Login, Wire};
use serde_json::{Value, json};

use crate::api::json::weight;
use crate::api::{Invocation, MethodError, Request, RequestError, reference};
use crate::house::House;
use crate::id::Id;
use crate::session::{self, CAPABILITIES};
use crate::subscription::Credential;
use crate::{limits, methods};

/// What the methods of one request share.
pub(crate) struct Scope {
    pub house: Arc<House>,
    pub person: Login,
    /// What they have logged in with.
    pub credential: Credential,
    /// The connection the request came over.
    pub wire: Wire,
    /// Capabilities the request uses.
    pub using: Vec<String>,
    /// What was created.
    pub created: Created,
}

/// Ids of what was created, by creation id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Created(BTreeMap<String, String>);

impl Created {
    /// The id that a client means: the one created under the name behind `#`, or the id itself.
    pub fn real<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        match id.strip_prefix('#') {
            Some(creation) => self.0.get(creation).map(String::as_str),
            None => Some(id),
        }
    }

    /// What a client's id stands for, directly or by creation id.
    pub fn find<I: Id>(&self, id: &str) -> Option<I> {
        self.real(id).and_then(I::read)
    }

    /// Notes what was created.
    pub fn note(&mut self, creation: &str, id: String) {
        self.0.insert(creation.to_owned(), id);
    }
}

impl Scope {
    /// The account of this id, if it is the person's.
    pub fn account(&self, id: &str) -> Result<AccountId, MethodError> {
        match AccountId::read(id) {
            Some(account) if account == self.person.account => Ok(account),
            _ => Err(MethodError::account_not_found()),
        }
    }

    /// The id that a client means (see [`Created`]).
    pub fn real<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        self.created.real(id)
    }

    /// What a client's id stands for, directly or by creation id.
    pub fn find<I: Id>(&self, id: &str) -> Option<I> {
        self.created.find(id)
    }

    /// Notes what was created.
    pub fn note(&mut self, creation: &str, id: String) {
        self.created.note(creation, id);
    }
}

/// Carries out the request in `text` for a person, and gives the Response object. `wire` is the connection it came over. The person
/// has logged in with their password.
pub async fn run(house: &Arc<House>, person: &Login, wire: &Wire, text: &[u8]) -> Result<Value, RequestError> {
    run_with(house, person, Credential::Password, wire, text).await
}

/// The same, for a person who has logged in with this.
pub async fn run_with(
    house: &Arc<House>,
    person: &Login,
    credential: Credential,
    wire: &Wire,
    text: &[u8],
) -> Result<Value, RequestError> {
    let request = Request::read(text, &CAPABILITIES, limits::CALLS_IN_REQUEST)?;
    let tells_created = request.created_ids.is_some();
    let mut scope = Scope {
        house: Arc::clone(house),
        person: person.clone(),
        credential,
        wire: wire.clone(),
        using: request.using,
        created: Created(request.created_ids.unwrap_or_default()),
    };
    let mut responses: Vec<Invocation> = Vec::new();
    let mut size = 0;
    for Invocation { name, arguments, id } in request.calls {
        let outcome = match reference::resolve(arguments, &responses, limits::SIZE_REFERENCES) {
            Ok(_) if size > limits::SIZE_RESPONSE => Err(MethodError::request_too_large()),
            Ok(arguments) => methods::call(&mut scope, &name, arguments).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(answers) => {
                for (name, arguments) in answers {
                    size += weight(&arguments);
                    responses.push(Invocation { name, arguments, id: id.clone() });
                }
            }
            Err(error) => responses.push(Invocation::error(&error, &id)),
        }
    }
    let responses: Vec<Value> = responses.into_iter().map(Invocation::into_value).collect();
    let mut response = json!({"methodResponses": responses, "sessionState": session::state(person)});
    if let Some(object) = response.as_object_mut().filter(|_| tells_created) {
        object.insert("createdIds".into(), json!(scope.created.0));
    }
    Ok(response)
}
