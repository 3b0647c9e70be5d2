//! Makes, changes and destroys mailboxes one after the other.

use std::collections::HashSet;

use mailbox::folder::{self, name as names};
use mailbox::{Access, Error, Folder, FolderId};
use serde_json::Value;
use store::Tx;

use super::set::Batch;
use super::siblings::{Siblings, taken};
use super::wish::{self, Wish};
use super::{Tree, lasting_role, object, own_name};
use crate::api::{Object, SetError};
use crate::id::Id;
use crate::scope::Created;
use crate::standard::SetAnswer;

/// The number of times that an update is tried again after a name stood in its way.
const TRIES: usize = 5;

/// Carries a call out in steps; a step that fails is undone alone.
pub fn carry_out(tx: &mut Tx, access: Access, batch: &Batch, known: &mut Created) -> Result<SetAnswer, Error> {
    let mut answer = SetAnswer::default();
    let mut siblings = Siblings::of(&folder::list(tx, access)?);
    create_all(tx, access, &batch.creates, known, &mut siblings, &mut answer)?;
    update_all(tx, access, &batch.updates, known, &mut siblings, &mut answer)?;
    destroy_all(tx, access, batch, known, &mut answer)?;
    Ok(answer)
}

/// The reason for which a record was not written: an error of the record, or one of the store that ends the method.
pub enum Fault {
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

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => Self::Store(error),
            other => Self::Record(other.into()),
        }
    }
}

/// Carries out one step, or nothing.
fn step<T>(tx: &mut Tx, work: impl FnOnce(&mut Tx) -> Result<T, Fault>) -> Result<Result<T, SetError>, Error> {
    match tx.attempt(work)? {
        Ok(done) => Ok(Ok(done)),
        Err(Fault::Record(error)) => Ok(Err(error)),
        Err(Fault::Store(error)) => Err(error.into()),
    }
}

/// Creates parents before their children, in whatever order the client asks for them.
fn create_all(
    tx: &mut Tx,
    access: Access,
    asked: &[(String, Object)],
    known: &mut Created,
    siblings: &mut Siblings,
    answer: &mut SetAnswer,
) -> Result<(), Error> {
    let mut waiting: Vec<&(String, Object)> = asked.iter().collect();
    while !waiting.is_empty() {
        let names: HashSet<String> = waiting.iter().map(|(key, _)| format!("#{key}")).collect();
        let waits = |object: &Object| {
            let parent = object.get("parentId").and_then(Value::as_str);
            parent.is_some_and(|parent| names.contains(parent))
        };
        let (later, ready): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, object)| waits(object));
        if ready.is_empty() {
            // The updates wait for one another.
            for (key, _) in later {
                let why = "these mailboxes would each lie in another of them";
                answer.create(key, Err(SetError::invalid(["parentId"]).because(why)));
            }
            return Ok(());
        }
        for (key, given) in ready {
            let outcome = match step(tx, |tx| create(tx, access, given, known, siblings))? {
                Ok((folder, wish)) => {
                    known.note(key, folder.id.id());
                    siblings.add(folder.id, wish.parent, &wish.name);
                    Ok(told(tx, access, &folder, given)?)
                }
                Err(error) => Err(error),
            };
            answer.create(key, outcome);
        }
        waiting = later;
    }
    Ok(())
}

fn create(
    tx: &mut Tx,
    access: Access,
    given: &Object,
    known: &Created,
    siblings: &Siblings,
) -> Result<(Folder, Wish), Fault> {
    let wish = wish::read(known, given)?;
    if let Some(other) = siblings.alike(None, wish.parent, &wish.name) {
        return Err(taken(&folder::get(tx, access, other)?).into());
    }
    let name = full_name(tx, access, &wish)?;
    let id = folder::create(tx, access, &name, None)?;
    let made = folder::get(tx, access, id)?;
    settle(tx, access, &made, &wish.of_made(&made, given))?;
    Ok((folder::get(tx, access, id)?, wish))
}

/// Returns the properties of a new mailbox that the client does not know.
pub fn told(tx: &Tx, access: Access, folder: &Folder, given: &Object) -> Result<Object, Error> {
    let above = above(tx, access, folder)?;
    let mut made = object(folder, &Tree::new(&above));
    made.retain(|name, value| given.get(name) != Some(value));
    Ok(made)
}

/// Returns the folder above, if there is one.
fn above(tx: &Tx, access: Access, folder: &Folder) -> Result<Vec<Folder>, Error> {
    let above = names::parent(&folder.name).map(|name| folder::by_name(tx, access, name)).transpose()?;
    Ok(above.flatten().into_iter().collect())
}

/// Returns the properties of a changed mailbox that differ from the client's wish. Names are stored composed.
pub fn told_of_change(tx: &Tx, access: Access, id: FolderId, change: &Object) -> Result<Option<Object>, Error> {
    let Some(Value::String(asked)) = change.get("name") else { return Ok(None) };
    let folder = folder::get(tx, access, id)?;
    let name = own_name(&folder);
    let other = name != asked && folder.name != names::INBOX;
    Ok(other.then(|| [("name".to_owned(), name.into())].into_iter().collect()))
}

/// Sets use, order and subscription, if they differ.
pub fn settle(tx: &mut Tx, access: Access, folder: &Folder, wish: &Wish) -> Result<(), Fault> {
    if wish.role != folder.special_use {
        if let Some(special) = wish.role
            && folder::by_use(tx, access, special)?.is_some_and(|other| other.id != folder.id)
        {
            return Err(SetError::invalid(["role"]).because("another mailbox has this role").into());
        }
        folder::set_use(tx, access, folder.id, wish.role)?;
    }
    if wish.sort_order != folder.sort_order {
        folder::set_sort_order(tx, access, folder.id, wish.sort_order)?;
    }
    let now = folder::get(tx, access, folder.id)?;
    match (wish.is_subscribed, now.subscribed) {
        (true, false) => folder::subscribe(tx, access, &now.name)?,
        (false, true) => folder::unsubscribe(tx, access, &now.name)?,
        _ => {}
    }
    Ok(())
}

