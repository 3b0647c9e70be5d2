//! Pictures that lie in a letter, at sealed addresses.

use axum::extract::{Path, State};
use axum::response::Response;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::parse::Step;
use mailbox::parse::steps::unpacked;
use mailbox::{Access, LetterKey, Want, fetch};
use store::{Asker, View};

use crate::seal::Seal;
use crate::{Server, answer};

/// The time that an address is good.
const GOOD: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// The most octets of a picture, as it lies in the letter.
const LARGEST: u64 = 20 << 20;
/// The types that pictures may have: pixels and nothing else.
const KINDS: [&str; 6] = ["image/png", "image/gif", "image/jpeg", "image/webp", "image/bmp", "image/avif"];

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PartRef {
    account: AccountId,
    letter: LetterKey,
    path: Vec<Step>,
    kind: &'static str,
}

/// A picture that lies in a letter.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The way to it from the octets of the letter.
    pub path: Vec<Step>,
    /// The type that it is shown as.
    pub kind: &'static str,
}

/// Returns the address of a picture in a letter.
pub fn address(seal: &Seal, account: AccountId, letter: LetterKey, picture: Picture, now: Timestamp) -> String {
    let place = PartRef { account, letter, path: picture.path, kind: picture.kind };
    format!("/picture/{}", seal.close(&place.written(now.after(GOOD))))
}

impl PartRef {
    fn written(&self, until: Timestamp) -> String {
        let Self { account, letter, path, kind } = self;
        let sort = kind.trim_start_matches("image/");
        let path: String = path.iter().map(|step| format!(".{}", step.written())).collect();
        format!("{}.{}.{sort}.{}{path}", account.0, letter.0, until.0)
    }

    /// Reads the text of an address, unless its time is over.
    fn read(text: &str, now: Timestamp) -> Option<Self> {
        let mut fields = text.split('.');
        let (account, letter) = (AccountId(fields.next()?.parse().ok()?), LetterKey(fields.next()?.parse().ok()?));
        let sort = fields.next()?;
        let kind = KINDS.iter().find(|kind| kind.strip_prefix("image/") == Some(sort))?;
        let until = fields.next()?.parse().ok().map(Timestamp)?;
        let path = fields.map(Step::read).collect::<Option<Vec<_>>>()?;
        (now < until && !path.is_empty()).then_some(Self { account, letter, path, kind })
    }
}

/// Returns true for the text of such an address.
pub fn is_address(text: &str, now: Timestamp) -> bool {
    PartRef::read(text, now).is_some()
}

/// Shows the picture that the address stands for.
pub async fn show(State(server): State<Server>, Path(token): Path<String>) -> Response {
    let sealed = server.seal.open(&token).and_then(|text| PartRef::read(text, (server.clock)()));
    let Some(place) = sealed else { return answer::missing() };
    let kind = place.kind;
    match server.store.read_for(Asker(place.account.0), move |view| read(view, &place)).await {
        Ok(Some(octets)) => answer::picture(kind, octets, GOOD),
        Ok(None) => answer::missing(),
        Err(error) => answer::fault(&error),
    }
}

fn read(view: &View, place: &PartRef) -> Result<Option<Vec<u8>>, mailbox::Error> {
    let Some(Step { start, end, .. }) = place.path.first().copied() else { return Ok(None) };
    if end.saturating_sub(start) > LARGEST {
        return Ok(None);
    }
    let want = Want { card: true, ..Want::ROW };
    let Some((_, row)) = fetch::visible(view, Access::own(place.account), place.letter, want)? else { return Ok(None) };
    let Some(card) = row.card else { return Ok(None) };
    let octets = mailbox::body::read_all(view, card.blob, start..end)?;
    Ok(Some(unpacked(&place.path, &octets)))
}

#[cfg(test)]
mod tests {
    use mailbox::parse::Encoding;

    use super::*;

    #[test]
    fn an_address_stands_for_one_picture_until_its_time_is_over() {
        let step = |start, end, encoding| Step { start, end, encoding };
        let path = vec![step(3, 40, Encoding::Base64), step(0, 20, Encoding::Yenc)];
        let place = PartRef { account: AccountId(1), letter: LetterKey(2), path, kind: "image/png" };
        let text = place.written(Timestamp(1000));
        assert_eq!(PartRef::read(&text, Timestamp(999)), Some(place));
        assert_eq!(PartRef::read(&text, Timestamp(1000)), None);
        for odd in [text.replace("png", "svg"), String::new(), text.replace('4', "-4")] {
            assert_eq!(PartRef::read(&odd, Timestamp(0)), None, "{odd}");
        }
    }
}
