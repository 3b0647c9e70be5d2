//! Blob/get (RFC 9404 §4.2): octets of blobs in a response, and their size and digests.
//!
//! The octets that a response contains count against the room of any response. The octets that are only counted or
//! digested are read in turns, a piece at a time, and a call reads no more than [`limits::BLOBS_READ`] of them in all
//! its blobs.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mailbox::Access;
use ring::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use serde::Deserialize;
use serde_json::Value;
use store::View;

use super::BlobPath;
use super::range::Slice;
use crate::api::{MethodError, Object};
use crate::email::room::Room;
use crate::limits;
use crate::scope::Scope;
use crate::standard::{self, get as standard_get};

/// The supported digests, by their names in the registry of HTTP digests.
pub const DIGESTS: [&str; 3] = ["sha", "sha-256", "sha-512"];
/// The prefix of a digest's name.
const DIGEST: &str = "digest:";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetArguments {
    account_id: String,
    ids: Option<Vec<String>>,
    properties: Option<Vec<String>>,
    #[serde(default)]
    offset: u64,
    length: Option<u64>,
}

/// The properties and the range that a client wants of each blob.
#[derive(Clone, Default)]
struct Wish {
    offset: u64,
    length: Option<u64>,
    /// True if the client wants text if the octets are text, and base64 otherwise.
    data: bool,
    text: bool,
    base64: bool,
    size: bool,
    digests: Vec<&'static str>,
}

