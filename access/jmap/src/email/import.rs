//! Email/import (RFC 8621 §4.8).

use bytes::Bytes;
use mail::{Timestamp, header};
use mailbox::letter::MOST_PLACES;
use mailbox::parse::date;
use mailbox::{Access, FolderId, System};
use serde::Deserialize;
use serde_json::{Map, Value};
use store::View;

use super::write::{self, Filing, Ready, Task, Work};
use super::{filter, keywords};
use crate::api::{MethodError, Object, SetError};
use crate::blob::{self, BlobPath};
use crate::limits;
use crate::scope::Scope;
use crate::standard::{self, Span, set};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ImportArguments {
    account_id: String,
    if_in_state: Option<String>,
    emails: Map<String, Value>,
}

pub async fn import(scope: &mut Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: ImportArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    if arguments.emails.len() > limits::OBJECTS_IN_SET {
        return Err(MethodError::request_too_large());
    }
    set::check_creation_ids(&arguments.emails)?;
    let mut span = Span::open(&scope.server.shared.store, access, write::state, arguments.if_in_state).await?;
    let mut work = Work::new(scope, &mut span, access);
    for (key, wish) in arguments.emails {
        match one(work.scope, access, wish).await? {
            Ok(ready) => work.add(key, Task::File(ready)).await?,
            Err(error) => drop(work.answer.create(&key, Err(error))),
        }
    }
    work.carry_out().await?;
    let answer = work.answer;
    let mut answer = answer.into_arguments(&arguments.account_id, span.ends());
    answer.retain(|name, _| ["accountId", "oldState", "newState", "created", "notCreated"].contains(&name.as_str()));
    Ok(answer)
}

async fn one(scope: &Scope, access: Access, wish: Value) -> Result<Result<Ready, SetError>, MethodError> {
    let (place, mut filing) = match read(scope, &wish) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let Some((opened, _share)) = blob::hold(scope, access, place).await? else {
        return Ok(Err(SetError::invalid(["blobId"]).because("there is no blob of this id")));
    };
    let fetch = move |view: &View| blob::whole(view, &opened, limits::SIZE_UPLOAD);
    let Some(octets) = scope.server.read(access, fetch).await? else {
        return Ok(Err(SetError::new("tooLarge").with("maxSize", limits::SIZE_UPLOAD)));
    };
    filing.octets = octets;
    if header::fields(&filing.octets).next().is_none() {
        return Ok(Err(SetError::new("invalidEmail").because("it has no header")));
    }
    // The line ends of a letter are CRLF; an upload may come from elsewhere.
    filing.octets = with_crlf(filing.octets);
    if wish.get("receivedAt").is_none_or(Value::is_null) {
        filing.received = received(&filing.octets).unwrap_or_else(|| (scope.server.clock)());
    }
    write::prepare(scope, filing).await
}

/// Reads an EmailImport; its error names all faults together.
fn read(scope: &Scope, wish: &Value) -> Result<(BlobPath, Filing), SetError> {
    let Some(wish) = wish.as_object() else { return Err(SetError::invalid(["blobId", "mailboxIds"])) };
    let known = ["blobId", "mailboxIds", "keywords", "receivedAt"];
    let mut bad: Vec<&str> = wish.keys().map(String::as_str).filter(|name| !known.contains(name)).collect();
    let place = wish.get("blobId").and_then(Value::as_str).and_then(|id| BlobPath::read(scope.real(id)?));
    if place.is_none() {
        bad.push("blobId");
    }
    let folders = wish.get("mailboxIds").and_then(Value::as_object).map_or(Err(None), |ids| mailboxes(scope, ids));
    match &folders {
        Err(Some(error)) => return Err(error.clone()),
        Err(None) => bad.push("mailboxIds"),
        Ok(_) => {}
    }
    let flags = match wish.get("keywords") {
        None | Some(Value::Null) => Some((System::NONE, Vec::new())),
        Some(object) => object.as_object().and_then(keywords::read),
    };
    if flags.is_none() {
        bad.push("keywords");
    }
    let received = match wish.get("receivedAt") {
        None | Some(Value::Null) => Some(0),
        Some(text) => text.as_str().and_then(filter::date),
    };
    match (place, folders, flags, received) {
        (Some(place), Ok(folders), Some((system, keywords)), Some(received)) if bad.is_empty() => {
            let filing = Filing { octets: Bytes::new(), folders, system, keywords, received: Timestamp(received) };
            Ok((place, filing))
        }
        (.., None) => Err(SetError::invalid(bad.into_iter().chain(["receivedAt"]))),
        _ => Err(SetError::invalid(bad)),
    }
}

/// Returns the folders of a mailboxIds object, at least one; an entry that is false counts as absent. The error gives a
/// reason if there is more to say than that the property is not valid.
pub fn mailboxes(scope: &Scope, ids: &Object) -> Result<Vec<FolderId>, Option<SetError>> {
    if !ids.values().all(Value::is_boolean) {
        return Err(None);
    }
    let named: Vec<&String> = ids.iter().filter(|(_, value)| **value == Value::Bool(true)).map(|(id, _)| id).collect();
    if named.len() > MOST_PLACES {
        return Err(Some(SetError::new("tooManyMailboxes")));
    }
    let folders: Option<Vec<FolderId>> = named.into_iter().map(|id| scope.find(id)).collect();
    folders.filter(|folders| !folders.is_empty()).ok_or(None)
}

/// Returns the time at which the letter was last received, by its own header.
fn received(octets: &[u8]) -> Option<Timestamp> {
    let newest = header::find(octets, "Received")?.value().into_owned();
    let at = memchr_last(&newest, b';')?;
    date::with_zone(newest.get(at + 1..)?).map(|(sent, _)| Timestamp::from_seconds(sent.seconds))
}

fn memchr_last(octets: &[u8], wanted: u8) -> Option<usize> {
    octets.iter().rposition(|byte| *byte == wanted)
}

/// Returns the octets with CRLF at every line end; borrowed if they have it already.
fn with_crlf(octets: Bytes) -> Bytes {
    let bare = |at: usize| octets[at] == b'\n' && (at == 0 || octets[at - 1] != b'\r');
    if !(0..octets.len()).any(bare) {
        return octets;
    }
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 16);
    let mut before = 0;
    for &byte in &octets {
        if byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(byte);
        before = byte;
    }
    out.into()
}
