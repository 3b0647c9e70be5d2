//! Identity/set (RFC 8621 §6.3).

use mail::Address;
use mail::seam::AccountId;
use mailbox::Access;
use records::identity::MOST;
use records::{IdentityId, Kind};
use serde_json::Value;
use store::{Tx, View};

use super::{defaults, ensure, object, read};
use crate::api::{MethodError, Object, SetError, patch};
use crate::id::Id;
use crate::scope::{Created, Scope};
use crate::standard::{self, SetAnswer, SetArguments, Span};

/// The longest text of an identity, in octets.
const LONGEST: usize = 64 * 1024;

pub async fn set(scope: &mut Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    let account = access.owner();
    ensure(scope, account).await?;
    arguments.check()?;
    let mut span = Span::open(&scope.server.shared.store, access, state_of, arguments.if_in_state.take()).await?;
    let mut creates = Vec::new();
    for (key, given) in arguments.creates() {
        let fault = fault(scope, &given).await?;
        creates.push((key, given, fault));
    }
    let batch = Batch { creates, updates: arguments.updates(), destroys: arguments.destroys() };
    let created = scope.created.clone();
    let (answer, created) =
        span.write(&scope.server.shared.store, move |tx| Ok(batch.carry_out(tx, account, created.clone())?)).await?;
    scope.created = created;
    Ok(answer.into_arguments(&arguments.account_id, span.ends()))
}

fn state_of(view: &View, access: Access) -> Result<mailbox::Change, mailbox::Error> {
    Ok(records::state(view, access.owner(), Kind::Identity)?)
}
/// Returns the fault of an identity that is to be made.
async fn fault(scope: &Scope, given: &Object) -> Result<Option<SetError>, MethodError> {
    let email = given.get("email").and_then(Value::as_str).and_then(|email| Address::parse(email).ok());
    let mut bad = faults(given);
    let set_by_server = |name: &str| ["id", "mayDelete"].contains(&name);
    bad.extend(
        given.iter().filter(|(name, value)| set_by_server(name) && !value.is_null()).map(|(name, _)| name.clone()),
    );
    let Some(email) = email else {
        return Ok(Some(SetError::invalid(bad.into_iter().chain(["email".to_owned()]))));
    };
    if !bad.is_empty() {
        return Ok(Some(SetError::invalid(bad)));
    }
    match scope.server.shared.logins.may_write_as(&scope.person, &email).await {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(SetError::new("forbiddenFrom").because(format!("not as {email}")))),
        Err(_) => Err(MethodError::server_unavailable()),
    }
}

/// All tasks of one call.
struct Batch {
    creates: Vec<(String, Object, Option<SetError>)>,
    updates: Vec<(String, Object)>,
    destroys: Vec<String>,
}

impl Batch {
    fn carry_out(
        &self,
        tx: &mut Tx,
        account: AccountId,
        mut known: Created,
    ) -> Result<(SetAnswer, Created), store::Error> {
        let mut answer = SetAnswer::default();
        for (key, given, fault) in &self.creates {
            let outcome = match fault {
                Some(error) => Err(error.clone()),
                None => create(tx, account, given)?,
            };
            if let Ok(id) = &outcome {
                known.note(key, id.id());
            }
            answer.create(key, outcome.map(|id| told(id, given)));
        }
        for (id, change) in &self.updates {
            let outcome = match known.find(id) {
                Some(id) => update(tx, account, id, change)?,
                None => Err(SetError::not_found()),
            };
            answer.update(known.real(id).unwrap_or(id), outcome.map(|()| None));
        }
        for id in &self.destroys {
            let outcome = match known.find(id) {
                Some(id) => destroy(tx, account, id)?,
                None => Err(SetError::not_found()),
            };
            answer.destroy(known.real(id).unwrap_or(id), outcome);
        }
        Ok((answer, known))
    }
}

fn create(tx: &mut Tx, account: AccountId, given: &Object) -> Result<Result<IdentityId, SetError>, store::Error> {
    let made = records::identity::create(tx, account, &read(given))?;
    Ok(made.ok_or_else(|| SetError::new("overQuota").because(format!("no more than {MOST} identities"))))
}

/// Returns only the properties that the client does not know.
fn told(id: IdentityId, given: &Object) -> Object {
    let mut told: Object =
        defaults().into_iter().filter(|(name, _)| given.get(name).is_none_or(Value::is_null)).collect();
    told.insert("id".into(), id.id().into());
    told
}

fn update(
    tx: &mut Tx,
    account: AccountId,
    id: IdentityId,
    change: &Object,
) -> Result<Result<(), SetError>, store::Error> {
    let Some(identity) = records::identity::get(tx, account, id)? else {
        return Ok(Err(SetError::not_found()));
    };
    let before = object(id, &identity);
    let after = match patch::apply(before.clone(), change, |name| defaults().get(name).cloned()) {
        Ok(after) => after,
        Err(error) => return Ok(Err(error)),
    };
    let mut bad = faults(&after);
    let fixed = ["id", "email", "mayDelete"].iter().filter(|name| before.get(**name) != after.get(**name));
    bad.extend(fixed.map(|name| (*name).to_owned()));
    if !bad.is_empty() {
        return Ok(Err(SetError::invalid(bad)));
    }
    records::identity::update(tx, account, id, &read(&after)).map(Ok)
}

fn destroy(tx: &mut Tx, account: AccountId, id: IdentityId) -> Result<Result<(), SetError>, store::Error> {
    let Some(identity) = records::identity::get(tx, account, id)? else {
        return Ok(Err(SetError::not_found()));
    };
    if !identity.may_delete {
        return Ok(Err(SetError::new("forbidden").because("the identity of one's own address stays")));
    }
    records::identity::destroy(tx, account, id).map(|_| Ok(()))
}

/// Returns the properties that are not valid.
fn faults(object: &Object) -> Vec<String> {
    let fits = |name: &str, value: &Value| match name {
        "name" | "textSignature" | "htmlSignature" => {
            value.is_null() || value.as_str().is_some_and(|text| text.len() <= LONGEST)
        }
        "replyTo" | "bcc" => value.is_null() || value.as_array().is_some_and(|list| list.iter().all(is_address)),
        "email" => value.is_string(),
        "id" | "mayDelete" => true,
        _ => false,
    };
    object.iter().filter(|(name, value)| !fits(name, value)).map(|(name, _)| name.clone()).collect()
}

/// Reads an EmailAddress.
fn is_address(value: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    let name = object.get("name").is_none_or(|name| name.is_null() || name.is_string());
    let email = object.get("email").is_some_and(Value::is_string);
    name && email && object.keys().all(|key| key == "name" || key == "email") && value.to_string().len() <= LONGEST
}
