//! Shows a letter as a document of its own, and sends its source.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use directory::Language;
use futures_util::stream;
use http::{Line, Peer};
use mail::Timestamp;
use mail::seam::{AccountId, Login, Logins};
use mail::stay::{Doing, SharedStay};
use mail::trace::{Link, Observation};
use mailbox::parse::named::Name;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Contents, Part, Role, decode};
use mailbox::{Access, LetterKey, Want, fetch};
use serde::Deserialize;
use store::{Asker, BlobId, Store, View};

use crate::findings::leave;
use crate::inside::{Asked, Opened, Opening};
use crate::picture::{self, Picture};
use crate::reader::Reader;
use crate::remote::Elsewhere;
use crate::seal::Seal;
use crate::show::{Page, Pictures, Shown, Turning};
use crate::{Server, answer, language, show};

/// The most octets of a part's text that are shown; the text is cut behind them.
const LONGEST: u64 = 8 << 20;

/// The arguments of the address.
#[derive(Deserialize)]
pub struct Wish {
    /// `1`: show pictures that lie elsewhere, which then are fetched.
    images: Option<String>,
    /// The part of a very long letter, from 1.
    part: Option<String>,
    /// The language of the pages; otherwise that of the browser.
    language: Option<String>,
}

impl Wish {
    fn with_pictures(&self) -> bool {
        self.images.as_deref() == Some("1")
    }

    fn turning(&self, headers: &HeaderMap, letter: &str) -> Turning {
        let part: usize = self.part.as_deref().and_then(|part| part.parse().ok()).unwrap_or(1);
        let language = self.language.as_deref().and_then(Language::from_code);
        let language = language.unwrap_or_else(|| language::preferred(headers));
        let images = u8::from(self.with_pictures());
        Turning {
            wanted: part.saturating_sub(1),
            address: format!("?images={images}&language={}&part=", language.code()),
            source: key(letter).map(|_| format!("/letter/{letter}/source")),
            language,
        }
    }
}

/// Returns the key in an id that the pages know from JMAP.
pub fn key(id: &str) -> Option<LetterKey> {
    id.strip_prefix('m')?.parse().ok().map(LetterKey)
}

/// Answers `/letter/{letter}/view`.
pub async fn view(
    State(server): State<Server>,
    Reader(login): Reader,
    peer: Option<Extension<Peer>>,
    line: Line,
    Path(letter): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let Some(asked) = Asked::read(&letter) else { return answer::missing() };
    let (now, key, account) = ((server.clock)(), asked.key, login.account);
    let access = Access::own(account);
    let texts = match server.store.read_for(access.asker(), move |view| texts(view, access, &asked)).await {
        Ok(Ok(texts)) => texts,
        Ok(Err(Unshown::Missing)) => return answer::missing(),
        Ok(Err(Unshown::TooLarge)) => return too_large(),
        Err(error) => return answer::unreadable(&error),
    };
    server.witness.saw(Observation::Read { account, keys: vec![key.0], door: Link::Jmap, at: now });
    let turning = wish.turning(&headers, &letter);
    let elsewhere =
        wish.with_pictures().then(|| Elsewhere::new(server.seal.clone(), server.proxy.clone(), account, key, now));
    let sealing = Sealing { seal: server.seal.clone(), account, letter: key, now };
    // Making a tree of a large letter takes a while.
    let seal = server.seal.clone();
    match tokio::task::spawn_blocking(move || leave::guarded(compose(texts, sealing, elsewhere, &turning), &seal, now))
        .await
    {
        Ok(shown) => document(shown).map(|body| line.body_while(stay(&server, &login, peer.as_ref()), body)),
        Err(error) => answer::fault(&error),
    }
}

/// Answers `/letter/{letter}/source`.
pub async fn source(
    State(server): State<Server>,
    Reader(login): Reader,
    peer: Option<Extension<Peer>>,
    line: Line,
    Path(letter): Path<String>,
) -> Response {
    let Some(key) = key(&letter) else { return answer::missing() };
    let access = Access::own(login.account);
    let asker = access.asker();
    let look = move |view: &View| {
        let found = fetch::visible(view, access, key, Want { card: true, ..Want::ROW })?;
        // The octets are proved before their length is promised.
        if let Some((_, mailbox::Row { card: Some(card), size, .. })) = &found {
            view.prove_blob(card.blob, 0..*size)?;
        }
        Ok(found)
    };
    let (blob, size) = match server.store.read_for(asker, look).await {
        Ok(Some((_, row))) => match row.card {
            Some(card) => (card.blob, row.size),
            None => return answer::missing(),
        },
        Ok(None) => return answer::missing(),
        Err(error) => return answer::unreadable(&error),
    };
    let body = Body::from_stream(pieces(server.store.clone(), asker, blob, size));
    let body = line.body_while(stay(&server, &login, peer.as_ref()), body);
    let mut response = answer::with(StatusCode::OK, "text/plain; charset=utf-8", body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CONTENT_LENGTH, size.into());
    response
}

/// Returns the stay that ends the sending of a letter to its reader.
pub fn stay(server: &Server, login: &Login, peer: Option<&Extension<Peer>>) -> SharedStay {
    let from = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip);
    server.directory.stay(login, Doing::Download, from)
}

