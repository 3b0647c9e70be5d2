//! Thread (RFC 8621 §3): the letters of a conversation.

use mailbox::account_changes::{self, Cursor, states};
use mailbox::{Access, ThreadId, thread};
use serde_json::json;
use store::View;

use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::{self, ChangesArguments, GetArguments, changes as standard_changes, get as standard_get};
use crate::state;

/// The most letters of one conversation that are named.
const LETTERS: usize = 10_000;

/// Answers Thread/get (RFC 8621 §3.1).
pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: GetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    arguments.checked(&["id", "emailIds"])?;
    // One call cannot return all conversations of an account.
    let ids = arguments.ids.ok_or_else(MethodError::request_too_large)?;
    let read = move |view: &View| look_up(view, access, ids);
    let (list, not_found, cursor) = scope.server.read(access, read).await?;
    let properties = arguments.properties.as_deref();
    let list = list.into_iter().map(|object| standard_get::only(object, properties)).collect();
    Ok(standard_get::answer(&arguments.account_id, state::write(cursor), list, not_found))
}

type Looked = (Vec<Object>, Vec<String>, Cursor);

fn look_up(view: &View, access: Access, ids: Vec<String>) -> Result<Looked, mailbox::Error> {
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    for id in ids {
        let letters = match ThreadId::read(&id) {
            Some(id) => thread::letters(view, access, id, LETTERS)?,
            None => Vec::new(),
        };
        if letters.is_empty() {
            not_found.push(id);
            continue;
        }
        let letters: Vec<String> = letters.into_iter().map(Id::id).collect();
        list.push([("id".to_owned(), id.into()), ("emailIds".to_owned(), json!(letters))].into_iter().collect());
    }
    Ok((list, not_found, Cursor::at(states(view, access)?.threads)))
}

/// Answers Thread/changes (RFC 8621 §3.2).
pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: ChangesArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    let (from, most) = arguments.checked()?;
    let read = move |view: &View| account_changes::threads(view, access, from, most);
    let changes = scope.server.read(access, read).await?.ok_or_else(MethodError::cannot_calculate_changes)?;
    Ok(standard_changes::answer(&arguments, changes))
}
