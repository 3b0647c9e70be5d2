//! The parts of a letter to be made, from bodyStructure or from textBody, htmlBody and attachments (RFC 8621 §4.6).

use bytes::Bytes;
use serde_json::Value;

use super::fields::Fields;
use crate::api::{Object, SetError};
use crate::blob::BlobPath;
use crate::email::property::HeaderProperty;
use crate::scope::Scope;

/// Parts in each other, and parts in all.
const DEEPEST: usize = 16;
const MOST: usize = 500;
/// Parameters of a media type.
const MOST_PARAMETERS: usize = 16;

/// A part.
#[derive(Clone, Debug)]
pub struct Draft {
    /// `text/plain`, in lower case.
    pub kind: String,
    /// The parameters other than charset, name and boundary, as in `method=REPLY`.
    pub parameters: Vec<(String, String)>,
    pub charset: Option<String>,
    pub name: Option<String>,
    pub disposition: Option<String>,
    pub cid: Option<String>,
    pub language: Vec<String>,
    pub location: Option<String>,
    /// The part's own fields, beside those that follow from the others.
    pub fields: Fields,
    pub content: Content,
}

/// The content of a part.
#[derive(Clone, Debug)]
pub enum Content {
    Text(String),
    /// A blob that is still to be fetched.
    Blob(BlobPath),
    Octets(Bytes),
    Parts(Vec<Draft>),
}

impl Draft {
    /// Reads the properties of the body. `top` contains the fields of the letter, which the structure must not repeat.
    pub fn read(scope: &Scope, body: &Object, top: &Fields) -> Result<Self, SetError> {
        let values = body.get("bodyValues").filter(|values| !values.is_null());
        let none = Object::new();
        let values = match values {
            None => &none,
            Some(values) => values.as_object().ok_or_else(|| SetError::invalid(["bodyValues"]))?,
        };
        if !values.values().all(is_value) {
            return Err(SetError::invalid(["bodyValues"]));
        }
        let mut reader = Reader { scope, values, left: MOST };
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let lists = ["textBody", "htmlBody", "attachments"];
        let Some(structure) = given("bodyStructure") else {
            return reader.of_lists(given("textBody"), given("htmlBody"), given("attachments"));
        };
        let both: Vec<&str> = lists.into_iter().filter(|name| given(name).is_some()).collect();
        if !both.is_empty() {
            return Err(SetError::invalid(["bodyStructure"].into_iter().chain(both)));
        }
        let draft = reader.part(structure, DEEPEST).ok_or_else(|| SetError::invalid(["bodyStructure"]))?;
        let again = draft.fields.iter().any(|(name, _)| top.has(name));
        if again { Err(SetError::invalid(["bodyStructure"])) } else { Ok(draft) }
    }

    /// Calls `show` with the content of each part that has no parts.
    pub fn each(&mut self, show: &mut impl FnMut(&mut Content)) {
        match &mut self.content {
            Content::Parts(parts) => parts.iter_mut().for_each(|part| part.each(show)),
            content => show(content),
        }
    }

    fn multipart(subtype: &str, parts: Vec<Self>) -> Self {
        Self::new(&format!("multipart/{subtype}"), Content::Parts(parts))
    }

    fn new(kind: &str, content: Content) -> Self {
        Self {
            kind: kind.into(),
            parameters: Vec::new(),
            charset: None,
            name: None,
            disposition: None,
            cid: None,
            language: Vec::new(),
            location: None,
            fields: Fields::default(),
            content,
        }
    }

    /// Returns true for a part that the HTML refers to.
    fn is_embedded(&self) -> bool {
        self.cid.is_some() && self.disposition.as_deref() != Some("attachment")
    }
}

/// Returns true for a complete EmailBodyValue.
fn is_value(value: &Value) -> bool {
    let is_not = |name: &str| value.get(name).is_none_or(|flag| flag.is_null() || *flag == Value::Bool(false));
    // The text is already decoded, and the server chooses its charset: a charset that the client names is ignored.
    let known = ["value", "isEncodingProblem", "isTruncated", "charset"];
    let charset = value.get("charset").is_none_or(|charset| charset.is_null() || charset.is_string());
    charset
        && value.get("value").is_some_and(Value::is_string)
        && is_not("isEncodingProblem")
        && is_not("isTruncated")
        && value.as_object().is_some_and(|value| value.keys().all(|key| known.contains(&key.as_str())))
}

