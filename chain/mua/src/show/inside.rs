//! How the HTML of a letter names other parts of it: `cid:` and `mid:` (RFC 2392).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The Content-IDs, without brackets, that an address may stand for, the likeliest first; `None`: it names no part.
///
/// The standard encodes what is no letter of an address. Programs that do not are as many, so an id with a `%` of its own
/// is looked for as it is first. Some write the brackets, too.
pub fn content_ids(url: &str) -> Option<impl Iterator<Item = Cow<'_, str>>> {
    let (scheme, rest) = url.split_once(':')?;
    let id = match scheme {
        _ if scheme.eq_ignore_ascii_case("cid") => rest,
        // Behind the id of the letter that the part is in, which is this one: of others nothing can be shown.
        _ if scheme.eq_ignore_ascii_case("mid") => rest.rsplit_once('/')?.1,
        _ => return None,
    };
    let decoded = percent_decode_str(id).decode_utf8_lossy().into_owned();
    Some([Cow::Borrowed(bare(id)), Cow::Owned(bare(&decoded).to_owned())].into_iter())
}

/// Without blanks and brackets.
pub fn bare(id: &str) -> &str {
    let id = id.trim();
    let id = id.strip_prefix('<').unwrap_or(id);
    id.strip_suffix('>').unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_part_however_it_is_written() {
        for url in ["cid:a@b", "CID:a%40b", "cid:<a@b>", "cid:%3Ca%40b%3E", "mid:letter@x/a@b", "mid:letter%40x/a%40b"]
        {
            assert!(content_ids(url).unwrap().any(|id| id == "a@b"), "{url}");
        }
        assert!(content_ids("cid:100%25@b").unwrap().eq(["100%25@b", "100%@b"]));
        for url in ["http://a@b", "a@b", "mid:letter@x", "", "cid"] {
            assert!(content_ids(url).is_none(), "{url}");
        }
    }
}
