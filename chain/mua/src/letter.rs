//! A letter as a document of its own, and as it came.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use mail::seam::{AccountId, Login, Logins};
use mail::stay::{Doing, SharedStay};
use mail::trace::{Link, Observation};
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Content, Part, Structure, decode};
use mailbox::{LetterKey, Want, fetch};
use serde::Deserialize;
use store::{Asker, BlobId, Store, View};
use web::{Line, Peer};

use crate::reader::Reader;
use crate::remote::Elsewhere;
use crate::show::{Page, Pictures, Shown};
use crate::{House, answer, picture, show};

/// Octets of a part's text that are shown; behind them it is cut.
const LONGEST: u64 = 8 << 20;

/// What the address asks for.
#[derive(Deserialize)]
pub struct Wish {
    /// `1`: with pictures that lie elsewhere, which then are fetched.
    images: Option<String>,
}

/// The key in an id that the pages know from JMAP.
pub fn key(id: &str) -> Option<LetterKey> {
    id.strip_prefix('m')?.parse().ok().map(LetterKey)
}

/// `/letter/{letter}/view`
pub async fn view(
    State(house): State<House>,
    Reader(login): Reader,
    peer: Option<Extension<Peer>>,
    line: Line,
    Path(letter): Path<String>,
    Query(wish): Query<Wish>,
) -> Response {
    let Some(key) = key(&letter) else { return answer::missing() };
    let now = (house.clock)();
    let account = login.account;
    let texts = match house.store.read_for(Asker(account.0), move |view| texts(view, account, key)).await {
        Ok(Some(texts)) => texts,
        Ok(None) => return answer::missing(),
        Err(error) => return answer::unreadable(&error),
    };
    house.witness.saw(Observation::Read { account, keys: vec![key.0], door: Link::Jmap, at: now });
    let parts = texts.pictures.iter();
    let addresses = parts
        .filter_map(|(name, part)| Some((name.clone(), picture::address(&house.seal, account, key, part, now)?)))
        .collect::<HashMap<_, _>>();
    let asked_for = wish.images.as_deref() == Some("1");
    let elsewhere = asked_for.then(|| Elsewhere::new(house.seal.clone(), house.proxy.clone(), account, key, now));
    let album = Album { addresses, elsewhere };
    // Making a tree of a large letter takes a while.
    match tokio::task::spawn_blocking(move || compose(texts, album)).await {
        Ok(shown) => document(shown).map(|body| line.body_while(stay(&house, &login, peer.as_ref()), body)),
        Err(error) => answer::fault(&error),
    }
}

/// `/letter/{letter}/source`
pub async fn source(
    State(house): State<House>,
    Reader(login): Reader,
    peer: Option<Extension<Peer>>,
    line: Line,
    Path(letter): Path<String>,
) -> Response {
    let Some(key) = key(&letter) else { return answer::missing() };
    let asker = Asker(login.account.0);
    let look = move |view: &View| {
        let found = fetch::visible(view, login.account, key, Want { card: true, ..Want::ROW })?;
        // Before its length is promised.
        if let Some((_, mailbox::Row { card: Some(card), size, .. })) = &found {
            view.prove_blob(card.blob, 0..*size)?;
        }
        Ok(found)
    };
    let (blob, size) = match house.store.read_for(asker, look).await {
        Ok(Some((_, row))) => match row.card {
            Some(card) => (card.blob, row.size),
            None => return answer::missing(),
        },
        Ok(None) => return answer::missing(),
        Err(error) => return answer::unreadable(&error),
    };
    let body = Body::from_stream(pieces(house.store.clone(), asker, blob, size));
    let body = line.body_while(stay(&house, &login, peer.as_ref()), body);
    let mut response = answer::with(StatusCode::OK, "text/plain; charset=utf-8", body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CONTENT_LENGTH, size.into());
    response
}

/// For how long a letter goes out to its reader.
fn stay(house: &House, login: &Login, peer: Option<&Extension<Peer>>) -> SharedStay {
    let from = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip);
    house.directory.stay(login, Doing::Download, from)
}

/// One piece after the other, each read when the one before it has been taken.
fn pieces(
    store: Store,
    asker: Asker,
    blob: BlobId,
    size: u64,
) -> impl stream::Stream<Item = Result<Bytes, mailbox::Error>> {
    stream::try_unfold((store, 0), move |(store, at)| async move {
        if at >= size {
            return Ok(None);
        }
        let piece = store.read_for(asker, move |view| mailbox::body::read(view, blob, at..size)).await?;
        let next = at + piece.len() as u64;
        Ok((!piece.is_empty()).then_some((piece, (store, next))))
    })
}

