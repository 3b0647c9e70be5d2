//! Identity (RFC 8621 §6): addresses a person writes as, with a name and signatures.

pub mod get;
pub mod set;

use mail::seam::AccountId;
use serde_json::{Value, json};
use store::{Key, Tx, View};

use crate::api::Object;
use crate::id::{Id, IdentityId};
use crate::records::{self, Kind, Record};
use crate::scope::Scope;

/// All properties.
pub const PROPERTIES: [&str; 8] =
    ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"];

/// The Identity object of a record.
pub fn object(record: &Record) -> Object {
    let mut object = defaults();
    object.extend(record.data.clone());
    object.insert("id".into(), IdentityId(record.id).id().into());
    object
}

/// Returns the values of the properties that the client left out.
pub fn defaults() -> Object {
    let defaults = json!({
        "name": "", "replyTo": null, "bcc": null, "textSignature": "", "htmlSignature": "", "mayDelete": true,
    });
    defaults.as_object().cloned().unwrap_or_default()
}

/// A person has the identity of their own address from the beginning, and it cannot be deleted.
pub async fn ensure(scope: &Scope, account: AccountId) -> Result<(), store::Error> {
    let has_own = move |view: &View| -> Result<bool, store::Error> {
        let own = |record: &Record| record.data.get("mayDelete") == Some(&Value::Bool(false));
        Ok(records::list(view, account, Kind::Identity)?.iter().any(own))
    };
    if scope.server.read(account, move |view| has_own(view)).await? {
        return Ok(());
    }
    let own = json!({
        "email": scope.person.address.to_string(),
        "name": scope.person.name.as_deref().unwrap_or_default(),
        "mayDelete": false,
    });
    let own = own.as_object().cloned().unwrap_or_default();
    scope
        .server
        .store
        .write(Key::Account(account.0), move |tx: &mut Tx| {
            // Another request may have been first.
            if !has_own(tx)? {
                records::create(tx, account, Kind::Identity, &own)?;
            }
            Ok::<_, store::Error>(())
        })
        .await
}