/// A media type with its parameters. RFC 8621 §4.1.4 keeps them apart, but clients write the whole field if a parameter
/// has no property of its own: `text/calendar; method=REPLY` (RFC 6047 §2.4).
#[derive(Default)]
struct MediaType {
    /// The type in lower case.
    kind: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Returns `None` if a parameter is not valid.
    fn read(written: &str) -> Option<Self> {
        // These parameters have properties of their own, or follow from how the part is written.
        const OURS: [&str; 3] = ["charset", "name", "boundary"];
        let mut pieces = written.split(';');
        let kind = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut parameters = Vec::new();
        for piece in pieces.map(str::trim).filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=')?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            let fits = is_token(&name) && value.len() <= 127 && value.bytes().all(|b| (b' '..=b'~').contains(&b));
            if !fits || value.contains(['"', '\\']) || parameters.len() == MOST_PARAMETERS {
                return None;
            }
            if !OURS.contains(&name.as_str()) {
                parameters.push((name, value.to_owned()));
            }
        }
        Some(Self { kind, parameters })
    }
}

struct Reader<'a> {
    scope: &'a Scope,
    values: &'a Object,
    left: usize,
}

impl Reader<'_> {
    fn of_lists(
        &mut self,
        text: Option<&Value>,
        html: Option<&Value>,
        attachments: Option<&Value>,
    ) -> Result<Draft, SetError> {
        let text = text.map(|list| self.only(list, "text/plain").ok_or_else(|| SetError::invalid(["textBody"])));
        let html = html.map(|list| self.only(list, "text/html").ok_or_else(|| SetError::invalid(["htmlBody"])));
        let (text, html) = (text.transpose()?, html.transpose()?);
        let read = |list: &Value, reader: &mut Self| {
            let parts = list.as_array()?.iter().map(|part| reader.part(part, 1));
            parts.collect::<Option<Vec<_>>>()
        };
        let attached = match attachments {
            None => Vec::new(),
            Some(list) => read(list, self).ok_or_else(|| SetError::invalid(["attachments"]))?,
        };
        let wraps = html.is_some();
        let (embedded, mut beside): (Vec<_>, Vec<_>) =
            attached.into_iter().partition(|part| wraps && part.is_embedded());
        for part in beside.iter_mut().filter(|part| !part.fields.has("Content-Disposition")) {
            part.disposition.get_or_insert_with(|| "attachment".into());
        }
        let html = html.map(|html| match embedded.is_empty() {
            true => html,
            false => Draft::multipart("related", std::iter::once(html).chain(embedded).collect()),
        });
        let body = match (text, html) {
            (Some(text), Some(html)) => Draft::multipart("alternative", vec![text, html]),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Draft::new("text/plain", Content::Text(String::new())),
        };
        Ok(match beside.is_empty() {
            true => body,
            false => Draft::multipart("mixed", std::iter::once(body).chain(beside).collect()),
        })
    }

    /// Returns the one part of a list, which must be of this type.
    fn only(&mut self, list: &Value, kind: &str) -> Option<Draft> {
        let [part] = list.as_array()?.as_slice() else { return None };
        let typed = part.get("type").is_some_and(|given| !given.is_null());
        let mut draft = self.part(part, 1).filter(|draft| !typed || draft.kind == kind)?;
        draft.kind = kind.into();
        (!matches!(draft.content, Content::Parts(_))).then_some(draft)
    }

    /// Returns `None` if something is against the rules.
    fn part(&mut self, value: &Value, depth: usize) -> Option<Draft> {
        self.left = self.left.checked_sub(1)?;
        let object = value.as_object()?;
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => {
                value.as_str().filter(|text| !text.contains(['\r', '\n', '\0'])).map(|text| Some(text.to_owned()))
            }
        };
        let (part_id, blob_id) = (text("partId")?, text("blobId")?);
        let MediaType { kind, parameters } =
            text("type")?.map_or_else(|| Some(MediaType::default()), |written| MediaType::read(&written))?;
        let kind = Some(kind).filter(|kind| !kind.is_empty());
        let content = self.content(object, part_id.as_deref(), blob_id.as_deref(), depth)?;
        let default = match &content {
            Content::Parts(_) => "multipart/mixed",
            Content::Text(_) => "text/plain",
            Content::Blob(_) | Content::Octets(_) => "application/octet-stream",
        };
        let mut draft = Draft {
            // RFC 8621 §4.6 forbids a charset if the text stands in bodyValues; clients name one all the same. The
            // server chooses a charset that fits the text.
            charset: text("charset")?.filter(|_| !matches!(content, Content::Text(_))),
            name: text("name")?,
            disposition: text("disposition")?.map(|disposition| disposition.to_ascii_lowercase()),
            cid: text("cid")?,
            location: text("location")?,
            parameters,
            ..Draft::new(&kind.unwrap_or_else(|| default.into()), content)
        };
        let languages = object.get("language").filter(|value| !value.is_null());
        if let Some(languages) = languages {
            draft.language = languages
                .as_array()?
                .iter()
                .map(|tag| tag.as_str().filter(|tag| is_token(tag)).map(str::to_owned))
                .collect::<Option<_>>()?;
        }
        self.fields(object, &mut draft)?;
        draft.is_sound(part_id.is_some()).then_some(draft)
    }

    fn content(&mut self, object: &Object, part: Option<&str>, blob: Option<&str>, depth: usize) -> Option<Content> {
        match (part, blob, object.get("subParts").filter(|parts| !parts.is_null())) {
            (Some(id), None, None) => Some(Content::Text(self.values.get(id)?.get("value")?.as_str()?.to_owned())),
            // An id that is not one of ours is not found, like that of a destroyed blob.
            (None, Some(id), None) => {
                Some(Content::Blob(BlobPath::read(self.scope.real(id)?).unwrap_or(BlobPath::upload(-1))))
            }
            (None, None, Some(parts)) => {
                let depth = depth.checked_sub(1)?;
                Some(Content::Parts(
                    parts.as_array()?.iter().map(|part| self.part(part, depth)).collect::<Option<_>>()?,
                ))
            }
            _ => None,
        }
    }

    fn fields(&self, object: &Object, draft: &mut Draft) -> Option<()> {
        const KNOWN: [&str; 11] = [
            "partId",
            "blobId",
            "type",
            "charset",
            "name",
            "disposition",
            "cid",
            "language",
            "location",
            "subParts",
            "size",
        ];
        for (name, value) in object.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
            let property = HeaderProperty::read(name)?;
            let same = match property.name.to_ascii_lowercase().as_str() {
                "content-transfer-encoding" | "mime-version" => true,
                // The server chooses how the content is put together, and in which charset its text is written.
                "content-type" => {
                    let ours = !matches!(draft.content, Content::Blob(_));
                    ours || object.contains_key("type") || object.contains_key("charset")
                }
                "content-disposition" => draft.disposition.is_some() || draft.name.is_some(),
                "content-id" => draft.cid.is_some(),
                "content-language" => !draft.language.is_empty(),
                "content-location" => draft.location.is_some(),
                _ => false,
            };
            if same {
                return None;
            }
            draft.fields.add(&property, value)?;
        }
        Some(())
    }
}

impl Draft {
    fn is_sound(&self, by_value: bool) -> bool {
        let (kind, subtype) = self.kind.split_once('/').unwrap_or_default();
        let typed = is_token(kind) && is_token(subtype);
        let is_multipart = matches!(self.content, Content::Parts(_));
        let plain = self.disposition.iter().chain(&self.charset).all(|text| is_token(text));
        let cid = self.cid.as_ref().is_none_or(|cid| !cid.contains(['<', '>', ' ']));
        typed && plain && cid && is_multipart == (kind == "multipart") && (!by_value || kind == "text")
    }
}

/// Tells whether the text is a token (RFC 2045 §5.1).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 127
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
}
