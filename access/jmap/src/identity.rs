//! Identity (RFC 8621 §6): addresses a person writes as, with a name and signatures.

pub mod get;
pub mod set;

use mail::seam::AccountId;
use records::identity::Correspondent;
use records::{Identity, IdentityId};
use serde_json::{Value, json};
use store::{Key, View};

use crate::api::Object;
use crate::id::Id;
use crate::scope::Scope;

/// All properties.
pub const PROPERTIES: [&str; 8] =
    ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"];

/// Returns the Identity object.
pub fn object(id: IdentityId, identity: &Identity) -> Object {
    let object = json!({
        "id": id.id(),
        "name": identity.name,
        "email": identity.email,
        "replyTo": identity.reply_to.as_deref().map(addresses),
        "bcc": identity.bcc.as_deref().map(addresses),
        "textSignature": identity.text_signature,
        "htmlSignature": identity.html_signature,
        "mayDelete": identity.may_delete,
    });
    object.as_object().cloned().unwrap_or_default()
}

/// Returns EmailAddress objects.
fn addresses(list: &[Correspondent]) -> Vec<Value> {
    list.iter().map(|one| json!({"name": one.name, "email": one.email})).collect()
}

/// Returns the identity that an object describes. The properties of the object are valid.
fn read(object: &Object) -> Identity {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let correspondent = |value: &Value| Correspondent {
        name: value["name"].as_str().map(str::to_owned),
        email: value["email"].as_str().unwrap_or_default().to_owned(),
    };
    let list = |name: &str| Some(object.get(name)?.as_array()?.iter().map(correspondent).collect());
    Identity {
        email: text("email"),
        name: text("name"),
        reply_to: list("replyTo"),
        bcc: list("bcc"),
        text_signature: text("textSignature"),
        html_signature: text("htmlSignature"),
        may_delete: object.get("mayDelete") != Some(&Value::Bool(false)),
    }
}

/// Returns the values of the properties that the client left out.
pub fn defaults() -> Object {
    let mut defaults = object(IdentityId(0), &Identity::default());
    defaults.retain(|name, _| name != "id" && name != "email");
    defaults
}

/// A person has the identity of their own address from the beginning, and it cannot be deleted.
pub async fn ensure(scope: &Scope, account: AccountId) -> Result<(), store::Error> {
    if scope.server.read(account, move |view: &View| records::identity::has_own(view, account)).await? {
        return Ok(());
    }
    let email = scope.person.address.to_string();
    let name = scope.person.name.clone().unwrap_or_default();
    // Another request may have been faster: the write finds out.
    let store = &scope.server.shared.store;
    store.write(Key::Account(account.0), move |tx| records::identity::ensure_own(tx, account, &email, &name)).await
}
