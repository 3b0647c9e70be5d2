//! Email/set (RFC 8621 §4.6).

use mail::Timestamp;
use mailbox::{Access, LetterKey, System};
use serde_json::Value;

use super::import::mailboxes;
use super::letter::Wish;
use super::property::Property;
use super::room::Room;
use super::write::{self, Filing, Ready, Task, Which, Work};
use super::{compose, filter, get, keywords};
use crate::api::{MethodError, Object, SetError};
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::{self, SetArguments, Span};

pub async fn set(scope: &mut Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    arguments.check()?;
    let mut span = Span::open(&scope.server.shared.store, access, write::state, arguments.if_in_state.take()).await?;
    let mut work = Work::new(scope, &mut span, access);
    let creates = arguments.creates();
    let filed: Vec<String> = creates.iter().map(|(key, _)| key.clone()).collect();
    let destroys = arguments.destroys();
    let room = if creates.is_empty() { 0 } else { write::making_room(work.scope, access, &destroys).await? };
    for (key, object) in creates {
        match create(work.scope, access, object).await? {
            Ok(ready) => work.add(key, Task::File(ready.in_place_of(room))).await?,
            Err(error) => drop(work.answer.create(&key, Err(error))),
        }
    }
    for (id, patch) in arguments.updates() {
        if destroys.contains(&id) {
            work.answer.update(&id, Err(SetError::new("willDestroy")));
            continue;
        }
        match update(work.scope, access, &id, patch, &filed).await? {
            Ok(task) => work.add(id, task).await?,
            Err(error) => work.answer.update(&id, Err(error)),
        }
    }
    for id in destroys {
        match Which::read(work.scope, &id, &filed) {
            Some(which) => work.add(id, Task::Destroy(which)).await?,
            None => work.answer.destroy(&id, Err(SetError::not_found())),
        }
    }
    work.carry_out().await?;
    let answer = work.answer;
    Ok(answer.into_arguments(&arguments.account_id, span.ends()))
}

async fn create(scope: &Scope, access: Access, object: Object) -> Result<Result<Ready, SetError>, MethodError> {
    let (filing, content) = match read(scope, object) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    match compose::compose(scope, access, content).await? {
        Ok(octets) => write::prepare(scope, Filing { octets, ..filing }).await,
        Err(error) => Ok(Err(error)),
    }
}

async fn update(
    scope: &Scope,
    access: Access,
    id: &str,
    patch: Object,
    filed: &[String],
) -> Result<Result<Task, SetError>, MethodError> {
    let Some(which) = Which::read(scope, id, filed) else { return Ok(Err(SetError::not_found())) };
    let patch = match &which {
        Which::Known(letter) => check_others(scope, access, *letter, patch).await?,
        Which::Filed(_) => only_settable(patch),
    };
    Ok(patch.map(|patch| Task::Change(which, with_real_ids(scope, patch))))
}

/// Separates the properties of the stored letter from those of its content.
fn read(scope: &Scope, mut object: Object) -> Result<(Filing, Object), SetError> {
    let mut bad = Vec::new();
    let folders = match object.remove("mailboxIds") {
        Some(Value::Object(ids)) => mailboxes(scope, &ids),
        _ => Err(None),
    };
    let folders = match folders {
        Ok(folders) => Some(folders),
        Err(Some(error)) => return Err(error),
        Err(None) => {
            bad.push("mailboxIds");
            None
        }
    };
    let flags = match object.remove("keywords") {
        None | Some(Value::Null) => Some((System::NONE, Vec::new())),
        Some(Value::Object(object)) if object.len() > keywords::MOST => return Err(SetError::new("tooManyKeywords")),
        Some(other) => other.as_object().and_then(keywords::read),
    };
    if flags.is_none() {
        bad.push("keywords");
    }
    let received = match object.remove("receivedAt") {
        None | Some(Value::Null) => Some((scope.server.clock)()),
        Some(text) => text.as_str().and_then(filter::date).map(Timestamp),
    };
    if received.is_none() {
        bad.push("receivedAt");
    }
    match (folders, flags, received) {
        (Some(folders), Some((system, keywords)), Some(received)) => {
            let octets = bytes::Bytes::new();
            Ok((Filing { octets, folders, system, keywords, received }, object))
        }
        _ => Err(SetError::invalid(bad)),
    }
}

/// Compares and removes properties that cannot be changed: a patch may repeat their values (RFC 8620 §5.3).
async fn check_others(
    scope: &Scope,
    access: Access,
    letter: LetterKey,
    mut patch: Object,
) -> Result<Result<Object, SetError>, MethodError> {
    let others: Vec<String> = patch.keys().filter(|name| !is_settable(name)).cloned().collect();
    if others.is_empty() {
        return Ok(Ok(patch));
    }
    let Ok(properties) = Property::of_email(Some(others.clone())) else {
        return Ok(Err(SetError::invalid(others)));
    };
    let part_properties = Property::of_part(None)?;
    let wish =
        Wish { properties, part_properties, text_values: false, html_values: false, all_values: false, value_limit: 0 };
    let mut room = Room::without_values(scope.left);
    let read = move |view: &store::View| get::look_up(view, access, &[letter.id()], &wish, &mut room);
    let Some(object) = scope.server.read(access, read).await?.into_iter().next().flatten() else {
        return Ok(Err(SetError::not_found()));
    };
    let changed: Vec<String> = others.iter().filter(|name| patch.get(*name) != object.get(*name)).cloned().collect();
    if !changed.is_empty() {
        return Ok(Err(SetError::invalid(changed)));
    }
    patch.retain(|name, _| is_settable(name));
    Ok(Ok(patch))
}

fn is_settable(path: &str) -> bool {
    ["keywords", "mailboxIds"].contains(&path.split('/').next().unwrap_or_default())
}

/// Fails if a patch has other properties: a letter that does not exist yet has none to compare with.
fn only_settable(patch: Object) -> Result<Object, SetError> {
    let others: Vec<String> = patch.keys().filter(|name| !is_settable(name)).cloned().collect();
    if others.is_empty() { Ok(patch) } else { Err(SetError::invalid(others)) }
}

/// Replaces creation ids of mailboxes by the ids of the new mailboxes.
fn with_real_ids(scope: &Scope, patch: Object) -> Object {
    let real = |id: &str| scope.real(id).unwrap_or(id).to_owned();
    patch
        .into_iter()
        .map(|(path, value)| match (path.strip_prefix("mailboxIds/"), value) {
            (Some(id), value) => (format!("mailboxIds/{}", real(id)), value),
            (None, Value::Object(ids)) if path == "mailboxIds" => {
                let ids: Object = ids.into_iter().map(|(id, value)| (real(&id), value)).collect();
                (path, ids.into())
            }
            (None, value) => (path, value),
        })
        .collect()
}
