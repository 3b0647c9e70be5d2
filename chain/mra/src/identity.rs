//! Recognizes a letter when its server has given it another number.

use mail::header;

/// A hash that tells letters apart.
pub type Digest = [u8; 16];

/// The fields that [`light`] looks at, as a FETCH asks for them.
pub const FIELDS: &str = "MESSAGE-ID DATE FROM SUBJECT";

/// Returns the digest by which a letter is recognized without its body: from Message-ID, date, author, subject, and
/// the size that the server tells. `None` if it has no Message-ID: then only the whole letter tells.
pub fn light(header: &[u8], size: u64) -> Option<Digest> {
    let mut hasher = blake3::Hasher::new_derive_key("facteur fetch: a letter by its header");
    hasher.update(&size.to_le_bytes());
    let mut named = false;
    for name in FIELDS.split(' ') {
        let value = header::find(header, name).map(|field| field.value().into_owned()).unwrap_or_default();
        named |= name == "MESSAGE-ID" && !value.is_empty();
        hasher.update(&(value.len() as u64).to_le_bytes()).update(&value);
    }
    named.then(|| short(&hasher))
}

/// Returns the digest by which the whole letter is recognized.
pub fn content(raw: &[u8]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("facteur fetch: a letter by its content");
    hasher.update(raw);
    short(&hasher)
}

fn short(hasher: &blake3::Hasher) -> Digest {
    let mut digest = [0; 16];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] =
        b"Received: by x\r\nSubject: =?utf-8?q?=C3=A9?=\r\n folded\r\nMessage-ID: <a@b>\r\nDate: Tue\r\n\r\nhi\r\n";

    #[test]
    fn the_header_alone_tells_the_same_as_the_letter() {
        let fields = b"Date: Tue\r\nMessage-Id:  <a@b>\r\nSubject: =?utf-8?q?=C3=A9?=\r\n folded\r\n\r\n";
        assert_eq!(light(LETTER, 99), light(fields, 99));
        assert_ne!(light(LETTER, 99), light(LETTER, 98));
        assert_ne!(light(LETTER, 99), light(b"Message-ID: <a@b>\r\n\r\n", 99));
    }

    #[test]
    fn a_letter_without_a_name_is_told_by_its_content_only() {
        assert_eq!(light(b"Subject: x\r\n\r\n", 5), None);
        assert_ne!(content(b"a"), content(b"b"));
    }
}
