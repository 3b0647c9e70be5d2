//! Identity/set (RFC 8621 §6.3).

use mail::Address;
use mail::seam::AccountId;
use mailbox::account_changes::Cursor;
use serde_json::{Value, json};

use super::{defaults, ensure, object};
use crate::api::{MethodError, Object, SetError, patch};
use crate::id::{Id, IdentityId};
use crate::records::{self, Kind};
use crate::run::Scope;
use crate::standard::{self, SetAnswer, SetArguments};
use crate::state;

/// The most identities of a person, and the longest text of one, in octets.
const MOST: usize = 200;
const LONGEST: usize = 64 * 1024;

pub async fn set(scope: &mut Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    ensure(scope, account).await?;
    let old_state = current(scope, account).await?;
    arguments.check(&old_state)?;
    let mut answer = SetAnswer::default();
    for (key, given) in arguments.creates() {
        let outcome = create(scope, account, given).await?;
        if let Ok(made) = &outcome
            && let Some(id) = made.get("id").and_then(Value::as_str)
        {
            scope.note(&key, id.to_owned());
        }
        answer.create(&key, outcome);
    }
    for (id, patch) in arguments.updates() {
        let outcome = update(scope, account, &id, &patch).await?;
        answer.update(scope.real(&id).unwrap_or(&id), outcome);
    }
    for id in arguments.destroys() {
        let outcome = destroy(scope, account, &id).await?;
        answer.destroy(scope.real(&id).unwrap_or(&id), outcome);
    }
    let new_state = current(scope, account).await?;
    Ok(answer.into_arguments(&arguments.account_id, old_state, new_state))
}

async fn current(scope: &Scope, account: AccountId) -> Result<String, MethodError> {
    let head = scope.house.store.read(move |view| records::state(view, account, Kind::Identity)).await?;
    Ok(state::write(Cursor::at(head)))
}

async fn create(scope: &Scope, account: AccountId, given: Object) -> Result<Result<Object, SetError>, MethodError> {
    let email = given.get("email").and_then(Value::as_str).and_then(|email| Address::parse(email).ok());
    let mut bad = faults(&given);
    bad.extend(given.keys().filter(|name| ["id", "mayDelete"].contains(&name.as_str())).cloned());
    let Some(email) = email else {
        return Ok(Err(SetError::invalid(bad.into_iter().chain(["email".to_owned()]))));
    };
    if !bad.is_empty() {
        return Ok(Err(SetError::invalid(bad)));
    }
    match scope.house.logins.may_write_as(&scope.person, &email).await {
        Ok(true) => {}
        Ok(false) => return Ok(Err(SetError::new("forbiddenFrom"))),
        Err(_) => return Err(MethodError::server_unavailable()),
    }
    let data: Object = given.clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
    let made = scope
        .house
        .store
        .write(move |tx| {
            if records::list(tx, account, Kind::Identity)?.len() >= MOST {
                return Ok(None);
            }
            records::create(tx, account, Kind::Identity, &data).map(Some)
        })
        .await?;
    let Some(id) = made else { return Ok(Err(SetError::new("overQuota"))) };
    let mut created: Object =
        defaults().into_iter().filter(|(name, _)| given.get(name).is_none_or(Value::is_null)).collect();
    created.insert("id".into(), IdentityId(id).id().into());
    Ok(Ok(created))
}

async fn update(
    scope: &Scope,
    account: AccountId,
    id: &str,
    change: &Object,
) -> Result<Result<Option<Object>, SetError>, MethodError> {
    let Some(IdentityId(id)) = scope.find(id) else { return Ok(Err(SetError::not_found())) };
    let change = change.clone();
    let outcome = scope
        .house
        .store
        .write(move |tx| {
            let Some(record) = records::get(tx, account, Kind::Identity, id)? else {
                return Ok(Err(SetError::not_found()));
            };
            let before = object(&record);
            let after = match patch::apply(before.clone(), &change, |name| defaults().get(name).cloned()) {
                Ok(after) => after,
                Err(error) => return Ok(Err(error)),
            };
            let mut bad = faults(&after);
            bad.extend(
                ["id", "email", "mayDelete"]
                    .iter()
                    .filter(|name| before.get(**name) != after.get(**name))
                    .map(|name| (*name).to_owned()),
            );
            if !bad.is_empty() {
                return Ok(Err(SetError::invalid(bad)));
            }
            let data = after.into_iter().filter(|(name, value)| name != "id" && !value.is_null()).collect();
            records::update(tx, account, Kind::Identity, id, &data)?;
            Ok::<_, store::Error>(Ok(None))
        })
        .await?;
    Ok(outcome)
}

async fn destroy(scope: &Scope, account: AccountId, id: &str) -> Result<Result<(), SetError>, MethodError> {
    let Some(IdentityId(id)) = scope.find(id) else { return Ok(Err(SetError::not_found())) };
    let outcome = scope
        .house
        .store
        .write(move |tx| {
            let Some(record) = records::get(tx, account, Kind::Identity, id)? else {
                return Ok(Err(SetError::not_found()));
            };
            if record.data.get("mayDelete") == Some(&json!(false)) {
                return Ok(Err(SetError::new("forbidden").because("the identity of one's own address stays")));
            }
            records::destroy(tx, account, Kind::Identity, id)?;
            Ok::<_, store::Error>(Ok(()))
        })
        .await?;
    Ok(outcome)
}

/// Properties that are not as they must be.
fn faults(object: &Object) -> Vec<String> {
    let fits = |name: &str, value: &Value| match name {
        "name" | "textSignature" | "htmlSignature" => value.as_str().is_some_and(|text| text.len() <= LONGEST),
        "replyTo" | "bcc" => value.is_null() || value.as_array().is_some_and(|list| list.iter().all(is_address)),
        "email" => value.is_string(),
        "id" | "mayDelete" => true,
        _ => false,
    };
    object.iter().filter(|(name, value)| !fits(name, value)).map(|(name, _)| name.clone()).collect()
}

/// An EmailAddress.
fn is_address(value: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    let name = object.get("name").is_none_or(|name| name.is_null() || name.is_string());
    let email = object.get("email").is_some_and(Value::is_string);
    name && email && object.keys().all(|key| key == "name" || key == "email") && value.to_string().len() <= LONGEST
}
