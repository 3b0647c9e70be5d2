//! Email/changes (RFC 8621 §4.3).

use mailbox::account_changes;
use store::View;

use crate::api::{MethodError, Object};
use crate::scope::Scope;
use crate::standard::{self, ChangesArguments, changes as standard_changes};

pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: ChangesArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    let (from, most) = arguments.checked()?;
    let read = move |view: &View| account_changes::letters(view, access, from, most);
    let changes = scope.server.read(access, read).await?.ok_or_else(MethodError::cannot_calculate_changes)?;
    Ok(standard_changes::answer(&arguments, changes))
}
