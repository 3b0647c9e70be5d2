//! PushSubscription/get (RFC 8620 §7.2.1): no account and no state, for a subscription is not part of an account's
//! data.

use serde::Deserialize;
use serde_json::json;

use super::{SubscriptionId, table};
use crate::api::{MethodError, Object};
use crate::scope::Scope;
use crate::standard::{self, get as standard_get};

const PROPERTIES: [&str; 5] = ["id", "deviceClientId", "verificationCode", "expires", "types"];
/// The properties that may be somebody's secret.
const HIDDEN: [&str; 2] = ["url", "keys"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    ids: Option<Vec<String>>,
    properties: Option<Vec<String>>,
}

/// PushSubscription/get.
pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: Arguments = standard::arguments(arguments)?;
    let properties = arguments.properties.as_deref();
    if properties.unwrap_or_default().iter().any(|asked| HIDDEN.contains(&asked.as_str())) {
        return Err(MethodError::forbidden("nobody is shown url and keys"));
    }
    standard_get::check_properties(properties, &PROPERTIES)?;
    if let Some(ids) = &mut arguments.ids {
        standard_get::once_each(ids)?;
    }
    let (account, now) = (scope.person.account, (scope.server.clock)());
    let mut there = scope.server.read(account, move |view| table::list(view, account, now)).await?;
    there.retain(|subscription| subscription.credential == scope.credential);
    let mut not_found = Vec::new();
    if let Some(ids) = arguments.ids {
        let wanted: Vec<SubscriptionId> = ids.iter().filter_map(|id| scope.find(id)).collect();
        there.retain(|subscription| wanted.contains(&subscription.id));
        let found = |id: &String| scope.find(id).is_some_and(|id: SubscriptionId| there.iter().any(|one| one.id == id));
        not_found = ids.iter().filter(|id| !found(id)).cloned().collect();
    }
    let list: Vec<Object> =
        there.iter().map(|subscription| standard_get::only(subscription.object(), properties)).collect();
    Ok([("list".to_owned(), json!(list)), ("notFound".to_owned(), json!(not_found))].into_iter().collect())
}
