//! Email/set (RFC 8621 §4.6).

use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::letter::{self, Expunge};
use mailbox::{FlagChange, FolderId, Keywords, LetterKey, System, Uid, UidRange, Want, fetch, flags, folder};
use serde_json::{Value, json};
use store::Tx;

use super::get;
use super::import::{Filing, current, file, mailbox as one_mailbox};
use super::letter::Wish;
use super::property::Property;
use super::{compose, filter, keywords};
use crate::api::{MethodError, Object, SetError, patch};
use crate::id::Id;
use crate::run::Scope;
use crate::standard::{self, SetAnswer, SetArguments};

/// Letters changed in one write, so that the writer is not held for long.
const AT_ONCE: usize = 50;

pub async fn set(scope: &mut Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let old_state = current(scope, account).await?;
    arguments.check(&old_state)?;
    let mut answer = SetAnswer::default();
    for (key, object) in arguments.creates() {
        let outcome = create(scope, account, object).await?;
        if let Ok(made) = &outcome
            && let Some(id) = made.get("id").and_then(Value::as_str)
        {
            scope.note(&key, id.to_owned());
        }
        answer.create(&key, outcome);
    }
    let destroys = arguments.destroys();
    let mut updates = arguments.updates();
    updates.retain(|(id, _)| {
        let stays = !destroys.contains(id);
        if !stays {
            answer.update(id, Err(SetError::new("willDestroy")));
        }
        stays
    });
    update_all(scope, account, updates, &mut answer).await?;
    destroy_all(scope, account, destroys, &mut answer).await?;
    let new_state = current(scope, account).await?;
    Ok(answer.into_arguments(&arguments.account_id, old_state, new_state))
}

async fn create(scope: &Scope, account: AccountId, object: Object) -> Result<Result<Object, SetError>, MethodError> {
    let (filing, content) = match read(scope, object) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    match compose::compose(scope, account, content).await? {
        Ok(octets) => file(scope, account, Filing { octets, ..filing }).await,
        Err(error) => Ok(Err(error)),
    }
}

/// Parts what is said of the letter from what is to stand in it.
fn read(scope: &Scope, mut object: Object) -> Result<(Filing, Object), SetError> {
    let mut bad = Vec::new();
    let folder = match object.remove("mailboxIds") {
        Some(Value::Object(ids)) => one_mailbox(scope, &ids),
        _ => Err(None),
    };
    let folder = match folder {
        Ok(folder) => Some(folder),
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
        None | Some(Value::Null) => Some((scope.house.clock)()),
        Some(text) => text.as_str().and_then(filter::date).map(Timestamp),
    };
    if received.is_none() {
        bad.push("receivedAt");
    }
    match (folder, flags, received) {
        (Some(folder), Some((system, keywords)), Some(received)) => {
            let octets = bytes::Bytes::new();
            Ok((Filing { octets, folder, system, keywords, received }, object))
        }
        _ => Err(SetError::invalid(bad)),
    }
}

/// An update ready to be made in the writer.
#[derive(Clone)]
struct Update {
    letter: LetterKey,
    patch: Object,
}

async fn update_all(
    scope: &Scope,
    account: AccountId,
    updates: Vec<(String, Object)>,
    answer: &mut SetAnswer,
) -> Result<(), MethodError> {
    let mut ready = Vec::new();
    for (id, patch) in updates {
        let Some(letter) = scope.find::<LetterKey>(&id) else {
            answer.update(&id, Err(SetError::not_found()));
            continue;
        };
        match check_others(scope, account, letter, patch).await? {
            Ok(patch) => ready.push((letter.id(), Update { letter, patch: with_real_ids(scope, patch) })),
            Err(error) => answer.update(&id, Err(error)),
        }
    }
    for some in ready.chunks(AT_ONCE) {
        let batch: Vec<Update> = some.iter().map(|(_, update)| update.clone()).collect();
        let together = scope
            .house
            .store
            .write(move |tx| {
                batch.iter().map(|update| apply(tx, account, update)).collect::<Result<Vec<_>, mailbox::Error>>()
            })
            .await;
        match together {
            Ok(outcomes) => some.iter().zip(outcomes).for_each(|((id, _), outcome)| answer.update(id, outcome)),
            Err(mailbox::Error::Store(error)) => return Err(error.into()),
            // One of them cannot be; the others can.
            Err(_) => one_by_one(scope, account, some, answer).await?,
        }
    }
    Ok(())
}

async fn one_by_one(
    scope: &Scope,
    account: AccountId,
    updates: &[(String, Update)],
    answer: &mut SetAnswer,
) -> Result<(), MethodError> {
    for (id, update) in updates {
        let update = update.clone();
        match scope.house.store.write(move |tx| apply(tx, account, &update)).await {
            Ok(outcome) => answer.update(id, outcome),
            Err(mailbox::Error::Store(error)) => return Err(error.into()),
            Err(other) => answer.update(id, Err(other.into())),
        }
    }
    Ok(())
}

/// Properties that cannot be changed may stand in a patch as they are (RFC 8620 §5.3): they are compared and taken out.
async fn check_others(
    scope: &Scope,
    account: AccountId,
    letter: LetterKey,
    mut patch: Object,
) -> Result<Result<Object, SetError>, MethodError> {
    let settable = |name: &str| ["keywords", "mailboxIds"].contains(&name.split('/').next().unwrap_or_default());
    let others: Vec<String> = patch.keys().filter(|name| !settable(name)).cloned().collect();
    if others.is_empty() {
        return Ok(Ok(patch));
    }
    let Ok(properties) = Property::of_email(Some(others.clone())) else {
        return Ok(Err(SetError::invalid(others)));
    };
    let part_properties = Property::of_part(None)?;
    let wish =
        Wish { properties, part_properties, text_values: false, html_values: false, all_values: false, value_limit: 0 };
    let read = move |view: &store::View| get::look_up(view, account, &[letter.id()], &wish, &mut 0);
    let Some(object) = scope.house.store.read(read).await?.into_iter().next().flatten() else {
        return Ok(Err(SetError::not_found()));
    };
    let changed: Vec<String> = others.iter().filter(|name| patch.get(*name) != object.get(*name)).cloned().collect();
    if !changed.is_empty() {
        return Ok(Err(SetError::invalid(changed)));
    }
    patch.retain(|name, _| settable(name));
    Ok(Ok(patch))
}

