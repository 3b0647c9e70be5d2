//! PushSubscription (RFC 8620 §7.2): a client has us post to an address of its choice when something has changed.
//!
//! The address often belongs to a stranger, so nothing but a code goes there until the client has shown that it can
//! read what arrives; and we only connect to it within the reach of the HTTP client that the server was given.

mod courier;
mod credential;
mod errand;
mod get;
mod seal;
mod set;
mod table;
mod vapid;

use mail::Timestamp;
use mail::seam::AccountId;
use serde_json::{Value, json};

use crate::api::Object;
use crate::id::Id;

pub use courier::{Courier, Deliveries, PUSHES};
pub use credential::{Credential, Credentials};
pub use get::get;
pub use seal::Keys;
pub use set::set;
pub use vapid::{Error as NoKey, Vapid};

/// A subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub i64);

impl Id for SubscriptionId {
    const MARK: char = 'p';

    fn number(self) -> i64 {
        self.0
    }

    fn from_number(number: i64) -> Self {
        Self(number)
    }
}

/// The known properties of a subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub account: AccountId,
    /// The credential of the client that made it. Only that credential sees it.
    pub credential: Credential,
    pub made: Timestamp,
    /// The client's name for the device that it runs on.
    pub device: String,
    /// The URL to post to. Anybody who knows it can post there, so it is shown to nobody.
    pub url: String,
    /// The keys that messages are encrypted with.
    pub keys: Option<Keys>,
    /// The code that the client must show us before any other message goes out.
    pub code: String,
    pub is_verified: bool,
    pub expires: Timestamp,
    /// The types that the client wants to hear of; `None` means all.
    pub types: Option<Vec<String>>,
}

impl Subscription {
    /// Returns the subscription as clients see it (RFC 8620 §7.2): without address and keys.
    fn object(&self) -> Object {
        let code = self.is_verified.then_some(self.code.as_str());
        let object = json!({
            "id": self.id.id(), "deviceClientId": self.device, "verificationCode": code,
            "expires": self.expires.rfc3339(), "types": self.types,
        });
        match object {
            Value::Object(object) => object,
            _ => Object::new(),
        }
    }

    /// Returns the PushVerification object.
    fn verification(&self) -> Value {
        json!({"@type": "PushVerification", "pushSubscriptionId": self.id.id(), "verificationCode": self.code})
    }
}
