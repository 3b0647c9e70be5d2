//! The application itself: files built from `web/`, carried in the program.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use ring::digest;

use crate::{answer, hex};

/// A file of the pages.
pub struct File {
    name: &'static str,
    plain: &'static [u8],
    /// The file in gzip, if that is smaller.
    packed: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The policy of the pages: they run our own scripts and styles, and talk to us and nobody else. Each value that could
/// become script passes through a policy of Trusted Types.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The worker that reads PDF, by its name in the build, and its policy: it may ask us for its fonts, and compile the
/// decoders of pictures that lie beside it. It has no page, so it needs nothing else.
const READER: &str = "assets/pdf.worker";
const READING: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The page that explains how to add the pages to a program that was built without them.
const WITHOUT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Facteur</title>\
    <h1>Facteur</h1><p>This program was built without its web pages. Install Node.js (20.19 or later) and build it again, \
    or build with FACTEUR_WEB_DIST naming the folder of built pages. Mail programs work all the same.</p>\
    <p lang=\"fr\">Ce programme a été construit sans ses pages web. Installez Node.js (20.19 ou plus récent) et \
    reconstruisez-le, ou indiquez avec FACTEUR_WEB_DIST le dossier de pages déjà construites. Les logiciels de messagerie \
    fonctionnent sans elles.</p></html>";

/// Answers requests that no other address of ours takes: with a file of the pages, or nothing.
pub async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    match find(name) {
        Some((file, tag)) => give(file, tag, &headers),
        None if name == "index.html" => {
            answer::with(StatusCode::SERVICE_UNAVAILABLE, "text/html; charset=utf-8", Body::from(WITHOUT))
        }
        None => answer::plain(StatusCode::NOT_FOUND, "there is no such page"),
    }
}

/// Returns the file of this name, and its tag.
fn find(name: &str) -> Option<(&'static File, &'static str)> {
    static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| PAGES.iter().map(|file| tag(file.plain)).collect());
    let at = PAGES.binary_search_by(|file| file.name.cmp(name)).ok()?;
    PAGES.get(at).zip(TAGS.get(at).map(String::as_str))
}

fn give(file: &'static File, tag: &'static str, asked: &HeaderMap) -> Response {
    let has = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = has.is_some_and(|has| has.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let takes = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let packed = file.packed.filter(|_| takes.split(',').any(|coding| coding.trim().starts_with("gzip")));
    let body = if unchanged { Bytes::new() } else { Bytes::from_static(packed.unwrap_or(file.plain)) };
    let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = answer::with(status, kind(file.name), Body::from(body));
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    if packed.is_some() && !unchanged {
        set(header::CONTENT_ENCODING, "gzip");
    }
    set(header::VARY, "Accept-Encoding");
    set(header::CONTENT_SECURITY_POLICY, if file.name.starts_with(READER) { READING } else { POLICY });
    // The name of an asset contains a hash of its content.
    let forever = file.name.starts_with("assets/");
    set(header::CACHE_CONTROL, if forever { "public, max-age=31536000, immutable" } else { "no-cache" });
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn tag(octets: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, octets);
    let short = digest.as_ref().get(..12).unwrap_or_default();
    format!("\"{}\"", hex::encode(short))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "json" | "map" => "application/json",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
