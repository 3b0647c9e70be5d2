//! The properties that a client wants a mailbox to have.

use mailbox::folder::{SpecialUse, name as names};
use mailbox::{Folder, FolderId};
use serde_json::{Value, json};

use super::{PROPERTIES, special_use};
use crate::api::{Object, SetError, patch};
use crate::scope::Created;

/// The properties of a mailbox that a client can set.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    pub name: String,
    pub parent: Option<FolderId>,
    pub role: Option<SpecialUse>,
    pub sort_order: u32,
    pub is_subscribed: bool,
}

impl Wish {
    /// Returns true if both have the same name, in the same place.
    pub fn is_called_as(&self, other: &Self) -> bool {
        self.name == other.name && self.parent == other.parent
    }

    /// Returns the wish for a mailbox that was just made from `given`: if the client names no role, a mailbox that is
    /// made again has the role that its name stands for.
    pub fn of_made(&self, made: &Folder, given: &Object) -> Self {
        let role = if given.contains_key("role") { self.role } else { made.special_use };
        Self { role, ..self.clone() }
    }
}

/// Reads a whole object; its error names all faults together.
pub fn read(known: &Created, given: &Object) -> Result<Wish, SetError> {
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
            ("name", _) => {}
            // A property that is not given stays as it is.
            (known, Value::Null) if PROPERTIES.contains(&known) => {}
            ("parentId", Value::String(id)) => match known.find(id) {
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

/// Returns the properties that the folder shall have with the patch applied.
pub fn after(known: &Created, folder: &Folder, before: &Object, change: &Object) -> Result<Wish, SetError> {
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
        let error = SetError::invalid(bad);
        return Err(if is_inbox { error.because("the inbox keeps its name, its place and its role") } else { error });
    }
    let mut given: Object = after.into_iter().filter(|(name, _)| settable.contains(&name.as_str())).collect();
    // INBOX keeps its name and its role, which no other mailbox can be given.
    if is_inbox {
        given.insert("role".into(), Value::Null);
    }
    read(known, &given)
}
