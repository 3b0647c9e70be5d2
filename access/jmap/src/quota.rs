//! Quota (RFC 9425): the octets that the letters of an account take, and the octets that they may take.
//!
//! An account has one quota, of octets. If its administrator has set no limit, the object shows the largest number that
//! JMAP has: the RFC requires a limit, and the used octets are worth knowing without one.
//!
//! A state ([`State`]) says the octets used and the limit themselves. So it is exact without a counter of its own, and
//! a change back is no change.

pub mod query;
mod state;

use mail::seam::AccountId;
use serde_json::{Value, json};

use crate::api::{MethodError, Object};
use crate::scope::Scope;
use crate::session::{CORE, MAIL, QUOTA};
use crate::standard::{self, ChangesArguments, GetArguments, get as standard_get};
use state::LARGEST;

pub use state::{State, state};

/// The only id.
const ID: &str = "mail";
/// The type of object that the quota counts.
const TYPE: &str = "Email";
const PROPERTIES: [&str; 10] =
    ["id", "resourceType", "used", "hardLimit", "scope", "name", "types", "warnLimit", "softLimit", "description"];

async fn look(scope: &Scope, account: AccountId) -> Result<State, MethodError> {
    Ok(scope.server.read(account, move |view| state(view, account)).await?)
}

/// Returns true if the client knows the counted type (RFC 9425 §4.1). A client that names no data at all, as Bulwark
/// does when it asks for a quota, has not said that it does not know it.
fn knows_type(scope: &Scope) -> bool {
    scope.uses(MAIL) || scope.using.iter().all(|used| [CORE, QUOTA].contains(&used.as_str()))
}

/// Returns the Quota object; `None` for a client that does not know what it counts.
fn object(scope: &Scope, now: State) -> Option<Object> {
    let object = json!({
        "id": ID,
        "resourceType": "octets",
        "used": now.used,
        "hardLimit": now.limit.unwrap_or(LARGEST),
        "scope": "account",
        "name": scope.person.address.to_string(),
        "types": [TYPE],
        "warnLimit": null,
        "softLimit": null,
        "description": null,
    });
    object.as_object().filter(|_| knows_type(scope)).cloned()
}

/// Answers Quota/get (RFC 9425 §4.2).
pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: GetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    arguments.checked(&PROPERTIES)?;
    let now = look(scope, account).await?;
    let object = object(scope, now);
    let ids = arguments.ids.unwrap_or_else(|| object.iter().map(|_| ID.to_owned()).collect());
    let (found, not_found): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| id == ID && object.is_some());
    let properties = arguments.properties.as_deref();
    let list = object.into_iter().filter(|_| !found.is_empty());
    let list = list.map(|object| standard_get::only(object, properties)).collect();
    Ok(standard_get::answer(&arguments.account_id, now.to_string(), list, not_found))
}

/// Answers Quota/changes (RFC 9425 §4.3).
pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: ChangesArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    arguments.check_most()?;
    let before = State::read(&arguments.since_state).ok_or_else(MethodError::cannot_calculate_changes)?;
    let now = look(scope, account).await?;
    let changed = now != before && object(scope, now).is_some();
    let only_used = if changed && now.limit == before.limit { json!(["used"]) } else { Value::Null };
    let answer = json!({
        "accountId": arguments.account_id,
        "oldState": arguments.since_state,
        "newState": now.to_string(),
        "hasMoreChanges": false,
        "created": [],
        "updated": if changed { vec![ID] } else { Vec::new() },
        "destroyed": [],
        "updatedProperties": only_used,
    });
    Ok(answer.as_object().cloned().unwrap_or_default())
}
