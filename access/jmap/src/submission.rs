//! EmailSubmission (RFC 8621 §7): letters on their way. What is created is sent at once, so its status is final.

mod envelope;
pub mod get;
pub mod query;
pub mod set;

use serde_json::{Value, json};

use crate::api::Object;
use crate::id::{Id, SubmissionId};
use crate::records::Record;

/// All properties.
pub const PROPERTIES: [&str; 10] = [
    "id",
    "identityId",
    "emailId",
    "threadId",
    "envelope",
    "sendAt",
    "undoStatus",
    "deliveryStatus",
    "dsnBlobIds",
    "mdnBlobIds",
];

/// The EmailSubmission object of a record.
pub fn object(record: &Record) -> Object {
    let mut object = record.data.clone();
    object.insert("id".into(), SubmissionId(record.id).id().into());
    for (name, value) in [("dsnBlobIds", json!([])), ("mdnBlobIds", json!([])), ("deliveryStatus", Value::Null)] {
        object.entry(name).or_insert(value);
    }
    object
}
