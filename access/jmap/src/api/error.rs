//! The errors of each of the three levels (RFC 8620 §3.6, §5.3).

use serde_json::{Value, json};

use super::Object;

/// The longest description, in octets.
const LONGEST: usize = 1000;

/// The whole request is refused (RFC 8620 §3.6.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A capability that is not ours.
    #[error("this server does not know the capability {0}")]
    UnknownCapability(String),
    /// The text is not JSON.
    #[error("the request is no I-JSON: {0}")]
    NotJson(String),
    /// The text is JSON, but not a Request.
    #[error("the request is not a Request object: {0}")]
    NotRequest(String),
    /// The request is beyond a limit of the session's core capability.
    #[error("the request is beyond the limit {0}")]
    Limit(&'static str),
}

impl RequestError {
    /// Returns the problem details (RFC 7807).
    pub fn problem(&self) -> Value {
        let kind = match self {
            Self::UnknownCapability(_) => "unknownCapability",
            Self::NotJson(_) => "notJSON",
            Self::NotRequest(_) => "notRequest",
            Self::Limit(_) => "limit",
        };
        let mut problem = json!({
            "type": format!("urn:ietf:params:jmap:error:{kind}"), "status": 400, "detail": self.to_string(),
        });
        if let (Self::Limit(limit), Some(object)) = (self, problem.as_object_mut()) {
            object.insert("limit".into(), (*limit).into());
        }
        problem
    }
}

/// One method call fails, and changes nothing (RFC 8620 §3.6.2 and the errors of the standard methods). Each error says
/// in words what is wrong: the author of a client sees nothing but the text that the client shows or logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodError {
    kind: &'static str,
    description: String,
}

