//! Email/parse (RFC 8621 §4.9).

use mailbox::Access;
use std::sync::Arc;

use bytes::Bytes;
use mail::header;
use mailbox::parse::{Limits, Summary, scan};
use serde::Deserialize;
use serde_json::Value;
use store::View;

use super::get::gives_text;
use super::known::Known;
use super::letter::{EmailView, Source, Wish};
use super::property::Property;
use super::room::Room;
use crate::api::{MethodError, Object};
use crate::blob::{self, BlobPath};
use crate::limits;
use crate::scope::Scope;
use crate::standard::{self, get as standard_get};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ParseArguments {
    account_id: String,
    blob_ids: Vec<String>,
    properties: Option<Vec<String>>,
    body_properties: Option<Vec<String>>,
    #[serde(default)]
    fetch_text_body_values: bool,
    #[serde(rename = "fetchHTMLBodyValues", default)]
    fetch_html_body_values: bool,
    #[serde(default)]
    fetch_all_body_values: bool,
    #[serde(default)]
    max_body_value_bytes: u64,
}

/// The result of parsing one blob.
enum Parsed {
    Email(Object),
    NotParsable,
    NotFound,
}

pub async fn parse(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: ParseArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    standard_get::once_each(&mut arguments.blob_ids)?;
    let wish = Arc::new(Wish {
        properties: Property::of_parsed(arguments.properties)?,
        part_properties: Property::of_part(arguments.body_properties)?,
        text_values: arguments.fetch_text_body_values,
        html_values: arguments.fetch_html_body_values,
        all_values: arguments.fetch_all_body_values,
        value_limit: usize::try_from(arguments.max_body_value_bytes).unwrap_or(usize::MAX),
    });
    let (mut parsed, mut not_parsable, mut not_found) = (Object::new(), Vec::new(), Vec::new());
    let mut opened = Vec::new();
    let mut room = Room::new(scope.left);
    for id in arguments.blob_ids {
        let outcome = one(scope, access, &id, &wish, &mut room).await?;
        match outcome {
            Parsed::Email(object) => {
                opened.extend(BlobPath::read(&id).and_then(|place| place.letter_key()).filter(|_| gives_text(&object)));
                parsed.insert(id, object.into());
            }
            Parsed::NotParsable => not_parsable.push(id),
            Parsed::NotFound => not_found.push(id),
        }
    }
    scope.server.note_read(access.owner(), opened);
    let ids = |ids: Vec<String>| if ids.is_empty() { Value::Null } else { ids.into() };
    let answer = [
        ("accountId", arguments.account_id.into()),
        ("parsed", if parsed.is_empty() { Value::Null } else { parsed.into() }),
        ("notParsable", ids(not_parsable)),
        ("notFound", ids(not_found)),
    ];
    Ok(answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

async fn one(
    scope: &Scope,
    access: Access,
    id: &str,
    wish: &Arc<Wish>,
    room: &mut Room,
) -> Result<Parsed, MethodError> {
    let Some(place) = BlobPath::read(id) else { return Ok(Parsed::NotFound) };
    let Some((opened, _share)) = blob::hold(scope, access, place.clone()).await? else {
        return Ok(Parsed::NotFound);
    };
    let (wish, mut left) = (Arc::clone(wish), *room);
    let read = move |view: &View| {
        let Some(octets) = blob::whole(view, &opened, limits::SIZE_UPLOAD)? else { return Ok(None) };
        let object = object(view, place, octets, &wish, &mut left)?;
        Ok::<_, MethodError>(object.map(|object| (object, left)))
    };
    let Some((object, left)) = scope.server.read(access, read).await? else { return Ok(Parsed::NotParsable) };
    *room = left;
    Ok(Parsed::Email(object))
}

/// Returns the Email object of these octets; `None` if they are no letter: their header contains not one field.
fn object(
    view: &View,
    place: BlobPath,
    octets: Bytes,
    wish: &Wish,
    room: &mut Room,
) -> Result<Option<Object>, MethodError> {
    if header::fields(&octets).next().is_none() {
        return Ok(None);
    }
    let letter = EmailView {
        stored: None,
        place,
        size: octets.len() as u64,
        summary: Summary::parse(&octets),
        structure: scan(&octets, Limits::default()),
        source: Source::Octets(view, octets),
        known: Known::default(),
    };
    letter.object(wish, room).map(Some)
}
