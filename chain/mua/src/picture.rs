//! Pictures that lie in a letter, at sealed addresses.

use axum::extract::{Path, State};
use axum::response::Response;
use mail::Timestamp;
use mail::seam::AccountId;
use mailbox::parse::steps::unpacked;
use mailbox::parse::{Encoding, Part, Step};
use mailbox::{LetterKey, Want, fetch};
use store::{Asker, View};

use crate::seal::Seal;
use crate::{House, answer};

/// How long an address is good.
const GOOD: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// Octets of a picture, as it lies in the letter.
const LARGEST: u64 = 20 << 20;
/// What pictures may be: pixels and nothing else.
const KINDS: [&str; 6] = ["image/png", "image/gif", "image/jpeg", "image/webp", "image/bmp", "image/avif"];
/// What else mailers call them.
const ALIASES: [(&str, &str); 6] = [
    ("jpg", "image/jpeg"),
    ("pjpeg", "image/jpeg"),
    ("jfif", "image/jpeg"),
    ("x-png", "image/png"),
    ("x-ms-bmp", "image/bmp"),
    ("x-bmp", "image/bmp"),
];

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    account: AccountId,
    letter: LetterKey,
    path: Vec<Step>,
    kind: &'static str,
}

/// The address of a picture in a letter; `None` for what is no picture.
pub fn address(seal: &Seal, account: AccountId, letter: LetterKey, part: &Part, now: Timestamp) -> Option<String> {
    let kind = kind(part)?;
    let place = Place { account, letter, path: part.steps(), kind };
    Some(format!("/picture/{}", seal.close(&place.written(now.after(GOOD)))))
}

/// What kind of picture a part is; `None`: none that is shown. Where the mailer did not say, the name of the file does.
pub fn kind(part: &Part) -> Option<&'static str> {
    if part.is("image", "") {
        return named(&String::from_utf8_lossy(&part.subtype).to_ascii_lowercase());
    }
    let name = part.is("application", "octet-stream").then(|| part.file_name())??;
    named(&name.rsplit_once('.')?.1.to_ascii_lowercase())
}

fn named(sort: &str) -> Option<&'static str> {
    let kind = KINDS.into_iter().find(|kind| kind.strip_prefix("image/") == Some(sort));
    kind.or_else(|| ALIASES.into_iter().find(|(alias, _)| *alias == sort).map(|(_, kind)| kind))
}

impl Place {
    fn written(&self, until: Timestamp) -> String {
        let Self { account, letter, path, kind } = self;
        let sort = kind.trim_start_matches("image/");
        let step = |step: &Step| format!(".{}.{}.{}", step.start, step.end, written(step.encoding));
        let path: String = path.iter().map(step).collect();
        format!("{}.{}.{sort}.{}{path}", account.0, letter.0, until.0)
    }

    /// What was written, unless its time is over.
    fn read(text: &str, now: Timestamp) -> Option<Self> {
        let mut fields = text.split('.');
        let (account, letter) = (AccountId(fields.next()?.parse().ok()?), LetterKey(fields.next()?.parse().ok()?));
        let sort = fields.next()?;
        let kind = KINDS.iter().find(|kind| kind.strip_prefix("image/") == Some(sort))?;
        let until = fields.next()?.parse().ok().map(Timestamp)?;
        let mut path = Vec::new();
        while let Some(start) = fields.next() {
            let (start, end) = (start.parse().ok()?, fields.next()?.parse().ok()?);
            path.push(Step { start, end, encoding: encoding(fields.next()?)? });
        }
        (now < until && !path.is_empty()).then_some(Self { account, letter, path, kind })
    }
}

fn written(encoding: Encoding) -> char {
    match encoding {
        Encoding::Base64 => 'b',
        Encoding::QuotedPrintable => 'q',
        Encoding::Uuencode => 'u',
        Encoding::Yenc => 'y',
        Encoding::RtfText => 'r',
        Encoding::Identity | Encoding::Unknown => 'i',
    }
}

fn encoding(written: &str) -> Option<Encoding> {
    Some(match written {
        "b" => Encoding::Base64,
        "q" => Encoding::QuotedPrintable,
        "u" => Encoding::Uuencode,
        "y" => Encoding::Yenc,
        "r" => Encoding::RtfText,
        "i" => Encoding::Identity,
        _ => return None,
    })
}

/// Is this the text of such an address?
pub fn is_address(text: &str, now: Timestamp) -> bool {
    Place::read(text, now).is_some()
}

/// Shows the picture that the address stands for.
pub async fn show(State(house): State<House>, Path(token): Path<String>) -> Response {
    let sealed = house.seal.open(&token).and_then(|text| Place::read(text, (house.clock)()));
    let Some(place) = sealed else { return answer::missing() };
    let kind = place.kind;
    match house.store.read_for(Asker(place.account.0), move |view| read(view, &place)).await {
        Ok(Some(octets)) => answer::picture(kind, octets, GOOD),
        Ok(None) => answer::missing(),
        Err(error) => answer::fault(&error),
    }
}

fn read(view: &View, place: &Place) -> Result<Option<Vec<u8>>, mailbox::Error> {
    let Some(Step { start, end, .. }) = place.path.first().copied() else { return Ok(None) };
    if end.saturating_sub(start) > LARGEST {
        return Ok(None);
    }
    let want = Want { card: true, ..Want::ROW };
    let Some((_, row)) = fetch::visible(view, place.account, place.letter, want)? else { return Ok(None) };
    let Some(card) = row.card else { return Ok(None) };
    let octets = mailbox::body::read_all(view, card.blob, start..end)?;
    Ok(Some(unpacked(&place.path, &octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_kind_or_its_name() {
        for (header, wanted) in [
            ("Content-Type: image/png", Some("image/png")),
            ("Content-Type: image/JPG", Some("image/jpeg")),
            ("Content-Type: application/octet-stream; name=Photo.JPG", Some("image/jpeg")),
            ("Content-Type: application/pdf; name=photo.jpg", None),
            ("Content-Type: application/octet-stream", None),
            ("Content-Type: image/svg+xml; name=a.png", None),
            ("Content-Type: image/heic", None),
        ] {
            let structure = mailbox::parse::scan(format!("{header}\r\n\r\nx").as_bytes(), Default::default());
            assert_eq!(kind(&structure.root), wanted, "{header}");
        }
    }

    #[test]
    fn an_address_stands_for_one_picture_until_its_time_is_over() {
        let step = |start, end, encoding| Step { start, end, encoding };
        let path = vec![step(3, 40, Encoding::Base64), step(0, 20, Encoding::Yenc)];
        let place = Place { account: AccountId(1), letter: LetterKey(2), path, kind: "image/png" };
        let text = place.written(Timestamp(1000));
        assert_eq!(Place::read(&text, Timestamp(999)), Some(place));
        assert_eq!(Place::read(&text, Timestamp(1000)), None);
        for odd in [text.replace("png", "svg"), String::new(), text.replace('4', "-4")] {
            assert_eq!(Place::read(&odd, Timestamp(0)), None, "{odd}");
        }
    }
}
