//! Pictures that lie elsewhere, fetched here when the reader asks for them. Their server learns that somebody in this
//! server looks at them and nothing else: not the reader's address, language or browser.
//!
//! An address of ours stands for one such picture of one letter of one person, and for a short time: a person without
//! such a letter can have nothing fetched.

mod kind;
mod proxy;
mod shelf;
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use https::Url;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::{Access, LetterKey, Want, fetch};
use store::Asker;

use crate::seal::Seal;
use crate::{Server, answer};
pub use kind::kind;
pub use proxy::{PICTURES, Proxy};
pub use shelf::{Picture, Shelf};
pub use turns::Turns;

/// An address is good for one to two of these. It stays the same within one, so that the browser can keep its copy,
/// too.
const HOUR: Duration = Duration::from_secs(3600);
/// Octets of a picture's address.
const LONGEST: usize = 4096;
/// The most pictures elsewhere that one letter may show. Further ones are left out.
const MOST: usize = 2000;

/// Makes addresses of ours for the pictures elsewhere of one letter.
pub struct Elsewhere {
    seal: Arc<Seal>,
    proxy: Arc<Proxy>,
    account: AccountId,
    letter: LetterKey,
    until: Timestamp,
    given: AtomicUsize,
}

impl Elsewhere {
    /// Makes addresses for a letter of this person.
    pub fn new(seal: Arc<Seal>, proxy: Arc<Proxy>, account: AccountId, letter: LetterKey, now: Timestamp) -> Self {
        let hour = i64::try_from(HOUR.as_millis()).unwrap_or(i64::MAX);
        let until = Timestamp(now.0 - now.0.rem_euclid(hour)).after(2 * HOUR);
        Self { seal, proxy, account, letter, until, given: AtomicUsize::new(0) }
    }

    /// Returns our address for the picture at `url`; `None` if we would not fetch it.
    pub fn address(&self, url: &str) -> Option<String> {
        let url = self.fetchable(url)?;
        if self.given.fetch_add(1, Ordering::Relaxed) >= MOST {
            return None;
        }
        let url = URL_SAFE_NO_PAD.encode(url.as_str());
        let text = format!("r.{}.{}.{}.{url}", self.account.0, self.letter.0, self.until.0);
        Some(format!("/remote/{}", self.seal.close(&text)))
    }

    fn fetchable(&self, url: &str) -> Option<Url> {
        let mut url = Url::parse(url.trim()).ok()?;
        url.set_fragment(None);
        (self.proxy.may_ask(&url) && url.as_str().len() <= LONGEST).then_some(url)
    }
}

/// The picture that an address of ours stands for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    account: AccountId,
    letter: LetterKey,
    url: Url,
}

impl Wanted {
    /// Reads the text of an address whose seal is ours.
    fn read(text: &str, now: Timestamp) -> Option<Self> {
        let mut fields = text.strip_prefix("r.")?.split('.');
        let mut number = || fields.next()?.parse::<i64>().ok();
        let (account, letter, until) = (AccountId(number()?), LetterKey(number()?), Timestamp(number()?));
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(fields.next()?).ok()?).ok()?;
        (now < until).then_some(Self { account, letter, url: Url::parse(&url).ok()? })
    }
}

/// Returns true for the text of such an address.
pub fn is_address(text: &str, now: Timestamp) -> bool {
    Wanted::read(text, now).is_some()
}

/// Serves `/remote/{token}`.
pub async fn show(State(server): State<Server>, Path(token): Path<String>) -> Response {
    let now = (server.clock)();
    let wanted = server.seal.open(&token).and_then(|text| Wanted::read(text, now));
    let Some(Wanted { account, letter, url }) = wanted else { return nothing() };
    let look = move |view: &store::View| fetch::visible(view, Access::own(account), letter, Want::ROW);
    match server.store.read_for(Asker(account.0), look).await {
        Ok(Some(_)) => {}
        Ok(None) => return nothing(),
        Err(error) => return answer::fault(&error),
    }
    match server.proxy.picture(account, url, now).await {
        Ok(Some((kind, octets))) => answer::picture(kind, octets, HOUR),
        Ok(None) => nothing(),
        Err(proxy::Busy) => answer::plain(StatusCode::SERVICE_UNAVAILABLE, "too many pictures; try again in a moment"),
    }
}

fn nothing() -> Response {
    answer::plain(StatusCode::NOT_FOUND, "there is no such picture")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_501_377_000);

    fn elsewhere(now: Timestamp) -> Elsewhere {
        let tls = net::ClientTls::with_roots([]).unwrap();
        let client = https::Client::new(tls, Arc::new(net::Table::new()), https::Reach::Public, PICTURES);
        let (seal, proxy) = (Arc::new(Seal::new([1; 32])), Arc::new(Proxy::new(client)));
        Elsewhere::new(seal, proxy, AccountId(1), LetterKey(2), now)
    }

    fn read(address: &str, now: Timestamp) -> Option<Wanted> {
        let seal = Seal::new([1; 32]);
        let text = seal.open(address.strip_prefix("/remote/").unwrap())?;
        Wanted::read(text, now)
    }

    #[test]
    fn an_address_stands_for_one_picture_of_one_letter_for_an_hour_or_two() {
        let address = elsewhere(NOW).address(" https://A.test/p.png?who=alice%20b&x=|#part ").unwrap();
        assert!(
            !address.contains("alice") && address.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b))
        );
        let url = Url::parse("https://a.test/p.png?who=alice%20b&x=|").unwrap();
        let wanted = Wanted { account: AccountId(1), letter: LetterKey(2), url };
        assert_eq!(read(&address, NOW.after(HOUR)), Some(wanted));
        assert_eq!(read(&address, NOW.after(2 * HOUR)), None);
        assert_eq!(read(&address.replacen("r.1", "r.2", 1), NOW), None, "somebody else's letter");
        assert_eq!(read(&address.replacen("2.1", "3.1", 1), NOW), None, "another letter");
        let other = URL_SAFE_NO_PAD.encode("https://b.test/");
        let forged: Vec<&str> =
            address.split('.').enumerate().map(|(at, f)| if at == 4 { &other } else { f }).collect();
        assert_eq!(read(&forged.join("."), NOW), None, "another picture");
        assert_eq!(
            elsewhere(NOW.after(Duration::from_secs(60))).address("http://a.test/"),
            elsewhere(NOW).address("http://a.test/")
        );
    }

    #[test]
    fn the_address_of_a_part_is_not_taken_for_one_of_a_picture_elsewhere() {
        assert_eq!(Wanted::read("1.2.3.40.b.png.1795501378000", NOW), None);
        for odd in ["", "r.", "r.1.2", "r.1.2.9999999999999.é", "r.1.2.9999999999999.AAAA"] {
            assert_eq!(Wanted::read(odd, NOW), None, "{odd}");
        }
    }

    #[test]
    fn only_plain_web_addresses_get_one_and_a_letter_gets_so_many() {
        let elsewhere = elsewhere(NOW);
        for bad in [
            "http://a.test:8080/",
            "https://a.test:25/",
            "http://me:secret@a.test/",
            "ftp://a.test/",
            "file:///etc/passwd",
            "http://",
            "//a.test/x.png",
            "x.png",
        ] {
            assert_eq!(elsewhere.address(bad), None, "{bad}");
        }
        assert_eq!(elsewhere.address(&format!("http://a.test/{}", "x".repeat(LONGEST))), None);
        assert!(elsewhere.address("https://a.test:443/").is_some());
        assert_eq!((0..2 * MOST).filter_map(|_| elsewhere.address("http://a.test/")).count(), MOST - 1);
    }
}