/// Returns one piece after the other; each is read when the one before it has been taken.
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

/// The contents of a letter that are shown, read in one view of it.
struct Texts {
    bodies: Vec<Piece>,
    /// The pictures that the HTML shows, by each of their names.
    named: Vec<(Name, Picture)>,
    /// True if the letter is longer than the part that was read.
    go_on: bool,
}

/// One of the pieces that a letter shows one below the other.
enum Piece {
    Html(String),
    Text(String),
    Picture(Picture),
}

/// The reason why a letter is not shown.
enum Unshown {
    Missing,
    TooLarge,
}

fn texts(view: &View, access: Access, asked: &Asked) -> Result<Result<Texts, Unshown>, mailbox::Error> {
    let opened = match asked.open(view, access)? {
        Opening::Opened(opened) => opened,
        Opening::Missing => return Ok(Err(Unshown::Missing)),
        Opening::TooLarge => return Ok(Err(Unshown::TooLarge)),
    };
    let contents = Contents::of(&opened.structure, |range| opened.read(view, range))?;
    let (mut bodies, mut named, mut left) = (Vec::new(), Vec::new(), LONGEST);
    for item in &contents.items {
        view.check()?;
        let picture = || item.picture().map(|kind| Picture { path: opened.path(item.part), kind });
        match item.role {
            Role::Html => bodies.push(Piece::Html(text(view, &opened, item.part, &mut left)?)),
            Role::Text => bodies.push(Piece::Text(show::joined(item.part, text(view, &opened, item.part, &mut left)?))),
            Role::Picture => bodies.extend(picture().map(Piece::Picture)),
            Role::Named => {
                let called = contents.names.urls(item).into_iter().map(Name::Location);
                named.extend(item.names().into_iter().chain(called).filter_map(|name| Some((name, picture()?))));
            }
            _ => {}
        }
    }
    Ok(Ok(Texts { bodies, named, go_on: left == 0 }))
}

/// Returns the text of a part. `left` is the number of octets that may still be read of the letter, and is used up.
fn text(view: &View, letter: &Opened, part: &Part, left: &mut u64) -> Result<String, mailbox::Error> {
    let path = part.steps();
    let (start, end) = path.first().map_or((0, 0), |step| (step.start, step.end));
    let octets = letter.read(view, start..end.min(start.saturating_add(*left)))?;
    *left = left.saturating_sub(octets.len() as u64);
    let decoded = unpacked(&path, &octets);
    let whole = start + octets.len() as u64 >= end;
    Ok(decode::part_text(part, &decoded, whole).text.replace('\0', ""))
}

fn compose(texts: Texts, sealing: Sealing, elsewhere: Option<Elsewhere>, turning: &Turning) -> Shown {
    let album = Arc::new(Album::new(sealing, texts.named, elsewhere));
    let mut page = Page::new(album.clone());
    for body in texts.bodies {
        match body {
            Piece::Html(source) => page.html(&source),
            Piece::Text(source) => page.text(&source),
            Piece::Picture(picture) => page.picture(&album.seal.address(picture)),
        }
    }
    if texts.go_on {
        page.goes_on();
    }
    page.finish(turning)
}

fn too_large() -> Response {
    answer::plain(StatusCode::PAYLOAD_TOO_LARGE, "this attached letter is too large to be opened here; save it instead")
}

fn document(shown: Shown) -> Response {
    let mut response = answer::with(StatusCode::OK, "text/html; charset=utf-8", Body::from(shown.document));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(show::POLICY));
    // Browsers look up the hosts of links before anybody follows one, which would tell the sender that the letter is
    // read.
    headers.insert(header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off"));
    headers.insert("x-pictures-left-out", shown.left_out.into());
    response
}

/// The pictures of this letter.
struct Album {
    seal: Sealing,
    /// The addresses of the pictures that the HTML shows.
    named: HashMap<Name, String>,
    /// The pictures that lie elsewhere, if the reader asked for them.
    elsewhere: Option<Elsewhere>,
}

/// The means to make the address of a picture.
struct Sealing {
    seal: Arc<Seal>,
    account: AccountId,
    letter: LetterKey,
    now: Timestamp,
}

impl Sealing {
    fn address(&self, picture: Picture) -> String {
        picture::address(&self.seal, self.account, self.letter, picture, self.now)
    }
}

impl Album {
    fn new(seal: Sealing, named: Vec<(Name, Picture)>, elsewhere: Option<Elsewhere>) -> Self {
        let named = named.into_iter().map(|(name, picture)| (name, seal.address(picture))).collect();
        Self { seal, named, elsewhere }
    }
}

impl Pictures for Album {
    fn inline(&self, content_id: &str) -> Option<String> {
        self.named.get(&Name::Id(content_id.to_lowercase())).cloned()
    }

    fn located(&self, url: &str) -> Option<String> {
        self.named.get(&Name::Location(url.to_owned())).cloned()
    }

    fn remote(&self, url: &str) -> Option<String> {
        self.elsewhere.as_ref()?.address(url)
    }
}
