//! VacationResponse (RFC 8621 §8): one for each account. Its words are kept; letters are not answered yet, so that it cannot
//! be enabled, and is told as what it is: not enabled.

use serde_json::{Value, json};

use crate::api::{Object, SetError};
use crate::email::filter;
use crate::records::{self, Kind, Record};
use crate::standard::singleton::{ID, Singleton, all_fit};

/// The longest text, in octets.
const LONGEST: usize = 256 * 1024;

/// The absence of an account.
pub static VACATION: Singleton = Singleton {
    kind: Kind::Vacation,
    state: |view, account| Ok(records::state(view, account, Kind::Vacation)?),
    properties: &["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"],
    object,
    judge,
};

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

fn judge(after: &mut Object) -> Result<Option<Object>, SetError> {
    all_fit(after, fits)?;
    if after.get("isEnabled") == Some(&Value::Bool(true)) {
        let why = "this server does not send automatic replies yet, so that an absence cannot be enabled";
        return Err(SetError::invalid(["isEnabled"]).because(why));
    }
    Ok(None)
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
