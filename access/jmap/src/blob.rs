//! Blobs (RFC 8620 §6): letters, parts of letters, and what was uploaded.

mod place;
mod read;
mod upload;

use serde::Deserialize;
use serde_json::json;

use crate::api::{MethodError, Object};
use crate::run::Scope;
use crate::standard;

pub use place::{Base, Place, Step};
pub use read::{Opened, Reader, open, whole};
pub use upload::{housekeeping, keep};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CopyArguments {
    from_account_id: String,
    account_id: String,
    blob_ids: Vec<String>,
}

/// Blob/copy (RFC 8620 §6.3). A person has one account, so there is nowhere to copy from: which account is not found
/// is said, and a blob of the account itself is there already.
pub fn copy(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: CopyArguments = standard::arguments(arguments)?;
    scope.account(&arguments.from_account_id).map_err(|_| MethodError::from_account_not_found())?;
    scope.account(&arguments.account_id)?;
    let (mut copied, mut failed) = (Object::new(), Object::new());
    for id in arguments.blob_ids {
        match Place::read(&id) {
            Some(_) => drop(copied.insert(id.clone(), id.into())),
            None => drop(failed.insert(id, json!({"type": "blobNotFound"}))),
        }
    }
    let some = |object: Object| if object.is_empty() { serde_json::Value::Null } else { object.into() };
    let answer = [
        ("fromAccountId", arguments.from_account_id.into()),
        ("accountId", arguments.account_id.into()),
        ("copied", some(copied)),
        ("notCopied", some(failed)),
    ];
    Ok(answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
