//! Mailbox/get (RFC 8621 §2.1).

use mailbox::account_changes::{Cursor, states};
use mailbox::{FolderId, folder};

use super::{PROPERTIES, Tree, object};
use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::{self, GetArguments, get as standard_get};
use crate::state;

pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: GetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    arguments.checked(&PROPERTIES)?;
    let read = move |view: &store::View| -> Result<_, mailbox::Error> {
        Ok((states(view, access)?, folder::list(view, access)?))
    };
    let (states, all) = scope.server.read(access, read).await?;
    let properties = arguments.properties.as_deref();
    let tree = Tree::new(&all);
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    match &arguments.ids {
        None => list.extend(all.iter().map(|folder| standard_get::only(object(folder, &tree), properties))),
        Some(ids) => {
            for id in ids {
                match FolderId::read(id).and_then(|id| tree.get(id)) {
                    Some(folder) => list.push(standard_get::only(object(folder, &tree), properties)),
                    None => not_found.push(id.clone()),
                }
            }
        }
    }
    let state = state::write(Cursor::at(states.folders));
    Ok(standard_get::answer(&arguments.account_id, state, list, not_found))
}