macro_rules! plain_errors {
    ($($(#[$doc:meta])* $name:ident $kind:literal $description:literal;)+) => {
        impl MethodError {
            $($(#[$doc])* pub fn $name() -> Self { Self { kind: $kind, description: $description.into() } })+
        }
    };
}

plain_errors! {
    /// The call may work later.
    server_unavailable "serverUnavailable" "this cannot be done now: try again later";
    /// Part of the call was carried out; the client must look again (RFC 8620 §3.6.2).
    server_partial_fail "serverPartialFail" "only a part of it was done: ask for the changes, and see how far it came";
    /// There is no such method.
    unknown_method "unknownMethod" "there is no method of this name";
    /// There is no such account, or not for this person.
    account_not_found "accountNotFound" "there is no account of this id for the person who is logged in";
    /// The same, of the account to copy from.
    from_account_not_found "fromAccountNotFound" "there is no account of the id fromAccountId for the person who is logged in";
    /// The call names more things than one call may have.
    request_too_large "requestTooLarge" "this is more than one call may ask for: ask for less at a time";
    /// `ifInState` is another state.
    state_mismatch "stateMismatch" "the state is another one than ifInState by now, and nothing was changed";
    /// The state is unknown, or too old.
    cannot_calculate_changes "cannotCalculateChanges" "from this state the changes are not known: fetch everything anew";
    /// There are more changes than the client wants.
    too_many_changes "tooManyChanges" "there are more changes than maxChanges";
    /// The anchor is not among the results.
    anchor_not_found "anchorNotFound" "the anchor is not among the results";
}

macro_rules! described_errors {
    ($($(#[$doc:meta])* $name:ident $kind:literal;)+) => {
        impl MethodError {
            $($(#[$doc])* pub fn $name(why: impl Into<String>) -> Self {
                Self { kind: $kind, description: clipped(why.into()) }
            })+
        }
    };
}

described_errors! {
    /// Ours to mend.
    server_fail "serverFail";
    /// An argument is missing, of the wrong type, or makes no sense.
    invalid_arguments "invalidArguments";
    /// The call is not allowed for this person, or for anybody.
    forbidden "forbidden";
    /// A back reference leads nowhere.
    invalid_result_reference "invalidResultReference";
    /// The server does not sort by this property here.
    unsupported_sort "unsupportedSort";
    /// The server does not filter by this condition here.
    unsupported_filter "unsupportedFilter";
    /// The method exists, but belongs to a capability that the request does not use.
    not_used "unknownMethod";
    /// Blobs cannot be looked up by this type (RFC 9404 §4.3).
    unknown_data_type "unknownDataType";
}

/// The description of an error about octets that are damaged or lost.
const DAMAGED: &str = "the octets are damaged or lost; the administrator can restore them from a backup";

impl MethodError {
    /// Returns true if the failure concerns only the letter or upload that was read, for good: then the others are
    /// returned.
    pub fn is_of_damage(&self) -> bool {
        self.description == DAMAGED
    }

    /// Returns the error's type.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns the arguments of the `error` response.
    pub fn arguments(&self) -> Object {
        let mut arguments = Object::new();
        arguments.insert("type".into(), self.kind.into());
        arguments.insert("description".into(), self.description.as_str().into());
        arguments
    }
}

impl From<mailbox::Error> for MethodError {
    fn from(error: mailbox::Error) -> Self {
        match error {
            mailbox::Error::Store(error) => error.into(),
            mailbox::Error::NoSuchAccount(_) => Self::account_not_found(),
            mailbox::Error::TooComplex => Self::unsupported_filter("more than this server looks through at once"),
            other => {
                tracing::error!(error = %other, "a method failed");
                Self::server_fail(other.to_string())
            }
        }
    }
}

impl From<store::Error> for MethodError {
    fn from(error: store::Error) -> Self {
        if error == store::Error::Interrupted {
            tracing::debug!(%error, "a method was ended");
            return Self::server_unavailable();
        }
        if error.is_temporary() {
            tracing::warn!(%error, "a method must be tried again later");
            return Self::server_unavailable();
        }
        if error.is_permanent() {
            tracing::error!(%error, "a letter or an upload cannot be read");
            return Self::server_fail(DAMAGED);
        }
        tracing::error!(%error, "a method failed");
        Self::server_fail("the store failed")
    }
}

/// Cuts a text: a description quotes what a client wrote, but not all of it.
fn clipped(mut why: String) -> String {
    why.truncate(why.floor_char_boundary(LONGEST));
    why
}

/// The error of one record that is not created, updated or destroyed (RFC 8620 §5.3). It always gives the reason in
/// words.
#[derive(Clone, Debug, PartialEq)]
pub struct SetError(Object);

/// The description of each type of error, for errors about which nothing more is known.
const MEANINGS: [(&str, &str); 21] = [
    ("notFound", "there is none of this id"),
    ("willDestroy", "it is destroyed in the same call"),
    ("singleton", "there is exactly one of these: it can be changed, and neither be made nor destroyed"),
    ("tooManyKeywords", "it would have more keywords than one letter may have"),
    ("tooManyMailboxes", "a letter lies in 1,000 mailboxes at most"),
    ("tooLarge", "it is larger than it may be"),
    ("overQuota", "there are as many of these as there may be"),
    ("forbidden", "nobody may do this"),
    ("forbiddenFrom", "the person who is logged in may not write as this author"),
    ("forbiddenMailFrom", "the person who is logged in may not send from the address in mailFrom"),
    ("forbiddenToSend", "the person who is logged in may not send this letter"),
    ("invalidEmail", "the letter cannot be sent as it is: it must say who wrote it"),
    ("noRecipients", "the letter is for nobody: it has no recipient"),
    ("invalidRecipients", "some recipients have no address that letters can be sent to"),
    ("tooManyRecipients", "the letter is for more people than one submission may name"),
    ("cannotUnsend", "the letter has gone, and cannot be taken back"),
    ("blobNotFound", "there is no blob of this id"),
    ("mailboxHasChild", "there are mailboxes in it: destroy those first"),
    ("mailboxHasEmail", "there are letters in it: move them, or say onDestroyRemoveEmails"),
    ("alreadyExists", "there is one like it already"),
    ("serverFail", "something went wrong in the server"),
];

impl SetError {
    /// Makes an error of a type that the RFCs name.
    pub fn new(kind: &str) -> Self {
        let mut object = Object::new();
        object.insert("type".into(), kind.into());
        let meaning = MEANINGS.iter().find(|(known, _)| *known == kind);
        let meaning = meaning.map_or("it cannot be done", |(_, meaning)| meaning);
        object.insert("description".into(), meaning.into());
        Self(object)
    }

    /// Adds a description for the author of the client.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Self {
        self.with("description", clipped(why.into()))
    }

    /// Adds another property.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Makes an `invalidProperties` error that names all invalid properties.
    pub fn invalid<S: Into<String>>(properties: impl IntoIterator<Item = S>) -> Self {
        let properties: Vec<String> = properties.into_iter().map(Into::into).collect();
        let why = format!("what is given is not what may stand there: {}", properties.join(", "));
        Self::new("invalidProperties").because(why).with("properties", properties)
    }

    /// Makes a `notFound` error.
    pub fn not_found() -> Self {
        Self::new("notFound")
    }

    /// Returns the error's type.
    pub fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the error's description in words.
    pub fn description(&self) -> &str {
        self.0.get("description").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the object of the response.
    pub fn into_value(self) -> Value {
        self.0.into()
    }
}

impl From<mailbox::Error> for SetError {
    fn from(error: mailbox::Error) -> Self {
        let kind = match &error {
            mailbox::Error::OverQuota { .. } | mailbox::Error::TooManyFolders(_) | mailbox::Error::UidsExhausted => {
                "overQuota"
            }
            mailbox::Error::TooLarge { .. } => "tooLarge",
            mailbox::Error::TooManyKeywords => "tooManyKeywords",
            mailbox::Error::NoSuchFolder(_) | mailbox::Error::NoFolderCalled(_) => "notFound",
            mailbox::Error::BadKeyword(_) => return Self::invalid(["keywords"]).because(error.to_string()),
            mailbox::Error::BadName(..) => return Self::invalid(["name"]).because(error.to_string()),
            mailbox::Error::FolderExists(_) => {
                return Self::new("alreadyExists").because(error.to_string()).with("properties", json!(["name"]));
            }
            mailbox::Error::IntoItself => return Self::invalid(["parentId"]).because(error.to_string()),
            mailbox::Error::Inbox => "forbidden",
            _ => {
                tracing::error!(%error, "a record could not be written");
                return Self::new("serverFail").because("the store failed");
            }
        };
        Self::new(kind).because(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_was_ended_may_be_tried_again() {
        assert_eq!(MethodError::from(store::Error::Interrupted).kind(), "serverUnavailable");
        let error = mailbox::Error::from(store::Error::Interrupted);
        assert_eq!(MethodError::from(error).kind(), "serverUnavailable");
    }

    #[test]
    fn what_a_client_wrote_is_not_given_back_at_length() {
        let error = MethodError::invalid_arguments("é".repeat(1 << 20));
        assert_eq!(error.arguments()["description"].as_str().map(str::len), Some(LONGEST));
    }
}
