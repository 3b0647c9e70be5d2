//! Who a letter is from and for: as the client says, or as its header does (RFC 8621 §7).

use std::collections::HashSet;

use mail::header::{self, Mention};
use mail::{Address, BodyKind, Domain, Envelope, ReturnPath};
use serde_json::{Value, json};

use crate::api::{Object, SetError};
use crate::limits;

/// The most addresses of a field that are looked at.
const MOST: usize = 2000;

/// The envelope of the object, checked.
pub fn given(object: &Object) -> Result<(ReturnPath, Vec<Address>), SetError> {
    let invalid = || SetError::invalid(["envelope"]);
    let known = object.keys().all(|key| key == "mailFrom" || key == "rcptTo");
    let from = object.get("mailFrom").and_then(plain_address).filter(|_| known).ok_or_else(invalid)?;
    let list = object.get("rcptTo").and_then(Value::as_array).ok_or_else(invalid)?;
    let to: Vec<&str> = list.iter().map(plain_address).collect::<Option<_>>().ok_or_else(invalid)?;
    let from = match from {
        "" => ReturnPath::Null,
        from => Address::parse(from).map(ReturnPath::Address).map_err(|_| invalid())?,
    };
    Ok((from, recipients(to)?))
}

/// An Address without parameters: there are none that we know.
fn plain_address(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    let parameters = object.get("parameters").is_none_or(|given| given.is_null() || *given == json!({}));
    let known = object.keys().all(|key| key == "email" || key == "parameters");
    object.get("email")?.as_str().filter(|_| parameters && known)
}

/// The envelope that the letter's own header asks for. `own` is the address of the identity, for a sender that may not
/// be.
pub fn of_letter(letter: &[u8]) -> Result<(Option<Address>, Vec<Address>), SetError> {
    let from = ["Sender", "From"].into_iter().find_map(|name| last(letter, name));
    let from = match from {
        Some(people) if people.len() > 1 => {
            return Err(SetError::new("invalidEmail").with("properties", json!(["from"])));
        }
        Some(people) => people.into_iter().next(),
        None => None,
    };
    let from = from.and_then(|text| Address::parse(&text).ok());
    let mut all = Vec::new();
    for field in header::fields(letter).filter(|field| ["To", "Cc", "Bcc"].iter().any(|name| field.is(name))) {
        all.extend(addresses(&field.value()));
    }
    Ok((from, recipients(all.iter().map(String::as_str).collect())?))
}

/// The people of the last field of the name, if there is one with people in it.
fn last(letter: &[u8], name: &str) -> Option<Vec<String>> {
    let value = header::fields(letter).filter(|field| field.is(name)).last()?.value().into_owned();
    Some(addresses(&value)).filter(|people| !people.is_empty())
}

/// All addresses as text.
pub fn addresses(value: &[u8]) -> Vec<String> {
    let mentions = header::mentions(value, MOST).into_iter();
    mentions
        .filter_map(|mention| match mention {
            Mention::Mailbox { local, domain, .. } => Some(written(&local, &domain)),
            Mention::GroupStart(_) | Mention::GroupEnd => None,
        })
        .collect()
}

fn written(local: &[u8], domain: &[u8]) -> String {
    let (local, domain) = (String::from_utf8_lossy(local), String::from_utf8_lossy(domain));
    let address = Domain::parse(&domain).ok().and_then(|domain| Address::new(&local, domain).ok());
    address.map_or_else(|| format!("{local}@{domain}"), |address| address.to_string())
}

/// Each once; all that are no addresses are told.
fn recipients(texts: Vec<&str>) -> Result<Vec<Address>, SetError> {
    let (mut met, mut all, mut bad) = (HashSet::new(), Vec::new(), Vec::new());
    for text in texts {
        match Address::parse(text) {
            Ok(address) if met.insert(address.to_string()) => all.push(address),
            Ok(_) => {}
            Err(_) => bad.push(text.to_owned()),
        }
    }
    if !bad.is_empty() {
        return Err(SetError::new("invalidRecipients").with("invalidRecipients", bad));
    }
    if all.is_empty() {
        return Err(SetError::new("noRecipients"));
    }
    if all.len() > limits::RECIPIENTS {
        return Err(SetError::new("tooManyRecipients").with("maxRecipients", limits::RECIPIENTS));
    }
    Ok(all)
}

/// What travels with the letter.
pub fn for_letter(return_path: ReturnPath, recipients: Vec<Address>, letter: &[u8]) -> Envelope {
    let head = letter.get(..header::body_start(letter)).unwrap_or_default();
    let international =
        return_path.address().is_some_and(Address::needs_smtputf8) || recipients.iter().any(Address::needs_smtputf8);
    let body = if letter.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBitMime };
    Envelope { return_path, recipients, body, smtputf8: international || !head.is_ascii() }
}

/// The Envelope object.
pub fn object(return_path: &ReturnPath, recipients: &[Address]) -> Value {
    let from = return_path.address().map(ToString::to_string).unwrap_or_default();
    let to: Vec<Value> =
        recipients.iter().map(|address| json!({"email": address.to_string(), "parameters": null})).collect();
    json!({"mailFrom": {"email": from, "parameters": null}, "rcptTo": to})
}
