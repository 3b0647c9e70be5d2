//! Mailbox/set (RFC 8621 §2.5).

use mail::seam::AccountId;
use mailbox::account_changes::{Cursor, states};
use mailbox::folder::{self, SpecialUse, name as names};
use mailbox::{Folder, FolderId};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Tx, View};

use super::{object, own_name, special_use};
use crate::api::{MethodError, Object, SetError, patch};
use crate::run::Scope;
use crate::standard::{self, SetAnswer, SetArguments};
use crate::state;

/// The argument beyond those of every `/set`.
#[derive(Deserialize)]
struct Extra {
    #[serde(rename = "onDestroyRemoveEmails", default)]
    remove_emails: bool,
}

pub async fn set(scope: &mut Scope, mut arguments: Object) -> Result<Object, MethodError> {
    let extra = arguments.remove_entry("onDestroyRemoveEmails").into_iter().collect();
    let Extra { remove_emails } = standard::arguments(extra)?;
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let old_state = current(scope, account).await?;
    arguments.check(&old_state)?;
    let mut answer = SetAnswer::default();
    create_all(scope, account, arguments.creates(), &mut answer).await?;
    update_all(scope, account, arguments.updates(), &mut answer).await?;
    destroy_all(scope, account, arguments.destroys(), remove_emails, &mut answer).await?;
    let new_state = current(scope, account).await?;
    Ok(answer.into_arguments(&arguments.account_id, old_state, new_state))
}

async fn current(scope: &Scope, account: AccountId) -> Result<String, MethodError> {
    let states = scope.house.store.read(move |view| states(view, account)).await?;
    Ok(state::write(Cursor::at(states.folders)))
}

/// Why a record was not written: an error of the record, or one of the store that ends the method.
enum Fault {
    Record(SetError),
    Store(store::Error),
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<SetError> for Fault {
    fn from(error: SetError) -> Self {
        Self::Record(error)
    }
}

impl From<mailbox::Error> for Fault {
    fn from(error: mailbox::Error) -> Self {
        match error {
            mailbox::Error::Store(error) => Self::Store(error),
            other => Self::Record(other.into()),
        }
    }
}

/// What came of one record, unless the store failed.
fn settled<T>(outcome: Result<T, Fault>) -> Result<Result<T, SetError>, MethodError> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(Fault::Record(error)) => Ok(Err(error)),
        Err(Fault::Store(error)) => Err(error.into()),
    }
}

/// What can be said of a mailbox.
#[derive(Clone, Debug, PartialEq)]
struct Wish {
    name: String,
    parent: Option<FolderId>,
    role: Option<SpecialUse>,
    sort_order: u32,
    is_subscribed: bool,
}

/// Parents are made before their children, whatever the order they are asked for in.
async fn create_all(
    scope: &mut Scope,
    account: AccountId,
    mut waiting: Vec<(String, Object)>,
    answer: &mut SetAnswer,
) -> Result<(), MethodError> {
    while !waiting.is_empty() {
        let names: Vec<String> = waiting.iter().map(|(key, _)| format!("#{key}")).collect();
        let waits = |object: &Object| {
            let parent = object.get("parentId").and_then(Value::as_str);
            parent.is_some_and(|parent| names.iter().any(|name| name == parent))
        };
        let (later, ready): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, object)| waits(object));
        if ready.is_empty() {
            // They wait for one another.
            for (key, _) in later {
                answer.create(&key, Err(SetError::invalid(["parentId"])));
            }
            return Ok(());
        }
        for (key, object) in ready {
            let outcome = create(scope, account, object).await?;
            if let Ok(made) = &outcome
                && let Some(id) = made.get("id").and_then(Value::as_str)
            {
                scope.note(&key, id.to_owned());
            }
            answer.create(&key, outcome);
        }
        waiting = later;
    }
    Ok(())
}

