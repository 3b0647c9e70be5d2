//! Entry points for the fuzz targets to code that only this room uses.

use axum::http::{HeaderMap, HeaderValue, header};
use mail::Timestamp;

use crate::cookie::Names;
use crate::host::Host;
use crate::seal::Seal;
use crate::{picture, remote};

/// Returns the name of the cookie that holds the session, for a browser that calls us `host`.
pub fn cookie_name(host: &str, secure: bool) -> String {
    let set = Names::of(Host::parse(host).as_ref(), secure).set(None);
    let cookie = set.as_ref().and_then(|set| set.to_str().ok()).unwrap_or_default();
    cookie.split('=').next().unwrap_or_default().to_owned()
}

/// Returns the token in these lines of `Cookie:`, those that HTTP lets through.
pub fn session_token(lines: &[&[u8]], host: &str, secure: bool) -> Option<String> {
    let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = {
        let mut headers = HeaderMap::new();
        values.for_each(|value| {
            headers.append(header::COOKIE, value);
        });
        headers
    };
    Names::of(Host::parse(host).as_ref(), secure).token(&headers).map(str::to_owned)
}

/// Seals addresses with a known key.
pub struct Sealer(Seal);

impl Sealer {
    /// Makes a seal with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Seal::new(key))
    }

    /// Returns the text with the seal behind it.
    pub fn close(&self, text: &str) -> String {
        self.0.close(text)
    }

    /// Returns the text, if the seal is ours.
    pub fn open<'t>(&self, sealed: &'t str) -> Option<&'t str> {
        self.0.open(sealed)
    }
}

/// Reads a file as a calendar and as visiting cards.
pub fn reads_cards(text: &str) {
    drop(crate::cards::read_file(text));
}

/// Returns true if this text stands for a picture in a letter.
pub fn reads_as_picture(text: &str, now: i64) -> bool {
    picture::is_address(text, Timestamp(now))
}

/// Returns true if this text stands for a picture elsewhere.
pub fn reads_as_remote(text: &str, now: i64) -> bool {
    remote::is_address(text, Timestamp(now))
}
