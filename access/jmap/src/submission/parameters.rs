//! The parameters of MAIL and RCPT that a client gives with the addresses of an envelope (RFC 8621 §7): when the letter
//! goes (RFC 4865), by when it is to arrive (RFC 2852), and which reports its author wants (RFC 3461). JMAP has them without
//! the encodings of SMTP.

use mail::{LetterWishes, OriginalRecipient, Wishes};
use serde_json::Value;

use crate::api::Object;

/// The parameters of the sender's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfSender {
    /// HOLDFOR or HOLDUNTIL: one of the two may stand there.
    pub hold: Object,
    /// RET, ENVID, BY
    pub wishes: LetterWishes,
}

/// Reads the parameters of the sender's address; `None` if one is not known, or cannot have this value.
pub fn of_sender(given: &Object) -> Option<OfSender> {
    let mut read = OfSender::default();
    let LetterWishes { returned, envelope_id, by } = &mut read.wishes;
    for (name, value) in given {
        let text = value.as_str()?;
        match name.to_ascii_uppercase().as_str() {
            "HOLDFOR" | "HOLDUNTIL" if read.hold.is_empty() => {
                read.hold.insert(name.clone(), value.clone());
            }
            "RET" if returned.is_none() => *returned = Some(text.parse().ok()?),
            "ENVID" if envelope_id.is_none() && LetterWishes::is_envelope_id(text) => {
                *envelope_id = Some(text.to_owned());
            }
            "BY" if by.is_none() => *by = Some(text.parse().ok()?),
            _ => return None,
        }
    }
    Some(read)
}

/// Reads the parameters of a recipient's address; `None` if one is not known, or cannot have this value.
pub fn of_recipient(given: &Object) -> Option<Wishes> {
    let mut wishes = Wishes::default();
    for (name, value) in given {
        let text = value.as_str()?;
        match name.to_ascii_uppercase().as_str() {
            "NOTIFY" if wishes.notify.is_none() => wishes.notify = Some(text.parse().ok()?),
            "ORCPT" if wishes.original.is_none() => wishes.original = Some(original(text)?),
            _ => return None,
        }
    }
    Some(wishes)
}

/// `rfc822;bob@beta.test`
fn original(text: &str) -> Option<OriginalRecipient> {
    let (kind, address) = text.split_once(';').filter(|_| text.len() <= 500)?;
    let is_kind = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let fits = !kind.is_empty() && kind.chars().all(is_kind);
    let fits = fits && !address.is_empty() && !address.chars().any(char::is_control);
    fits.then(|| OriginalRecipient { kind: kind.to_ascii_lowercase(), address: address.to_owned() })
}

/// Returns the parameters of an address as the client wrote them; `None` if they are no object.
pub fn given(address: &Value) -> Option<Object> {
    match address.get("parameters") {
        None | Some(Value::Null) => Some(Object::new()),
        Some(Value::Object(parameters)) => Some(parameters.clone()),
        Some(_) => None,
    }
}

/// Returns them as the client reads them again.
pub fn shown(parameters: &Object) -> Value {
    if parameters.is_empty() { Value::Null } else { Value::Object(parameters.clone()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn wishes_for_reports_are_read_and_nothing_else_is() {
        let read = of_sender(&object(json!({"ret": "HDRS", "ENVID": "a+b=c", "By": "60;R"}))).unwrap();
        assert_eq!(read.wishes.envelope_id.as_deref(), Some("a+b=c"), "there is no xtext in JMAP");
        assert_eq!(read.wishes.by.unwrap().to_string(), "60;R");
        let wishes = of_recipient(&object(json!({"NOTIFY": "success,failure", "ORCPT": "RFC822;b+x@c.test"}))).unwrap();
        assert!(wishes.success() && !wishes.delay());
        assert_eq!(wishes.original.unwrap().to_string(), "rfc822; b+x@c.test");
        for bad in [
            json!({"RET": "SOME"}),
            json!({"RET": "FULL", "ret": "FULL"}),
            json!({"ENVID": "é"}),
            json!({"ENVID": null}),
            json!({"BY": "0;R"}),
            json!({"HOLDFOR": "1", "HOLDUNTIL": "2026-11-24T07:22:57Z"}),
            json!({"NOTIFY": "NEVER"}),
            json!({"SIZE": "1"}),
        ] {
            assert_eq!(of_sender(&object(bad.clone())), None, "{bad}");
        }
        for bad in [json!({"NOTIFY": "X"}), json!({"ORCPT": "bob"}), json!({"ORCPT": ";b"}), json!({"RET": "FULL"})] {
            assert_eq!(of_recipient(&object(bad.clone())), None, "{bad}");
        }
    }
}
