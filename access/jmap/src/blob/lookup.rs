//! Blob/lookup (RFC 9404 §4.3): the letters, conversations and mailboxes that a blob belongs to.

use mailbox::{Access, LetterKey, Want, fetch, letter};
use serde::Deserialize;
use serde_json::{Value, json};
use store::View;

use super::{Base, BlobPath, open};
use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::scope::Scope;
use crate::session::MAIL;
use crate::standard::{self, get as standard_get};

/// The types that blobs are looked up in.
pub const TYPES: [&str; 3] = ["Email", "Mailbox", "Thread"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LookupArguments {
    account_id: String,
    type_names: Vec<String>,
    ids: Vec<String>,
}

/// Answers Blob/lookup.
pub async fn lookup(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: LookupArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    standard_get::once_each(&mut arguments.ids)?;
    // RFC 9404 §4.3: types of a capability that the request does not use are unknown, too.
    let is_known = |name: &String| TYPES.contains(&name.as_str()) && scope.uses(MAIL);
    if let Some(unknown) = arguments.type_names.iter().find(|name| !is_known(name)) {
        let unknown = unknown.get(..unknown.floor_char_boundary(64)).unwrap_or_default();
        return Err(MethodError::unknown_data_type(format!("blobs are not looked up in {unknown:?} here")));
    }
    let ids: Vec<(String, Option<BlobPath>)> = arguments
        .ids
        .into_iter()
        .map(|id| {
            let place = scope.real(&id).and_then(BlobPath::read);
            (id, place)
        })
        .collect();
    let types = arguments.type_names;
    let read = move |view: &View| look_up(view, access, ids, &types);
    let (list, not_found) = scope.server.read(access, read).await?;
    let answer = [("accountId", arguments.account_id.into()), ("list", list.into()), ("notFound", not_found.into())];
    Ok(answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

type Looked = (Vec<Value>, Vec<String>);

fn look_up(
    view: &View,
    access: Access,
    ids: Vec<(String, Option<BlobPath>)>,
    types: &[String],
) -> Result<Looked, mailbox::Error> {
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for (id, place) in ids {
        match place.map(|place| owners(view, access, &place)).transpose()?.flatten() {
            Some(owners) => {
                let matched: Object = types.iter().map(|name| (name.clone(), owners.of(name))).collect();
                list.push(json!({"id": id, "matchedIds": matched}));
            }
            None => not_found.push(id),
        }
    }
    Ok((list, not_found))
}

/// The letter that a blob is, or is in; with its conversation and its mailbox.
#[derive(Default)]
struct Owners {
    email: Option<String>,
    mailboxes: Vec<String>,
    thread: Option<String>,
}

impl Owners {
    fn of(&self, name: &str) -> Value {
        match name {
            "Email" => json!(self.email.iter().collect::<Vec<_>>()),
            "Mailbox" => json!(self.mailboxes),
            _ => json!(self.thread.iter().collect::<Vec<_>>()),
        }
    }
}

/// Returns `None` if the account has no such blob. An upload belongs to no object: a letter made of it is another blob.
fn owners(view: &View, access: Access, place: &BlobPath) -> Result<Option<Owners>, mailbox::Error> {
    if open(view, access, place)?.is_none() {
        return Ok(None);
    }
    let Base::Letter(LetterKey(key)) = place.base else { return Ok(Some(Owners::default())) };
    let found = fetch::visible(view, access, LetterKey(key), Want::ROW)?;
    let places = letter::places(view, access, LetterKey(key))?;
    let mailboxes = places.iter().filter(|place| place.is_visible()).map(|place| place.folder.id()).collect();
    Ok(found.map(|(_, row)| Owners { email: Some(LetterKey(key).id()), mailboxes, thread: Some(row.thread.id()) }))
}
