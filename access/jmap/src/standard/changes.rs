//! /changes (RFC 8620 §5.2).

use mailbox::account_changes::{Changes, Cursor};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::{limits, state};

/// The arguments of `/changes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangesArguments {
    pub account_id: String,
    pub since_state: String,
    pub max_changes: Option<u64>,
}

impl ChangesArguments {
    /// Returns the client's position in the log, and the most ids that it may be given.
    pub fn checked(&self) -> Result<(Cursor, usize), MethodError> {
        let most = self.check_most()?;
        let from = state::read(&self.since_state).ok_or_else(MethodError::cannot_calculate_changes)?;
        Ok((from, most))
    }

    /// Returns the most ids that the client may be given.
    pub fn check_most(&self) -> Result<usize, MethodError> {
        match self.max_changes {
            Some(0) => Err(MethodError::invalid_arguments("maxChanges must be positive")),
            Some(most) => Ok(usize::try_from(most).unwrap_or(usize::MAX).min(limits::CHANGES)),
            None => Ok(limits::CHANGES),
        }
    }
}

/// Returns the arguments of the response.
pub fn answer<I: Id>(arguments: &ChangesArguments, changes: Changes<I>) -> Object {
    let ids = |ids: Vec<I>| -> Vec<Value> { ids.into_iter().map(|id| id.id().into()).collect() };
    let answer = json!({
        "accountId": arguments.account_id,
        "oldState": arguments.since_state,
        "newState": state::write(changes.now),
        "hasMoreChanges": changes.more,
        "created": ids(changes.created),
        "updated": ids(changes.updated),
        "destroyed": ids(changes.destroyed),
    });
    match answer {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