async fn create(scope: &Scope, account: AccountId, given: Object) -> Result<Result<Object, SetError>, MethodError> {
    let wish = match read_wish(scope, &given) {
        Ok(wish) => wish,
        Err(error) => return Ok(Err(error)),
    };
    let made = scope
        .house
        .store
        .write(move |tx| {
            let all = folder::list(tx, account)?;
            let id = folder::create(tx, account, &full_name(&wish, &all)?, None)?;
            let made = folder::get(tx, id)?;
            settle(tx, &made, &wish)?;
            let all = folder::list(tx, account)?;
            Ok::<_, Fault>(object(&folder::get(tx, id)?, &all))
        })
        .await;
    // Only what the client does not know.
    Ok(settled(made)?.map(|mut made| {
        made.retain(|name, value| given.get(name) != Some(value));
        made
    }))
}

/// Use, order and subscription, where they are other than they stand.
fn settle(tx: &mut Tx, folder: &Folder, wish: &Wish) -> Result<(), Fault> {
    if wish.role != folder.special_use {
        if let Some(special) = wish.role
            && folder::by_use(tx, folder.account, special)?.is_some_and(|other| other.id != folder.id)
        {
            return Err(SetError::invalid(["role"]).because("another mailbox has this role").into());
        }
        folder::set_use(tx, folder.id, wish.role)?;
    }
    if wish.sort_order != folder.sort_order {
        folder::set_sort_order(tx, folder.id, wish.sort_order)?;
    }
    let name = folder::get(tx, folder.id)?.name;
    match (wish.is_subscribed, folder::get(tx, folder.id)?.subscribed) {
        (true, false) => folder::subscribe(tx, folder.account, &name)?,
        (false, true) => folder::unsubscribe(tx, folder.account, &name)?,
        _ => {}
    }
    Ok(())
}

/// The folder's whole name. A name that siblings cannot have is said by the mailbox.
fn full_name(wish: &Wish, all: &[Folder]) -> Result<String, Fault> {
    let Some(parent) = wish.parent else { return Ok(wish.name.clone()) };
    let parent = all.iter().find(|folder| folder.id == parent).ok_or_else(|| SetError::invalid(["parentId"]))?;
    Ok(format!("{}{}{}", parent.name, names::SEPARATOR, wish.name))
}

/// Reads a whole object; all that is wrong with it is said at once.
fn read_wish(scope: &Scope, given: &Object) -> Result<Wish, SetError> {
    let mut bad = Vec::new();
    let mut wish = Wish { name: String::new(), parent: None, role: None, sort_order: 0, is_subscribed: true };
    match given.get("name").and_then(Value::as_str) {
        Some(name) if !name.contains(names::SEPARATOR) && names::canonical(name).is_ok() => {
            name.clone_into(&mut wish.name)
        }
        _ => bad.push("name"),
    }
    for (property, value) in given {
        match (property.as_str(), value) {
            ("name", _) | ("parentId" | "role", Value::Null) => {}
            ("parentId", Value::String(id)) => match scope.find(id) {
                Some(folder) => wish.parent = Some(folder),
                None => bad.push("parentId"),
            },
            ("role", Value::String(role)) => match special_use(role) {
                Some(special) => wish.role = Some(special),
                None => bad.push("role"),
            },
            ("sortOrder", value) => match value.as_u64().and_then(|order| u32::try_from(order).ok()) {
                Some(order) if order < 1 << 31 => wish.sort_order = order,
                _ => bad.push("sortOrder"),
            },
            ("isSubscribed", Value::Bool(wanted)) => wish.is_subscribed = *wanted,
            (other, _) => bad.push(other),
        }
    }
    if bad.is_empty() { Ok(wish) } else { Err(SetError::invalid(bad)) }
}

/// An update that a name stands in the way of is tried again behind the others, which may take the name away.
async fn update_all(
    scope: &Scope,
    account: AccountId,
    mut waiting: Vec<(String, Object)>,
    answer: &mut SetAnswer,
) -> Result<(), MethodError> {
    while !waiting.is_empty() {
        let (count, mut later) = (waiting.len(), Vec::new());
        let mut outcomes = Vec::new();
        for (id, patch) in waiting {
            match update(scope, account, &id, &patch).await? {
                Err(error) if is_name_taken(&error) => {
                    outcomes.push((id.clone(), error));
                    later.push((id, patch));
                }
                outcome => answer.update(&id, outcome),
            }
        }
        if later.len() == count {
            for (id, error) in outcomes {
                answer.update(&id, Err(error));
            }
            return Ok(());
        }
        waiting = later;
    }
    Ok(())
}

