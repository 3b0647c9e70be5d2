//! The room that the answer of one call has.

use serde_json::Value;

use crate::api::json::{footprint, footprint_of};
use crate::api::{MethodError, Object};
use crate::limits;

/// The room that is left in the answer. It moves in and out of the readings of one call.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The octets of body values that are left: values beyond are cut, and marked so.
    pub values: usize,
    /// Octets of memory for all of it: past them the call is too large.
    answer: usize,
}

impl Room {
    /// Makes the room of one call, if all calls of the request may still take `left` octets of memory.
    pub fn new(left: usize) -> Self {
        Self { values: limits::BODY_VALUES, answer: left.min(limits::ANSWER) }
    }

    /// Makes the room of a call that returns no body values.
    pub fn without_values(left: usize) -> Self {
        Self { values: 0, ..Self::new(left) }
    }

    /// Takes the room of an object, if enough is left.
    pub fn take_object(&mut self, object: &Object) -> Result<(), MethodError> {
        self.take_octets(footprint_of(object))
    }

    /// Takes the room of a value, if enough is left.
    pub fn take(&mut self, value: &Value) -> Result<(), MethodError> {
        self.take_octets(footprint(value))
    }

    /// Returns the octets of memory that are left.
    pub fn left(&self) -> usize {
        self.answer
    }

    fn take_octets(&mut self, octets: usize) -> Result<(), MethodError> {
        self.answer = self.answer.checked_sub(octets).ok_or_else(MethodError::request_too_large)?;
        Ok(())
    }
}