/// Answers Blob/get.
pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: GetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    // There is no list of all blobs.
    let mut ids = arguments.ids.ok_or_else(MethodError::request_too_large)?;
    standard_get::once_each(&mut ids)?;
    let wish = Wish::read(arguments.properties, arguments.offset, arguments.length)?;
    let (mut room, mut left) = (Room::new(scope.left), limits::BLOBS_READ);
    let (mut list, mut not_found, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let real = scope.real(&id).unwrap_or(&id).to_owned();
        let place = BlobPath::read(&real);
        let letter = place.as_ref().and_then(BlobPath::letter_key);
        let range = (wish.offset, wish.length);
        let slice = match place {
            Some(place) => Slice::open(scope, access, place, range).await?,
            None => None,
        };
        let Some(slice) = slice else {
            not_found.push(id);
            continue;
        };
        let object = one(scope, access, (real, slice), &wish, (&mut room, &mut left)).await?;
        room.take_object(&object)?;
        opened.extend(letter.filter(|_| wish.gives_octets()));
        list.push(Value::Object(object));
    }
    scope.server.note_read(access.owner(), opened);
    let answer = [("accountId", arguments.account_id.into()), ("list", list.into()), ("notFound", not_found.into())];
    Ok(answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Wish {
    fn read(properties: Option<Vec<String>>, offset: u64, length: Option<u64>) -> Result<Self, MethodError> {
        let mut wish = Self { offset, length, ..Self::default() };
        let properties = properties.unwrap_or_else(|| vec!["data".into(), "size".into()]);
        for name in properties {
            match name.as_str() {
                "data" => wish.data = true,
                "data:asText" => wish.text = true,
                "data:asBase64" => wish.base64 = true,
                "size" => wish.size = true,
                "id" | "isEncodingProblem" | "isTruncated" => {}
                other => {
                    let known =
                        other.strip_prefix(DIGEST).and_then(|name| DIGESTS.into_iter().find(|one| *one == name));
                    let known = known.ok_or_else(|| {
                        MethodError::invalid_arguments(format!("there is no property {other:?} of a blob"))
                    })?;
                    if !wish.digests.contains(&known) {
                        wish.digests.push(known);
                    }
                }
            }
        }
        Ok(wish)
    }

    fn gives_octets(&self) -> bool {
        self.data || self.text || self.base64
    }

    fn reads(&self) -> bool {
        self.gives_octets() || !self.digests.is_empty()
    }
}

/// The octets and digests that were found in a range.
#[derive(Default)]
struct Found {
    octets: Vec<u8>,
    count: u64,
    digests: Vec<Context>,
    /// True if there were more octets than there is room for.
    too_many: bool,
}

impl Found {
    fn take(&mut self, octets: &[u8], keep: bool, most: usize) {
        self.count += octets.len() as u64;
        self.digests.iter_mut().for_each(|digest| digest.update(octets));
        self.too_many |= keep && self.octets.len() + octets.len() > most;
        if keep && !self.too_many {
            self.octets.extend_from_slice(octets);
        }
    }
}

/// Returns the object of one blob.
async fn one(
    scope: &Scope,
    access: Access,
    (id, mut slice): (String, Slice),
    wish: &Wish,
    (room, left): (&mut Room, &mut u64),
) -> Result<Object, MethodError> {
    let digests = wish.digests.iter().map(|name| Context::new(algorithm(name))).collect();
    let mut found = Found { digests, ..Found::default() };
    // The response may contain the octets twice: as text, and in base64.
    let (keep, most) = (wish.gives_octets(), room.left() / 3);
    let mut goes_on = wish.reads();
    while goes_on {
        let read = move |view: &View| {
            let goes_on = slice.read_on(view, u64::MAX, |octets| found.take(octets, keep, most))?;
            Ok::<_, store::Error>((slice, found, goes_on))
        };
        (slice, found, goes_on) = scope.server.read(access, read).await?;
        if found.too_many || slice.seen() > *left {
            return Err(MethodError::request_too_large());
        }
    }
    // The end of the blob shows whether the range reaches beyond it, and only reading finds the end of an encoded blob.
    let mut behind = wish.size || wish.reads();
    while behind && slice.length().is_none() {
        let read = move |view: &View| {
            let behind = slice.pass_on(view)?;
            Ok::<_, store::Error>((slice, behind))
        };
        (slice, behind) = scope.server.read(access, read).await?;
        if slice.seen() > *left {
            return Err(MethodError::request_too_large());
        }
    }
    *left -= slice.seen();
    Ok(object(id, wish, found, slice.length()))
}

fn object(id: String, wish: &Wish, found: Found, length: Option<u64>) -> Object {
    let mut object = Object::new();
    object.insert("id".into(), id.into());
    if let Some(length) = length.filter(|_| wish.size) {
        object.insert("size".into(), length.into());
    }
    for (name, digest) in wish.digests.iter().zip(found.digests) {
        object.insert(format!("{DIGEST}{name}"), BASE64_STANDARD.encode(digest.finish()).into());
    }
    if wish.reads() {
        let length = length.unwrap_or(u64::MAX);
        let end = wish.length.map_or(wish.offset, |wanted| wish.offset.saturating_add(wanted));
        if end > length {
            object.insert("isTruncated".into(), true.into());
        }
    }
    if wish.gives_octets() {
        give(&mut object, wish, found.octets);
    }
    object
}

/// Adds the octets themselves, in the requested forms.
fn give(object: &mut Object, wish: &Wish, octets: Vec<u8>) {
    let is_text = std::str::from_utf8(&octets).is_ok();
    if wish.base64 || (wish.data && !is_text) {
        object.insert("data:asBase64".into(), BASE64_STANDARD.encode(&octets).into());
    }
    if !(wish.data || wish.text) {
        return;
    }
    match String::from_utf8(octets) {
        Ok(text) => drop(object.insert("data:asText".into(), text.into())),
        Err(_) => {
            object.insert("isEncodingProblem".into(), true.into());
            if wish.text {
                object.insert("data:asText".into(), Value::Null);
            }
        }
    }
}

fn algorithm(name: &str) -> &'static Algorithm {
    match name {
        "sha" => &SHA1_FOR_LEGACY_USE_ONLY,
        "sha-512" => &SHA512,
        _ => &SHA256,
    }
}