/// Returns the folder's whole name. The mailbox reports a name that siblings cannot have.
fn full_name(tx: &Tx, access: Access, wish: &Wish) -> Result<String, Fault> {
    let Some(parent) = wish.parent else { return Ok(wish.name.clone()) };
    let parent = own(tx, access, parent)?.ok_or_else(|| {
        let why = "there is no mailbox of the id parentId";
        SetError::invalid(["parentId"]).because(why)
    })?;
    Ok(format!("{}{}{}", parent.name, names::SEPARATOR, wish.name))
}

/// Returns a folder of the account; `None` if it has none of this number.
fn own(tx: &Tx, access: Access, id: FolderId) -> Result<Option<Folder>, Error> {
    match folder::get(tx, access, id) {
        Ok(folder) => Ok(Some(folder)),
        Err(Error::NoSuchFolder(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An update that is blocked by a name is tried again after the others, which may free the name.
fn update_all(
    tx: &mut Tx,
    access: Access,
    asked: &[(String, Object)],
    known: &Created,
    siblings: &mut Siblings,
    answer: &mut SetAnswer,
) -> Result<(), Error> {
    let mut waiting: Vec<&(String, Object)> = asked.iter().collect();
    let mut tries = 0;
    while !waiting.is_empty() {
        tries += 1;
        let (count, mut later) = (waiting.len(), Vec::new());
        let mut refused = Vec::new();
        for one in waiting {
            let (id, change) = one;
            let real = known.real(id).unwrap_or(id);
            match step(tx, |tx| update(tx, access, id, change, known, siblings))? {
                // Another update of the call may take the name away.
                Err(error) if error.kind() == "alreadyExists" => {
                    refused.push((real, error));
                    later.push(one);
                }
                Ok(Changed { folder, from, to }) => {
                    siblings.remove(folder, from.0, &from.1);
                    siblings.add(folder, to.0, &to.1);
                    answer.update(real, Ok(told_of_change(tx, access, folder, change)?));
                }
                Err(error) => answer.update(real, Err(error)),
            }
        }
        if later.len() == count || tries == TRIES {
            refused.into_iter().for_each(|(id, error)| answer.update(id, Err(error)));
            return Ok(());
        }
        waiting = later;
    }
    Ok(())
}

/// A mailbox that was changed: its parent and its name, before and after.
struct Changed {
    folder: FolderId,
    from: (Option<FolderId>, String),
    to: (Option<FolderId>, String),
}

fn update(
    tx: &mut Tx,
    access: Access,
    id: &str,
    change: &Object,
    known: &Created,
    siblings: &Siblings,
) -> Result<Changed, Fault> {
    let wanted = known.find::<FolderId>(id).ok_or_else(SetError::not_found)?;
    let folder = own(tx, access, wanted)?.ok_or_else(SetError::not_found)?;
    let above = above(tx, access, &folder)?;
    let tree = Tree::new(&above);
    let wish = wish::after(known, &folder, &object(&folder, &tree), change)?;
    let from = (tree.parent(&folder), own_name(&folder).to_owned());
    if from.1 != wish.name || from.0 != wish.parent {
        if let Some(other) = siblings.alike(Some(wanted), wish.parent, &wish.name) {
            return Err(taken(&folder::get(tx, access, other)?).into());
        }
        let to = full_name(tx, access, &wish)?;
        folder::rename(tx, access, &folder.name, &to)?;
    }
    settle(tx, access, &folder, &wish)?;
    Ok(Changed { folder: wanted, from, to: (wish.parent, wish.name) })
}

/// Destroys children before their parents, in whatever order the client names them.
fn destroy_all(
    tx: &mut Tx,
    access: Access,
    batch: &Batch,
    known: &Created,
    answer: &mut SetAnswer,
) -> Result<(), Error> {
    let all = folder::list(tx, access)?;
    let tree = Tree::new(&all);
    let depth = |id: &&String| {
        let folder = known.find::<FolderId>(id).and_then(|id| tree.get(id));
        folder.map_or(0, |folder| folder.name.matches(names::SEPARATOR).count())
    };
    let mut ids: Vec<&String> = batch.destroys.iter().collect();
    ids.sort_by_cached_key(|id| std::cmp::Reverse(depth(id)));
    for id in ids {
        let outcome = match known.find::<FolderId>(id) {
            Some(folder) => step(tx, |tx| destroy(tx, access, folder, batch.remove_emails))?,
            None => Err(SetError::not_found()),
        };
        answer.destroy(known.real(id).unwrap_or(id), outcome);
    }
    Ok(())
}

pub fn destroy(tx: &mut Tx, access: Access, id: FolderId, remove_emails: bool) -> Result<(), Fault> {
    let folder = own(tx, access, id)?.ok_or_else(SetError::not_found)?;
    if let Some(role) = lasting_role(&folder) {
        let why = format!("the mailbox with the role {role} stays: letters are put there, and would have no place");
        return Err(SetError::new("forbidden").because(why).into());
    }
    if folder::has_children(tx, access, &folder)? {
        return Err(SetError::new("mailboxHasChild").into());
    }
    if !remove_emails && folder.total > folder.deleted {
        return Err(SetError::new("mailboxHasEmail").into());
    }
    Ok(folder::delete(tx, access, &folder.name)?)
}