fn is_name_taken(error: &SetError) -> bool {
    error.kind() == "invalidProperties" && error.clone().into_value()["properties"] == json!(["name"])
}

async fn update(
    scope: &Scope,
    account: AccountId,
    id: &str,
    change: &Object,
) -> Result<Result<Option<Object>, SetError>, MethodError> {
    let Some(wanted) = scope.find::<FolderId>(id) else { return Ok(Err(SetError::not_found())) };
    let read = move |view: &View| folder::list(view, account);
    let all = scope.house.store.read(read).await?;
    let Some(folder) = all.iter().find(|folder| folder.id == wanted) else { return Ok(Err(SetError::not_found())) };
    let before = object(folder, &all);
    let wish = match wish_after(scope, folder, &before, change) {
        Ok(wish) => wish,
        Err(error) => return Ok(Err(error)),
    };
    let done = scope
        .house
        .store
        .write(move |tx| {
            let folder = folder::get(tx, wanted)?;
            let all = folder::list(tx, account)?;
            if own_name(&folder) != wish.name || super::parent(&folder, &all) != wish.parent {
                let to = full_name(&wish, &all)?;
                folder::rename(tx, account, &folder.name, &to)?;
            }
            settle(tx, &folder, &wish)
        })
        .await;
    Ok(settled(done)?.map(|()| None))
}

/// What the folder shall be with the patch applied.
fn wish_after(scope: &Scope, folder: &Folder, before: &Object, change: &Object) -> Result<Wish, SetError> {
    let default = |name: &str| match name {
        "sortOrder" => Some(json!(0)),
        "parentId" | "role" => Some(Value::Null),
        _ => None,
    };
    let after = patch::apply(before.clone(), change, default)?;
    let settable = ["name", "parentId", "role", "sortOrder", "isSubscribed"];
    let mut bad: Vec<&str> = after
        .iter()
        .filter(|(name, value)| !settable.contains(&name.as_str()) && before.get(*name) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    bad.extend(before.keys().map(String::as_str).filter(|name| !after.contains_key(*name)));
    let is_inbox = folder.name == names::INBOX;
    if is_inbox {
        bad.extend(["name", "parentId", "role"].iter().filter(|name| before.get(**name) != after.get(**name)));
    }
    if !bad.is_empty() {
        return Err(SetError::invalid(bad));
    }
    let mut given: Object = after.into_iter().filter(|(name, _)| settable.contains(&name.as_str())).collect();
    // INBOX keeps its name and its role, which no other mailbox can be given.
    if is_inbox {
        given.insert("role".into(), Value::Null);
    }
    read_wish(scope, &given)
}

/// Children go before their parents, whatever the order they are named in.
async fn destroy_all(
    scope: &Scope,
    account: AccountId,
    ids: Vec<String>,
    remove_emails: bool,
    answer: &mut SetAnswer,
) -> Result<(), MethodError> {
    let all = scope.house.store.read(move |view| folder::list(view, account)).await?;
    let depth = |id: &String| {
        let folder = scope.find::<FolderId>(id).and_then(|id| all.iter().find(|folder| folder.id == id));
        folder.map_or(0, |folder| folder.name.matches(names::SEPARATOR).count())
    };
    let mut ids = ids;
    ids.sort_by_key(|id| std::cmp::Reverse(depth(id)));
    for id in ids {
        let outcome = match scope.find::<FolderId>(&id) {
            Some(folder) => {
                let gone = scope.house.store.write(move |tx| destroy(tx, account, folder, remove_emails)).await;
                settled(gone)?
            }
            None => Err(SetError::not_found()),
        };
        let real = scope.real(&id).unwrap_or(&id).to_owned();
        answer.destroy(&real, outcome);
    }
    Ok(())
}

fn destroy(tx: &mut Tx, account: AccountId, id: FolderId, remove_emails: bool) -> Result<(), Fault> {
    let folder = folder::get(tx, id)?;
    if folder.account != account {
        return Err(SetError::not_found().into());
    }
    if folder::has_children(tx, &folder)? {
        return Err(SetError::new("mailboxHasChild").into());
    }
    if !remove_emails && folder.total > folder.deleted {
        return Err(SetError::new("mailboxHasEmail").into());
    }
    Ok(folder::delete(tx, account, &folder.name)?)
}
