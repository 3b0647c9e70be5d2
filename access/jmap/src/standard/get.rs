//! /get (RFC 8620 §5.1).

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{MethodError, Object};
use crate::limits;

/// The arguments of a plain `/get`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetArguments {
    pub account_id: String,
    pub ids: Option<Vec<String>>,
    pub properties: Option<Vec<String>>,
}

impl GetArguments {
    /// Checks the request: the ids, each once (without a list, all), are no more than allowed, and the properties are
    /// among those `known`.
    pub fn checked(&mut self, known: &[&str]) -> Result<(), MethodError> {
        if let Some(ids) = &mut self.ids {
            once_each(ids)?;
        }
        check_properties(self.properties.as_deref(), known)
    }
}

/// Keeps each id once. Too many ids are an error.
pub fn once_each(ids: &mut Vec<String>) -> Result<(), MethodError> {
    let mut met = HashSet::new();
    ids.retain(|id| met.insert(id.clone()));
    if ids.len() > limits::OBJECTS_IN_GET {
        return Err(MethodError::request_too_large());
    }
    Ok(())
}

/// Fails if a property does not exist.
pub fn check_properties(asked: Option<&[String]>, known: &[&str]) -> Result<(), MethodError> {
    match asked.unwrap_or_default().iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(MethodError::invalid_arguments(format!("there is no property {unknown:?}"))),
        None => Ok(()),
    }
}

/// Keeps only the requested properties, and the id.
pub fn only(mut object: Object, properties: Option<&[String]>) -> Object {
    if let Some(properties) = properties {
        object.retain(|name, _| name == "id" || properties.iter().any(|asked| asked == name));
    }
    object
}

/// Returns the arguments of the response.
pub fn answer(account: &str, state: String, list: Vec<Object>, not_found: Vec<String>) -> Object {
    let answer = json!({"accountId": account, "state": state, "list": list, "notFound": not_found});
    match answer {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
