//! The API resource (RFC 8620 §3.1).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};

use super::answer;
use super::door::Person;
use crate::api::RequestError;
use crate::house::House;
use crate::limits;
use crate::subscription::Credential;

pub async fn api(
    State(house): State<Arc<House>>,
    Person(person, wire): Person,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(_turn) = house.requests.begin(person.account, limits::CONCURRENT_REQUESTS) else {
        return answer::limit("maxConcurrentRequests");
    };
    if !answer::is_json(&headers) {
        return answer::problem(&RequestError::NotJson("its type is not application/json".into()).problem());
    }
    let text = match Limited::new(body, limits::SIZE_REQUEST).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return answer::limit("maxSizeRequest"),
        Err(_) => return answer::plain_problem(StatusCode::REQUEST_TIMEOUT, "the request did not come whole"),
    };
    match crate::run::run_with(&house, &person, Credential::of(&headers), &wire, &text).await {
        Ok(response) => answer::json(&response),
        Err(error) => answer::problem(&error.problem()),
    }
}
