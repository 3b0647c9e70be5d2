//! VacationResponse (RFC 8621 §8): one for each account. Its words are kept; letters are not answered yet, so that it cannot
//! be enabled, and is told as what it is: not enabled.

use mail::seam::AccountId;
use mailbox::account_changes::Cursor;
use serde_json::{Value, json};
use store::{Tx, View};

use crate::api::{MethodError, Object, SetError, patch};
use crate::email::filter;
use crate::records::{self, Kind, Record};
use crate::run::Scope;
use crate::standard::{self, GetArguments, SetAnswer, SetArguments, Span, get as standard_get};
use crate::state;

/// The one id there is.
const ID: &str = "singleton";
const PROPERTIES: [&str; 7] = ["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"];
/// The longest text, in octets.
const LONGEST: usize = 256 * 1024;

fn object(record: Option<&Record>) -> Object {
    let defaults = json!({
        "id": ID, "isEnabled": false, "fromDate": null, "toDate": null, "subject": null, "textBody": null,
        "htmlBody": null,
    });
    let mut object = defaults.as_object().cloned().unwrap_or_default();
    object.extend(record.map(|record| record.data.clone()).unwrap_or_default());
    // One that was enabled by an earlier version has never answered anybody.
    object.insert("isEnabled".into(), false.into());
    object
}

fn read(view: &View, account: AccountId) -> Result<(String, Option<Record>), store::Error> {
    let head = records::state(view, account, Kind::Vacation)?;
    let record = records::list(view, account, Kind::Vacation)?.into_iter().next();
    Ok((state::write(Cursor::at(head)), record))
}

/// VacationResponse/get (RFC 8621 §8.1).
pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: GetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    arguments.checked(&PROPERTIES)?;
    let (head, record) = scope.house.read(account, move |view| read(view, account)).await?;
    let ids = arguments.ids.unwrap_or_else(|| vec![ID.to_owned()]);
    let (found, not_found): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| id == ID);
    let properties = arguments.properties.as_deref();
    let list = found.iter().map(|_| standard_get::only(object(record.as_ref()), properties)).collect();
    Ok(standard_get::answer(&arguments.account_id, head, list, not_found))
}

/// VacationResponse/set (RFC 8621 §8.2).
pub async fn set(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: SetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    arguments.check()?;
    let mut span = Span::open(&scope.house.store, account, state_of, arguments.if_in_state.take()).await?;
    let mut answer = SetAnswer::default();
    for (key, _) in arguments.creates() {
        answer.create(&key, Err(SetError::new("singleton")));
    }
    for (id, change) in arguments.updates() {
        let outcome = match id.as_str() {
            ID => span.write(&scope.house.store, move |tx| update(tx, account, &change)).await?,
            _ => Err(SetError::not_found()),
        };
        answer.update(&id, outcome.map(|()| None));
    }
    for id in arguments.destroys() {
        let error = if id == ID { SetError::new("singleton") } else { SetError::not_found() };
        answer.destroy(&id, Err(error));
    }
    Ok(answer.into_arguments(&arguments.account_id, span.ends()))
}

fn state_of(view: &View, account: AccountId) -> Result<mailbox::Change, mailbox::Error> {
    Ok(records::state(view, account, Kind::Vacation)?)
}

fn update(tx: &mut Tx, account: AccountId, change: &Object) -> Result<Result<(), SetError>, mailbox::Error> {
    let (_, record) = read(tx, account)?;
    let default = |name: &str| object(None).get(name).cloned();
    let after = match patch::apply(object(record.as_ref()), change, default) {
        Ok(after) => after,
        Err(error) => return Ok(Err(error)),
    };
    let bad: Vec<String> =
        after.iter().filter(|(name, value)| !fits(name, value)).map(|(name, _)| name.clone()).collect();
    if !bad.is_empty() {
        return Ok(Err(SetError::invalid(bad)));
    }
    if after.get("isEnabled") == Some(&Value::Bool(true)) {
        let why = "this server does not send automatic replies yet, so that an absence cannot be enabled";
        return Ok(Err(SetError::invalid(["isEnabled"]).because(why)));
    }
    let data = after.into_iter().filter(|(name, value)| name != "id" && !value.is_null()).collect();
    match record {
        Some(record) => records::update(tx, account, Kind::Vacation, record.id, &data)?,
        None => drop(records::create(tx, account, Kind::Vacation, &data)?),
    }
    Ok(Ok(()))
}

fn fits(name: &str, value: &Value) -> bool {
    match name {
        "id" => value == ID,
        "isEnabled" => value.is_boolean(),
        "fromDate" | "toDate" => value.is_null() || value.as_str().is_some_and(|text| filter::date(text).is_some()),
        "subject" | "textBody" | "htmlBody" => {
            value.is_null() || value.as_str().is_some_and(|text| text.len() <= LONGEST)
        }
        _ => false,
    }
}
