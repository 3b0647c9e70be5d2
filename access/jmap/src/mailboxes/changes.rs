//! Mailbox/changes (RFC 8621 §2.2).

use mailbox::account_changes;
use serde_json::Value;

use super::COUNTERS;
use crate::api::{MethodError, Object};
use crate::scope::Scope;
use crate::standard::{self, ChangesArguments, changes as standard_changes};

pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: ChangesArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    let (from, most) = arguments.checked()?;
    let read = move |view: &store::View| account_changes::folders(view, access, from, most);
    let changed = scope.server.read(access, read).await?.ok_or_else(MethodError::cannot_calculate_changes)?;
    let mut answer = standard_changes::answer(&arguments, changed.changes);
    let updated = if changed.only_counters { COUNTERS.as_slice().into() } else { Value::Null };
    answer.insert("updatedProperties".into(), updated);
    Ok(answer)
}
