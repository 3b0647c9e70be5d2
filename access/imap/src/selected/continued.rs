//! Joins the parameters that a letter has in several pieces (RFC 2231 §3). RFC 9051 §7.5.2 requires that of a server:
//! few clients do it themselves.

use std::borrow::Cow;

use mailbox::parse::Param;

/// Joins `name*0="a"; name*1="b"` to `name="ab"`, and `name*0*=utf-8''a; name*1*=b` to `name*=utf-8''ab`. Borrowed if
/// no parameter is in pieces, as nearly always.
pub fn joined(params: &[Param]) -> Cow<'_, [Param]> {
    if !params.iter().any(|param| piece(&param.name).is_some()) {
        return Cow::Borrowed(params);
    }
    let mut whole: Vec<Param> = Vec::with_capacity(params.len());
    for (i, param) in params.iter().enumerate() {
        let Some(Piece { base, .. }) = piece(&param.name) else {
            whole.push(param.clone());
            continue;
        };
        let same = |other: &Param| piece(&other.name).is_some_and(|other| other.base.eq_ignore_ascii_case(base));
        let begun = params.get(..i).unwrap_or_default().iter().any(same);
        if !begun {
            whole.push(join(base, params.iter().filter(|param| same(param))));
        }
    }
    Cow::Owned(whole)
}

/// One piece of a parameter.
struct Piece<'a> {
    base: &'a [u8],
    number: u32,
    /// True if it is percent-encoded; the first such piece names the charset.
    encoded: bool,
}

fn piece(name: &[u8]) -> Option<Piece<'_>> {
    let star = memchr::memchr(b'*', name)?;
    let (base, rest) = (name.get(..star)?, name.get(star + 1..)?);
    let digits = rest.strip_suffix(b"*").unwrap_or(rest);
    let number = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?.parse().ok()?;
    Some(Piece { base, number, encoded: rest.len() > digits.len() })
}

fn join<'a>(base: &[u8], params: impl Iterator<Item = &'a Param>) -> Param {
    let mut pieces: Vec<(Piece<'_>, &[u8])> =
        params.filter_map(|param| Some((piece(&param.name)?, param.value.as_slice()))).collect();
    pieces.sort_by_key(|(piece, _)| piece.number);
    let encoded = pieces.first().is_some_and(|(piece, _)| piece.encoded);
    let mut value = Vec::new();
    for (piece, text) in &pieces {
        if encoded && !piece.encoded {
            percent_encode(&mut value, text);
        } else {
            value.extend_from_slice(text);
        }
    }
    let mut name = base.to_vec();
    if encoded {
        name.push(b'*');
    }
    Param { name, value }
}

/// Encodes a plain piece among encoded ones: all characters that RFC 2231 §7 does not allow there.
fn percent_encode(out: &mut Vec<u8>, text: &[u8]) {
    for &octet in text {
        if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`{|}~".contains(&octet) {
            out.push(octet);
        } else {
            out.extend_from_slice(format!("%{octet:02X}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(params: &[(&str, &str)]) -> Vec<(String, String)> {
        let params: Vec<Param> =
            params.iter().map(|(name, value)| Param { name: (*name).into(), value: (*value).into() }).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        joined(&params).iter().map(|param| (text(&param.name), text(&param.value))).collect()
    }

    fn one(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn pieces_are_put_together_in_the_order_of_their_numbers() {
        assert_eq!(pairs(&[("name*1", "b.txt"), ("NAME*0", "a")]), one("name", "ab.txt"));
        assert_eq!(pairs(&[("f*0*", "utf-8''%C3"), ("f*1*", "%A9"), ("f*2", "x y")]), one("f*", "utf-8''%C3%A9x%20y"));
    }

    #[test]
    fn what_is_in_one_piece_stays_as_it_is() {
        assert_eq!(pairs(&[("filename*", "utf-8''a")]), one("filename*", "utf-8''a"));
        assert_eq!(pairs(&[("a*x", "1")]), one("a*x", "1"));
        assert_eq!(pairs(&[("a*+1", "1")]), one("a*+1", "1"));
        assert_eq!(pairs(&[("a*99999999999", "1"), ("*", "2")]).len(), 2);
    }
}
