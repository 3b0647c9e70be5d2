//! The request engine (RFC 8620 §3): from octets to method calls, and from results to a response. It knows no method
//! and no socket; its caller carries the methods out.

pub mod error;
pub mod json;
pub mod patch;
pub mod reference;
pub mod request;

pub use error::{MethodError, RequestError, SetError};
pub use request::{Invocation, Request};

/// The object that arguments and records are made of.
pub type Object = serde_json::Map<String, serde_json::Value>;
