//! Email/get (RFC 8621 §4.2).

use mail::seam::AccountId;
use mailbox::account_changes::{Cursor, states};
use mailbox::{Error, Keywords, LetterKey, Want, fetch};
use serde::Deserialize;
use serde_json::Value;
use store::View;

use super::keywords;
use super::letter::{Letter, Source, Stored, Wish};
use super::property::Property;
use crate::api::{MethodError, Object};
use crate::blob::Place;
use crate::id::Id;
use crate::run::Scope;
use crate::standard::{self, get as standard_get};
use crate::{limits, state};

/// Letters looked at in one reading, so that a long answer holds up nobody.
const AT_ONCE: usize = 50;

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
    let account = scope.account(&arguments.account_id)?;
    // All letters of an account are more than one call may give.
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
    let (mut list, mut not_found, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    // The state is read first: what changes while the letters are read is told as a change since.
    let states = scope.house.store.read(move |view| states(view, account)).await?;
    let mut room = limits::BODY_VALUES;
    let wish = std::sync::Arc::new(wish);
    for some in ids.chunks(AT_ONCE).map(<[String]>::to_vec) {
        let wish = std::sync::Arc::clone(&wish);
        let read = move |view: &View| {
            let objects = look_up(view, account, &some, &wish, &mut room)?;
            Ok::<_, Error>((some, objects, room))
        };
        let (some, objects, left) = scope.house.store.read(read).await?;
        room = left;
        for (id, object) in some.into_iter().zip(objects) {
            match object {
                Some(object) => {
                    opened.extend(LetterKey::read(&id).filter(|_| gives_text(&object)).map(|key| key.0));
                    list.push(object);
                }
                None => not_found.push(id),
            }
        }
    }
    scope.house.note_read(account, opened);
    let state = state::write(Cursor::at(states.emails));
    Ok(standard_get::answer(&arguments.account_id, state, list, not_found))
}

/// Does the object say what the letter says, and not only what stands in its header?
pub fn gives_text(object: &Object) -> bool {
    object.get("bodyValues").and_then(Value::as_object).is_some_and(|values| !values.is_empty())
}

/// The objects of these letters, none for each that is not there.
pub fn look_up(
    view: &View,
    account: AccountId,
    ids: &[String],
    wish: &Wish,
    room: &mut usize,
) -> Result<Vec<Option<Object>>, Error> {
    let known = Keywords::load(view, account)?;
    ids.iter()
        .map(|id| match LetterKey::read(id) {
            Some(key) => match stored(view, account, key, &known)? {
                Some(letter) => letter.object(wish, room).map(Some),
                None => Ok(None),
            },
            None => Ok(None),
        })
        .collect()
}

/// A letter of the account, if it is there.
pub fn stored<'v>(
    view: &'v View,
    account: AccountId,
    key: LetterKey,
    known: &Keywords,
) -> Result<Option<Letter<'v>>, Error> {
    let Some((folder, row)) = fetch::visible(view, account, key, Want::ALL)? else { return Ok(None) };
    let Some(card) = row.card else { return Ok(None) };
    let stored = Stored {
        id: key.id(),
        thread: row.thread.id(),
        mailbox: folder.id(),
        keywords: keywords::of(&row.flags, known),
        received: row.received,
        attached: row.attached,
    };
    Ok(Some(Letter {
        stored: Some(stored),
        place: Place::letter(key),
        size: row.size,
        summary: card.summary.unwrap_or_default(),
        structure: card.structure.unwrap_or_default(),
        source: Source::Stored(view, card.blob),
    }))
}
