//! Properties of our own that describe a letter as a person sees it: the pages show, answer and forward the letter from
//! them. Only [`mailbox::parse::Contents`] decides their values.

use mailbox::parse::{By, Content, Contents, Item, Role, What, decode, protection as found};
use serde_json::{Value, json};

use super::body;
use super::letter::EmailView;
use super::property::Property;
use super::room::Room;
use crate::api::MethodError;

/// Returns `consistsOf`: an EmailBodyPart for each part that is no multipart, in order, with
/// - `is`: its role for a person;
/// - `isListed`: true if it is offered beside the text;
/// - `picture`: the type that a picture is shown as, or null;
/// - `calledInHtml`: for a picture that the HTML shows, its address in the HTML;
/// - `subject`: for a letter, its subject.
pub fn items(
    letter: &EmailView<'_>,
    contents: &Contents<'_>,
    properties: &[Property],
    room: &mut Room,
) -> Result<Value, MethodError> {
    contents.items.iter().map(|item| one(letter, contents, item, properties, room)).collect()
}

fn one(
    letter: &EmailView<'_>,
    contents: &Contents<'_>,
    item: &Item<'_>,
    properties: &[Property],
    room: &mut Room,
) -> Result<Value, MethodError> {
    let mut object = body::part(letter, item.part, properties, false, room)?;
    let called = if item.role == Role::Named { contents.names.written(item) } else { Vec::new() };
    let own = json!({
        "is": name(item.role),
        "isListed": item.is_listed(),
        "picture": item.picture(),
        "calledInHtml": called,
        "subject": subject(item),
    });
    room.take(&own)?;
    if let (Value::Object(object), Value::Object(own)) = (&mut object, own) {
        object.extend(own);
    }
    Ok(object)
}

fn subject(item: &Item<'_>) -> Option<String> {
    let Content::Message(message) = item.part.held() else { return None };
    let subject = decode::words(message.summary.subject()?).replace('\0', "");
    Some(subject.trim().to_owned()).filter(|subject| !subject.is_empty())
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Html => "html",
        Role::Text => "text",
        Role::Picture => "picture",
        Role::Named => "pictureOfHtml",
        Role::OtherForm => "otherForm",
        Role::Letter => "letter",
        Role::Calendar => "calendar",
        Role::Card => "card",
        Role::Signature => "signature",
        Role::Sealed => "sealed",
        Role::Envelope => "envelope",
        Role::File => "file",
    }
}

/// Returns `protection`: the way in which the letter claims to be encrypted or signed, since nothing was opened or
/// checked; null if it is neither.
pub fn protection(letter: &EmailView<'_>, contents: &Contents<'_>) -> Result<Value, MethodError> {
    let found = found(contents, |range| letter.read_all(range))?;
    Ok(found.map_or(Value::Null, |found| {
        let is = match found.what {
            What::Encrypted => "encrypted",
            What::Signed => "signed",
            What::Unknown => "encryptedOrSigned",
        };
        let by = match found.by {
            By::OpenPgp => "openpgp",
            By::Smime => "smime",
        };
        json!({"is": is, "by": by, "partId": letter.known.number(&letter.structure, found.part)})
    }))
}
