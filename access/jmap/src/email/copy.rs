//! Email/copy (RFC 8621 §4.7). A person has one account, and the original must be in another (RFC 8620 §5.4): the
//! arguments are checked, and the error names the account that was not found.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::{MethodError, Object};
use crate::scope::Scope;
use crate::standard;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code)]
struct CopyArguments {
    from_account_id: String,
    if_from_in_state: Option<String>,
    account_id: String,
    if_in_state: Option<String>,
    create: Map<String, Value>,
    #[serde(default)]
    on_success_destroy_original: bool,
    destroy_from_if_in_state: Option<String>,
}

pub fn copy(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: CopyArguments = standard::arguments(arguments)?;
    scope.access(&arguments.account_id)?;
    scope.access(&arguments.from_account_id).map_err(|_| MethodError::from_account_not_found())?;
    Err(MethodError::invalid_arguments("accountId and fromAccountId must not be the same"))
}
