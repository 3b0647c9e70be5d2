//! Blobs (RFC 8620 §6): letters, parts of letters, and uploads; requests can make, read and look them up (RFC 9404).

pub mod get;
pub mod lookup;
mod path;
mod range;
mod read;
pub mod set;
mod upload;

use mailbox::Access;
use net::{Owner, Share};
use serde::Deserialize;
use store::View;

use crate::api::{MethodError, Object, SetError};
use crate::limits;
use crate::scope::Scope;
use crate::standard;

pub use get::DIGESTS;
pub use lookup::TYPES;
pub use path::{Base, BlobPath, Step};
pub use read::{Opened, Reader, open, whole};
pub use upload::{housekeeping, keep};

/// Finds a blob of the account, and takes the memory for it and for another form of it; `None` if the account has no
/// such blob. The share holds the memory.
pub async fn hold(scope: &Scope, access: Access, place: BlobPath) -> Result<Option<(Opened, Share)>, MethodError> {
    let opening = move |view: &View| open(view, access, &place);
    let Some(opened) = scope.server.read(access, opening).await? else { return Ok(None) };
    let octets = usize::try_from(opened.greatest_length()).unwrap_or(usize::MAX).min(limits::SIZE_UPLOAD);
    let mut share = scope.server.making.share_of(Owner::Person(access.owner().0));
    let grown = share.grow_to(octets.saturating_mul(2), limits::MEMORY_PATIENCE).await;
    grown.map_err(|_| MethodError::server_unavailable())?;
    Ok(Some((opened, share)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CopyArguments {
    from_account_id: String,
    account_id: String,
    blob_ids: Vec<String>,
}

/// Answers Blob/copy (RFC 8620 §6.3). A person has one account, so there is no other to copy from: the error names the
/// account that was not found, and a blob of the account itself is there already.
pub async fn copy(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: CopyArguments = standard::arguments(arguments)?;
    scope.access(&arguments.from_account_id).map_err(|_| MethodError::from_account_not_found())?;
    let access = scope.access(&arguments.account_id)?;
    if arguments.blob_ids.len() > limits::OBJECTS_IN_SET {
        return Err(MethodError::request_too_large());
    }
    let ids = arguments.blob_ids;
    let looking = move |view: &View| {
        let is_there = |id: &String| match BlobPath::read(id) {
            Some(place) => Ok(open(view, access, &place)?.is_some()),
            None => Ok(false),
        };
        let there = ids.iter().map(is_there).collect::<Result<Vec<bool>, mailbox::Error>>()?;
        Ok::<_, mailbox::Error>((ids, there))
    };
    let (ids, there) = scope.server.read(access, looking).await?;
    let (mut copied, mut failed) = (Object::new(), Object::new());
    for (id, is_there) in ids.into_iter().zip(there) {
        match is_there {
            true => drop(copied.insert(id.clone(), id.into())),
            false => drop(failed.insert(id, SetError::not_found().into_value())),
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
