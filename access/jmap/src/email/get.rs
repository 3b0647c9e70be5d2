//! Email/get (RFC 8621 §4.2).

use std::sync::Arc;
use std::time::{Duration, Instant};

use mailbox::account_changes::{Cursor, states};
use mailbox::{Access, Keywords, LetterKey, Want, fetch, letter};
use serde::Deserialize;
use serde_json::Value;
use store::View;

use super::keywords;
use super::known::Known;
use super::letter::{EmailView, Source, Stored, Wish};
use super::property::Property;
use super::room::Room;
use crate::api::{MethodError, Object};
use crate::blob::BlobPath;
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::{self, get as standard_get};
use crate::state;

/// The time that one reading goes on before others have their turn: it ends after the letter that it is reading.
pub const TURN: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetArguments {
    account_id: String,
    ids: Option<Vec<String>>,
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

pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: GetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    // One call cannot return all letters of an account.
    let mut ids = arguments.ids.ok_or_else(MethodError::request_too_large)?;
    standard_get::once_each(&mut ids)?;
    let mut properties = Property::of_email(arguments.properties)?;
    if !properties.contains(&Property::Named("id")) {
        properties.insert(0, Property::Named("id"));
    }
    let wish = Wish {
        properties,
        part_properties: Property::of_part(arguments.body_properties)?,
        text_values: arguments.fetch_text_body_values,
        html_values: arguments.fetch_html_body_values,
        all_values: arguments.fetch_all_body_values,
        value_limit: usize::try_from(arguments.max_body_value_bytes).unwrap_or(usize::MAX),
    };
    // The state is read first: a change made while the letters are read appears as a change since that state.
    let states = scope.server.read(access, move |view| states(view, access)).await?;
    let objects = in_turns(scope, access, ids.clone(), wish).await?;
    let (mut list, mut not_found, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    for (id, object) in ids.into_iter().zip(objects) {
        match object {
            Some(object) => {
                opened.extend(LetterKey::read(&id).filter(|_| gives_text(&object)).map(|key| key.0));
                list.push(object);
            }
            None => not_found.push(id),
        }
    }
    scope.server.note_read(access.owner(), opened);
    let state = state::write(Cursor::at(states.emails));
    Ok(standard_get::answer(&arguments.account_id, state, list, not_found))
}

/// Returns the objects of letters, `None` for each that does not exist, in as many readings as that takes.
async fn in_turns(
    scope: &Scope,
    access: Access,
    ids: Vec<String>,
    wish: Wish,
) -> Result<Vec<Option<Object>>, MethodError> {
    let (ids, wish, mut room) = (Arc::new(ids), Arc::new(wish), Room::new(scope.left));
    let mut objects = Vec::with_capacity(ids.len());
    while objects.len() < ids.len() {
        let (ids, wish, done) = (Arc::clone(&ids), Arc::clone(&wish), objects.len());
        let read = move |view: &View| {
            let more = look_up(view, access, ids.get(done..).unwrap_or_default(), &wish, &mut room)?;
            Ok::<_, MethodError>((more, room))
        };
        let (more, left) = scope.server.read(access, read).await?;
        objects.extend(more);
        room = left;
    }
    Ok(objects)
}

/// Returns true if the object contains the letter's text, and not only its header.
pub fn gives_text(object: &Object) -> bool {
    object.get("bodyValues").and_then(Value::as_object).is_some_and(|values| !values.is_empty())
}

/// Returns the objects of these letters, `None` for each that does not exist: as many as fit into one turn, and at
/// least one.
pub fn look_up(
    view: &View,
    access: Access,
    ids: &[String],
    wish: &Wish,
    room: &mut Room,
) -> Result<Vec<Option<Object>>, MethodError> {
    let begun = Instant::now();
    let known = Keywords::load(view, access)?;
    let mut objects = Vec::new();
    for id in ids {
        let letter = match LetterKey::read(id) {
            Some(key) => stored(view, access, key, &known)?,
            None => None,
        };
        objects.push(match letter.map(|letter| letter.object(wish, room)).transpose() {
            // The other letters are returned; the log tells of a damaged one.
            Err(error) if error.is_of_damage() => None,
            object => object?,
        });
        if begun.elapsed() > TURN {
            break;
        }
    }
    Ok(objects)
}

/// Returns a letter of the account, if it exists.
pub fn stored<'v>(
    view: &'v View,
    access: Access,
    key: LetterKey,
    known: &Keywords,
) -> Result<Option<EmailView<'v>>, mailbox::Error> {
    let Some((_, row)) = fetch::visible(view, access, key, Want::ALL)? else { return Ok(None) };
    let Some(card) = row.card else { return Ok(None) };
    let places = letter::places(view, access, key)?;
    let stored = Stored {
        id: key.id(),
        thread: row.thread.id(),
        mailboxes: places.iter().filter(|place| place.is_visible()).map(|place| place.folder.id()).collect(),
        keywords: keywords::of(&row.flags, known),
        received: row.received,
        attached: row.attached,
    };
    Ok(Some(EmailView {
        stored: Some(stored),
        place: BlobPath::letter(key),
        size: row.size,
        summary: card.summary.unwrap_or_default(),
        structure: card.structure.unwrap_or_default(),
        source: Source::Stored(view, card.blob),
        known: Known::default(),
    }))
}
