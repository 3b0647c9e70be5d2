//! Core/echo (RFC 8620 §4).

use crate::api::{MethodError, Object};

/// Returns the arguments.
pub fn echo(arguments: Object) -> Result<Object, MethodError> {
    Ok(arguments)
}
