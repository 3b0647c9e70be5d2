//! Identity/get and Identity/changes (RFC 8621 §6.1, §6.2).

use mailbox::account_changes::{Changes, Cursor};
use records::{IdentityId, Kind};
use store::View;

use super::{PROPERTIES, ensure, object};
use crate::api::{MethodError, Object};
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::{self, ChangesArguments, GetArguments, changes as standard_changes, get as standard_get};
use crate::state;

pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: GetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    arguments.checked(&PROPERTIES)?;
    ensure(scope, account).await?;
    let read = move |view: &View| -> Result<_, store::Error> {
        Ok((records::state(view, account, Kind::Identity)?, records::identity::list(view, account)?))
    };
    let (head, all) = scope.server.read(account, read).await?;
    let (mut list, mut not_found) = (Vec::new(), Vec::new());
    match &arguments.ids {
        None => list.extend(all.iter().map(|(id, identity)| object(*id, identity))),
        Some(ids) => {
            for asked in ids {
                match all.iter().find(|(id, _)| Some(*id) == IdentityId::read(asked)) {
                    Some((id, identity)) => list.push(object(*id, identity)),
                    None => not_found.push(asked.clone()),
                }
            }
        }
    }
    let properties = arguments.properties.as_deref();
    let list = list.into_iter().map(|object| standard_get::only(object, properties)).collect();
    Ok(standard_get::answer(&arguments.account_id, state::write(Cursor::at(head)), list, not_found))
}

pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: ChangesArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let (from, most) = arguments.checked()?;
    let read = move |view: &View| records::changes(view, account, Kind::Identity, from, most);
    let changes = scope.server.read(account, read).await?.ok_or_else(MethodError::cannot_calculate_changes)?;
    Ok(standard_changes::answer(&arguments, with_ids(changes, IdentityId)))
}

/// Changes of numbers as changes of ids.
pub fn with_ids<I>(changes: Changes<i64>, id: impl Fn(i64) -> I) -> Changes<I> {
    let ids = |numbers: Vec<i64>| numbers.into_iter().map(&id).collect();
    Changes {
        created: ids(changes.created),
        updated: ids(changes.updated),
        destroyed: ids(changes.destroyed),
        now: changes.now,
        more: changes.more,
    }
}