/// What is shown of a letter, read in one view of it.
struct Texts {
    bodies: Vec<Piece>,
    /// By each of their names.
    pictures: Vec<(Name, Part)>,
}

/// One of the pieces a letter shows one below the other.
enum Piece {
    Html(String),
    Text(String),
    Picture(Name),
}

/// How a letter speaks of one of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    /// By where it stands, which it shares with no other.
    Place(u32),
    /// By its Content-ID, without brackets.
    Id(String),
    /// By its Content-Location.
    Location(String),
}

fn texts(view: &View, account: AccountId, key: LetterKey) -> Result<Option<Texts>, mailbox::Error> {
    let Some((_, row)) = fetch::visible(view, account, key, Want::ALL)? else { return Ok(None) };
    let Some(card) = row.card else { return Ok(None) };
    let structure: Structure = card.structure.unwrap_or_default();
    let (mut bodies, mut left) = (Vec::new(), LONGEST);
    for part in structure.bodies().html {
        view.check()?;
        if part.is("text", "html") {
            bodies.push(Piece::Html(text(view, card.blob, part, &mut left)?));
        } else if part.is("text", "") {
            bodies.push(Piece::Text(show::joined(part, text(view, card.blob, part, &mut left)?)));
        } else if picture::kind(part).is_some() {
            bodies.push(Piece::Picture(Name::Place(part.body.start)));
        }
    }
    let mut pictures = Vec::new();
    collect_pictures(&structure.root, &mut pictures);
    Ok(Some(Texts { bodies, pictures }))
}

fn collect_pictures(part: &Part, found: &mut Vec<(Name, Part)>) {
    if picture::kind(part).is_some() {
        found.extend(names(part).map(|name| (name, part.clone())));
    }
    let inside = part.shown_parts().unwrap_or_else(|| part.children());
    inside.iter().for_each(|child| collect_pictures(child, found));
}

/// The names of a part. An id counts in small letters, too: programs change them on the way.
fn names(part: &Part) -> impl Iterator<Item = Name> {
    let text = |octets: &Vec<u8>| String::from_utf8_lossy(octets).trim().to_owned();
    let id = part.id.as_ref().map(|id| show::bare(&text(id)).to_owned()).filter(|id| !id.is_empty());
    let small = id.as_ref().map(|id| Name::Id(id.to_lowercase()));
    let location = part.location.as_ref().map(text).filter(|url| !url.is_empty()).map(Name::Location);
    // What was found beside MIME is never shown where it stands.
    let place = Some(Name::Place(part.body.start)).filter(|_| !matches!(part.content, Content::Within(_)));
    [place, id.map(Name::Id), small, location].into_iter().flatten()
}

/// The text of a part. `left` is what may still be read of the letter, and is used up.
fn text(view: &View, blob: BlobId, part: &Part, left: &mut u64) -> Result<String, mailbox::Error> {
    let path = part.steps();
    let (start, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    let octets = mailbox::body::read_all(view, blob, start..end.min(start.saturating_add(*left)))?;
    *left = left.saturating_sub(octets.len() as u64);
    let decoded = unpacked(&path, &octets);
    let whole = start + octets.len() as u64 >= end;
    Ok(decode::part_text(part, &decoded, whole).text.replace('\0', ""))
}

fn compose(texts: Texts, album: Album) -> Shown {
    let album = Arc::new(album);
    let mut page = Page::new(album.clone());
    for body in texts.bodies {
        match body {
            Piece::Html(source) => page.html(&source),
            Piece::Text(source) => page.text(&source),
            Piece::Picture(name) => {
                if let Some(address) = album.addresses.get(&name) {
                    page.picture(address);
                }
            }
        }
    }
    page.finish()
}

fn document(shown: Shown) -> Response {
    let mut response = answer::with(StatusCode::OK, "text/html; charset=utf-8", Body::from(shown.document));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(show::POLICY));
    // Browsers look up the hosts of links before anybody follows one, which tells the sender that the letter is read.
    headers.insert(header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off"));
    headers.insert("x-pictures-left-out", shown.left_out.into());
    response
}

/// The pictures of this letter.
struct Album {
    addresses: HashMap<Name, String>,
    /// Those that lie elsewhere, if the reader asked for them.
    elsewhere: Option<Elsewhere>,
}

impl Pictures for Album {
    fn inline(&self, content_id: &str) -> Option<String> {
        let exact = self.addresses.get(&Name::Id(content_id.to_owned()));
        exact.or_else(|| self.addresses.get(&Name::Id(content_id.to_lowercase()))).cloned()
    }

    fn located(&self, url: &str) -> Option<String> {
        self.addresses.get(&Name::Location(url.to_owned())).cloned()
    }

    fn remote(&self, url: &str) -> Option<String> {
        self.elsewhere.as_ref()?.address(url)
    }
}
