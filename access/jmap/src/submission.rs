//! EmailSubmission (RFC 8621 §7): letters on their way, or waiting for their time.
//!
//! - `envelope`: from whom and for whom, and until when it waits.
//! - `fate`: what is said of a submission as its letter goes on.
//! - `follow`: keeps that true, from the trace and from reports.
//! - `report`, `hear`: what reports of them say, and taking that in.
//!
//! `dsnBlobIds` and `mdnBlobIds` name the letters that the reports came in. They stay when their reader deletes one, as
//! what was received: its blob is then not found, as that of any letter that is gone, and what it said stays said.

mod envelope;
mod fate;
mod follow;
pub mod get;
mod hear;
mod parameters;
pub mod query;
mod report;
pub mod set;

pub use follow::follow;
use records::Submission;
use serde_json::json;

use crate::api::Object;
use crate::id::Id;

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

/// Returns the EmailSubmission object.
pub fn object(submission: &Submission) -> Object {
    let mut object = submission.data.clone();
    object.insert("id".into(), submission.id.id().into());
    for name in fate::HIDDEN {
        object.remove(name);
    }
    for name in ["dsnBlobIds", "mdnBlobIds"] {
        object.entry(name).or_insert(json!([]));
    }
    object
}
