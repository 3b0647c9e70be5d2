//! Leaves the list of a letter for the pages.

use axum::extract::{Path, State};
use axum::response::Response;
use mailbox::{Access, Want, fetch};
use serde_json::json;
use store::{Asker, View};

use super::{ListAnswer, one_click};
use crate::reader::Reader;
use crate::{Server, answer, letter};

/// Octets of a header that are looked through.
const LONGEST_HEADER: u64 = 256 << 10;

/// Serves `POST /unsubscribe/{letter}`.
pub async fn unsubscribe(State(server): State<Server>, Reader(login): Reader, Path(id): Path<String>) -> Response {
    let Some(key) = letter::key(&id) else { return answer::missing() };
    let account = login.account;
    let look = move |view: &View| {
        let found = fetch::visible(view, Access::own(account), key, Want { card: true, ..Want::ROW })?;
        let Some((size, card)) = found.and_then(|(_, row)| Some((row.size, row.card?))) else { return Ok(None) };
        mailbox::body::read_all(view, card.blob, 0..size.min(LONGEST_HEADER)).map(Some)
    };
    let header = match server.store.read_for(Asker(account.0), look).await {
        Ok(Some(header)) => header,
        Ok(None) => return answer::missing(),
        Err(error) => return answer::unreadable(&error),
    };
    let outcome = match one_click(&header) {
        Some(url) => server.unsubscriber.post(account, &url).await,
        None => ListAnswer::NotOffered,
    };
    answer::json(&json!({ "outcome": outcome }))
}
