//! A letter made from an Email object (RFC 8621 §4.6).

mod fields;
mod mime;
mod parts;

use bytes::Bytes;
use mailbox::Access;
use net::{Owner, Share};
use serde_json::Value;
use store::View;

use crate::api::{MethodError, Object, SetError};
use crate::blob::{self, BlobPath, Opened};
use crate::limits;
use crate::scope::Scope;
use fields::Fields;
use parts::{Content, Draft};

/// The properties that describe the letter's body beside its header fields.
const BODY: [&str; 5] = ["bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"];

/// Returns the octets of the letter, or the fault of the object.
pub async fn compose(
    scope: &Scope,
    access: Access,
    mut object: Object,
) -> Result<Result<Bytes, SetError>, MethodError> {
    let body: Object = BODY.iter().filter_map(|name| object.remove_entry(*name)).collect();
    let planned = Fields::of_email(&object).and_then(|fields| Ok((Draft::read(scope, &body, &fields)?, fields)));
    let (mut draft, mut fields) = match planned {
        Ok(planned) => planned,
        Err(error) => return Ok(Err(error)),
    };
    // The share is held until the letter is made: the attachments of all letters being made have one share of the
    // memory.
    let _share = match fetch(scope, access, &mut draft).await? {
        Ok(share) => share,
        Err(error) => return Ok(Err(error)),
    };
    fields.complete(&scope.server.hostname, (scope.server.clock)());
    let making = tokio::task::spawn_blocking(move || mime::write(&fields, draft)).await;
    making.map(Ok).map_err(|error| MethodError::server_fail(error.to_string()))
}

/// Puts the octets of blobs into the draft, if they are all there and not too many.
async fn fetch(
    scope: &Scope,
    access: Access,
    draft: &mut Draft,
) -> Result<Result<Option<Share>, SetError>, MethodError> {
    let mut places: Vec<BlobPath> = Vec::new();
    draft.each(&mut |content| {
        if let Content::Blob(place) = content {
            places.push(place.clone());
        }
    });
    if places.is_empty() {
        return Ok(Ok(None));
    }
    let wanted = places.clone();
    let opening = move |view: &View| {
        wanted.iter().map(|place| blob::open(view, access, place)).collect::<Result<Vec<_>, mailbox::Error>>()
    };
    let opened = scope.server.read(access, opening).await?;
    let missing: Vec<Value> =
        places.iter().zip(&opened).filter(|(_, opened)| opened.is_none()).map(|(place, _)| place.id().into()).collect();
    if !missing.is_empty() {
        return Ok(Err(SetError::new("blobNotFound").with("notFound", missing)));
    }
    let opened: Vec<Opened> = opened.into_iter().flatten().collect();
    // The attachments are in memory twice: as they are, and as they stand in the letter.
    let mut share = scope.server.making.share_of(Owner::Person(access.owner().0));
    let grown = share.grow_to(most_of(&opened).saturating_mul(2), limits::MEMORY_PATIENCE).await;
    grown.map_err(|_| MethodError::server_unavailable())?;
    let reading = move |view: &View| read_all(view, &opened);
    let Some(octets) = scope.server.read(access, reading).await? else {
        return Ok(Err(SetError::new("tooLarge").with("maxSize", limits::ATTACHMENTS)));
    };
    let mut octets = octets.into_iter();
    draft.each(&mut |content| {
        if let Content::Blob(_) = content {
            *content = Content::Octets(octets.next().unwrap_or_default());
        }
    });
    Ok(Ok(Some(share)))
}

/// Returns the most octets that will be read of the blobs.
fn most_of(blobs: &[Opened]) -> usize {
    let all = blobs.iter().fold(0, |sum: u64, blob| sum.saturating_add(blob.greatest_length()));
    usize::try_from(all).unwrap_or(usize::MAX).min(limits::ATTACHMENTS)
}

/// Returns `None` if there are too many octets.
fn read_all(view: &View, blobs: &[Opened]) -> Result<Option<Vec<Bytes>>, store::Error> {
    let (mut all, mut left) = (Vec::new(), limits::ATTACHMENTS);
    for opened in blobs {
        let Some(octets) = blob::whole(view, opened, left)? else { return Ok(None) };
        left -= octets.len();
        all.push(octets);
    }
    Ok(Some(all))
}
