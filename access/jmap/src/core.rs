//! Core/echo (RFC 8620 §4).

use crate::api::{MethodError, Object};

/// Gives the arguments back.
pub fn echo(arguments: Object) -> Result<Object, MethodError> {
    Ok(arguments)
}
