//! The session: the capabilities of this server, and their addresses (RFC 8620 §2).

use mail::seam::Login;
use serde_json::{Value, json};

use crate::id::Id;
use crate::limits;

/// The core of it all.
pub const CORE: &str = "urn:ietf:params:jmap:core";
/// The capability of mail (RFC 8621 §1.3.1).
pub const MAIL: &str = "urn:ietf:params:jmap:mail";
/// The capability of sending (RFC 8621 §1.3.2).
pub const SUBMISSION: &str = "urn:ietf:params:jmap:submission";
/// Absence (RFC 8621 §1.3.3).
pub const VACATION: &str = "urn:ietf:params:jmap:vacationresponse";

/// The octets that a person's letters use and may use (RFC 9425 §2).
pub const QUOTA: &str = "urn:ietf:params:jmap:quota";
/// Blobs made, read and looked up in requests (RFC 9404 §3).
pub const BLOB: &str = "urn:ietf:params:jmap:blob";

/// The settings that a person chose for the pages, and finds wherever they log in. This capability is Facteur's own.
/// Facteur has no domain on the web, so the name lies below `example`, which nobody else can own (RFC 2606 §2).
pub const PREFERENCES: &str = "https://facteur.example/jmap/preferences";

/// Pushes that a browser's service knows to be ours (RFC 9749 §3).
pub const WEBPUSH: &str = "urn:ietf:params:jmap:webpush-vapid";

/// The capabilities that have methods here.
pub const CAPABILITIES: [&str; 8] = [CORE, MAIL, SUBMISSION, VACATION, QUOTA, BLOB, PREFERENCES, WEBPUSH];
/// The capabilities that clients learn of. An absence is only stored and nobody is answered: a client that heard of the
/// capability would offer its person a switch that does nothing.
const TOLD: [&str; 6] = [CORE, MAIL, SUBMISSION, QUOTA, BLOB, PREFERENCES];

/// Returns the capabilities object of the session. `push_key` is the key that browsers subscribe with at their push
/// services.
pub fn capabilities(push_key: Option<&str>) -> Value {
    let mut capabilities = json!({
        CORE: {
            "maxSizeUpload": limits::SIZE_UPLOAD,
            "maxConcurrentUpload": limits::CONCURRENT_UPLOAD,
            "maxSizeRequest": limits::SIZE_REQUEST,
            "maxConcurrentRequests": limits::CONCURRENT_REQUESTS,
            "maxCallsInRequest": limits::CALLS_IN_REQUEST,
            "maxObjectsInGet": limits::OBJECTS_IN_GET,
            "maxObjectsInSet": limits::OBJECTS_IN_SET,
            "collationAlgorithms": ["i;unicode-casemap"],
        },
        MAIL: {},
        SUBMISSION: {},
        QUOTA: {},
        BLOB: {},
        PREFERENCES: {},
    });
    if let (Some(key), Some(all)) = (push_key, capabilities.as_object_mut()) {
        all.insert(WEBPUSH.to_owned(), json!({"applicationServerKey": key}));
    }
    capabilities
}

/// Returns the capabilities of the person's account.
fn account_capabilities() -> Value {
    json!({
        CORE: {},
        MAIL: {
            // A letter may lie in every folder that a person keeps: 1,000 at most, which no client need count up to.
            "maxMailboxesPerEmail": null,
            "maxMailboxDepth": mailbox::folder::name::DEEPEST,
            "maxSizeMailboxName": mailbox::folder::name::LONGEST / 2,
            "maxSizeAttachmentsPerEmail": limits::ATTACHMENTS,
            "emailQuerySortOptions": crate::email::SORT_OPTIONS,
            "mayCreateTopLevelMailbox": true,
        },
        SUBMISSION: {
            "maxDelayedSend": limits::DELAYED_SEND,
            // RFC 4865 §3 names the longest delay and the latest time; only the first applies here.
            "submissionExtensions": {
                "FUTURERELEASE": [limits::DELAYED_SEND.to_string(), "9999-12-31T23:59:59Z"],
                "DSN": [],
                "DELIVERBY": [],
            },
        },
        QUOTA: {},
        BLOB: {
            "maxSizeBlobSet": limits::SIZE_UPLOAD,
            "maxDataSources": limits::DATA_SOURCES,
            "supportedTypeNames": crate::blob::TYPES,
            "supportedDigestAlgorithms": crate::blob::DIGESTS,
        },
        PREFERENCES: { "maxPicturesFrom": crate::preferences::MOST_SENDERS },
    })
}

/// Returns the session of a person. `base` comes before all paths, such as `https://mail.alpha.test`; for `push_key`
/// see [`capabilities`].
pub fn session(person: &Login, base: &str, push_key: Option<&str>) -> Value {
    let account = person.account.id();
    // The core has no data, but clients look up their account by it: the one account of a person serves for everything.
    let primary: serde_json::Map<String, Value> =
        TOLD.iter().map(|capability| ((*capability).to_owned(), account.as_str().into())).collect();
    json!({
        "capabilities": capabilities(push_key),
        "accounts": {
            account: {
                "name": person.address.to_string(),
                "isPersonal": true,
                "isReadOnly": false,
                "accountCapabilities": account_capabilities(),
            },
        },
        "primaryAccounts": primary,
        "username": person.address.to_string(),
        "apiUrl": format!("{base}/jmap/api"),
        "downloadUrl": format!("{base}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?type={{type}}"),
        "uploadUrl": format!("{base}/jmap/upload/{{accountId}}"),
        "eventSourceUrl": format!("{base}/jmap/events?types={{types}}&closeafter={{closeafter}}&ping={{ping}}"),
        "state": state(person),
    })
}

/// Returns a state that changes with the session: with the person's address, and with the capabilities of a new
/// version.
pub fn state(person: &Login) -> String {
    format!("{}-{}-{}", env!("CARGO_PKG_VERSION"), TOLD.len(), person.address)
}
