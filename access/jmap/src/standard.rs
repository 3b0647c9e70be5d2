//! The code that the methods of all kinds of objects share (RFC 8620 §5).

pub mod changes;
pub mod filter;
pub mod get;
pub mod query;
pub mod set;
pub mod singleton;
pub mod span;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::{MethodError, Object};

pub use changes::ChangesArguments;
pub use get::GetArguments;
pub use set::{SetAnswer, SetArguments};
pub use span::Span;

/// Reads the arguments of a method. An argument that is unknown, missing or of the wrong type is an error.
///
/// An argument that is null counts as absent, for every method: it gets its default if it has one, since many clients
/// write out all that they know; otherwise it is missing.
pub fn arguments<T: DeserializeOwned>(mut arguments: Object) -> Result<T, MethodError> {
    arguments.retain(|_, value| !value.is_null());
    serde_json::from_value(Value::Object(arguments)).map_err(|error| MethodError::invalid_arguments(error.to_string()))
}
