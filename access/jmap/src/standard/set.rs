//! /set (RFC 8620 §5.3).

use serde::Deserialize;
use serde_json::Value;

use crate::api::json::footprint;
use crate::api::{MethodError, Object, SetError};
use crate::{id, limits};

/// The arguments of a plain `/set`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetArguments {
    pub account_id: String,
    pub if_in_state: Option<String>,
    pub create: Option<serde_json::Map<String, Value>>,
    pub update: Option<serde_json::Map<String, Value>>,
    pub destroy: Option<Vec<String>>,
}

impl SetArguments {
    /// Fails if there are too many objects, or if one is of the wrong type.
    pub fn check(&self) -> Result<(), MethodError> {
        let (create, update) = (self.create.as_ref(), self.update.as_ref());
        let count = create.map_or(0, serde_json::Map::len)
            + update.map_or(0, serde_json::Map::len)
            + self.destroy.as_ref().map_or(0, Vec::len);
        if count > limits::OBJECTS_IN_SET {
            return Err(MethodError::request_too_large());
        }
        let is_large = |value: &Value| footprint(value) > limits::UPDATE;
        if update.is_some_and(|update| update.values().any(is_large)) {
            return Err(MethodError::request_too_large());
        }
        create.into_iter().try_for_each(check_creation_ids)?;
        let all = create.into_iter().chain(update).flatten();
        if let Some((key, _)) = all.clone().find(|(_, value)| !value.is_object()) {
            return Err(MethodError::invalid_arguments(format!("{key:?} must be given an object")));
        }
        Ok(())
    }

    /// Takes the objects to create, by creation id.
    pub fn creates(&mut self) -> Vec<(String, Object)> {
        objects(self.create.take())
    }

    /// Takes the objects to update, by id as the client wrote it.
    pub fn updates(&mut self) -> Vec<(String, Object)> {
        objects(self.update.take())
    }

    /// Takes the ids to destroy, each once.
    pub fn destroys(&mut self) -> Vec<String> {
        let mut ids = self.destroy.take().unwrap_or_default();
        let mut met = std::collections::HashSet::new();
        ids.retain(|id| met.insert(id.clone()));
        ids
    }
}

/// Checks that each creation id is an Id (RFC 8620 §1.2).
pub fn check_creation_ids(create: &serde_json::Map<String, Value>) -> Result<(), MethodError> {
    match create.keys().find(|key| !id::is_well_formed(key)) {
        Some(bad) => Err(MethodError::invalid_arguments(format!("{bad:?} cannot be a creation id"))),
        None => Ok(()),
    }
}

fn objects(map: Option<serde_json::Map<String, Value>>) -> Vec<(String, Object)> {
    let entries = map.into_iter().flatten();
    entries
        .filter_map(|(key, value)| if let Value::Object(object) = value { Some((key, object)) } else { None })
        .collect()
}

/// The result for each record.
#[derive(Debug, Default)]
pub struct SetAnswer {
    pub created: Object,
    pub updated: Object,
    pub destroyed: Vec<Value>,
    pub not_created: Object,
    pub not_updated: Object,
    pub not_destroyed: Object,
}

impl SetAnswer {
    /// Notes the result of a creation; returns true if it succeeded.
    pub fn create(&mut self, key: &str, outcome: Result<Object, SetError>) -> bool {
        match outcome {
            Ok(object) => {
                self.created.insert(key.to_owned(), object.into());
                true
            }
            Err(error) => {
                self.not_created.insert(key.to_owned(), error.into_value());
                false
            }
        }
    }

    /// Notes the result of an update, with the changes that the client did not ask for.
    pub fn update(&mut self, id: &str, outcome: Result<Option<Object>, SetError>) {
        match outcome {
            Ok(more) => drop(self.updated.insert(id.to_owned(), more.map_or(Value::Null, Value::Object))),
            Err(error) => drop(self.not_updated.insert(id.to_owned(), error.into_value())),
        }
    }

    /// Notes the result of a destruction.
    pub fn destroy(&mut self, id: &str, outcome: Result<(), SetError>) {
        match outcome {
            Ok(()) => self.destroyed.push(id.into()),
            Err(error) => drop(self.not_destroyed.insert(id.to_owned(), error.into_value())),
        }
    }

    /// Returns the arguments of the response. `states` are those before and after.
    pub fn into_arguments(self, account: &str, (old_state, new_state): (String, String)) -> Object {
        let some = |object: Object| if object.is_empty() { Value::Null } else { Value::Object(object) };
        let destroyed = if self.destroyed.is_empty() { Value::Null } else { Value::Array(self.destroyed) };
        [
            ("accountId", account.into()),
            ("oldState", old_state.into()),
            ("newState", new_state.into()),
            ("created", some(self.created)),
            ("updated", some(self.updated)),
            ("destroyed", destroyed),
            ("notCreated", some(self.not_created)),
            ("notUpdated", some(self.not_updated)),
            ("notDestroyed", some(self.not_destroyed)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}
