//! VacationResponse (RFC 8621 §8): one for each account. Its words are kept; letters are not answered yet, so that it
//! cannot be enabled, and is told as what it is: not enabled.

use records::{Absence, Kind, absence};
use serde_json::{Value, json};

use crate::api::{Object, SetError};
use crate::email::filter;
use crate::standard::singleton::{ID, Singleton, all_fit};

/// The longest text, in octets.
const LONGEST: usize = 256 * 1024;

/// The absence of an account.
pub static VACATION: Singleton = Singleton {
    kind: Kind::Vacation,
    state: |view, access| Ok(records::state(view, access.owner(), Kind::Vacation)?),
    properties: &["id", "isEnabled", "fromDate", "toDate", "subject", "textBody", "htmlBody"],
    read: |view, account| Ok(object(&absence::get(view, account)?)),
    write: |tx, account, object| absence::set(tx, account, &of(object)),
    fresh: || object(&Absence::default()),
    judge,
};

fn object(absence: &Absence) -> Object {
    let object = json!({
        "id": ID,
        // An absence that an earlier version enabled has never answered anybody.
        "isEnabled": false,
        "fromDate": absence.from_date,
        "toDate": absence.to_date,
        "subject": absence.subject,
        "textBody": absence.text_body,
        "htmlBody": absence.html_body,
    });
    object.as_object().cloned().unwrap_or_default()
}

/// Returns the absence that an object describes. The object was judged to be valid.
fn of(object: &Object) -> Absence {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    Absence {
        is_enabled: object.get("isEnabled") == Some(&Value::Bool(true)),
        from_date: text("fromDate"),
        to_date: text("toDate"),
        subject: text("subject"),
        text_body: text("textBody"),
        html_body: text("htmlBody"),
    }
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
