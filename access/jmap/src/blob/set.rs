//! Blob/upload (RFC 9404 §4.1): blobs put together from text, base64, and ranges of other blobs.
//!
//! A new blob arrives like any upload: in memory, or on the disk where uploads wait. Each person has a share of both.

use mailbox::Access;
use std::collections::HashSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use net::{Inbound, NoRoom, Owner};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::View;

use super::range::Slice;
use super::{BlobPath, keep};
use crate::api::{MethodError, Object, SetError};
use crate::limits;
use crate::scope::Scope;
use crate::standard::{self, set as standard_set};

/// The longest type, in octets.
const LONGEST_TYPE: usize = 255;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UploadArguments {
    account_id: String,
    create: Option<Map<String, Value>>,
}

/// A piece of a new blob.
enum Source {
    Octets(Vec<u8>),
    Blob { id: String, offset: u64, length: Option<u64> },
}

/// A blob to be made.
struct Draft {
    kind: String,
    sources: Vec<Source>,
}

/// Answers Blob/upload.
pub async fn upload(scope: &mut Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: UploadArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    let create = arguments.create.unwrap_or_default();
    if create.len() > limits::OBJECTS_IN_SET {
        return Err(MethodError::request_too_large());
    }
    standard_set::check_creation_ids(&create)?;
    if scope.server.shared.store.may_grow().is_err() {
        return Err(MethodError::server_unavailable());
    }
    let (mut created, mut failed, mut left) = (Object::new(), Object::new(), limits::BLOBS_READ);
    let mut waiting = Vec::new();
    for (key, given) in create {
        match Draft::read(given) {
            Ok(draft) => waiting.push((key, draft)),
            Err(error) => drop(failed.insert(key, error.into_value())),
        }
    }
    while !waiting.is_empty() {
        for (key, draft) in ready(&mut waiting) {
            // The blobs made so far stay: a client that hears only of the failure would make them again.
            let failing = |error| if created.is_empty() { error } else { MethodError::server_partial_fail() };
            match make(scope, access, draft, &mut left).await.map_err(failing)? {
                Ok(object) => {
                    let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
                    scope.note(&key, id.to_owned());
                    created.insert(key, object.into());
                }
                Err(error) => drop(failed.insert(key, error.into_value())),
            }
        }
    }
    let some = |object: Object| if object.is_empty() { Value::Null } else { object.into() };
    let answer = [("accountId", arguments.account_id.into()), ("created", some(created)), ("notCreated", some(failed))];
    Ok(answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Takes the drafts that refer to no other waiting draft. If all of them refer to each other in a circle, it takes all:
/// their sources will not be found.
fn ready(waiting: &mut Vec<(String, Draft)>) -> Vec<(String, Draft)> {
    let keys: HashSet<String> = waiting.iter().map(|(key, _)| format!("#{key}")).collect();
    let waits = |draft: &Draft| {
        draft.sources.iter().any(|source| matches!(source, Source::Blob { id, .. } if keys.contains(id)))
    };
    let (later, ready): (Vec<_>, Vec<_>) = std::mem::take(waiting).into_iter().partition(|(_, draft)| waits(draft));
    if ready.is_empty() {
        return later;
    }
    *waiting = later;
    ready
}

impl Draft {
    fn read(given: Value) -> Result<Self, SetError> {
        let wrong = |name: &str, why: &str| SetError::invalid([name]).because(format!("{name}: {why}"));
        let Value::Object(mut given) = given else { return Err(wrong("data", "a blob is made from an object")) };
        let kind = match given.remove("type") {
            None | Some(Value::Null) => "application/octet-stream".to_owned(),
            Some(Value::String(kind)) if kind.len() <= LONGEST_TYPE && !kind.contains(char::is_control) => kind,
            Some(_) => return Err(wrong("type", "it must be a media type")),
        };
        let Some(Value::Array(sources)) = given.remove("data") else {
            return Err(wrong("data", "it must be a list of pieces"));
        };
        if let Some(other) = given.keys().next() {
            return Err(wrong(other, "a blob has no such property"));
        }
        if sources.len() > limits::DATA_SOURCES {
            return Err(wrong("data", &format!("it has more than {} pieces", limits::DATA_SOURCES)));
        }
        let sources = sources.into_iter().map(|source| Source::read(source).map_err(|why| wrong("data", why)));
        Ok(Self { kind, sources: sources.collect::<Result<_, _>>()? })
    }
}

impl Source {
    /// Reads a DataSourceObject. Nothing is guessed: an ambiguous object is an error.
    fn read(source: Value) -> Result<Self, &'static str> {
        let Value::Object(mut source) = source else { return Err("a piece must be an object") };
        source.retain(|_, value| !value.is_null());
        let octets = |value: Value| value.as_u64().ok_or("offset and length must be numbers of octets");
        let (offset, length) = (source.remove("offset"), source.remove("length"));
        let is_range = offset.is_some() || length.is_some();
        let mut entries = source.into_iter();
        let (Some((name, Value::String(text))), None) = (entries.next(), entries.next()) else {
            return Err("a piece has one of data:asText, data:asBase64 and blobId, which is a text, and nothing else");
        };
        match name.as_str() {
            "blobId" => {
                let offset = offset.map(octets).transpose()?.unwrap_or_default();
                Ok(Self::Blob { id: text, offset, length: length.map(octets).transpose()? })
            }
            _ if is_range => Err("offset and length are for a piece with a blobId"),
            "data:asText" => Ok(Self::Octets(text.into_bytes())),
            "data:asBase64" => match BASE64_STANDARD.decode(&text) {
                Ok(octets) => Ok(Self::Octets(octets)),
                Err(_) => Err("data:asBase64 is not base64"),
            },
            _ => Err("a piece has one of data:asText, data:asBase64 and blobId, and nothing else"),
        }
    }
}

/// Makes a blob and keeps it. `left` is the number of octets that the call may still read of other blobs.
async fn make(
    scope: &Scope,
    access: Access,
    draft: Draft,
    left: &mut u64,
) -> Result<Result<Object, SetError>, MethodError> {
    let mut inbound = scope.server.uploading.open(Some(Owner::Person(access.owner().0)));
    for source in draft.sources {
        let added = match source {
            Source::Octets(octets) => add(&mut inbound, &octets).await?,
            Source::Blob { id, offset, length } => {
                copy(scope, access, (&id, offset, length), &mut inbound, left).await?
            }
        };
        if let Err(error) = added {
            return Ok(Err(error));
        }
    }
    let (octets, memory) = inbound.finish(b"").await.map_err(|no_room| later(&no_room))?;
    let size = octets.len();
    let number = keep(&scope.server.shared.store, access.owner(), octets, (scope.server.clock)()).await?;
    drop(memory);
    let made = json!({"id": BlobPath::upload(number).id(), "type": draft.kind, "size": size});
    Ok(Ok(made.as_object().cloned().unwrap_or_default()))
}

async fn add(inbound: &mut Inbound, octets: &[u8]) -> Result<Result<(), SetError>, MethodError> {
    if inbound.len() + octets.len() > limits::SIZE_UPLOAD {
        return Ok(Err(SetError::new("tooLarge").with("maxSize", limits::SIZE_UPLOAD)));
    }
    inbound.add(octets).await.map(Ok).map_err(|no_room| later(&no_room))
}

fn later(no_room: &NoRoom) -> MethodError {
    if let NoRoom::Disk(error) = no_room {
        tracing::error!(%error, "a blob that is put together cannot be kept");
    }
    MethodError::server_unavailable()
}

/// Adds a range of another blob, which must be there as a whole.
async fn copy(
    scope: &Scope,
    access: Access,
    (id, offset, length): (&str, u64, Option<u64>),
    inbound: &mut Inbound,
    left: &mut u64,
) -> Result<Result<(), SetError>, MethodError> {
    let slice = match scope.real(id).and_then(BlobPath::read) {
        Some(place) => Slice::open(scope, access, place, (offset, length)).await?,
        None => None,
    };
    let Some(mut slice) = slice else { return Ok(Err(SetError::new("blobNotFound").with("notFound", json!([id])))) };
    let before = inbound.len();
    let mut goes_on = true;
    while goes_on {
        let read = move |view: &View| {
            let mut octets = Vec::new();
            let goes_on = slice.read_on(view, limits::BLOB_AT_ONCE, |piece| octets.extend_from_slice(piece))?;
            Ok::<_, store::Error>((slice, octets, goes_on))
        };
        let octets;
        (slice, octets, goes_on) = scope.server.read(access, read).await?;
        if slice.seen() > *left {
            let why = "the call has read as many octets of other blobs as one may: make this one in another";
            return Ok(Err(SetError::new("tooLarge").because(why)));
        }
        if let Err(error) = add(inbound, &octets).await? {
            return Ok(Err(error));
        }
    }
    *left -= slice.seen();
    let whole = match length {
        Some(length) => (inbound.len() - before) as u64 == length,
        // Nothing begins behind the end.
        None => slice.length().is_none_or(|length| offset <= length),
    };
    let why = "the range reaches beyond the end of the blob that it is taken from";
    Ok(if whole { Ok(()) } else { Err(SetError::invalid(["data"]).because(why)) })
}
