//! The properties of an Email and of its parts that clients may ask for (RFC 8621 §4.1, §4.2).

use super::header::Form;
use crate::api::MethodError;
use crate::limits;

/// All properties but those of single header fields.
const EMAIL: [&str; 28] = [
    "id",
    "blobId",
    "threadId",
    "mailboxIds",
    "keywords",
    "size",
    "receivedAt",
    "messageId",
    "inReplyTo",
    "references",
    "sender",
    "from",
    "to",
    "cc",
    "bcc",
    "replyTo",
    "subject",
    "sentAt",
    "hasAttachment",
    "preview",
    "bodyValues",
    "textBody",
    "htmlBody",
    "attachments",
    "bodyStructure",
    "headers",
    // These are our own: they describe the letter as a person sees it (`consists.rs`).
    "consistsOf",
    "protection",
];

/// Returns true for a property of an Email that has a name of its own.
pub fn is_named(name: &str) -> bool {
    EMAIL.contains(&name)
}

/// The number of leading properties that `Email/get` returns if the client names none (RFC 8621 §4.2).
const DEFAULT: usize = 24;

const PART: [&str; 12] = [
    "partId",
    "blobId",
    "size",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
    "headers",
    "subParts",
];

/// The number of leading properties that a part has if the client names none (RFC 8621 §4.2).
const PART_DEFAULT: usize = 10;

/// A property that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// A property that has a name of its own.
    Named(&'static str),
    /// A header field (RFC 8621 §4.1.3).
    Header(HeaderProperty),
}

/// `header:Subject:asText:all`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderProperty {
    /// The name as the client wrote it.
    pub written: String,
    /// The field's name.
    pub name: String,
    /// The form of its value.
    pub form: Form,
    /// True for all fields of the name, and not only the last one.
    pub all: bool,
}

impl Property {
    /// Reads the properties of an Email that the client asks for; without a list, those of `Email/get`.
    pub fn of_email(asked: Option<Vec<String>>) -> Result<Vec<Self>, MethodError> {
        read_all(asked, &EMAIL, DEFAULT)
    }

    /// Reads the properties for `Email/parse`, whose default leaves out those that only a stored letter has.
    pub fn of_parsed(asked: Option<Vec<String>>) -> Result<Vec<Self>, MethodError> {
        match asked {
            Some(asked) => read_all(Some(asked), &EMAIL, DEFAULT),
            None => Ok(EMAIL.iter().take(DEFAULT).skip(7).map(|name| Self::Named(name)).collect()),
        }
    }

    /// Reads the properties of a part that the client asks for.
    pub fn of_part(asked: Option<Vec<String>>) -> Result<Vec<Self>, MethodError> {
        read_all(asked, &PART, PART_DEFAULT)
    }

    /// Returns its name in the object.
    pub fn written(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Header(header) => &header.written,
        }
    }
}

fn read_all(asked: Option<Vec<String>>, known: &[&'static str], default: usize) -> Result<Vec<Property>, MethodError> {
    let Some(asked) = asked else {
        return Ok(known.iter().take(default).map(|name| Property::Named(name)).collect());
    };
    if asked.len() > limits::PROPERTIES {
        return Err(MethodError::invalid_arguments("more properties than one call gives"));
    }
    asked
        .into_iter()
        .map(|name| {
            if let Some(known) = known.iter().find(|known| **known == name) {
                return Ok(Property::Named(known));
            }
            HeaderProperty::read(&name)
                .map(Property::Header)
                .ok_or_else(|| MethodError::invalid_arguments(format!("there is no property {name:?}")))
        })
        .collect()
}

impl HeaderProperty {
    /// Reads the name of a property; `None` if it does not exist, or has a form that its field cannot have.
    pub fn read(written: &str) -> Option<Self> {
        let mut parts = written.strip_prefix("header:")?.split(':');
        let name = parts.next()?.to_owned();
        let fits = !name.is_empty() && name.bytes().all(|byte| (33..=126).contains(&byte));
        let (mut form, mut all) = (Form::Raw, false);
        let mut next = parts.next();
        if let Some(as_form) = next.and_then(|part| part.strip_prefix("as")) {
            form = Form::read(as_form)?;
            next = parts.next();
        }
        if next == Some("all") {
            all = true;
            next = parts.next();
        }
        let whole = next.is_none() && fits && form.is_allowed(&name);
        whole.then(|| Self { written: written.to_owned(), name, form, all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_header_fields_are_read() {
        let read = |name: &str| HeaderProperty::read(name).map(|header| (header.name, header.form, header.all));
        assert_eq!(read("header:subject"), Some(("subject".into(), Form::Raw, false)));
        assert_eq!(read("header:Resent-To:asAddresses:all"), Some(("Resent-To".into(), Form::Addresses, true)));
        assert_eq!(read("header:List-POST:asURLs"), Some(("List-POST".into(), Form::Urls, false)));
        assert_eq!(read("header:X-Mine:asDate:all"), Some(("X-Mine".into(), Form::Date, true)));
        for wrong in [
            "subject",
            "header:",
            "header:a b",
            "header:From:asDate",
            "header:Subject:asAddresses",
            "header:To:all:asAddresses",
            "header:To:asNothing",
            "header:To:all:all",
            "header:Received:asText",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
