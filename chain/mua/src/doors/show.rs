//! Answers a person who asks for the doors.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::MailDoor;
use crate::reader::Reader;
use crate::{Server, answer};

/// Returns the doors for mail programs, and the name that opens them to the person who asks.
pub async fn show(State(server): State<Server>, Reader(person): Reader) -> Response {
    let doors: Vec<Value> = server.doors.iter().map(MailDoor::object).collect();
    answer::json(&json!({"name": person.address.to_string(), "doors": doors}))
}