/// Creation ids of mailboxes become the ids of what was made.
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

/// Changes a letter as the patch says. What is asked against the rules is the inner error, and then nothing was written.
fn apply(tx: &mut Tx, account: AccountId, update: &Update) -> Result<Result<Option<Object>, SetError>, mailbox::Error> {
    let Some((folder, row)) = fetch::visible(tx, account, update.letter, Want::ROW)? else {
        return Ok(Err(SetError::not_found()));
    };
    let known = Keywords::load(tx, account)?;
    let keywords: Object =
        keywords::of(&row.flags, &known).into_iter().map(|keyword| (keyword, Value::Bool(true))).collect();
    let mut now = Object::new();
    now.insert("keywords".into(), keywords.into());
    now.insert("mailboxIds".into(), json!({folder.id(): true}));
    // Keywords are the same in any case.
    let change: Object = update.patch.iter().map(|(path, value)| (in_lower_case(path), value.clone())).collect();
    let after = match patch::apply(now, &change, |name| (name == "keywords").then(|| json!({}))) {
        Ok(after) => after,
        Err(error) => return Ok(Err(error)),
    };
    let wanted = match wanted(tx, account, &after)? {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    let (to, system, names) = wanted;
    let mut at = (folder, row.uid);
    if to != folder {
        let moved = letter::move_(tx, folder, &[UidRange::one(row.uid)], to, 1)?;
        at = (to, moved.pairs.first().map_or(row.uid, |(_, uid)| *uid));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let flags = flags::intern(tx, account, system, &names)?;
    letter::store_flags(tx, at.0, &[UidRange::one(at.1)], &FlagChange::Replace(flags), None, 1)?;
    Ok(Ok(None))
}

fn in_lower_case(path: &str) -> String {
    match path.strip_prefix("keywords/") {
        Some(keyword) => format!("keywords/{}", keyword.to_ascii_lowercase()),
        None => path.to_owned(),
    }
}

type Wanted = (FolderId, System, Vec<String>);

/// Where the letter shall lie, and its keywords.
fn wanted(tx: &Tx, account: AccountId, after: &Object) -> Result<Result<Wanted, SetError>, mailbox::Error> {
    let mut bad = Vec::new();
    let keywords = after.get("keywords").and_then(Value::as_object);
    if keywords.is_some_and(|keywords| keywords.len() > keywords::MOST) {
        return Ok(Err(SetError::new("tooManyKeywords")));
    }
    let keywords = keywords.and_then(keywords::read);
    if keywords.is_none() {
        bad.push("keywords");
    }
    let ids = after.get("mailboxIds").and_then(Value::as_object).cloned().unwrap_or_default();
    let all_true = ids.values().all(|value| *value == Value::Bool(true));
    let mut folders = Vec::new();
    for id in ids.keys() {
        let folder = match FolderId::read(id) {
            Some(id) => match folder::get(tx, id) {
                Ok(folder) => Some(folder).filter(|folder| folder.account == account),
                Err(mailbox::Error::NoSuchFolder(_)) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        folders.push(folder.map(|folder| folder.id));
    }
    let folder = match folders.as_slice() {
        [Some(folder)] if all_true => Some(*folder),
        several if several.len() > 1 && all_true && several.iter().all(Option::is_some) => {
            return Ok(Err(SetError::new("tooManyMailboxes").because("a letter lies in one mailbox")));
        }
        _ => {
            bad.push("mailboxIds");
            None
        }
    };
    Ok(match (folder, keywords) {
        (Some(folder), Some((system, names))) => Ok((folder, system, names)),
        _ => Err(SetError::invalid(bad)),
    })
}

async fn destroy_all(
    scope: &Scope,
    account: AccountId,
    ids: Vec<String>,
    answer: &mut SetAnswer,
) -> Result<(), MethodError> {
    for some in ids.chunks(AT_ONCE) {
        let keys: Vec<Option<LetterKey>> = some.iter().map(|id| scope.find(id)).collect();
        let gone = scope
            .house
            .store
            .write(move |tx| {
                keys.iter()
                    .map(|key| key.map_or(Ok(false), |key| destroy(tx, account, key)))
                    .collect::<Result<Vec<bool>, mailbox::Error>>()
            })
            .await?;
        for (id, gone) in some.iter().zip(gone) {
            let real = scope.real(id).unwrap_or(id).to_owned();
            answer.destroy(&real, if gone { Ok(()) } else { Err(SetError::not_found()) });
        }
    }
    Ok(())
}

fn destroy(tx: &mut Tx, account: AccountId, key: LetterKey) -> Result<bool, mailbox::Error> {
    let Some((folder, row)) = fetch::visible(tx, account, key, Want::ROW)? else { return Ok(false) };
    expunge(tx, folder, row.uid)?;
    Ok(true)
}

fn expunge(tx: &mut Tx, folder: FolderId, uid: Uid) -> Result<(), mailbox::Error> {
    letter::expunge(tx, folder, &Expunge::All(&[UidRange::one(uid)]), 1).map(drop)
}
