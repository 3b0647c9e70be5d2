//! Pictures that lie in a letter, at addresses that are enough by themselves: the frame that shows a letter has an origin
//! of its own, so that no cookie comes with what it asks for.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::parse::{Encoding, Part, decode};
use mailbox::{LetterKey, Want, fetch};
use ring::hmac;
use store::View;

use crate::{House, answer};

/// How long an address is good.
const GOOD: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// Octets of a picture, as it lies in the letter.
const LARGEST: u64 = 20 << 20;
/// What pictures may be: pixels and nothing else.
const KINDS: [&str; 5] = ["png", "gif", "jpeg", "webp", "bmp"];

/// Seals addresses.
pub struct Seal(hmac::Key);

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    account: AccountId,
    letter: LetterKey,
    start: u64,
    end: u64,
    encoding: Encoding,
    kind: &'static str,
}

impl Seal {
    /// With a key that nobody knows.
    pub fn new(key: [u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The address of a picture in a letter; `None` for what is no picture.
    pub fn address(&self, account: AccountId, letter: LetterKey, part: &Part, now: Timestamp) -> Option<String> {
        let kind = KINDS.iter().find(|kind| part.is("image", kind))?;
        let (start, end) = (u64::from(part.body.start), u64::from(part.body.end));
        let place = Place { account, letter, start, end, encoding: part.transfer_encoding(), kind };
        Some(format!("/picture/{}", self.token(&place, now.after(GOOD))))
    }

    fn token(&self, place: &Place, until: Timestamp) -> String {
        let Place { account, letter, start, end, encoding, kind } = place;
        let encoding = match encoding {
            Encoding::Base64 => 'b',
            Encoding::QuotedPrintable => 'q',
            Encoding::Identity | Encoding::Unknown => 'i',
        };
        let text = format!("{}.{}.{start}.{end}.{encoding}.{kind}.{}", account.0, letter.0, until.0);
        let tag: String =
            hmac::sign(&self.0, text.as_bytes()).as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
        format!("{text}.{tag}")
    }

    fn open(&self, token: &str, now: Timestamp) -> Option<Place> {
        let (text, tag) = token.rsplit_once('.')?;
        let tag: Vec<u8> = (0..tag.len())
            .step_by(2)
            .map(|at| tag.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect::<Option<_>>()?;
        hmac::verify(&self.0, text.as_bytes(), &tag).ok()?;
        let mut fields = text.split('.');
        let mut number = || fields.next()?.parse::<i64>().ok();
        let (account, letter) = (AccountId(number()?), LetterKey(number()?));
        let (start, end) = (u64::try_from(number()?).ok()?, u64::try_from(number()?).ok()?);
        let encoding = match fields.next()? {
            "b" => Encoding::Base64,
            "q" => Encoding::QuotedPrintable,
            _ => Encoding::Identity,
        };
        let named = fields.next()?;
        let kind = KINDS.iter().find(|kind| **kind == named)?;
        let until = fields.next()?.parse().ok().map(Timestamp)?;
        (now < until).then_some(Place { account, letter, start, end, encoding, kind })
    }
}

/// Shows the picture that the address stands for.
pub async fn show(State(house): State<House>, Path(token): Path<String>) -> Response {
    let Some(place) = house.seal.open(&token, (house.clock)()) else { return answer::missing() };
    let kind = format!("image/{}", place.kind);
    let octets = match house.store.read(move |view| read(view, &place)).await {
        Ok(Some(octets)) => octets,
        Ok(None) => return answer::missing(),
        Err(error) => return answer::fault(&error),
    };
    let mut response = answer::with(StatusCode::OK, "image/png", Body::from(octets));
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400"));
    response
}

fn read(view: &View, place: &Place) -> Result<Option<Vec<u8>>, mailbox::Error> {
    if place.end.saturating_sub(place.start) > LARGEST {
        return Ok(None);
    }
    let want = Want { card: true, ..Want::ROW };
    let Some((_, row)) = fetch::visible(view, place.account, place.letter, want)? else { return Ok(None) };
    let Some(card) = row.card else { return Ok(None) };
    let octets = mailbox::body::read_all(view, card.blob, place.start..place.end)?;
    Ok(Some(decode::body(place.encoding, &octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_one_picture_until_its_time_is_over() {
        let seal = Seal::new([1; 32]);
        let place = Place {
            account: AccountId(1),
            letter: LetterKey(2),
            start: 3,
            end: 40,
            encoding: Encoding::Base64,
            kind: "png",
        };
        let token = seal.token(&place, Timestamp(1000));
        assert_eq!(seal.open(&token, Timestamp(999)), Some(place));
        assert_eq!(seal.open(&token, Timestamp(1000)), None);
        for forged in [token.replacen("1.2", "1.5", 1), token.replace("png", "svg"), String::new(), "é.é".into()] {
            assert_eq!(seal.open(&forged, Timestamp(0)), None, "{forged}");
        }
        assert_eq!(Seal::new([2; 32]).open(&token, Timestamp(0)), None);
    }
}
